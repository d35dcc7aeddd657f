"""What is written down while an engine runs."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Mark", "Run"]


@dataclass(frozen=True, slots=True)
class Mark:
    """Totals of a run at one moment; ``decoded`` counts sequences over decode steps."""

    clock_ms: float
    arrived: int
    completed: int
    output_tokens: int
    busy_ms: float
    steps: int
    decoded: int


class Run:
    """Totals, peaks, and lists by request in the order of arrival. ``marks`` by the number of
    arrivals before them.
    """

    __slots__ = (
        "arrival_ms",
        "busy_ms",
        "cached_tokens",
        "completed",
        "decoded",
        "finish_ms",
        "first_token_ms",
        "first_tokens",
        "lost_tokens",
        "marks",
        "peak_blocks",
        "peak_sequences",
        "peak_step_tokens",
        "preemptions",
        "prompt_tokens",
        "refused",
        "steps",
    )

    def __init__(self, requests: int) -> None:
        self.arrival_ms = [math.nan] * requests
        self.first_token_ms = [math.nan] * requests
        self.finish_ms = [math.nan] * requests
        self.preemptions = [0] * requests
        self.marks: dict[int, Mark] = {}
        self.completed = 0
        self.refused = 0
        self.first_tokens = 0
        self.prompt_tokens = 0
        self.cached_tokens = 0
        self.lost_tokens = 0
        self.busy_ms = 0.0
        self.steps = 0
        self.decoded = 0
        self.peak_sequences = 0
        self.peak_step_tokens = 0
        self.peak_blocks = 0

    @property
    def output_tokens(self) -> int:
        """Tokens given: first ones, by the step that ends a prompt, and decoded ones."""
        return self.first_tokens + self.decoded

    @property
    def computed_tokens(self) -> int:
        """Tokens that went through the model."""
        return self.prompt_tokens + self.decoded

    def mark(self, number: int, *, clock_ms: float, arrived: int) -> None:
        """Keep the totals of this moment."""
        self.marks[number] = Mark(
            clock_ms,
            arrived,
            self.completed,
            self.output_tokens,
            self.busy_ms,
            self.steps,
            self.decoded,
        )

    def step(self, *, sequences: int, tokens: int) -> None:
        """Peaks of one step: sequences and tokens in it."""
        if sequences > self.peak_sequences:
            self.peak_sequences = sequences
        if tokens > self.peak_step_tokens:
            self.peak_step_tokens = tokens
