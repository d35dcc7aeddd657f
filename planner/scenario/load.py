"""Reads a scenario file: YAML, overrides, schema and rules, all problems at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path as FilePath

from pydantic import ValidationError

from planner.errors import Problem, ScenarioError
from planner.scenario.checks import RULES
from planner.scenario.given import Given, Rule
from planner.scenario.model import Scenario
from planner.scenario.outside import OUTSIDE_RULES
from planner.scenario.overrides import apply_sets
from planner.scenario.problems import dotted, findings_of, to_problems
from planner.scenario.scalars import Data, shown, value_at
from planner.scenario.yaml_marks import Document, Finding, compose

__all__ = ["LoadedScenario", "load_scenario", "parse_scenario"]

# The largest real scenario is about 20 KiB; a larger file is a mistake (a trace, a log).
_LARGEST_BYTES = 1024 * 1024

# Longer marks first: that of UTF-32 begins with that of UTF-16.
_BOMS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)


@dataclass(frozen=True, kw_only=True)
class LoadedScenario:
    """A valid scenario, and where in the file each of its fields was written.

    ``places`` has every written key and value by its path; ``base_dir`` is the folder that file
    names in the scenario are relative to.
    """

    scenario: Scenario
    path: FilePath
    base_dir: FilePath
    document: Document

    @cached_property
    def line_of(self) -> Mapping[str, tuple[int, int]]:
        """Dotted path -> (line, column) of what the file says there, 1-based; no defaults."""
        return {
            dotted(path): (place.line, place.column)
            for path, place in self.document.values.items()
            if path and place.file is None and place.line and place.column
        }

    @cached_property
    def given_paths(self) -> frozenset[str]:
        """Dotted paths of the fields that are written, in the file or by ``--set``."""
        return frozenset(dotted(path) for path in self.document.values if path)

    def place(self, path: str) -> str | None:
        """``scenario.yaml:4`` or ``--set a.b=1`` for a written field; None for a default.

        A part of a value written in short form (``workload.input_tokens.mean``) stands where the
        short form stands.
        """
        parts = tuple(int(part) if part.isdigit() else part for part in path.split("."))
        place = self.document.values.get(parts)
        around = value_at(self.document.data, parts[:-1])
        if place is None and around is not None and not isinstance(around, dict):
            place = self.document.values.get(parts[:-1])
        if place is None:
            return None
        return place.file or f"{self.path}:{place.line}"

    def locate(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """Give problems that only name a field (``file`` empty) their file, line and column."""
        return tuple(problem if problem.file else self._located(problem) for problem in problems)

    def _located(self, problem: Problem) -> Problem:
        parts = tuple(int(p) if p.isdigit() else p for p in problem.path.split(".") if p)
        finding = Finding(path=parts, message=problem.message)
        found = to_problems([finding], self.document, str(self.path))[0]
        return replace(found, path=problem.path)


def load_scenario(
    path: FilePath, sets: Sequence[str] = (), rules: Sequence[Rule] = ()
) -> LoadedScenario:
    """Read the scenario at ``path`` with the overrides ``sets`` (``PATH=VALUE``).

    ``rules`` are further checks, such as those against the price catalog. Raises ScenarioError
    with every problem of the file, sorted by line.
    """
    text = _read(path)
    return parse_scenario(text, path=path, sets=sets, rules=(*OUTSIDE_RULES, *rules))


def parse_scenario(
    text: str, *, path: FilePath, sets: Sequence[str] = (), rules: Sequence[Rule] = ()
) -> LoadedScenario:
    """The scenario in ``text``, read as if it stood in ``path``; opens no file of its own."""
    document = compose(text)
    findings: list[Finding] = []
    scenario: Scenario | None = None
    if document.data is not None:
        findings = apply_sets(document, sets)
        version = _wrong_version(document.data)
        if version is not None:
            findings.append(version)
        else:
            scenario, more = _validated(document, document.data, path.parent, (*RULES, *rules))
            findings += more
    # Not earlier: an override takes away the problems of what it replaces.
    findings = [*document.findings, *findings]
    if findings or scenario is None:
        raise ScenarioError(tuple(to_problems(findings, document, str(path))))
    return LoadedScenario(scenario=scenario, path=path, base_dir=path.parent, document=document)


def _validated(
    document: Document, data: dict[str, Data], base_dir: FilePath, rules: Sequence[Rule]
) -> tuple[Scenario | None, list[Finding]]:
    """The scenario when its fields are valid, and what the schema and the rules find."""
    scenario: Scenario | None = None
    found: list[Finding] = []
    unread = set(document.unread)
    try:
        scenario = Scenario.model_validate(data)
    except ValidationError as error:
        found = list(findings_of(error, data))
        # A misspelt key is there in its way: the field it means is not missing as well.
        unread |= {finding.meant for finding in found if finding.meant is not None}
        found = [
            finding
            for finding in found
            if not any(finding.path[:end] in unread for end in range(1, len(finding.path) + 1))
        ]
    bad = unread | {finding.path for finding in found}
    given = Given.of(data, bad, base_dir)
    for rule in rules:
        found.extend(rule(given))
    return scenario, found


def _wrong_version(data: Mapping[str, Data]) -> Finding | None:
    """A version that is not 1 makes every other message worthless, so it stands alone."""
    version = data.get("version")
    if version is None:
        return None
    if not isinstance(version, int) or isinstance(version, bool):
        message = f"must be the number 1, got {shown(version)}; write `version: 1`"
    elif version == 1:
        return None
    elif version < 1:
        message = f"there is no version {version}; the first is 1: write `version: 1`"
    else:
        message = (
            f"is {version}, this planner reads version 1; the file was written for a newer one: "
            "upgrade it (`uv tool upgrade llm-serving-planner`), or write the file anew from "
            "`planner init` with `version: 1`"
        )
    return Finding(path=("version",), message=message)


def _read(path: FilePath) -> str:
    """The text of a file; ScenarioError, with the line, when it is not UTF-8 text."""
    try:
        with path.open("rb") as handle:
            raw = handle.read(_LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise _unreadable(path, f"cannot read the file: {reason}") from None
    if len(raw) > _LARGEST_BYTES:
        raise _unreadable(path, "larger than 1 MiB, which no scenario is; name the scenario file")
    for bom, encoding in _BOMS:
        if raw.startswith(bom):
            raise _unreadable(path, f"the file is {encoding} (byte order mark); save it as UTF-8")
    try:
        return raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = len(before) - (before.rfind(b"\n") + 1) + 1
        message = f"the byte 0x{raw[error.start]:02x} is not UTF-8 text; save the file as UTF-8"
        raise _unreadable(path, message, line, column) from None


def _unreadable(
    path: FilePath, message: str, line: int | None = None, column: int | None = None
) -> ScenarioError:
    return ScenarioError((Problem(file=str(path), message=message, line=line, column=column),))
