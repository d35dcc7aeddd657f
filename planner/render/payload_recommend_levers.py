"""Levers inside ``planner recommend``: every arm with and without them, and the checklist."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, NamedTuple

from planner.costs import mean_ledger, monthly_ledgers, pricing_inputs
from planner.decision import Evaluated, Recommendation
from planner.levers.together import (
    Declared,
    Resolved,
    applied_to,
    counting,
    lever_savings,
    resolve_levers,
    without_levers,
)
from planner.render.numbers import significant
from planner.render.payload_levers import ChecklistView, checklist_views
from planner.scenario import LoadedScenario

__all__ = [
    "DeclaredLeverView",
    "LeverEffects",
    "LeverOptionView",
    "RecommendLeversView",
    "lever_effects",
]

_DIGITS = 12


class DeclaredLeverView(NamedTuple):
    """A lever of the scenario; one that is assumed or not ``applied`` does not count."""

    lever: str
    setting: str
    basis: Literal["measured", "documented", "assumed"]
    counts: bool
    applied: bool
    source: str


class LeverOptionView(NamedTuple):
    """One option with and without levers, mean month of total cost.

    ``without_monthly_usd`` is null where the option was not priced without them, is not feasible
    so, or only its sizing knows them.
    """

    arm: str
    option: str
    levers: tuple[str, ...]
    without_monthly_usd: Decimal | None
    with_monthly_usd: Decimal | None
    saving_monthly_usd: Decimal | None
    saving_share: float | None


class RecommendLeversView(NamedTuple):
    """The levers that are declared, and what those that count do to every option."""

    declared: tuple[DeclaredLeverView, ...]
    options: tuple[LeverOptionView, ...]


class LeverEffects(NamedTuple):
    """Both parts of the report; ``levers`` is null where none is declared."""

    levers: RecommendLeversView | None
    checklist: tuple[ChecklistView, ...]


def lever_effects(loaded: LoadedScenario, recommendation: Recommendation) -> LeverEffects:
    """Levers and checklist of a recommendation."""
    inputs = pricing_inputs(
        recommendation.scenario,
        recommendation.demand,
        recommendation.catalog,
        base_dir=loaded.base_dir,
    )
    resolved = counting(resolve_levers(inputs))
    saves = {} if resolved.baseline is None else lever_savings(resolved, resolved.counted)
    return LeverEffects(
        levers=_levers(recommendation, resolved) if resolved.declared else None,
        checklist=checklist_views(resolved, saves),
    )


def _levers(recommendation: Recommendation, resolved: Resolved) -> RecommendLeversView:
    before = _without(resolved) if resolved.counted else {}
    return RecommendLeversView(
        declared=tuple(_declared(each) for each in resolved.declared),
        options=tuple(
            _option(each, resolved, before.get((each.option.arm, each.option.name)))
            for each in recommendation.options
            if applied_to(each.option, resolved)
        ),
    )


def _declared(declared: Declared) -> DeclaredLeverView:
    return DeclaredLeverView(
        lever=declared.lever,
        setting=declared.setting,
        basis=declared.basis,
        counts=declared.counts,
        applied=declared.not_applied is None,
        source=declared.source,
    )


def _without(resolved: Resolved) -> dict[tuple[str, str], Decimal]:
    """Mean monthly cost of the options that are feasible and priced without levers."""
    inputs = resolved.inputs
    credits = inputs.scenario.prices.credits
    return {
        (option.arm, option.name): mean_ledger(
            monthly_ledgers(option, inputs.months, credits=credits)
        ).total_usd
        for option in without_levers(resolved)
        if option.feasible
    }


def _option(evaluated: Evaluated, resolved: Resolved, before: Decimal | None) -> LeverOptionView:
    option = evaluated.option
    after = evaluated.monthly_cost_usd if option.feasible else None
    saving = None if before is None or after is None else before - after
    share = None if saving is None or not before else float(significant(saving / before, _DIGITS))
    return LeverOptionView(
        arm=option.arm,
        option=option.name,
        levers=tuple(applied_to(option, resolved)),
        without_monthly_usd=before,
        with_monthly_usd=after,
        saving_monthly_usd=saving,
        saving_share=share,
    )
