"""The shapes of the JSON reports; text, markdown and CSV are views of the same objects.

Field names are the JSON keys, units in the names. ``Decimal`` is money and becomes text with all
its digits; other numbers stay numbers; None becomes null. They are named tuples because making
thirty frozen dataclasses takes 20 ms of every start.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

from planner.costs import BilledBy, Category
from planner.render.payload_arms import CommitmentView, OverflowView
from planner.render.payload_check import CapacityCheckView

__all__ = [
    "SCHEMA_VERSION",
    "ApiHalf",
    "ArmView",
    "AssumptionView",
    "BandView",
    "BreakevenView",
    "CapacityView",
    "CategoriesView",
    "CategoryView",
    "ConventionsView",
    "DemandView",
    "ExcludedView",
    "FlipView",
    "IntervalView",
    "LineView",
    "MonthView",
    "OptionView",
    "PricesView",
    "ProvenanceView",
    "ScenarioView",
    "VolumeView",
]

SCHEMA_VERSION = 1


class ScenarioView(NamedTuple):
    """Which scenario, as read."""

    id: str
    file: str
    description: str | None
    region: str
    horizon_months: int
    starts_on: date


class PricesView(NamedTuple):
    """Which prices; ``snapshot`` is ``shipped`` or a path."""

    as_of: date
    snapshot: str
    snapshot_sha256: str
    oldest_observed: date
    newest_observed: date


class ConventionsView(NamedTuple):
    """Length of a month and what a total means."""

    days_per_month: float
    hours_per_month: float
    discount_rate_per_year: float
    note: str


class DemandView(NamedTuple):
    """The load of the first month."""

    requests_per_month: float
    requests_per_day: float
    mean_rps: float
    peak_rps: float
    peak_to_mean: float
    burst_within_hour: float
    input_tokens_mean: float
    input_tokens_p95: float
    output_tokens_mean: float
    output_tokens_p95: float
    tokens_per_month: float
    growth_per_month: float
    deferrable_share: float


class CapacityView(NamedTuple):
    """What one replica sustains inside the service level."""

    provider: str
    low_rps: float
    mid_rps: float
    high_rps: float
    ttft_ms: float
    tpot_ms: float
    concurrency: float
    band_low: float
    band_high: float
    source_ids: tuple[str, ...]


class OptionView(NamedTuple):
    """One option; money is null where it is infeasible.

    ``would_cost_monthly_usd`` is what an infeasible option would cost, where that is known.
    ``marks`` are those of the legend that apply to its cost. ``instances`` are those of the first
    month's fullest hour, ``mean_instances`` of its mean hour where their number follows the load.
    """

    arm: str
    name: str
    choice: Literal["chosen", "runner_up"] | None
    feasible: bool
    reason: str | None
    deployable: bool
    deployable_reason: str | None
    kind: str | None
    model: str | None
    purchase: str | None
    monthly_cost_usd: Decimal | None
    bill_monthly_usd: Decimal | None
    would_cost_monthly_usd: Decimal | None
    idle_monthly_usd: Decimal | None
    usd_per_1m_tokens: Decimal | None
    usd_per_request: Decimal | None
    is_floor: bool
    missing: tuple[Category, ...]
    unpriced: tuple[str, ...]
    instance_type: str | None
    instances: int | None
    peak_instances: int | None
    tensor_parallel_size: int | None
    precision: str | None
    utilisation: float | None
    mean_instances: float | None
    overflow: OverflowView | None
    commitment: CommitmentView | None
    capacity_requests_per_month_per_replica: float | None
    provider_of_capacity: str | None
    capacity: CapacityView | None
    capacity_check: CapacityCheckView | None
    quality_score: float | None
    marks: str
    warnings: tuple[str, ...]


class IntervalView(NamedTuple):
    """Volumes, ends included, over which one side is cheaper; no end is null."""

    from_requests_per_month: int
    to_requests_per_month: int | None
    cheaper: Literal["api", "selfhost"]
    option: str


class BreakevenView(NamedTuple):
    """Where one API option and the self-hosted ones cross, at the first month's prices."""

    status: str
    api: str | None
    intervals: tuple[IntervalView, ...]
    first_crossing_requests_per_month: int | None
    lasting_requests_per_month: int | None
    lasting_requests_per_day: float | None
    lasting_requests_per_s: float | None
    lasting_tokens_per_month: float | None
    lasting_to_now_ratio: float | None
    reached_month: int | None
    limit: str | None
    reason: str
    informational: bool


