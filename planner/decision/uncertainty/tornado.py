"""One input at a time: how far it moves what the choice saves, and where it flips the answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from planner.decision.uncertainty.draws import World
from planner.decision.uncertainty.spreads import probability_beyond, quantile
from planner.decision.uncertainty.types import Spread, Swing
from planner.money import usd_from_float

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from planner.decision.uncertainty.draws import Floats

    Grid = NDArray[np.float64]

__all__ = ["FLIP_RANGE", "tornado"]

# How far an input is moved in search of a flip, as for ``planner.decision.flips``.
FLIP_RANGE = 20.0
# A month's growth factor compounds: this far either way is 14 times or a 15th after a year.
_GROWTH_RANGE = 1.25
_STEPS = 48
# Each round narrows a flip to a sixteenth; six and a straight line give nine digits.
_PARTS, _ROUNDS = 16, 6

Saving = Callable[[World], "Floats"]


def tornado(saving: Saving, spreads: Mapping[str, Spread]) -> tuple[Swing, ...]:
    """A swing for each input that moves the saving, the largest first.

    ``saving`` is USD a month by case, of a function that is continuous in each input.
    """
    names = sorted(spreads)
    medians = {name: quantile(spreads[name], 0.5) for name in names}
    edges = [[quantile(spreads[name], level) for level in (0.1, 0.9)] for name in names]
    at_edges = _one_at_a_time(saving, names, medians, edges)
    grids = [_grid(name) for name in names]
    over_range = _one_at_a_time(saving, names, medians, grids)
    flips = _flips(saving, names, medians, grids, over_range)
    swings: list[Swing] = []
    for row, name in enumerate(names):
        if over_range[row].max() == over_range[row].min():
            continue
        kind, _, of = name.partition(":")
        flip = flips.get(name)
        swings.append(
            Swing(
                input=kind,
                of=of,
                spread=spreads[name],
                at_p10=edges[row][0],
                at_p90=edges[row][1],
                saving_p10_usd=usd_from_float(float(at_edges[row][0])),
                saving_p90_usd=usd_from_float(float(at_edges[row][1])),
                flip=flip,
                flip_probability=None if flip is None else probability_beyond(spreads[name], flip),
            )
        )
    return tuple(sorted(swings, key=lambda each: (-each.swing_usd, each.input, each.of)))


def _grid(name: str) -> list[float]:
    """Multiples from the smallest to the largest, evenly spaced in ratio, 1 in the middle."""
    reach = math.log(_GROWTH_RANGE if name == "growth" else FLIP_RANGE)
    return [math.exp(reach * step / _STEPS) for step in range(-_STEPS, _STEPS + 1)]


def _one_at_a_time(
    saving: Saving,
    names: Sequence[str],
    medians: Mapping[str, float],
    grids: Sequence[Sequence[float]],
) -> Grid:
    """The saving with input i at each value of its grid and the others at their medians."""
    import numpy as np

    size = len(grids[0]) if grids else 0
    columns: dict[str, Floats] = {}
    for row, name in enumerate(names):
        column = np.full(len(names) * size, medians[name])
        column[row * size : (row + 1) * size] = grids[row]
        columns[name] = column
    if not columns:
        return np.zeros((0, 0))
    return saving(World(len(names) * size, columns)).reshape(len(names), size)


def _flips(
    saving: Saving,
    names: Sequence[str],
    medians: Mapping[str, float],
    grids: Sequence[Sequence[float]],
    savings: Grid,
) -> dict[str, float]:
    """The multiple nearest to 1 at which the saving changes its sign, for inputs that have one."""
    brackets: dict[str, tuple[float, float]] = {}
    for row, name in enumerate(names):
        found = _nearest_change(grids[row], savings[row])
        if found is not None:
            brackets[name] = found
    return _narrowed(saving, medians, brackets)


def _nearest_change(grid: Sequence[float], savings: Floats) -> tuple[float, float] | None:
    """The neighbours, the one nearer to 1 first, between which the saving passes 0."""
    middle = len(grid) // 2
    positive = savings[middle] >= 0.0
    for step in range(1, middle + 1):
        for sign in (1, -1):
            here = middle + sign * step
            if (savings[here] >= 0.0) != positive:
                return grid[here - sign], grid[here]
    return None


def _narrowed(
    saving: Saving, medians: Mapping[str, float], brackets: dict[str, tuple[float, float]]
) -> dict[str, float]:
    """Each bracket cut into parts again and again, and a straight line through the last part."""
    if not brackets:
        return {}
    names = sorted(brackets)
    for _ in range(_ROUNDS):
        grids = [_parts(*brackets[name]) for name in names]
        savings = _others_at(saving, names, medians, grids)
        for row, name in enumerate(names):
            index = _first_change(savings[row])
            brackets[name] = (grids[row][index - 1], grids[row][index])
    ends = _others_at(saving, names, medians, [brackets[name] for name in names])
    return {
        name: _on_the_line(brackets[name], (float(ends[row][0]), float(ends[row][1])))
        for row, name in enumerate(names)
    }


def _others_at(
    saving: Saving,
    names: Sequence[str],
    medians: Mapping[str, float],
    grids: Sequence[Sequence[float]],
) -> Grid:
    """As ``_one_at_a_time``, with inputs that are not moved at their medians too."""
    import numpy as np

    size = len(grids[0])
    rest = {
        name: np.full(len(names) * size, value)
        for name, value in medians.items()
        if value != 1.0 and name not in names
    }

    def with_rest(world: World) -> Floats:
        return saving(World(world.rows, {**rest, **world.columns}))

    return _one_at_a_time(with_rest, names, medians, grids)


def _parts(near: float, far: float) -> list[float]:
    return [near + (far - near) * part / _PARTS for part in range(_PARTS + 1)]


def _first_change(savings: Floats) -> int:
    positive = savings[0] >= 0.0
    return next(
        (i for i, value in enumerate(savings) if (value >= 0.0) != positive), len(savings) - 1
    )


def _on_the_line(bracket: tuple[float, float], savings: tuple[float, float]) -> float:
    near, far = savings
    if near == far:
        return bracket[1]
    return bracket[0] + (bracket[1] - bracket[0]) * near / (near - far)
