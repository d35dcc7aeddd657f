"""``--set``: the same schema, problems that name the option, and places that follow."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.scenario.support import SMALL, only, problems, read


def test_a_field_is_replaced() -> None:
    workload = read(sets=["workload.requests_per_day=20000"]).scenario.workload
    assert workload.requests_per_day == 20000


def test_the_last_of_two_counts() -> None:
    sets = ["region=eu-west-1", "region=eu-central-1"]
    assert read(sets=sets).scenario.region == "eu-central-1"


def test_sections_that_are_not_written_are_made() -> None:
    slo = read(sets=["slo.ttft_ms=800", "slo.zones=3"]).scenario.slo
    assert (slo.ttft_ms, slo.zones) == (800, 3)


def test_numbers_are_exact() -> None:
    scenario = read(sets=["workload.growth_per_month=0.1"]).scenario
    assert scenario.workload.growth_per_month == Decimal("0.1")


def test_values_are_yaml() -> None:
    sets = ["options.selfhost.0.instance_types=[g5.xlarge, g6.xlarge]", "description='no: 5'"]
    scenario = read(sets=sets).scenario
    assert scenario.options.selfhost[0].instance_types == ["g5.xlarge", "g6.xlarge"]
    assert scenario.description == "no: 5"


def test_a_list_takes_an_index_and_grows_by_one() -> None:
    sets = ["options.api.0.model=gpt-4o", "options.api.1={provider: groq, model: m}"]
    assert [o.model for o in read(sets=sets).scenario.options.api] == ["gpt-4o", "m"]


def test_a_list_that_is_not_written_is_begun() -> None:
    sets = ["budget.notify_emails.0=a@example.com"]
    assert read(sets=sets).scenario.budget.notify_emails == ["a@example.com"]


@pytest.mark.parametrize("path", ['"gpt-6-luna"', "gpt-6-luna"])
def test_keys_of_the_users_own_are_free(path: str) -> None:
    sets = [f"budget.per_model_monthly_usd.{path}=5"]
    assert read(sets=sets).scenario.budget.per_model_monthly_usd == {"gpt-6-luna": 5}


def test_a_free_key_may_hold_dots() -> None:
    tags = read(sets=["deployment.tags.a.b=c", 'deployment.tags."d.e"=f']).scenario.deployment.tags
    assert tags == {"a.b": "c", "d.e": "f"}


def test_a_length_in_short_form_becomes_a_mapping() -> None:
    lengths = read(sets=["workload.input_tokens.cv=1.2"]).scenario.workload.input_tokens
    assert lengths is not None
    assert (lengths.mean, lengths.cv) == (500, Decimal("1.2"))


def test_null_takes_an_optional_section_away() -> None:
    text = SMALL + "quality: {floor: 0.9, metric: m}\n"
    assert read(text, sets=["quality=null"]).scenario.quality is None


@pytest.mark.parametrize(
    ("option", "path", "message"),
    [
        (
            "workload.requests_per_day",
            "",
            "must be PATH=VALUE, such as workload.requests_per_day=20000",
        ),
        ("=5", "", "must be PATH=VALUE, such as workload.requests_per_day=20000"),
        ("a..b=5", "", "must be PATH=VALUE, such as workload.requests_per_day=20000"),
        (
            "workload.request_per_day=5",
            "",
            "there is no field `workload.request_per_day` (did you mean `requests_per_day`?)",
        ),
        ("tpot_ms=5", "", "there is no field `tpot_ms` (did you mean `slo.tpot_ms`?)"),
        ("zzzzzz=5", "", "there is no field `zzzzzz`"),
        (
            "workload.requests_per_day=many",
            "workload.requests_per_day",
            'must be a number, got "many"; for example 10000',
        ),
        (
            "workload.requests_per_day=010",
            "workload.requests_per_day",
            "010 is 8 to some YAML readers (octal); write 10 without the leading zero, "
            'or "010" for the text',
        ),
        (
            "workload.requests_per_day=",
            "",
            "the file is empty; `planner init` writes a commented scenario to start from",
        ),
        (
            "options.api.2.model=m",
            "",
            "`options.api` has 1 items; 2 is beyond the next free one",
        ),
        (
            "options.api.model=m",
            "",
            "`options.api` is a list; write `options.api.0` for its first item, not model",
        ),
        (
            "id.x=5",
            "",
            "there is no field `id.x`",
        ),
        ("region=[", "", "not YAML: a bracket is opened and nothing follows; close it"),
        ("slo=5", "slo", "must be a mapping"),
    ],
)
def test_a_problem_names_the_option(option: str, path: str, message: str) -> None:
    found = only(problems(sets=[option]))
    assert found.file == f"--set {option}"
    assert (found.line, found.column, found.source_line) == (None, None, None)
    assert found.path == path
    assert found.message.startswith(message)


def test_rules_see_the_new_value_and_name_the_option() -> None:
    found = only(problems(sets=["slo.redundancy=zones", "slo.zones=1"]))
    assert (found.file, found.path) == ("--set slo.zones=1", "slo.zones")


def test_a_problem_of_the_file_goes_away_with_its_value() -> None:
    text = SMALL.replace("10000", "on")
    assert len(problems(text)) == 1
    assert read(text, sets=["workload.requests_per_day=5"]).scenario.workload.requests_per_day == 5


def test_problems_of_the_file_come_first() -> None:
    found = problems(SMALL + "colour: red\n", sets=["region=US"])
    assert [p.file for p in found] == ["chat/scenario.yaml", "--set region=US"]


def test_a_long_option_is_cut_in_the_message() -> None:
    found = only(problems(sets=["region=" + "x" * 1000]))
    assert len(found.file) < 140


def test_rules_judge_a_value_that_replaces_an_unreadable_one() -> None:
    text = SMALL + "slo: {redundancy: zones, zones: 0x2}\n"
    found = only(problems(text, sets=["slo.zones=1"]))
    assert (found.file, found.path) == ("--set slo.zones=1", "slo.zones")
