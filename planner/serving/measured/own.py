"""Order 1 of the chain: the user's own benchmark file.

Files name the model but not the GPU, and seldom the tensor-parallel degree: both come from the
option, which must leave no choice. A file that does not belong to the option is an error, because
the user asked for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from planner.catalog.types import Accelerator, InstanceType, ModelCard
from planner.errors import InputError
from planner.scenario.options import EngineLimits, SelfHostOption
from planner.serving.measured.answering import Bands, answer_from
from planner.serving.measured.forms import RawRun
from planner.serving.measured.rows import weights_family
from planner.serving.measured.types import Run
from planner.serving.measured.userfile import has_ramp, read_benchmark
from planner.serving.steps import Answer, Provider, Question

__all__ = ["OwnRunsProvider", "own_runs_provider"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRunsProvider:
    """Answers for the one GPU kind and degrees the user's runs were made with.

    ``rest`` are the providers asked after this one, whose steps are scaled.
    """

    runs: tuple[Run, ...]
    refused: tuple[str, ...]
    limits: EngineLimits
    rest: Sequence[Provider]

    def answer(self, question: Question) -> Answer | None:
        """Scaled steps; None for another GPU or degree.

        InputError when no step times reproduce the runs.
        """
        runs = [
            run
            for run in self.runs
            if run.accelerator == question.accelerator.name
            and run.tensor_parallel_size == question.tensor_parallel_size
        ]
        if not runs:
            return None
        found = answer_from(
            question,
            runs,
            self.rest,
            Bands(steady="measured_file", ramp="measured_file_ramp"),
            limits=self.limits,
        )
        if found is None:
            raise InputError(
                f"{runs[0].id}: the run cannot be used: it is faster than its requests' way to "
                "the engine and back alone, or no model of the GPU is known"
            )
        return replace(found, warnings=(*found.warnings, *self.refused))


def own_runs_provider(
    option: SelfHostOption,
    card: ModelCard,
    path: Path,
    *,
    instances: Sequence[InstanceType],
    accelerators: Mapping[str, Accelerator],
    rest: Sequence[Provider],
) -> OwnRunsProvider:
    """The provider for ``option.measured``, found at ``path``.

    InputError when the file cannot be read or is of another model, or when the option leaves open
    which GPU or degree it was measured on.
    """
    name = option.measured or str(path)
    benchmark = read_benchmark(path, name)
    gpu = _accelerator(option, instances, accelerators, name)
    fixed = _degree(option, instances, gpu)
    runs: list[Run] = []
    for raw in benchmark.runs:
        _check_model(raw, option, card)
        degree = raw.tensor_parallel_size or fixed
        if degree is None:
            raise InputError(
                f"{raw.where}: says nothing of tensor parallelism; name one degree in "
                "options.selfhost[].tensor_parallel_sizes, or measure with "
                "`--metadata tensor_parallel_size=N`"
            )
        runs.append(_run(raw, option, gpu, degree))
    _check_degrees(option, instances, gpu, runs)
    return OwnRunsProvider(
        runs=tuple(runs), refused=benchmark.refused, limits=option.limits, rest=rest
    )


def _accelerator(
    option: SelfHostOption,
    instances: Sequence[InstanceType],
    accelerators: Mapping[str, Accelerator],
    name: str,
) -> str:
    """The one GPU kind of the option's instance types."""
    if option.instance_types == "any":
        kinds = {item.accelerator for item in instances}
    else:
        kinds = {item.accelerator for item in instances if item.name in option.instance_types}
    known = sorted(kind for kind in kinds if kind in accelerators and accelerators[kind].servable)
    if len(known) == 1:
        return known[0]
    choice = f"any of {', '.join(known)}" if known else "no GPU that can serve"
    raise InputError(
        f"{name}: says nothing of the GPU it was measured on, and the option leaves {choice}; name "
        "instance types with one kind of GPU in options.selfhost[].instance_types"
    )


def _degree(
    option: SelfHostOption, instances: Sequence[InstanceType], accelerator: str
) -> int | None:
    """The one degree the option leaves, or None."""
    asked = option.tensor_parallel_sizes
    if asked is not None and len(set(asked)) == 1:
        return asked[0]
    return 1 if _most_gpus(option, instances, accelerator) == 1 else None


def _most_gpus(option: SelfHostOption, instances: Sequence[InstanceType], accelerator: str) -> int:
    return max(
        (
            item.accelerator_count
            for item in instances
            if item.accelerator == accelerator
            and (option.instance_types == "any" or item.name in option.instance_types)
        ),
        default=1,
    )


def _check_degrees(
    option: SelfHostOption,
    instances: Sequence[InstanceType],
    accelerator: str,
    runs: Sequence[Run],
) -> None:
    """Some run must be of a degree the option considers."""
    most = _most_gpus(option, instances, accelerator)
    measured = sorted({run.tensor_parallel_size for run in runs})
    asked = option.tensor_parallel_sizes
    if any(degree <= most and (asked is None or degree in asked) for degree in measured):
        return
    degrees = ", ".join(map(str, measured))
    raise InputError(
        f"{runs[0].id}: measured with tensor parallel {degrees}, which the option does not "
        "consider; change options.selfhost[].tensor_parallel_sizes or instance_types"
    )


def _check_model(raw: RawRun, option: SelfHostOption, card: ModelCard) -> None:
    names = {name.casefold() for name in (option.model, card.id, *card.aliases)}
    given = raw.model.rstrip("/").casefold()
    # Servers started from a local folder name its path.
    if given in names or given.rpartition("/")[2] in {n.rpartition("/")[2] for n in names}:
        return
    # Another checkpoint of the same weights, when the option asks for its precision.
    families = {weights_family(name) for name in names}
    if option.precision != "native" and weights_family(given) in families:
        return
    raise InputError(
        f"{raw.where}: is of {raw.model}, but the option serves {option.model}; give the file of "
        "that model, or serve it under its Hugging Face id"
    )


def _run(raw: RawRun, option: SelfHostOption, accelerator: str, degree: int) -> Run:
    return Run(
        id=raw.where,
        source="own benchmark",
        model=option.model,
        precision=option.precision,
        accelerator=accelerator,
        tensor_parallel_size=degree,
        input_tokens=raw.input_tokens,
        output_tokens=raw.output_tokens,
        load_kind=raw.load_kind,
        load=raw.load,
        output_tokens_per_s=raw.output_tokens_per_s,
        tpot_ms=raw.tpot_ms,
        ramp=has_ramp(raw),
    )
