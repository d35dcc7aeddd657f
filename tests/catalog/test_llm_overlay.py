from __future__ import annotations

import json
from copy import deepcopy
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

import planner.catalog
from planner.catalog import genai
from planner.catalog.llm import is_retired, no_price_reason, quote
from planner.catalog.llm_overlay import apply_overlay, unpriced_reason
from planner.catalog.llm_overlay_rows import (
    OverlayRow,
    overlay_from_json,
    overlay_warnings,
    shipped_overlay,
)
from planner.catalog.llm_overlay_schema import checked_overlay
from planner.errors import PriceFileError
from tests.catalog.llm_support import NOON, at, base, price, ref

DATA = Path(planner.catalog.__path__[0]) / "data"
RAW = yaml.safe_load((DATA / "llm_overlay.yaml").read_text("utf-8"))


def test_the_json_read_at_run_time_is_the_checked_yaml():
    checked = checked_overlay(RAW, "llm_overlay.yaml")
    assert json.loads((DATA / "llm_overlay.json").read_text("utf-8")) == checked
    assert shipped_overlay() == overlay_from_json(checked)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"price": "1"}, "0.batch_multiplier.price: Extra inputs"),
        ({"value": 0.5}, "0.batch_multiplier.value: Input should be a valid string"),
        ({"value": "0"}, "0.batch_multiplier.value: String should match"),
        ({"value": "-0.5"}, "0.batch_multiplier.value: String should match"),
        ({"models": []}, "0.batch_multiplier.models: "),
        ({"source": ""}, "0.batch_multiplier.source: "),
        ({"observed": "soon"}, "0.batch_multiplier.observed: "),
        ({"kind": "price"}, "0: Input tag 'price'"),
    ],
)
def test_a_wrong_overlay_row_is_named_by_row_and_key(change, place):
    rows = deepcopy(RAW)
    rows[0] |= change
    with pytest.raises(PriceFileError) as error:
        checked_overlay(rows, "o.yaml")
    assert error.value.message.startswith(f"o.yaml: row {place}")


@pytest.mark.parametrize("key", ["provider", "models", "source", "observed", "value"])
def test_every_overlay_row_needs_its_source_and_date(key):
    rows = deepcopy(RAW)
    del rows[0][key]
    with pytest.raises(PriceFileError, match=f"{key}: Field required"):
        checked_overlay(rows, "o.yaml")


def _models(provider: str) -> list[str]:
    return [m.id for p in genai.snapshot().providers if p.id == provider for m in p.models]


def _resolves(provider: str, model: str) -> bool:
    if model.endswith("*"):
        return any(known.startswith(model[:-1]) for known in _models(provider))
    try:
        genai.find_model(provider, model)
    except LookupError:
        return model in _models(provider)
    return True


def test_every_model_in_the_overlay_is_one_the_price_data_know():
    unknown = [
        (row.provider, model)
        for row in shipped_overlay()
        for model in row.models
        if not _resolves(row.provider, model)
    ]
    assert unknown == []


def test_a_row_warns_from_the_181st_day_on():
    # 2026-11-21 plus 180 days is 2027-05-20
    assert overlay_warnings(date(2027, 5, 20)) == ()
    warnings = overlay_warnings(date(2027, 5, 21))
    assert len(warnings) == len(shipped_overlay())
    assert "openai gpt-4.1-nano was seen 181 days ago (LiteLLM 1.109.1 data)" in " ".join(warnings)


BATCH = OverlayRow(
    kind="batch_multiplier",
    provider="aws",
    models=("meta.llama3-3-70b-instruct-v1:0",),
    value="0.25",
    source="a test",
    observed=date(2026, 11, 1),
    region="us-east-1",
)
LLAMA = "aws/meta.llama3-3-70b-instruct-v1:0"


def test_a_batch_price_is_the_standard_one_times_the_factor():
    quoted = price(LLAMA, processing="batch")
    assert (base(quoted.input), base(quoted.output)) == (Decimal("0.36"), Decimal("0.36"))
    assert "AWS price list AmazonBedrock" in quoted.source
    assert "batch price is the standard one x 0.5 in us-east-1" in quoted.notes


def test_a_batch_factor_holds_in_its_region_only():
    assert quote(ref(LLAMA, region="us-east-1"), NOON, "batch") is not None
    assert quote(ref(LLAMA, region="us-west-2"), NOON, "standard") is not None
    assert quote(ref(LLAMA, region="us-west-2"), NOON, "batch") is None


def test_a_batch_factor_without_a_region_holds_everywhere():
    haiku = "aws/global.anthropic.claude-haiku-4-5-20251001-v1:0"
    quoted = price(ref(haiku, region="eu-central-1"), processing="batch")
    assert base(quoted.input) == Decimal("0.5")


def test_a_multiplied_batch_row_has_no_cache_price():
    assert price("azure/gpt-4o").cache_read is not None
    assert price("azure/gpt-4o", processing="batch").cache_read is None


