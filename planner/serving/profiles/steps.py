"""Step times between the points of a profile's grids.

Straight lines in the raw number of sequences, tokens and past tokens: half to a third of the error
of straight lines in their logarithms. A step that prefills c tokens after a past of p beside g
sequences at a mean context l:

    T = P(c + g) + [P(c | p) − P(c | 0)] + D(g, l) − D(g, 1)

A token of the prefilled c attends to p + c/2 earlier ones on average. Several prompts in one step
attend to fewer than c/2, so p comes out negative: then the attention that P(c) counts too much is
taken off, at the cost of a token and a past token that the past axis shows.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from planner.serving.profiles.types import Profile

__all__ = ["ProfileSteps", "between"]


@dataclass(frozen=True, slots=True)
class ProfileSteps:
    """Step times of a profile, as ``planner.serving.steps.StepTimes``.

    Beyond the largest point of an axis the last line goes on; below the smallest its value holds.
    """

    profile: Profile

    def decode_ms(self, sequences: float, context_tokens: float) -> float:
        """One decode step of ``sequences`` at a mean context."""
        profile = self.profile
        return between(
            profile.decode_sequences,
            profile.decode_context_tokens,
            profile.decode_ms,
            sequences,
            context_tokens,
        )

    def prefill_ms(self, tokens: float, past_tokens: float = 0.0) -> float:
        """One step that takes in ``tokens`` of one sequence after ``past_tokens``."""
        profile = self.profile
        return between(
            profile.prefill_past_tokens,
            profile.prefill_tokens,
            profile.prefill_ms,
            past_tokens,
            tokens,
        )

    def mixed_ms(
        self,
        prefill_tokens: float,
        attended_tokens: float,
        sequences: float,
        context_tokens: float,
    ) -> float:
        """A decode step that also takes in ``prefill_tokens``; see the module."""
        decode = self.decode_ms(sequences, context_tokens) if sequences > 0 else 0.0
        if prefill_tokens <= 0:
            return decode
        alone = self.decode_ms(sequences, 1.0) if sequences > 0 else 0.0
        return (
            self.prefill_ms(prefill_tokens + sequences)
            + self.past_ms(prefill_tokens, attended_tokens - prefill_tokens / 2.0)
            + decode
            - alone
        )

    def past_ms(self, tokens: float, past_tokens: float) -> float:
        """P(c | p) − P(c | 0), also for a negative past (see the module)."""
        if past_tokens >= 0:
            return self.prefill_ms(tokens, past_tokens) - self.prefill_ms(tokens)
        # Between the middle points of the axis: the first past tokens also pay for another kernel.
        axis = self.profile.prefill_past_tokens
        near, far = axis[len(axis) // 2], axis[len(axis) // 2 + 1]
        rise = self.prefill_ms(tokens, far) - self.prefill_ms(tokens, near)
        return past_tokens * rise / (far - near)


def between(
    rows: Sequence[int],
    columns: Sequence[int],
    values: Sequence[Sequence[float]],
    row: float,
    column: float,
) -> float:
    """``values[row][column]`` on straight lines between the points of two ascending axes."""
    i, across = _place(rows, row)
    j, along = _place(columns, column)
    low, high = values[i], values[i + 1]
    # In this form both ends of a line are exact.
    below = low[j] * (1.0 - along) + low[j + 1] * along
    above = high[j] * (1.0 - along) + high[j + 1] * along
    return below * (1.0 - across) + above * across


def _place(axis: Sequence[int], at: float) -> tuple[int, float]:
    """The interval ``at`` lies in, and how far into it: above 1 beyond the axis, never below 0."""
    if at <= axis[0]:
        return 0, 0.0
    i = min(bisect_right(axis, at) - 1, len(axis) - 2)
    return i, (at - axis[i]) / (axis[i + 1] - axis[i])
