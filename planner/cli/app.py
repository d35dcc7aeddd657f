"""The command ``planner``: the tree of commands, and what happens when one fails."""

from __future__ import annotations

import contextlib
import difflib
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup
from typer.main import get_command

from planner import __version__
from planner.cli.errors import github_annotations, render_error
from planner.cli.helptext import EXIT_CLOSED_PIPE, EXIT_CODES
from planner.cli.registry import COMMANDS, GROUPS
from planner.errors import (
    EXIT_BAD_INPUT,
    EXIT_INTERNAL,
    EXIT_INTERRUPTED,
    EXIT_OK,
    PlannerError,
)

if TYPE_CHECKING:
    # typer carries its copy of click in a private package; it is named here for types only.
    from typer._click import Command, Context, HelpFormatter
    from typer._click.shell_completion import CompletionItem

__all__ = ["main"]

_PROGRAM_NAMES = ("planner", "llm-serving-planner")


class _CommandTree(TyperGroup):
    """The top level: knows every command by name, imports one only when it is asked for."""

    def list_commands(self, ctx: Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        if cmd_name not in COMMANDS:
            return None
        from planner.cli.loader import load

        return load(cmd_name)

    def resolve_command(
        self, ctx: Context, args: list[str]
    ) -> tuple[str | None, Command | None, list[str]]:
        if args[0] not in COMMANDS and not ctx.resilient_parsing:
            ctx.fail(_unknown_command(args[0]))
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: Context, incomplete: str) -> list[CompletionItem]:
        from typer.core import CompletionItem  # pyright: ignore[reportPrivateImportUsage]

        names = [
            CompletionItem(entry.name, help=entry.summary)
            for entry in COMMANDS.values()
            if entry.name.startswith(incomplete)
        ]
        # Not the parent's answer, which imports every command for its line of help.
        return names or super().shell_complete(ctx, incomplete)

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        for group in GROUPS:
            rows = [(e.name, e.summary) for e in COMMANDS.values() if e.group == group]
            if rows:
                with formatter.section(group.capitalize()):
                    formatter.write_dl(rows)
        options = (param.get_help_record(ctx) for param in self.get_params(ctx))
        with formatter.section("Options"):
            formatter.write_dl([record for record in options if record is not None])
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in EXIT_CODES])


def _unknown_command(name: str) -> str:
    message = f"no command {name!r}"
    near = difflib.get_close_matches(name, COMMANDS, n=1, cutoff=0.6)
    if near:
        return f"{message} (did you mean `{near[0]}`?)"
    if name.endswith((".yaml", ".yml")):
        return f"{message} (did you mean `recommend {name}`?)"
    return message


def _show_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"planner {__version__}\n")
        sys.stdout.flush()
        raise typer.Exit


_app = typer.Typer(
    cls=_CommandTree,
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@_app.callback()
def _root(  # pyright: ignore[reportUnusedFunction]
    version: Annotated[
        bool,
        typer.Option(
            "--version", "-V", callback=_show_version, is_eager=True, help="Show the version."
        ),
    ] = False,
) -> None:
    """Compare LLM APIs with GPUs of your own for a workload, and recommend what to deploy.

    `planner COMMAND --help` shows a command's options. Every option can also be set by the
    environment variable shown there.
    """


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; only here is an unexpected error caught."""
    args = list(sys.argv[1:] if argv is None else argv)
    debug = _debug_wanted(args, os.environ)
    try:
        return _run(args)
    except PlannerError as error:
        return _report(error, debug=debug)
    except typer.TyperException as error:
        return _report_usage(error)
    except (KeyboardInterrupt, typer.Abort):
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        return EXIT_CLOSED_PIPE
    except Exception as error:
        return _report_defect(error, debug=debug)
    finally:
        _settle_stdout()


def _run(args: list[str]) -> int:
    tree = get_command(_app)
    program = Path(sys.argv[0]).name
    program = program if program in _PROGRAM_NAMES else _PROGRAM_NAMES[0]
    if f"_{program}_COMPLETE".replace("-", "_").upper() in os.environ:
        tree.main(args, prog_name=program)
    try:
        with tree.make_context(program, args) as context:
            result = tree.invoke(context)
    except typer.Exit as stop:
        return stop.exit_code
    return result if isinstance(result, int) else EXIT_OK


def _debug_wanted(args: Sequence[str], environ: Mapping[str, str]) -> bool:
    value = environ.get("PLANNER_DEBUG", "").strip().lower()
    return "--debug" in args or value not in ("", "0", "false", "f", "no", "n", "off")


def _report(error: PlannerError, *, debug: bool) -> int:
    if debug:
        _write_traceback(error)
    lines = [render_error(error)]
    if os.environ.get("GITHUB_ACTIONS"):
        lines += github_annotations(error)
    sys.stderr.write("\n".join(lines) + "\n")
    return error.exit_code


def _report_usage(error: typer.TyperException) -> int:
    message = error.format_message().rstrip()
    context = getattr(error, "ctx", None)
    if context is None:
        sys.stderr.write(f"error: {message}\n")
    elif type(error).__name__ == "NoArgsIsHelpError":
        sys.stderr.write(message + "\n")
    else:
        sys.stderr.write(f"error: {message}\nTry `{context.command_path} --help`.\n")
    return EXIT_BAD_INPUT


def _report_defect(error: Exception, *, debug: bool) -> int:
    if debug:
        _write_traceback(error)
    text = " ".join(f"{type(error).__name__}: {error}".split())
    advice = "" if debug else "; rerun with --debug for the traceback"
    sys.stderr.write(f"internal error: {text}{advice}\n")
    return EXIT_INTERNAL


def _write_traceback(error: Exception) -> None:
    import traceback

    sys.stderr.write("".join(traceback.format_exception(error)))


def _settle_stdout() -> None:
    """Drop what standard output no longer takes: the interpreter would try, and tell, once more."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
