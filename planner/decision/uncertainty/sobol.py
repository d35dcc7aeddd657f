"""Points that fill the unit cube evenly: a Sobol sequence with a random digital shift."""

from __future__ import annotations

import random
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["MOST_DIMENSIONS", "shuffled_strata", "sobol_points"]

_BITS = 32
# With the first dimension, which needs no polynomial (decision/data/sobol.yaml).
MOST_DIMENSIONS = 21


@cache
def _directions() -> tuple[tuple[int, ...], ...]:
    """For each dimension 32 direction numbers as fractions of 2^32."""
    import yaml

    text = files("planner.decision").joinpath("data/sobol.yaml").read_text(encoding="utf-8")
    raw: Any = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    first = tuple(1 << (_BITS - 1 - bit) for bit in range(_BITS))
    return (first, *(_recurrence(*row) for row in raw["dimensions"]))


def _recurrence(degree: int, inner: int, start: list[int]) -> tuple[int, ...]:
    """Direction numbers from the primitive polynomial (Joe and Kuo 2008, equation 2)."""
    found = [m << (_BITS - 1 - place) for place, m in enumerate(start)]
    for place in range(degree, _BITS):
        value = found[place - degree] ^ (found[place - degree] >> degree)
        for k in range(1, degree):
            if inner >> (degree - 1 - k) & 1:
                value ^= found[place - k]
        found.append(value)
    return tuple(found)


# Many scenarios are asked about in the same draws.
@lru_cache(maxsize=8)
def sobol_points(count: int, dimensions: int, seed: int) -> Floats:
    """``count`` points in the open unit cube, one row each, not to be changed.

    The shift turns the same binary digits over in all points of a dimension, so each point is
    uniform and their evenness stays. ValueError beyond ``MOST_DIMENSIONS``.
    """
    import numpy as np

    if dimensions > MOST_DIMENSIONS:
        raise ValueError(f"{dimensions} dimensions; there are numbers for {MOST_DIMENSIONS}")
    if not dimensions:
        return np.zeros((count, 0))
    source = random.Random(seed)
    shifts = [source.getrandbits(_BITS) for _ in range(MOST_DIMENSIONS)][:dimensions]
    index = np.arange(count, dtype=np.uint32)
    gray = index ^ (index >> np.uint32(1))
    numbers = np.array(_directions()[:dimensions], dtype=np.uint32).T
    found = np.broadcast_to(np.array(shifts, dtype=np.uint32), (count, dimensions)).copy()
    for bit in range(max(count - 1, 0).bit_length()):
        chosen = (gray >> np.uint32(bit)) & np.uint32(1)
        found ^= chosen[:, None] * numbers[bit]
    points = (found.astype(np.float64) + 0.5) / 2.0**_BITS
    points.flags.writeable = False
    return points


def shuffled_strata(count: int, seed: str) -> Floats:
    """The middles of ``count`` equal slices of 0 to 1 in an order of its own."""
    import numpy as np

    places = list(range(count))
    random.Random(seed).shuffle(places)
    return (np.array(places) + 0.5) / count
