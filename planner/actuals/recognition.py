"""Whether files are of the source they are imported as, and of which they are if not."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

from planner.actuals.reading import GoodRow, open_rows
from planner.actuals.sources import SourceSpec, fitting_sources
from planner.actuals.values import Row
from planner.errors import Problem, ScenarioError

__all__ = ["belongs", "check_source", "sample_rows"]

_SAMPLE_ROWS = 200


def sample_rows(path: Path) -> tuple[list[Row], str]:
    """The first rows of a file that can be read, and why the first other one cannot."""
    with open_rows(path) as reader:
        rows = list(itertools.islice(reader.rows, _SAMPLE_ROWS))
    reasons = [f"line {row.line}: {row.reason}" for row in rows if not isinstance(row, GoodRow)]
    return [row.data for row in rows if isinstance(row, GoodRow)], next(iter(reasons), "")


def belongs(spec: SourceSpec, path: Path) -> bool:
    """Whether a file found in a folder is of the source; others in there are left alone."""
    rows, _ = sample_rows(path)
    return any(spec.fits(row) for row in rows) or (bool(rows) and _is_empty_page(rows))


def check_source(spec: SourceSpec, paths: Sequence[Path]) -> None:
    """ScenarioError with every file that is of another source, or of none."""
    problems = [problem for path in paths if (problem := _problem(spec, path)) is not None]
    if problems:
        raise ScenarioError(tuple(problems))


def _problem(spec: SourceSpec, path: Path) -> Problem | None:
    rows, reason = sample_rows(path)
    if any(spec.fits(row) for row in rows):
        return None
    if not rows:
        # An empty file is an hour without calls; one that cannot be read is a mistake.
        return _said(path, f"nothing can be read from it: {reason}") if reason else None
    if _is_empty_page(rows):
        return None
    found = fitting_sources(rows)
    if found:
        names = " or ".join(f"`{each.name}`" for each in found[:2])
        return _said(
            path, f"is not {spec.title}; it looks like {found[0].title} (did you mean {names}?)"
        )
    seen = ", ".join(sorted({key for row in rows for key in row})[:12])
    return _said(path, f"is not {spec.title}: it has {seen}; needed are {spec.fields}")


def _is_empty_page(rows: Sequence[Row]) -> bool:
    """A page of a report without results: nothing was used then."""
    return all(row.get("data") == [] or row.get("results") == [] for row in rows)


def _said(path: Path, message: str) -> Problem:
    return Problem(file=str(path), message=message)
