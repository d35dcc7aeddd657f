"""Writes a report in the format asked for, and again for every ``--output``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from planner.cli import streams
from planner.cli.options import OutputFile
from planner.errors import InputError

if TYPE_CHECKING:
    from planner.render.blocks import Block
    from planner.render.text import TextStyle

__all__ = ["Form", "ReportOptions", "check_forms", "markdown_form", "table_form", "write_report"]

# Makes the report in one format; the style says what a table may look like.
Form = Callable[["TextStyle"], str]

_FILE_WIDTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """The options of a command that say where its result goes and in which form."""

    format: str
    out: Path | None
    outputs: Sequence[OutputFile]
    wide: bool


def check_forms(options: ReportOptions, known: Sequence[str]) -> None:
    """InputError, before anything is computed, for an ``--output`` format there is not."""
    for output in options.outputs:
        if output.format not in known:
            raise InputError(
                f"--output {output.format}={output.path}: no format `{output.format}` here; "
                f"there are {', '.join(known)}"
            )


def write_report(forms: Mapping[str, Form], options: ReportOptions) -> None:
    """Write all files, then the result itself."""
    stream = streams.current()
    for output in options.outputs:
        stream.write_result(forms[output.format](_file_style(options)), output.path)
        stream.detail(f"wrote {output.path}")
    to_file = options.out is not None and str(options.out) != "-"
    style = _file_style(options) if to_file else _screen_style(options, stream)
    stream.write_result(forms[options.format](style), options.out)


def _file_style(options: ReportOptions) -> TextStyle:
    from planner.render.text import TextStyle

    return TextStyle(width=None if options.wide else _FILE_WIDTH)


def _screen_style(options: ReportOptions, stream: streams.Streams) -> TextStyle:
    from planner.render.text import TextStyle

    width = None if options.wide else stream.width
    if stream.unicode:
        return TextStyle(width=width, color=stream.color)
    encoding = stream.stdout.encoding or "ascii"
    return TextStyle(
        width=width,
        color=stream.color,
        characters=lambda text: streams.to_ascii(text, encoding),
    )


def table_form(blocks: Callable[[], Sequence[Block]]) -> Form:
    """The blocks as text."""

    def form(style: TextStyle) -> str:
        from planner.render.text import text_of

        return text_of(blocks(), style)

    return form


def markdown_form(blocks: Callable[[], Sequence[Block]]) -> Form:
    """The blocks as markdown; the style does not matter."""

    def form(style: TextStyle) -> str:
        from planner.render.markdown import markdown_of

        return markdown_of(blocks())

    return form
