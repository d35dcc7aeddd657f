"""Where the main figures of a report came from, by JSON pointer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from planner.decision import Evaluated, Recommendation
from planner.render.payload_options import marks_of
from planner.render.payload_types import ProvenanceView
from planner.scenario import Assumption

__all__ = ["provenance"]

# A mark of the legend in words; the first that applies decides.
_CONFIDENCE = (("?", "assumed"), ("^", "extrapolated"), ("~", "estimated"))
_ORIGIN_CONFIDENCE = {"": "given", "~": "estimated", "^": "extrapolated", "?": "assumed"}


def provenance(recommendation: Recommendation) -> Mapping[str, ProvenanceView]:
    """Pointers into the `recommend` report."""
    return dict(_entries(recommendation))


def _entries(recommendation: Recommendation) -> Iterator[tuple[str, ProvenanceView]]:
    if recommendation.chosen is not None:
        yield from _cost("/recommendation", recommendation, recommendation.chosen)
    for index, evaluated in enumerate(recommendation.options):
        if evaluated.option.feasible:
            yield from _cost(f"/options/{index}", recommendation, evaluated)
        yield from _capacity(f"/options/{index}", evaluated)
    yield from _demand(recommendation)
    yield from _breakeven(recommendation)
    for index, flip in enumerate(recommendation.flips):
        exact = flip.input in ("volume", "api_price", "gpu_price", "labour")
        yield (
            f"/flips/{index}/factor",
            ProvenanceView(
                source="/options",
                as_of=recommendation.catalog.as_of,
                method="exact crossing of two totals" if exact else "bisection on the total",
                confidence="point estimate",
            ),
        )


def _cost(
    pointer: str, recommendation: Recommendation, evaluated: Evaluated
) -> Iterator[tuple[str, ProvenanceView]]:
    observed = [a.line.observed for a in evaluated.mean.lines if a.line.observed is not None]
    main = [
        a.line.source for a in evaluated.mean.lines if a.line.driver in ("api_price", "gpu_price")
    ]
    view = ProvenanceView(
        source="; ".join(dict.fromkeys(main)) or "the lines of /tco",
        as_of=min(observed, default=None),
        method=f"sum of all lines, mean of {len(recommendation.months)} months",
        confidence=_confidence(marks_of(evaluated)),
    )
    yield f"{pointer}/monthly_cost_usd", view
    yield f"{pointer}/bill_monthly_usd", view


def _confidence(marks: str) -> str:
    return next((word for mark, word in _CONFIDENCE if mark in marks), "list price")


def _capacity(pointer: str, evaluated: Evaluated) -> Iterator[tuple[str, ProvenanceView]]:
    serving = evaluated.option.serving
    if serving is None or serving.capacity is None:
        return
    capacity = serving.capacity
    measured = capacity.provider == "measured"
    view = ProvenanceView(
        source="; ".join(capacity.source_ids) or capacity.provider,
        as_of=None,
        method=f"{capacity.provider}, lower edge of the 80 % band",
        confidence="measured" if measured else "estimated",
    )
    for figure in ("capacity", "instances", "utilisation"):
        yield f"{pointer}/{figure}", view
    if evaluated.option.check is not None:
        yield (
            f"{pointer}/capacity_check",
            view._replace(method="formulas, and simulation step by step, at the same lower edge"),
        )


def _demand(recommendation: Recommendation) -> Iterator[tuple[str, ProvenanceView]]:
    by_path = {each.path: each for each in recommendation.demand.assumptions}
    pairs = (
        ("requests_per_month", "workload.requests_per_day"),
        ("input_tokens_mean", "workload.input_tokens"),
        ("output_tokens_mean", "workload.output_tokens"),
        ("peak_to_mean", "workload.traffic.peak_to_mean"),
        ("burst_within_hour", "workload.traffic.burst_within_hour"),
        ("growth_per_month", "workload.growth_per_month"),
        ("deferrable_share", "workload.deferrable_share"),
    )
    for figure, path in pairs:
        assumption = by_path.get(path) or _below(by_path, path)
        if assumption is not None:
            yield f"/demand/{figure}", _given(assumption)


def _below(by_path: Mapping[str, Assumption], path: str) -> Assumption | None:
    parent = path.rpartition(".")[0]
    return next(
        (a for name, a in by_path.items() if name.startswith(f"{path}.") or name == parent), None
    )


def _given(assumption: Assumption) -> ProvenanceView:
    return ProvenanceView(
        source=assumption.source,
        as_of=None,
        method=f"{assumption.origin}: {assumption.value}",
        confidence=_ORIGIN_CONFIDENCE[assumption.mark],
    )


def _breakeven(recommendation: Recommendation) -> Iterator[tuple[str, ProvenanceView]]:
    as_of: date = recommendation.catalog.as_of
    view = ProvenanceView(
        source=f"/options at the prices of {recommendation.months.priced_on[0]}",
        as_of=as_of,
        method="exact on every segment between steps, hardware chosen again at each volume",
        confidence="point estimate",
    )
    for figure in ("first_crossing_requests_per_month", "lasting_requests_per_month", "intervals"):
        yield f"/breakeven/{figure}", view
