"""The 45 reference prices, compiled from two sources on 2026-11-21 12:00 UTC."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from planner.catalog.llm import hourly_quotes, is_retired, quote
from planner.catalog.types import LlmRate, RateTier
from planner.errors import InputError
from tests.catalog.llm_support import NOON, base, price, ref

FIXTURE = Path(__file__).parent / "fixtures" / "llm_api_reference_prices.csv"
LINES = [x for x in FIXTURE.read_text("utf-8").splitlines() if x and not x.startswith(("#", "tot"))]
ROWS = list(csv.DictReader(LINES))
PRICED = [row for row in ROWS if row["gp_input"]]
D = Decimal

_each_priced = pytest.mark.parametrize(
    "row", PRICED, ids=[f"{row['provider']}/{row['model']}" for row in PRICED]
)


def _decimal(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def _wanted(row: dict[str, str]) -> str:
    return f"{row['provider']}/{row['model']}"


def test_the_table_is_whole():
    assert len(ROWS) == 45
    assert [row["agree"] for row in ROWS].count("yes") == 31
    assert [row["agree"] for row in ROWS].count("NO") == 5
    assert [row["agree"] for row in ROWS].count("n/a") == 9


@_each_priced
def test_a_standard_price_is_that_of_the_table(row):
    quoted = price(_wanted(row))
    assert base(quoted.input) == D(row["gp_input"])
    assert base(quoted.output) == D(row["gp_output"])
    assert base(quoted.cache_read) == _decimal(row["gp_cache_read"])
    assert base(quoted.cache_write) == _decimal(row["gp_cache_write"])
    assert quoted.input[1:] == _tiers(row["gp_tiers"])


def _tiers(text: str) -> LlmRate:
    """``>272000:0.4`` as the tier above the base."""
    if not text:
        return ()
    above, _, rate = text.removeprefix(">").partition(":")
    return (RateTier(above_input_tokens=int(above), usd_per_1m_tokens=D(rate)),)


@_each_priced
def test_a_batch_price_is_that_of_the_table_or_of_the_overlay(row):
    """Where the first source has none (Bedrock), the overlay's is the second source's."""
    batch = quote(ref(_wanted(row), region="us-east-1"), NOON, "batch")
    expected = _decimal(row["gp_batch_input"]) or _decimal(row["ll_batch_input"])
    assert (batch and base(batch.input)) == expected
    if row["gp_batch_output"]:
        assert batch is not None
        assert base(batch.output) == D(row["gp_batch_output"])


@pytest.mark.parametrize("row", [row for row in ROWS if row["agree"] == "yes"], ids=_wanted)
def test_two_sources_agree(row):
    quoted = price(_wanted(row))
    assert base(quoted.input) == D(row["ll_input"])
    assert base(quoted.output) == D(row["ll_output"])
    if row["ll_batch_input"] and row["gp_batch_input"]:
        assert base(price(_wanted(row), processing="batch").input) == D(row["ll_batch_input"])


@pytest.mark.parametrize(
    "row",
    [row for row in PRICED if row["ll_deprecation_date"].startswith("20")],
    ids=_wanted,
)
def test_a_retirement_date_of_the_table_is_in_the_overlay(row):
    assert price(_wanted(row)).retires_on == date.fromisoformat(row["ll_deprecation_date"])


# The five disagreements.
def test_a_bare_bedrock_claude_keeps_the_regional_surcharge():
    assert base(price("aws/anthropic.claude-haiku-5-5").input) == D("0.11")
    assert base(price("aws/global.anthropic.claude-haiku-5-5").input) == D("0.10")


def test_the_disputed_together_model_is_retired():
    turbo = price("together/meta-llama/Llama-3.3-70B-Instruct-Turbo")
    assert base(turbo.input) == D("0.88")  # 1.04 in the other source
    assert is_retired(turbo)


@pytest.mark.parametrize(
    ("model", "peak_in", "peak_out"),
    [("deepseek-v4-flash", "0.30", "1.20"), ("deepseek-v4-pro", "1.32", "3.96")],
)
def test_the_second_source_lists_the_peak_price_only(model, peak_in, peak_out):
    hours = hourly_quotes(ref(f"deepseek/{model}"), NOON.date(), "standard")
    assert hours is not None
    assert max(base(hour.input) or 0 for hour in hours) == D(peak_in)
    assert max(base(hour.output) or 0 for hour in hours) == D(peak_out)
    assert base(hours[12].input) == D(peak_in) / 2


def test_the_disputed_deepseek_model_is_retired():
    assert is_retired(price("deepseek/deepseek-chat"))


@pytest.mark.parametrize("row", [row for row in ROWS if not row["gp_input"]], ids=_wanted)
def test_a_row_without_a_price_has_none(row):
    """Fireworks takes its long ids only; the short ones are not in the price data."""
    assert row["provider"] == "fireworks"
    with pytest.raises(InputError, match="no model"):
        quote(ref(_wanted(row)), NOON, "standard")
