"""`kill -9` at random moments of an import in a process of its own."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from planner.actuals import open_store
from planner.errors import InputError
from tests.actuals.support import imported, state, totals

_FILES, _ROWS, _SHARED = 6, 120, 20
# Small chunks and commits, so that there is much to be killed in. A line is written at every
# chunk of every file and at every commit.
_IMPORT = """
import sys
from pathlib import Path
from planner.actuals import commit, importing, staging
from tests.actuals.support import imported

staging._CHUNK_ROWS = 30
importing._COMMIT_FILES = 2

def saying(module, name):
    real = getattr(module, name)
    def said(*args, **kwargs):
        print(name, flush=True)
        return real(*args, **kwargs)
    setattr(module, name, said)

for module, name in (
    (staging, "write_atomic"), (staging, "staged_table"), (commit, "write_manifest"),
    (commit._Merge, "_placed"), (commit._Merge, "_find_losers"), (commit, "_place"),
):
    saying(module, name)
imported(Path(sys.argv[1]), "litellm", [Path(name) for name in sys.argv[2:]])
"""


def _files(folder: Path) -> list[Path]:
    """Files that overlap: the last rows of each are the first of the next; some rows are bad."""
    paths: list[Path] = []
    for index in range(_FILES):
        first = index * (_ROWS - _SHARED)
        lines = [_line(number) for number in range(first, first + _ROWS)]
        path = folder / f"{index}.jsonl"
        path.write_text("".join(lines), encoding="utf-8")
        paths.append(path)
    return paths


def _line(number: int) -> str:
    if number % 40 == 7:
        return "not JSON\n"
    row = {
        "request_id": f"r{number}",
        "call_type": "acompletion",
        "startTime": f"2026-11-{10 + number % 5}T10:00:00Z",
        "endTime": f"2026-11-{10 + number % 5}T10:00:01Z",
        "spend": 0.001,
        "prompt_tokens": 100,
        "completion_tokens": 10,
        "model": "gpt-4o",
        "custom_llm_provider": "openai",
    }
    return json.dumps(row) + "\n"


def _run(root: Path, store: Path, files: list[Path], kill_at: int | None) -> bool:
    """Import in a process of its own, killed after so many lines; whether it came to its end."""
    process = subprocess.Popen(
        [sys.executable, "-c", _IMPORT, str(store), *map(str, files)],
        cwd=root,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for count, _ in enumerate(process.stdout, start=1):
        if count == kill_at:
            process.kill()
            break
    process.stdout.close()
    return process.wait() == 0


@pytest.mark.parametrize("seed", range(2))
def test_an_import_killed_at_random_moments_counts_every_row_once(
    root: Path, tmp_path: Path, seed: int
) -> None:
    files = _files(tmp_path)
    store, whole = tmp_path / "store", tmp_path / "whole"
    imported(whole, "litellm", files)
    count = totals(whole)[0]
    # 120 rows of the first file and 100 new ones of each other, less the bad ones.
    assert count == 620 - len([n for n in range(620) if n % 40 == 7])
    draws = random.Random(seed)
    for _ in range(3):
        _run(root, store, files, kill_at=draws.randint(1, 25))
        try:
            seen = totals(store)
        except InputError:
            # Killed before the first commit.
            continue
        # What is there is whole: no row twice, no row without its tokens.
        assert (seen[2], seen[4]) == (100 * seen[0], Decimal("0.001") * seen[0])
    assert _run(root, store, files, kill_at=None)
    assert state(store) == state(whole)
    assert list(open_store(store).quarantined()) == list(open_store(whole).quarantined())
