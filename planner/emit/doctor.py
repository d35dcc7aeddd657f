"""What stands between a stack's configuration and a working ``pulumi up``.

Everything found comes in as ``Local`` facts, and as answers of ``Account`` where AWS may be asked.
A thing that was not looked at is said to be so: silence would read as "fine".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from planner.catalog.hardware import shipped_instances
from planner.catalog.quotas import Quota
from planner.catalog.types import InstanceType
from planner.emit.next_steps import missing_digests
from planner.emit.serving_plan import GpuPart, ServingPlan

__all__ = [
    "STACK_TAG",
    "Account",
    "Check",
    "Local",
    "Status",
    "account_checks",
    "local_checks",
    "stack_checks",
]

Status = Literal["ok", "problem", "note", "not_checked"]
# The tag that budgets filter on; the program in stacks/ sets it.
STACK_TAG = "llm-planner:stack"
_LEAST_PYTHON = (3, 11)
_LEAST_PULUMI = (3, 200, 0)
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")
_WITHOUT_AWS = "ask AWS with --aws"


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


class Account(Protocol):
    """What AWS says; each raises LookupError with a reason where it says nothing."""

    def identity(self) -> str:
        """The account and who asks."""
        ...

    def offering_zones(self, instance_type: str, region: str) -> Sequence[str]:
        """Zones that offer a type."""
        ...

    def vcpu_quota(self, code: str, region: str) -> int:
        """vCPUs the account may run under a quota."""
        ...

    def tag_is_active(self, key: str) -> bool:
        """Whether a cost allocation tag is active in the paying account."""
        ...

    def certificate_status(self, arn: str, region: str) -> str:
        """Status of a certificate."""
        ...

    def objects_under(self, bucket: str, prefix: str) -> int:
        """Bytes under a prefix."""
        ...


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
        found.append(
            Check(
                name="function concurrency",
                status="not_checked",
                found="the account must keep 100 executions unreserved",
                todo="AWS console, Service Quotas, Lambda, concurrent executions",
            )
        )
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


def account_checks(plan: ServingPlan, local: Local, account: Account | None) -> tuple[Check, ...]:
    """Credentials, quotas, offering, tag, certificate, weights; without ``account`` from files."""
    found = [_credentials(local, account)]
    if plan.gpu is not None:
        instance = shipped_instances().get(plan.gpu.instance_type)
        found += [_offering(plan, account), _quota(plan, instance, local, account)]
        found.append(_weights(plan.gpu, account))
    certificate = plan.deployment.certificate_arn
    if certificate is not None:
        found.append(_certificate(plan, certificate, account))
    found.append(_tag(account))
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


# --- The account -------------------------------------------------------------------------------


def _asked(name: str, ask: Callable[[], Check]) -> Check:
    """What AWS did not answer was not checked."""
    try:
        return ask()
    except LookupError as error:
        reason = str(error.args[0]) if error.args else "AWS gave no answer"
        return Check(name=name, status="not_checked", found=reason)


def _credentials(local: Local, account: Account | None) -> Check:
    name = "credentials"
    if account is not None:
        return _asked(name, lambda: Check(name=name, status="ok", found=account.identity()))
    if local.has_credentials:
        return Check(name=name, status="not_checked", found="there are some", todo=_WITHOUT_AWS)
    return Check(
        name=name,
        status="problem",
        found="neither AWS_* variables nor ~/.aws",
        todo="aws configure sso, or aws configure",
    )


def _offering(plan: ServingPlan, account: Account | None) -> Check:
    gpu = plan.gpu
    assert gpu is not None
    name = "instance type offered"
    if account is None:
        return Check(name=name, status="not_checked", found=gpu.instance_type, todo=_WITHOUT_AWS)

    def ask() -> Check:
        zones = account.offering_zones(gpu.instance_type, plan.region)
        found = f"{gpu.instance_type} in {', '.join(zones) or 'no zone'} of {plan.region}"
        if len(zones) >= gpu.zones:
            return Check(name=name, status="ok", found=found)
        return Check(
            name=name,
            status="problem",
            found=f"{found}; the plan wants {gpu.zones}",
            todo="another region or instance type, or slo.zones",
        )

    return _asked(name, ask)


def _quota(
    plan: ServingPlan, instance: InstanceType | None, local: Local, account: Account | None
) -> Check:
    gpu = plan.gpu
    assert gpu is not None
    name = "vCPU quota"
    if instance is None:
        return Check(name=name, status="not_checked", found=f"no facts of {gpu.instance_type}")
    spot = gpu.purchase == "spot"
    code = instance.quota_code_spot if spot else instance.quota_code_on_demand
    needed = instance.vcpu * gpu.max_instances

    def judged(granted: int, origin: str) -> Check:
        found = f"{code}: {granted} vCPU {origin}, {needed} needed for {gpu.max_instances} x"
        enough = granted >= needed
        return Check(
            name=name,
            status="ok" if enough else "problem",
            found=f"{found} {gpu.instance_type}",
            todo="" if enough else f"ask for more of {code} in {plan.region}: takes days",
        )

    if account is not None:
        return _asked(name, lambda: judged(account.vcpu_quota(code, plan.region), "granted"))
    seen = local.quotas.get((plan.region, code))
    if seen is not None:
        return judged(seen.vcpu, f"{seen.basis} on {seen.observed}")
    return Check(
        name=name,
        status="not_checked",
        found=f"{code}: {needed} vCPU needed",
        todo=f"{_WITHOUT_AWS}, or planner prices refresh --quotas",
    )


def _weights(gpu: GpuPart, account: Account | None) -> Check:
    name, weights = "weights", gpu.weights
    if weights.bucket is None:
        return Check(
            name=name,
            status="not_checked",
            found="the bucket comes with the stack",
            todo="planner emit prints how to upload them",
        )
    place = f"s3://{weights.bucket}/{weights.prefix}"
    if account is None:
        return Check(name=name, status="not_checked", found=place, todo=_WITHOUT_AWS)
    bucket = weights.bucket

    def ask() -> Check:
        size = account.objects_under(bucket, weights.prefix)
        found = f"{size / 1e9:.1f} GB in {place}, the model has {weights.bytes / 1e9:.1f} GB"
        # Configuration and tokenizer come on top; a file that is missing is far more than that.
        enough = size >= weights.bytes * 0.95
        return Check(
            name=name,
            status="ok" if enough else "problem",
            found=found,
            todo="" if enough else "upload the missing files",
        )

    return _asked(name, ask)


def _certificate(plan: ServingPlan, arn: str, account: Account | None) -> Check:
    name = "certificate"
    if account is None:
        return Check(name=name, status="not_checked", found=arn, todo=_WITHOUT_AWS)

    def ask() -> Check:
        status = account.certificate_status(arn, plan.region)
        issued = status == "ISSUED"
        return Check(
            name=name,
            status="ok" if issued else "problem",
            found=status,
            todo="" if issued else "validate it first: the listener refuses others",
        )

    return _asked(name, ask)


def _tag(account: Account | None) -> Check:
    name = "cost allocation tag"
    todo = (
        f"activate {STACK_TAG} in the paying account, Billing, cost allocation tags; it appears "
        "there once used, and until then the budget shows $0"
    )
    if account is None:
        return Check(name=name, status="not_checked", found=STACK_TAG, todo=_WITHOUT_AWS)

    def ask() -> Check:
        if account.tag_is_active(STACK_TAG):
            return Check(name=name, status="ok", found=f"{STACK_TAG} is active")
        return Check(name=name, status="problem", found=f"{STACK_TAG} is not active", todo=todo)

    return _asked(name, ask)
