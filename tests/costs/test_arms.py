"""Arms of whole scenarios: spot, commitments, autoscaling, hybrid, variants, imported models."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from planner.catalog import load_catalog
from planner.catalog.refresh_parse import spot_rows
from planner.costs import Fixed, bought_by_month
from planner.costs.hybrid_terms import HybridTerm
from planner.decision import Evaluated, recommend
from planner.decision.commitment import commitment_of
from planner.demand import build_demand
from planner.scenario import parse_scenario
from tests.catalog.price_support import file_text, fixture, raw
from tests.costs.test_options import by_arm, decide, reason, scenario, selfhost, workload

LLAMA = "meta-llama/Llama-3.1-8B-Instruct"
SPOT = {"usd_per_hour": 0.6, "source": "console", "observed": "2026-11-20"}
PLAN = {"percent_off": 28, "source": "quote", "observed": "2026-11-20"}


def on(*purchases: str, **changes: Any) -> dict[str, Any]:
    """A fleet of g6e.xlarge, large enough to have instances above its floor."""
    given = {"instance_types": ["g6e.xlarge"], "purchase": list(purchases), **changes}
    return scenario(options=selfhost(**given), workload=workload(3_000_000))


def named(content: dict[str, Any], name: str) -> Evaluated:
    return next(e for e in decide(content).options if name in e.option.name)


def usd(evaluated: Evaluated, line: str) -> Decimal:
    found = [a.usd for a in evaluated.mean.lines if a.line.name == line]
    assert len(found) == 1 and found[0] is not None
    return found[0]


class TestSpot:
    def test_floor_on_demand_and_spot_above_it(self) -> None:
        given = {**SPOT, "interruptions_per_instance_hour": 0.02}
        found = named(on("spot", spot=given, cold_start_s=900), "(spot)")
        count = found.instances
        assert found.option.feasible and count is not None and count > 2
        # A replica and its spare stay on demand: g6e.xlarge is $1.861 an hour and holds one.
        assert usd(found, "instances (floor)") == 2 * 730 * Decimal("1.861")
        assert usd(found, "instances (spot)") == (count - 2) * 730 * Decimal("0.6")
        # A quarter of an hour of booting at the spot price, and of cover on demand.
        each = (Decimal("0.6") + Decimal("1.861")) / 4
        assert usd(found, "spot interruptions") == (count - 2) * 730 * Decimal("0.02") * each

    def test_one_zone_is_one_pool(self) -> None:
        content = {**on("spot", spot=SPOT), "slo": {"ttft_ms": 3000, "zones": 1}}
        assert "at least 2 pools" in reason(content, "selfhost_spot")

    def test_the_price_is_of_its_own_type_only(self) -> None:
        both = ["g5.xlarge", "g6e.xlarge"]
        content = on("spot", spot={**SPOT, "instance_type": "g5.xlarge"}, instance_types=both)
        option = named(content, "(spot)").option
        assert {each.serving.instance_type for each in option.hardware if each.serving} == {
            "g5.xlarge"
        }
        (why,) = (e.reason for e in option.excluded if e.candidate.startswith("g6e.xlarge"))
        assert "no spot_az_median price of g6e.xlarge" in why

    def test_an_assumed_interruption_rate_is_marked(self) -> None:
        found = named(on("spot", spot=SPOT), "(spot)")
        line = next(a.line for a in found.mean.lines if a.line.name == "spot interruptions")
        assert line.mark == "?"
        assert "Spot Instance Advisor" in line.source

    def test_a_refreshed_file_brings_its_own_price(self, tmp_path: Path) -> None:
        # Recorded history of g6e.xlarge: the median over three zones is $0.90.
        (row,) = spot_rows(
            fixture("spot_price_history"), ["g6e.xlarge"], "us-east-1", date(2026, 11, 22)
        )
        assert row.usd is not None
        spot = raw(purchase="spot_az_median", usd=str(row.usd), source=row.source)
        (tmp_path / "planner.prices.json").write_text(file_text(raw(), spot), encoding="utf-8")
        content = on("spot")
        content["tco"] = {"infrastructure": {"mode": "replace"}}
        content["options"]["api"] = []
        loaded = parse_scenario(json.dumps(content), path=tmp_path / "test.yaml")
        catalog = load_catalog(prices=loaded.scenario.prices, base_dir=tmp_path)
        found = by_arm(
            recommend(loaded.scenario, build_demand(loaded.scenario, tmp_path), catalog),
            "selfhost_spot",
        )
        assert found.option.feasible and found.instances is not None
        assert usd(found, "instances (spot)") == (found.instances - 2) * 730 * Decimal("0.9")


class TestSavingsPlan:
    def test_the_rate_is_off_the_on_demand_price(self) -> None:
        found = named(on("savings_plan", savings_plan=PLAN), "(savings plan)")
        assert found.option.arm == "selfhost_ri_1y"
        assert found.option.commitment_months == 12
        assert found.instances is not None
        expected = found.instances * 730 * Decimal("1.861") * Decimal("0.72")
        assert usd(found, "instances") == expected

    def test_refreshed_rates_are_needed_without_one(self) -> None:
        content = on("savings_plan", savings_plan={"plan": "compute"})
        assert "no sp_compute_1y price" in reason(content, "selfhost_ri_1y")

    def test_a_commitment_that_is_not_used_is_paid(self) -> None:
        # $20 an hour is more than the fleet uses: it is the bill.
        plan = {**PLAN, "commitment_usd_per_hour": 20}
        found = named(on("savings_plan", savings_plan=plan, max_instances=14), "(savings plan)")
        assert usd(found, "instances") == 20 * 730

    def test_three_years_need_a_horizon_of_three_years(self) -> None:
        content = on("savings_plan", savings_plan={**PLAN, "term_years": 3})
        assert "term of 36 months" in reason(content, "selfhost_ri_1y")


class TestAutoscaled:
    def test_it_is_never_dearer_than_the_fleet_of_the_peak(self) -> None:
        content = on("on_demand", scaling=["fixed", "hourly"])
        fixed, hourly = named(content, "(on demand)"), named(content, "autoscaled")
        assert usd(hourly, "instances") < usd(fixed, "instances")
        assert hourly.instances == fixed.instances
        assert hourly.utilisation is not None and fixed.utilisation is not None
        assert hourly.utilisation > fixed.utilisation

    def test_instance_hours_follow_the_weights(self) -> None:
        # Two hours of the day at four times the rate of the others; one hour ahead is started.
        weights = [4, 4] + [1] * 22
        content = on("on_demand", scaling=["hourly"])
        content["workload"]["traffic"] = {"weights": weights, "burst_within_hour": 1}
        content["slo"] = {"ttft_ms": 3000, "tpot_ms": 150, "redundancy": "none"}
        found = named(content, "autoscaled")
        fleet, requests = found.option.fleet, Decimal(90_000_000)
        assert fleet is not None
        high, low = fleet.instances(requests), fleet.instances(requests / 4)
        expected = (3 * high + 21 * low) * Decimal(730) / 24 * Decimal("1.861")
        assert usd(found, "instances") == pytest.approx(expected)

    def test_reserved_below_and_on_demand_above(self) -> None:
        content = on("on_demand", "ri_1y_no_upfront", scaling=["hourly"])
        reserved = named(content, "(ri 1y no upfront, autoscaled)")
        on_demand = named(content, "(on demand, autoscaled)")
        assert usd(reserved, "instances") <= usd(on_demand, "instances")


def test_a_spot_price_above_on_demand_is_a_warning() -> None:
    def warned(usd: float) -> bool:
        spot = {**SPOT, "usd_per_hour": usd}
        content = on("spot", spot=spot)
        content["slo"] = {**content.get("slo", {}), "zones": 2}
        found = named(content, "(spot)").option
        assert found.feasible, found.reason
        return any("is not below on demand, $1.861: check it" in text for text in found.warnings)

    assert [warned(usd) for usd in (1.86, 1.861, 2.5)] == [False, True, True]


def hybrid(**changes: Any) -> dict[str, Any]:
    """Against a dear API, so that a base pays."""
    options = selfhost(instance_types=["g6e.xlarge"])
    given = {"selfhost": LLAMA, **changes}
    return scenario(options={**options, "hybrid": [given]}, workload=workload(500_000))


class TestHybrid:
    def test_it_is_cheaper_than_its_parts_by_more_than_its_gateway(self) -> None:
        found = decide(hybrid())
        mixed, api = by_arm(found, "hybrid"), by_arm(found, "api_frontier")
        own = by_arm(found, "selfhost_ondemand")
        assert mixed.option.feasible and mixed.option.kind == "hybrid"

        def of(evaluated: Evaluated, *names: str) -> Decimal:
            return sum((usd(evaluated, name) for name in names), Decimal(0))

        tokens = ("input tokens", "output tokens")
        parts = of(mixed, "instances", *tokens)
        assert parts < min(of(api, *tokens), of(own, "instances"))

    def test_without_an_instance_the_tokens_are_the_apis(self) -> None:
        found = decide(hybrid())
        mixed, api = by_arm(found, "hybrid").option, by_arm(found, "api_frontier").option
        assert mixed.hybrid is not None
        requests = Decimal(15_000_000)
        nothing = mixed.hybrid.plan_of(0, requests)
        for line in mixed.lines_in_month(0):
            if line.category == "api_usage":
                assert isinstance(line.term, HybridTerm)
                plain = next(x for x in api.lines_in_month(0) if x.name == line.name)
                assert plain.term is not None
                assert line.term.with_plan(nothing, requests) == plain.term.at(requests)

    def test_no_instance_pays_beside_a_cheap_api(self) -> None:
        content = hybrid()
        content["options"]["api"] = [{"provider": "openai", "model": "gpt-6-luna"}]
        content["workload"]["requests_per_day"] = 500
        assert "no instance pays for itself beside openai/gpt-6-luna" in reason(content, "hybrid")

    def test_the_same_weights_take_the_overflow_before_a_cheaper_model(self) -> None:
        content = hybrid()
        bedrock = "meta.llama3-1-8b-instruct-v1:0"
        content["options"]["api"] = [
            {"provider": "openai", "model": "gpt-6-luna"},
            {"provider": "aws", "model": bedrock, "role": "same_weights"},
        ]
        content["workload"]["requests_per_day"] = 5_000_000
        option = by_arm(decide(content), "hybrid").option
        assert option.overflow == f"aws/{bedrock}"
        assert not any("answers differ" in warning for warning in option.warnings)

    def test_another_model_is_said_to_answer_differently(self) -> None:
        warnings = by_arm(decide(hybrid()), "hybrid").option.warnings
        assert any("answers differ" in warning for warning in warnings)

    def test_residency_that_forbids_the_api_forbids_the_hybrid(self) -> None:
        rule = {"allowed_regions": ["us-east-1"], "reason": "our rule"}
        content = {**hybrid(), "limits": {"data_residency": rule}}
        assert reason(content, "hybrid") == "no API option may take the overflow"

    def test_a_committed_base_pays_its_price_all_term(self) -> None:
        content = hybrid(purchase=["ri_1y_no_upfront"])
        found = by_arm(decide(content), "hybrid")
        assert found.instances is not None and found.instances == found.peak_instances
        row = Decimal("1.861") * Decimal("0.63")
        # g6e.xlarge reserved for a year without upfront is 0.63 of on demand, to four digits.
        assert usd(found, "instances") == pytest.approx(
            found.instances * 730 * row, rel=Decimal("0.01")
        )

    def test_scheduled_is_never_dearer_than_always_on(self) -> None:
        found = decide(hybrid(scaling=["fixed", "hourly"]))
        always, scheduled = (
            next(e for e in found.options if e.option.arm == "hybrid" and words in e.option.name)
            for words in ("(on demand)", "scheduled")
        )
        tokens = ("instances", "input tokens", "output tokens")
        assert sum(usd(scheduled, name) for name in tokens) <= sum(
            usd(always, name) for name in tokens
        )

    def test_a_commitment_under_a_schedule_is_never_dearer_than_either(self) -> None:
        content = hybrid(purchase=["on_demand", "ri_1y_no_upfront"], scaling=["fixed", "hourly"])
        day = [0.2] * 8 + [1.0] * 8 + [4.0] * 8
        content["workload"]["traffic"] = {"weights": day}
        found = decide(content)
        both, *others = (
            next(e for e in found.options if e.option.name.endswith(words))
            for words in (
                "(ri 1y no upfront, scheduled)",
                "(ri 1y no upfront)",
                "(on demand, scheduled)",
                "(on demand)",
            )
        )
        assert both.option.feasible
        tokens = ("instances", "input tokens", "output tokens", "image pulls")
        mixed, *rest = (
            sum(usd(e, a.line.name) for a in e.mean.lines if a.line.name in tokens)
            for e in (both, *others)
        )
        assert all(mixed <= other for other in rest)
        bought = bought_by_month(both.option, found.months.requests)
        assert bought is not None
        assert bought[0][0] > 0
        assert (both.peak_instances or 0) > bought[0][0]
        commitment = commitment_of(both.option, found.months)
        assert commitment is not None
        assert commitment.buys[0].instances == bought[0][0]
        formula = next(a.line.formula for a in both.mean.lines if a.line.name == "instances")
        assert "for the committed ones; above them $1.861 an hour (on_demand)" in formula

    def test_deferrable_requests_overflow_to_batch(self) -> None:
        content = hybrid()
        content["workload"]["deferrable_share"] = 0.5
        option = by_arm(decide(content), "hybrid").option
        names = {line.name for line in option.lines_in_month(0)}
        assert {"input tokens", "batch input tokens"} <= names


class TestVariants:
    CONTENT = on("on_demand", variants=[{"precision": "fp8"}, {"precision": "int4"}])

    def test_each_is_an_option_of_its_own(self) -> None:
        found = decide(self.CONTENT)
        names = {e.option.name for e in found.options if not e.option.is_api}
        assert names == {f"{LLAMA}{suffix} (on demand)" for suffix in ("", " fp8", " int4")}
        precisions = {e.option.serving.precision for e in found.options if e.option.serving}
        assert {"fp8", "int4"} <= precisions

    def test_a_quantised_one_says_that_its_quality_is_open(self) -> None:
        warnings = named(self.CONTENT, " int4").option.warnings
        assert any("quality is not assumed" in warning for warning in warnings)


class TestBatch:
    def test_batch_jobs_do_not_pass_the_gateway(self) -> None:
        # gpt-4o has a batch price; of 600,000 requests a month half go there.
        half = decide(scenario(workload=workload(20000, deferrable_share=0.5)))
        none = decide(scenario())
        for name in ("REST API requests", "function duration", "web ACL requests"):
            through = usd(by_arm(half, "api_frontier"), name)
            assert through == usd(by_arm(none, "api_frontier"), name) / 2
        (said,) = [w for w in by_arm(half, "api_frontier").option.warnings if "batch jobs" in w]
        assert said.startswith("batch jobs (50 % of requests) go to the provider's batch endpoint")

    def test_their_prompts_still_leave_the_account(self) -> None:
        # 600 tokens x 4.5 bytes sent by all, 150 x 250 bytes streamed to half of 600,000: $0.09 a
        # GB.
        found = by_arm(
            decide(scenario(workload=workload(20000, deferrable_share=0.5))), "api_frontier"
        )
        gb = Decimal(600_000) * (600 * Decimal("4.5") + 150 * 250 / Decimal(2)) / 10**9
        assert usd(found, "transfer to the internet") == pytest.approx(gb * Decimal("0.09"))

    def test_a_report_says_so(self) -> None:
        found = decide(scenario(workload=workload(20000, deferrable_share=0.5)))
        warnings = by_arm(found, "api_frontier").option.warnings
        assert any("batch endpoint directly" in warning for warning in warnings)


IMPORT = {
    "usd_per_unit_minute": 0.08,
    "units_per_copy": 2,
    "requests_per_s_per_copy": 1,
    "source": "test",
    "observed": "2026-11-20",
}


def imported(requests_per_day: int, **changes: Any) -> dict[str, Any]:
    api = {"provider": "aws", "model": "own-model", "custom_model_import": {**IMPORT, **changes}}
    load = workload(requests_per_day, traffic={"profile": "flat", "burst_within_hour": 1})
    return scenario(options={"api": [api]}, workload=load)


class TestCustomModelImport:
    def test_copies_are_paid_by_the_minute(self) -> None:
        # 1.5 requests/s need two copies of two units: 730 h x 60 x 4 x $0.08.
        found = by_arm(decide(imported(129_600)), "api_bedrock")
        assert found.option.feasible
        assert usd(found, "custom model units") == pytest.approx(Decimal("14016"))

    def test_windows_without_a_request_are_free(self) -> None:
        # 288 requests a day are one in 300 s on average: 1 - 1/e of the windows have one.
        found = by_arm(decide(imported(288)), "api_bedrock")
        expected = 730 * 60 * 2 * 0.08 * (1 - 0.36787944)
        assert float(usd(found, "custom model units")) == pytest.approx(expected)

    def test_storage_is_a_line_of_its_own(self) -> None:
        found = by_arm(decide(imported(288, storage_monthly_usd=4)), "api_bedrock")
        line = next(a.line for a in found.mean.lines if a.line.name == "imported weights")
        assert line.term == Fixed(Decimal(4))


def test_bedrock_batch_takes_the_deferrable_share_at_half_price() -> None:
    bedrock = {"provider": "aws", "model": "qwen.qwen3-32b-v1:0"}
    load = workload(20000, deferrable_share=0.5)
    found = by_arm(decide(scenario(options={"api": [bedrock]}, workload=load)), "api_bedrock")
    assert usd(found, "batch input tokens") == usd(found, "input tokens") / 2
