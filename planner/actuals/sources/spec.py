"""What a source is to the importer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypedDict, cast

from planner.actuals.bulk import BulkUsages, Columns
from planner.actuals.types import UNASSIGNED, RowError, SourceName, Usage
from planner.actuals.values import Row, as_list, as_row, json_value, text

__all__ = [
    "LABELS",
    "FileFacts",
    "Labels",
    "Parsed",
    "RowParser",
    "SourceSpec",
    "Stateless",
    "is_evaluation",
    "is_evaluation_value",
    "labels_of",
    "texts",
]

LABELS = ("feature", "endpoint", "environment", "team", "prompt_version")

_EVALUATION_ENVIRONMENTS = frozenset({"ci", "test", "staging"})

# A record, or why a part of a row is none.
Parsed = Usage | RowError


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """What a parser knows beside the rows: when the file was made, and the user's mapping.

    ``label_paths`` maps a label (``feature``) to the place in a row that holds it
    (``metadata.feature``, or ``tag:feature`` for the tag `feature:search`).
    """

    exported_at: datetime
    label_paths: Mapping[str, str]


class RowParser(Protocol):
    """Turns the rows of one file into records."""

    def records(self, row: Row) -> Iterable[Parsed]:
        """Records of one row; RowError, raised or among them, for what cannot be taken."""
        ...

    def finish(self) -> Iterable[Parsed]:
        """Records that only the whole file gives."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSpec:
    """One source: how it is called and shown, whether a row is its own, and how it is read.

    ``fits`` says whether a row looks like one of this source. ``replaces_period`` is set for
    bills, of which a newer delivery takes the place of the older for the same month.
    ``resumable`` is False where a parser needs the whole file at once. ``by_columns`` reads a
    batch of a columnar file at once, where the user maps no labels.
    """

    name: SourceName
    title: str
    example: str
    fields: str
    fits: Callable[[Row], bool]
    parser: Callable[[FileFacts], RowParser]
    replaces_period: bool = False
    resumable: bool = True
    by_columns: Callable[[Columns], BulkUsages] | None = None


class Stateless:
    """A parser of a source whose rows stand alone."""

    def __init__(
        self, parse: Callable[[Row, FileFacts], Iterable[Parsed]], facts: FileFacts
    ) -> None:
        self._parse = parse
        self._facts = facts

    def records(self, row: Row) -> Iterable[Parsed]:
        """Records of one row."""
        return self._parse(row, self._facts)

    def finish(self) -> Iterable[Parsed]:
        """Nothing: every row has been told."""
        return ()


class Labels(TypedDict):
    """The fields of ``Usage`` that say what a call was for."""

    feature: str
    endpoint: str
    environment: str
    team: str
    prompt_version: str


def labels_of(row: Row, facts: FileFacts, *, tags: Sequence[str] = (), **found: str) -> Labels:
    """Labels by the user's mapping, else as found by the source, else from tags, else unassigned.

    A tag is `feature:search` or `feature=search`.
    """
    labels: dict[str, str] = {}
    for label in LABELS:
        path = facts.label_paths.get(label)
        value = _at(row, path, tags) if path else found.get(label) or _tagged(tags, label)
        labels[label] = value or UNASSIGNED
    return cast(Labels, labels)


def is_evaluation(labels: Labels, *marks: object) -> bool:
    """Whether a call belongs to tests or evaluation: by a mark of the source, or its labels."""
    return any(bool(mark) for mark in marks) or any(
        is_evaluation_value(label, labels[label]) for label in ("environment", "feature")
    )


def is_evaluation_value(label: str, value: str) -> bool:
    """Whether this value of a label says that a call belongs to tests or evaluation."""
    if label == "environment":
        return value.lower() in _EVALUATION_ENVIRONMENTS
    return label == "feature" and value.lower().startswith("eval")


def _at(row: Row, path: str, tags: Sequence[str]) -> str:
    """The text at a dotted path; the longest key wins where keys themselves hold dots."""
    if path.startswith("tag:"):
        return _tagged(tags, path.removeprefix("tag:"))
    if path in row:
        return text(row, path)
    for head in _heads(path):
        inner = as_row(json_value(row.get(head)))
        if inner is not None:
            return _at(inner, path[len(head) + 1 :], tags)
    return ""


def _heads(path: str) -> Iterator[str]:
    parts = path.split(".")
    return (".".join(parts[:count]) for count in range(len(parts) - 1, 0, -1))


def _tagged(tags: Sequence[str], label: str) -> str:
    for tag in tags:
        for mark in (":", "="):
            name, separator, value = tag.partition(mark)
            if separator and name.strip().lower() == label:
                return text({label: value}, label)
    return ""


def texts(value: Any) -> tuple[str, ...]:
    """The texts of a list, also as JSON text."""
    return tuple(item for item in as_list(json_value(value)) if isinstance(item, str))
