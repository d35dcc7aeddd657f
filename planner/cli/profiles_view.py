"""Profiles as tables, CSV and JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from planner.render.blocks import Block, Bullets, Column, Grid, Heading, Paragraph
from planner.render.numbers import NOT_APPLICABLE
from planner.serving.profile_build import Built
from planner.serving.profiles import NoProfile, Profile, ProfileFile, ProfileKey, ProfileSteps

__all__ = [
    "Choice",
    "built_blocks",
    "built_json",
    "file_json",
    "list_blocks",
    "list_csv",
    "show_blocks",
    "show_json",
]

_PARAMS_PER_B = 1e9
_SHOWN_DECODES = ((1, 1024), (64, 2048))
_SHOWN_PREFILL = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which profiles are shown; None is all."""

    accelerators: frozenset[str] | None
    precisions: frozenset[str] | None
    kv_caches: frozenset[str] | None
    degrees: frozenset[int] | None

    def takes(self, key: ProfileKey) -> bool:
        """Whether a profile is shown."""
        return (
            (self.accelerators is None or key.accelerator in self.accelerators)
            and (self.precisions is None or key.precision in self.precisions)
            and (self.kv_caches is None or key.kv_cache in self.kv_caches)
            and (self.degrees is None or key.tensor_parallel_size in self.degrees)
        )

    def rejected(self, rows: Iterable[NoProfile]) -> list[NoProfile]:
        """Those of the combinations without a profile that are shown."""
        return [
            row
            for row in rows
            if (self.accelerators is None or row.accelerator in self.accelerators)
            and (self.precisions is None or row.precision in self.precisions)
            and (self.degrees is None or self.degrees.intersection(row.tensor_parallel_sizes))
        ]


# --- list ----------------------------------------------------------------------------------------


def list_blocks(files: Sequence[ProfileFile], choice: Choice, *, no_profile: bool) -> list[Block]:
    """The table of `profiles list`."""
    rows = _list_rows(files, choice, no_profile=no_profile)
    if not rows:
        return [Paragraph("No combination of that kind.")]
    columns = [
        Column(header="Model", is_name=True),
        Column(header="GPU"),
        Column(header="Weights"),
        Column(header="Why there is none", wraps=True) if no_profile else Column(header="KV cache"),
        Column(header="Tensor parallel"),
    ]
    return [Grid.of(columns, rows)]


