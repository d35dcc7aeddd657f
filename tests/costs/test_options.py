"""Options of whole scenarios on the shipped prices: reasons, laws and the cheapest hardware."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.catalog import load_catalog
from planner.costs import Option
from planner.decision import Evaluated, Recommendation, recommend
from planner.demand import build_demand
from planner.scenario import parse_scenario

LLAMA = "meta-llama/Llama-3.1-8B-Instruct"


def scenario(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "version": 1,
        "id": "test",
        "workload": {"requests_per_day": 20000, "input_tokens": 600, "output_tokens": 150},
        "slo": {"ttft_ms": 3000, "tpot_ms": 150},
        "options": {
            "api": [{"provider": "openai", "model": "gpt-4o"}],
            "selfhost": [{"model": LLAMA, "purchase": ["on_demand"]}],
        },
    }
    return {**base, **changes}


def decide(content: dict[str, Any]) -> Recommendation:
    loaded = parse_scenario(json.dumps(content), path=Path("test.yaml"))
    catalog = load_catalog(prices=loaded.scenario.prices, base_dir=Path())
    return recommend(loaded.scenario, build_demand(loaded.scenario, Path()), catalog)


def by_arm(found: Recommendation, arm: str) -> Evaluated:
    return next(e for e in found.options if e.option.arm == arm)


def cost(content: dict[str, Any], arm: str) -> Decimal:
    found = by_arm(decide(content), arm)
    assert found.option.feasible, found.option.reason
    return found.monthly_cost_usd


def reason(content: dict[str, Any], arm: str) -> str:
    option: Option = by_arm(decide(content), arm).option
    assert not option.feasible
    assert option.reason is not None
    return option.reason


def selfhost(**changes: Any) -> dict[str, Any]:
    return {
        "api": [{"provider": "openai", "model": "gpt-4o"}],
        "selfhost": [{"model": LLAMA, "purchase": ["on_demand"], **changes}],
    }


def workload(requests_per_day: int, **changes: Any) -> dict[str, Any]:
    return {
        "requests_per_day": requests_per_day,
        "input_tokens": 600,
        "output_tokens": 150,
        **changes,
    }


class TestCheapestHardware:
    def test_a_small_model_at_low_volume_gets_the_cheapest_that_meets_the_slo(self) -> None:
        # Every instance type alone, the brute force; the free choice must equal the best of them.
        content = scenario(workload=workload(200))
        catalog = load_catalog(prices=None, base_dir=Path())
        alone: list[Decimal] = []
        for instance in catalog.instance_types("us-east-1"):
            chosen = decide({**content, "options": selfhost(instance_types=[instance.name])})
            found = by_arm(chosen, "selfhost_ondemand")
            if found.option.feasible:
                alone.append(found.monthly_cost_usd)
        assert len(alone) > 10
        assert cost(content, "selfhost_ondemand") == min(alone)

    def test_a_type_without_a_price_is_never_chosen(self) -> None:
        options = selfhost(instance_types=["p5e.48xlarge"], region="us-east-2")
        assert "p5e.48xlarge" in reason(scenario(options=options), "selfhost_ondemand")

    def test_trainium_has_no_serving_model(self) -> None:
        options = selfhost(instance_types=["trn1.32xlarge"])
        assert "no data" in reason(scenario(options=options), "selfhost_ondemand")


class TestForbidden:
    RULE: ClassVar = {"allowed_regions": ["eu-central-1"], "reason": "our rule"}

    def test_residency_forbids_apis(self) -> None:
        content = scenario(limits={"data_residency": self.RULE}, region="eu-central-1")
        assert reason(content, "api_frontier") == "data residency forbids it: our rule"
        assert by_arm(decide(content), "selfhost_ondemand").option.feasible

    def test_residency_forbids_other_regions(self) -> None:
        content = scenario(limits={"data_residency": self.RULE})
        assert "us-east-1 is not allowed" in reason(content, "selfhost_ondemand")

    def test_bedrock_may_be_inside(self) -> None:
        rule = {**self.RULE, "allowed_regions": ["us-east-1"], "allow_bedrock": True}
        bedrock = {"provider": "aws", "model": "qwen.qwen3-32b-v1:0"}
        options = {"api": [bedrock, {"provider": "openai", "model": "gpt-4o"}]}
        found = decide(scenario(limits={"data_residency": rule}, options=options))
        assert by_arm(found, "api_bedrock").option.feasible
        assert not by_arm(found, "api_frontier").option.feasible

    def test_bedrock_is_priced_where_it_is_called(self) -> None:
        # The price data know this model in the United States only.
        bedrock = {"provider": "aws", "model": "qwen.qwen3-32b-v1:0"}
        at_home = scenario(options={"api": [bedrock]})
        assert by_arm(decide(at_home), "api_bedrock").option.feasible
        abroad = scenario(options={"api": [bedrock]}, region="eu-central-1")
        assert "no price" in reason(abroad, "api_bedrock")

    def test_a_quote_that_leaves_the_account_is_outside(self) -> None:
        rule = {**self.RULE, "allowed_regions": ["us-east-1"]}
        options = {
            "manual": [
                {"name": "a", "arm": "api_frontier", "fixed_monthly_usd": 1, "source": "test"},
                {"name": "b", "arm": "selfhost_ondemand", "fixed_monthly_usd": 1, "source": "test"},
            ]
        }
        found = decide(scenario(options=options, limits={"data_residency": rule}))
        assert not by_arm(found, "api_frontier").option.feasible
        assert by_arm(found, "selfhost_ondemand").option.feasible

    def test_a_pinned_number_past_the_limit(self) -> None:
        options = selfhost(instance_types=["g6e.xlarge"], fixed_replicas=10, max_instances=2)
        assert "max_instances 2" in reason(scenario(options=options), "selfhost_ondemand")

    def test_a_retired_model_is_refused(self) -> None:
        options = {"api": [{"provider": "deepseek", "model": "deepseek-chat"}]}
        assert "retired on 2026-07-24" in reason(scenario(options=options), "api_frontier")

    def test_below_the_quality_floor(self) -> None:
        quality = {"score": 0.8, "source": "test"}
        options = {"api": [{"provider": "openai", "model": "gpt-4o", "quality": quality}]}
        content = scenario(options=options, quality={"floor": 0.9, "metric": "exact match"})
        assert reason(content, "api_frontier") == "quality 0.8 < floor 0.9 (exact match)"

    def test_a_term_longer_than_the_horizon(self) -> None:
        options = selfhost(purchase=["ri_1y_no_upfront"])
        content = scenario(options=options, horizon={"months": 6})
        assert "term of 12 months" in reason(content, "selfhost_ri_1y")

    def test_spot_without_a_price(self) -> None:
        assert "no spot price is known" in reason(
            scenario(options=selfhost(purchase=["spot"])), "selfhost_spot"
        )

    def test_a_quota_that_is_too_small_is_named(self) -> None:
        options = selfhost(instance_types=["g6e.xlarge"])
        content = scenario(options=options, limits={"vcpu_quota": {"L-DB2E81BA": 4}})
        assert "quota L-DB2E81BA of 4 vCPU" in reason(content, "selfhost_ondemand")

    def test_nothing_feasible_is_no_choice(self) -> None:
        content = scenario(options={"api": [{"provider": "deepseek", "model": "deepseek-chat"}]})
        found = decide(content)
        assert found.chosen is None
        assert found.flips == ()


class TestLaws:
    @settings(max_examples=15)
    @given(st.integers(1, 10**6), st.integers(1, 50))
    def test_api_cost_is_affine_in_volume(self, requests: int, times: int) -> None:
        def at(volume: int) -> Decimal:
            options = {"api": [{"provider": "openai", "model": "gpt-4o"}]}
            return cost(scenario(workload=workload(volume), options=options), "api_frontier")

        # Egress has price tiers: stay in the first.
        volume = min(requests, 10_000)
        slope = at(2 * volume) - at(volume)
        assert at((times + 1) * volume) - at(volume) == times * slope

    @settings(max_examples=15)
    @given(st.integers(1, 10**6), st.integers(1, 10**6))
    def test_self_hosted_cost_never_falls_with_volume(self, requests: int, more: int) -> None:
        low = cost(scenario(workload=workload(requests)), "selfhost_ondemand")
        assert low <= cost(scenario(workload=workload(requests + more)), "selfhost_ondemand")

    @pytest.mark.parametrize("factor", ["1.01", "2", "10"])
    def test_a_dearer_instance_never_lowers_the_cost(self, factor: str) -> None:
        def priced(usd: Decimal) -> dict[str, Any]:
            override = {
                "kind": "instance",
                "instance_type": "g6.xlarge",
                "region": "us-east-1",
                "usd_per_hour": float(usd),
                "source": "test",
                "observed": "2026-11-01",
            }
            return scenario(prices={"overrides": [override]})

        usual = Decimal("0.8048")
        before = cost(priced(usual), "selfhost_ondemand")
        assert before <= cost(priced(usual * Decimal(factor)), "selfhost_ondemand")

    def test_more_redundancy_never_costs_less(self) -> None:
        def at(redundancy: str) -> Decimal:
            slo = {"ttft_ms": 3000, "tpot_ms": 150, "redundancy": redundancy}
            return cost(scenario(slo=slo), "selfhost_ondemand")

        assert at("none") <= at("n_plus_1") <= at("zones")

    def test_a_stricter_slo_never_costs_less(self) -> None:
        def at(tpot_ms: int) -> Decimal:
            slo = {"ttft_ms": 3000, "tpot_ms": tpot_ms}
            return cost(scenario(slo=slo), "selfhost_ondemand")

        # The connection is held for what the level allows, so compare the dearest part: machines.
        assert at(150) <= at(60) + Decimal("0.5")

    def test_the_order_of_options_changes_no_cost(self) -> None:
        apis = [{"provider": "openai", "model": m} for m in ("gpt-4o", "gpt-6-luna", "gpt-5")]
        one = decide(scenario(options={"api": apis}))
        other = decide(scenario(options={"api": apis[::-1]}))
        assert [(e.option.name, e.monthly_cost_usd) for e in one.options] == [
            (e.option.name, e.monthly_cost_usd) for e in other.options
        ]

    def test_a_discount_is_a_discount(self) -> None:
        full = cost(scenario(), "api_frontier")
        off = [{"provider": "openai", "percent": 10, "source": "contract"}]
        cut = cost(scenario(prices={"discounts": off}), "api_frontier")
        # 600,000 x (600 x 2.50 + 150 x 10) / 1e6 = $1,800 of tokens; a tenth is $180.
        assert full - cut == 180


def test_a_cheaper_quote_without_cache_prices_keeps_caching() -> None:
    shared = {"tokens": 3000, "distinct_prefixes": 1}
    load = {**workload(20000), "input_tokens": 4000, "shared_prefix": shared}
    options = {"api": [{"provider": "openai", "model": "gpt-6.1-terra"}]}
    listed = cost(scenario(workload=load, options=options), "api_frontier")
    # List is 1 and 5 per 1M; a quote at exactly list is list.
    quoted = {
        "kind": "llm",
        "provider": "openai",
        "model": "gpt-6.1-terra",
        "input_usd_per_1m_tokens": 1,
        "output_usd_per_1m_tokens": 5,
        "source": "test",
        "observed": "2026-11-01",
    }
    same = scenario(workload=load, options=options, prices={"overrides": [quoted]})
    assert cost(same, "api_frontier") == listed


def test_what_is_deployed_is_what_is_priced() -> None:
    found = by_arm(decide(scenario()), "selfhost_ondemand")
    lines = found.option.lines_in_month(0)
    billed = [line for line in lines if line.billed_by == "aws"]
    assert billed
    assert all(line.resource is not None for line in billed)
    assert "NAT gateway" in {line.name for line in billed}


def test_an_existing_network_brings_its_own_way_out() -> None:
    own = {"vpc_id": "vpc-0a", "private_subnet_ids": ["subnet-0a", "subnet-0b"]}
    lines = by_arm(decide(scenario(deployment=own)), "selfhost_ondemand").option.lines_in_month(0)
    assert not {"NAT gateway", "interface endpoints"} & {line.name for line in lines}


def test_prompt_logs_are_priced_when_asked_for() -> None:
    quiet = cost(scenario(), "api_frontier")
    loud = cost(scenario(deployment={"log_prompts": True}), "api_frontier")
    # 600,000 requests x 750 tokens x 4.5 bytes = 2.025 GB at $0.50.
    assert loud - quiet == Decimal("1.0125")
