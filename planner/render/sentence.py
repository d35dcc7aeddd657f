"""The verdict: one short paragraph of plain English that could stand alone in a message."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from planner.decision import Breakeven, Evaluated, Recommendation, Span
from planner.decision.hybrid_breakeven import hybrid_breakeven
from planner.decision.machines import hybrid_plan
from planner.decision.uncertainty import smaller_lock_in
from planner.render.numbers import count, money_in_words, multiple, percent, probability
from planner.render.wording import and_list, name_with_hardware

__all__ = ["breakeven_sentence", "confidence", "verdict", "why"]

# What a verdict says about its own certainty when that was not assessed, or has no meaning.
_POINT = "point estimate"
_ALONE = "only option"

# More winning ranges than this are a table, not a sentence.
_MOST_RANGES = 3
# Below this ratio a percentage says more than "1.0x".
_LEAST_RATIO = Decimal("1.05")


def verdict(recommendation: Recommendation) -> str:
    """Winner, cost, difference, break-even volume, and what must be known with them."""
    chosen = recommendation.chosen
    if chosen is None:
        return _nothing_feasible(recommendation)
    parts = [
        _choice(recommendation, chosen),
        _residency(recommendation, chosen),
        _hybrid(recommendation, chosen),
        _breakeven_of(recommendation, chosen),
        _undeployable(recommendation, chosen),
        _quality(recommendation, chosen),
        _over_budget(recommendation),
        _how_sure(recommendation, chosen),
    ]
    return " ".join(part for part in parts if part)


def confidence(recommendation: Recommendation) -> str:
    """One word or two for how sure the choice is."""
    found = recommendation.uncertainty
    if found is None:
        return _POINT
    return _ALONE if found.verdict is None else found.verdict


def _how_sure(recommendation: Recommendation, chosen: Evaluated) -> str:
    """The word and the share of draws behind it; what to do when it is too close."""
    found, rival = recommendation.uncertainty, recommendation.runner_up
    if found is None:
        return f"{_POINT.capitalize()}."
    if rival is None or found.p_choice_cheaper is None:
        return "No other option is feasible."
    share = _draws_share(found.p_choice_cheaper)
    word = confidence(recommendation)
    said = f"{word[:1].upper()}{word[1:]}"
    if found.verdict != "too close to call":
        return f"{said} the cheaper of the two: {share} of {count(found.draws)} draws."
    easier = smaller_lock_in(chosen.option, rival.option)
    return (
        f"{said}: the cheaper of the two in {share} of {count(found.draws)} draws; take the one "
        f"with the smaller lock-in, {easier.name}."
    )


def _draws_share(share: float) -> str:
    if share in (0.0, 1.0):
        return "all" if share else "none"
    return probability(share)


def why(recommendation: Recommendation) -> tuple[str, ...]:
    """The reasons and limits behind the verdict, one sentence each."""
    chosen = recommendation.chosen
    if chosen is None:
        return tuple(_reason(e) for e in recommendation.options)
    return tuple(
        part
        for part in (
            _floor_note(chosen),
            "" if recommendation.runner_up is None else _floor_note(recommendation.runner_up),
            _uncertain_order(recommendation),
            _no_lasting_volume(recommendation.breakeven),
        )
        if part
    )


def _no_lasting_volume(pair: Breakeven) -> str:
    if pair.status not in ("never", "intermittent"):
        return ""
    return f"{pair.reason[:1].upper()}{pair.reason[1:]}."


def _nothing_feasible(recommendation: Recommendation) -> str:
    count_of = len(recommendation.options)
    reasons = " ".join(_reason(evaluated) for evaluated in recommendation.options[:_MOST_RANGES])
    more = count_of - _MOST_RANGES
    rest = f" And {count(more)} more, listed below." if more > 0 else ""
    return f"No option is feasible. {reasons}{rest}"


def _reason(evaluated: Evaluated) -> str:
    return f"{evaluated.option.name}: {evaluated.option.reason}."


# --- The choice and its rival ------------------------------------------------------------------


def _choice(recommendation: Recommendation, chosen: Evaluated) -> str:
    verb = "use the API" if chosen.option.is_api else "self-host"
    if chosen.option.arm == "hybrid":
        verb = "run the hybrid"
    cost = money_in_words(chosen.monthly_cost_usd)
    floor = "at least " if chosen.mean.is_floor else ""
    asked = chosen is not recommendation.options[0]
    lead = f"As asked, {verb}" if asked else f"{verb[:1].upper()}{verb[1:]}"
    head = f"{lead} {name_with_hardware(chosen)}: {floor}{cost} a month in all"
    rival = recommendation.runner_up
    if rival is None:
        return f"{head}."
    return f"{head}; {_rival(chosen, rival, is_cheapest=asked)}."


def _rival(chosen: Evaluated, rival: Evaluated, *, is_cheapest: bool) -> str:
    if is_cheapest:
        role = "the cheapest option"
    elif rival.option.is_api == chosen.option.is_api:
        role = "the next option"
    else:
        role = "the cheapest API" if rival.option.is_api else "the cheapest self-hosted option"
        if rival.option.arm == "hybrid":
            role = "the cheapest with instances of your own, a hybrid"
    floor = "at least " if rival.mean.is_floor else ""
    cost = f"{floor}{money_in_words(rival.monthly_cost_usd)}"
    more = _how_much_more(chosen.monthly_cost_usd, rival.monthly_cost_usd)
    return f"{role}, {name_with_hardware(rival)}, costs {cost}{more}"


def _how_much_more(cost: Decimal, other: Decimal) -> str:
    if cost <= 0:
        return ""
    ratio = other / cost
    if ratio == 1:
        return " (the same)"
    if 1 < ratio < _LEAST_RATIO:
        return f" ({percent(ratio - 1)} more)"
    if 1 / _LEAST_RATIO < ratio < 1:
        return f" ({percent(1 - ratio)} less)"
    return f" ({multiple(ratio)})"


# --- Breakeven ---------------------------------------------------------------------------------


def breakeven_sentence(recommendation: Recommendation) -> str:
    """At which volumes self-hosting is cheaper than the API that decides."""
    pair = recommendation.breakeven
    said = _breakeven(pair, recommendation.months.requests[0])
    if pair.informational and pair.api is not None:
        return f"Against {pair.api}, if it were allowed: {said[:1].lower()}{said[1:]}"
    return said


def _breakeven_of(recommendation: Recommendation, chosen: Evaluated) -> str:
    """That of the pair; beside a hybrid, which has one of its own, it says what it is about."""
    said = breakeven_sentence(recommendation)
    if chosen.option.hybrid is None or recommendation.breakeven.informational:
        return said
    return f"Without the API beside it: {said[:1].lower()}{said[1:]}"


def _breakeven(pair: Breakeven, now: Decimal) -> str:
    match pair.status:
        case "lasting":
            return _lasting(pair, now)
        case "intermittent":
            won = _ranges(pair.spans)
            return f"Self-hosting is cheaper only {won}; no volume makes that last."
        case "never":
            return "No volume makes self-hosting cheaper."
        case "capacity_exceeded":
            return _capacity_exceeded(pair)
        case "not_applicable":
            return f"There is {pair.reason}, so there is no break-even volume."


def _lasting(pair: Breakeven, now: Decimal) -> str:
    lasting = pair.lasting_requests_per_month
    if lasting is None:
        raise AssertionError("a lasting breakeven has a volume")
    if lasting <= 1:
        return "Self-hosting is cheaper at every volume."
    against = f"{multiple(Decimal(lasting) / now)} today's volume"
    month = pair.reached_month
    reached = f", reached in month {month} of the horizon" if month else ""
    first = f"Self-hosting is cheaper for good from {count(lasting)} requests a month"
    earlier = [s for s in pair.spans if s.cheaper == "selfhost"][:-1]
    also = f", and before that {_ranges(earlier)}" if earlier else ""
    return f"{first} ({against}{reached}){also}."


def _capacity_exceeded(pair: Breakeven) -> str:
    won = [span for span in pair.spans if span.cheaper == "selfhost"]
    if not won:
        return f"Self-hosting would be cheaper only beyond its limit ({pair.limit})."
    return (
        f"Self-hosting is cheaper {_ranges(won)}, and would be again beyond its limit "
        f"({pair.limit})."
    )


def _ranges(spans: Sequence[Span]) -> str:
    """``between 5 and 9 and between 20 and 30 requests a month``."""
    won = [span for span in spans if span.cheaper == "selfhost"]
    shown = [_range(span) for span in won[:_MOST_RANGES]]
    more = len(won) - len(shown)
    tail = f" and in {count(more)} more ranges" if more > 0 else ""
    return f"{and_list(shown)}{tail} requests a month"


def _range(span: Span) -> str:
    low, high = span.from_requests_per_month, span.to_requests_per_month
    if high is None:
        return f"from {count(low)}"
    return f"at {count(low)}" if low == high else f"between {count(low)} and {count(high)}"


# --- What must be known with it ----------------------------------------------------------------


def _hybrid(recommendation: Recommendation, chosen: Evaluated) -> str:
    """How much goes where, and from which volume a base beside the API pays."""
    option = chosen.option
    api = next((e for e in recommendation.options if e.option.name == option.overflow), None)
    if option.hybrid is None or api is None:
        return ""
    planned = recommendation.months.requests
    share = percent(hybrid_plan(option, planned).overflow_share)
    pair = hybrid_breakeven(api.option, option, recommendation.months)
    volume = pair.lasting_requests_per_month
    from_ = ""
    if volume is not None:
        from_ = f", and is cheaper than that API alone from {count(volume)} requests a month"
    return f"The hybrid sends {share} of the requests to {option.overflow}{from_}."


def _residency(recommendation: Recommendation, chosen: Evaluated) -> str:
    """What a rule about where data may go costs, against the cheapest API it forbids."""
    rule = recommendation.scenario.limits.data_residency
    forbidden = [
        e
        for e in recommendation.options
        if e.option.is_api and (e.option.reason or "").startswith("data residency")
    ]
    if rule is None or not forbidden:
        return ""
    cheapest = min(forbidden, key=lambda e: (e.monthly_cost_usd, e.option.name))
    difference = chosen.monthly_cost_usd - cheapest.monthly_cost_usd
    cost = money_in_words(cheapest.monthly_cost_usd)
    floor = "at least " if cheapest.mean.is_floor else ""
    said = f"The residency rule forbids {cheapest.option.name}, which would cost {floor}{cost}"
    if difference <= 0:
        return f"{said}: the rule costs nothing here."
    return f"{said}: the rule costs {money_in_words(difference)} a month."


def _undeployable(recommendation: Recommendation, chosen: Evaluated) -> str:
    if chosen.option.deployable:
        return ""
    deployable = next(
        (e for e in recommendation.options if e.option.feasible and e.option.deployable), None
    )
    said = f"No stack of planner deploys it ({chosen.option.deployable_reason})"
    if deployable is None:
        return f"{said}."
    cost = money_in_words(deployable.monthly_cost_usd)
    return f"{said}; the cheapest that one does is {deployable.option.name} at {cost}."


def _quality(recommendation: Recommendation, chosen: Evaluated) -> str:
    rival = recommendation.runner_up
    if rival is None:
        return ""
    own, other = chosen.option.quality_score, rival.option.quality_score
    if own is None or other is None:
        return ""
    floor = recommendation.scenario.quality
    metric = "quality" if floor is None else floor.metric
    if own == other:
        return f"Both score {own.normalize():f} ({metric})."
    return f"It scores {own.normalize():f} against {other.normalize():f} ({metric})."


def _over_budget(recommendation: Recommendation) -> str:
    over, budget = recommendation.over_budget_usd, recommendation.scenario.budget.monthly_usd
    if over is None or budget is None:
        return ""
    return (
        f"Its bill passes the budget of {money_in_words(budget)} by {money_in_words(over)} "
        "in the dearest month."
    )


def _floor_note(evaluated: Evaluated) -> str:
    """Why a total is a floor."""
    mean, name = evaluated.mean, evaluated.option.name
    causes: list[str] = []
    if mean.missing:
        verb = "is" if len(mean.missing) == 1 else "are"
        causes.append(f"{and_list(mean.missing)} cost {verb} not given")
    if mean.unpriced:
        names = and_list(sorted({line.name for line in mean.unpriced}))
        causes.append(f"no price is known for {names}")
    return f"The total of {name} is a floor: {', and '.join(causes)}." if causes else ""


def _uncertain_order(recommendation: Recommendation) -> str:
    if not recommendation.order_uncertain:
        return ""
    return "What is not priced could change the order of the first two."
