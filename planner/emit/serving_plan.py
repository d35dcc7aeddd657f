"""What a stack is told: the ``plan`` block of ``Pulumi.<stack>.yaml``, checked on both sides.

``planner emit`` writes it from a plan; the program in ``stacks/`` reads it. Keys are camelCase in
the file; money is decimal text. Nothing here imports more than pydantic: every preview loads it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

__all__ = [
    "SCHEMA_VERSION",
    "BedrockModel",
    "DeploymentPart",
    "EngineImage",
    "GatewayPart",
    "GatewayProvider",
    "GatewayRoute",
    "GpuPart",
    "MonthSpend",
    "NetworkPart",
    "PriceSnapshot",
    "ServingPlan",
    "SpendPart",
    "WeightsPart",
]

SCHEMA_VERSION = 1


def _as_text(value: object) -> object:
    if isinstance(value, float):
        raise ValueError("must be quoted decimal text, such as '12.50'")
    return value


# Decimal from text only, so that no price passes through a float.
Usd = Annotated[
    Decimal,
    BeforeValidator(_as_text),
    PlainSerializer(lambda usd: f"{usd:f}", return_type=str),
    Field(ge=0),
]


def _camel(name: str) -> str:
    """``usd_per_1m_input_tokens`` as ``usdPer1mInputTokens``."""
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=_camel, populate_by_name=True
    )


class PriceSnapshot(_Part):
    """Which prices the plan was made with."""

    id: str
    date: str
    sha256: str


class DeploymentPart(_Part):
    """How the stack fits into the account: the scenario's ``deployment``, complete."""

    name_prefix: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    vpc_id: str | None = None
    private_subnet_ids: tuple[str, ...] = ()
    client_security_group_ids: tuple[str, ...] = ()
    client_cidrs: tuple[str, ...] = ()
    certificate_arn: str | None = None
    kms_key_arn: str | None = None
    permissions_boundary_arn: str | None = None
    log_prompts: bool = False


class NetworkPart(_Part):
    """Network to create; with ``deployment.vpcId`` nothing of it is."""

    zones: int = Field(ge=1)
    way_out: Literal["nat", "endpoints", "none"]


class EngineImage(_Part):
    """A container image by digest. ``mirrored`` says that it lies in an ECR repository.

    A ``uri`` without ``@sha256:...`` gets its digest from the stack's config; none runs without.
    """

    uri: str = Field(pattern=r"^[^@\s]+(@sha256:[0-9a-f]{64})?$")
    compressed_bytes: int = Field(gt=0)
    mirrored: bool = False


class WeightsPart(_Part):
    """Model weights at a pinned revision, in ``bucket``, or without one in the stack's own."""

    model: str
    bucket: str | None = None
    prefix: str
    revision: str | None = None
    sha256: str | None = None
    bytes: int = Field(gt=0)


class GpuPart(_Part):
    """vLLM on GPU instances. Counts are instances unless they say replicas."""

    model: str
    served_model_name: str
    instance_type: str
    gpus_per_instance: int = Field(ge=1)
    tensor_parallel_size: int = Field(ge=1)
    replicas_per_instance: int = Field(ge=1)
    purchase: Literal["on_demand", "ri_1y_no_upfront", "savings_plan", "spot"]
    min_instances: int = Field(ge=0)
    max_instances: int = Field(ge=1)
    on_demand_base_instances: int = Field(ge=0)
    # 168 hours of the week in UTC, Monday 00:00 first; none: the same in all hours.
    instances_by_hour_utc: tuple[int, ...] | None = Field(
        default=None, min_length=168, max_length=168
    )
    # The same in the plan's time zone, so that a schedule follows summer time.
    instances_by_hour_local: tuple[int, ...] | None = Field(
        default=None, min_length=168, max_length=168
    )
    mean_instances: str
    usd_per_instance_hour: Usd
    # The dearest price one of its instances may have: on-demand where spot is planned.
    most_usd_per_instance_hour: Usd
    image: EngineImage
    # The CloudWatch agent that reads the engine's metrics beside it.
    agent_image: EngineImage
    weights: WeightsPart
    # Memory of the instance that one replica may use, and of that what is shared between its ranks.
    replica_memory_mib: int = Field(gt=0)
    shared_memory_mib: int = Field(ge=0)
    root_volume_gb: int = Field(gt=0)
    engine_args: tuple[str, ...]
    engine_environment: dict[str, str]
    grace_s: int = Field(gt=0)
    longest_generation_s: int = Field(gt=0)
    waiting_per_replica_target: str
    rolling_update: Literal["spare_host", "gap"]
    zones: int = Field(ge=1)


