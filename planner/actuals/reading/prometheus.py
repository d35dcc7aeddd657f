"""Samples of the Prometheus text format (version 0.0.4): ``name{label="value"} 1.5 [ms]``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

from planner.actuals.reading.lines import lines
from planner.actuals.reading.rows import BadRow, GoodRow

__all__ = ["is_prometheus", "prometheus_rows"]

_SAMPLE = re.compile(
    r"([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+"
    r"([+-]?(?:Inf|NaN|\d[\d.]*(?:[eE][+-]?\d+)?))(?:\s+(-?\d+))?\s*",
    re.ASCII,
)
_LABEL = re.compile(r'\s*([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"\s*(?:,|$)', re.ASCII)


def is_prometheus(sample: str) -> bool:
    """Whether the start of a file is in this format."""
    for line in sample.splitlines():
        if line.strip():
            return line.startswith(("# HELP ", "# TYPE ")) or _sample_of(line) is not None
    return False


def prometheus_rows(stream: IO[bytes]) -> Iterator[GoodRow | BadRow]:
    """One row a sample: ``name``, ``labels``, ``value`` (text), ``timestamp_ms`` when given."""
    for each in lines(stream):
        if isinstance(each, BadRow):
            yield each
            continue
        number, text = each
        if not text.strip() or text.startswith("#"):
            continue
        row = _sample_of(text)
        if row is None:
            yield BadRow(line=number, reason="not a Prometheus sample")
        else:
            yield GoodRow(line=number, data=row)


def _sample_of(text: str) -> dict[str, object] | None:
    found = _SAMPLE.fullmatch(text)
    if found is None:
        return None
    name, inside, value, stamp = found.groups()
    labels = _labels(inside or "")
    if labels is None:
        return None
    row: dict[str, object] = {"name": name, "labels": labels, "value": value}
    return row if stamp is None else row | {"timestamp_ms": stamp}


def _labels(inside: str) -> dict[str, str] | None:
    labels: dict[str, str] = {}
    position = 0
    while position < len(inside):
        found = _LABEL.match(inside, position)
        if found is None:
            return None
        labels[found[1]] = found[2]
        position = found.end()
    return labels
