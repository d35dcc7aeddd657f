"""What a week's load leaves over at many capacities at once.

The same rule as ``planner.costs.load_duration.leftover``, with the rate above capacity of a single
hour read off a table.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from planner.costs.load_duration import WeekLoad, overflow_rate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["WeekShares", "week_shares"]

# Capacity ÷ mean load of an hour: a table this fine is right to 1e-5 of the load.
_TABLE_STEPS, _LARGEST = 600, 12.0


@dataclass(frozen=True, slots=True)
class WeekShares:
    """Shares of the interactive, the deferrable and all requests that are left over."""

    interactive: Floats
    deferrable: Floats
    everything: Floats


@lru_cache(maxsize=64)
def _table(burst: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Capacities ÷ mean load of an hour, and the share of its load above each."""
    capacities = tuple(_LARGEST * (step / _TABLE_STEPS) ** 2 for step in range(_TABLE_STEPS + 1))
    return capacities, tuple(overflow_rate(1.0, each, burst) for each in capacities)


def week_shares(week: WeekLoad, instances: Floats, per_instance: Floats) -> WeekShares:
    """Shares left over by ``instances`` (by hour) for each capacity of one of them.

    ``per_instance`` is relative to the week's mean rate. Interactive requests come first; what
    they leave of a day's capacity works off the deferrable ones of that day.
    """
    import numpy as np

    load = np.array(week.interactive)
    have = np.outer(per_instance, instances)
    safe = np.where(load > 0.0, load, 1.0)
    over = load * np.interp(have / safe, *_table(week.burst))
    idle = have - (load - over)
    left = np.zeros(len(per_instance))
    for day, work in zip(week.days(), week.deferrable, strict=True):
        left += np.maximum(work - idle[:, day.start : day.stop].sum(axis=1), 0.0)
    interactive = over.sum(axis=1)
    return WeekShares(
        _share(interactive, sum(week.interactive)),
        _share(left, sum(week.deferrable)),
        _share(interactive + left, sum(week.interactive) + sum(week.deferrable)),
    )


def _share(part: Floats, whole: float) -> Floats:
    import numpy as np

    return np.minimum(part / whole, 1.0) if whole > 0.0 else np.zeros(len(part))
