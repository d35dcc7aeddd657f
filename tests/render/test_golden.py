"""Whole reports of one scenario on pinned prices, as they were last reviewed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import CliResult

Run = Callable[..., CliResult]
Golden = Callable[[str, str], None]

REPORTS = [
    ("recommend.txt", ("recommend", "small.yaml")),
    ("recommend.md", ("recommend", "small.yaml", "--format", "markdown")),
    ("recommend.json", ("recommend", "small.yaml", "--format", "json")),
    ("recommend.csv", ("recommend", "small.yaml", "--format", "csv")),
    ("recommend-wide.txt", ("recommend", "small.yaml", "--wide")),
    ("recommend-explain.txt", ("recommend", "small.yaml", "--explain-path", "runner_up")),
    ("tco.txt", ("tco", "small.yaml")),
    ("tco.json", ("tco", "small.yaml", "--format", "json")),
    ("breakeven.txt", ("breakeven", "small.yaml", "--api", "large API")),
    ("breakeven.json", ("breakeven", "small.yaml", "--api", "large API", "--format", "json")),
]


@pytest.mark.parametrize(("name", "args"), REPORTS, ids=[name for name, _ in REPORTS])
def test_report_is_as_reviewed(
    run_cli: Run,
    check_golden: Golden,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    args: tuple[str, ...],
) -> None:
    monkeypatch.chdir(Path(__file__).parent / "fixtures")
    result = run_cli(*args, "--as-of", "2026-11-21", "-q")
    assert (result.code, result.stderr) == (0, "")
    check_golden(f"render/{name}", result.stdout)


@pytest.mark.parametrize("width", ["40", "60", "80", "120"])
def test_no_number_is_cut_at_any_width(
    run_cli: Run, monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    monkeypatch.chdir(Path(__file__).parent / "fixtures")
    monkeypatch.setenv("COLUMNS", width)
    text = run_cli("recommend", "small.yaml", "--as-of", "2026-11-21", "-q").stdout
    total = next(line for line in text.splitlines() if line.startswith("chosen "))
    assert "$1,709." in total
    assert "…" not in text
