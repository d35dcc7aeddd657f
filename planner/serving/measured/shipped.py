"""Order 2 of the chain: published runs that are shipped with the package."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from planner.serving.measured.answering import Bands, answer_from
from planner.serving.measured.rows import shipped_runs
from planner.serving.measured.scale import length_ratio
from planner.serving.measured.types import Run
from planner.serving.steps import Answer, Provider, Question

__all__ = ["ShippedRowsProvider"]

# Prompts or answers farther off than this say nothing about the workload's.
_MOST_LENGTH_RATIO = 10.0
# A run with few sequences says little about a loaded replica: from 4 in flight to 32 the model's
# error on the open rows changes by up to 1.7 times.
_LEAST_SEQUENCES = 14.0


def _all_runs(run: Run) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedRowsProvider:
    """Answers from the shipped runs of the same model, precision, GPU and degree.

    ``rest`` are the providers asked after this one, whose steps are scaled. ``keep`` leaves runs
    out, as a back-test must. Runs with all requests at once are never used: their throughput is
    that of filling and draining.
    """

    rest: Sequence[Provider]
    keep: Callable[[Run], bool] = _all_runs

    def answer(self, question: Question) -> Answer | None:
        """Scaled steps, or None without runs that say enough about the question."""
        card = question.card
        runs = [
            run
            for run in shipped_runs((card.id, *card.aliases))
            if self._matches(run, question) and self.keep(run)
        ]
        return answer_from(
            question,
            runs,
            self.rest,
            Bands(steady="measured_row", ramp="measured_row_ramp"),
            least_sequences=_LEAST_SEQUENCES,
        )

    def _matches(self, run: Run, question: Question) -> bool:
        return (
            run.precision == question.weights.precision
            and run.accelerator == question.accelerator.name
            and run.tensor_parallel_size == question.tensor_parallel_size
            and run.load_kind != "burst"
            and length_ratio(run, question) <= _MOST_LENGTH_RATIO
        )
