"""The profile file: gzipped JSON lines, one header and one line for each profile.

The header names the format version, the models, the axes that all profiles of the file share, the
source, combinations without a profile, and for each profile its key and the SHA-256 of its line.
A profile's line is read only when it is asked for. Written with sorted records, without a clock
and without spaces: the same profiles give the same text, and the same bytes of one gzip library.
``data/README.md`` describes the fields.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from planner.errors import InputError
from planner.serving.profiles.types import (
    CacheRoom,
    ModelFacts,
    NoProfile,
    Profile,
    ProfileKey,
    ProfileSource,
)

__all__ = [
    "FORMAT_VERSION",
    "SUFFIX",
    "ProfileFile",
    "encode_profiles",
    "packed",
    "read_profiles",
    "unpacked",
]

FORMAT_VERSION = 1
SUFFIX = ".jsonl.gz"

_REBUILD = "build it again with `planner profiles build`, or install planner again"
_AXES = ("decode_sequences", "decode_context_tokens", "prefill_tokens", "prefill_past_tokens")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileFile:
    """One file: what its header says, and its lines still as text.

    ``models`` are the Hugging Face ids the profiles hold for; ``hashes`` the SHA-256 of each
    profile's line.
    """

    path: Path
    stem: str
    models: tuple[str, ...]
    facts: ModelFacts
    source: ProfileSource
    axes: Mapping[str, tuple[int, ...]]
    rejected: tuple[NoProfile, ...]
    hashes: Mapping[ProfileKey, str]
    lines: Mapping[ProfileKey, str]

    @property
    def keys(self) -> tuple[ProfileKey, ...]:
        """The profiles of the file, sorted."""
        return tuple(self.hashes)

    def profile(self, key: ProfileKey) -> Profile:
        """One profile; InputError when its line is not the one the header was written for."""
        line = self.lines[key]
        if hashlib.sha256(line.encode()).hexdigest() != self.hashes[key]:
            raise InputError(
                f"{self.path}: the profile for {key.accelerator} {key.precision} "
                f"tp {key.tensor_parallel_size} was changed after it was built; {_REBUILD}"
            )
        try:
            return _profile(json.loads(line), self.axes, self.hashes[key])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{self.path}: profile cannot be read: {error}; {_REBUILD}") from error


def read_profiles(path: Path) -> ProfileFile:
    """The file at ``path``; InputError when it is missing, damaged or of another version."""
    try:
        head, *lines = unpacked(path).splitlines()
        return _file(path, json.loads(head), lines)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: not a profile file: {error}; {_REBUILD}") from error


def unpacked(path: Path) -> str:
    """The text of the file at ``path``; InputError when it cannot be read."""
    try:
        return gzip.decompress(path.read_bytes()).decode("utf-8")
    except gzip.BadGzipFile as error:
        raise InputError(f"{path}: not a gzip file; {_REBUILD}") from error
    except (EOFError, UnicodeDecodeError, zlib.error) as error:
        raise InputError(f"{path}: damaged: {error}; {_REBUILD}") from error
    except OSError as error:
        raise InputError(f"{path}: cannot read: {error.strerror or error}") from error


def packed(text: str) -> bytes:
    """The bytes of a file for its text, without a name or a time of day in them."""
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=buffer, mtime=0) as file:
        file.write(text.encode("utf-8"))
    return buffer.getvalue()


def encode_profiles(
    *,
    stem: str,
    models: Sequence[str],
    facts: ModelFacts,
    source: ProfileSource,
    rejected: Sequence[NoProfile],
    profiles: Sequence[Profile],
) -> str:
    """The text of a file; ValueError when profiles do not share their axes."""
    ordered = sorted(profiles, key=lambda profile: profile.key)
    axes = {name: {getattr(profile, name) for profile in ordered} for name in _AXES}
    if any(len(found) > 1 for found in axes.values()):
        raise ValueError("profiles of one file have the same axes")
    lines = [_json(_record(profile)) for profile in ordered]
    header = {
        "format": FORMAT_VERSION,
        "stem": stem,
        "models": sorted(models),
        "facts": asdict(facts),
        "source": asdict(source),
        "axes": {name: list(found.pop()) if found else [] for name, found in axes.items()},
        "no_profile": [asdict(each) for each in sorted(rejected, key=_place)],
        "profiles": [
            [*_key_cells(profile.key), hashlib.sha256(line.encode()).hexdigest()]
            for profile, line in zip(ordered, lines, strict=True)
        ],
    }
    return "\n".join([_json(header), *lines]) + "\n"


def _place(each: NoProfile) -> tuple[object, ...]:
    return (each.accelerator, each.precision, each.tensor_parallel_sizes, each.reason)


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _key_cells(key: ProfileKey) -> list[object]:
    return [key.accelerator, key.precision, key.kv_cache, key.tensor_parallel_size]


def _record(profile: Profile) -> dict[str, object]:
    record: dict[str, object] = {
        "key": _key_cells(profile.key),
        "decode_ms": profile.decode_ms,
        "prefill_ms": profile.prefill_ms,
        "cache": None if profile.cache is None else asdict(profile.cache),
        "method": profile.method,
        "table": profile.table,
        "modes": profile.modes,
        "expert_parallel_size": profile.expert_parallel_size,
        "shares": [profile.measured_share, profile.mixed_share, profile.formula_share],
        "decode_factor": profile.decode_factor,
        "repairs": [profile.repaired_points, profile.repaired_most_pct],
        "gates": profile.gates,
    }
    return record | ({"notes": profile.notes} if profile.notes else {})


def _file(path: Path, head: Mapping[str, Any], lines: Sequence[str]) -> ProfileFile:
    version = head["format"]
    if version != FORMAT_VERSION:
        raise ValueError(f"format {version}, this planner reads {FORMAT_VERSION}")
    rows = cast(list[list[Any]], head["profiles"])
    if len(rows) != len(lines):
        raise ValueError(f"{len(rows)} profiles announced, {len(lines)} there")
    keys = [_key(row) for row in rows]
    return ProfileFile(
        path=path,
        stem=head["stem"],
        models=tuple(head["models"]),
        facts=ModelFacts(**head["facts"]),
        source=ProfileSource(**head["source"]),
        axes={name: tuple(head["axes"][name]) for name in _AXES},
        rejected=tuple(
            NoProfile(**each | {"tensor_parallel_sizes": tuple(each["tensor_parallel_sizes"])})
            for each in head["no_profile"]
        ),
        hashes={key: str(row[4]) for key, row in zip(keys, rows, strict=True)},
        lines=dict(zip(keys, lines, strict=True)),
    )


def _key(row: Sequence[Any]) -> ProfileKey:
    accelerator, precision, kv_cache, degree = row[:4]
    return ProfileKey(
        accelerator=accelerator,
        precision=precision,
        kv_cache=kv_cache,
        tensor_parallel_size=degree,
    )


def _profile(raw: Mapping[str, Any], axes: Mapping[str, tuple[int, ...]], digest: str) -> Profile:
    cache, shares, repairs = raw["cache"], raw["shares"], raw["repairs"]
    return Profile(
        key=_key(raw["key"]),
        decode_sequences=axes["decode_sequences"],
        decode_context_tokens=axes["decode_context_tokens"],
        decode_ms=tuple(tuple(row) for row in raw["decode_ms"]),
        prefill_tokens=axes["prefill_tokens"],
        prefill_past_tokens=axes["prefill_past_tokens"],
        prefill_ms=tuple(tuple(row) for row in raw["prefill_ms"]),
        cache=None if cache is None else CacheRoom(**cache),
        method=raw["method"],
        table=raw["table"],
        modes=raw["modes"],
        expert_parallel_size=raw["expert_parallel_size"],
        measured_share=shares[0],
        mixed_share=shares[1],
        formula_share=shares[2],
        decode_factor=raw["decode_factor"],
        repaired_points=repairs[0],
        repaired_most_pct=repairs[1],
        gates=tuple(raw["gates"]),
        notes=tuple(raw.get("notes", ())),
        sha256=digest,
    )
