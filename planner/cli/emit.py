"""``planner emit``: a plan into the configuration of a Pulumi stack."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from planner.cli import streams
from planner.cli.evaluation import PriceOptions, evaluate_file
from planner.cli.options import FORMAT, AsOf, Draws, Out, PricesFile, Seed, Sets
from planner.errors import EXIT_GATE_FAILED, EXIT_OK, GateFailed, InputError

if TYPE_CHECKING:
    from planner.decision import Plan
    from planner.emit.next_steps import Step
    from planner.emit.project import Project
    from planner.emit.serving_plan import ServingPlan

__all__ = ["Emitted", "command", "emit_plan", "emitted_lines", "plan_of_file"]

_File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="A scenario, or a plan saved with `recommend --save`, which is not computed again.",
        show_default=False,
    ),
]
_Stack = Annotated[
    str | None,
    typer.Option("--stack", metavar="NAME", help="The Pulumi stack. Default: the scenario's id."),
]
_Arm = Annotated[
    str | None,
    typer.Option("--arm", metavar="ARM", help="Emit this arm instead of the cheapest."),
]
_Check = Annotated[
    bool,
    typer.Option("--check", help="Write nothing; exit with 1 when the file would change."),
]
_Print = Annotated[
    bool,
    typer.Option("--print", help="Write nothing; print the file as it would be."),
]
_Steps = Annotated[
    bool,
    typer.Option(
        "--steps", help="Write nothing; print the commands from here to the first request."
    ),
]
_ProjectDir = Annotated[
    Path | None,
    typer.Option(
        "--project",
        metavar="DIR",
        help="Make DIR a Pulumi project of its own, with the program and a smoke test.",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Emitted:
    """What was written for a stack. ``kept`` are files of a project that were left as they are."""

    plan: ServingPlan
    stack: str
    project: Project
    path: Path
    changed: bool
    written: tuple[Path, ...]
    kept: tuple[Path, ...]
    steps: tuple[Step, ...]
    notes: tuple[str, ...]
    text: str


def command(
    file: _File,
    stack: _Stack = None,
    arm: _Arm = None,
    sets: Sets = [],  # noqa: B006 - typer copies it
    check: _Check = False,
    print_: _Print = False,
    steps: _Steps = False,
    project: _ProjectDir = None,
    draws: Draws = 2_000,
    seed: Seed = 1,
    format_: Annotated[Literal["table", "json"], FORMAT] = "table",
    out: Out = None,
    as_of: AsOf = None,
    prices_file: PricesFile = None,
) -> int:
    """Write a plan into the configuration of a Pulumi stack, and say what comes next.

    Only the plan's key of Pulumi.<stack>.yaml is written; every other byte of the file stays. The
    program in stacks/ deploys what stands there. The same scenario and prices give the same bytes.

    Exits with 1 when --check finds another plan in the file, or when no option is feasible.

      planner emit scenario.yaml --stack prod
      planner emit plan.json --stack prod --check
      planner emit scenario.yaml --arm selfhost_ondemand --project my-service
    """
    if sum((check, print_, steps)) > 1 or (project is not None and (check or steps)):
        raise InputError("--check, --print and --steps write nothing; give one of them, alone")
    prices = PriceOptions(prices_file=prices_file, as_of=as_of)
    plan = plan_of_file(file, arm, sets, prices, draws=draws, seed=seed)
    where = _project_of(project, write=not print_)
    emitted = emit_plan(
        plan,
        stack,
        where.project,
        write=not (check or print_ or steps),
        made=where.written,
        kept=where.kept,
    )
    stream = streams.current()
    if print_:
        stream.write_result(emitted.text, out)
        return EXIT_OK
    if format_ == "json":
        stream.write_result(_json(emitted), out)
    elif not check:
        stream.write_result("\n".join(emitted_lines(emitted)), out)
    if not check:
        return EXIT_OK
    return _checked(emitted, stream)


# --- The plan ----------------------------------------------------------------------------------


def plan_of_file(
    file: Path,
    arm: str | None,
    sets: list[str],
    prices: PriceOptions,
    *,
    draws: int,
    seed: int,
) -> Plan:
    """The plan of a scenario, or one that was saved; GateFailed when no option is feasible."""
    from planner.decision import build_plan, read_plan

    if file.suffix.lower() == ".json":
        if arm is not None or sets:
            raise InputError(
                f"{file} is a saved plan: --arm and --set would need its scenario; give that file"
            )
        return read_plan(file)
    evaluation = evaluate_file(file, sets, prices)
    recommendation = evaluation.with_arm(arm).with_uncertainty(draws=draws, seed=seed)
    chosen = recommendation.recommendation.chosen
    if chosen is None:
        raise GateFailed(f"{file}: no option is feasible, so there is nothing to deploy")
    return build_plan(recommendation.recommendation, chosen)


# --- Where it goes -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Where:
    project: Project
    written: tuple[Path, ...] = ()
    kept: tuple[Path, ...] = ()


def _project_of(folder: Path | None, *, write: bool) -> _Where:
    from planner.emit.project import find_project, make_project

    if folder is not None and write:
        project, written, kept = make_project(folder)
        return _Where(project=project, written=written, kept=kept)
    found = find_project(folder or Path())
    if found is None:
        raise InputError(
            "no Pulumi.yaml here or above; go to the project's folder, or make one with "
            "--project DIR"
        )
    return _Where(project=found)


def emit_plan(
    plan: Plan,
    stack: str | None,
    project: Project,
    *,
    write: bool,
    made: tuple[Path, ...] = (),
    kept: tuple[Path, ...] = (),
) -> Emitted:
    """Put a plan into a stack's configuration; InputError when it cannot be deployed."""
    from planner.emit.build import serving_plan
    from planner.emit.config_file import read_exactly, spliced
    from planner.emit.next_steps import next_steps, plan_notes
    from planner.emit.project import write_config

    name = stack or str(plan.content["scenario_id"])
    serving = serving_plan(plan, name)
    path = project.stack_file(name)
    before = read_exactly(path)
    text = spliced(before, serving, project.plan_key, str(path))
    changed = text != before
    if write and changed:
        write_config(path, text)
    return Emitted(
        plan=serving,
        stack=name,
        project=project,
        path=path,
        changed=changed,
        written=(*made, *((path,) if write and changed else ())),
        kept=kept,
        steps=next_steps(serving, name, new=before is None),
        notes=plan_notes(plan, serving),
        text=text,
    )


