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

from planner.serving.profiles.types import Profile

__all__ = ["ProfileSteps", "between"]

# Times at a context are worked out for all numbers of sequences when it is asked for once more.
_WORTH_KEEPING = 3


class ProfileSteps:
    """Step times of a profile, as ``planner.serving.steps.StepTimes``.

    Beyond the largest point of an axis the last line goes on; below the smallest its value holds.
    The times at a context asked for several times in a row are kept: a search asks for one only.
    """

    __slots__ = ("_asked", "_at_context", "_at_first", "_context", "profile")

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        # D(b, 1): the smallest context of the grid stands for all below it.
        self._at_first = tuple(row[0] for row in profile.decode_ms)
        self._context, self._asked = -1.0, 0
        self._at_context: Sequence[float] | None = None

    def decode_ms(self, sequences: float, context_tokens: float) -> float:
        """One decode step of ``sequences`` at a mean context."""
        return self._decode_ms(_place(self.profile.decode_sequences, sequences), context_tokens)

    def _decode_ms(self, place: tuple[int, float], context_tokens: float) -> float:
        """The same for a place on the axis of sequences."""
        profile = self.profile
        if context_tokens != self._context:
            self._context, self._asked, self._at_context = context_tokens, 0, None
        self._asked += 1
        if self._asked < _WORTH_KEEPING:
            i, across = place
            j, along = _place(profile.decode_context_tokens, context_tokens)
            low, high = profile.decode_ms[i], profile.decode_ms[i + 1]
            before = 1.0 - along
            return (low[j] * before + low[j + 1] * along) * (1.0 - across) + (
                high[j] * before + high[j + 1] * along
            ) * across
        column = self._at_context
        if column is None:
            along = _place(profile.decode_context_tokens, context_tokens)
            column = self._at_context = tuple(_on_line(row, along) for row in profile.decode_ms)
        return _on_line(column, place)

    def prefill_ms(self, tokens: float, past_tokens: float = 0.0) -> float:
        """One step that takes in ``tokens`` of one sequence after ``past_tokens``."""
        profile = self.profile
        if past_tokens == 0.0:
            i, part = _place(profile.prefill_tokens, tokens)
            row = profile.prefill_ms[0]
            return row[i] * (1.0 - part) + row[i + 1] * part
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
        if prefill_tokens <= 0:
            return self.decode_ms(sequences, context_tokens) if sequences > 0 else 0.0
        return self.mixed_parts(prefill_tokens, attended_tokens, sequences, context_tokens)[0]

    def mixed_parts(
        self,
        prefill_tokens: float,
        attended_tokens: float,
        sequences: float,
        context_tokens: float,
    ) -> tuple[float, float]:
        """As ``mixed_ms`` of a prompt, with its part D(g, l) − D(g, 1): reading longer caches."""
        spent = self.prefill_ms(prefill_tokens + sequences)
        # Of prompts taken in one at a time, and whole, there is none.
        past_tokens = attended_tokens - prefill_tokens / 2.0
        if past_tokens:
            spent += self.past_ms(prefill_tokens, past_tokens)
        if sequences <= 0:
            return spent, 0.0
        place = _place(self.profile.decode_sequences, sequences)
        decode, least = self._decode_ms(place, context_tokens), _on_line(self._at_first, place)
        return spent + decode - least, decode - least

    def past_ms(self, tokens: float, past_tokens: float) -> float:
        """P(c | p) − P(c | 0), also for a negative past (see the module)."""
        profile = self.profile
        axis, rows = profile.prefill_past_tokens, profile.prefill_ms
        along = _place(profile.prefill_tokens, tokens)
        if past_tokens >= 0:
            i, across = _place(axis, past_tokens)
            low, high = _on_line(rows[i], along), _on_line(rows[i + 1], along)
            return low * (1.0 - across) + high * across - _on_line(rows[0], along)
        # Between the middle points of the axis: the first past tokens also pay for another kernel.
        near = len(axis) // 2
        rise = _on_line(rows[near + 1], along) - _on_line(rows[near], along)
        return past_tokens * rise / (axis[near + 1] - axis[near])


def between(
    rows: Sequence[int],
    columns: Sequence[int],
    values: Sequence[Sequence[float]],
    row: float,
    column: float,
) -> float:
    """``values[row][column]`` on straight lines between the points of two ascending axes."""
    i, across = _place(rows, row)
    along = _place(columns, column)
    return _on_line(values[i], along) * (1.0 - across) + _on_line(values[i + 1], along) * across


def _place(axis: Sequence[int], at: float) -> tuple[int, float]:
    """The interval ``at`` lies in, and how far into it: above 1 beyond the axis, never below 0."""
    if at <= axis[0]:
        return 0, 0.0
    i = bisect_right(axis, at) - 1
    if i == len(axis) - 1:
        i -= 1
    start = axis[i]
    return i, (at - start) / (axis[i + 1] - start)


def _on_line(values: Sequence[float], place: tuple[int, float]) -> float:
    """The value there. In this form both ends of a line are exact."""
    i, part = place
    return values[i] * (1.0 - part) + values[i + 1] * part
