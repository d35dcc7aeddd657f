"""``deployment``, ``actuals``, ``drill``: what happens after the decision."""

from __future__ import annotations

from pydantic import Field

from planner.scenario.fields import (
    AcmArn,
    Cidr,
    IamArn,
    KmsArn,
    NamePrefix,
    Section,
    SecurityGroupId,
    ShortText,
    SubnetId,
    Usd,
    VpcId,
)

__all__ = ["MATCHED_FIELDS", "Actuals", "ActualsRule", "Deployment", "Drill"]

# Fields of an imported record that a rule of `actuals.map` may look at.
MATCHED_FIELDS = (
    *("source", "provider", "model", "model_raw", "region", "service_tier"),
    *("feature", "endpoint", "environment", "team", "prompt_version"),
    *("service", "line_item", "stack", "billing_account"),
)


class Deployment(Section):
    """How the stack fits into the user's account. Everything is optional."""

    name_prefix: NamePrefix | None = Field(
        default=None, description="Begins the names of all resources.", examples=["acme"]
    )
    owner: ShortText | None = Field(
        default=None, description="Who answers for the stack; a tag.", examples=["platform-team"]
    )
    cost_centre: ShortText | None = Field(
        default=None,
        description="Who pays for the stack; a cost allocation tag.",
        examples=["4711"],
    )
    tags: dict[ShortText, ShortText] = Field(
        default_factory=lambda: dict[str, str](),
        description="Further tags on every resource.",
        examples=[{"environment": "production"}],
    )
    vpc_id: VpcId | None = Field(
        default=None,
        description="Network to deploy into; default: one of its own, priced.",
        examples=["vpc-0a1b2c3d"],
    )
    private_subnet_ids: list[SubnetId] = Field(
        default_factory=lambda: list[str](),
        description="Private subnets of `vpc_id`, one for each zone, at least two.",
        examples=[["subnet-0a1b2c3d", "subnet-4e5f6a7b"]],
    )
    client_security_group_ids: list[SecurityGroupId] = Field(
        default_factory=lambda: list[str](),
        description="Security groups whose members may call the endpoint.",
        examples=[["sg-0a1b2c3d"]],
    )
    client_cidrs: list[Cidr] = Field(
        default_factory=lambda: list[str](),
        description="Address blocks that may call the endpoint.",
        examples=[["10.0.0.0/16"]],
    )
    certificate_arn: AcmArn | None = Field(
        default=None,
        description="Certificate of the endpoint; without one it speaks plain HTTP in the VPC.",
        examples=["arn:aws:acm:us-east-1:111122223333:certificate/0a1b2c3d"],
    )
    kms_key_arn: KmsArn | None = Field(
        default=None,
        description="Key that encrypts data at rest; default: keys managed by AWS.",
        examples=["arn:aws:kms:us-east-1:111122223333:key/0a1b2c3d"],
    )
    permissions_boundary_arn: IamArn | None = Field(
        default=None,
        description="Permissions boundary of every role the stack creates.",
        examples=["arn:aws:iam::111122223333:policy/boundary"],
    )
    image_mirror: ShortText | None = Field(
        default=None,
        description="ECR repository that mirrors the engine image; makes NAT unnecessary.",
        examples=["111122223333.dkr.ecr.us-east-1.amazonaws.com/vllm"],
    )
    log_prompts: bool = Field(
        default=False, description="Prompt and answer text in the logs; priced.", examples=[False]
    )


class ActualsRule(Section):
    """Names the feature, endpoint or environment of usage whose fields match."""

    match: dict[ShortText, ShortText] = Field(
        min_length=1,
        description="Field of the imported records -> exact value, or glob with * and ?.",
        examples=[{"endpoint": "/v1/rag*"}],
    )
    feature: ShortText | None = Field(
        default=None, description="Feature that matching usage belongs to.", examples=["search"]
    )
    endpoint: ShortText | None = Field(
        default=None, description="Endpoint that matching usage belongs to.", examples=["/v1/chat"]
    )
    environment: ShortText | None = Field(
        default=None,
        description="Environment that matching usage belongs to.",
        examples=["production"],
    )
    team: ShortText | None = Field(
        default=None, description="Team that matching usage belongs to.", examples=["support"]
    )


class Actuals(Section):
    """How imported usage is mapped to this scenario."""

    map: list[ActualsRule] = Field(
        default_factory=lambda: list[ActualsRule](),
        description="Rules, the first that matches applies.",
        examples=[[{"match": {"endpoint": "/v1/rag*"}, "feature": "search"}]],
    )


class Drill(Section):
    """What the guardrails must hold."""

    max_overspend_usd: Usd | None = Field(
        default=None,
        description="Most a planted runaway may cost before someone is told.",
        examples=[200],
    )
