"""``planner diff``: what a change costs, why, and whether it breaks a rule."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from planner.cli import streams
from planner.cli.options import FORMAT, AsOf, MaxPriceAge, Out, Outputs, PricesFile, Seed, Wide
from planner.cli.report_output import Form, ReportOptions, check_forms, table_form, write_report
from planner.errors import EXIT_GATE_FAILED, EXIT_INCOMPLETE, EXIT_OK, InputError

if TYPE_CHECKING:
    from planner.cli.diff_compare import Compared
    from planner.render.blocks import Block

__all__ = ["command"]

# Only asked for by --detailed-exitcode.
EXIT_DIFFERENT = 4

_FORMATS = ("table", "json", "markdown", "junit", "sarif", "summary")
_RULES_PANEL = "Rule options"
_PULUMI_PANEL = "Pulumi options"

_Paths = Annotated[
    list[Path],
    typer.Argument(
        metavar="[BEFORE] AFTER",
        show_default=False,
        help="Two scenarios, two saved plans, or two folders of them; one with --base.",
    ),
]
_Base = Annotated[
    str | None,
    typer.Option(
        "--base",
        metavar="REF",
        help="Compare with this git revision: `origin/main`. Rules are read from it, too.",
    ),
]
_PolicyFile = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        metavar="FILE",
        help="Rules to hold it to. Default: planner.policy.yaml found upward; with --base as it "
        "is there.",
        rich_help_panel=_RULES_PANEL,
    ),
]
_FailAbove = Annotated[
    str | None,
    typer.Option(
        "--fail-above",
        metavar="USD",
        help="Exit with 1 when a month becomes dearer by more, beside the rules of the policy.",
        rich_help_panel=_RULES_PANEL,
    ),
]
_AllowUnpriced = Annotated[
    bool,
    typer.Option(
        "--allow-unpriced",
        help="Exit with 0 although a total lacks a price; `block_unpriced` forbids it.",
        rich_help_panel=_RULES_PANEL,
    ),
]
_Detailed = Annotated[
    bool,
    typer.Option(
        "--detailed-exitcode",
        help="Exit with 4 instead of 0 when anything differs.",
        rich_help_panel=_RULES_PANEL,
    ),
]
_DiffDraws = Annotated[
    int,
    typer.Option(
        "--draws",
        min=0,
        max=100_000,
        help="Draws of the uncertain inputs, the same on both sides, where a rule needs them.",
        rich_help_panel=_RULES_PANEL,
    ),
]
_Preview = Annotated[
    Path | None,
    typer.Option(
        "--pulumi",
        metavar="FILE",
        help="Compare both sides of `pulumi preview --json --show-sames`.",
        rich_help_panel=_PULUMI_PANEL,
    ),
]
_State = Annotated[
    tuple[Path, Path] | None,
    typer.Option(
        "--state",
        metavar="OLD NEW",
        help="Compare two files of `pulumi stack export`; an empty file is an empty stack.",
        rich_help_panel=_PULUMI_PANEL,
    ),
]
_Plan = Annotated[
    Path | None,
    typer.Option(
        "--plan",
        metavar="FILE",
        help="The saved plan that the stack is deployed from: prices its use, and fails when the "
        "stack departs from it.",
        rich_help_panel=_PULUMI_PANEL,
    ),
]


def command(
    paths: _Paths = [],  # noqa: B006 - typer copies it
    base: _Base = None,
    policy: _PolicyFile = None,
    fail_above: _FailAbove = None,
    allow_unpriced: _AllowUnpriced = False,
    detailed_exitcode: _Detailed = False,
    draws: _DiffDraws = 500,
    seed: Seed = 1,
    pulumi: _Preview = None,
    state: _State = None,
    plan: _Plan = None,
    format_: Annotated[
        Literal["table", "json", "markdown", "junit", "sarif", "summary"], FORMAT
    ] = "table",
    out: Out = None,
    outputs: Outputs = [],  # noqa: B006 - typer copies it
    wide: Wide = False,
    as_of: AsOf = None,
    prices_file: PricesFile = None,
    max_price_age: MaxPriceAge = None,
) -> int:
    """Show what a change costs a month, why, and whether it breaks a rule.

    Compares two scenarios, two saved plans or two folders of them, or a file with its version of
    another git revision. The change is split by cause, and the parts add up exactly; what prices
    did on their own is told apart where both sides committed a planner.prices.json. Rules stand in
    planner.policy.yaml and are read from the base.

    Exits with 1 when a rule is broken, with 3 when a total lacks a price or prices are too old.

      planner diff before.yaml after.yaml
      planner diff scenario.yaml --base origin/main --output markdown=comment.md
      planner diff scenarios/ --base origin/main --output json=diff.json --output sarif=diff.sarif
      planner diff --pulumi preview.json --plan plan.json
    """
    from planner.cli.diff_compare import Asked, compared_files, compared_stacks
    from planner.cli.evaluation import PriceOptions

    options = ReportOptions(format=format_, out=out, outputs=outputs, wide=wide)
    check_forms(options, _FORMATS)
    asked = Asked(
        prices=PriceOptions(prices_file=prices_file, as_of=as_of, max_price_age=max_price_age),
        policy_file=policy,
        fail_above=fail_above,
        draws=draws,
        seed=seed,
    )
    if pulumi is not None or state is not None:
        if paths or (pulumi is not None and state is not None):
            raise InputError("--pulumi FILE or --state OLD NEW stands alone, without other files")
        compared = compared_stacks(pulumi, state, plan, base, asked)
    else:
        if plan is not None:
            raise InputError("--plan belongs to --pulumi or --state")
        compared = compared_files(paths, base, asked)
    write_report(_forms(compared, wide=wide), options)
    return _exit_code(compared, allow_unpriced=allow_unpriced, detailed=detailed_exitcode)


def _forms(compared: Compared, *, wide: bool) -> dict[str, Form]:
    from planner.render.payload_diff import diff_view

    view = diff_view(compared.report)

    def blocks() -> list[Block]:
        from planner.render.text_diff import diff_blocks

        return diff_blocks(view, wide=wide)

    def json_form(style: object) -> str:
        from planner.render.json_ import json_text

        return json_text(view)

    def markdown(style: object) -> str:
        from planner.render.diff_comment import comment_body

        return comment_body(view)

    def summary(style: object) -> str:
        from planner.render.diff_comment import STEP_SUMMARY_BYTES, comment_body

        return comment_body(view, most_bytes=STEP_SUMMARY_BYTES)

    def junit(style: object) -> str:
        from planner.render.diff_junit import junit_text

        return junit_text(view)

    def sarif(style: object) -> str:
        from planner.render.diff_sarif import diff_sarif

        return diff_sarif(view)

    return {
        "table": table_form(blocks),
        "json": json_form,
        "markdown": markdown,
        "summary": summary,
        "junit": junit,
        "sarif": sarif,
    }


def _exit_code(compared: Compared, *, allow_unpriced: bool, detailed: bool) -> int:
    """A broken rule comes before a total that is not known; a difference is no failure."""
    report = compared.report
    if any(rule.blocks for rule in report.rules):
        return EXIT_GATE_FAILED
    unpriced = any(side.unpriced for each in report.subjects if (side := each.after) is not None)
    unknown = unpriced or any(rule.verdict == "unpriced" for rule in report.rules)
    if unknown and allow_unpriced and compared.block_unpriced:
        streams.current().warn("--allow-unpriced: the policy's block_unpriced forbids it")
        allow_unpriced = False
    if (unknown and not allow_unpriced) or compared.stale:
        return EXIT_INCOMPLETE
    if detailed and any(each.status != "unchanged" for each in report.subjects):
        return EXIT_DIFFERENT
    return EXIT_OK
