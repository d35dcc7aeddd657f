"""From a plan to the configuration of the stack that deploys it."""

from __future__ import annotations

from typing import Any, get_args

from planner.decision import Plan
from planner.emit.gateway_part import bedrock_part, gateway_part
from planner.emit.gpu_part import gpu_part, network_part
from planner.emit.reading import Read
from planner.emit.serving_plan import DeploymentPart, PriceSnapshot, ServingPlan
from planner.emit.spend_part import spend_part
from planner.errors import InputError
from planner.money import round_usd

__all__ = ["serving_plan", "stack_id_of"]

_KINDS = get_args(ServingPlan.model_fields["kind"].annotation)


def serving_plan(plan: Plan, stack: str) -> ServingPlan:
    """The plan as the stack of that name gets it.

    InputError when no stack of ours deploys the chosen option, or when nobody could call it.
    """
    read = Read(plan)
    _check_deployable(read)
    has_gpu = read.kind in ("vllm_gpu", "hybrid")
    prices = read.content["prices"]
    return ServingPlan(
        plan_hash=read.plan_hash,
        stack_id=stack_id_of(read.content["scenario_id"], stack),
        scenario_id=read.content["scenario_id"],
        kind=read.kind,  # pyright: ignore[reportArgumentType] - checked above
        arm=read.chosen["arm"],
        region=read.content["region"],
        timezone=read.content["timezone"],
        price_snapshot=PriceSnapshot(
            id=prices["snapshot"], date=prices["as_of"], sha256=prices["snapshot_sha256"]
        ),
        deployment=_deployment(read),
        network=network_part(read) if has_gpu else None,
        gpu=gpu_part(read) if has_gpu else None,
        gateway=gateway_part(read) if read.kind in ("api_gateway", "hybrid") else None,
        bedrock=bedrock_part(read) if read.kind == "bedrock" else (),
        spend=spend_part(read),
        fixed_cost_monthly_usd=round_usd(read.fixed_cost_usd),
    )


def stack_id_of(scenario_id: str, stack: str) -> str:
    """Begins the names of alarms, budgets and dashboards, which an account has once.

    So two stacks of one scenario must not share it: the scenario's id, and the stack's name
    where that is another.
    """
    name = stack.rsplit("/", 1)[-1]
    return name if name.startswith(scenario_id) else f"{scenario_id}-{name}"


def _check_deployable(read: Read) -> None:
    chosen = read.chosen
    if not chosen["feasible"]:
        raise InputError(f"{chosen['name']} is not feasible: {chosen['reason']}")
    if not chosen["deployable"] or read.kind not in _KINDS:
        reason = chosen["deployable_reason"] or "no stack of ours deploys it"
        raise InputError(f"{chosen['name']}: {reason}; choose another arm with --arm")
    deployment = read.deployment
    clients = (*deployment["client_security_group_ids"], *deployment["client_cidrs"])
    if read.kind == "vllm_gpu" and not clients:
        raise InputError(
            "nobody could call the endpoint: the load balancer is internal and closed; say who "
            "may, with deployment.client_cidrs or deployment.client_security_group_ids "
            "(--set 'deployment.client_cidrs=[10.0.0.0/16]')"
        )


def _deployment(read: Read) -> DeploymentPart:
    """The scenario's ``deployment``; who answers and who pays are tags."""
    given: dict[str, Any] = dict(read.deployment)
    tags = dict(given.pop("tags", {}))
    for field, tag in (("owner", "owner"), ("cost_centre", "cost-centre")):
        value = given.pop(field, None)
        if value is not None:
            tags[tag] = value
    given.pop("image_mirror", None)
    return DeploymentPart(**given, tags=dict(sorted(tags.items())))
