"""Breaks single rows of the golden exports and sees that all others come in.

Run as a program for the full number: ``python -m tests.actuals.mutations 2000`` from the root.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from planner.actuals import SOURCES, SourceName, Usage, source_spec
from planner.actuals.columns import CONTENT_COLUMNS, FileOrigin, StagedRow, staged_table
from planner.actuals.sources import FileFacts
from planner.actuals.staging import stage_file
from tests.actuals.support import EXPORTED, EXPORTS, NOW, NoPrices, read

__all__ = ["check", "golden"]

_WRONG: tuple[Any, ...] = (
    None,
    "",
    "many",
    -1,
    1.5,
    10**40,
    "1e999",
    "NaN",
    "Infinity",
    True,
    [],
    {},
    [[1]],
    {"a": {"b": 1}},
    "\ud800",
    "\x00",
    "2026-13-45",
    "x" * 5000,
    '{"a": [',
)
_BYTES = (b"\x00", b"\xff", b'"', b"{", b"}", b",", b"\\", b"\r", b"[", b"9")


def golden(source: SourceName) -> Path:
    """The golden file of a source."""
    return next(path for path in EXPORTS.glob(f"{source}.*"))


def check(source: SourceName, seed: int, folder: Path) -> str:
    """Break one row of a golden file; what was done to it. AssertionError when more is lost."""
    draws = random.Random(f"{source} {seed}")
    path = golden(source)
    content = path.read_bytes()
    if source == "vllm":
        broken, untouched, what = _broken_line(content, draws, header=0), [], "sample"
    elif path.suffix == ".json":
        broken, untouched, what = _broken_bucket(path, content, draws)
    else:
        broken, untouched, what = _broken_row(path, content, draws)
    mutated = folder / f"mutated{path.suffix}"
    mutated.write_bytes(broken)
    found = _staged(source, mutated, folder / "staging")
    expected = Counter(untouched)
    lost = expected - Counter(found)
    assert not lost, f"{source} seed {seed} ({what}): lost {lost}"
    return what


def _staged(source: SourceName, path: Path, folder: Path) -> list[str]:
    """Records of a file that went through all of the import but the commit."""
    import shutil

    import pyarrow.parquet as parquet

    shutil.rmtree(folder, ignore_errors=True)
    spec = source_spec(source)
    staged = stage_file(
        path,
        spec,
        _origin(source),
        FileFacts(exported_at=EXPORTED, label_paths={}),
        NoPrices(),
        folder,
        lambda bytes_read: None,
    )
    rows = [row for chunk in staged.chunks for row in parquet.read_table(chunk.path).to_pylist()]
    return [repr([row[name] for name in CONTENT_COLUMNS]) for row in rows]


def _broken_line(content: bytes, draws: random.Random, *, header: int) -> bytes:
    lines = content.splitlines(keepends=True)
    index = draws.randrange(header, len(lines))
    lines[index] = _spoilt(lines[index].rstrip(b"\n"), draws) + b"\n"
    return b"".join(lines)


def _spoilt(line: bytes, draws: random.Random) -> bytes:
    """A line with bytes changed, taken out, put in, or its end gone; never a new line."""
    place = draws.randrange(len(line) + 1)
    kind = draws.randrange(4)
    if kind == 0:
        return line[:place]
    if kind == 1:
        return line[:place] + draws.choice(_BYTES) + line[place + 1 :]
    if kind == 2:
        return line[:place] + draws.choice(_BYTES) + line[place:]
    return line[:place] + line[place + draws.randrange(1, 20) :]


def _broken_row(path: Path, content: bytes, draws: random.Random) -> tuple[bytes, list[str], str]:
    """One line of JSON lines or CSV spoilt, as bytes or in one value."""
    lines = content.splitlines(keepends=True)
    header = 1 if path.suffix == ".csv" else 0
    index = draws.randrange(header, len(lines))
    others = b"".join(lines[:index] + lines[index + 1 :])
    untouched = _contents(path, others)
    if path.suffix == ".jsonl" and draws.random() < 0.5:
        row = json.loads(lines[index])
        what = _spoil_value(row, draws)
        lines[index] = json.dumps(row).encode("utf-8", "surrogatepass") + b"\n"
    else:
        lines[index] = _spoilt(lines[index].rstrip(b"\n"), draws) + b"\n"
        what = "bytes"
    return b"".join(lines), untouched, what


def _spoil_value(row: Any, draws: random.Random) -> str:
    """Replace a value somewhere in a JSON document, or take it out."""
    place, key = draws.choice(list(_places(row)))
    if isinstance(place, dict) and draws.random() < 0.2:
        del place[key]
        return f"without {key}"
    wrong = draws.choice(_WRONG)
    place[key] = wrong
    return f"{key} = {str(wrong)[:20]!r}"


def _places(value: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(pairs):
        found.append((value, key))
        if isinstance(inner, dict | list):
            found += _places(inner)
    return found


def _broken_bucket(
    path: Path, content: bytes, draws: random.Random
) -> tuple[bytes, list[str], str]:
    """A page with a good bucket before and after the broken one."""
    document = json.loads(content)
    good = document["data"][0]
    before, after = _moved(good, -1), _moved(good, 1)
    untouched = _contents(path, json.dumps({"data": [before, after]}).encode())
    middle = json.loads(json.dumps(good))
    if draws.random() < 0.5:
        what = _spoil_value(middle, draws)
        spoilt = json.dumps(middle)
    else:
        what = "bytes"
        raw = _spoilt(json.dumps(middle).encode(), draws)
        spoilt = raw.decode("utf-8", "surrogateescape")
    page = ",\n".join((json.dumps(before), spoilt, json.dumps(after)))
    return f'{{"data": [{page}]}}'.encode("utf-8", "surrogateescape"), untouched, what


def _moved(bucket: dict[str, Any], days: int) -> dict[str, Any]:
    """The same bucket of another day."""
    moved = dict(bucket)
    for name in ("start_time", "end_time"):
        if name in moved:
            moved[name] += 86_400 * days
    for name in ("starting_at", "ending_at"):
        if name in moved:
            moved[name] = (
                moved[name].replace("-20T", f"-{20 + days}T").replace("-21T", f"-{21 + days}T")
            )
    return moved


def _contents(path: Path, content: bytes) -> list[str]:
    """What the rows of some content come to, each as the store says it."""
    source: SourceName = path.name.partition(".")[0]  # pyright: ignore[reportAssignmentType]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"good{path.suffix}"
        file.write_bytes(content)
        return [_content(usage, source) for usage in read(source, file).usages]


def _content(usage: Usage, source: SourceName) -> str:
    row = StagedRow(usage=usage, line=1, item=0, price=NoPrices().price(usage))
    table = staged_table([row], _origin(source), keyed_by_place=False)
    return repr([table[name][0].as_py() for name in CONTENT_COLUMNS])


def _origin(source: SourceName) -> FileOrigin:
    return FileOrigin(
        source=source, file="f", sha256="0" * 64, exported_at=EXPORTED, ingested_at=NOW
    )


def _main(count: int, report: Callable[[str], object]) -> None:
    for source in SOURCES:
        with tempfile.TemporaryDirectory() as folder:
            for seed in range(count):
                check(source, seed, Path(folder))
        report(f"{source}: {count} broken files, no good row lost\n")


if __name__ == "__main__":
    _main(int(sys.argv[1]), sys.stdout.write)
