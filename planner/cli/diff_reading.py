"""Reads both sides of a comparison; what is equal on both is read and answered once."""

from __future__ import annotations

import filecmp
import json
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from planner.cli.diff_sources import SCENARIO_ENDINGS, Place, files_below
from planner.diff.pricing import Given, PriceBook
from planner.diff.rooted import files_in, with_files
from planner.errors import InputError, PlannerError, Problem, ScenarioError
from planner.files import read_text

if TYPE_CHECKING:
    from planner.catalog import Snapshot
    from planner.decision import Plan
    from planner.scenario import Scenario

__all__ = ["Found", "FoundPlan", "FoundScenario", "Reader"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundScenario:
    """A scenario on both sides; None where it is not there."""

    name: str
    file: str
    before: Given | None
    after: Given | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPlan:
    """A saved plan on both sides; None where it is not there.

    ``given`` are the scenarios that both were made from, None unless the prices are at hand.
    """

    name: str
    file: str
    before: Plan | None
    after: Plan | None
    given: tuple[Given, Given] | None = None


# ``file`` is what reports call the file, the head's where it has one.
Found = FoundScenario | FoundPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A scenario as written, and as compared."""

    path: Path
    text: str
    written: Scenario
    given: Given


class Reader:
    """Reads scenarios and plans; ``skipped`` tells what else a folder holds, ``notes`` what could
    not be read.
    """

    def __init__(self, *, prices_file: Path | None, as_of: date | None) -> None:
        self._prices_file = prices_file
        self._as_of = as_of
        self._snapshots: dict[Path | None, Snapshot] = {}
        self.skipped: list[str] = []
        self.notes: list[str] = []

    def both(self, base: Place, head: Place) -> list[Found]:
        """Everything of both sides, matched by relative path, sorted by it.

        ScenarioError with the problems of all files; InputError when neither side has anything.
        """
        if base.path.exists() and head.path.exists() and base.path.is_dir() != head.path.is_dir():
            raise InputError(f"{base.shown} and {head.shown}: a folder and a file are no pair")
        before, after = files_below(base, self.skipped), files_below(head, self.skipped)
        problems: list[Problem] = []
        found: list[Found] = []
        for key in sorted(before.keys() | after.keys()):
            try:
                found.append(self._pair(key, base, before.get(key), head, after.get(key)))
            except ScenarioError as error:
                problems += error.problems
        if problems:
            raise ScenarioError(tuple(problems))
        if not found:
            raise InputError(
                f"{head.shown}: no scenario and no saved plan, neither there nor before"
            )
        return _with_names(found)

    def _pair(
        self, key: str, base: Place, before: Path | None, head: Place, after: Path | None
    ) -> Found:
        paths = [path for path in (before, after) if path is not None]
        are_plans = [path.suffix not in SCENARIO_ENDINGS for path in paths]
        if any(are_plans):
            if not all(are_plans):
                raise InputError(
                    f"{paths[0]} and {paths[1]}: a scenario and a saved plan; compare two of a kind"
                )
            return self._plans(key, base, before, head, after)
        now = None if after is None else self._scenario(head, after, None)
        then = None if before is None else self._base_scenario(base, before, now)
        either = now or then
        assert either is not None
        return FoundScenario(
            name=either.written.id,
            file=either.given.file,
            before=None if then is None else then.given,
            after=None if now is None else now.given,
        )

    def _base_scenario(self, base: Place, path: Path, now: _Read | None) -> _Read | None:
        """The base's version; a commit whose version is broken cannot be mended there."""
        try:
            return self._scenario(base, path, now)
        except ScenarioError as error:
            if base.top is None or now is None:
                raise
            said = f"{base.name_of(path)} cannot be read ({error.message}): all of it is new"
            self.notes.append(said)
            return None

    def _scenario(self, place: Place, path: Path, twin: _Read | None) -> _Read:
        text = read_text(path)
        if twin is not None and twin.text == text:
            written, lines = twin.written, twin.given.lines
        else:
            written, lines = self._loaded(place, path)
        if twin is not None and twin.text == text and _same_files(written, path, twin.path):
            scenario = twin.given.scenario
        else:
            scenario = with_files(written, lambda name: _in_full(name, path, twin))
        given = Given(
            scenario=scenario,
            file=place.name_of(path),
            book=self._book(place, path, written),
            lines=lines,
        )
        return _Read(path=path, text=text, written=written, given=given)

    def _loaded(self, place: Place, path: Path) -> tuple[Scenario, dict[str, int]]:
        from planner.catalog.references import reference_rules
        from planner.scenario import load_scenario

        try:
            loaded = load_scenario(path, rules=reference_rules(self._prices_file))
        except ScenarioError as error:
            named = (replace(each, file=place.name_of(path)) for each in error.problems)
            raise ScenarioError(tuple(named)) from error
        lines = {field: line for field, (line, _) in loaded.line_of.items()}
        return loaded.scenario, lines

    def _book(self, place: Place, path: Path, scenario: Scenario) -> PriceBook:
        from planner.catalog.snapshot import find_snapshot, load_snapshot

        file, _ = find_snapshot(self._prices_file, scenario.prices.snapshot, path.parent)
        if file is not None and file != self._prices_file and not place.holds(file):
            file = None
        if file not in self._snapshots:
            name = None if file is None else place.name_of(file)
            self._snapshots[file] = load_snapshot(file, name)
        return PriceBook(
            snapshot=self._snapshots[file], committed=file is not None, as_of=self._as_of
        )

    # --- Saved plans ---

    def _plans(
        self, key: str, base: Place, before: Path | None, head: Place, after: Path | None
    ) -> FoundPlan:
        from planner.decision import read_plan

        then = None if before is None else read_plan(before)
        now = None if after is None else read_plan(after)
        either = now or then
        assert either is not None
        given = None
        if before is not None and after is not None and then is not None and now is not None:
            pair = self._plan_given(base, before, then), self._plan_given(head, after, now)
            given = None if pair[0] is None or pair[1] is None else (pair[0], pair[1])
        return FoundPlan(
            name=str(either.content.get("scenario_id") or key or "plan"),
            file=head.name_of(after) if after is not None else base.name_of(before or base.path),
            before=then,
            after=now,
            given=given,
        )

    def _plan_given(self, place: Place, path: Path, plan: Plan) -> Given | None:
        """The scenario inside a plan; None when it, or the prices it was made at, cannot be had."""
        from planner.scenario import parse_scenario

        try:
            written = parse_scenario(json.dumps(plan.content["scenario"]), path=path).scenario
            prices = plan.content["prices"]
            day, sha = date.fromisoformat(prices["as_of"]), str(prices["snapshot_sha256"])
            book = replace(self._book(place, path, written), as_of=day)
        except (PlannerError, KeyError, TypeError, ValueError):
            return None
        if book.snapshot.sha256 != sha:
            return None
        scenario = with_files(written, lambda name: str((path.parent / name).absolute()))
        return Given(scenario=scenario, file=place.name_of(path), book=book, lines={})


def _with_names(found: list[Found]) -> list[Found]:
    """Scenarios of the same id are called by their file, too."""
    names = Counter(each.name for each in found)
    return [
        replace(each, name=f"{each.name} ({each.file})") if names[each.name] > 1 else each
        for each in found
    ]


def _same_files(scenario: Scenario, one: Path, other: Path) -> bool:
    """Whether what a scenario names is the same beside both files."""
    return all(_same(one.parent / name, other.parent / name) for name in files_in(scenario))


def _in_full(name: str, path: Path, twin: _Read | None) -> str:
    """The twin's file where both are the same, so that equal fields compare equal."""
    own = path.parent / name
    if twin is not None and _same(own, twin.path.parent / name):
        return str((twin.path.parent / name).absolute())
    return str(own.absolute())


def _same(one: Path, other: Path) -> bool:
    if one.absolute() == other.absolute():
        return True
    if one.is_dir() and other.is_dir():
        inside = [sorted(p.relative_to(d).as_posix() for p in d.rglob("*")) for d in (one, other)]
        return inside[0] == inside[1] and all(
            (one / name).is_dir() or _same(one / name, other / name) for name in inside[0]
        )
    try:
        return filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False
