"""Decode steps of growing context, many at a time.

Between two events the same sequences are decoded and their mean context grows by one token a step.
Step times are taken as straight lines over the mean context between multiples of 64 tokens, from
1,024 tokens on of a sixteenth to an eighth of it: exact where the provider's own lines bend only
there, as profiles and the roofline do.
"""

from __future__ import annotations

import math
from collections import defaultdict

from planner.serving.steps import StepTimes

__all__ = ["TIME_TOLERANCE_MS", "DecodeLines", "steps_until"]

# A request that comes this shortly after the end of a step is taken into the next one, so that
# rounding cannot decide.
TIME_TOLERANCE_MS = 1e-6

# Lines are 2 to this power long at least, and to this much less than the context's own power.
_LEAST_BITS = 6
_FEWER_BITS = 4


class DecodeLines:
    """Lines of the time of a decode step, remembered by number of sequences and context."""

    __slots__ = ("_host_ms", "_known", "_slowdown", "_steps")

    def __init__(self, steps: StepTimes, *, host_ms_per_sequence: float, slowdown: float) -> None:
        self._steps = steps
        self._host_ms = host_ms_per_sequence
        self._slowdown = slowdown
        # By number of sequences, then by the context a line starts at.
        self._known: defaultdict[int, dict[int, tuple[float, float]]] = defaultdict(dict)

    def at(self, sequences: int, context: float) -> tuple[float, float, int]:
        """Time of a step at a mean context, its growth per step, and steps it can be used for."""
        whole = int(context)
        bits = whole.bit_length() - _FEWER_BITS
        if bits < _LEAST_BITS:
            bits = _LEAST_BITS
        first = whole >> bits << bits
        known = self._known[sequences]
        line = known.get(first)
        if line is None:
            line = known[first] = self._line(sequences, first, 1 << bits)
        start, slope = line
        inside = context - first
        return start + slope * inside, slope, int((1 << bits) - inside) + 1

    def _line(self, sequences: int, first: int, length: int) -> tuple[float, float]:
        start = self._ms(sequences, first)
        return start, (self._ms(sequences, first + length) - start) / length

    def _ms(self, sequences: int, context: int) -> float:
        step = self._steps.decode_ms(sequences, context)
        return (step + self._host_ms * sequences) * self._slowdown


def steps_until(gap_ms: float, first_ms: float, slope_ms: float) -> int:
    """Steps of first, first + slope, first + 2·slope … ms that reach over a gap; at least 1.

    Root of n·(first − slope/2) + n²·slope/2 = gap, in the form that does not cancel for small
    slopes.
    """
    gap = gap_ms - TIME_TOLERANCE_MS
    if gap <= first_ms:
        return 1
    middle = first_ms - slope_ms / 2.0
    root = math.sqrt(max(middle * middle + 2.0 * slope_ms * gap, 0.0))
    return max(math.ceil(2.0 * gap / (middle + root)), 1)