# --- What is said ------------------------------------------------------------------------------


def emitted_lines(emitted: Emitted) -> list[str]:
    """What was written, what the plan is, and the commands that come next."""
    plan = emitted.plan
    lines = _written_lines(emitted)
    lines += [f"kept {path}, which differs from this planner's own" for path in emitted.kept]
    if not emitted.changed:
        lines.append(f"{emitted.path} holds this plan already")
    lines.append(
        f"stack {emitted.stack}: {plan.kind} ({plan.arm}), plan {plan.plan_hash}, "
        f"${plan.fixed_cost_monthly_usd:,.2f} a month before any request"
    )
    lines += ["", "Next:"]
    for number, step in enumerate(emitted.steps, start=1):
        lines.append(f"{number}. {step.what}")
        lines += [f"   {each}" for each in step.commands]
    if emitted.notes:
        lines += ["", *emitted.notes]
    return lines


def _written_lines(emitted: Emitted) -> list[str]:
    """Each file, and a project's program as one line."""
    others = [path for path in emitted.written if path != emitted.path]
    lines = [] if not others else [f"wrote {len(others)} files to {emitted.project.root}"]
    return [*lines, *(f"wrote {emitted.path}" for path in emitted.written if path == emitted.path)]


def _json(emitted: Emitted) -> str:
    from planner.render.json_ import json_text

    plan = emitted.plan
    return json_text(
        {
            "stack": emitted.stack,
            "stack_id": plan.stack_id,
            "kind": plan.kind,
            "arm": plan.arm,
            "plan_hash": plan.plan_hash,
            "fixed_cost_monthly_usd": f"{plan.fixed_cost_monthly_usd:f}",
            "file": str(emitted.path),
            "changed": emitted.changed,
            "written": [str(path) for path in emitted.written],
            "kept": [str(path) for path in emitted.kept],
            "notes": list(emitted.notes),
            "next": [
                {"what": step.what, "commands": list(step.commands)} for step in emitted.steps
            ],
        }
    )


def _checked(emitted: Emitted, stream: streams.Streams) -> int:
    if not emitted.changed:
        stream.note(f"{emitted.path} holds plan {emitted.plan.plan_hash}")
        return EXIT_OK
    stream.warn(
        f"{emitted.path} does not hold plan {emitted.plan.plan_hash}; write it with: "
        f"planner emit FILE --stack {emitted.stack}"
    )
    return EXIT_GATE_FAILED
