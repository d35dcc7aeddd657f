"""What a stack is told is what was planned and priced."""

from __future__ import annotations

from decimal import Decimal

import pytest

from planner.emit.build import serving_plan, stack_id_of
from planner.emit.next_steps import next_steps
from planner.emit.serving_plan import ServingPlan
from planner.errors import InputError
from tests.emit.plans import plan_of, serving_of

ARMS = {
    "api_frontier": "api_gateway",
    "api_bedrock": "bedrock",
    "selfhost_ondemand": "vllm_gpu",
    "selfhost_spot": "vllm_gpu",
    "selfhost_ri_1y": "vllm_gpu",
    "hybrid": "hybrid",
}
PARTS = {
    "api_gateway": {"gateway"},
    "bedrock": {"bedrock"},
    "vllm_gpu": {"gpu", "network"},
    "hybrid": {"gpu", "network", "gateway"},
}


@pytest.mark.parametrize("arm", ARMS)
class TestEveryArm:
    def test_has_the_parts_of_its_kind_and_no_others(self, arm: str) -> None:
        plan = serving_of(arm)
        assert plan.kind == ARMS[arm]
        there = {part for part in ("gpu", "network", "gateway", "bedrock") if getattr(plan, part)}
        assert there == PARTS[plan.kind]

    def test_fixed_cost_is_the_sum_of_the_plan_s_resources(self, arm: str) -> None:
        rows = plan_of(arm).content["resources"]
        fixed = sum(
            (Decimal(row["monthly_usd"]) for row in rows if not row["usage_based"]), Decimal(0)
        )
        assert serving_of(arm).fixed_cost_monthly_usd == fixed.quantize(Decimal("0.01"))

    def test_is_the_same_each_time(self, arm: str) -> None:
        again = serving_plan(plan_of(arm), "prod")
        assert again.model_dump_json() == serving_of(arm).model_dump_json()

    def test_survives_being_written_in_camel_case(self, arm: str) -> None:
        plan = serving_of(arm)
        assert ServingPlan.model_validate(plan.model_dump(mode="json", by_alias=True)) == plan


class TestSpend:
    def test_the_projection_is_the_plan_s(self) -> None:
        content = plan_of("api_frontier").content["spend"]
        spend = serving_of("api_frontier").spend
        assert [str(usd) for usd in spend.hourly_usd_utc] == content["hourly_usd_utc"]
        assert spend.months[0].month == content["by_month"][0]["month"]
        assert spend.months[0].provider_billed_usd == Decimal(
            content["by_month"][0]["provider_billed_usd"]
        ).quantize(Decimal("0.01"))

    def test_no_day_of_the_week_is_dearer_than_the_day(self) -> None:
        spend = serving_of("selfhost_ondemand").spend
        days = [sum(spend.hourly_usd_utc[24 * day :][:24], Decimal(0)) for day in range(7)]
        assert spend.day_usd >= max(days).quantize(Decimal("0.01"))

    def test_a_week_of_requests_is_the_mean_rate_s(self) -> None:
        spend = serving_of("api_frontier").spend
        rps = plan_of("api_frontier").content["demand"]["mean_rps"]
        assert sum(float(hour) for hour in spend.requests_by_hour_utc) == pytest.approx(
            rps * 168 * 3600, rel=1e-4
        )

    def test_unit_cost_times_requests_is_the_metered_spend(self) -> None:
        spend = serving_of("api_frontier").spend
        requests = sum(float(hour) for hour in spend.requests_by_hour_utc)
        metered = float(sum(spend.api_usage_hourly_usd_utc))
        assert float(spend.unit_cost_usd_per_1k_requests) * requests / 1000 == pytest.approx(
            metered, rel=1e-4
        )

    @pytest.mark.parametrize(
        ("arm", "committed"), [("selfhost_ri_1y", True), ("selfhost_spot", False)]
    )
    def test_only_commitments_are_committed(self, arm: str, committed: bool) -> None:
        assert serving_of(arm).spend.committed is committed

    def test_breakeven_is_fixed_cost_by_the_api_s_price_of_a_token(self) -> None:
        plan, spend = plan_of("selfhost_ondemand"), serving_of("selfhost_ondemand").spend
        bills = [
            float(each["bill_monthly_usd"])
            for each in plan.content["alternatives"]
            if each["arm"].startswith("api_") and each["feasible"]
        ]
        tokens = sum(float(month.requests) for month in spend.months) / len(spend.months)
        tokens *= float(spend.tokens_per_request)
        fixed = float(serving_of("selfhost_ondemand").fixed_cost_monthly_usd) / 730
        assert spend.breakeven_tokens_per_hour is not None
        assert float(spend.breakeven_tokens_per_hour) == pytest.approx(
            fixed / (min(bills) / tokens), rel=1e-3
        )

    def test_an_api_has_no_breakeven_to_fall_below(self) -> None:
        assert serving_of("api_frontier").spend.breakeven_tokens_per_hour is None


