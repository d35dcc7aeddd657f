"""Names in a scenario against the shipped catalog; no price is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.catalog.hardware import instance_to_json, shipped_instances
from planner.catalog.references import known_regions, reference_rules
from planner.errors import Problem, ScenarioError
from planner.scenario.load import parse_scenario
from tests.catalog.price_support import file_text

_SMALL = """\
version: 1
id: support-chat
workload: {requests_per_day: 10000, input_tokens: 500, output_tokens: 200}
options:
  api:
    - {provider: openai, model: gpt-6-luna}
  selfhost:
    - {model: meta-llama/Llama-3.1-8B-Instruct, instance_types: [g6e.xlarge]}
"""


def _problems(
    text: str, base: Path = Path("nowhere"), prices_file: Path | None = None
) -> tuple[Problem, ...]:
    try:
        parse_scenario(text, path=base / "s.yaml", rules=reference_rules(prices_file))
    except ScenarioError as error:
        return error.problems
    return ()


def _only(text: str) -> Problem:
    found = _problems(text)
    assert len(found) == 1, found
    return found[0]


def test_known_names_are_no_problem() -> None:
    assert _problems(_SMALL) == ()


@pytest.mark.parametrize(
    ("old", "new", "path", "says"),
    [
        ("openai", "open-ai", "options.api.0.provider", "did you mean openai?"),
        ("gpt-6-luna", "gpt-6-lune", "options.api.0.model", "gpt-6-luna"),
        (
            "meta-llama/Llama-3.1-8B-Instruct",
            "meta-llama/Llama-3.1-8B-Instuct",
            "options.selfhost.0.model",
            "(did you mean `meta-llama/Llama-3.1-8B-Instruct`?)",
        ),
        (
            "g6e.xlarge",
            "g6e.xlarg",
            "options.selfhost.0.instance_types.0",
            "no instance type `g6e.xlarg` in the catalog (did you mean `g6e.xlarge`?)",
        ),
        (
            "id: support-chat",
            "id: support-chat\nregion: eu-west-3",
            "options.selfhost.0.instance_types.0",
            "g6e.xlarge is not offered in eu-west-3; it is in ap-",
        ),
        (
            "instance_types: [g6e.xlarge]",
            "instance_types: [g6e.xlarge], region: eu-west-3",
            "options.selfhost.0.instance_types.0",
            "is not offered in eu-west-3",
        ),
        (
            "id: support-chat",
            "id: support-chat\nregion: us-east-9",
            "region",
            "no AWS region `us-east-9` is known (did you mean `us-east-",
        ),
        (
            "id: support-chat",
            "id: support-chat\nlimits: {vcpu_quota: {L-DB2E81BX: 5}}",
            "limits.vcpu_quota.L-DB2E81BX",
            "(did you mean `L-DB2E81BA`?)",
        ),
        (
            "id: support-chat",
            "id: support-chat\nlimits: {data_residency: {allowed_regions: [eu-xx-9], reason: x}}",
            "limits.data_residency.allowed_regions.0",
            "no AWS region `eu-xx-9`",
        ),
        (
            "id: support-chat",
            "id: support-chat\nprices: {credits: [{provider: amazon, usd: 5, "
            "ends_on: 2027-01-01, source: x}]}",
            "prices.credits.0.provider",
            "no provider `amazon` sells anything here",
        ),
        (
            "id: support-chat",
            "id: support-chat\nprices: {discounts: [{provider: aws, instance_type: g6f.xlarge, "
            "percent: 5, source: x}]}",
            "prices.discounts.0.instance_type",
            "no instance type `g6f.xlarge`",
        ),
        (
            "id: support-chat",
            "id: support-chat\nprices: {overrides: [{kind: service, item: alb_hours, usd: 5, "
            "region: us-east-1, source: x, observed: 2026-01-01}]}",
            "prices.overrides.0.item",
            "no service item `alb_hours` in the catalog (did you mean `alb_hour`?)",
        ),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest_one(
    old: str, new: str, path: str, says: str
) -> None:
    found = _only(_SMALL.replace(old, new, 1))
    assert found.path == path
    assert says in found.message
    assert found.line is not None


def test_names_are_checked_although_other_fields_fail() -> None:
    text = _SMALL.replace("10000", "ten").replace("gpt-6-luna", "gpt-6-lune")
    assert [p.path for p in _problems(text)] == [
        "workload.requests_per_day",
        "options.api.0.model",
    ]


def test_a_model_with_a_price_of_ones_own_need_not_be_known() -> None:
    text = _SMALL.replace("openai", "in-house").replace("gpt-6-luna", "m1")
    assert len(_problems(text)) == 1
    text += """\
prices:
  overrides:
    - {kind: llm, provider: in-house, model: m1, input_usd_per_1m_tokens: 1,
       output_usd_per_1m_tokens: 2, source: quote, observed: 2026-11-01}
  discounts: [{provider: in-house, percent: 5, source: quote}]
"""
    assert _problems(text) == ()


def test_a_dated_id_is_known_by_its_family() -> None:
    text = _SMALL.replace("openai", "anthropic").replace("gpt-6-luna", "claude-sonnet-5-5-20261111")
    assert _problems(text) == ()


def test_a_type_with_a_price_of_ones_own_is_offered_there() -> None:
    text = _SMALL.replace("id: support-chat", "id: support-chat\nregion: eu-west-3")
    text += """\
prices:
  overrides:
    - {kind: instance, instance_type: g6e.xlarge, region: eu-west-3, usd_per_hour: 2.5,
       source: quote, observed: 2026-11-01}
"""
    assert _problems(text) == ()


def _newer_type(folder: Path) -> Path:
    """A price file that knows one instance type more than the shipped catalog."""
    newer = {**instance_to_json(shipped_instances()["g6e.xlarge"]), "name": "g9.xlarge"}
    path = folder / "planner.prices.json"
    path.write_text(file_text(instances=[newer]), encoding="utf-8")
    return path


def test_a_type_that_only_the_price_file_knows_is_known(tmp_path: Path) -> None:
    text = _SMALL.replace("g6e.xlarge", "g9.xlarge")
    assert len(_problems(text, tmp_path)) == 1
    other = tmp_path / "elsewhere"
    other.mkdir()
    assert _problems(text, tmp_path, prices_file=_newer_type(other)) == ()
    # Found upward from the scenario's folder.
    _newer_type(tmp_path)
    assert _problems(text, tmp_path) == ()
    assert _problems(text + "prices: {snapshot: planner.prices.json}\n", tmp_path) == ()


def test_a_price_file_that_is_none_is_told_where_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "prices.json").write_text("{}", encoding="utf-8")
    found = _problems(_SMALL + "prices: {snapshot: prices.json}\n", tmp_path)
    assert [p.path for p in found] == ["prices.snapshot"]
    assert "prices.json" in found[0].message


def test_regions_are_sorted_and_in_the_form_the_schema_takes() -> None:
    assert list(known_regions()) == sorted(set(known_regions()))
    assert {"us-east-1", "eu-central-1", "us-gov-west-1"} <= set(known_regions())
