"""Builds the profile file of one model: every accelerator, precision, cache and degree."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from planner import __version__
from planner.catalog.architecture import Architecture
from planner.catalog.hardware import accelerators
from planner.serving.profile_build.engine import (
    BACKEND,
    PACKAGE,
    EngineSettings,
    EngineTimes,
    Memory,
    Modes,
    NoData,
    Target,
    engine_version,
    open_engine,
    table_version,
)
from planner.serving.profile_build.gates import (
    Bound,
    bound_of,
    repaired,
    too_slow,
)
from planner.serving.profile_build.lanes import Kind, kind_of, lanes
from planner.serving.profile_build.room import cache_memory, room
from planner.serving.profile_build.sources import (
    ModelSource,
    SystemSource,
    engine_config,
    model_facts,
    systems,
)
from planner.serving.profiles.format import encode_profiles
from planner.serving.profiles.types import (
    NoProfile,
    Profile,
    ProfileKey,
    ProfileSource,
)
from planner.units import BYTES_PER_MIB

__all__ = ["DECODE_CONTEXTS", "DECODE_SEQUENCES", "BuildPlan", "Built", "build_profiles"]

# Matrix kernels work in tiles: a step of one token more than a power of two can take a third
# longer, and powers of two alone would show the bottom of each tooth (prefill of Llama 3.1 70B fp8
# on 4 H100: 512 tokens 30.9 ms, 513 tokens 46.3). So the large teeth have a point on either side.
DECODE_SEQUENCES = (
    *(1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 65),
    *(96, 128, 129, 192, 256, 257, 384, 512),
)
DECODE_CONTEXTS = tuple(128 << k for k in range(11))
PREFILL_TOKENS = (
    *(1, 64, 128, 129, 256, 257, 512, 513, 768, 769, 1024, 1025),
    *(1536, 2048, 2049, 3072, 4096, 4097, 8192, 16384, 32768, 65536, 131072),
)
PREFILL_PAST = (0, 1024, 4096, 16384, 65536)

# Five digits: a step of a minute to the millisecond.
_DIGITS = 5
_SHARE_DIGITS = 3
_DECODE_POINTS = ((1, 1024), (32, 2048), (128, 4096))
_PREFILL_POINTS = (512, 4096)
# Where fewer bits are compared with bf16: a busy step of each kind.
_BUSY_SEQUENCES, _BUSY_CONTEXT, _BUSY_TOKENS = 64, 2048, 2048
# Speed-of-light estimates are up to 2.5 times too fast: 3 % of a step's time is an error of 5 %.
_MOST_GUESSED_SHARE = 0.03
_NO_GUESSED_SHARE = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildPlan:
    """What to build of a model. ``built`` is the day as an ISO date."""

    accelerators: tuple[str, ...]
    precisions: tuple[str, ...] | None
    kv_caches: tuple[str, ...]
    degrees: tuple[int, ...]
    built: str
    settings: EngineSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """The text of a profile file, and what is in it."""

    stem: str
    text: str
    profiles: tuple[Profile, ...]
    rejected: tuple[NoProfile, ...]


def build_profiles(
    source: ModelSource,
    plan: BuildPlan,
    scratch: Path,
    progress: Callable[[str], None] = lambda _: None,
) -> Built:
    """The profiles of one model; ``scratch`` is an empty folder for its config.json."""
    config = engine_config(source)
    (scratch / "config.json").write_text(json.dumps(config), encoding="utf-8")
    facts, counted = model_facts(source)
    model = _Model(
        folder=scratch,
        kind=kind_of(config),
        contexts=_up_to(facts.max_context_tokens),
        counted=counted,
        settings=plan.settings,
    )
    profiles: list[Profile] = []
    refused: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for name in plan.accelerators:
        progress(f"{source.stem} on {name}")
        place = _Place.of(model, systems()[name])
        for precision in plan.precisions or source.precisions:
            for degree in plan.degrees:
                for result in _each_cache(place, precision, degree, plan.kv_caches):
                    if isinstance(result, Profile):
                        profiles.append(result)
                    else:
                        refused[name, precision, result].append(degree)
    rejected = tuple(
        NoProfile(
            accelerator=name,
            precision=precision,
            tensor_parallel_sizes=tuple(degrees),
            reason=reason,
        )
        for (name, precision, reason), degrees in refused.items()
    )
    text = encode_profiles(
        stem=source.stem,
        models=source.models,
        facts=facts,
        source=_source(plan),
        rejected=rejected,
        profiles=profiles,
    )
    return Built(stem=source.stem, text=text, profiles=tuple(profiles), rejected=rejected)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Model:
    folder: Path
    kind: Kind
    contexts: tuple[int, ...]
    counted: Architecture | None
    settings: EngineSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A model on an accelerator. ``bf16`` holds the busy steps in bf16, once they are asked for."""

    model: _Model
    system: SystemSource
    target: Target
    table: str
    bf16: dict[int, tuple[float, float] | None]

    @classmethod
    def of(cls, model: _Model, system: SystemSource) -> _Place:
        version, system_bytes = table_version(system.system)
        ec2_bytes = accelerators()[system.accelerator].mem_mib * BYTES_PER_MIB
        target = Target(
            config_dir=model.folder,
            system=system.system,
            version=version,
            gpu_bytes=min(ec2_bytes, system_bytes),
        )
        return cls(model=model, system=system, target=target, table=f"{BACKEND} {version}", bf16={})

    def bound(self, precision: str, degree: int) -> Bound:
        """What no step can beat; nothing for a model whose parameters are not known."""
        counted = self.model.counted
        if counted is None:
            return Bound()
        return bound_of(counted, accelerators()[self.system.accelerator], precision, degree)

    def bf16_steps(self, degree: int) -> tuple[float, float] | None:
        """Busy decode and prefill step in bf16, or None without a table."""
        if degree not in self.bf16:
            self.bf16[degree] = None
            for modes in lanes(self.model.kind, "bf16", "bf16", degree):
                try:
                    engine = open_engine(self.target, modes)
                    self.bf16[degree] = _busy(engine)
                except NoData:
                    continue
                break
        return self.bf16[degree]


