"""A small saved plan of a GPU stack, and the resources it deploys."""

from __future__ import annotations

from typing import Any

from planner.catalog.resource_prices import ResourceInputs
from planner.decision.plan import Plan
from tests.catalog.resource_support import group, resource, template

HASH = "p-0123456789ab"
_TAGS = [{"key": "llm-planner:plan", "value": HASH}]


def _row(component: str, token: str, item: str, usd: str, monthly: str) -> dict[str, Any]:
    return {
        "component": component,
        "aws_type": token,
        "count": 1,
        "price_item": item,
        "unit": "unit",
        "usd_per_unit": usd,
        "usage_based": False,
        "monthly_usd": monthly,
    }


def plan(**changes: Any) -> Plan:
    """Two instances of g6e.xlarge, on demand: 1.861 x 1460 h and what belongs to them."""
    rows = [
        _row("instances", "aws:autoscaling/group:Group", "g6e.xlarge", "1.861", "2717.06"),
        # 2 x 80 GB x 0.08
        _row(
            "root volume",
            "aws:ec2/launchTemplate:LaunchTemplate",
            "ebs_gp3_gb_month",
            "0.08",
            "12.8",
        ),
        # 2 x 12 metrics x 0.3
        _row(
            "engine metrics",
            "aws:ecs/taskDefinition:TaskDefinition",
            "cw_custom_metric_month",
            "0.3",
            "7.2",
        ),
        _row("image pulls", "aws:ec2/natGateway:NatGateway", "nat_gateway_gb", "0.045", "3.6"),
        _row("NAT gateway", "aws:ec2/natGateway:NatGateway", "nat_gateway_hour", "0.045", "32.85"),
        _row("dashboard", "aws:cloudwatch/dashboard:Dashboard", "cw_dashboard_month", "3", "3"),
        {
            **_row("logs", "aws:cloudwatch/logGroup:LogGroup", "logs_ingest_gb", "0.5", "9"),
            "usage_based": True,
        },
    ]
    content: dict[str, Any] = {
        "kind": "vllm_gpu",
        "region": "us-east-1",
        "stack_id": "chat",
        "chosen": {
            "purchase": "on_demand",
            "fleet": {"instances": 2, "peak_instances": 2, "spare_replicas": 1},
            "serving": {"instance_type": "g6e.xlarge"},
        },
        "resources": rows,
        **changes,
    }
    return Plan(plan_hash=HASH, content=content)


def deployed(*, min_size: int = 2, max_size: int = 2, **of_template: Any) -> list[ResourceInputs]:
    """What the plan deploys."""
    return [
        template(**of_template),
        group(minSize=min_size, maxSize=max_size, tags=_TAGS),
        resource("aws:ecs/taskDefinition:TaskDefinition"),
        resource("aws:ec2/natGateway:NatGateway"),
        resource("aws:cloudwatch/dashboard:Dashboard"),
        resource("aws:cloudwatch/logGroup:LogGroup"),
        resource("aws:iam/role:Role"),
    ]
