"""Errors as the user reads them: place, sentence, source line with a caret; marks for CI logs."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from planner.errors import PlannerError, Problem, ScenarioError

__all__ = ["github_annotations", "render_error"]

# GitHub shows ten annotations of a kind per step and drops the rest.
_MOST_ANNOTATIONS = 10
_WIDEST_SOURCE = 120
_KEEP_BEFORE_CARET = 80


def render_error(error: PlannerError) -> str:
    """The text for standard error, without a final newline."""
    if isinstance(error, ScenarioError):
        problems = _in_file_order(error.problems)
        blocks = [*map(_render_problem, problems), error.message]
        return "\n".join(blocks)
    lines = [f"error: {printable(error.message)}"]
    if error.hint is not None:
        lines.append(f"hint: {printable(error.hint)}")
    return "\n".join(lines)


def github_annotations(error: PlannerError) -> list[str]:
    """Workflow commands that mark the problems in a GitHub Actions log, at most ten."""
    if not isinstance(error, ScenarioError):
        return []
    shown = _in_file_order(error.problems)[:_MOST_ANNOTATIONS]
    return [_annotation(problem) for problem in shown]


def printable(text: str) -> str:
    """``text`` with control characters as escapes, so that a file cannot drive the terminal."""
    return "".join(
        character
        if character == "\n" or unicodedata.category(character) not in ("Cc", "Cs")
        else character.encode("unicode_escape", "surrogatepass").decode("ascii")
        for character in text
    )


def _in_file_order(problems: Iterable[Problem]) -> list[Problem]:
    problems = tuple(problems)
    files = list(dict.fromkeys(problem.file for problem in problems))
    return sorted(
        problems,
        key=lambda problem: (files.index(problem.file), problem.line or 0, problem.column or 0),
    )


def _render_problem(problem: Problem) -> str:
    place = problem.file
    if problem.line is not None:
        place += f":{problem.line}:{problem.column or 1}"
    path = f"{problem.path}: " if problem.path else ""
    headline = printable(f"{place}: error: {path}{problem.message}")
    return "\n".join((headline, *_source_with_caret(problem)))


def _source_with_caret(problem: Problem) -> tuple[str, ...]:
    if problem.line is None or problem.source_line is None:
        return ()
    source = problem.source_line.rstrip("\r\n")
    column = min(problem.column or 1, len(source) + 1) - 1
    source, column = _clip(source, column)
    margin = f"{problem.line:>6} | "
    blank = " " * 6 + " | "
    # A tab stays a tab and a wide character two blanks, so that the caret stands below its place.
    lead = "".join(_blank_like(character) for character in source[:column])
    shown = "".join(c if c == "\t" else printable(c) for c in source)
    return (margin + shown, f"{blank}{lead}^")


def _clip(source: str, column: int) -> tuple[str, int]:
    if len(source) <= _WIDEST_SOURCE:
        return source, column
    start = max(0, column - _KEEP_BEFORE_CARET)
    return source[start : start + _WIDEST_SOURCE], column - start


def _blank_like(character: str) -> str:
    if character == "\t":
        return "\t"
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Mn"):
        return ""
    if unicodedata.east_asian_width(character) in ("W", "F"):
        return "  "
    return " " * len(printable(character))


def _annotation(problem: Problem) -> str:
    properties: list[str] = []
    if not problem.file.startswith("--"):
        properties.append(f"file={_escape_property(problem.file)}")
    if problem.line is not None:
        properties += [f"line={problem.line}", f"col={problem.column or 1}"]
    message = f"{problem.path}: {problem.message}" if problem.path else problem.message
    head = f"::error {','.join(properties)}" if properties else "::error"
    return f"{head}::{_escape_data(message)}"


def _escape_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")
