"""Rules over ways of buying, scaling and combining options."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from planner.errors import ScenarioError
from planner.scenario import parse_scenario

LLAMA = "meta-llama/Llama-3.1-8B-Instruct"
PLAN = {"percent_off": 28, "source": "quote", "observed": "2026-11-20"}
SPOT = {"usd_per_hour": 0.8, "source": "console", "observed": "2026-11-20"}
API = {"provider": "openai", "model": "gpt-4o"}


def problems(selfhost: dict[str, Any], **options: Any) -> list[str]:
    content = {
        "version": 1,
        "id": "test",
        "workload": {"requests_per_day": 100, "input_tokens": 500, "output_tokens": 50},
        "options": {"api": [API], "selfhost": [{"model": LLAMA, **selfhost}], **options},
    }
    if "quality" in options:
        content["quality"] = content["options"].pop("quality")
    try:
        parse_scenario(json.dumps(content), path=Path("test.yaml"))
    except ScenarioError as error:
        return [problem.message for problem in error.problems]
    return []


def only(found: list[str]) -> str:
    assert len(found) == 1, found
    return found[0]


class TestSpot:
    def test_a_price_is_of_one_type(self) -> None:
        assert "say which with `instance_type`" in only(problems({"spot": SPOT}))

    @pytest.mark.parametrize(
        "given",
        [{"instance_types": ["g6e.xlarge"]}, {"spot": {**SPOT, "instance_type": "g5.xlarge"}}],
    )
    def test_it_may_be_said_either_way(self, given: dict[str, Any]) -> None:
        assert problems({"spot": SPOT, **given}) == []

    def test_its_type_is_one_of_those_considered(self) -> None:
        spot = {**SPOT, "instance_type": "g6e.xxlarge"}
        message = only(problems({"spot": spot, "instance_types": ["g6e.xlarge", "g5.xlarge"]}))
        assert "did you mean `g6e.xlarge`?" in message


class TestSavingsPlan:
    def test_it_needs_a_rate(self) -> None:
        assert "no rate is given" in only(problems({"purchase": ["savings_plan"]}))

    def test_a_rate_needs_its_source_and_day(self) -> None:
        found = problems({"savings_plan": {"percent_off": 28}})
        assert "needs `source` and `observed`" in only(found)

    def test_refreshed_rates_need_none(self) -> None:
        assert problems({"purchase": ["savings_plan"], "savings_plan": {"plan": "compute"}}) == []


class TestScaling:
    def test_a_pinned_number_does_not_scale(self) -> None:
        found = problems({"scaling": ["hourly"], "fixed_replicas": 2})
        assert "`fixed_replicas` pins the number" in only(found)


class TestVariants:
    def test_each_precision_once(self) -> None:
        found = problems({"variants": [{"precision": "fp8"}, {"precision": "fp8"}]})
        assert "is there already" in only(found)

    def test_the_options_own_precision_is_no_variant(self) -> None:
        assert "is there already" in only(problems({"variants": [{"precision": "native"}]}))

    def test_a_quality_floor_asks_for_each_score(self) -> None:
        score = {"score": 0.9, "source": "test"}
        found = problems(
            {"quality": score, "variants": [{"precision": "fp8"}]},
            api=[{**API, "quality": score}],
            quality={"floor": 0.8, "metric": "exact match"},
        )
        assert "has no `quality`" in only(found)


class TestHybrid:
    def test_names_are_looked_up(self) -> None:
        found = problems({}, hybrid=[{"selfhost": LLAMA.lower(), "overflow": "openai/gpt-4"}])
        assert len(found) == 2
        assert f"did you mean `{LLAMA}`?" in found[0]
        assert "did you mean `openai/gpt-4o`?" in found[1]

    def test_a_variant_may_be_the_base(self) -> None:
        hybrid = [{"selfhost": f"{LLAMA} fp8"}]
        assert problems({"variants": [{"precision": "fp8"}]}, hybrid=hybrid) == []

    def test_it_needs_an_api(self) -> None:
        assert "needs an API" in only(problems({}, api=[], hybrid=[{"selfhost": LLAMA}]))

    def test_a_pinned_number_is_no_base(self) -> None:
        found = problems({"fixed_replicas": 2}, hybrid=[{"selfhost": LLAMA}])
        assert "chooses its number of instances" in only(found)

    def test_hours_may_be_above_a_committed_base(self) -> None:
        hybrid = {"selfhost": LLAMA, "scaling": ["hourly"], "purchase": ["savings_plan"]}
        assert problems({"savings_plan": PLAN}, hybrid=[hybrid]) == []

    def test_the_same_hybrid_twice_is_refused(self) -> None:
        one = {"selfhost": LLAMA, "purchase": ["on_demand", "ri_1y_no_upfront"]}
        found = problems({}, hybrid=[one, {"selfhost": LLAMA}])
        assert "is there already" in only(found)

    def test_hybrids_bought_or_named_otherwise_are_two(self) -> None:
        one, other = {"selfhost": LLAMA}, {"selfhost": LLAMA, "scaling": ["hourly"]}
        assert problems({}, hybrid=[one, other, {**one, "name": "mine"}]) == []

    def test_its_plan_is_that_of_its_option(self) -> None:
        found = problems({}, hybrid=[{"selfhost": LLAMA, "purchase": ["savings_plan"]}])
        assert "gives no rate" in only(found)


def test_imported_models_are_of_bedrock() -> None:
    given = {
        "usd_per_unit_minute": 0.08,
        "units_per_copy": 2,
        "requests_per_s_per_copy": 3,
        "source": "test",
        "observed": "2026-11-20",
    }
    assert "sold by aws" in only(problems({}, api=[{**API, "custom_model_import": given}]))