def _each_cache(
    place: _Place, precision: str, degree: int, kv_caches: Sequence[str]
) -> Iterator[Profile | str]:
    """The profile of each cache, or the reason why there is none, said once."""
    for kv_cache in kv_caches:
        result = _first_lane(place, precision, kv_cache, degree)
        if isinstance(result, Profile) or kv_cache == kv_caches[0]:
            yield result
        if not isinstance(result, Profile):
            return


def _first_lane(place: _Place, precision: str, kv_cache: str, degree: int) -> Profile | str:
    """The profile of the first modes that have tables and pass, else the most telling reason."""
    reasons: list[str] = []
    for modes in lanes(place.model.kind, precision, kv_cache, degree):
        try:
            return _profile(place, precision, kv_cache, modes)
        except (NoData, ValueError) as error:
            reasons.append(str(error))
    if not reasons:
        return f"no {precision} tables for dense layers"
    return next((each for each in reasons if "does not multiply" in each), reasons[0])


def _profile(place: _Place, precision: str, kv_cache: str, modes: Modes) -> Profile:
    """One profile; NoData or ValueError with the reason why not."""
    model, degree = place.model, modes.tensor_parallel_size
    memory = cache_memory(place.target, modes, precision, model.settings, model.counted)
    engine = open_engine(place.target, modes)
    bound = place.bound(precision, degree)
    decode = repaired(
        [[engine.decode_ms(b, at) for at in model.contexts] for b in DECODE_SEQUENCES],
        DECODE_SEQUENCES,
        bound,
    )
    prefill = repaired(
        [[engine.prefill_ms(n, past) for past in PREFILL_PAST] for n in PREFILL_TOKENS],
        PREFILL_TOKENS,
        bound,
    )
    shares = _mean_shares(engine, model.contexts[-1])
    gates = _passed(place, precision, modes, shares, engine)
    factor = place.system.decode_factor
    return Profile(
        key=ProfileKey(
            accelerator=place.system.accelerator,
            precision=precision,
            kv_cache=kv_cache,
            tensor_parallel_size=degree,
        ),
        decode_sequences=DECODE_SEQUENCES,
        decode_context_tokens=model.contexts,
        decode_ms=_rounded(decode.values, factor),
        prefill_tokens=PREFILL_TOKENS,
        prefill_past_tokens=PREFILL_PAST,
        prefill_ms=_rounded(tuple(zip(*prefill.values, strict=True)), 1.0),
        cache=None if memory is None else room(memory),
        method="transferred" if modes.transfer else "measured",
        table=place.table,
        modes=modes.text,
        expert_parallel_size=modes.expert_parallel_size,
        measured_share=_share(shares, "silicon"),
        mixed_share=_share(shares, "mixed"),
        formula_share=round(1 - _share(shares, "silicon") - _share(shares, "mixed"), _SHARE_DIGITS),
        decode_factor=factor,
        repaired_points=decode.points + prefill.points,
        repaired_most_pct=max(decode.most_pct, prefill.most_pct),
        gates=gates,
        notes=_notes(place, precision, modes, memory, shares),
    )