class GatewayProvider(_Part):
    """An API provider with an OpenAI-shaped endpoint.

    ``selfhost`` is the stack's own GPUs: its ``base_url`` is empty, the program knows it.
    """

    id: str
    base_url: str


class GatewayRoute(_Part):
    """One model behind the gateway, with the prices that its use is metered at."""

    name: str
    provider: str
    model: str
    usd_per_1m_input_tokens: Usd
    usd_per_1m_cached_tokens: Usd | None = None
    usd_per_1m_output_tokens: Usd
    # Share of the requests that the plan sends here; they add up to 1.
    planned_share: str
    # Requests below this many estimated input tokens, without tools, may be sent here by `auto`.
    most_input_tokens: int | None = None


class GatewayPart(_Part):
    """The API gateway: providers, routes in order of preference, caps."""

    providers: tuple[GatewayProvider, ...]
    routes: tuple[GatewayRoute, ...] = Field(min_length=1)
    peak_rps: str
    mean_request_s: str
    memory_mb: int = Field(gt=0)
    # Hard caps, enforced before a request is forwarded.
    cap_month_usd: Usd
    cap_day_usd: Usd
    max_output_tokens: int = Field(gt=0)
    exact_cache_ttl_s: int | None = None
    # Requests a replica holds inside the service level; what exceeds them overflows to the API.
    selfhost_in_flight_per_replica: int | None = Field(default=None, gt=0)
    in_vpc: bool = False
    function_sha256: str | None = None


class BedrockModel(_Part):
    """A Bedrock model and the prices its token counts are metered at."""

    model: str
    usd_per_1m_input_tokens: Usd
    usd_per_1m_output_tokens: Usd


class MonthSpend(_Part):
    """The projection of one calendar month."""

    month: str = Field(pattern=r"^\d{4}-\d{2}$")
    requests: str
    aws_billed_usd: Usd
    provider_billed_usd: Usd


class SpendPart(_Part):
    """The projected spend that budgets and alarms are set to."""

    # 168 hours of the week in UTC, Monday 00:00 first; what is metered (all that is billed).
    hourly_usd_utc: tuple[Usd, ...] = Field(min_length=168, max_length=168)
    # Of it, what a meter of requests and tokens sees; zeros where nothing is paid by use.
    api_usage_hourly_usd_utc: tuple[Usd, ...] = Field(min_length=168, max_length=168)
    day_usd: Usd
    months: tuple[MonthSpend, ...] = Field(min_length=1)
    unit_cost_usd_per_1k_requests: Usd
    requests_by_hour_utc: tuple[str, ...] = Field(min_length=168, max_length=168)
    tokens_per_request: str
    headroom_ratio: str
    # Overrides projection x headroom where the scenario has a budget of its own.
    budget_monthly_usd: Usd | None = None
    breakeven_tokens_per_hour: str | None = None
    committed: bool = False
    notify_emails: tuple[str, ...] = ()
    notify_sns_topic_arns: tuple[str, ...] = ()


class ServingPlan(_Part):
    """All that the program in ``stacks/`` needs. Exactly the parts that ``kind`` has are set."""

    schema_version: Literal[1] = SCHEMA_VERSION
    plan_hash: str = Field(pattern=r"^p-[0-9a-f]{12}$")
    stack_id: str
    scenario_id: str
    kind: Literal["vllm_gpu", "api_gateway", "bedrock", "hybrid"]
    arm: str
    region: str
    timezone: str
    price_snapshot: PriceSnapshot
    deployment: DeploymentPart
    network: NetworkPart | None = None
    gpu: GpuPart | None = None
    gateway: GatewayPart | None = None
    bedrock: tuple[BedrockModel, ...] = ()
    spend: SpendPart
    # What the registered resources must price to, without what follows use.
    fixed_cost_monthly_usd: Usd
