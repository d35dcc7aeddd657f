"""What a provider of step times is asked and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from planner.catalog.types import Accelerator, ModelCard
from planner.serving.calibration import Band
from planner.serving.precision import Weights

__all__ = ["Answer", "Provider", "Question", "StepTimes", "ask"]


class StepTimes(Protocol):
    """Times of one engine step of a replica, without the host's overhead per sequence.

    Numbers of tokens and sequences are means and need not be whole.
    """

    def decode_ms(self, sequences: float, context_tokens: float) -> float:
        """A step that adds one token to each of ``sequences``, at a mean context."""
        ...

    def mixed_ms(
        self,
        prefill_tokens: float,
        attended_tokens: float,
        sequences: float,
        context_tokens: float,
    ) -> float:
        """A step that also takes in ``prefill_tokens``.

        Each of them attends to ``attended_tokens`` earlier ones on average: half its prompt, and a
        cached prefix in front of it.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A model in certain weights on ``tensor_parallel_size`` GPUs of one kind.

    ``kv_scale`` is bytes of a cache element ÷ 2. Lengths are the workload's means, for providers
    that know rows of certain lengths only.
    """

    card: ModelCard
    accelerator: Accelerator
    tensor_parallel_size: int
    weights: Weights
    kv_scale: float
    input_tokens: float
    output_tokens: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Step times with the name of who gave them, their band and the tables behind them.

    ``band`` is of throughput; ``band_class`` names its class in the calibration, which has bands of
    latencies too.
    """

    steps: StepTimes
    provider: str
    band: Band
    source_ids: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    band_class: str = ""


class Provider(Protocol):
    """Someone who may know step times."""

    def answer(self, question: Question) -> Answer | None:
        """Step times, or None when this provider has no data for the question."""
        ...


def ask(question: Question, providers: Sequence[Provider]) -> Answer | None:
    """The first provider's answer that has data; the answer names it."""
    for provider in providers:
        found = provider.answer(question)
        if found is not None:
            return found
    return None
