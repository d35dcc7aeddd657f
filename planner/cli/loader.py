"""Turns a command module into a command of the tree, with what every command has in common.

Each command gets the options of ``options.COMMON``, an environment variable for every option, and
a help page with grouped options.
"""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, cast

import typer
from typer.core import TyperGroup, TyperOption
from typer.main import get_command
from typer.models import CommandInfo

from planner.cli import streams
from planner.cli.helptext import GroupedCommand, keep_indented
from planner.cli.options import COMMON, ColorMode
from planner.cli.registry import COMMANDS

if TYPE_CHECKING:
    # typer carries its copy of click in a private package; it is named here for types only.
    from typer._click import Command

__all__ = ["load"]

_CommandFunction = Callable[..., int | None]


@cache
def load(name: str) -> Command:
    """The command ``name`` of the registry, ready to run; imports its module."""
    entry = COMMANDS[name]
    module = importlib.import_module(entry.module)
    app = getattr(module, "app", None)
    if not isinstance(app, typer.Typer):
        app = typer.Typer(add_completion=False)
        app.command(name)(module.command)
    command = _build(app)
    command.name = name
    return command


def _build(app: typer.Typer) -> Command:
    # Plain help: rich would be imported for it, which costs as much as the rest of the start.
    app.rich_markup_mode = None
    app._add_completion = False  # pyright: ignore[reportPrivateUsage]
    for info in _registered(app):
        if info.callback is not None:
            info.callback = _with_common_options(info.callback)
            info.cls = GroupedCommand
    command = get_command(app)
    for leaf in _leaves(command):
        leaf.help = keep_indented(leaf.help or "")
        _add_environment_variables(leaf)
    return command


def _registered(app: typer.Typer) -> list[CommandInfo]:
    """The commands of an app and of the apps in it."""
    inside = (group.typer_instance for group in app.registered_groups)
    nested = [info for each in inside if each is not None for info in _registered(each)]
    return [*app.registered_commands, *nested]


def _leaves(command: Command) -> list[Command]:
    if isinstance(command, TyperGroup):
        return [leaf for child in command.commands.values() for leaf in _leaves(child)]
    return [command]


def _add_environment_variables(command: Command) -> None:
    for param in command.params:
        if isinstance(param, TyperOption) and param.envvar is None:
            long_name = next(name for name in param.opts if name.startswith("--"))
            param.envvar = "PLANNER_" + long_name[2:].replace("-", "_").upper()


def _with_common_options(command: _CommandFunction) -> _CommandFunction:
    """``command`` with the common options as further parameters, opening the streams they ask for.

    A command that names one of them as a parameter receives it.
    """
    own = inspect.signature(command, eval_str=True)
    parameters = [*own.parameters.values()]
    for name, (annotation, default) in COMMON.items():
        if name not in own.parameters:
            keyword_only = inspect.Parameter.KEYWORD_ONLY
            parameters.append(
                inspect.Parameter(name, keyword_only, default=default, annotation=annotation)
            )

    def run(**values: object) -> int | None:
        opened = streams.open_streams(
            sys.stdout,
            sys.stderr,
            os.environ,
            quiet=cast(bool, values["quiet"]),
            verbosity=cast(int, values["verbose"]),
            color=cast(ColorMode, values["color"]),
        )
        with streams.use(opened):
            return command(**{name: values[name] for name in own.parameters})

    run.__name__ = command.__name__
    run.__doc__ = command.__doc__
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    setattr(run, "__signature__", inspect.Signature(parameters))  # noqa: B010
    return run