def _passed(
    place: _Place,
    precision: str,
    modes: Modes,
    shares: Mapping[str, float],
    engine: EngineTimes,
) -> tuple[str, ...]:
    """The gates that were passed; NoData when one was not."""
    passed = ["finite", "non_decreasing"]
    if place.model.counted is not None:
        passed.append("above_bound")
    guessed = shares.get("sol", 0.0)
    if guessed > _MOST_GUESSED_SHARE:
        raise NoData(f"{guessed:.0%} of its times would be speed of light only")
    if guessed <= _NO_GUESSED_SHARE:
        passed.append("no_speed_of_light")
    # MXFP4 checkpoints are published in it alone: there is nothing in bf16 to compare them with.
    compared = precision != "bf16" and not place.model.kind.mxfp4
    bf16 = place.bf16_steps(modes.tensor_parallel_size) if compared else None
    if bf16 is not None:
        busy = _busy(engine)
        for spent, reference, what in zip(busy, bf16, _BUSY_NAMES, strict=True):
            reason = too_slow(spent, reference, what)
            if reason is not None:
                raise NoData(reason)
        passed.append("not_slower_than_bf16")
    return tuple(passed)


_BUSY_NAMES = (
    f"{_BUSY_SEQUENCES} sequences at {_BUSY_CONTEXT} tokens",
    f"prefill of {_BUSY_TOKENS} tokens",
)


def _busy(engine: EngineTimes) -> tuple[float, float]:
    return (
        engine.decode_ms(_BUSY_SEQUENCES, _BUSY_CONTEXT),
        engine.prefill_ms(_BUSY_TOKENS, 0),
    )


def _mean_shares(engine: EngineTimes, longest: int) -> Mapping[str, float]:
    """Mean over a few steps of where their time is from."""
    steps = [engine.decode_shares(b, at) for b, at in _DECODE_POINTS if at <= longest]
    steps += [engine.prefill_shares(n) for n in _PREFILL_POINTS]
    kinds = {kind for step in steps for kind in step}
    return {kind: sum(step.get(kind, 0.0) for step in steps) / len(steps) for kind in kinds}


def _share(shares: Mapping[str, float], kind: str) -> float:
    return round(shares.get(kind, 0.0), _SHARE_DIGITS)


def _notes(
    place: _Place,
    precision: str,
    modes: Modes,
    memory: Memory | None,
    shares: Mapping[str, float],
) -> tuple[str, ...]:
    said = [place.system.note] if place.system.note else []
    if memory is None:
        said.append(f"{PACKAGE} has no memory model for it")
    guessed = shares.get("sol", 0.0)
    if guessed > _NO_GUESSED_SHARE:
        said.append(f"{guessed:.1%} of its times are speed-of-light estimates")
    if modes.expert_parallel_size > 1:
        said.append("experts are spread whole over the GPUs: needs --enable-expert-parallel")
    if place.model.kind.latent and precision != "bf16":
        said.append("dense layers at bf16 times: latent attention has no faster table")
    if modes.transfer:
        said.append("operators without a table are estimated from other shapes of their kernel")
    return tuple(said)


def _rounded(values: Sequence[Sequence[float]], factor: float) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(f"{value * factor:.{_DIGITS}g}") for value in row) for row in values)


def _up_to(longest: int) -> tuple[int, ...]:
    """The context axis up to the first point that holds the model's longest context."""
    return tuple(at for at in DECODE_CONTEXTS if at == DECODE_CONTEXTS[0] or at // 2 < longest)


def _source(plan: BuildPlan) -> ProfileSource:
    settings = plan.settings
    return ProfileSource(
        name=PACKAGE,
        version=engine_version(),
        licence="Apache-2.0",
        backend=BACKEND,
        builder=f"planner {__version__}",
        built=plan.built,
        gpu_memory_utilization=settings.gpu_memory_utilization,
        max_num_batched_tokens=settings.max_num_batched_tokens,
        max_num_seqs=settings.max_num_seqs,
    )
