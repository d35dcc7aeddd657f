"""An answer of the chain from runs that match a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from planner.scenario.options import EngineLimits
from planner.serving.calibration import calibration
from planner.serving.measured.scale import SAME_LENGTHS, Scaled, length_ratio, scale
from planner.serving.measured.types import Run
from planner.serving.steps import Answer, Provider, Question, ask

__all__ = ["Bands", "answer_from"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bands:
    """Classes of bands of true ÷ measured: of runs in a steady state, and of runs with ramp."""

    steady: str
    ramp: str


def answer_from(
    question: Question,
    runs: Sequence[Run],
    rest: Sequence[Provider],
    bands: Bands,
    *,
    limits: EngineLimits | None = None,
    least_sequences: float = 0.0,
) -> Answer | None:
    """The steps of the next of ``rest`` that has data, scaled to reproduce ``runs``.

    None without runs, without such a provider, or when no run reached ``least_sequences`` decoded
    together.
    """
    if not runs:
        return None
    lengths = runs[0]
    at_runs = replace(
        question, input_tokens=lengths.input_tokens, output_tokens=lengths.output_tokens
    )
    model = ask(question, rest)
    if model is None:
        return None
    base = ask(at_runs, rest)
    if base is None or base.provider != model.provider:
        # Slowdowns of one provider's steps do not fit another's.
        base = model
    scaled = scale(question, runs, at_runs=base, at_workload=model, limits=limits)
    if scaled is None or scaled.sequences[1] < least_sequences:
        return None
    band_class = bands.ramp if any(run.ramp for run in scaled.runs) else bands.steady
    return Answer(
        steps=scaled.steps,
        provider="measured",
        band=calibration().bands[band_class].throughput,
        band_class=band_class,
        source_ids=tuple(sorted(run.id for run in scaled.runs)),
        warnings=_warnings(question, scaled, model.provider),
    )


def _warnings(question: Question, scaled: Scaled, model: str) -> tuple[str, ...]:
    low, high = scaled.sequences
    loads = f"{low:.0f}" if high < low * 1.05 else f"{low:.0f} to {high:.0f}"
    slowdowns = [point.slowdown for point in scaled.steps.points]
    said = [
        f"measured with {loads} sequences at a time, where steps take "
        f"{_range(slowdowns)} of the time of `{model}`; beyond, the nearest of these holds"
    ]
    said += sorted({run.hardware_note for run in scaled.runs if run.hardware_note})
    far = max(scaled.runs, key=lambda run: length_ratio(run, question))
    if length_ratio(far, question) > SAME_LENGTHS:
        said.append(
            f"measured at {far.input_tokens:,.0f} + {far.output_tokens:,.0f} tokens, the "
            f"workload has {question.input_tokens:,.0f} + {question.output_tokens:,.0f}: "
            f"rescaled by `{model}`"
        )
    if any(run.ramp for run in scaled.runs):
        said.append("the measured time includes filling or draining: throughput is biased low")
    return tuple(said)


def _range(values: Sequence[float]) -> str:
    low, high = f"{min(values):.2f}", f"{max(values):.2f}"
    return low if low == high else f"{low} to {high}"
