"""``planner optimize``: the cost levers of a scenario, together and one by one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from planner.cli.evaluation import (
    PriceOptions,
    errors_of,
    read_scenario,
    report_llm_price_age,
)
from planner.cli.options import (
    FORMAT,
    AsOf,
    Explain,
    ExplainPath,
    MaxPriceAge,
    Out,
    Outputs,
    PricesFile,
    ScenarioFile,
    Sets,
    Wide,
)
from planner.cli.report_output import (
    Form,
    ReportOptions,
    check_forms,
    markdown_form,
    table_form,
    write_report,
)
from planner.errors import EXIT_INCOMPLETE, EXIT_OK, InputError

if TYPE_CHECKING:
    from planner.levers.together import Lever, Resolved
    from planner.render.blocks import Block
    from planner.render.explain import Explained
    from planner.render.payload_optimize import OptimizeReport

__all__ = ["command"]

_FORMATS = ("table", "json", "markdown")

_Show = Annotated[
    Literal["cache", "batch", "route"] | None,
    typer.Option("--show", help="One lever in full, instead of all together."),
]
_Levers = Annotated[
    str | None,
    typer.Option(
        "--levers",
        metavar="LEVER,...",
        help="Only these: route, compress, exact_cache, semantic_cache, prompt_cache, batch, "
        "multi_item. Default: all that are declared.",
    ),
]
_Pairs = Annotated[
    Path | None,
    typer.Option(
        "--pairs",
        metavar="FILE",
        help="Labelled pairs (CSV or JSONL with `similarity` and `same`) to judge the semantic "
        "cache by, instead of what the scenario says.",
    ),
]


def command(
    file: ScenarioFile,
    sets: Sets = [],  # noqa: B006 - typer copies it
    show: _Show = None,
    levers: _Levers = None,
    pairs: _Pairs = None,
    format_: Annotated[Literal["table", "json", "markdown"], FORMAT] = "table",
    out: Out = None,
    outputs: Outputs = [],  # noqa: B006 - typer copies it
    explain: Explain = False,
    explain_path: ExplainPath = None,
    wide: Wide = False,
    as_of: AsOf = None,
    prices_file: PricesFile = None,
    max_price_age: MaxPriceAge = None,
) -> int:
    """Show what routing, compression, caches and batches save of a scenario's tokens.

    The levers that the scenario declares act one after the other on what is left: route, compress,
    exact cache, semantic cache, prompt caching, batch price, several items in one call. Their own
    cost and the price of wrong answers are inside. The reverse order and the mean over all orders
    stand beside it as checks.

    --show cache has the similarity thresholds with their errors, --show batch the price of a
    batch and the size of a call, --show route the mix of models against every single one.

      planner optimize scenario.yaml
      planner optimize scenario.yaml --show cache --pairs pairs.csv
      planner optimize scenario.yaml --levers route,compress --explain
      planner optimize scenario.yaml --show route --format json
    """
    options = ReportOptions(format=format_, out=out, outputs=outputs, wide=wide)
    check_forms(options, _FORMATS)
    prices = PriceOptions(prices_file=prices_file, as_of=as_of, max_price_age=max_price_age)
    only = _only(levers)
    read = read_scenario(file, sets, prices)
    with errors_of(read.loaded):
        from planner.costs import pricing_inputs
        from planner.levers.together import resolve_levers
        from planner.render.payload_optimize import optimize_report

        inputs = pricing_inputs(
            read.loaded.scenario, read.demand, read.catalog, base_dir=read.loaded.base_dir
        )
        resolved = resolve_levers(inputs, pairs=pairs, only=only)
        _check_declared(only, resolved, given=levers)
        report = optimize_report(resolved, str(file), only)
        figures = _figures(resolved, only, explain_path) if explain or explain_path else ()
    write_report(_forms(report, show, figures), options)
    return EXIT_INCOMPLETE if report_llm_price_age(read.catalog, prices) else EXIT_OK


def _only(text: str | None) -> frozenset[Lever] | None:
    if text is None:
        return None
    from planner.demand.problems import did_you_mean
    from planner.levers.together import ORDER

    wanted = {part.strip() for part in text.split(",") if part.strip()}
    for name in sorted(wanted - set(ORDER)):
        hint = did_you_mean(name, ORDER) or f"; there are {', '.join(ORDER)}"
        raise InputError(f"--levers {text}: no lever is called `{name}`{hint}")
    return frozenset(lever for lever in ORDER if lever in wanted)


def _check_declared(only: frozenset[Lever] | None, resolved: Resolved, given: str | None) -> None:
    """Refuse what the scenario does not have: its saving would read as nothing."""
    declared = [each.lever for each in resolved.declared]
    missing = sorted((only or frozenset()).difference(declared))
    if missing or only == frozenset():
        names = ", ".join(f"`{name}`" for name in missing) or "no lever at all"
        there = ", ".join(declared) or "none"
        raise InputError(f"--levers {given}: asks for {names}; in use in this scenario: {there}")


def _figures(
    resolved: Resolved, only: frozenset[Lever] | None, path: str | None
) -> tuple[Explained, ...]:
    from planner.render.explain import narrowed
    from planner.render.explain_levers import explained_levers

    return narrowed(explained_levers(resolved, only), path)


def _forms(
    report: OptimizeReport, show: str | None, figures: Sequence[Explained]
) -> dict[str, Form]:
    def blocks() -> list[Block]:
        from planner.render.explain import explain_blocks
        from planner.render.text_optimize import optimize_blocks

        return optimize_blocks(report, show, explanation=explain_blocks(figures))

    def json_form(style: object) -> str:
        from planner.render.json_ import json_with

        return json_with(report, explain=figures)

    return {
        "table": table_form(blocks),
        "markdown": markdown_form(blocks),
        "json": json_form,
    }
