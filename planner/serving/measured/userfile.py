"""Reading a user's benchmark files: which form they have, and which runs in them can be used."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from planner.errors import InputError
from planner.files import read_text
from planner.serving.measured.fields import Fields
from planner.serving.measured.forms import FORMS, RawRun, runs_in

__all__ = ["Benchmark", "has_ramp", "read_benchmark"]

# Fewer requests than that are not a measurement; more errors than that are another one.
_LEAST_REQUESTS = 200
_MOST_ERRORS = 0.01
# A run shorter than this many times its mean latency is mostly filling and draining.
_RAMP_LATENCIES = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """Usable runs of a file or folder; ``refused`` says of the others why."""

    runs: tuple[RawRun, ...]
    refused: tuple[str, ...]


def has_ramp(run: RawRun) -> bool:
    """Whether filling and draining are a part of the measured time that counts."""
    if run.load_kind == "burst":
        return True
    if run.latency_ms is None:
        return False
    return run.duration_s < _RAMP_LATENCIES * run.latency_ms / 1e3


def read_benchmark(path: Path, name: str) -> Benchmark:
    """The runs of a result file, of a JSON list or JSON lines of results, or of a folder of files.

    ``name`` is what messages call it. InputError, naming file and field, when it cannot be read,
    has no known form, or no run in it counts (200 completed requests, at most 1 % errors).
    """
    found = list(_folder(path, name)) if path.is_dir() else list(_file(path, name))
    usable: list[RawRun] = []
    refused: list[str] = []
    for run in found:
        reason = _refusal(run)
        if reason is None:
            usable.append(run)
        else:
            refused.append(f"{run.where}: {reason}")
    if not usable:
        raise InputError(
            f"{name}: no run in it can be used: {'; '.join(refused)}"
            if refused
            else f"{name}: holds no benchmark run; expected a result of {FORMS}"
        )
    return Benchmark(runs=tuple(usable), refused=tuple(refused))


def _folder(path: Path, name: str) -> Iterator[RawRun]:
    """Every result below the folder; other JSON files that tools write beside them are passed."""
    files = sorted(file for file in path.rglob("*") if file.suffix in (".json", ".jsonl"))
    for file in files:
        label = f"{name.rstrip('/')}/{file.relative_to(path).as_posix()}"
        for entry in _documents(file, label):
            found = runs_in(entry) if entry is not None else None
            if found is not None:
                yield from found


def _file(path: Path, name: str) -> Iterator[RawRun]:
    for entry in _documents(path, name):
        found = runs_in(entry) if entry is not None else None
        if found is None:
            keys = ", ".join(sorted(entry.data)[:6]) if entry is not None else "no object"
            where = entry.where if entry is not None else name
            raise InputError(f"{where}: not a result of {FORMS} (found: {keys or 'nothing'})")
        yield from found


def _documents(path: Path, name: str) -> Iterator[Fields | None]:
    """The JSON objects of a file; None for an entry that is no object."""
    text = read_text(path)
    entries = _parsed(text, name)
    for number, entry in enumerate(entries):
        where = name if len(entries) == 1 else f"{name} [{number}]"
        if isinstance(entry, dict):
            yield Fields(data=cast(dict[str, object], entry), where=where)
        else:
            yield None


def _parsed(text: str, name: str) -> Sequence[object]:
    try:
        whole: object = json.loads(text)
    except json.JSONDecodeError as error:
        if not error.msg.startswith("Extra data"):
            raise InputError(
                f"{name}: not JSON (line {error.lineno}: {error.msg}); expected a result of {FORMS}"
            ) from error
        return _lines(text, name)
    except (RecursionError, ValueError) as error:
        raise InputError(f"{name}: not JSON that can be read: {error}") from error
    return cast(list[object], whole) if isinstance(whole, list) else [whole]


def _lines(text: str, name: str) -> list[object]:
    """JSON lines, as `vllm bench serve --append-result` writes them."""
    found: list[object] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            found.append(json.loads(line))
        except (RecursionError, ValueError) as error:
            raise InputError(f"{name}: line {number} is not JSON: {error}") from error
    return found


def _refusal(run: RawRun) -> str | None:
    if run.completed < _LEAST_REQUESTS:
        return f"{run.completed:,.0f} requests completed, fewer than {_LEAST_REQUESTS}"
    share = run.failed / (run.completed + run.failed)
    if share > _MOST_ERRORS:
        return f"{100 * share:.1f} % of the requests failed, more than {100 * _MOST_ERRORS:.0f} %"
    if run.output_tokens <= 1.0 or run.input_tokens < 1.0:
        return f"{run.input_tokens:g} + {run.output_tokens:g} tokens are no generation"
    if run.load_kind == "open" and run.tpot_ms is None:
        return "no time per output token, and the throughput of an open loop is that of arrivals"
    return None