class TestGpu:
    def test_flags_are_those_the_capacity_was_computed_for(self) -> None:
        gpu = serving_of("selfhost_ondemand").gpu
        serving = plan_of("selfhost_ondemand").content["chosen"]["serving"]
        assert gpu is not None
        flags = dict(zip(gpu.engine_args[:-1:2], gpu.engine_args[1::2], strict=False))
        assert flags["--max-model-len"] == str(serving["max_model_len"])
        assert flags["--max-num-seqs"] == str(serving["max_num_seqs"])
        assert flags["--max-num-batched-tokens"] == str(serving["max_num_batched_tokens"])
        assert flags["--tensor-parallel-size"] == str(serving["tensor_parallel_size"])
        assert gpu.engine_args[-1] == "--enable-prefix-caching"

    def test_instances_follow_the_planned_hours(self) -> None:
        gpu = serving_of("selfhost_spot").gpu
        assert gpu is not None and gpu.instances_by_hour_utc is not None
        assert gpu.min_instances == min(gpu.instances_by_hour_utc)
        assert gpu.max_instances >= max(gpu.instances_by_hour_utc)

    def test_hours_are_also_those_of_the_scenario_s_own_clock(self) -> None:
        gpu = serving_of("selfhost_spot").gpu
        assert gpu is not None and gpu.instances_by_hour_utc and gpu.instances_by_hour_local
        # New York in January is five hours behind.
        local = gpu.instances_by_hour_local
        assert gpu.instances_by_hour_utc == (*local[-5:], *local[:-5])

    def test_spot_may_cost_its_price_on_demand_at_most(self) -> None:
        gpu = serving_of("selfhost_spot").gpu
        assert gpu is not None
        # The scenario's spot price, and the list price of g6e.xlarge in us-east-1.
        assert gpu.usd_per_instance_hour == Decimal("0.95")
        assert gpu.most_usd_per_instance_hour == Decimal("1.861")
        assert gpu.on_demand_base_instances >= 1

    def test_weights_of_the_scenario_s_bucket_stay_there(self) -> None:
        gpu = serving_of(
            "selfhost_ondemand",
            "options.selfhost.0.weights={uri: 's3://models/llama/8b/', revision: abc}",
        ).gpu
        assert gpu is not None
        weights = gpu.weights
        assert (weights.bucket, weights.prefix, weights.revision) == ("models", "llama/8b", "abc")

    def test_a_mirror_names_both_images(self) -> None:
        mirror = "111122223333.dkr.ecr.us-east-1.amazonaws.com/vllm"
        gpu = serving_of("selfhost_ondemand", f"deployment.image_mirror={mirror}").gpu
        assert gpu is not None and gpu.image.mirrored and gpu.agent_image.mirrored
        assert gpu.image.uri.startswith(f"{mirror}@sha256:")
        # Its digest is in no data we have: the stack's configuration gives it.
        assert gpu.agent_image.uri == mirror

    def test_a_mirror_gets_the_images_with_their_digests(self) -> None:
        mirror = "111122223333.dkr.ecr.us-east-1.amazonaws.com/vllm"
        plan = serving_of("selfhost_ondemand", f"deployment.image_mirror={mirror}")
        commands = [each for step in next_steps(plan, "prod", new=False) for each in step.commands]
        (copy,) = [each for each in commands if each.startswith("crane copy vllm/vllm-openai@")]
        assert f" {mirror}:engine-" in copy

    def test_the_way_out_is_the_one_that_was_priced(self) -> None:
        plan = serving_of("selfhost_ondemand")
        assert plan.network is not None
        assert (plan.network.way_out, plan.network.zones) == ("nat", 2)

    def test_a_network_of_the_deployment_is_not_created(self) -> None:
        given = (
            "deployment.vpc_id=vpc-0a1b2c3d",
            "deployment.private_subnet_ids=[subnet-0a1b2c3d, subnet-4e5f6a7b]",
        )
        plan = serving_of("selfhost_ondemand", *given)
        assert plan.network is None
        assert plan.deployment.private_subnet_ids == ("subnet-0a1b2c3d", "subnet-4e5f6a7b")


