"""``horizon``, ``conventions``, ``quality``, ``budget``, ``limits``: what bounds the decision."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field

from planner.scenario.fields import (
    AnyCount,
    DaysPerMonth,
    Email,
    Headroom,
    HoursPerMonth,
    Months,
    PositiveCount,
    Region,
    Section,
    Share,
    ShortText,
    SnsArn,
    Usd,
)

__all__ = ["Budget", "Conventions", "DataResidency", "Horizon", "Limits", "QualityFloor"]


class Horizon(Section):
    """Over how long costs are averaged and set-up is paid off."""

    months: Months = Field(default=12, description="Length of the plan.", examples=[12])
    discount_rate_per_year: Share = Field(
        default=Decimal(0),
        description="For present values and payback; 0 means plain sums.",
        examples=[0.08],
    )


class Conventions(Section):
    """Length of a month: volumes by days, hourly resources by hours."""

    days_per_month: DaysPerMonth = Field(
        default=Decimal(30), description="Days a monthly volume stands for.", examples=[30]
    )
    hours_per_month: HoursPerMonth = Field(
        default=Decimal(730), description="Hours a monthly resource is billed for.", examples=[730]
    )


class QualityFloor(Section):
    """Options below the floor are infeasible, whatever they cost."""

    floor: Share = Field(description="Lowest acceptable score.", examples=[0.9])
    metric: ShortText = Field(description="What the scores measure.", examples=["exact match"])


class Budget(Section):
    """What may be spent, and who is told."""

    monthly_usd: Usd | None = Field(
        default=None, description="Limit on the bill, labour left out.", examples=[5000]
    )
    notify_emails: list[Email] = Field(
        default_factory=lambda: list[str](),
        description="Addresses told by budgets and alarms.",
        examples=[["team@example.com"]],
    )
    notify_sns_topic_arns: list[SnsArn] = Field(
        default_factory=lambda: list[str](),
        description="Topics told by budgets and alarms.",
        examples=[["arn:aws:sns:us-east-1:111122223333:spend"]],
    )
    per_model_monthly_usd: dict[ShortText, Usd] = Field(
        default_factory=lambda: dict[str, Decimal](),
        description="Limit for the model or name of an option.",
        examples=[{"gpt-6-luna": 1000}],
    )
    per_feature_monthly_usd: dict[ShortText, Usd] = Field(
        default_factory=lambda: dict[str, Decimal](),
        description="Limit for a feature, as `actuals.map` names it.",
        examples=[{"search": 400}],
    )
    headroom_ratio: Headroom = Field(
        default=Decimal("1.3"),
        description="Budget limit ÷ projection when monthly_usd is not given.",
        examples=[1.3],
    )


class DataResidency(Section):
    """Where data may be processed."""

    allowed_regions: list[Region] = Field(
        min_length=1, description="AWS regions that may be used.", examples=[["eu-central-1"]]
    )
    forbid_apis: bool = Field(
        default=True, description="No third-party API at all.", examples=[True]
    )
    allow_bedrock: bool = Field(
        default=False,
        description="Bedrock in an allowed region counts as inside, APIs do not.",
        examples=[False],
    )
    reason: ShortText = Field(
        description="The rule, as the report will quote it.",
        examples=["patient data stays in the EU"],
    )


class Limits(Section):
    """What cannot be exceeded."""

    data_residency: DataResidency | None = Field(
        default=None,
        description="Where data may be processed.",
        examples=[{"allowed_regions": ["eu-central-1"], "reason": "patient data stays in the EU"}],
    )
    max_instances: PositiveCount | None = Field(
        default=None, description="Most instances of any self-hosted option.", examples=[16]
    )
    vcpu_quota: dict[ShortText, AnyCount] = Field(
        default_factory=lambda: dict[str, int](),
        description="EC2 quota code -> vCPUs granted in the region.",
        examples=[{"L-DB2E81BA": 192}],
    )
