"""Values of all inputs in many cases at once: draws of their spreads, or chosen points.

Draws are a Sobol sequence with a random digital shift. Each common input has a dimension of its
own, so that an option more or less does not change its draws; all options see the same cases.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import TYPE_CHECKING

from planner.decision.uncertainty.sobol import MOST_DIMENSIONS, shuffled_strata, sobol_points
from planner.decision.uncertainty.spreads import P90_SCORE
from planner.decision.uncertainty.types import Spread

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["World", "drawn", "points", "values_at"]

# Those that move most come first: the first dimensions are the most even.
_FIRST = (
    "volume",
    "input_tokens",
    "output_tokens",
    "growth",
    "labour",
    "peak",
    "gpu_price:on_demand",
    "cache_hits",
    "spot_price",
    "spot_interruptions",
)
# Standard scores are read off a table this fine, to within 2e-5.
_SCORE_STEP, _LARGEST_SCORE = 0.005, 6.5


@dataclass(frozen=True, slots=True)
class World:
    """``rows`` cases; ``columns`` holds each input's multiple in every case.

    An input without a column is at 1 in all of them.
    """

    rows: int
    columns: Mapping[str, Floats]

    def of(self, name: str | None) -> Floats | float:
        """The multiples of an input, or 1."""
        if name is None:
            return 1.0
        return self.columns.get(name, 1.0)


def drawn(spreads: Mapping[str, Spread], *, draws: int, seed: int) -> World:
    """``draws`` cases of all inputs, each by its spread; inputs without one stay at 1."""
    varying = {name: spread for name, spread in spreads.items() if not spread.is_point}
    others = sorted(name for name in varying if name not in _FIRST)
    places = {name: place for place, name in enumerate((*_FIRST, *others))}
    used = [place for name in varying if (place := places[name]) < MOST_DIMENSIONS]
    levels = sobol_points(draws, max(used, default=-1) + 1, seed)
    columns: dict[str, Floats] = {}
    for name, spread in varying.items():
        if places[name] < MOST_DIMENSIONS:
            level = levels[:, places[name]]
        else:
            level = shuffled_strata(draws, f"{seed}:{name}")
        columns[name] = values_at(spread, level)
    return World(draws, columns)


def values_at(spread: Spread, level: Floats) -> Floats:
    """The multiple at each level of probability, as ``spreads.quantile`` has it."""
    import numpy as np

    if spread.step_to is not None:
        falls, rises = spread.step_probability, spread.rise_probability
        levels = (0.0, falls, 1.0 - rises, 1.0)
        return np.interp(level, levels, (spread.step_to, 1.0, 1.0, spread.rise_to))
    levels, scores = _score_table()
    score = np.interp(level, levels, scores)
    below, above = math.log(spread.low) / P90_SCORE, math.log(spread.high) / P90_SCORE
    return np.exp(np.where(score < 0.0, -score * below, score * above))


@cache
def _score_table() -> tuple[Floats, Floats]:
    """Levels of probability and their standard scores."""
    import numpy as np

    normal, steps = NormalDist(), round(_LARGEST_SCORE / _SCORE_STEP)
    scores = [step * _SCORE_STEP for step in range(-steps, steps + 1)]
    return np.array([normal.cdf(score) for score in scores]), np.array(scores)


def points(cases: Iterable[Mapping[str, float]]) -> World:
    """One case for each mapping of inputs to multiples; the rest stay at 1."""
    import numpy as np

    rows = list(cases)
    names = {name for row in rows for name in row}
    return World(
        len(rows),
        {name: np.array([row.get(name, 1.0) for row in rows]) for name in sorted(names)},
    )
