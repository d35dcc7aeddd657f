"""The figures of ``planner optimize`` that ``--explain`` takes apart."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from decimal import Decimal

from planner.costs.types import CostLine
from planner.levers.together import Declared, Lever, Resolved, Step, Waterfall, lever_waterfall
from planner.levers.together.lever_costs import lever_cost_lines
from planner.render.explain import Explained, Input
from planner.render.numbers import money, per_request, volume

__all__ = ["explained_levers"]

_NONE: frozenset[Lever] = frozenset()


def explained_levers(
    resolved: Resolved, only: frozenset[Lever] | None = None
) -> tuple[Explained, ...]:
    """Baseline, each lever of the waterfall with its lines, and what a semantic hit saves."""
    if resolved.baseline is None:
        return ()
    return tuple(_all(resolved, lever_waterfall(resolved, only)))


def _all(resolved: Resolved, found: Waterfall) -> Iterator[Explained]:
    yield Explained(
        path="baseline.monthly_usd",
        formula="sum of token lines, mean month",
        numbers="",
        result=money(found.base_usd),
        inputs=tuple(_lines(resolved, _NONE)),
        usd=found.base_usd,
    )
    declared = {each.lever: each for each in resolved.declared}
    applied: frozenset[Lever] = frozenset()
    for step in found.steps:
        before = step.left_usd + step.saves_usd
        applied = applied.union((step.lever,))
        yield _step(resolved, step, declared[step.lever], before, applied)
    yield from _hit(resolved)


def _step(
    resolved: Resolved,
    step: Step,
    declared: Declared,
    before: Decimal,
    applied: AbstractSet[Lever],
) -> Explained:
    setting = Input(symbol="setting", value=declared.setting, origin=declared.source)
    is_left_out = declared.not_applied is not None
    lines = () if is_left_out else tuple(_lines(resolved, applied))
    return Explained(
        path=f"waterfall.{step.lever}.saves_usd",
        formula=f"left before - left after{'' if is_left_out else ' (the lines below)'}",
        numbers=f"{money(before)} - {money(step.left_usd)}",
        result=money(step.saves_usd),
        inputs=(setting, *lines),
        usd=step.saves_usd,
    )


def _lines(resolved: Resolved, levers: AbstractSet[Lever]) -> Iterator[Input]:
    """Every line with its mean month, as it is priced in the first month."""
    assert resolved.baseline is not None
    tokens = resolved.pricing.token_lines(resolved.baseline, levers)
    own = lever_cost_lines(resolved.inputs, resolved.settings, levers)
    requests = resolved.inputs.months.requests
    usd: dict[str, Decimal] = {}
    first: dict[str, CostLine] = {}
    for month, count in enumerate(requests):
        for line in (*tokens(month), *own):
            first.setdefault(line.name, line)
            amount = Decimal(0) if line.term is None else line.term.at(count)
            usd[line.name] = usd.get(line.name, Decimal(0)) + amount
    for name, line in first.items():
        seen = "" if line.observed is None else f", {line.observed}"
        yield Input(
            symbol=name,
            value=money(usd[name] / len(requests)),
            origin=f"{line.formula} ({line.source}{seen})",
        )


def _hit(resolved: Resolved) -> Iterator[Explained]:
    table = resolved.cache
    if table is None:
        return
    costs = table.costs
    total = costs.usd_per_query * costs.queries_per_month
    yield Explained(
        path="cache.usd_per_query",
        formula="what calls cost behind the levers before / requests looked up",
        numbers=f"{money(total)} / {volume(costs.queries_per_month)}",
        result=per_request(costs.usd_per_query),
    )
