"""A scenario's options as the points of a frontier."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from planner.cli.evaluation import Evaluation, PriceOptions, evaluate_files, report_price_ages
from planner.decision import Evaluated
from planner.errors import InputError
from planner.levers.pareto import SENSES, Axis, option_point
from planner.render.payload_context import prices_view
from planner.render.payload_pareto import (
    Candidate,
    FrontierInput,
    LeftOutView,
    ParetoReport,
    chosen_axes,
    pareto_report,
)

__all__ = ["scenario_report"]


def scenario_report(
    file: Path, sets: Sequence[str], prices: PriceOptions, axes: tuple[Axis, ...]
) -> tuple[ParetoReport, bool]:
    """The frontier of the feasible options, and whether a price is older than the gate allows.

    InputError when no option is feasible, or an axis is not one of cost, quality and latency.
    """
    unknown = [axis.name for axis in axes if axis.name not in SENSES]
    if unknown:
        raise InputError(
            f"--axis {unknown[0]}: the options of a scenario have cost, quality and latency only"
        )
    evaluation = evaluate_files([file], sets, prices)[0]
    options = evaluation.recommendation.options
    candidates = [_candidate(evaluation, each) for each in options if each.option.feasible]
    if not candidates:
        reasons = "; ".join(f"{each.option.name}: {each.option.reason}" for each in options)
        raise InputError(
            f"{file}: no option is feasible, so there is nothing to compare: {reasons}"
        )
    used, left_out = chosen_axes([each.point for each in candidates], axes)
    infeasible = tuple(
        LeftOutView(each.option.name, each.option.reason or "not feasible")
        for each in options
        if not each.option.feasible
    )
    report = pareto_report(
        FrontierInput(
            file=str(file),
            kind="scenario",
            candidates=candidates,
            axes=used,
            left_out=(*left_out, *infeasible),
            prices=prices_view(evaluation.recommendation),
            notes=_notes(evaluation, candidates),
            reason_no_mixes=(
                "half of the traffic does not cost half, since people and machines are paid in "
                "whole; `planner optimize` prices routing between models"
            ),
        )
    )
    return report, report_price_ages([evaluation], prices)


def _candidate(evaluation: Evaluation, evaluated: Evaluated) -> Candidate:
    demand = evaluation.recommendation.demand
    return Candidate(
        point=option_point(evaluated.option, evaluated.mean, demand),
        arm=evaluated.option.arm,
        is_floor=evaluated.mean.is_floor,
    )


def _notes(evaluation: Evaluation, candidates: Sequence[Candidate]) -> tuple[str, ...]:
    notes = ["cost is the total cost of ownership of the mean month, for each request"]
    floor = evaluation.recommendation.scenario.quality
    if any("quality" in each.point.values for each in candidates):
        metric = "" if floor is None else f" ({floor.metric})"
        notes.append(
            f"quality is the score in the scenario{metric}, taken as the share of requests that "
            "succeed"
        )
    levers = evaluation.recommendation.scenario.levers
    if levers is not None:
        notes.append("cost is with the levers that count (`planner optimize`)")
    if levers is not None and levers.route is not None and levers.route.basis != "assumed":
        notes.append(
            "the option that `levers.route` stands in for has the quality of the answers used, "
            "not its own model's"
        )
    if any("latency_ms" in each.point.values for each in candidates):
        notes.append(
            "latency is predicted: time to first token and the mean output's further tokens at "
            "the percentiles of the service level"
        )
    return tuple(notes)
