"""What stands between a plan and a working ``pulumi up``: this machine and the configuration.

Everything found comes in as ``Local`` facts; ``doctor_account`` looks at the AWS account. A thing
that was not looked at is said to be so: silence would read as "fine".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from planner.catalog.quotas import Quota
from planner.emit.next_steps import missing_digests
from planner.emit.serving_plan import GpuPart, ServingPlan

__all__ = [
    "Check",
    "Local",
    "Status",
    "local_checks",
    "stack_checks",
]

Status = Literal["ok", "problem", "note", "not_checked"]
_LEAST_PYTHON = (3, 11)
_LEAST_PULUMI = (3, 200, 0)
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at: what was found, and what to do about it."""

    name: str
    status: Status
    found: str
    todo: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """What this machine says. ``config`` are the stack's plain values without their project.

    ``environment_has_program`` is None outside a project. ``emitted_hash`` is the plan in the
    stack's configuration, None where there is none.
    """

    python: tuple[int, int]
    pulumi_command: str | None
    packages: Mapping[str, str | None]
    environment_has_program: bool | None
    has_credentials: bool
    config: Mapping[str, str]
    region: str | None
    emitted_hash: str | None
    quotas: Mapping[tuple[str, str], Quota]


def local_checks(local: Local) -> tuple[Check, ...]:
    """Programs and packages, whatever the stack is."""
    return (_python(local), _pulumi(local), _packages(local), _environment(local))


def stack_checks(plan: ServingPlan, local: Local) -> tuple[Check, ...]:
    """The stack's configuration against its plan, from this machine alone."""
    found = [_emitted(plan, local), _region(plan, local)]
    if plan.gpu is not None:
        found += [*_digests(plan.gpu, local), _weights_ready(plan.gpu, local)]
        found.append(_endpoint(plan))
    if plan.gateway is not None:
        found += [*_gateway(), *_engine_url(plan, local)]
    if plan.bedrock:
        found.append(
            Check(
                name="Bedrock models",
                status="not_checked",
                found=", ".join(model.model for model in plan.bedrock),
                todo="AWS console, Bedrock, model access in " + plan.region,
            )
        )
    return tuple(found)


# --- This machine ------------------------------------------------------------------------------


def _python(local: Local) -> Check:
    text = ".".join(map(str, local.python))
    if local.python >= _LEAST_PYTHON:
        return Check(name="python", status="ok", found=text)
    return Check(name="python", status="problem", found=text, todo="install Python 3.11 or newer")


def _pulumi(local: Local) -> Check:
    if local.pulumi_command is None:
        return Check(
            name="pulumi",
            status="problem",
            found="not on PATH",
            todo="https://www.pulumi.com/docs/install/",
        )
    match = _VERSION.search(local.pulumi_command)
    version = tuple(map(int, match.groups())) if match else None
    if version is None or version < _LEAST_PULUMI:
        return Check(
            name="pulumi",
            status="problem",
            found=local.pulumi_command.strip() or "says no version",
            todo="update it to 3.200 or newer",
        )
    return Check(name="pulumi", status="ok", found=local.pulumi_command.strip())


def _packages(local: Local) -> Check:
    missing = sorted(name for name, version in local.packages.items() if version is None)
    found = ", ".join(f"{n} {v}" for n, v in sorted(local.packages.items()) if v is not None)
    if not missing:
        return Check(name="packages", status="ok", found=found)
    return Check(
        name="packages",
        status="problem",
        found=f"not installed: {', '.join(missing)}",
        todo="pip install 'llm-serving-planner[stacks]' into the project's .venv",
    )


def _environment(local: Local) -> Check:
    if local.environment_has_program is None:
        return Check(
            name="project environment",
            status="not_checked",
            found="no Pulumi.yaml here or above",
            todo="planner emit FILE --project DIR makes a project",
        )
    if local.environment_has_program:
        return Check(name="project environment", status="ok", found=".venv")
    return Check(
        name="project environment",
        status="problem",
        found="no .venv beside Pulumi.yaml",
        todo="python3 -m venv .venv && .venv/bin/pip install -r requirements.txt",
    )


# --- The stack's configuration -----------------------------------------------------------------


def _emitted(plan: ServingPlan, local: Local) -> Check:
    if local.emitted_hash == plan.plan_hash:
        return Check(name="plan", status="ok", found=plan.plan_hash)
    return Check(
        name="plan",
        status="problem",
        found=f"the stack's configuration has {local.emitted_hash or 'none'}, this is "
        f"{plan.plan_hash}",
        todo="planner emit FILE --stack NAME",
    )


def _region(plan: ServingPlan, local: Local) -> Check:
    if local.region == plan.region:
        return Check(name="region", status="ok", found=plan.region)
    return Check(
        name="region",
        status="problem",
        found=f"aws:region is {local.region or 'not set'}, the plan is for {plan.region}",
        todo=f"pulumi config set aws:region {plan.region}",
    )


def _digests(gpu: GpuPart, local: Local) -> list[Check]:
    missing = [
        Check(
            name="image digest",
            status="problem",
            found=f"{artifact.repository} is not pinned",
            todo=f"pulumi config set {key} sha256:... (planner emit prints the command)",
        )
        for key, artifact in missing_digests(gpu)
        if key not in local.config
    ]
    return missing or [Check(name="image digest", status="ok", found="both images are pinned")]


def _weights_ready(gpu: GpuPart, local: Local) -> Check:
    if local.config.get("weightsReady", "").lower() == "true":
        return Check(name="weightsReady", status="ok", found="true")
    return Check(
        name="weightsReady",
        status="note",
        found="not set: no replica will start",
        todo=f"upload {gpu.weights.model}, then: pulumi config set weightsReady true",
    )


def _endpoint(plan: ServingPlan) -> Check:
    if plan.deployment.certificate_arn is not None:
        return Check(name="endpoint", status="ok", found="HTTPS")
    return Check(
        name="endpoint",
        status="note",
        found="plain HTTP inside the network",
        todo="deployment.certificate_arn for HTTPS",
    )


def _gateway() -> tuple[Check, ...]:
    """What an account must have for a gateway, once per region."""
    return (
        Check(
            name="function concurrency",
            status="not_checked",
            found="the account must keep 100 executions unreserved",
            todo="AWS console, Service Quotas, Lambda, concurrent executions; or "
            "pulumi config set reserveConcurrency false",
        ),
        Check(
            name="API log role",
            status="not_checked",
            found="API Gateway writes logs with a role of the account; without one `up` fails",
            todo="AWS console, API Gateway, Settings; or pulumi config set apiGatewayAccount true",
        ),
    )


def _engine_url(plan: ServingPlan, local: Local) -> tuple[Check, ...]:
    """Under TLS the gateway reaches the engine by the name on its certificate."""
    if plan.gpu is None or plan.deployment.certificate_arn is None:
        return ()
    url = local.config.get("engineUrl")
    if url is not None:
        return (Check(name="engineUrl", status="ok", found=url),)
    return (
        Check(
            name="engineUrl",
            status="problem",
            found="not set, and the load balancer's own name is not on the certificate",
            todo="pulumi config set engineUrl https://NAME/v1, a name that points to it",
        ),
    )
