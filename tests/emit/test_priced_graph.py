"""What the program registers costs what the plan says, to the cent."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from planner.catalog import load_catalog
from planner.catalog.resource_prices import GraphPrice, PricingContext, ResourceInputs, price_graph
from planner.diff.pulumi import planned_use
from planner.emit.capture import capture
from planner.money import CENT
from tests.emit.plans import plan_of, serving_of

_DIGEST = "sha256:" + "a" * 64
# Two models of two providers: metrics of each, and a secret of each.
_ROUTE = (
    "levers={baseline: openai/gpt-6-luna, route: {basis: measured, source: replayed, models: ["
    "{provider: openai, model: gpt-6-luna, answered_share: 0.6}, "
    "{provider: anthropic, model: claude-haiku-5-5, answered_share: 0.4}]}}"
)
_CONFIG = {"llm-serving:agentImageDigest": _DIGEST, "llm-serving:asOf": "2026-11-22"}


def priced(arm: str, *sets: str) -> GraphPrice:
    plan = plan_of(arm, *sets)
    graph = capture(serving_of(arm, *sets), config=_CONFIG)
    resources = [
        ResourceInputs(
            urn=each.urn,
            type=each.type,
            inputs=each.inputs,
            region="us-east-1",
            property_dependencies=each.property_dependencies,
            id=each.id,
        )
        for each in graph.resources
        if each.custom
    ]
    context = PricingContext(
        prices=load_catalog(prices=None, base_dir=Path()),
        hours_per_month=Decimal(730),
        planned=planned_use(plan),
    )
    return price_graph(resources, context)


@pytest.mark.parametrize(
    ("arm", "sets"),
    [
        ("api_frontier", ()),
        ("api_frontier", (_ROUTE,)),
        ("api_bedrock", ()),
        ("selfhost_spot", ()),
        ("selfhost_ri_1y", ()),
        ("hybrid", ()),
        (
            "selfhost_ondemand",
            ("deployment.image_mirror=111122223333.dkr.ecr.us-east-1.amazonaws.com/vllm",),
        ),
        (
            "selfhost_ondemand",
            (
                "deployment.vpc_id=vpc-0a1b2c3d",
                "deployment.private_subnet_ids=[subnet-0a1b2c3d, subnet-4e5f6a7b]",
            ),
        ),
    ],
    ids=["gateway", "route", "bedrock", "spot", "committed", "hybrid", "mirror", "own network"],
)
def test_the_registered_resources_price_to_the_plan_s_fixed_cost(
    arm: str, sets: tuple[str, ...]
) -> None:
    found = priced(arm, *sets)
    # Every type is priced, priced by use, or listed as free; nothing planned is missing.
    assert found.unlisted == ()
    # A mirror of the image is a repository of the user's own.
    assert [each for each in found.undeployed if "aws:ecr/repository" not in each] == []
    assert not any(each.is_floor for each in found.resources)
    planned = serving_of(arm, *sets).fixed_cost_monthly_usd
    assert found.monthly_usd.expected.quantize(CENT) == planned


def test_each_model_and_provider_of_a_route_is_paid_for() -> None:
    alone, routed = serving_of("api_frontier"), serving_of("api_frontier", _ROUTE)
    # Eight metrics at $0.30 and a secret at $0.40.
    more = routed.fixed_cost_monthly_usd - alone.fixed_cost_monthly_usd
    assert more == Decimal("2.80")
