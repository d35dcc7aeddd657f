"""Which field belongs to which factor, and what stands between two scenarios."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from planner.costs import Option
from planner.diff.factors import ARM, FACTORS, FIELDS, MINOR_FIRST, OPTION_FIELDS
from planner.diff.game import split
from planner.diff.mixing import Mixture, mixture_of
from planner.diff.picks import Pick, pick_of
from planner.diff.words import leaves, why_of
from planner.scenario import Scenario, parse_scenario
from planner.scenario.bounds import Limits
from planner.scenario.economics import Prices
from planner.scenario.levers import Levers
from planner.scenario.options import ApiOption, HybridOption, ManualOption, SelfHostOption
from planner.scenario.workload import Workload
from tests.diff.made import Made, given

# Fields that no monthly cost depends on, or that stand for the file itself.
NEUTRAL = {
    *("version", "id", "description", "options", "workload", "levers", "limits", "prices"),
    *("budget", "actuals", "drill", "uncertainty"),
}
SECTIONS = {"workload": Workload, "levers": Levers, "limits": Limits, "prices": Prices}
NEUTRAL_IN = {"workload": {"source"}, "prices": {"snapshot"}}

HOSTED = """\
version: 1
id: hosted
workload: {requests_per_day: 1000, input_tokens: 500, output_tokens: 100}
options:
  api:
    - {provider: openai, model: gpt-4o}
  selfhost:
    - model: meta-llama/Llama-3.1-8B-Instruct
      name: own
      precision: bf16
      variants: [{precision: fp8}]
      purchase: [on_demand, ri_1y_no_upfront]
      limits: {max_num_seqs: 64}
  hybrid:
    - {selfhost: own fp8, purchase: [on_demand]}
