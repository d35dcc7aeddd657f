"""Which inputs are uncertain and by how much: shipped defaults, the scenario's own, and bands."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from statistics import NormalDist
from typing import Any

from planner.costs import Option
from planner.decision.uncertainty.types import Spread
from planner.scenario import Scenario

__all__ = [
    "ZERO_SPREAD",
    "Spreads",
    "capacity_spread",
    "default_spreads",
    "lognormal_band",
    "probability_beyond",
    "quantile",
    "spreads_of",
]

# Standard score of the 90th percentile: a band holds 80 %.
P90_SCORE = NormalDist().inv_cdf(0.9)
_MONTHS_PER_YEAR = 12

ZERO_SPREAD = Spread()

# By input. An input that is missing does not vary.
Spreads = Mapping[str, Spread]


def lognormal_band(low: float, high: float) -> tuple[float, float]:
    """Median and sigma of the lognormal that holds 80 % between ``low`` and ``high``.

    Median sqrt(low x high), sigma ln(high ÷ low) ÷ 2.563 (twice the score of the 90th percentile).
    """
    return math.sqrt(low * high), math.log(high / low) / (2 * P90_SCORE)


def quantile(spread: Spread, level: float) -> float:
    """The multiple that a share ``level`` of all cases lies at or below."""
    if spread.step_to is not None:
        return _step_quantile(spread, level)
    edge = spread.low if level < 0.5 else spread.high
    return math.exp(abs(NormalDist().inv_cdf(level)) * math.log(edge) / P90_SCORE)


def _step_quantile(spread: Spread, level: float) -> float:
    """A change at time t of the horizon gives the mean t + (1 - t) x to, for t even over [0, 1].

    The lowest levels fall, the earliest first; the highest rise, the earliest last.
    """
    if spread.step_to is not None and level < spread.step_probability:
        return spread.step_to + (1.0 - spread.step_to) * level / spread.step_probability
    above = level - (1.0 - spread.rise_probability)
    if above > 0.0:
        return 1.0 + (spread.rise_to - 1.0) * above / spread.rise_probability
    return 1.0


def probability_beyond(spread: Spread, multiple: float) -> float:
    """Probability of lying at or beyond ``multiple``, seen from the value given (1)."""
    if multiple == 1.0:
        return 1.0
    if spread.step_to is not None:
        return _step_beyond(spread, multiple)
    edge = spread.low if multiple < 1.0 else spread.high
    if edge == 1.0:
        return 0.0
    return NormalDist().cdf(-P90_SCORE * math.log(multiple) / math.log(edge))


def _step_beyond(spread: Spread, multiple: float) -> float:
    assert spread.step_to is not None
    to, probability = spread.step_to, spread.step_probability
    if multiple > 1.0:
        to, probability = spread.rise_to, spread.rise_probability
    if to == 1.0:
        return 0.0
    return probability * min(max((multiple - to) / (1.0 - to), 0.0), 1.0)


@cache
def _shipped() -> Mapping[str, Any]:
    import yaml

    text = files("planner.decision").joinpath("data/spreads.yaml").read_text(encoding="utf-8")
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def default_spreads(horizon_months: int) -> dict[str, Spread]:
    """The shipped spreads (decision/data/spreads.yaml); steps happen within the horizon."""
    raw = _shipped()
    observed: date = raw["observed"]
    return {
        name: _from_file(entry, observed, horizon_months)
        for name, entry in raw.items()
        if name != "observed"
    }


def _from_file(entry: Mapping[str, Any], observed: date, horizon_months: int) -> Spread:
    step = entry.get("step")
    if step is None:
        return Spread(
            low=entry["low"],
            high=entry["high"],
            basis=entry["basis"],
            source=entry["source"],
            observed=observed,
        )
    years = horizon_months / _MONTHS_PER_YEAR
    rise = entry.get("rise", {"to": 1.0, "probability_per_year": 0.0})
    falls, rises = (1.0 - (1.0 - each["probability_per_year"]) ** years for each in (step, rise))
    # Over many years both may happen; the sum of their probabilities stays one.
    share = 1.0 / max(falls + rises, 1.0)
    return Spread(
        step_to=step["to"],
        step_probability=falls * share,
        rise_to=rise["to"],
        rise_probability=rises * share,
        basis=entry["basis"],
        source=entry["source"],
        observed=observed,
    )


def spreads_of(scenario: Scenario) -> dict[str, Spread]:
    """The shipped spreads with the scenario's own in their place."""
    found = default_spreads(scenario.horizon.months)
    own = scenario.uncertainty
    if own is None:
        return found
    for name in type(own).model_fields:
        band = getattr(own, name)
        if band is not None:
            found[name] = Spread(
                low=float(band.low),
                high=float(band.high),
                basis="scenario",
                source=band.source or f"uncertainty.{name} of the scenario",
            )
    return found


def capacity_spread(option: Option) -> Spread:
    """The serving answer's own band, around its median; none for an option priced by hand."""
    capacity = None if option.serving is None else option.serving.capacity
    if capacity is None or capacity.low_rps <= 0:
        return ZERO_SPREAD
    median, _ = lognormal_band(capacity.low_rps, capacity.high_rps)
    return Spread(
        low=capacity.low_rps / median,
        high=capacity.high_rps / median,
        basis="serving",
        source=f"80 % band of the {capacity.provider} answer for {option.label}",
    )
