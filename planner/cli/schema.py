"""``planner schema``: the JSON Schema of the scenario file."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from planner.cli import streams
from planner.cli.options import Out

__all__ = ["command"]


def command(
    name: Annotated[
        Literal["scenario"], typer.Argument(metavar="[scenario]", help="Which file's schema.")
    ] = "scenario",
    out: Out = None,
) -> None:
    """Print the JSON Schema (draft 2020-12) of the scenario file, for editors and programs.

    An editor that understands `# yaml-language-server: $schema=planner.schema.json`, the first
    line of files that `planner init` writes, completes keys and shows their meaning.

      planner schema --out planner.schema.json
      planner schema | jq '."$defs".Workload'
    """
    from planner.scenario.schema import schema_text

    streams.current().write_result(schema_text(), out)
