"""``planner recommend``: the verdict on one scenario or several."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from planner.cli import streams
from planner.cli.evaluation import (
    Evaluation,
    PriceOptions,
    evaluate_files,
    report_price_ages,
    warn_of_ages,
)
from planner.cli.options import (
    FORMAT,
    AsOf,
    Draws,
    Explain,
    ExplainPath,
    MaxPriceAge,
    Out,
    Outputs,
    PricesFile,
    ScenarioFiles,
    Seed,
    Sets,
    Wide,
)
from planner.cli.portfolio import (
    FULL_REPORTS,
    Gates,
    Question,
    answers_of,
    member_of_evaluation,
    short_forms,
)
from planner.cli.report_output import (
    Form,
    ReportOptions,
    check_forms,
    markdown_form,
    table_form,
    write_report,
)
from planner.errors import EXIT_GATE_FAILED, EXIT_INCOMPLETE, EXIT_OK, InputError

if TYPE_CHECKING:
    from planner.cli.actuals_loop import MeasuredScenario
    from planner.render.blocks import Block
    from planner.render.explain import Explained
    from planner.render.payload_portfolio import PortfolioReport
    from planner.render.payload_recommend import RecommendReport

__all__ = ["command"]

_FORMATS = ("table", "json", "markdown", "csv")


_Arm = Annotated[
    str | None,
    typer.Option(
        "--arm",
        metavar="ARM",
        help="Report and plan this arm instead of the cheapest: `selfhost_ondemand`.",
    ),
]
_Save = Annotated[
    Path | None,
    typer.Option("--save", metavar="FILE", help="Write the plan as JSON to FILE."),
]
_FailOverBudget = Annotated[
    bool,
    typer.Option("--fail-over-budget", help="Exit with 1 when a month's bill passes budget."),
]
_AllowUnpriced = Annotated[
    bool,
    typer.Option(
        "--allow-unpriced", help="Exit with 0 although unknown prices could change the order."
    ),
]
_Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        min=1,
        metavar="N",
        help="Processes for more than 20 files. Default: one for each core.",
    ),
]


_Stack = Annotated[
    str | None,
    typer.Option(
        "--stack",
        metavar="NAME",
        help="In a Pulumi project of planner: the stack that gets the plan. Default: the "
        "scenario's id.",
    ),
]
_Actuals = Annotated[
    Path | None,
    typer.Option(
        "--actuals",
        metavar="DIR",
        help="Decide by what was measured: replace volume, hours, lengths, cached share and "
        "billed prices by those of this store of actuals, and say what that changes.",
    ),
]
_NoEmit = Annotated[
    bool,
    typer.Option("--no-emit", help="Leave a Pulumi project's configuration alone."),
]


def command(
    files: ScenarioFiles,
    sets: Sets = [],  # noqa: B006 - typer copies it
    arm: _Arm = None,
    save: _Save = None,
    actuals: _Actuals = None,
    stack: _Stack = None,
    no_emit: _NoEmit = False,
    fail_over_budget: _FailOverBudget = False,
    allow_unpriced: _AllowUnpriced = False,
    draws: Draws = 2_000,
    seed: Seed = 1,
    jobs: _Jobs = None,
    format_: Annotated[Literal["table", "json", "markdown", "csv"], FORMAT] = "table",
    out: Out = None,
    outputs: Outputs = [],  # noqa: B006 - typer copies it
    explain: Explain = False,
    explain_path: ExplainPath = None,
    wide: Wide = False,
    as_of: AsOf = None,
    prices_file: PricesFile = None,
    max_price_age: MaxPriceAge = None,
) -> int:
    """Recommend an API or GPUs of your own for a scenario, and say what would change that.

    The verdict comes first, then what would flip it, every option with its monthly cost, total
    cost of ownership in five categories, break-even volumes, what was left out and why, and the
    assumptions. Several files: each scenario, then all together, with what sharing saves; more
    than 20 are answered in short, by several processes.

    Inside a Pulumi project with the program of planner, the plan of one file also goes into the
    stack's configuration, as `planner emit` does it; the next command is told.

    Exits with 1 when no option is feasible, with 3 when an unknown price could change the order.

      planner recommend scenario.yaml
      planner recommend scenario.yaml --set workload.requests_per_day=50000 --explain
      planner recommend scenarios/*.yaml --output json=report.json --output markdown=report.md
      planner recommend scenario.yaml --arm selfhost_ondemand --save plan.json
      planner recommend scenario.yaml --actuals .planner/actuals
    """
    options = ReportOptions(format=format_, out=out, outputs=outputs, wide=wide)
    check_forms(options, _FORMATS)
    _refuse_several(files, save, actuals)
    prices = PriceOptions(prices_file=prices_file, as_of=as_of, max_price_age=max_price_age)
    question = Question(sets=tuple(sets), prices=prices, arm=arm, draws=draws, seed=seed)
    if len(files) > FULL_REPORTS:
        if explain or explain_path is not None:
            raise InputError(f"--explain is for {FULL_REPORTS} files at most, got {len(files)}")
        answers = answers_of(files, question, jobs)
        write_report(short_forms(answers), options)
        stale = warn_of_ages(age for answer in answers for age in answer.ages)
        gates = [answer.gates for answer in answers]
    else:
        measured = _measured(files, question, actuals)
        evaluations = _evaluations(files, question, measured)
        figures = _figures(evaluations, explain_path) if explain or explain_path is not None else ()
        forms = _forms(evaluations, figures, draws=draws, seed=seed, wide=wide)
        write_report(_with_measured(forms, measured, evaluations), options)
        if save is not None:
            _save_plan(evaluations[0], save)
        if len(files) == 1 and not no_emit:
            _emit(evaluations[0], stack)
        stale = report_price_ages(evaluations, prices)
        gates = [Gates.of(each.recommendation) for each in evaluations]
    return _exit_code(
        gates, fail_over_budget=fail_over_budget, allow_unpriced=allow_unpriced, stale=stale
    )


def _refuse_several(files: Sequence[Path], save: Path | None, actuals: Path | None) -> None:
    if len(files) == 1:
        return
    if save is not None:
        raise InputError("--save writes one plan; give it one scenario file")
    if actuals is not None:
        raise InputError("--actuals measures one workload; give it one scenario file")


# --- Measured values ---------------------------------------------------------------------------


def _measured(
    files: Sequence[Path], question: Question, actuals: Path | None
) -> MeasuredScenario | None:
    if actuals is None:
        return None
    from planner.cli.actuals_loop import measured_scenario

    return measured_scenario(files[0], question.sets, question.prices, actuals)


def _evaluations(
    files: Sequence[Path], question: Question, measured: MeasuredScenario | None
) -> list[Evaluation]:
    """What the user sets comes last: it wins over what was measured."""
    sets = question.sets if measured is None else (*measured.sets, *question.sets)
    return [
        each.with_arm(question.arm).with_uncertainty(draws=question.draws, seed=question.seed)
        for each in evaluate_files(files, sets, question.prices)
    ]


def _with_measured(
    forms: dict[str, Form], measured: MeasuredScenario | None, evaluations: Sequence[Evaluation]
) -> dict[str, Form]:
    if measured is None:
        return forms
    from planner.cli.actuals_loop import with_measured

    return with_measured(forms, measured.view(evaluations[0]))


# --- Reports -----------------------------------------------------------------------------------


def _figures(
    evaluations: Sequence[Evaluation], path: str | None
) -> tuple[tuple[Explained, ...], ...]:
    from planner.render.explain import narrowed
    from planner.render.explain_figures import explained_figures

    return tuple(
        narrowed(explained_figures(each.loaded, each.recommendation), path) for each in evaluations
    )


def _forms(
    evaluations: Sequence[Evaluation],
    figures: Sequence[Sequence[Explained]],
    *,
    draws: int,
    seed: int,
    wide: bool,
) -> dict[str, Form]:
    from planner.render.payload_recommend import recommend_report

    reports = [recommend_report(each.loaded, each.recommendation) for each in evaluations]

    whole = _together(evaluations, reports, draws=draws, seed=seed)

    def blocks() -> list[Block]:
        return _blocks(reports, whole, figures, wide=wide)

    def json_form(style: object) -> str:
        return _json(reports, whole, figures)

    def csv_form(style: object) -> str:
        from planner.render.csv_reports import recommend_csv

        return recommend_csv(reports)

    return {
        "table": table_form(blocks),
        "markdown": markdown_form(blocks),
        "json": json_form,
        "csv": csv_form,
    }


def _together(
    evaluations: Sequence[Evaluation], reports: Sequence[RecommendReport], *, draws: int, seed: int
) -> PortfolioReport | None:
    """The portfolio of several scenarios; None for one."""
    if len(evaluations) == 1:
        return None
    from planner.decision.portfolio import combine
    from planner.render.payload_portfolio import portfolio_report

    members = [member_of_evaluation(each, draws=draws, seed=seed) for each in evaluations]
    return portfolio_report(reports, combine(members))


def _blocks(
    reports: Sequence[RecommendReport],
    whole: PortfolioReport | None,
    figures: Sequence[Sequence[Explained]],
    *,
    wide: bool,
) -> list[Block]:
    from planner.render.explain import explain_blocks
    from planner.render.text_recommend import recommend_blocks

    explanations = [explain_blocks(each) for each in figures] or [[] for _ in reports]
    each = [
        recommend_blocks(report, wide=wide, explanation=explanation)
        for report, explanation in zip(reports, explanations, strict=True)
    ]
    if whole is None:
        return each[0]
    from planner.render.text_portfolio import portfolio_blocks

    return portfolio_blocks(whole, each)


def _json(
    reports: Sequence[RecommendReport],
    whole: PortfolioReport | None,
    figures: Sequence[Sequence[Explained]],
) -> str:
    from planner.render.json_ import json_text, json_with, jsonable

    if whole is None:
        return json_with(reports[0], explain=figures[0] if figures else ())
    report = jsonable(whole)
    if figures and isinstance(report, dict):
        report["explain"] = {
            one.scenario.id: jsonable(each) for one, each in zip(reports, figures, strict=True)
        }
    return json_text(report)


def _save_plan(evaluation: Evaluation, path: Path) -> None:
    from planner.decision import build_plan
    from planner.files import write_atomic

    chosen = evaluation.recommendation.chosen
    if chosen is None:
        streams.current().warn(f"{path}: not written, no option is feasible")
        return
    plan = build_plan(evaluation.recommendation, chosen)
    write_atomic(path, plan.to_json())
    streams.current().note(f"wrote {path} ({plan.plan_hash}): {chosen.option.name}")


def _emit(evaluation: Evaluation, stack: str | None) -> None:
    """The chosen plan into the project that this is run in, if it is one of ours.

    The question was answered, so a plan that cannot be deployed as it is ends nothing here.
    """
    chosen = evaluation.recommendation.chosen
    if chosen is None or not any((p / "Pulumi.yaml").is_file() for p in _here_and_above()):
        return
    from planner.cli.emit import emit_plan
    from planner.decision import build_plan
    from planner.emit.project import find_project

    stream = streams.current()
    try:
        project = find_project(Path())
        if project is None or not project.ours:
            return
        found = emit_plan(build_plan(evaluation.recommendation, chosen), stack, project, write=True)
    except InputError as error:
        stream.warn(f"not emitted: {error.message}")
        return
    said = "wrote" if found.changed else "holds this plan already:"
    stream.note(f"{said} {found.path} ({found.plan.plan_hash}): {found.plan.kind}")
    command = found.steps[0].commands[0]
    stream.note(f"next: {command} (all steps: planner emit {evaluation.loaded.path})")


def _here_and_above() -> tuple[Path, ...]:
    here = Path().resolve()
    return (here, *here.parents)


# --- Exit code ---------------------------------------------------------------------------------


def _exit_code(
    gates: Sequence[Gates],
    *,
    fail_over_budget: bool,
    allow_unpriced: bool,
    stale: bool,
) -> int:
    """A gate that fails comes before an answer that is not certain."""
    if any(g.undecided or (fail_over_budget and g.over_budget) for g in gates):
        return EXIT_GATE_FAILED
    uncertain = not allow_unpriced and any(g.uncertain for g in gates)
    return EXIT_INCOMPLETE if uncertain or stale else EXIT_OK
