"""What stands between a plan and a working ``pulumi up``: the AWS account.

Without ``Account``, from files alone; what AWS did not answer was not checked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from planner.catalog.hardware import shipped_instances
from planner.catalog.types import InstanceType
from planner.emit.doctor import Check, Local
from planner.emit.serving_plan import GpuPart, ServingPlan

__all__ = ["STACK_TAG", "Account", "account_checks"]

# The tag that budgets filter on; the program in stacks/ sets it.
STACK_TAG = "llm-planner:stack"
_WITHOUT_AWS = "ask AWS with --aws"


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
