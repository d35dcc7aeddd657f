"""``--explain``: formula, the same with numbers, and where each number came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from planner.errors import InputError
from planner.render.blocks import Block, Heading, Verbatim

__all__ = ["Explained", "Input", "explain_blocks", "narrowed"]


class Input(NamedTuple):
    """One figure of a formula: its symbol, its value, where it came from."""

    symbol: str
    value: str
    origin: str


class Explained(NamedTuple):
    """One figure; ``path`` is its dotted name, ``numbers`` the formula with figures put in."""

    path: str
    formula: str
    numbers: str
    result: str
    inputs: tuple[Input, ...] = ()
    usd: Decimal | None = None


def narrowed(figures: Sequence[Explained], path: str | None) -> tuple[Explained, ...]:
    """The figures at ``path`` or below it; without one, those that are not in the long list.

    InputError when there is none.
    """
    if path is None:
        return tuple(each for each in figures if not each.path.startswith("options."))
    wanted = path.rstrip(".")
    found = tuple(e for e in figures if e.path == wanted or e.path.startswith(f"{wanted}."))
    if not found:
        roots = dict.fromkeys(_root(each.path) for each in figures)
        raise InputError(f"nothing to explain at `{path}`; paths begin with {', '.join(roots)}")
    return found


def _root(path: str) -> str:
    parts = path.split(".")
    return ".".join(parts[:2]) if parts[0] == "options" else parts[0]


def explain_blocks(figures: Sequence[Explained]) -> list[Block]:
    """The section of the text and markdown reports."""
    if not figures:
        return []
    lines = [line for figure in figures for line in (*_lines(figure), "")]
    return [Heading("Explanation"), Verbatim(tuple(lines[:-1]))]


def _lines(figure: Explained) -> Iterator[str]:
    margin = " " * len(figure.path)
    yield f"{figure.path} = {figure.formula}"
    if figure.numbers:
        yield f"{margin} = {figure.numbers}"
    yield f"{margin} = {figure.result}"
    width = max((len(each.symbol) for each in figure.inputs), default=0)
    values = max((len(each.value) for each in figure.inputs), default=0)
    for each in figure.inputs:
        yield f"  {each.symbol:<{width}}  {each.value:<{values}}  {each.origin}".rstrip()
