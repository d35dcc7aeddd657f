"""Every error a user can meet, and the exit code it ends the command with.

PlannerError
├── InputError              exit 2: usage, YAML, schema, unknown model or GPU, unreadable file
│   ├── ScenarioError       all problems of one scenario file at once
│   ├── PriceFileError      a price snapshot or overlay that cannot be read
│   ├── PlanFileError       a saved plan that cannot be read
│   └── MissingExtra        an optional package is not installed
├── PriceError              exit 3: a price is missing or too old for the gate that was asked for
└── GateFailed              exit 1: a rule the user set, with the numbers that broke it
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "EXIT_BAD_INPUT",
    "EXIT_GATE_FAILED",
    "EXIT_INCOMPLETE",
    "EXIT_INTERNAL",
    "EXIT_INTERRUPTED",
    "EXIT_OK",
    "GateFailed",
    "InputError",
    "MissingExtra",
    "PlanFileError",
    "PlannerError",
    "PriceError",
    "PriceFileError",
    "Problem",
    "ScenarioError",
]

EXIT_OK = 0
EXIT_GATE_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_INCOMPLETE = 3
EXIT_INTERNAL = 70
EXIT_INTERRUPTED = 130


class PlannerError(Exception):
    """An error with a message for the user, never shown as a traceback."""

    exit_code = EXIT_INTERNAL

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InputError(PlannerError):
    """What the user gave cannot be used."""

    exit_code = EXIT_BAD_INPUT


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong in one file.

    ``file`` is a path as the user gave it, or the option (``--set a.b=1``) the value came from.
    ``line`` and ``column`` are 1-based, None where the problem has no place in the file.
    ``path`` is the dotted field (``workload.requests_per_day``), empty for the whole document.
    ``source_line`` is the text of that line, for the caret display.
    """

    file: str
    message: str
    path: str = ""
    line: int | None = None
    column: int | None = None
    source_line: str | None = None


class ScenarioError(InputError):
    """All problems of one or more scenario files."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        count = len(problems)
        super().__init__(f"{count} problem{'' if count == 1 else 's'}")
        self.problems = problems


class PriceFileError(InputError):
    """A price snapshot or overlay file that cannot be read or fails its own checks."""


class PlanFileError(InputError):
    """A saved plan that cannot be read, or whose content does not match its hash."""


class MissingExtra(InputError):
    """An optional package is not installed."""

    def __init__(self, extra: str, needed_for: str) -> None:
        super().__init__(
            f"{needed_for} needs the extra `{extra}`: uv pip install 'llm-serving-planner[{extra}]'"
        )


class PriceError(PlannerError):
    """A price is missing where one is needed, or older than the gate allows."""

    exit_code = EXIT_INCOMPLETE


class GateFailed(PlannerError):
    """A rule the user set was broken."""

    exit_code = EXIT_GATE_FAILED
