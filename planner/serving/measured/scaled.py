"""Step times of a model, made as slow or as fast as measured runs say."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from planner.serving.measured.replay import Point
from planner.serving.steps import StepTimes

__all__ = ["ScaledSteps", "slowdown_at"]


def slowdown_at(points: tuple[Point, ...], sequences: float) -> float:
    """The slowdown with so many sequences: on straight lines over their logarithm between points.

    ``points`` are sorted by sequences; beyond the first and the last theirs holds.
    """
    if sequences <= points[0].sequences:
        return points[0].slowdown
    for below, above in itertools.pairwise(points):
        if sequences <= above.sequences:
            part = math.log(sequences / below.sequences)
            part /= math.log(above.sequences / below.sequences)
            return below.slowdown + part * (above.slowdown - below.slowdown)
    return points[-1].slowdown


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledSteps:
    """``base`` with each step, the host's part included, times the slowdown at its sequences.

    The queue model adds ``host_ms_per_sequence`` to what is returned here, so the host's part is
    scaled and taken off again; never below 0.
    """

    base: StepTimes
    points: tuple[Point, ...]
    host_ms_per_sequence: float

    def decode_ms(self, sequences: float, context_tokens: float) -> float:
        """The base's step, scaled."""
        return self._scaled(self.base.decode_ms(sequences, context_tokens), sequences)

    def mixed_ms(
        self,
        prefill_tokens: float,
        attended_tokens: float,
        sequences: float,
        context_tokens: float,
    ) -> float:
        """The base's step, scaled."""
        step = self.base.mixed_ms(prefill_tokens, attended_tokens, sequences, context_tokens)
        return self._scaled(step, sequences)

    def _scaled(self, step_ms: float, sequences: float) -> float:
        number = sequences if sequences > 1.0 else 1.0
        host = self.host_ms_per_sequence * number
        scaled = (step_ms + host) * slowdown_at(self.points, number) - host
        return scaled if scaled > 0.0 else 0.0
