"""The figures of a recommendation that ``--explain`` takes apart."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from planner.costs import (
    AmountLine,
    CachedTokens,
    Fixed,
    Fleet,
    PerInstance,
    PerRequest,
    Tiered,
)
from planner.decision import Evaluated, Recommendation
from planner.decision.curve import CostCurve, curve_of
from planner.render.explain import Explained, Input
from planner.render.explain_places import place_of
from planner.render.numbers import count, money, per_request, percent, rate, unit_price, volume
from planner.render.wording import name_with_hardware, plural
from planner.scenario import LoadedScenario

__all__ = ["explained_figures"]


def explained_figures(
    loaded: LoadedScenario, recommendation: Recommendation
) -> tuple[Explained, ...]:
    """Demand, chosen option, runner-up, breakeven, and every option under ``options.N``."""
    return tuple(_all(loaded, recommendation))


def _all(loaded: LoadedScenario, recommendation: Recommendation) -> Iterator[Explained]:
    yield from _demand(loaded, recommendation)
    for prefix, evaluated in (
        ("chosen", recommendation.chosen),
        ("runner_up", recommendation.runner_up),
    ):
        if evaluated is not None:
            yield from _option(prefix, loaded, recommendation, evaluated)
    yield from _breakeven(recommendation)
    for index, evaluated in enumerate(recommendation.options):
        if evaluated.mean.lines:
            yield from _option(f"options.{index}", loaded, recommendation, evaluated)


# --- Demand ------------------------------------------------------------------------------------


def _demand(loaded: LoadedScenario, recommendation: Recommendation) -> Iterator[Explained]:
    demand = recommendation.demand
    requests, days = demand.requests_per_month, demand.days_per_month
    yield Explained(
        path="demand.requests_per_month",
        formula="requests_per_day * days_per_month",
        numbers=f"{volume(requests / days)} * {days:f}",
        result=f"{volume(requests)} requests",
        inputs=(
            _input(loaded, recommendation, "requests_per_day", "workload.requests_per_day"),
            _input(loaded, recommendation, "days_per_month", "conventions.days_per_month"),
        ),
    )
    yield Explained(
        path="demand.peak_rps",
        formula="mean_rps * peak_to_mean * burst_within_hour",
        numbers=f"{rate(demand.mean_rps)} * {demand.peak_to_mean:.3f} "
        f"* {demand.burst_within_hour:.3f}",
        result=f"{rate(demand.peak_rps)} requests/s",
        inputs=(
            Input(
                symbol="mean_rps",
                value=rate(demand.mean_rps),
                origin=f"{volume(requests)} / ({days:f} * 86,400 s)",
            ),
            _input(loaded, recommendation, "peak_to_mean", "workload.traffic"),
            _input(
                loaded, recommendation, "burst_within_hour", "workload.traffic.burst_within_hour"
            ),
        ),
    )


def _input(loaded: LoadedScenario, recommendation: Recommendation, symbol: str, path: str) -> Input:
    """An input as the demand assumed it, with the line of the file or its source."""
    found = next(
        (
            each
            for each in recommendation.demand.assumptions
            if each.path == path or each.path.startswith(f"{path}.")
        ),
        None,
    )
    place = loaded.place(path if found is None else found.path)
    if found is None:
        return Input(symbol=symbol, value="", origin=place or "default")
    origin = place or f"{found.origin}, {found.source}"
    return Input(symbol=symbol, value=found.value, origin=f"{origin} {found.mark}".rstrip())


# --- An option ---------------------------------------------------------------------------------


def _option(
    prefix: str, loaded: LoadedScenario, recommendation: Recommendation, evaluated: Evaluated
) -> Iterator[Explained]:
    months = len(recommendation.months)
    first = evaluated.months[0]
    yield Explained(
        path=f"{prefix}.total",
        formula=f"mean of {plural(months, 'month')} of the sum of all lines",
        numbers=_month_totals(evaluated),
        result=f"{money(evaluated.monthly_cost_usd)} a month for {name_with_hardware(evaluated)}",
        inputs=tuple(
            Input(symbol=a.line.name, value=money(a.usd), origin=f"first month, {a.line.category}")
            for a in first.lines
        ),
        usd=evaluated.monthly_cost_usd,
    )
    if evaluated.option.fleet is not None and evaluated.instances is not None:
        yield _instances(prefix, recommendation, evaluated, evaluated.option.fleet)
    requests = first.requests_per_month
    for amount in first.lines:
        place = place_of(loaded, evaluated.option, amount.line)
        yield _line(prefix, amount, requests, place)


def _month_totals(evaluated: Evaluated) -> str:
    totals = [ledger.total_usd for ledger in evaluated.months]
    if len(set(totals)) == 1:
        return f"{len(totals)} * {money(totals[0])} / {len(totals)}"
    return f"({money(totals[0])} + ... + {money(totals[-1])}) / {len(totals)}"


def _instances(
    prefix: str, recommendation: Recommendation, evaluated: Evaluated, fleet: Fleet
) -> Explained:
    requests = recommendation.months.requests[0]
    capacity = fleet.capacity_requests_per_month
    if fleet.fixed_replicas is not None:
        formula, numbers = "ceil(fixed_replicas / r)", f"ceil({fleet.fixed_replicas} / "
    elif not fleet.extra_replicas:
        formula = "ceil(max(ceil(N / c) + spare, least) / r)"
        numbers = (
            f"ceil(max(ceil({volume(requests)} / {volume(capacity)}) + {fleet.spare_replicas}, "
            f"{fleet.min_replicas}) / "
        )
    else:
        formula = "ceil((max(ceil(N / c) + spare, least) + simulator) / r)"
        numbers = (
            f"ceil((max(ceil({volume(requests)} / {volume(capacity)}) + {fleet.spare_replicas}, "
            f"{fleet.min_replicas}) + {fleet.extra_replicas}) / "
        )
    return Explained(
        path=f"{prefix}.instances",
        formula=formula,
        numbers=f"{numbers}{fleet.replicas_per_instance})",
        result=count(evaluated.instances or 0),
        inputs=(
            Input(symbol="N", value=volume(requests), origin="demand.requests_per_month"),
            Input(symbol="c", value=volume(capacity), origin=_capacity_origin(evaluated)),
            Input(
                symbol="r",
                value=count(fleet.replicas_per_instance),
                origin="replicas on one instance",
            ),
        ),
    )


def _capacity_origin(evaluated: Evaluated) -> str:
    serving = evaluated.option.serving
    if serving is None or serving.capacity is None:
        return "requests a month of one unit, as given"
    found = serving.capacity
    return (
        f"requests a month of one replica: {rate(found.low_rps)} requests/s at the lower edge of "
        f"the band ({found.provider}), shared out over the peak"
    )


def _line(prefix: str, amount: AmountLine, requests: Decimal, place: str | None) -> Explained:
    line = amount.line
    formula, numbers = _arithmetic(amount, requests)
    seen = "" if line.observed is None else f", {line.observed}"
    source = f"{line.source}{seen} {line.mark}".rstrip()
    origin = source if place is None else f"{place}: {source}"
    inputs = [Input(symbol="rate", value=line.formula, origin=origin)]
    if line.follows_requests and line.term is not None:
        inputs.insert(
            0, Input(symbol="N", value=volume(requests), origin="demand.requests_per_month")
        )
    return Explained(
        path=f"{prefix}.{line.category}.{line.name.replace(' ', '_')}",
        formula=formula,
        numbers=numbers,
        result=money(amount.usd) if amount.usd is not None else f"{line.reason_unpriced}",
        inputs=tuple(inputs),
        usd=amount.usd,
    )


def _arithmetic(amount: AmountLine, requests: Decimal) -> tuple[str, str]:
    """The formula of a line's term, and the same with numbers."""
    n = volume(requests)
    match amount.line.term:
        case None:
            return "not priced", ""
        case Fixed():
            return "a fixed amount a month", amount.line.formula
        case PerRequest(usd_per_request=each):
            return "N * rate per request", f"{n} * {_exact(each)}"
        case PerInstance(fleet=fleet, monthly_usd_per_instance=each):
            instances = fleet.instances(requests)
            return "instances * rate per instance", f"{count(instances)} * {money(each)}"
        case Tiered(units_per_request=units, tiers=tiers):
            steps = ", ".join(f"from {count(start)} at {unit_price(usd)}" for start, usd in tiers)
            return "units priced by tier", f"{n} * {units.normalize():f} units: {steps}"
        case CachedTokens() as cached:
            return _cached(cached, requests)
        case _:
            return "a function of N", ""


