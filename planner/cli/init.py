"""``planner init``: a commented scenario file to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from planner.cli import streams
from planner.errors import InputError

__all__ = ["command"]


def command(
    file: Annotated[
        Path, typer.Argument(metavar="[FILE]", help="File to write; - is standard output.")
    ] = Path("scenario.yaml"),
    preset: Annotated[
        Literal["small", "medium", "large"],
        typer.Option(
            "--preset",
            help="small: support chat. medium: answers over retrieved passages. "
            "large: a steady stream of millions of requests a day.",
        ),
    ] = "small",
    from_actuals: Annotated[
        Path | None,
        typer.Option(
            "--from-actuals",
            metavar="DIR",
            help="Take the workload and the called models from this store of actuals.",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace FILE when it is there already.")
    ] = False,
) -> None:
    """Write a commented scenario file to start from, every default named, ready to be decided.

    planner init
    planner init rag.yaml --preset medium
    planner init - --preset large | less
    planner init scenario.yaml --from-actuals .planner/actuals
    """
    from planner.scenario.presets import preset_text

    text = preset_text(preset)
    if from_actuals is not None:
        from planner.cli.actuals_loop import started_from

        text = started_from(text, from_actuals)
    if str(file) == "-":
        streams.current().write_result(text)
        return
    if not force and (file.exists() or file.is_symlink()):
        raise InputError(
            f"{file} is there already and stays as it is; name another file, or add --force to "
            "replace it"
        )
    stream = streams.current()
    stream.write_result(text, file)
    stream.note(f"wrote {file}; next: planner validate {file}, then planner recommend {file}")
    stream.note("for completion in an editor: planner schema --out planner.schema.json beside it")
