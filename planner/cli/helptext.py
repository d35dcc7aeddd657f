"""Plain help pages: options in groups, recipes kept as written, the table of exit codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer.core import TyperCommand

from planner.errors import (
    EXIT_BAD_INPUT,
    EXIT_GATE_FAILED,
    EXIT_INCOMPLETE,
    EXIT_INTERNAL,
    EXIT_INTERRUPTED,
    EXIT_OK,
)

if TYPE_CHECKING:
    # typer carries its copy of click in a private package; it is named here for types only.
    from typer._click import Context, HelpFormatter

__all__ = ["EXIT_CLOSED_PIPE", "EXIT_CODES", "GroupedCommand", "keep_indented"]

# What a shell reports for a program that SIGPIPE ended: 128 + 13.
EXIT_CLOSED_PIPE = 141

EXIT_CODES: tuple[tuple[int, str], ...] = (
    (EXIT_OK, "done, including 'differences found' and 'inconclusive'"),
    (EXIT_GATE_FAILED, "a gate failed: budget, policy, a limit you set"),
    (EXIT_BAD_INPUT, "bad input: usage, YAML, schema, unknown name, unreadable file"),
    (EXIT_INCOMPLETE, "incomplete or stale: a total is a floor, or prices are too old"),
    (EXIT_INTERNAL, "internal error"),
    (EXIT_INTERRUPTED, "interrupted"),
    (EXIT_CLOSED_PIPE, "the reader of the output went away"),
)

# click prints a paragraph that begins with this mark as it is, without rewrapping.
_AS_WRITTEN = "\b\n"


class GroupedCommand(TyperCommand):
    """A command whose help lists its options under the heading each one names."""

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                sections.setdefault(_heading(param), []).append(record)
        for heading, records in sections.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)


def _heading(param: object) -> str:
    if getattr(param, "param_type_name", None) == "argument":
        return "Arguments"
    panel = getattr(param, "rich_help_panel", None)
    return panel if isinstance(panel, str) else "Options"


def keep_indented(text: str) -> str:
    """``text`` with every paragraph that holds an indented line marked to stay as written."""
    paragraphs = text.split("\n\n")
    return "\n\n".join(
        _AS_WRITTEN + paragraph
        if any(line.startswith("  ") for line in paragraph.splitlines())
        else paragraph
        for paragraph in paragraphs
    )