def _cached(term: CachedTokens, requests: Decimal) -> tuple[str, str]:
    plain = per_request(term.plain_usd_per_request)
    if not term.caches_at(float(requests)):
        return "N * rate without cache, which is cheaper here", f"{volume(requests)} * {plain}"
    hits = term.hit_probability(float(requests))
    hit, miss = term.hit_usd_per_request, term.miss_usd_per_request
    return (
        "N * (hit rate * warm + (1 - hit rate) * cold)",
        f"{volume(requests)} * ({percent(hits)} * {per_request(hit)} + "
        f"{percent(1 - hits)} * {per_request(miss)})",
    )


def _exact(usd: Decimal) -> str:
    return f"${usd.normalize():f}"


# --- Breakeven ---------------------------------------------------------------------------------


def _breakeven(recommendation: Recommendation) -> Iterator[Explained]:
    """The lasting volume, proved by the costs on both sides of it."""
    pair = recommendation.breakeven
    lasting = pair.lasting_requests_per_month
    api = next((e.option for e in recommendation.options if e.option.name == pair.api), None)
    if lasting is None or api is None:
        return
    rival = curve_of(api)
    curves = [
        curve_of(hardware)
        for evaluated in recommendation.options
        if not evaluated.option.is_api
        for hardware in evaluated.option.hardware
    ]
    inputs: list[Input] = []
    for requests in (lasting - 1, lasting):
        if requests < 1:
            continue
        own, name = _cheapest(curves, Decimal(requests))
        inputs += [
            Input(symbol=f"S({count(requests)})", value=_fine(own), origin=name),
            Input(
                symbol=f"A({count(requests)})",
                value=_fine(rival.at(Decimal(requests))),
                origin=rival.name,
            ),
        ]
    yield Explained(
        path="breakeven.lasting_requests_per_month",
        formula="smallest v with S(w) <= A(w) for every w >= v",
        numbers="self-hosted cost S against API cost A, first month's prices",
        result=f"{count(lasting)} requests a month",
        inputs=tuple(inputs),
    )


def _cheapest(curves: list[CostCurve], requests: Decimal) -> tuple[Decimal, str]:
    able = [c for c in curves if c.max_requests is None or requests <= c.max_requests]
    return min((curve.at(requests), curve.name) for curve in able)


def _fine(usd: Decimal) -> str:
    """Cents are too coarse to tell two neighbouring volumes apart."""
    return f"${usd.quantize(Decimal('0.000001')):,f}"