class FlipView(NamedTuple):
    """How far one input must move before another option is cheapest; null: it never does.

    ``now`` and ``at_flip`` are decimal text in ``unit``; ``of`` names the option they belong to.
    ``probability`` is that of the input's lying at or beyond the flip under its spread, null where
    uncertainty was not assessed or nothing flips.
    """

    input: str
    factor: float | None
    to_option: str | None
    unit: str | None
    of: str | None
    now: Decimal | None
    at_flip: Decimal | None
    searched: str
    probability: float | None


class LineView(NamedTuple):
    """One line of an option's mean month."""

    name: str
    category: Category
    billed_by: BilledBy
    monthly_usd: Decimal | None
    formula: str
    source: str
    observed: date | None
    mark: str
    reason_unpriced: str | None


class CategoryView(NamedTuple):
    """``share`` of the total; both are null for a category that was not given."""

    monthly_usd: Decimal | None
    share: float | None


class CategoriesView(NamedTuple):
    """The five categories; their unrounded shares add up to 1."""

    api_usage: CategoryView
    infrastructure: CategoryView
    engineering: CategoryView
    quality: CategoryView
    operational: CategoryView


class BandView(NamedTuple):
    """A category's share beside its typical band; information, never an error."""

    category: Category
    share: float | None
    typical_low: float
    typical_high: float
    verdict: Literal["low", "within", "high", "undefined"]
    is_missing: bool


class MonthView(NamedTuple):
    """One month of the horizon."""

    month: int
    starts_on: date
    requests: float
    total_usd: Decimal
    bill_usd: Decimal


class VolumeView(NamedTuple):
    """The first month at a multiple of its volume."""

    factor: int
    requests_per_month: float
    requests_per_day: float
    total_usd: Decimal | None
    api_usage_usd: Decimal | None
    api_share: float | None
    reason: str | None


class ApiHalf(NamedTuple):
    """The smallest whole volume at which tokens are half of the total."""

    requests_per_month: int
    requests_per_day: int


class ArmView(NamedTuple):
    """Total cost of ownership of one option over the horizon, mean month.

    ``missing`` categories count 0 and make the total a floor. ``npv_usd`` is the present value of
    all months at the scenario's discount rate.
    """

    arm: str
    name: str
    feasible: bool
    reason: str | None
    requests_per_month: float
    monthly_total_usd: Decimal | None
    bill_monthly_usd: Decimal | None
    idle_monthly_usd: Decimal | None
    horizon_total_usd: Decimal | None
    npv_usd: Decimal | None
    is_floor: bool
    missing: tuple[Category, ...]
    notes: tuple[str, ...]
    categories: CategoriesView
    bands: tuple[BandView, ...]
    lines: tuple[LineView, ...]
    usd_per_request: Decimal | None
    usd_per_1m_tokens: Decimal | None
    volumes: tuple[VolumeView, ...]
    api_half: ApiHalf | None
    months: tuple[MonthView, ...]


class ExcludedView(NamedTuple):
    """A candidate that was looked at and left out."""

    option: str
    candidate: str
    reason: str


class AssumptionView(NamedTuple):
    """An input a reader may want to change.

    ``written_at`` is where the scenario says it (``file:line`` or ``--set``), null for what it
    does not say; ``set_path`` the field that ``--set`` changes, null when no field does.
    """

    path: str
    value: str
    origin: str
    source: str
    mark: str
    written_at: str | None
    set_path: str | None


class ProvenanceView(NamedTuple):
    """Where a figure of this report came from; keyed by JSON pointer."""

    source: str
    as_of: date | None
    method: str
    confidence: str
