"""The report of several scenarios: each one's answer, then what they are together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from planner import __version__
from planner.decision import Recommendation
from planner.decision.portfolio import Alone, Portfolio, SharedService, SharedStack
from planner.render.payload_recommend import RecommendReport, VerdictView, verdict_view
from planner.render.payload_types import SCHEMA_VERSION
from planner.scenario import LoadedScenario

__all__ = [
    "BriefReport",
    "MemberView",
    "PortfolioReport",
    "PortfolioView",
    "SavingView",
    "SharedServiceView",
    "SharedStackView",
    "TotalRange",
    "brief_report",
    "portfolio_report",
]


class BriefScenario(NamedTuple):
    """Which scenario an answer belongs to."""

    id: str
    description: str | None
    file: str


class BriefSureness(NamedTuple):
    """How often the choice is the cheaper one against ``rival``; null without a rival."""

    draws: int
    seed: int
    rival: str | None
    p_choice_cheaper: float | None
    p_standard_error: float | None


class BriefReport(NamedTuple):
    """One scenario's answer without what is behind it, as given for many files at once.

    ``uncertainty`` is null without draws or a choice.
    """

    scenario: BriefScenario
    recommendation: VerdictView
    uncertainty: BriefSureness | None


class TotalRange(NamedTuple):
    """The 10th and 90th percentile of a total over draws that all scenarios have in common."""

    low: Decimal
    high: Decimal


class MemberView(NamedTuple):
    """A scenario's own answer, how sure it is, and the option it has in the portfolio.

    ``p_choice_cheaper`` is null without draws or a rival; ``shared_by`` is the number of scenarios
    on its replicas, 1 where they are its own.
    """

    scenario: str
    arm: str | None
    option: str | None
    monthly_cost_usd: Decimal | None
    confidence: str | None
    p_choice_cheaper: float | None
    together: str | None
    shared_by: int


class SavingView(NamedTuple):
    """One step from the sum of the scenarios to the portfolio."""

    step: str
    monthly_usd: Decimal


class SharedServiceView(NamedTuple):
    """Replicas that serve several scenarios; ``joined`` would alone have chosen otherwise."""

    model: str
    precision: str
    region: str
    purchase: str
    hardware: str
    scenarios: tuple[str, ...]
    joined: tuple[str, ...]
    replicas: int
    replicas_alone: int
    instances: int
    instances_alone: int
    monthly_cost_usd: Decimal
    alone_monthly_cost_usd: Decimal


class SharedStackView(NamedTuple):
    """Parts of a stack that are paid once for several scenarios."""

    kind: str
    region: str
    scenarios: tuple[str, ...]
    monthly_cost_usd: Decimal
    alone_monthly_cost_usd: Decimal


class PortfolioView(NamedTuple):
    """All scenarios together.

    ``alone_*`` are the sums of each one's own answer; ``total_monthly_cost_usd`` is that less
    ``savings``. ``total_range`` is null without draws. ``undecided`` have no feasible option.
    """

    total_monthly_cost_usd: Decimal
    total_range: TotalRange | None
    alone_monthly_cost_usd: Decimal
    alone_bill_monthly_usd: Decimal
    is_floor: bool
    options_by_arm: Mapping[str, int]
    undecided: tuple[str, ...]
    scenarios: tuple[MemberView, ...]
    savings: tuple[SavingView, ...]
    services: tuple[SharedServiceView, ...]
    stacks: tuple[SharedStackView, ...]
    not_shared: tuple[str, ...]


class PortfolioReport(NamedTuple):
    """Several scenarios and their portfolio; whole reports for few files, answers for many."""

    schema_version: int
    planner_version: str
    scenarios: tuple[RecommendReport | BriefReport, ...]
    portfolio: PortfolioView


def brief_report(loaded: LoadedScenario, recommendation: Recommendation) -> BriefReport:
    """The answer for one scenario, as its whole report has it."""
    scenario = loaded.scenario
    return BriefReport(
        scenario=BriefScenario(
            id=scenario.id, description=scenario.description, file=str(loaded.path)
        ),
        recommendation=verdict_view(recommendation),
        uncertainty=_sureness(recommendation),
    )


def _sureness(recommendation: Recommendation) -> BriefSureness | None:
    found = recommendation.uncertainty
    if found is None:
        return None
    return BriefSureness(
        draws=found.draws,
        seed=found.seed,
        rival=found.rival,
        p_choice_cheaper=found.p_choice_cheaper,
        p_standard_error=None if found.p_error is None else round(found.p_error, 6),
    )


def portfolio_report(
    reports: Sequence[RecommendReport | BriefReport], portfolio: Portfolio
) -> PortfolioReport:
    """The report of ``portfolio``, its scenarios in the order of the files."""
    return PortfolioReport(
        schema_version=SCHEMA_VERSION,
        planner_version=__version__,
        scenarios=tuple(reports),
        portfolio=_view(portfolio, reports),
    )


def _view(portfolio: Portfolio, reports: Sequence[RecommendReport | BriefReport]) -> PortfolioView:
    low, high = portfolio.low_usd, portfolio.high_usd
    arms = Counter(each.choice.arm for each in portfolio.scenarios if each.choice is not None)
    return PortfolioView(
        total_monthly_cost_usd=portfolio.total_usd,
        total_range=None if low is None or high is None else TotalRange(low=low, high=high),
        alone_monthly_cost_usd=portfolio.alone_usd,
        alone_bill_monthly_usd=portfolio.bill_alone_usd,
        is_floor=portfolio.is_floor,
        options_by_arm=dict(sorted(arms.items())),
        undecided=portfolio.undecided,
        scenarios=tuple(
            _member(each, report) for each, report in zip(portfolio.scenarios, reports, strict=True)
        ),
        savings=tuple(
            SavingView(step=saving.step, monthly_usd=saving.monthly_usd)
            for saving in portfolio.savings
        ),
        services=tuple(_service(each) for each in portfolio.services),
        stacks=tuple(_stack(each) for each in portfolio.stacks),
        not_shared=portfolio.not_shared,
    )


def _member(alone: Alone, report: RecommendReport | BriefReport) -> MemberView:
    choice, sure = alone.choice, report.uncertainty
    return MemberView(
        scenario=alone.id,
        arm=None if choice is None else choice.arm,
        option=None if choice is None else choice.name,
        monthly_cost_usd=None if choice is None else choice.monthly_cost_usd,
        confidence=None if choice is None else report.recommendation.confidence,
        p_choice_cheaper=None if sure is None else sure.p_choice_cheaper,
        together=alone.together,
        shared_by=alone.shared_by,
    )


def _service(service: SharedService) -> SharedServiceView:
    return SharedServiceView(
        model=service.model,
        precision=service.precision,
        region=service.region,
        purchase=service.purchase,
        hardware=service.hardware,
        scenarios=service.members,
        joined=service.joined,
        replicas=service.replicas,
        replicas_alone=service.replicas_alone,
        instances=service.instances,
        instances_alone=service.instances_alone,
        monthly_cost_usd=service.monthly_cost_usd,
        alone_monthly_cost_usd=service.alone_monthly_cost_usd,
    )


def _stack(stack: SharedStack) -> SharedStackView:
    return SharedStackView(
        kind=stack.kind,
        region=stack.region,
        scenarios=stack.members,
        monthly_cost_usd=stack.monthly_cost_usd,
        alone_monthly_cost_usd=stack.alone_monthly_cost_usd,
    )
