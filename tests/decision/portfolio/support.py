"""Made-up scenarios of a portfolio, in round figures."""

from __future__ import annotations

from decimal import Decimal

from planner.decision.portfolio import Choice, Hardware, Hosted, Member, ServiceKey

__all__ = ["HOURS", "api_choice", "hardware", "hosted", "key", "member", "own_choice"]

HOURS = 168


def key(model: str = "acme/m", months: int = 1, purchase: str = "on_demand") -> ServiceKey:
    return ServiceKey(
        model=model,
        precision="bf16",
        kv_cache_dtype="auto",
        region="us-east-1",
        purchase=purchase,
        service_level=("TTFT 1000 ms p95",),
        months=tuple(f"2027-{month:02}-01" for month in range(1, months + 1)),
    )


def hardware(
    capacity: float = 100.0,
    spare: int = 1,
    per_instance: int = 1,
    usd: str = "1000",
    later: str = "0",
    most: int | None = None,
    instance_type: str = "g6e.xlarge",
) -> Hardware:
    return Hardware(
        instance_type=instance_type,
        tensor_parallel_size=1,
        capacity_requests_per_month=capacity,
        spare_replicas=spare,
        min_replicas=1,
        extra_replicas=0,
        replicas_per_instance=per_instance,
        min_instances=1,
        max_instances=most,
        instance_usd=Decimal(0),
        purchase_usd=Decimal(usd),
        on_demand_usd=Decimal(later),
    )


def hosted(
    on: Hardware, of: ServiceKey | None = None, own: str = "0", fixed: str = "0", term: int = 0
) -> Hosted:
    return Hosted(
        name="own",
        key=of or key(),
        commitment_months=term,
        picked=on,
        hardware=(on,),
        own_usd=Decimal(own),
        fixed={"load balancer": Decimal(fixed)} if Decimal(fixed) else {},
    )


def api_choice(usd: str, fixed: str = "0") -> Choice:
    return Choice(
        name="api",
        arm="api_frontier",
        kind="api_gateway",
        region="us-east-1",
        monthly_cost_usd=Decimal(usd),
        bill_monthly_usd=Decimal(usd),
        is_floor=False,
        fixed={"web ACL": Decimal(fixed)} if Decimal(fixed) else {},
    )


def own_choice(option: Hosted, usd: str) -> Choice:
    return Choice(
        name=option.name,
        arm="selfhost_ondemand",
        kind="vllm_gpu",
        region="us-east-1",
        monthly_cost_usd=Decimal(usd),
        bill_monthly_usd=Decimal(usd),
        is_floor=False,
        fixed=option.fixed,
    )


def member(
    name: str,
    requests: float | tuple[float, ...],
    *options: Hosted,
    choice: Choice | None,
    shape: tuple[float, ...] = (1.0,) * HOURS,
) -> Member:
    chosen = next((each.name for each in options if choice and each.name == choice.name), None)
    return Member(
        id=name,
        requests=requests if isinstance(requests, tuple) else (requests,),
        shape=shape,
        choice=choice,
        hosted=options,
        chosen_hosted=chosen,
    )
