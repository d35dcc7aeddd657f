"""What the plan carries for arms that need more than a number of instances."""

from __future__ import annotations

from typing import Any

import pytest

from planner.decision import Recommendation, build_plan
from planner.decision.hybrid_breakeven import hybrid_breakeven
from planner.decision.machines import hybrid_plan
from tests.costs.test_arms import LLAMA, PLAN, SPOT, hybrid, on
from tests.costs.test_options import by_arm, decide


def plan_of(content: dict[str, Any], arm: str) -> tuple[Recommendation, dict[str, Any]]:
    found = decide(content)
    return found, dict(build_plan(found, by_arm(found, arm)).content)


class TestHybrid:
    def test_it_names_base_and_overflow(self) -> None:
        found, plan = plan_of(hybrid(), "hybrid")
        part = plan["chosen"]["hybrid"]
        assert plan["kind"] == "hybrid"
        assert part["overflow"] == {
            "name": "openai/gpt-4o",
            "provider": "openai",
            "model": "gpt-4o",
        }
        option = by_arm(found, "hybrid").option
        split = hybrid_plan(option, found.months.requests)
        assert part["base_instances"] == split.most_instances
        assert part["overflow_share"] == pytest.approx(float(split.overflow_share), rel=1e-5)
        assert part["redundancy"] == "overflow"

    def test_scheduled_hours_are_in_utc(self) -> None:
        content = hybrid(scaling=["hourly"])
        content["workload"]["requests_per_day"] = 2_000_000
        content["workload"]["traffic"] = {"weights": [10] + [1] * 23, "burst_within_hour": 1}
        _, plan = plan_of({**content, "timezone": "Asia/Tokyo"}, "hybrid")
        hours = plan["chosen"]["hourly"]["instances_by_hour_utc"]
        # Midnight in Tokyo is 15:00 UTC; hours of the week begin on Monday.
        assert len(hours) == 168
        assert hours.index(max(hours)) == 15

    def test_spend_by_hour_adds_up_to_the_bill(self) -> None:
        found, plan = plan_of(hybrid(scaling=["hourly"]), "hybrid")
        month = by_arm(found, "hybrid").months[0]
        billed = month.billed_usd("aws") + month.billed_usd("provider")
        hourly = [float(usd) for usd in plan["spend"]["hourly_usd_utc"]]
        # Instances are paid for 730 hours, requests come in 720 of them: between both.
        low, high = (sum(hourly) / 168 * hours for hours in (720, 730))
        assert low <= float(billed) <= high * 1.0001

    def test_it_pays_from_its_breakeven_on(self) -> None:
        found = decide(hybrid())
        option, api = by_arm(found, "hybrid").option, by_arm(found, "api_frontier").option
        pair = hybrid_breakeven(api, option, found.months)
        volume = pair.lasting_requests_per_month
        assert pair.status == "lasting" and volume is not None
        for requests_per_day, cheaper in ((volume / 30 * 0.97, "api"), (volume / 30 * 1.03, "own")):
            content = hybrid()
            content["workload"]["requests_per_day"] = round(requests_per_day)
            again = decide(content)
            mixed = by_arm(again, "hybrid")
            if mixed.option.feasible:
                tokens = by_arm(again, "api_frontier").monthly_cost_usd
                assert (mixed.monthly_cost_usd <= tokens) == (cheaper == "own")
            else:
                assert cheaper == "api"


class TestOthers:
    def test_an_autoscaled_fleet_has_its_hours(self) -> None:
        found, plan = plan_of(on("on_demand", scaling=["hourly"]), "selfhost_ondemand")
        hourly = plan["chosen"]["hourly"]
        assert max(hourly["instances_by_hour_utc"]) == by_arm(found, "selfhost_ondemand").instances
        assert hourly["mean_instances"] == pytest.approx(
            sum(hourly["instances_by_hour_utc"]) / 168, rel=1e-5
        )

    def test_spot_has_its_floor(self) -> None:
        found, plan = plan_of(on("spot", spot=SPOT), "selfhost_spot")
        assert plan["chosen"]["spot"] == {"floor_instances_on_demand": 2, "zones": 2}
        counts = {r["count"] for r in plan["resources"] if r["component"] == "instances"}
        instances = by_arm(found, "selfhost_spot").instances
        assert instances is not None
        assert counts == {2, instances - 2}

    def test_a_commitment_says_what_to_buy(self) -> None:
        _, plan = plan_of(on("savings_plan", savings_plan=PLAN), "selfhost_ri_1y")
        bought = plan["chosen"]["commitment"]
        assert bought["instance_type"] == "g6e.xlarge"
        assert bought["term_months"] == 12
        assert [buy["instances"] for buy in bought["buys"]] == [
            plan["chosen"]["fleet"]["instances"]
        ]
        assert bought["buys"][0]["paid_back_on"] is not None

    def test_payback_is_against_the_cheapest_api(self) -> None:
        _, plan = plan_of(on("on_demand"), "selfhost_ondemand")
        assert plan["payback"]["against"] == "openai/gpt-4o"
        assert plan["payback"]["month"] == 0

    def test_an_api_has_nothing_to_pay_back(self) -> None:
        _, plan = plan_of(on("on_demand"), "api_frontier")
        assert plan["payback"] is None
        assert LLAMA not in plan["chosen"]["name"]
