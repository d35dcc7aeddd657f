"""Rules about what a scenario names outside itself: files beside it, the time zone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from planner.scenario.given import Given, Rule
from planner.scenario.scalars import shown
from planner.scenario.shape import did_you_mean
from planner.scenario.yaml_marks import Finding, Path

__all__ = ["OUTSIDE_RULES"]


_Kind = Literal["file", "folder", "either"]


def _named_files(scenario: Given) -> Iterator[tuple[Path, str, _Kind]]:
    """Place and name of each, and what it has to be."""
    for keys in (("trace", "file"), ("input_tokens", "files"), ("output_tokens", "files")):
        for path, name in scenario.texts("workload", *keys):
            yield path, name, "file"
    for path, name in scenario.texts("prices", "snapshot"):
        yield path, name, "file"
    for path, name in scenario.texts("levers", "semantic_cache", "pairs"):
        yield path, name, "file"
    for option in scenario.sections("options", "selfhost"):
        for path, name in option.texts("measured"):
            yield path, name, "either"
        for key in ("profiles", "config"):
            for path, name in option.texts(key):
                yield path, name, "folder"


def _files(scenario: Given) -> Iterator[Finding]:
    for path, name, kind in _named_files(scenario):
        target = scenario.base_dir / name
        try:
            is_file, is_folder = target.is_file(), target.is_dir()
            if (is_file and kind != "folder") or (is_folder and kind != "file"):
                continue
            why = "is not there"
            if is_file or is_folder:
                why = f"is a {'folder' if is_folder else 'file'}, not a {kind}"
        except (OSError, ValueError) as error:
            why = f"cannot be read ({error})"
        yield Finding(
            path=path,
            message=f"{shown(name)} {why}; file names are relative to the scenario's own folder"
            f"{_near_file(scenario, name)}",
        )


def _near_file(scenario: Given, name: str) -> str:
    folder = (scenario.base_dir / name).parent
    try:
        names = [entry.name for entry in folder.iterdir() if entry.is_file()]
    except (OSError, ValueError):
        return ""
    return did_you_mean(name.rpartition("/")[2], names)


def _timezone(scenario: Given) -> Iterator[Finding]:
    name = scenario.text("timezone")
    if name is None or name == "UTC":
        return
    from zoneinfo import ZoneInfo, available_timezones

    try:
        ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        known = available_timezones()
        if not known:
            message = "this machine has no time zone data; install the package `tzdata`"
        else:
            message = (
                f"{shown(name)} is no IANA time zone such as Europe/Berlin"
                f"{did_you_mean(name, known)}"
            )
        yield scenario.find(message, "timezone")


OUTSIDE_RULES: tuple[Rule, ...] = (_files, _timezone)
