from __future__ import annotations

from decimal import Decimal

from planner.catalog.resource_prices import PricingContext, price_graph
from planner.diff.pulumi import fixed_cost_usd, planned_use
from tests.catalog.resource_support import shipped
from tests.diff.pulumi.plan_support import deployed, plan


def test_the_fixed_cost_is_all_that_does_not_follow_requests() -> None:
    # 2717.06 + 12.8 + 7.2 + 3.6 + 32.85 + 3, without the logs
    assert fixed_cost_usd(plan()) == Decimal("2776.51")


def test_the_deployed_graph_costs_the_plans_fixed_cost_to_the_cent() -> None:
    context = PricingContext(prices=shipped(), planned=planned_use(plan()))
    found = price_graph(deployed(), context)
    assert found.monthly_usd.expected == fixed_cost_usd(plan())
    assert found.undeployed == ()
    assert found.unlisted == ()
    assert not found.is_floor


def test_a_resource_too_many_is_seen() -> None:
    context = PricingContext(prices=shipped(), planned=planned_use(plan()))
    found = price_graph([*deployed(), deployed()[3]], context)
    assert found.monthly_usd.expected == fixed_cost_usd(plan()) + Decimal("32.85")


def test_a_planned_resource_that_is_not_deployed_is_named() -> None:
    context = PricingContext(prices=shipped(), planned=planned_use(plan()))
    without_nat = [each for each in deployed() if "natGateway" not in each.type]
    found = price_graph(without_nat, context)
    assert found.undeployed == ("nat_gateway_gb of aws:ec2/natGateway:NatGateway",)
    assert found.is_floor


def test_use_per_request_is_not_part_of_a_graph() -> None:
    assert ("aws:cloudwatch/logGroup:LogGroup", "logs_ingest_gb") not in planned_use(plan()).usage