def test_a_batch_price_of_the_data_wins_over_a_factor():
    rows = genai.build_rows("openai", "gpt-4o", since=date(2026, 11, 1), observed=date(2026, 11, 9))
    factor = OverlayRow(
        kind="batch_multiplier",
        provider="openai",
        models=("gpt-4o",),
        value="0.9",
        source="a test",
        observed=date(2026, 11, 1),
    )
    done = apply_overlay(ref("openai/gpt-4o"), rows, (factor,))
    assert [base(row.input) for row in done if row.processing == "batch"] == [Decimal("1.25")]


def test_the_older_of_two_dates_counts():
    rows = genai.build_rows("aws", LLAMA[4:], since=date(2026, 11, 1), observed=date(2026, 11, 9))
    done = apply_overlay(ref(LLAMA), rows, (BATCH,))
    assert {row.processing: row.observed for row in done} == {
        "standard": date(2026, 11, 9),
        "batch": date(2026, 11, 1),
    }


def test_a_deployment_zone_costs_its_factor():
    zone = price(ref("azure/gpt-4o-2024-08-06", endpoint="datazone-eu"))
    # Azure retail prices: 2.75 / 11 against 2.50 / 10
    assert (base(zone.input), base(zone.output)) == (Decimal("2.75"), Decimal(11))
    assert base(zone.cache_read) == Decimal("1.375")
    assert "datazone-eu costs 1.10 x the plain endpoint" in zone.notes


def test_a_deployment_zone_without_a_row_has_no_price():
    wanted = ref("azure/gpt-5-mini", endpoint="datazone-eu")
    assert quote(wanted, NOON, "standard") is None
    reason = no_price_reason(wanted, NOON, "standard")
    assert reason is not None
    assert reason.startswith("no price of azure/gpt-5-mini at endpoint datazone-eu; known: ")


@pytest.mark.parametrize(
    ("model", "region", "priced"),
    [
        (LLAMA, None, True),
        (LLAMA, "us-east-2", True),
        (LLAMA, "eu-central-1", False),
        (LLAMA, "us-gov-west-1", False),
        ("aws/us.meta.llama3-3-70b-instruct-v1:0", "us-east-1", True),
        ("aws/eu.meta.llama3-3-70b-instruct-v1:0", None, False),
        ("aws/eu.anthropic.claude-haiku-5-5", "eu-central-1", True),
        ("aws/global.anthropic.claude-haiku-5-5", "ap-northeast-1", True),
        ("openai/gpt-4o", "eu-central-1", True),
    ],
)
def test_bedrock_outside_the_us_has_no_price_unless_the_id_has_one_price_everywhere(
    model, region, priced
):
    wanted = ref(model, region=region)
    assert (quote(wanted, NOON, "standard") is not None) is priced
    assert (no_price_reason(wanted, NOON, "standard") is None) is priced


def test_the_reason_for_a_missing_region_names_it():
    reason = unpriced_reason(ref(LLAMA, region="eu-central-1"), LLAMA[4:])
    assert reason is not None
    assert "none for eu-central-1" in reason


@pytest.mark.parametrize(
    ("model", "day"),
    [
        ("openai/gpt-5", date(2026, 12, 11)),
        ("openai/gpt-5-2025-08-07", date(2026, 12, 11)),
        ("openai/gpt-4o-2024-08-06", date(2027, 1, 14)),
        ("azure/gpt-4o-2024-08-06", date(2027, 4, 14)),
        ("anthropic/claude-sonnet-4-5-20250929", date(2026, 11, 30)),
        ("aws/meta.llama3-8b-instruct-v1:0", date(2027, 3, 30)),
        ("aws/us.meta.llama3-3-70b-instruct-v1:0", date(2027, 3, 30)),
        ("fireworks/accounts/fireworks/models/gpt-oss-120b", date(2026, 11, 7)),
        # These share a price with gpt-5 and gpt-4o, not a retirement date.
        ("openai/gpt-5-codex", None),
        ("openai/gpt-4o", None),
    ],
)
def test_a_retirement_date_belongs_to_the_model_as_it_is_called(model, day):
    assert price(model).retires_on == day


def test_an_alias_without_a_date_points_at_its_dated_versions():
    assert (
        "no retirement date known for the alias gpt-4o; gpt-4o-2024-08-06 retires on 2027-01-14"
        in price("openai/gpt-4o").notes
    )


def test_a_model_is_retired_from_its_date_on():
    assert not is_retired(price("openai/gpt-5", at("2026-12-10 23:59")))
    assert is_retired(price("openai/gpt-5", at("2026-12-11 00:00")))
    assert not is_retired(price("openai/gpt-6-luna"))


def test_a_retirement_date_is_noted_with_its_source():
    assert (
        "retires on 2026-12-11 (LiteLLM 1.109.1 data, seen 2026-11-21)"
        in price("openai/gpt-5").notes
    )


@pytest.mark.parametrize("model", ["llama-3.3-70b-versatile", "qwen/qwen3-32b"])
def test_an_unconfirmed_model_says_so(model):
    assert (
        "unconfirmed: absent from LiteLLM 1.109.1 data, seen 2026-11-21"
        in price(f"groq/{model}").notes
    )
