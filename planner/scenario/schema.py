"""The JSON Schema of the scenario file, for editors and for other programs."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, cast

from planner.scenario.model import Scenario

__all__ = ["SCHEMA_ID", "scenario_schema", "schema_text", "unit_of"]

# A URN and no address: the schema is read from a file, and nothing has to be fetched for it.
SCHEMA_ID = "urn:llm-serving-planner:scenario:1"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"

# End of a field's name -> its unit; the first that fits.
_UNITS = (
    ("usd_per_1m_tokens", "USD per 1M tokens"),
    ("usd_per_request", "USD per request"),
    ("usd_per_hour", "USD per hour"),
    ("usd_per_unit_minute", "USD per unit and minute"),
    ("monthly_usd", "USD per month"),
    ("usd", "USD"),
    ("requests_per_day", "requests per day"),
    ("requests_per_month", "requests per month"),
    ("rate_per_year", "share per year, 0 to 1"),
    ("growth_per_month", "share per month, 0.05 is +5 %"),
    ("days_per_month", "days per month"),
    ("hours_per_month", "hours per month"),
    ("setup_hours", "hours"),
    ("months", "months"),
    ("_ms", "ms"),
    ("_s", "s"),
    ("percentile", "percentile, 50 to 99"),
    ("percent", "%"),
    ("percent_off", "%"),
    ("term_years", "years"),
    ("requests_per_s_per_copy", "requests per s"),
    ("units_per_copy", "units"),
    ("per_instance_hour", "share per instance hour, 0 to 1"),
    ("_share", "share, 0 to 1"),
    ("hit_rate", "share, 0 to 1"),
    ("false_hit_limit", "share, 0 to 1"),
    ("threshold", "cosine similarity, 0 to 1"),
    ("per_wrong_answer", "USD"),
    ("tokens_per_request", "tokens"),
    ("items_per_call", "requests"),
    ("sample_pairs", "pairs"),
    ("sample_wrong", "pairs"),
    ("availability", "share, 0 to 1"),
    ("max_utilisation", "share, 0 to 1"),
    ("gpu_memory_utilization", "share, 0 to 1"),
    ("floor", "share, 0 to 1"),
    ("score", "share, 0 to 1"),
    ("batched_tokens", "tokens"),
    ("tokens", "tokens"),
    ("quantiles", "tokens"),
    ("weights", "relative rate"),
    ("cv", "ratio"),
    ("scale", "ratio"),
    ("to_mean", "ratio"),
    ("mean", "tokens"),
    ("within_hour", "ratio"),
    ("headroom_ratio", "ratio"),
    ("zones", "zones"),
    ("max_instances", "instances"),
    ("replicas", "replicas"),
    ("max_units", "units"),
    ("num_seqs", "sequences"),
    ("distinct_prefixes", "prefixes"),
    ("tensor_parallel_sizes", "accelerators"),
    ("vcpu_quota", "vCPUs"),
    ("low", "multiple"),
    ("high", "multiple"),
)

# Any JSON value of the generated schema.
_Json = dict[str, Any]


def scenario_schema() -> dict[str, object]:
    """The schema of a scenario file, JSON Schema draft 2020-12.

    Every field has a description and an example, every figure a unit, and no key is allowed that
    the scenario does not know.
    """
    schema: _Json = Scenario.model_json_schema(mode="validation")
    definitions = cast("dict[str, _Json]", schema["$defs"])
    for section in (schema, *definitions.values()):
        # Titles repeat the class or the key; an editor shows them before the description.
        if section is not schema:
            section.pop("title", None)
        for name, field in cast("dict[str, _Json]", section["properties"]).items():
            # One that equals the section's own is left out by the generator.
            referred = definitions.get(str(field.get("$ref", "")).rpartition("/")[2], {})
            field.setdefault("description", referred.get("description", ""))
            _finish(name, field)
    return {"$schema": _DIALECT, "$id": SCHEMA_ID, **schema}


def schema_text() -> str:
    """The schema as the text of a file, ending in a newline; same input, same bytes."""
    return json.dumps(scenario_schema(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def unit_of(field_name: str) -> str | None:
    """The unit of a field by the end of its name; None when it has none."""
    return next((unit for end, unit in _UNITS if field_name.endswith(end)), None)


def _finish(name: str, field: _Json) -> None:
    field.pop("title", None)
    if _is_figure(field):
        unit = unit_of(name)
        if unit is not None:
            field["unit"] = unit
            field["description"] = f"{field['description']} [{unit}]"
        if isinstance(field.get("default"), str):
            field["default"] = _plain_number(Decimal(field["default"]))


def _is_figure(field: _Json) -> bool:
    """Whether the field holds a number, alone, in a list or by name."""
    if field.get("type") in ("number", "integer") and "const" not in field:
        return True
    if any(isinstance(value, int) for value in field.get("enum", ())):
        return True
    inner = [*field.get("anyOf", ())]
    inner += [part for key in ("items", "additionalProperties") if (part := field.get(key))]
    return any(isinstance(part, dict) and _is_figure(cast("_Json", part)) for part in inner)


def _plain_number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
