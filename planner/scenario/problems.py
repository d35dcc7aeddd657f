"""The validation library's errors as findings in our own words: what is there, what is right."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, cast

from pydantic import ValidationError

from planner.errors import Problem
from planner.scenario.scalars import Data, number_hint, shown, value_at
from planner.scenario.shape import did_you_mean, example_at, homes_of, known_keys, nearest
from planner.scenario.yaml_marks import Document, Finding, Path, Place

__all__ = ["dotted", "findings_of", "to_problems"]

_EMPTY = "is empty; write a value, or leave the key out"
_NEEDS_NO_QUOTES = re.compile(r"[A-Za-z][\w ./@-]*|[0-9]{4}-[0-9]{2}-[0-9]{2}")
# More keys or values than this are not listed in one message.
_MOST_LISTED = 12
# Longer source lines are no help under a message.
_LONGEST_SHOWN_LINE = 400


def dotted(path: Path) -> str:
    """``("options", "api", 0)`` as ``options.api.0``."""
    return ".".join(str(part) for part in path)


def findings_of(error: ValidationError, data: dict[str, Data]) -> Iterator[Finding]:
    """One finding for each error of a scenario model, at the path in the file's own data.

    A value that fits no branch of a union gives several errors; only those of the deepest path
    are kept.
    """
    found: dict[Path, Finding] = {}
    for details in error.errors(include_url=False):
        path, at_key = _path_in(data, details["loc"], details["type"])
        finding = Finding(
            path=path,
            message=_message(details["type"], path, dict(details)),
            at_key=at_key,
            meant=_meant(path) if details["type"] == "extra_forbidden" else None,
        )
        found.setdefault(path, finding)
    parents = {path[:end] for path in found for end in range(len(path))}
    for path, finding in found.items():
        if finding.at_key or path not in parents:
            yield finding


def _path_in(data: dict[str, Data], loc: tuple[int | str, ...], kind: str) -> tuple[Path, bool]:
    """The loc without the names of union branches, and whether it means the key itself."""
    path: Path = ()
    for i, part in enumerate(loc):
        parent = value_at(data, path)
        is_there = isinstance(parent, dict) and part in parent
        is_item = isinstance(parent, list) and isinstance(part, int) and part < len(parent)
        is_gap = kind == "missing" and i == len(loc) - 1 and isinstance(parent, dict)
        if is_there or is_item or is_gap:
            path = (*path, part)
    if kind.startswith("union_tag"):
        path = (*path, "kind")
    return path, kind == "extra_forbidden" or loc[-1:] == ("[key]",)


def _message(kind: str, path: Path, details: dict[str, Any]) -> str:
    given = details.get("input")
    context: dict[str, Any] = details.get("ctx") or {}
    if kind == "missing" or kind == "union_tag_not_found":
        return _missing(path, context)
    if kind == "extra_forbidden":
        return _unknown_key(path)
    if given is None:
        return _EMPTY
    if kind == "value_error":
        return _value_error(str(context.get("error", details["msg"])), path, given)
    if kind == "union_tag_invalid":
        return _one_of(str(context.get("expected_tags", "")), context.get("tag"))
    rewrite = _REWRITES.get(kind)
    if rewrite is not None:
        return rewrite(context, given)
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return _wants_mapping(path, given)
    return f"{details['msg']}, got {shown(given)}"


def _missing(path: Path, context: Mapping[str, Any]) -> str:
    key = path[-1] if path else ""
    if "discriminator" in context:
        return f"required and missing; add `{key}: llm`, `instance` or `service`"
    example = example_at(path)
    inside = [name for name in known_keys(path) if example_at((*path, name)) is not None]
    if example is not None:
        return f"required and missing; add for example `{key}: {_as_yaml(example)}`"
    if inside:
        return f"required and missing; add `{key}:` with {_listed(inside)} below it"
    return f"required and missing; add `{key}:`"


def _meant(path: Path) -> Path | None:
    near = nearest(str(path[-1]), known_keys(path[:-1]))
    return (*path[:-1], near) if near else None


def _unknown_key(path: Path) -> str:
    key = str(path[-1])
    known = known_keys(path[:-1])
    if near := nearest(key, known):
        return f"unknown key (did you mean `{near}`?)"
    homes = homes_of(key)
    if homes:
        return f"unknown key here (did you mean `{homes[0]}`?)"
    return f"unknown key; {_listed(known)} can stand here" if known else "unknown key"


def _value_error(text: str, path: Path, given: object) -> str:
    if isinstance(given, str) and "number" in text:
        hint = number_hint(given)
        if hint is not None:
            return f"{text}; {hint}"
    if text.startswith("must be") and "such as" not in text:
        example = example_at(path)
        if example is not None:
            return f"{text}; for example {_as_yaml(example)}"
    return text


def _wants_mapping(path: Path, given: object) -> str:
    known = known_keys(path)
    keys = f" with {_listed(known)}" if known else ""
    return f"must be a mapping{keys} below it, got {shown(given)}"


def _listed(names: Iterable[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    if len(quoted) > _MOST_LISTED:
        quoted = [*quoted[:_MOST_LISTED], "…"]
    return ", ".join(quoted)


def _as_yaml(example: object) -> str:
    if isinstance(example, str):
        return example if _NEEDS_NO_QUOTES.fullmatch(example) else f'"{example}"'
    if isinstance(example, bool):
        return "true" if example else "false"
    if isinstance(example, list):
        items = cast("list[object]", example)
        return f"[{', '.join(_as_yaml(item) for item in items)}]"
    if isinstance(example, dict):
        entries = cast("dict[object, object]", example)
        return f"{{{', '.join(f'{k}: {_as_yaml(v)}' for k, v in entries.items())}}}"
    return str(example)


def _one_of(expected: str, given: object) -> str:
    allowed = re.findall(r"'([^']*)'", expected) or re.findall(r"[^\s,]+", expected)
    allowed = [word for word in allowed if word != "or"]
    near = did_you_mean(given, allowed) if isinstance(given, str) else ""
    if len(allowed) == 1:
        return f"must be {allowed[0]}, got {shown(given)}"
    return f"must be one of {', '.join(allowed)}; got {shown(given)}{near}"


def _wants_text(_context: Mapping[str, Any], given: object) -> str:
    if not isinstance(given, int | Decimal):
        return f"must be text, got {shown(given)}"
    return f'must be text, got {shown(given)}; write "{_as_yaml(given)}" in quotes'


_REWRITES: dict[str, Callable[[Mapping[str, Any], object], str]] = {
    "literal_error": lambda context, given: _one_of(str(context["expected"]), given),
    "string_type": _wants_text,
    "bool_type": lambda _, given: f"must be true or false, got {shown(given)}",
    "list_type": lambda _, given: f"must be a list of `- item` lines, got {shown(given)}",
    "greater_than": lambda context, given: f"must be above {context['gt']}, got {given}",
    "greater_than_equal": lambda context, given: f"must be at least {context['ge']}, got {given}",
    "less_than": lambda context, given: f"must be below {context['lt']}, got {given}",
    "less_than_equal": lambda context, given: f"must be at most {context['le']}, got {given}",
    "string_too_short": lambda _context, _given: (
        "must not be empty; write text, or leave the key out"
    ),
    "string_too_long": lambda context, given: (
        f"must be at most {context['max_length']} characters, got {len(str(given))}; shorten it"
    ),
    "too_short": lambda context, given: (
        f"must have at least {context['min_length']}, got {context['actual_length']}; "
        "add one, or leave the key out"
    ),
}


def to_problems(findings: Iterable[Finding], document: Document, file: str) -> list[Problem]:
    """Findings with their place in the file, sorted by line; those of ``--set`` come last."""
    unique = {
        (problem.line, problem.column, problem.path, problem.message): problem
        for problem in (_problem(finding, document, file) for finding in findings)
    }
    return sorted(
        unique.values(),
        key=lambda p: (p.file != file, p.file, p.line or 0, p.column or 0, p.path, p.message),
    )


def _problem(finding: Finding, document: Document, file: str) -> Problem:
    place = finding.place or _place(document, finding.path, at_key=finding.at_key)
    message = finding.message
    if place is None:
        return Problem(file=file, message=message, path=dotted(finding.path))
    if place.anchor is not None and "from the anchor" not in message:
        message += f" (from the anchor &{place.anchor[0]}, line {place.anchor[1]})"
    return Problem(
        file=place.file or file,
        message=message,
        path=dotted(finding.path),
        line=place.line,
        column=place.column,
        source_line=None if place.file else _source_line(document, place),
    )


def _source_line(document: Document, place: Place) -> str | None:
    if place.line is None or place.line > len(document.lines):
        return None
    line = document.lines[place.line - 1]
    return line if len(line) <= _LONGEST_SHOWN_LINE else None


def _place(document: Document, path: Path, *, at_key: bool) -> Place | None:
    """Where a path stands: its own key or value, else the nearest parent's."""
    value = value_at(document.data, path)
    if not at_key and path in document.values and not (isinstance(value, list | dict) and value):
        return document.values[path]
    for end in range(len(path), 0, -1):
        place = document.keys.get(path[:end]) or document.values.get(path[:end])
        if place is not None:
            return place
    return document.values.get(())