class TestGateway:
    def test_shares_of_the_routes_add_up_to_all(self) -> None:
        for arm in ("api_frontier", "hybrid"):
            gateway = serving_of(arm).gateway
            assert gateway is not None
            assert sum(Decimal(route.planned_share) for route in gateway.routes) == 1

    def test_a_hybrid_asks_its_own_gpus_first(self) -> None:
        gateway = serving_of("hybrid").gateway
        assert gateway is not None
        assert [route.provider for route in gateway.routes] == ["selfhost", "openai"]
        assert gateway.in_vpc

    def test_a_hybrid_bounds_what_a_replica_is_sent_before_it_overflows(self) -> None:
        plan = serving_of("hybrid")
        assert plan.gateway is not None and plan.gpu is not None
        bound = plan.gateway.selfhost_in_flight_per_replica
        flags = plan.gpu.engine_args
        most = int(flags[flags.index("--max-num-seqs") + 1])
        assert bound is not None
        # At its capacity inside the service level a replica has places left.
        assert 1 <= bound < most
        api = serving_of("api_frontier").gateway
        assert api is not None
        assert api.selfhost_in_flight_per_replica is None

    def test_the_day_s_cap_leaves_room_for_the_dearest_planned_day(self) -> None:
        plan = serving_of("api_frontier")
        assert plan.gateway is not None
        hours = plan.spend.api_usage_hourly_usd_utc
        days = [sum(hours[24 * day : 24 * day + 24]) for day in range(7)]
        assert plan.gateway.cap_day_usd > max(days)

    def test_a_budget_is_the_month_s_cap(self) -> None:
        gateway = serving_of("api_frontier", "budget.monthly_usd=40000").gateway
        assert gateway is not None
        assert gateway.cap_month_usd == 40_000


class TestNames:
    @pytest.mark.parametrize(
        ("stack", "found"),
        [
            ("support-chat", "support-chat"),
            ("prod", "support-chat-prod"),
            ("support-chat-prod", "support-chat-prod"),
            ("acme/llm-serving/prod", "support-chat-prod"),
        ],
    )
    def test_two_stacks_of_one_scenario_share_no_name(self, stack: str, found: str) -> None:
        assert stack_id_of("support-chat", stack) == found

    def test_owner_and_payer_are_tags(self) -> None:
        plan = serving_of("api_bedrock", "deployment.owner=team", "deployment.cost_centre='4711'")
        assert plan.deployment.tags == {"cost-centre": "4711", "owner": "team"}


class TestRefusals:
    def test_an_endpoint_that_nobody_could_call(self) -> None:
        plan = plan_of("selfhost_ondemand", "deployment.client_cidrs=[]")
        with pytest.raises(InputError, match=r"nobody could call the endpoint.*client_cidrs"):
            serving_plan(plan, "prod")
