"""The commands, in the order and groups of ``planner --help``.

A module named here holds either ``def command(...)``, whose parameters are typer annotations
(shared ones in ``planner.cli.options``), or ``app: typer.Typer`` with subcommands. Its docstring
is the help page: one sentence, then paragraphs; lines indented by two spaces (recipes) are kept
as written. A command returns None or its exit code, and raises PlannerError for the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["COMMANDS", "GROUPS", "CommandEntry", "Group"]

Group = Literal["decide", "optimise", "deploy", "review", "data"]

GROUPS: tuple[Group, ...] = ("decide", "optimise", "deploy", "review", "data")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandEntry:
    """One command: ``module`` is imported only when it runs, ``summary`` is its line in help."""

    name: str
    module: str
    summary: str
    group: Group


def _entry(name: str, group: Group, summary: str) -> CommandEntry:
    return CommandEntry(name=name, module=f"planner.cli.{name}", summary=summary, group=group)


COMMANDS: dict[str, CommandEntry] = {
    entry.name: entry
    for entry in (
        _entry("init", "decide", "write a commented scenario file to start from"),
        _entry("validate", "decide", "report every problem of scenario files at once"),
        _entry("recommend", "decide", "break-even, TCO, ranked options and a verdict"),
        _entry("breakeven", "decide", "volumes at which one option overtakes another"),
        _entry("tco", "decide", "total cost of ownership of every option, five categories"),
        _entry("capacity", "decide", "what instance types serve of a model inside an SLO"),
        _entry("optimize", "optimise", "cost levers, together and alone: routing, cache, batch"),
        _entry("pareto", "optimise", "frontier of cost, quality and latency, mixes included"),
        _entry("tokens", "optimise", "tokens of prompts, and what a shorter one saves"),
        _entry("diff", "review", "what a change costs, why, and whether it breaks a rule"),
        _entry("comment", "review", "a comparison as a comment on a pull or merge request"),
        _entry("emit", "deploy", "write a plan into the configuration of a Pulumi stack"),
        _entry("doctor", "deploy", "what stands between a plan and a working pulumi up"),
        _entry("keys", "deploy", "create, list, rotate or revoke keys of the gateway's clients"),
        _entry("drill", "deploy", "planted runaways and planned days through a plan's alarms"),
        _entry("actuals", "review", "real usage and spend: import, against the plan, forecast"),
        _entry("prices", "data", "list, check, refresh or pin the prices in use"),
        _entry("profiles", "data", "list, show or build measured step times of models on GPUs"),
        _entry("schema", "data", "JSON Schema of the scenario file"),
    )
}
