"""From measured runs to step times: which runs count for a question, and how they scale a model.

For each run of the same model, precision, GPU and tensor-parallel degree, the slowdown of the next
provider's steps that reproduces it is worked out at the run's own lengths and load (``replay``).
One run is kept for each level of load, that with the lengths nearest to the workload's. The next
provider's steps for the workload are scaled with these slowdowns over the number of sequences
decoded together (``scaled``).

So a workload of other lengths than the run's gets measured × (predicted for the workload ÷
predicted for the run), and one of the same lengths and load gets what was measured. How far the
model is off depends on the load much more than on the lengths: each shipped closed-loop run
predicted from the others of its model and hardware is 4 % off in the median (94 % within 0.8-1.2)
where they reach its load, 15 % (67 %) where they do not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from planner.scenario.options import EngineLimits
from planner.serving.batching import Limits, Replica
from planner.serving.calibration import calibration
from planner.serving.constants import constants
from planner.serving.lengths import fixed_lengths
from planner.serving.measured.replay import Point, decoded_together, is_saturated, point_of
from planner.serving.measured.scaled import ScaledSteps
from planner.serving.measured.types import Run
from planner.serving.memory import fit_memory, sequence_bytes
from planner.serving.places import cache_tokens_for
from planner.serving.steps import Answer, Question, StepTimes

__all__ = ["SAME_LENGTHS", "Scaled", "length_ratio", "run_replica", "scale"]

# Lengths within a quarter of the workload's count as the same.
SAME_LENGTHS = 1.25
# Loads nearer than that are one level.
_ONE_LEVEL = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaled:
    """Scaled step times, and the runs they reproduce in the order of their load."""

    steps: ScaledSteps
    runs: tuple[Run, ...]

    @property
    def sequences(self) -> tuple[float, float]:
        """Fewest and most sequences decoded together in the runs."""
        points = self.steps.points
        return points[0].sequences, points[-1].sequences


def length_ratio(run: Run, question: Question) -> float:
    """How many times longer or shorter prompts or answers are, whichever differs more; 1: same."""
    return max(
        _ratio(run.input_tokens, question.input_tokens),
        _ratio(run.output_tokens, question.output_tokens),
    )


def _ratio(one: float, other: float) -> float:
    one, other = max(one, 1.0), max(other, 1.0)
    return max(one / other, other / one)


def run_replica(
    question: Question, steps: StepTimes, run: Run, limits: EngineLimits | None = None
) -> Replica:
    """The replica a run was made on, with the run's mean lengths.

    ``limits`` None: the engine's defaults, with slots for all that are in flight.
    """
    engine = limits or _default_limits(run)
    longest = run.input_tokens + run.output_tokens
    fit = fit_memory(
        question.card,
        weights_bytes=question.weights.total_bytes,
        gpu_mem_mib=question.accelerator.mem_mib,
        gpu_memory_utilization=float(engine.gpu_memory_utilization),
        max_num_batched_tokens=engine.max_num_batched_tokens,
        tensor_parallel_size=question.tensor_parallel_size,
        longest_sequence_tokens=math.ceil(longest),
        kv_scale=question.kv_scale,
    )
    each = sequence_bytes(
        question.card,
        longest,
        tensor_parallel_size=question.tensor_parallel_size,
        kv_scale=question.kv_scale,
    )
    lengths = fixed_lengths(run.input_tokens, run.output_tokens)
    # A run that was made did fit, whatever the sum says.
    held = max(
        fit.kv_bytes / each * longest, cache_tokens_for(lengths, max(decoded_together(run), 1.0))
    )
    return Replica(
        steps=steps,
        lengths=lengths,
        limits=Limits(
            max_num_seqs=engine.max_num_seqs,
            max_num_batched_tokens=engine.max_num_batched_tokens,
            kv_cache_tokens=held,
        ),
        # As many are always in flight in a closed loop.
        arrival_cv2=0.0 if run.load_kind == "closed" else 1.0,
        host_ms_per_sequence=calibration().host_ms(question.accelerator.name),
        front_end_ms=constants().front_end_ms,
    )


def _default_limits(run: Run) -> EngineLimits:
    limits = EngineLimits()
    if run.load_kind != "closed":
        return limits
    slots = max(limits.max_num_seqs, math.ceil(run.load))
    return limits.model_copy(update={"max_num_seqs": slots})


def scale(
    question: Question,
    runs: Sequence[Run],
    *,
    at_runs: Answer,
    at_workload: Answer,
    limits: EngineLimits | None = None,
) -> Scaled | None:
    """``at_workload``'s steps scaled so that ``at_runs``'s reproduce the runs; None if none can be.

    The two are the next provider's answers for the lengths of the runs and of the workload.
    """
    kept: list[tuple[Point, Run]] = []
    nearest = sorted(_informative(runs), key=lambda run: (length_ratio(run, question), run.id))
    for run in nearest:
        point = point_of(run_replica(question, at_runs.steps, run, limits), run)
        if point is not None and not any(_one_level(point, other) for other, _ in kept):
            kept.append((point, run))
    if not kept:
        return None
    kept.sort(key=lambda entry: entry[0].sequences)
    steps = ScaledSteps(
        base=at_workload.steps,
        points=tuple(point for point, _ in kept),
        host_ms_per_sequence=calibration().host_ms(question.accelerator.name),
    )
    return Scaled(steps=steps, runs=tuple(run for _, run in kept))


def _one_level(point: Point, other: Point) -> bool:
    return _ratio(point.sequences, other.sequences) < _ONE_LEVEL


def _informative(runs: Sequence[Run]) -> list[Run]:
    """Of the saturated ones only that with the largest throughput: the others had not filled up."""
    saturated = [run for run in runs if is_saturated(run)]
    if not saturated:
        return list(runs)
    best = max(saturated, key=lambda run: (run.output_tokens_per_s, run.id))
    return [run for run in runs if run is best or not is_saturated(run)]
