"""The program in ``stacks/`` run without a cloud: which resources it registers, and with what.

A process of its own imports pulumi and runs the program against a stand-in engine
(``stacks/fake_engine``); this module starts it and reads its answer. About a second a run.
"""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import planner
from planner.emit.serving_plan import ServingPlan
from planner.errors import InputError, MissingExtra

__all__ = [
    "UNKNOWN",
    "CaptureError",
    "CapturedGraph",
    "CapturedResource",
    "capture",
    "capture_program",
    "program_folder",
]

# What stands for a value that is known only after `pulumi up`: Pulumi's own marker.
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
PROJECT = "llm-serving"
# An account number that is nobody's, as AWS documents it for examples.
_ACCOUNT = "123456789012"
_LONGEST_S = 120

Json = Any  # what a program registers: any JSON value


class CaptureError(InputError):
    """The program ended with an error, or could not be started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturedResource:
    """One resource as the program registered it. Keys are camelCase, as they travel.

    ``type`` is the token (``aws:budgets/budget:Budget``), ``name`` the program's name for it,
    ``parent`` a URN, empty for the stack itself; ``custom`` is False for components. ``inputs``
    are plain JSON: secrets without their mark, whole numbers as int, values that are not known
    before `up` as ``UNKNOWN``, files as ``{"$asset": ...}`` or ``{"$archive": ...}``. Where these
    stand is in ``secrets`` and ``unknowns`` as JSON pointers (``/tags/x``). ``outputs`` is what
    the stand-in cloud answered: the inputs and invented ids, names and ARNs (in a dry run only
    the inputs); ``id`` is empty in a dry run. ``property_dependencies`` has for each input the
    URNs it was made from. ``source`` is the place in the program, ``network.py:41``.
    """

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    provider: str
    id: str
    inputs: Mapping[str, Json]
    outputs: Mapping[str, Json]
    secrets: tuple[str, ...]
    unknowns: tuple[str, ...]
    dependencies: tuple[str, ...]
    property_dependencies: Mapping[str, tuple[str, ...]]
    ignore_changes: tuple[str, ...]
    additional_secret_outputs: tuple[str, ...]
    protect: bool
    retain_on_delete: bool
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturedGraph:
    """All resources by URN, and what the stack exports.

    ``logs`` are the program's own messages, ``(severity, message)``; ``invokes`` its look-ups,
    ``(token, arguments)``; ``secret_outputs`` the JSON pointers of secret stack outputs.
    """

    resources: tuple[CapturedResource, ...]
    stack_outputs: Mapping[str, Json]
    secret_outputs: tuple[str, ...]
    logs: tuple[tuple[str, str], ...]
    invokes: tuple[tuple[str, Mapping[str, Json]], ...]

    def of_type(self, token: str) -> tuple[CapturedResource, ...]:
        """The resources of one type token, by URN."""
        return tuple(resource for resource in self.resources if resource.type == token)


def program_folder() -> Path:
    """Where the program lies: inside the installed package, or ``stacks/`` of the repository."""
    package = Path(planner.__file__).parent
    installed = package / "_stacks"
    return installed if installed.is_dir() else package.parent / "stacks"


def capture(
    plan: ServingPlan,
    *,
    stack: str | None = None,
    dry_run: bool = False,
    config: Mapping[str, str] | None = None,
    program: Path | None = None,
    deployed_outputs: Mapping[str, Json] | None = None,
) -> CapturedGraph:
    """What the program registers for ``plan``, resolved or, with ``dry_run``, as in a preview.

    ``config`` adds settings by their full key (``llm-serving:weightsReady``); ``deployed_outputs``
    are what the stack put out at its last update. CaptureError when the program fails;
    MissingExtra without pulumi.
    """
    plan_text = json.dumps(plan.model_dump(mode="json", by_alias=True, exclude_none=True))
    return capture_program(
        program or program_folder(),
        stack=stack or plan.stack_id,
        config={
            "aws:region": plan.region,
            f"{PROJECT}:plan": plan_text,
            **(config or {}),
        },
        dry_run=dry_run,
        deployed_outputs=deployed_outputs,
    )


def capture_program(
    program: Path,
    *,
    stack: str,
    config: Mapping[str, str],
    project: str = PROJECT,
    dry_run: bool = False,
    deployed_outputs: Mapping[str, Json] | None = None,
) -> CapturedGraph:
    """What the Pulumi program in the folder ``program`` registers; see ``capture``."""
    for package in ("pulumi", "pulumi_aws"):
        if importlib.util.find_spec(package) is None:
            raise MissingExtra("stacks", "running the program in stacks/")
    request: dict[str, Json] = {
        "program": str(program.resolve()),
        "project": project,
        "stack": stack,
        "organization": "organization",
        "region": config.get("aws:region", ""),
        "account": _ACCOUNT,
        "config": dict(config),
        "config_secret_keys": list[str](),
        "dry_run": dry_run,
        "deployed_outputs": dict(deployed_outputs or {}),
    }
    return _graph(_answer(request, program))


def _answer(request: Mapping[str, Json], program: Path) -> Mapping[str, Json]:
    engine = program_folder() / "fake_engine" / "__main__.py"
    try:
        done = subprocess.run(
            [sys.executable, str(engine)],
            input=json.dumps(request),
            capture_output=True,
            encoding="utf-8",
            timeout=_LONGEST_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CaptureError(f"{program}: cannot run the program: {error}") from error
    try:
        answer = cast("Mapping[str, Json]", json.loads(done.stdout))
    except json.JSONDecodeError as error:
        raise CaptureError(
            f"{program}: the program gave no answer (code {done.returncode})",
            hint=done.stderr.strip()[-2000:] or None,
        ) from error
    if answer["error"]:
        whole = str(answer["error"])
        raise CaptureError(
            f"{program}: the program failed: {whole.splitlines()[-1]}", hint=_place(whole, program)
        ) from RuntimeError(whole)
    return answer


def _place(traceback: str, program: Path) -> str | None:
    """The line of the program that raised, of a Python traceback; None where it names none."""
    frames = re.findall(r'File "([^"]+)", line (\d+)', traceback)
    own = [(Path(file), line) for file, line in frames if program.resolve() in Path(file).parents]
    return f"it was raised in {own[-1][0].name}, line {own[-1][1]}" if own else None


def _graph(answer: Mapping[str, Json]) -> CapturedGraph:
    return CapturedGraph(
        resources=tuple(_resource(row) for row in answer["resources"]),
        stack_outputs=answer["stack_outputs"],
        secret_outputs=tuple(answer["secret_outputs"]),
        logs=tuple((str(log["severity"]), str(log["message"])) for log in answer["logs"]),
        invokes=tuple((str(call["token"]), call["args"]) for call in answer["invokes"]),
    )


def _resource(row: Mapping[str, Json]) -> CapturedResource:
    lists = ("secrets", "unknowns", "dependencies", "ignore_changes", "additional_secret_outputs")
    made_from = cast("Mapping[str, list[str]]", row["property_dependencies"])
    fields: dict[str, Json] = {
        **row,
        **{name: tuple(row[name]) for name in lists},
        "property_dependencies": {key: tuple(urns) for key, urns in made_from.items()},
    }
    return CapturedResource(**fields)
