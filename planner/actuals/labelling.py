"""Labels of records by the rules of ``actuals.map``, as expressions of Ibis."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from planner.actuals.engines import ibis_module

__all__ = ["Labelling", "labels_by", "matches"]

_MAPPED = ("feature", "endpoint", "environment", "team")

# Any: Ibis is an extra and has no types of its own to check against.
Table = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelling:
    """One rule of ``actuals.map``: rows whose fields match these globs get these labels."""

    match: Mapping[str, str]
    labels: Mapping[str, str]


def labels_by(table: Table, rules: Sequence[Labelling]) -> dict[str, Any]:
    """Each label by the first rule that matches a row; a rule without it leaves it as it is."""
    ibis = ibis_module()
    found: dict[str, Any] = {}
    for label in _MAPPED if rules else ():
        branches = [
            (
                _all_match(table, rule.match),
                ibis.literal(rule.labels[label]) if label in rule.labels else table[label],
            )
            for rule in rules
        ]
        found[label] = ibis.cases(*branches, else_=table[label])
    return found


def _all_match(table: Table, match: Mapping[str, str]) -> Any:
    fits = ibis_module().literal(True)
    for field, glob in sorted(match.items()):
        fits = fits & matches(table[field], glob)
    return fits


def matches(column: Any, glob: str) -> Any:
    """A value, or a glob with `*` and `?`."""
    text = column.fill_null("")
    if not {"*", "?"} & set(glob):
        return text == glob
    pieces = {"*": ".*", "?": "."}
    pattern = "".join(pieces.get(each, re.escape(each)) for each in glob)
    return text.re_search(f"^{pattern}$")
