"""What the JSON of a comparison holds; text, comment, JUnit and SARIF are made from it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from planner.diff import RuleVerdict, Status, SubjectKind
from planner.render.diff_words import VerdictKind

__all__ = [
    "DIFF_SCHEMA_VERSION",
    "ArmView",
    "AttributionView",
    "ChoiceView",
    "DiffLineView",
    "DiffRange",
    "DiffReportView",
    "DiffTotal",
    "DiffVerdict",
    "PolicyRuleView",
    "RecommendationChange",
    "SubjectView",
]

DIFF_SCHEMA_VERSION = 1


class DiffRange(NamedTuple):
    """An amount between its 10th and its 90th percentile; all equal where no spread is known."""

    low: Decimal
    expected: Decimal
    high: Decimal


class DiffTotal(NamedTuple):
    """Cost of a month before and after: ``before + price_drift + delta = after``.

    ``delta_monthly_usd`` is what the change itself does, at the same prices on both sides;
    ``price_drift_usd`` what prices did, null with ``price_drift_reason`` where nobody can tell (it
    then counts as 0). ``before_monthly_usd`` and ``after_monthly_usd`` are null where only changes
    are known. ``is_floor`` says that something is missing from a total, of either side;
    ``unpriced`` names what has no price after the change. Costs per unit are null without a load.
    """

    before_monthly_usd: Decimal | None
    after_monthly_usd: Decimal | None
    delta_monthly_usd: Decimal
    delta_share: float | None
    price_drift_usd: Decimal | None
    price_drift_reason: str | None
    before_monthly_usd_range: DiffRange | None
    after_monthly_usd_range: DiffRange | None
    delta_monthly_usd_range: DiffRange
    before_usd_per_1m_tokens: Decimal | None
    after_usd_per_1m_tokens: Decimal | None
    before_usd_per_request: Decimal | None
    after_usd_per_request: Decimal | None
    is_floor: bool
    before_is_floor: bool
    after_is_floor: bool
    unpriced: tuple[str, ...]


class AttributionView(NamedTuple):
    """What one factor adds to ``delta_monthly_usd``; all of them sum to it exactly."""

    factor: str
    delta_usd: Decimal
    why: str


class ChoiceView(NamedTuple):
    """The recommended option; ``breakeven_requests_per_month`` is null where there is none."""

    arm: str
    option: str
    model: str | None
    hardware: str | None
    breakeven_requests_per_month: int | None
    breakeven_note: str


class RecommendationChange(NamedTuple):
    """The recommendation on both sides; null where a side has none, or there are several."""

    before: ChoiceView | None
    after: ChoiceView | None
    flipped: bool
    sentence: str


class ArmView(NamedTuple):
    """The cheapest feasible option of an arm on both sides; null where it has none."""

    arm: str
    before_monthly_usd: Decimal | None
    after_monthly_usd: Decimal | None


class DiffLineView(NamedTuple):
    """One component; a side is null where it is not there or has no price.

    ``delta_usd`` is null when a side has no price; ``counted`` false keeps a guess out of totals.
    """

    subject: str
    component: str
    category: str
    status: Status
    before_usd: Decimal | None
    after_usd: Decimal | None
    delta_usd: Decimal | None
    before_usd_range: DiffRange | None
    after_usd_range: DiffRange | None
    why: str
    source: str
    observed: date | None
    reason_unpriced: str | None
    counted: bool
    resource_type: str | None
    operation: str | None


class PolicyRuleView(NamedTuple):
    """One rule on one subject, or on all together (``subject`` null).

    ``known`` was broken before and is not worse, ``unpriced`` cannot be told.
    """

    rule: str
    kind: str
    subject: str | None
    verdict: RuleVerdict
    message: str
    value: DiffRange | None
    limit: Decimal | None
    base: Decimal | None
    waived_until: date | None
    waiver_reason: str | None
    file: str | None
    line: int | None


class SubjectView(NamedTuple):
    """A scenario, plan or stack of the comparison."""

    name: str
    kind: SubjectKind
    status: Status
    file: str | None
    line: int | None
    stack: str | None
    total: DiffTotal
    attribution: tuple[AttributionView, ...]
    recommendation: RecommendationChange
    arms: tuple[ArmView, ...]
    assumptions: tuple[str, ...]
    prices: tuple[str, ...]
    plan_hashes: tuple[str, ...]
    notes: tuple[str, ...]


class DiffVerdict(NamedTuple):
    """The answer in a word and a sentence; ``worth_a_comment`` by the policy's `min_change`."""

    word: VerdictKind
    sentence: str
    worth_a_comment: bool


class DiffReportView(NamedTuple):
    """What a change costs, why, and whether it breaks a rule."""

    schema_version: int
    planner_version: str
    title: str
    verdict: DiffVerdict
    total: DiffTotal
    attribution: tuple[AttributionView, ...]
    recommendation: RecommendationChange
    subjects: tuple[SubjectView, ...]
    lines: tuple[DiffLineView, ...]
    policy: tuple[PolicyRuleView, ...]
    policy_file: str | None
    policy_notes: tuple[str, ...]
    min_change_usd: Decimal
    prices: tuple[str, ...]
    notes: tuple[str, ...]
