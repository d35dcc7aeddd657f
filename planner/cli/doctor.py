"""``planner doctor``: what stands between a stack's plan and a working ``pulumi up``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from planner.cli.emit import plan_of_file
from planner.cli.evaluation import PriceOptions
from planner.cli.options import FORMAT, AsOf, Draws, Out, PricesFile, Seed, Sets
from planner.cli.report_output import ReportOptions, markdown_form, table_form, write_report
from planner.errors import EXIT_GATE_FAILED, EXIT_OK, InputError

if TYPE_CHECKING:
    from planner.decision import Plan
    from planner.emit.doctor import Check, Local
    from planner.emit.doctor_account import Account
    from planner.emit.project import Project
    from planner.emit.serving_plan import ServingPlan
    from planner.render.blocks import Block

__all__ = ["command"]

_File = Annotated[
    Path | None,
    typer.Argument(
        metavar="[FILE]",
        help="A scenario or a saved plan. Default: the plan in the stack's configuration.",
        show_default=False,
    ),
]
_Arm = Annotated[
    str | None,
    typer.Option("--arm", metavar="ARM", help="Of a scenario: this arm instead of the cheapest."),
]
_Stack = Annotated[
    str | None,
    typer.Option(
        "--stack", metavar="NAME", help="The Pulumi stack. Default: the only one with a plan."
    ),
]
_Aws = Annotated[
    bool,
    typer.Option("--aws", help="Ask AWS too, with your credentials; reading calls only."),
]
_PACKAGES = ("llm-serving-planner", "pulumi", "pulumi-aws")
_WORDS = {"ok": "ok", "problem": "PROBLEM", "note": "note", "not_checked": "not checked"}
_PULUMI_TIMEOUT_S = 30


def command(
    file: _File = None,
    stack: _Stack = None,
    arm: _Arm = None,
    sets: Sets = [],  # noqa: B006 - typer copies it
    aws: _Aws = False,
    format_: Annotated[Literal["table", "json", "markdown"], FORMAT] = "table",
    out: Out = None,
    draws: Draws = 2_000,
    seed: Seed = 1,
    as_of: AsOf = None,
    prices_file: PricesFile = None,
) -> int:
    """Say what stands between a plan and a working pulumi up.

    Looks at versions, the stack's configuration and what the plan needs: region, images, weights,
    certificate, vCPU quota, the tag that budgets filter on. Without --aws nothing is asked of AWS;
    what was not checked is listed as such.

    Exits with 1 when there is a problem.

      planner doctor --stack prod
      planner doctor --stack prod --aws
      planner doctor scenario.yaml --arm selfhost_ondemand
    """
    from planner.emit.doctor import local_checks, stack_checks
    from planner.emit.doctor_account import account_checks

    if file is None:
        if arm is not None or sets:
            raise InputError("--arm and --set are about a scenario; name its file")
        subject = _emitted(stack)
    else:
        prices = PriceOptions(prices_file=prices_file, as_of=as_of)
        saved = plan_of_file(file, arm, sets, prices, draws=draws, seed=seed)
        subject = _to_emit(file, saved, stack)
    local = _local(subject.project, subject.config, prices_file)
    plan = subject.plan
    account = _account(plan) if aws else None
    checks = (
        *local_checks(local),
        *stack_checks(plan, local),
        *account_checks(plan, local, account),
    )
    _write(
        subject.path,
        plan,
        checks,
        ReportOptions(format=format_, out=out, outputs=(), wide=False),
    )
    problem = any(check.status == "problem" for check in checks)
    return EXIT_GATE_FAILED if problem else EXIT_OK


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """A plan, where it stands or would stand, and the configuration that is there."""

    plan: ServingPlan
    path: Path
    project: Project | None
    config: Mapping[str, Any]


def _emitted(stack: str | None) -> _Subject:
    """The plan in a stack's configuration."""
    project = _project()
    path = _stack_file(project, stack)
    config = _config(path)
    plan = _plan_of(config, project, path)
    return _Subject(plan=plan, path=path, project=project, config=config)


def _to_emit(file: Path, plan: Plan, stack: str | None) -> _Subject:
    """A plan that may not have been emitted yet, nor have a project to go to."""
    from planner.emit.build import serving_plan
    from planner.emit.project import find_project

    name = stack or str(plan.content["scenario_id"])
    project = find_project(Path())
    path = file if project is None else project.stack_file(name)
    there = project is not None and path.is_file()
    return _Subject(
        plan=serving_plan(plan, name),
        path=path,
        project=project,
        config=_config(path) if there else {},
    )


# --- What is there -----------------------------------------------------------------------------


def _project() -> Project:
    from planner.emit.project import find_project

    found = find_project(Path())
    if found is None:
        raise InputError(
            "no Pulumi.yaml here or above; go to the project's folder, or make one with "
            "planner emit FILE --project DIR"
        )
    return found


