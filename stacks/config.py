"""The stack's configuration: the plan that was emitted, and a few choices beside it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import pulumi
from pydantic import ValidationError

from planner.emit.serving_plan import ServingPlan
from tags import Tags

__all__ = ["ConfigError", "Settings", "physical_name", "read_settings"]

# The tightest limit is a load balancer's name: 32 characters, of which "-alb" and the seven that
# Pulumi appends ("-1a2b3c4") are spoken for.
_MOST_BASE = 20


class ConfigError(Exception):
    """The stack's configuration cannot be deployed; says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that the components read.

    ``base`` begins the names of all resources. ``weights_ready`` is set by hand once the weights
    are in the bucket: until then nothing runs that would wait for them and cost.
    """

    plan: ServingPlan
    tags: Tags
    base: str
    project: str
    stack: str
    weights_ready: bool
    allow_kind_change: bool
    ami_id: str | None
    image_digest: str | None
    agent_image_digest: str | None
    capacity_reservation_id: str | None
    vpc_cidr: str
    log_retention_days: int
    # Of the gateway: where its function reaches the engine under TLS; whether it reserves its
    # instances out of the account's limit; whether it makes the account's role for API logs.
    engine_url: str | None = None
    reserve_concurrency: bool = True
    api_gateway_account: bool = False

    @property
    def boundary(self) -> str | None:
        """Permissions boundary of every role."""
        return self.plan.deployment.permissions_boundary_arn

    @property
    def kms_key_arn(self) -> str | None:
        """Key of the deployment that encrypts data at rest; None: keys managed by AWS."""
        return self.plan.deployment.kms_key_arn

    def name(self, part: str) -> str:
        """Logical name of a resource; its physical name begins with it."""
        return f"{self.base}-{part}"


def physical_name(text: str, limit: int) -> str:
    """``text``, or its beginning and six hex digits of its hash where it is too long."""
    if len(text) <= limit:
        return text
    mark = hashlib.sha256(text.encode()).hexdigest()[:6]
    return f"{text[: limit - 7].rstrip('-')}-{mark}"


def read_settings() -> Settings:
    """The configuration of the stack that is being deployed; ConfigError when it is wrong."""
    config = pulumi.Config()
    plan = _plan(config)
    _check_region(plan)
    prefix = plan.deployment.name_prefix
    whole = plan.stack_id if prefix is None else f"{prefix}-{plan.stack_id}"
    return Settings(
        plan=plan,
        tags=Tags(
            stack_id=plan.stack_id, plan_hash=plan.plan_hash, deployment=plan.deployment.tags
        ),
        base=physical_name(whole, _MOST_BASE),
        project=pulumi.get_project(),
        stack=pulumi.get_stack(),
        weights_ready=config.get_bool("weightsReady") or False,
        allow_kind_change=config.get_bool("allowKindChange") or False,
        ami_id=config.get("amiId"),
        image_digest=config.get("imageDigest"),
        agent_image_digest=config.get("agentImageDigest"),
        capacity_reservation_id=config.get("capacityReservationId"),
        vpc_cidr=config.get("vpcCidr") or "10.64.0.0/16",
        log_retention_days=config.get_int("logRetentionDays") or 30,
        engine_url=config.get("engineUrl"),
        reserve_concurrency=config.get_bool("reserveConcurrency") is not False,
        api_gateway_account=config.get_bool("apiGatewayAccount") or False,
    )


def _plan(config: pulumi.Config) -> ServingPlan:
    raw = config.get_object("plan")
    if raw is None:
        raise ConfigError(
            f"the stack has no {config.name}:plan; write it with: "
            f"planner emit scenario.yaml --stack {pulumi.get_stack()}"
        )
    try:
        return ServingPlan.model_validate(raw)
    except ValidationError as error:
        found = "; ".join(
            f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}"
            for each in error.errors()
        )
        raise ConfigError(
            f"{config.name}:plan of Pulumi.{pulumi.get_stack()}.yaml is not a plan ({found}); "
            "write it again with planner emit"
        ) from None


def _check_region(plan: ServingPlan) -> None:
    """Prices, instance types and quotas of the plan are those of one region."""
    region = pulumi.Config("aws").get("region")
    if region is None:
        raise ConfigError(
            f"aws:region is not set, and the plan is for {plan.region}; run: "
            f"pulumi config set aws:region {plan.region}"
        )
    if region != plan.region:
        raise ConfigError(
            f"aws:region is {region}, the plan was priced for {plan.region}; set aws:region to "
            f"{plan.region}, or emit a plan for {region}"
        )