"""


def scenario(text: str) -> Scenario:
    return parse_scenario(text, path=Path("hosted.yaml")).scenario


def pick(of: Scenario, name: str, *, overflow: str | None = None) -> Pick:
    option = SimpleNamespace(name=name, is_api=False, overflow=overflow)
    found = pick_of(of, cast(Option, option))
    assert found is not None, name
    return found


def mixture(one: str, other: str, base: str, head: str, overflow: str | None = None) -> Mixture:
    before, after = scenario(one), scenario(other)
    return mixture_of(
        before, after, pick(before, base, overflow=overflow), pick(after, head, overflow=overflow)
    )


class TestFields:
    def test_every_field_of_a_scenario_has_a_factor_or_costs_nothing(self) -> None:
        top = {name for section, name in FIELDS if not section}
        assert top | NEUTRAL == set(Scenario.model_fields)

    @pytest.mark.parametrize("name", SECTIONS)
    def test_every_field_of_a_section_has_one(self, name: str) -> None:
        own = {field for section, field in FIELDS if section == name}
        assert own | NEUTRAL_IN.get(name, set()) == set(SECTIONS[name].model_fields)

    def test_fields_of_options_are_fields_of_options(self) -> None:
        kinds = (ApiOption, SelfHostOption, HybridOption, ManualOption)
        known = {field for kind in kinds for field in kind.model_fields}
        assert set(OPTION_FIELDS) <= known

    def test_every_factor_has_its_place_when_there_are_too_many(self) -> None:
        assert sorted(MINOR_FIRST) == sorted(FACTORS)
        assert set(FIELDS.values()) | set(OPTION_FIELDS.values()) | {ARM} == set(FACTORS)


class TestPicks:
    def test_an_option_is_found_with_its_variant_and_way_of_buying(self) -> None:
        found = pick(scenario(HOSTED), "own fp8 (ri 1y no upfront)")
        assert found.key == "own"
        assert isinstance(found.entry, SelfHostOption)
        assert found.entry.precision == "fp8"
        assert found.entry.purchase == ["ri_1y_no_upfront"]
        assert found.entry.variants == []

    def test_an_option_of_another_scenario_is_none(self) -> None:
        option = SimpleNamespace(name="other", is_api=False, overflow=None)
        assert pick_of(scenario(HOSTED), cast(Option, option)) is None


class TestFactors:
    @pytest.mark.parametrize(
        ("old", "new", "factor"),
        [
            ("requests_per_day: 1000", "requests_per_day: 2000", "request volume"),
            ("input_tokens: 500", "input_tokens: 600", "input length"),
            ("output_tokens: 100", "output_tokens: {mean: 100, cv: 1}", "output length"),
            ("max_num_seqs: 64", "max_num_seqs: 32", "engine settings"),
            ("name: own\n", "name: own\n      fixed_replicas: 2\n", "pinned replicas"),
            ("name: own\n", "name: own\n      region: us-west-2\n", "region"),
            ("version: 1\n", "version: 1\nslo: {tpot_ms: 50}\n", "service level"),
            ("version: 1\n", "version: 1\nhorizon: {months: 6}\n", "horizon and month length"),
        ],
    )
    def test_an_edit_is_the_factor_of_its_field(self, old: str, new: str, factor: str) -> None:
        # A hybrid takes no pinned replicas.
        plain = HOSTED[: HOSTED.index("  hybrid")]
        same = "own (on demand)"
        assert mixture(plain, plain.replace(old, new), same, same).factors == (factor,)

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("id: hosted", "id: renamed"),
            ("version: 1\n", "version: 1\ndescription: words\nbudget: {monthly_usd: 5}\n"),
            ("model: gpt-4o", "model: gpt-4o-mini"),
            ("variants: [{precision: fp8}]", "variants: []"),
        ],
    )
    def test_what_the_choice_does_not_depend_on_is_none(self, old: str, new: str) -> None:
        text = HOSTED.replace(old, new)
        if "variants: []" in text:
            text = text[: text.index("  hybrid")]
        same = "own (on demand)"
        assert mixture(HOSTED, text, same, same).factors == ()

    def test_a_way_of_buying_that_both_offer_is_the_answers_choice(self) -> None:
        found = mixture(HOSTED, HOSTED, "own (on demand)", "own (ri 1y no upfront)")
        assert found.factors == (ARM,)
        edited = HOSTED.replace("[on_demand, ri_1y_no_upfront]", "[ri_1y_no_upfront]")
        found = mixture(HOSTED, edited, "own (on demand)", "own (ri 1y no upfront)")
        assert found.factors == ("purchase option",)

    def test_a_variant_that_both_offer_is_the_answers_choice(self) -> None:
        found = mixture(HOSTED, HOSTED, "own (on demand)", "own fp8 (on demand)")
        assert found.factors == (ARM,)

    def test_engine_settings_under_a_hybrid_are_engine_settings(self) -> None:
        name = "own fp8 + openai/gpt-4o (on demand)"
        edited = HOSTED.replace("max_num_seqs: 64", "max_num_seqs: 32")
        found = mixture(HOSTED, edited, name, name, overflow="openai/gpt-4o")
        assert found.factors == ("engine settings",)

    def test_with_another_trace_all_that_comes_from_it_is_one_factor(self) -> None:
        one = given(Made()).scenario
        trace = {"trace": SimpleNamespace(file="week.csv"), "requests_per_day": None}
        other = one.model_copy(update={"workload": one.workload.model_copy(update=trace)})
        base = pick(one, "cluster")
        assert mixture_of(one, other, base, pick(other, "cluster")).factors == ("workload trace",)


class TestBetween:
    def test_fields_come_from_the_side_of_their_factor(self) -> None:
        edited = HOSTED.replace("requests_per_day: 1000", "requests_per_day: 2000")
        edited = edited.replace("max_num_seqs: 64", "max_num_seqs: 32")
        same = "own fp8 (on demand)"
        found = mixture(HOSTED, edited, same, same)
        mixed, chosen = found.scenario({"engine settings"})
        assert mixed.workload.requests_per_day == 1000
        assert isinstance(chosen.entry, SelfHostOption)
        assert chosen.entry.limits.max_num_seqs == 32
        assert mixed.options.selfhost == [chosen.entry]
        assert mixed.options.api == []

    def test_what_cannot_stand_together_is_one_block(self) -> None:
        # A prefix of 600 tokens needs the longer input: the mixture without it has no cost.
        one, other = Made(), Made(input_tokens=1000, prefix=600)
        before, after = given(one), given(other)
        found = mixture_of(
            before.scenario,
            after.scenario,
            pick(before.scenario, "cluster"),
            pick(after.scenario, "cluster"),
        )
        from fractions import Fraction

        parts = split(found, before.book.catalog, Fraction(1), Fraction(3))
        assert parts == {("input length", "cache share"): Fraction(2)}


class TestWords:
    def test_leaves_name_the_field_and_leave_sources_out(self) -> None:
        edited = HOSTED.replace("max_num_seqs: 64", "max_num_seqs: 32")
        same = "own (on demand)"
        (change,) = leaves(mixture(HOSTED, edited, same, same).changes)
        assert (change.path, change.before, change.after) == (
            "options.selfhost.0.limits.max_num_seqs",
            64,
            32,
        )

    def test_more_than_three_fields_are_counted(self) -> None:
        edited = HOSTED.replace(
            "version: 1\n",
            "version: 1\nslo: {tpot_ms: 50, ttft_ms: 9, zones: 3, redundancy: none}\n",
        )
        same = "own (on demand)"
        changes = mixture(HOSTED, edited, same, same).changes
        words = why_of(("service level",), changes, None)
        assert words.endswith("; 1 more")
        assert "slo.tpot_ms not given → 50" in words
