from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from planner.catalog.llm_rows import (
    NO_CACHE_DISCOUNT,
    LlmRow,
    flat_rate,
    parse_rows,
    quote_from_rows,
    row_to_json,
    scaled_rate,
    utc,
)
from planner.catalog.types import RateTier
from planner.errors import PriceFileError
from tests.catalog.llm_support import NOON, at, ref

TIERS = (
    RateTier(above_input_tokens=-1, usd_per_1m_tokens=Decimal("0.1")),
    RateTier(above_input_tokens=272_000, usd_per_1m_tokens=Decimal("0.2")),
)
ROW = LlmRow(
    provider="acme",
    model="m-1-latest",
    resolved_id="m-1",
    processing="standard",
    valid_from=date(2026, 10, 1),
    valid_to=date(2026, 12, 1),
    hours_utc=((60, 240), (1410, 1440)),
    input=TIERS,
    output=flat_rate(Decimal("0.5")),
    cache_read=flat_rate(Decimal("0.0036250")),
    source="list",
    observed=date(2026, 11, 9),
    region="us-east-1",
    retires_on=date(2027, 1, 14),
    deprecated=True,
    notes=("a note",),
)
ACME = ref("acme/m-1-latest")


def test_a_row_survives_json():
    assert parse_rows(json.loads(json.dumps([row_to_json(ROW)])), "f") == (ROW,)


def test_rates_are_written_as_plain_decimal_text_or_as_tiers():
    written = row_to_json(ROW)
    assert written["cache_read"] == "0.003625"
    assert written["input"] == [[-1, "0.1"], [272_000, "0.2"]]
    assert written["cache_write"] is None
    assert written["hours_utc"] == ["01:00-04:00", "23:30-24:00"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"input": None}, "input and output need a rate"),
        ({"input": 0.1}, "input is 0.1, not a rate"),
        ({"input": "-0.1"}, "not a price"),
        ({"input": [[0, "0.1"]]}, "not a rate"),
        ({"input": [[-1, "0.1"], [-1, "0.2"]]}, "not a rate"),
        ({"input": [[-1, 0.1]]}, "not a rate"),
        ({"input": []}, "not a rate"),
        ({"processing": "Batch"}, "processing is 'Batch'"),
        ({"valid_from": None}, "need a date"),
        ({"valid_to": "2026-13-01"}, "valid_to is '2026-13-01'"),
        ({"observed": 20261109}, "observed is 20261109"),
        ({"hours_utc": ["1-4"]}, "hours_utc is '1-4'"),
        ({"hours_utc": ["04:00-01:00"]}, "must end after it starts"),
        ({"hours_utc": ["22:00-25:00"]}, "24:00 at most"),
        ({"hours_utc": "01:00-04:00"}, "hours_utc is '01:00-04:00', not a list"),
        ({"notes": [1]}, "not a list of text"),
        ({"provider": ""}, "provider is ''"),
        ({"region": 5}, "region is 5"),
        ({"input_price": "1"}, "unknown key 'input_price'"),
    ],
)
def test_a_wrong_field_of_a_price_file_is_named_with_its_row(change, message):
    good = row_to_json(ROW)
    with pytest.raises(PriceFileError, match=r"p\.json: llm row 2: ") as error:
        parse_rows([good, good | change], "p.json")
    assert message in error.value.message


@pytest.mark.parametrize("raw", [{}, "rows", None])
def test_a_section_that_is_no_list_is_refused(raw):
    with pytest.raises(PriceFileError, match="must be a list"):
        parse_rows(raw, "p.json")


def test_a_row_that_is_no_object_is_refused():
    with pytest.raises(PriceFileError, match="row 1: not an object"):
        parse_rows(["x"], "p.json")


@pytest.mark.parametrize(
    ("moment", "holds"),
    [
        ("2026-09-30 23:59", False),
        ("2026-10-01 01:00", True),
        ("2026-11-30 03:59", True),
        ("2026-11-30 04:00", False),
        ("2026-11-30 23:30", True),
        ("2026-12-01 01:00", False),
    ],
)
def test_a_row_holds_from_its_start_up_to_its_end(moment, holds):
    assert ROW.valid_at(at(moment)) is holds


def test_the_hour_is_that_of_utc_whatever_the_zone():
    tokyo = timezone(timedelta(hours=9))
    assert ROW.valid_at(datetime(2026, 11, 21, 10, tzinfo=tokyo))  # 01:00 UTC
    assert not ROW.valid_at(datetime(2026, 11, 21, 2, tzinfo=tokyo))  # 17:00 UTC


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="no time zone"):
        utc(datetime(2026, 11, 21))
    assert utc(NOON).tzinfo is UTC


def test_scaling_keeps_the_tiers():
    assert scaled_rate(TIERS, Decimal("0.5")) == (
        RateTier(above_input_tokens=-1, usd_per_1m_tokens=Decimal("0.05")),
        RateTier(above_input_tokens=272_000, usd_per_1m_tokens=Decimal("0.1")),
    )


def test_no_row_for_the_moment_gives_no_quote():
    assert quote_from_rows([ROW], ACME, NOON, "standard") is None
    assert quote_from_rows([ROW], ACME, at("2026-11-21 02:00"), "batch") is None


def test_a_quote_carries_everything_of_its_row():
    quoted = quote_from_rows([ROW], ACME, at("2026-11-21 02:00"), "standard")
    assert quoted is not None
    assert (quoted.input, quoted.output) == (ROW.input, ROW.output)
    assert (quoted.cache_read, quoted.cache_write) == (ROW.cache_read, None)
    assert (quoted.source, quoted.observed) == ("list", date(2026, 11, 9))
    assert quoted.retires_on == date(2027, 1, 14)
    assert quoted.time_of_day
    assert quoted.notes == (
        "m-1-latest is priced as m-1",
        "marked deprecated in the price data",
        "price depends on the hour (UTC)",
        "a note",
    )


def test_a_missing_cache_price_and_a_price_of_nothing_are_noted():
    free = replace(
        ROW,
        model="m-1",
        deprecated=False,
        hours_utc=(),
        notes=(),
        input=flat_rate(Decimal(0)),
        output=flat_rate(Decimal(0)),
        cache_read=None,
    )
    quoted = quote_from_rows([free], ref("acme/m-1"), NOON, "standard")
    assert quoted is not None
    assert quoted.notes == (
        NO_CACHE_DISCOUNT,
        "listed at no charge: check the provider's limits",
    )
