"""The scenario file, version 1."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from planner.scenario.bounds import Budget, Conventions, Horizon, Limits, QualityFloor
from planner.scenario.deployment import Actuals, Deployment, Drill
from planner.scenario.economics import Prices, Slo, Tco
from planner.scenario.fields import Identifier, IsoDate, Region, Section, ShortText
from planner.scenario.levers import Levers
from planner.scenario.options import Options
from planner.scenario.uncertainty import Uncertainty
from planner.scenario.workload import Workload

__all__ = ["Scenario"]


class Scenario(Section):
    """One workload, the deployments to compare for it, and what bounds the choice."""

    model_config = ConfigDict(title="planner scenario")

    version: Literal[1] = Field(description="Format of this file.", examples=[1])
    id: Identifier = Field(
        description="Stable name; default name of the deployed stack.", examples=["support-chat"]
    )
    description: ShortText | None = Field(
        default=None,
        description="One line about the workload.",
        examples=["Chat in the help centre"],
    )
    region: Region = Field(
        default="us-east-1",
        description="AWS region of everything self-hosted.",
        examples=["us-east-1"],
    )
    timezone: ShortText = Field(
        default="UTC",
        description="IANA zone of traffic hours and calendar days.",
        examples=["Europe/Berlin"],
    )
    starts_on: IsoDate | None = Field(
        default=None,
        description="First day of the first planned month; default: the prices' month.",
        examples=["2027-01-01"],
    )
    horizon: Horizon = Field(
        default_factory=lambda: Horizon.unwritten(),
        description="Over how long costs are averaged and set-up is paid off.",
        examples=[{"months": 12}],
    )
    conventions: Conventions = Field(
        default_factory=lambda: Conventions.unwritten(),
        description="How long a month is.",
        examples=[{"days_per_month": 30, "hours_per_month": 730}],
    )
    workload: Workload = Field(
        description="The requests to be served.",
        examples=[{"requests_per_day": 10000, "input_tokens": 500, "output_tokens": 200}],
    )
    slo: Slo = Field(
        default_factory=lambda: Slo.unwritten(),
        description="The service level every option must meet.",
        examples=[{"ttft_ms": 1000, "tpot_ms": 50}],
    )
    quality: QualityFloor | None = Field(
        default=None,
        description="Options below this floor are infeasible; each option then needs a score.",
        examples=[{"floor": 0.9, "metric": "exact match"}],
    )
    options: Options = Field(
        description="The deployments to compare.",
        examples=[{"api": [{"provider": "openai", "model": "gpt-6-luna"}]}],
    )
    levers: Levers | None = Field(
        default=None,
        description="What lowers the cost of the same workload: routing, compression, caches.",
        examples=[
            {
                "exact_cache": {
                    "hit_rate": 0.2,
                    "basis": "measured",
                    "source": "gateway logs, 2026-10",
                }
            }
        ],
    )
    tco: Tco = Field(
        default_factory=lambda: Tco.unwritten(),
        description="Costs beside tokens and machines; what is not given is unknown, not free.",
        examples=[{"engineering": {"usd_per_hour": 100, "hours_per_month": 20}}],
    )
    budget: Budget = Field(
        default_factory=lambda: Budget.unwritten(),
        description="What may be spent, and who is told.",
        examples=[{"monthly_usd": 5000, "notify_emails": ["team@example.com"]}],
    )
    limits: Limits = Field(
        default_factory=lambda: Limits.unwritten(),
        description="What cannot be exceeded.",
        examples=[{"max_instances": 16}],
    )
    uncertainty: Uncertainty | None = Field(
        default=None,
        description="How far inputs may lie from what is given, where the defaults do not fit.",
        examples=[{"volume": {"low": 0.8, "high": 1.3}}],
    )
    prices: Prices = Field(
        default_factory=lambda: Prices.unwritten(),
        description="Which prices to use, and what replaces them.",
        examples=[{"snapshot": "planner.prices.json"}],
    )
    deployment: Deployment = Field(
        default_factory=lambda: Deployment.unwritten(),
        description="How the stack fits into the account.",
        examples=[{"owner": "platform-team"}],
    )
    actuals: Actuals = Field(
        default_factory=lambda: Actuals.unwritten(),
        description="How imported usage is mapped to this scenario.",
        examples=[{"map": [{"match": {"endpoint": "/v1/rag*"}, "feature": "search"}]}],
    )
    drill: Drill = Field(
        default_factory=lambda: Drill.unwritten(),
        description="What the guardrails must hold.",
        examples=[{"max_overspend_usd": 200}],
    )
