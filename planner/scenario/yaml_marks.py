"""Reads YAML text into plain data and remembers where every key and value stands.

Works on the parser's events and not on its tree: nesting, aliases and size are bounded while
reading, so that no input can exhaust the stack or the memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import cast

import yaml

from planner.scenario.scalars import Data, Scalar, resolve
from planner.scenario.yaml_words import plain_words

__all__ = ["Document", "Finding", "Path", "Place", "compose"]

Path = tuple[str | int, ...]

# A scenario nests about 8 deep; 149 KiB of it have about 12,000 values.
_DEEPEST = 32
_MOST_VALUES = 50_000

# C0 and C1 controls (NEL included: YAML ends a line there), line and paragraph separators, a BOM
# inside the text, direction overrides that make a line read other than it is, lone surrogates.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff"
    "\ud800-\udfff]"
)
_LINE_END = re.compile("\r\n|\r|\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something stands, 1-based. ``file`` replaces the document's name (for ``--set``);
    ``anchor`` names the anchor and the line of its definition when the text stands there."""

    line: int | None
    column: int | None
    file: str | None = None
    anchor: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something wrong at a path; ``at_key`` points at the key and not at its value.

    ``place`` is given where the path alone does not lead to the right spot; ``meant`` is the
    path of the field that a misspelt key probably stands for.
    """

    path: Path
    message: str
    at_key: bool = False
    place: Place | None = None
    meant: Path | None = None


@dataclass(slots=True, kw_only=True)
class Document:
    """The data of one YAML document, the place of each path, and what is wrong with the YAML.

    ``data`` is None when nothing could be read. ``keys`` has the paths of mapping entries only.
    ``unread`` are the paths whose value could not be read, or is not clear; it is None in
    ``data`` and has a finding.
    """

    lines: list[str]
    data: dict[str, Data] | None = None
    values: dict[Path, Place] = field(default_factory=lambda: dict[Path, Place]())
    keys: dict[Path, Place] = field(default_factory=lambda: dict[Path, Place]())
    findings: list[Finding] = field(default_factory=lambda: list[Finding]())
    unread: set[Path] = field(default_factory=lambda: set[Path]())


@dataclass(slots=True, kw_only=True)
class _Node:
    line: int
    column: int
    text: str = ""
    value: Scalar = None
    problem: str | None = None
    items: list[_Node] | None = None
    pairs: list[tuple[_Node, _Node]] | None = None
    size: int = 1
    height: int = 0
    anchor: tuple[str, int] | None = None
    plain: bool = False
    closed: bool = True


class _Stop(Exception):
    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.finding = Finding(path=(), message=message, place=Place(line=line, column=column))


def compose(text: str, *, top_level_mapping: bool = True) -> Document:
    """Read one YAML document.

    ``top_level_mapping`` False takes any value (for ``--set``) and wraps it as ``{"": value}``.
    """
    document = Document(lines=_LINE_END.split(text))
    document.findings.extend(_unseen_characters(document.lines))
    if document.findings:
        return document
    try:
        root = _Builder().run(text, document.lines)
        if root is None or (top_level_mapping and root.pairs is None):
            raise _Stop(_not_a_mapping(root), root.line if root else 1, root.column if root else 1)
        data = _Flattener(document).value(root, () if top_level_mapping else ("",), None)
    except _Stop as stop:
        document.findings.append(stop.finding)
        return document
    document.data = data if top_level_mapping and isinstance(data, dict) else {"": data}
    return document


def _not_a_mapping(root: _Node | None) -> str:
    if root is None:
        return "the file is empty; `planner init` writes a commented scenario to start from"
    got = "a list" if root.items is not None else f'the text "{root.text[:40]}"'
    return f"must be a mapping of sections such as `version: 1` and `id: my-app`, got {got}"


def _unseen_characters(lines: list[str]) -> Iterator[Finding]:
    for number, line in enumerate(lines, 1):
        if match := _UNSEEN.search(line):
            yield Finding(
                path=(),
                message=f"the invisible character U+{ord(match[0]):04X} stands here; remove it",
                place=Place(line=number, column=match.start() + 1),
            )


class _Builder:
    """Builds the tree of one document from events, with an explicit stack."""

    def __init__(self) -> None:
        self._root: _Node | None = None
        self._open: list[_Node] = []
        self._key: list[_Node | None] = []
        self._anchors: dict[str, _Node] = {}

    def run(self, text: str, lines: list[str]) -> _Node | None:
        documents = 0
        try:
            for event in _events(text):
                if isinstance(event, yaml.DocumentStartEvent):
                    documents += 1
                    if documents > 1:
                        raise _stop_at(
                            event,
                            "a second document starts here (`---`); keep one scenario a file",
                        )
                self._take(event)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            line, column = min(line, len(lines)), column if line <= len(lines) else 1
            source = lines[line - 1]
            raise _Stop(plain_words(error, source, column), line, column) from None
        except yaml.YAMLError as error:
            raise _Stop(f"not YAML: {error}", 1, 1) from None
        return self._root

    def _take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._add(_scalar(event), event.anchor)
        elif isinstance(event, yaml.AliasEvent):
            self._add(self._use(event), None)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._start(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end()

    def _start(self, event: yaml.CollectionStartEvent) -> None:
        if len(self._open) >= _DEEPEST:
            raise _stop_at(event, f"nested more than {_DEEPEST} deep; no scenario needs that")
        mapping = isinstance(event, yaml.MappingStartEvent)
        node = _Node(
            line=event.start_mark.line + 1,
            column=event.start_mark.column + 1,
            problem=_tag_problem(event.tag),
            pairs=[] if mapping else None,
            items=None if mapping else [],
            closed=False,
        )
        if event.anchor:
            self._anchors[event.anchor] = node
        self._open.append(node)
        self._key.append(None)

    def _end(self) -> None:
        node = self._open.pop()
        self._key.pop()
        node.closed = True
        self._add(node, None)

    def _use(self, event: yaml.AliasEvent) -> _Node:
        name = str(event.anchor)
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        target = self._anchors.get(name)
        if target is None or not target.closed:
            why = "is not defined above" if target is None else "contains itself"
            return _Node(line=line, column=column, problem=f"*{name}: the anchor &{name} {why}")
        return replace(target, line=line, column=column, anchor=(name, target.line))

    def _add(self, node: _Node, anchor: str | None) -> None:
        if anchor:
            self._anchors[anchor] = node
        if not self._open:
            self._root = node
            return
        parent = self._open[-1]
        parent.size += node.size
        parent.height = max(parent.height, node.height + 1)
        if parent.size > _MOST_VALUES or len(self._open) + parent.height > _DEEPEST:
            raise _Stop(
                f"more than {_MOST_VALUES:,} values or {_DEEPEST} levels, aliases written out; "
                "no scenario needs that",
                node.line,
                node.column,
            )
        if parent.items is not None:
            parent.items.append(node)
        elif parent.pairs is not None:
            key, self._key[-1] = self._key[-1], None
            if key is None:
                self._key[-1] = node
            else:
                parent.pairs.append((key, node))


def _events(text: str) -> Iterator[yaml.Event]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    # The stubs leave the events of yaml.parse untyped.
    return cast("Iterator[yaml.Event]", yaml.parse(text, Loader=loader))  # pyright: ignore[reportUnknownMemberType]


def _stop_at(event: yaml.Event, message: str) -> _Stop:
    return _Stop(message, event.start_mark.line + 1, event.start_mark.column + 1)


def _tag_problem(tag: str | None) -> str | None:
    if tag is None:
        return None
    written = tag.replace("tag:yaml.org,2002:", "!!")
    return f"the tag {written[:60]} is not used here; write the plain value"


def _scalar(event: yaml.ScalarEvent) -> _Node:
    plain = not event.style
    text = str(event.value)
    resolved = resolve(text) if plain else None
    value, problem = resolved if resolved is not None else (text, None)
    if match := _UNSEEN.search(text):
        problem = f"the text holds the control character U+{ord(match[0]):04X}; remove it"
    return _Node(
        line=event.start_mark.line + 1,
        column=event.start_mark.column + 1,
        text=text,
        value=value,
        problem=_tag_problem(event.tag) or problem,
        plain=plain,
    )


_Use = tuple[int, int, tuple[str, int]]


class _Flattener:
    """Turns the tree into data; values reached through an alias stand where the alias stands."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def value(self, node: _Node, path: Path, use: _Use | None) -> Data:
        if use is None and node.anchor is not None:
            use = (node.line, node.column, node.anchor)
        self._document.values[path] = self._place(node, use)
        if node.problem is not None:
            self._find(path, node.problem)
            self._document.unread.add(path)
            return None
        if node.items is not None:
            return [self.value(item, (*path, i), use) for i, item in enumerate(node.items)]
        if node.pairs is not None:
            return self._mapping(node, path, use)
        return node.value

    def _place(self, node: _Node, use: _Use | None) -> Place:
        if use is None:
            return Place(line=node.line, column=node.column)
        return Place(line=use[0], column=use[1], anchor=(use[2][0], node.line))

    def _mapping(self, node: _Node, path: Path, use: _Use | None) -> dict[str, Data]:
        found: dict[str, Data] = {}
        merged: list[tuple[_Node, _Node]] = []
        for key, value in node.pairs or ():
            if key.plain and key.text == "<<":
                merged.extend(self._merge(value, path, use))
            else:
                self._entry(found, key, value, path, use)
        for key, value in merged:
            if key.text not in found:
                self._entry(found, key, value, path, use)
        return found

    def _entry(
        self, found: dict[str, Data], key: _Node, value: _Node, path: Path, use: _Use | None
    ) -> None:
        place = self._place(key, use)
        problem = _key_problem(key)
        if problem is not None:
            self._find(path, problem, place)
            return
        below = (*path, key.text)
        if key.text in found:
            first = self._document.keys[below].line
            self._find(below, f"given twice, first on line {first}; keep one of them", place)
            self._document.unread.add(below)
            return
        self._document.keys[below] = place
        found[key.text] = self.value(value, below, use)

    def _merge(self, value: _Node, path: Path, use: _Use | None) -> list[tuple[_Node, _Node]]:
        sources = value.items if value.items is not None else [value]
        merged: list[tuple[_Node, _Node]] = []
        for source in sources:
            if source.pairs is None:
                message = source.problem or "`<<` merges mappings only; write `<<: *name`"
                self._find(path, message, self._place(value, use))
                continue
            for key, item in source.pairs:
                anchor = source.anchor or ("<<", source.line)
                merged.append((key, replace(item, anchor=anchor) if use is None else item))
        return merged

    def _find(self, path: Path, message: str, place: Place | None = None) -> None:
        place = place or self._document.values[path]
        if place.anchor is not None:
            message += f" (from the anchor &{place.anchor[0]}, line {place.anchor[1]})"
        self._document.findings.append(Finding(path=path, message=message, place=place))


def _key_problem(key: _Node) -> str | None:
    if key.items is not None or key.pairs is not None:
        return "a list or mapping stands where a key belongs; write `key: value`"
    if key.anchor is not None or (key.problem is not None and not key.plain):
        return key.problem or f"*{key.anchor[0] if key.anchor else ''} stands where a key belongs"
    if not key.text.strip():
        return "a key is missing before the colon; write `key: value`"
    return None