def list_csv(files: Sequence[ProfileFile], choice: Choice, *, no_profile: bool) -> str:
    """The same as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    fourth = "reason" if no_profile else "kv_cache"
    writer.writerow(["model", "accelerator", "precision", fourth, "tensor_parallel_sizes"])
    writer.writerows(_list_rows(files, choice, no_profile=no_profile))
    return text.getvalue()


def _list_rows(
    files: Sequence[ProfileFile], choice: Choice, *, no_profile: bool
) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for file in files:
        if no_profile:
            rows += [
                (file.stem, r.accelerator, r.precision, r.reason, _degrees(r.tensor_parallel_sizes))
                for r in choice.rejected(file.rejected)
            ]
            continue
        found: dict[tuple[str, str, str], list[int]] = {}
        for key in filter(choice.takes, file.keys):
            place = (key.accelerator, key.precision, key.kv_cache)
            found.setdefault(place, []).append(key.tensor_parallel_size)
        rows += [(file.stem, *place, _degrees(degrees)) for place, degrees in found.items()]
    return rows


def file_json(file: ProfileFile, choice: Choice) -> dict[str, object]:
    """One model of `profiles list`."""
    return {
        "name": file.stem,
        "models": list(file.models),
        "built": file.source.built,
        "profiles": [_key_json(key) for key in file.keys if choice.takes(key)],
        "no_profile": [asdict(row) for row in choice.rejected(file.rejected)],
    }


# --- show ----------------------------------------------------------------------------------------


def show_blocks(file: ProfileFile, profiles: Sequence[Profile]) -> list[Block]:
    """The page of `profiles show`."""
    blocks: list[Block] = [Heading(file.stem, level=1), Bullets(_facts(file))]
    if not profiles:
        return [*blocks, Paragraph("No profile of that kind; --no-profile of `list` says why.")]
    columns = [
        Column(header="GPU"),
        Column(header="Weights"),
        Column(header="KV"),
        Column(header="TP", align="right"),
        Column(header="Decode 1 ms", align="decimal"),
        Column(header="Decode 64 ms", align="decimal"),
        Column(header="Prefill ms", align="decimal"),
        Column(header="KV tokens", align="right", priority=1),
        Column(header="Measured", align="right", priority=2),
        Column(header="Mended", align="right", priority=3),
        Column(header="Method", priority=4),
    ]
    grid = Grid.of(columns, [_show_row(profile) for profile in profiles])
    notes = tuple(dict.fromkeys(note for profile in profiles for note in profile.notes))
    return [*blocks, grid, *([Heading("Notes"), Bullets(notes)] if notes else [])]


def _facts(file: ProfileFile) -> tuple[str, ...]:
    facts, source = file.facts, file.source
    size = "parameters not counted"
    if facts.params is not None and facts.active_params is not None:
        size = f"{facts.params / _PARAMS_PER_B:,.1f}B parameters"
        if facts.experts:
            size += (
                f", {facts.active_params / _PARAMS_PER_B:,.1f}B active, "
                f"{facts.experts_per_token} of {facts.experts} experts"
            )
    built_as = f"; built as {facts.built_as}" if facts.built_as else ""
    return (
        f"holds for {', '.join(file.models)}",
        f"{size}, {facts.layers} layers, context up to {facts.max_context_tokens:,} tokens",
        f"config.json: {facts.config_source}{built_as}",
        f"times: {source.name} {source.version} ({source.licence}), {source.backend}, built "
        f"{source.built} by {source.builder}",
        f"cache for gpu_memory_utilization {source.gpu_memory_utilization:g}, "
        f"max_num_batched_tokens {source.max_num_batched_tokens:,}, "
        f"max_num_seqs {source.max_num_seqs:,}",
    )


def _show_row(profile: Profile) -> tuple[str, ...]:
    key = profile.key
    return (
        key.accelerator,
        key.precision,
        key.kv_cache,
        str(key.tensor_parallel_size),
        *(f"{spent:.2f}" for spent in _shown_ms(profile)),
        _cache_tokens(profile),
        f"{100 * profile.measured_share:.0f} %",
        f"{profile.repaired_most_pct:.0f} %" if profile.repaired_points else NOT_APPLICABLE,
        profile.method,
    )


def _cache_tokens(profile: Profile) -> str:
    if profile.cache is not None:
        return f"{profile.cache.tokens:,}"
    return (
        "not known" if any("no memory model" in note for note in profile.notes) else "does not fit"
    )


def _shown_ms(profile: Profile) -> tuple[float, ...]:
    steps = ProfileSteps(profile)
    decodes = (steps.decode_ms(sequences, context) for sequences, context in _SHOWN_DECODES)
    return (*decodes, steps.prefill_ms(_SHOWN_PREFILL))


def show_json(file: ProfileFile, profiles: Sequence[Profile], *, grids: bool) -> dict[str, object]:
    """The same as JSON; with every time when ``grids``."""
    return {
        "name": file.stem,
        "models": list(file.models),
        "facts": asdict(file.facts),
        "source": asdict(file.source),
        "profiles": [_profile_json(profile, grids=grids) for profile in profiles],
    }


def _profile_json(profile: Profile, *, grids: bool) -> dict[str, object]:
    values = asdict(profile)
    grid_names = [name for name in values if name.startswith(("decode_", "prefill_"))]
    kept = {
        name: value
        for name, value in values.items()
        if name != "key" and (grids or name not in grid_names or name == "decode_factor")
    }
    names = ("decode_1_at_1024_ms", "decode_64_at_2048_ms", "prefill_2048_ms")
    shown = {name: round(ms, 4) for name, ms in zip(names, _shown_ms(profile), strict=True)}
    return _key_json(profile.key) | shown | kept


def _key_json(key: ProfileKey) -> dict[str, object]:
    return asdict(key)


# --- build ---------------------------------------------------------------------------------------


def built_blocks(built: Sequence[Built]) -> list[Block]:
    """What `profiles build` made, and what it did not."""
    made = Grid.of(
        [Column(header="Model", is_name=True), Column(header="Profiles", align="right")],
        [(each.stem, str(len(each.profiles))) for each in built],
    )
    missing = [
        (each.stem, r.accelerator, r.precision, r.reason, _degrees(r.tensor_parallel_sizes))
        for each in built
        for r in each.rejected
    ]
    if not missing:
        return [made]
    columns = [
        Column(header="Model", is_name=True),
        Column(header="GPU"),
        Column(header="Weights"),
        Column(header="Why there is none", wraps=True),
        Column(header="Tensor parallel"),
    ]
    return [made, Heading("No profile"), Grid.of(columns, missing)]


def built_json(each: Built) -> dict[str, object]:
    """One model of `profiles build`."""
    return {
        "name": each.stem,
        "profiles": [_key_json(profile.key) for profile in each.profiles],
        "no_profile": [asdict(row) for row in each.rejected],
    }


def _degrees(degrees: Sequence[int]) -> str:
    return ", ".join(map(str, sorted(degrees)))
