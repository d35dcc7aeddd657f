"""The JSON Schema: complete, the committed copy, and of one mind with the reader."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from planner.scenario.fields import Section
from planner.scenario.model import Scenario
from planner.scenario.presets import PRESETS, preset_text
from planner.scenario.schema import SCHEMA_ID, scenario_schema, schema_text
from tests.scenario.support import SMALL, problems

_SCHEMA: dict[str, Any] = scenario_schema()


def _properties() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, section in (("", _SCHEMA), *_SCHEMA["$defs"].items()):
        for key, field in section["properties"].items():
            yield f"{name}.{key}", field


_FIELDS = dict(_properties())
_VALIDATOR = Draft202012Validator(_SCHEMA)


def _json_data(text: str) -> Any:
    """YAML as an editor reads it: dates are text."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {str(key): plain(item) for key, item in value.items()}
        if isinstance(value, list):
            return [plain(item) for item in value]
        return value.isoformat() if isinstance(value, date) else value

    return plain(yaml.safe_load(text))


def test_the_committed_copy_is_that_of_the_models(root: Path) -> None:
    committed = root / "docs" / "schema" / "scenario.schema.json"
    assert committed.read_text(encoding="utf-8") == schema_text(), (
        "write it anew: planner schema --out docs/schema/scenario.schema.json"
    )


def test_it_is_a_valid_schema_with_a_version_in_its_id() -> None:
    Draft202012Validator.check_schema(_SCHEMA)
    assert _SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert _SCHEMA["$id"] == SCHEMA_ID
    assert SCHEMA_ID.endswith(":1")


def test_it_is_the_same_text_each_time() -> None:
    assert schema_text() == schema_text()
    assert json.loads(schema_text()) == _SCHEMA


@pytest.mark.parametrize("name", ["", *_SCHEMA["$defs"]])
def test_no_section_takes_unknown_keys(name: str) -> None:
    section = _SCHEMA["$defs"][name] if name else _SCHEMA
    assert section["additionalProperties"] is False


@pytest.mark.parametrize("name", _FIELDS)
def test_every_field_has_a_description_and_an_example(name: str) -> None:
    field = _FIELDS[name]
    assert field["description"].strip()
    assert field["examples"]


def _holds_a_figure(field: dict[str, Any]) -> bool:
    if field.get("type") in ("number", "integer"):
        return "const" not in field
    parts = [*field.get("anyOf", []), field.get("items"), field.get("additionalProperties")]
    return any(isinstance(part, dict) and _holds_a_figure(part) for part in parts)


@pytest.mark.parametrize("name", [n for n, field in _FIELDS.items() if _holds_a_figure(field)])
def test_every_figure_has_a_unit(name: str) -> None:
    field = _FIELDS[name]
    assert field["unit"]
    assert field["description"].endswith(f"[{field['unit']}]")


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("Workload.requests_per_day", "requests per day"),
        ("Workload.input_tokens", "tokens"),
        ("Slo.ttft_ms", "ms"),
        ("SharedPrefix.ttl_s", "s"),
        ("Traffic.peak_to_mean", "ratio"),
        ("LlmPriceOverride.input_usd_per_1m_tokens", "USD per 1M tokens"),
        ("SpotPrice.usd_per_hour", "USD per hour"),
        ("Budget.monthly_usd", "USD per month"),
        ("Discount.percent", "%"),
        ("Credit.usd", "USD"),
        ("TokenLengths.mean", "tokens"),
    ],
)
def test_units_are_those_of_the_names(name: str, unit: str) -> None:
    assert _FIELDS[name]["unit"] == unit


@pytest.mark.parametrize("name", _FIELDS)
def test_every_example_fits_its_field(name: str) -> None:
    section, _, key = name.rpartition(".")
    fragment = {"$ref": f"#/$defs/{section}/properties/{key}" if section else f"#/properties/{key}"}
    validator = Draft202012Validator(
        {"$defs": _SCHEMA["$defs"], "properties": _SCHEMA["properties"], **fragment}
    )
    for example in _FIELDS[name]["examples"]:
        validator.validate(example)


def _exact(value: Any) -> Any:
    """An example as the loader would hand it on."""
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, list):
        return [_exact(item) for item in value]
    if isinstance(value, dict):
        return {key: _exact(item) for key, item in value.items()}
    return value


@pytest.mark.parametrize("section", [Scenario, *Section.__subclasses__()])
def test_every_example_fits_the_model(section: type[Section]) -> None:
    for field in section.model_fields.values():
        adapter: TypeAdapter[Any] = TypeAdapter(field.rebuild_annotation())
        for example in field.examples or ():
            adapter.validate_python(_exact(example), strict=True)


def test_defaults_are_numbers_where_the_field_is_one() -> None:
    assert _FIELDS["Slo.availability"]["default"] == 0.99
    assert _FIELDS["Conventions.days_per_month"]["default"] == 30
    assert _FIELDS["Slo.zones"]["default"] == 2
    assert _FIELDS["SelfHostOption.purchase"]["default"] == ["on_demand", "ri_1y_no_upfront"]


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_fit_the_schema(preset: Any) -> None:
    _VALIDATOR.validate(_json_data(preset_text(preset)))


def test_shipped_scenarios_fit_the_schema(root: Path) -> None:
    files = sorted((root / "scenarios").glob("*.yaml"))
    assert files
    for file in files:
        _VALIDATOR.validate(_json_data(file.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("10000", "'10000'"),
        ("10000", "0"),
        ("500", "-1"),
        ("500", "{mean: 5, colour: red}"),
        ("g6e.xlarge", "5"),
        ("support-chat", "Support Chat"),
        ("openai", "[]"),
        ("version: 1", "version: 2"),
        ("version: 1", "version: 1\nslo: {zones: 7}"),
        ("version: 1", "version: 1\nslo: {redundancy: all}"),
        ("version: 1", "version: 1\nhorizon: {months: 121}"),
        ("version: 1", "version: 1\nprices: {overrides: [{kind: llm}]}"),
        ("version: 1", "version: 1\nbudget: {notify_emails: [nobody]}"),
    ],
)
def test_what_the_reader_refuses_the_schema_refuses(old: str, new: str) -> None:
    text = SMALL.replace(old, new, 1)
    assert problems(text)
    assert not _VALIDATOR.is_valid(_json_data(text))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("500", "{mean: 5, cv: 0.5}"),
        ("500", "0.5"),
        ("g6e.xlarge", "any"),
        ("g6e.xlarge", "[g5.xlarge]"),
        ("version: 1", "version: 1\nstarts_on: 2027-01-01\nquality: null"),
    ],
)
def test_what_the_reader_takes_the_schema_takes(old: str, new: str) -> None:
    text = SMALL.replace(old, new, 1)
    assert not problems(text)
    assert _VALIDATOR.is_valid(_json_data(text))