def _stack_file(project: Project, stack: str | None) -> Path:
    if stack is not None:
        path = project.stack_file(stack)
        if not path.is_file():
            raise InputError(
                f"{path}: no such file; write it with: planner emit FILE --stack {stack}"
            )
        return path
    found = sorted(project.config_dir.glob("Pulumi.*.yaml"))
    if len(found) != 1:
        names = ", ".join(path.name.split(".")[1] for path in found) or "none"
        raise InputError(f"{project.config_dir} has these stacks: {names}; name one with --stack")
    return found[0]


def _config(path: Path) -> Mapping[str, Any]:
    import yaml

    from planner.files import read_text

    try:
        raw = yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not YAML ({getattr(error, 'problem', error)})") from None
    config = cast("object", raw.get("config")) if isinstance(raw, dict) else None  # pyright: ignore[reportUnknownMemberType] - checked below
    if not isinstance(config, Mapping):
        raise InputError(f"{path}: holds no `config`; write it with planner emit")
    return cast("Mapping[str, Any]", config)


def _plan_of(config: Mapping[str, Any], project: Project, path: Path) -> ServingPlan:
    from pydantic import ValidationError

    from planner.emit.serving_plan import ServingPlan

    raw = config.get(project.plan_key)
    if raw is None:
        raise InputError(f"{path}: has no {project.plan_key}; write it with planner emit")
    try:
        return ServingPlan.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{path}: {project.plan_key}.{where}: {first['msg']}; write it again with planner emit"
        ) from None


def _local(project: Project | None, config: Mapping[str, Any], prices_file: Path | None) -> Local:
    from planner.catalog import load_catalog
    from planner.emit.doctor import Local

    prefix = "" if project is None else f"{project.name}:"
    region = config.get("aws:region")
    emitted = config.get("" if project is None else project.plan_key)
    root = Path() if project is None else project.root
    return Local(
        python=sys.version_info[:2],
        pulumi_command=_pulumi_version(),
        packages={name: _installed(name) for name in _PACKAGES},
        environment_has_program=None if project is None else (root / ".venv").is_dir(),
        has_credentials=_has_credentials(),
        config={
            key.removeprefix(prefix): str(value)
            for key, value in config.items()
            if key.startswith(prefix) and not isinstance(value, dict | list)
        },
        region=None if region is None else str(region),
        emitted_hash=_hash_in(emitted),
        quotas=load_catalog(prices=None, base_dir=root, prices_file=prices_file).quotas,
    )


def _hash_in(emitted: object) -> str | None:
    """The hash of a plan in the configuration, as far as it can be read."""
    if not isinstance(emitted, Mapping):
        return None
    return cast("Mapping[str, str | None]", emitted).get("planHash")


def _pulumi_version() -> str | None:
    """What ``pulumi version`` prints; None when there is no such program."""
    program = shutil.which("pulumi")
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, "version"],
            capture_output=True,
            text=True,
            timeout=_PULUMI_TIMEOUT_S,
            check=False,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "1"},
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _has_credentials() -> bool:
    keys = ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE")
    return any(os.environ.get(key) for key in keys) or (Path.home() / ".aws").is_dir()


def _account(plan: ServingPlan) -> Account:
    from planner.cli.prices_aws import boto3_clients
    from planner.emit.doctor_aws import AwsAccount

    return AwsAccount(boto3_clients("`planner doctor --aws`"), plan.region)


# --- What is said ------------------------------------------------------------------------------


def _write(path: Path, plan: ServingPlan, checks: Sequence[Check], options: ReportOptions) -> None:
    from planner.render.json_ import json_text

    def blocks() -> list[Block]:
        return _blocks(path, plan, checks)

    def json_form(style: object) -> str:
        return json_text(
            {
                "file": str(path),
                "plan_hash": plan.plan_hash,
                "kind": plan.kind,
                "problems": sum(1 for check in checks if check.status == "problem"),
                "checks": [asdict(check) for check in checks],
            }
        )

    write_report(
        {"table": table_form(blocks), "markdown": markdown_form(blocks), "json": json_form},
        options,
    )


def _blocks(path: Path, plan: ServingPlan, checks: Sequence[Check]) -> list[Block]:
    from planner.render.blocks import Bullets, Column, Grid, Heading, Paragraph

    problems = sum(1 for check in checks if check.status == "problem")
    unseen = sum(1 for check in checks if check.status == "not_checked")
    verdict = "1 problem" if problems == 1 else f"{problems} problems"
    found: list[Block] = [
        Heading(f"{path.name}: {plan.kind}, plan {plan.plan_hash}", 1),
        Paragraph(f"{verdict}, {unseen} things not checked", strong=True),
        Grid.of(
            [
                Column(header="what"),
                Column(header="status"),
                Column(header="found", wraps=True),
            ],
            [(check.name, _WORDS[check.status], check.found) for check in checks],
        ),
    ]
    todo = tuple(f"{check.name}: {check.todo}" for check in checks if check.todo)
    return [*found, Heading("To do"), Bullets(todo)] if todo else found
