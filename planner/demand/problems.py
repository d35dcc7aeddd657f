"""Problems found while demand is worked out, in the form of the scenario's own problems.

A problem of a scenario field has an empty ``file`` and the field's path: whoever loaded the
scenario knows its file and lines. A problem of a trace or prompt file names that file and line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from planner.errors import InputError, Problem, ScenarioError

__all__ = ["attempt", "did_you_mean", "field_error", "file_error"]

_SUGGESTION_CUTOFF = 0.6

T = TypeVar("T")


def field_error(path: str, message: str) -> ScenarioError:
    """An error at one scenario field, by its dotted path."""
    return ScenarioError((Problem(file="", path=path, message=message),))


def file_error(file: str, *lines: tuple[int | None, str], path: str = "") -> ScenarioError:
    """An error at lines of a file that the scenario names in the field ``path``."""
    return ScenarioError(
        tuple(Problem(file=file, line=line, path=path, message=text) for line, text in lines)
    )


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`` (did you mean `x`?)`` for the nearest known name, or nothing."""
    import difflib

    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=_SUGGESTION_CUTOFF)
    return f" (did you mean `{near[0]}`?)" if near else ""


def attempt(problems: list[Problem], path: str, step: Callable[[], T]) -> T | None:
    """The result of ``step``; None, with its problems added to ``problems``, when it fails.

    ``path`` is the scenario field to blame when the error does not say.
    """
    try:
        return step()
    except ScenarioError as error:
        problems.extend(error.problems)
    except InputError as error:
        problems.append(Problem(file="", path=path, message=error.message))
    return None
