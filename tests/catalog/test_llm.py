from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from planner.catalog.llm import (
    check_known,
    hourly_quotes,
    known_models,
    known_providers,
    no_price_reason,
    quote,
    resolve_rows,
    shipped_digest,
)
from planner.errors import InputError, PriceFileError
from tests.catalog.llm_support import NOON, at, base, price, ref

ROOT = Path(__file__).resolve().parents[2]
D = Decimal


def _modules_after(code: str) -> set[str]:
    """Names of the modules loaded in a fresh interpreter after ``code``."""
    script = f"{code}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(done.stdout.split())


QUOTE = """
from datetime import date
from planner.catalog.llm import *
from planner.catalog.types import LlmRef
ref = LlmRef(provider={provider!r}, model={model!r})
"""


@pytest.mark.parametrize(
    ("provider", "model"),
    [("openai", "gpt-4o"), ("openai", "gpt-4o-2024-08-06"), ("azure", "gpt-4o"),
     ("aws", "us.anthropic.claude-haiku-5-5"), ("openrouter", "qwen/qwen3-32b")],
)  # fmt: skip
def test_an_ordinary_id_is_quoted_and_checked_without_importing_genai_prices(provider, model):
    code = QUOTE.format(provider=provider, model=model)
    code += "check_known(ref)\nassert hourly_quotes(ref, date(2026, 11, 21), 'standard')"
    assert "genai_prices" not in _modules_after(code)


def test_validating_an_id_reads_neither_prices_nor_yaml():
    loaded = _modules_after(QUOTE.format(provider="groq", model="x") + "known_models('groq')")
    assert loaded.isdisjoint({"genai_prices", "yaml", "pydantic"})


def test_an_id_beyond_the_shipped_ones_is_asked_of_genai_prices():
    code = QUOTE.format(provider="anthropic", model="claude-sonnet-5-5-20261111")
    assert "genai_prices" in _modules_after(code + "check_known(ref)")


def test_a_day_before_the_shipped_history_has_its_own_price():
    # gpt-4o has been at 2.50 since 2024; gemini-3.6-flash and DeepSeek changed in 2026.
    assert base(price("openai/gpt-4o", at("2026-02-01 00:00")).input) == D("2.5")
    assert base(price("deepseek/deepseek-v4-flash", at("2026-08-16 12:00")).input) == D("0.14")
    assert base(price("deepseek/deepseek-v4-flash", at("2026-08-17 12:00")).input) == D("0.22")


def test_the_case_of_letters_does_not_matter():
    assert base(price("together/QWEN/qwen3.8-flash").input) == D("0.15")


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("OpenAI", "did you mean openai"),
        ("bedrock", "did you mean aws?"),
        ("xai", "did you mean x-ai"),
        ("qqq", "known: anthropic, "),
    ],
)
def test_an_unknown_provider_gets_a_hint(given, hint):
    for call in (
        lambda: quote(ref(f"{given}/m"), NOON, "standard"),
        lambda: check_known(ref(f"{given}/m")),
        lambda: known_models(given),
    ):
        with pytest.raises(InputError) as error:
            call()
        assert f"no API provider `{given}`" in error.value.message
        assert hint in error.value.message


def test_a_model_unlike_any_other_shows_some_of_the_providers():
    with pytest.raises(InputError, match=r"cohere has c4ai-aya-expanse-32b, .* and \d+ more\."):
        check_known(ref("cohere/zzz"))


@pytest.mark.parametrize("model", ["openai/text-embedding-3-small", "perplexity/sonar"])
def test_a_model_that_is_not_priced_by_tokens_alone_is_refused(model):
    with pytest.raises(InputError, match="not priced by input and output tokens alone"):
        quote(ref(model), NOON, "standard")


def test_known_providers_and_models_are_sorted():
    assert list(known_providers()) == sorted(known_providers())
    assert "gpt-6-luna" in known_models("openai")
    assert all(list(known_models(p)) == sorted(known_models(p)) for p in known_providers())


PINNED = resolve_rows(
    [
        ref("deepseek/deepseek-v4-pro"),
        ref("openai/gpt-4o", region="eu-central-1"),
        ref("aws/meta.llama3-3-70b-instruct-v1:0", region="us-east-1"),
        ref("openai/gpt-4o"),
        ref("anthropic/claude-sonnet-5-5-20261111"),
    ],
    at=NOON,
)


def test_pinned_rows_are_json_sorted_and_not_repeated():
    assert json.loads(json.dumps(PINNED)) == list(PINNED)
    keys = [(row["provider"], row["model"], row["processing"]) for row in PINNED]
    assert keys == [
        ("anthropic", "claude-sonnet-5-5-20261111", "standard"),
        ("anthropic", "claude-sonnet-5-5-20261111", "batch"),
        ("aws", "meta.llama3-3-70b-instruct-v1:0", "standard"),
        ("aws", "meta.llama3-3-70b-instruct-v1:0", "batch"),
        ("deepseek", "deepseek-v4-pro", "standard"),
        ("deepseek", "deepseek-v4-pro", "standard"),
        ("openai", "gpt-4o", "standard"),
        ("openai", "gpt-4o", "batch"),
    ]


@pytest.mark.parametrize(
    "wanted",
    [
        ref("deepseek/deepseek-v4-pro"),
        ref("openai/gpt-4o"),
        ref("openai/gpt-4o", region="eu-central-1"),
        ref("aws/meta.llama3-3-70b-instruct-v1:0", region="us-east-1"),
        ref("anthropic/claude-sonnet-5-5-20261111"),
    ],
)
@pytest.mark.parametrize("processing", ["standard", "batch"])
def test_pinned_rows_give_the_quotes_they_were_made_of(wanted, processing):
    for moment in (at("2026-11-21 03:00"), at("2027-06-01 12:00")):
        pinned = quote(wanted, moment, processing, rows=PINNED)
        assert pinned == quote(wanted, moment, processing)


def test_pinned_rows_win_over_the_shipped_ones():
    rows = [{**row, "input": "9.99"} for row in PINNED if row["model"] == "gpt-4o"]
    quoted = quote(ref("openai/gpt-4o"), NOON, "standard", rows=rows)
    assert quoted is not None
    assert base(quoted.input) == D("9.99")


def test_pinned_rows_without_batch_mean_no_batch():
    rows = [row for row in PINNED if row["processing"] == "standard"]
    assert quote(ref("openai/gpt-4o"), NOON, "batch", rows=rows) is None
    reason = no_price_reason(ref("openai/gpt-4o"), NOON, "batch", rows=rows)
    assert reason == "no batch price known for openai/gpt-4o on 2026-11-21"


def test_a_model_that_is_not_pinned_is_quoted_with_a_note():
    quoted = quote(ref("openai/gpt-6-luna"), NOON, "standard", rows=PINNED)
    assert quoted is not None
    assert quoted.notes == ("not among the pinned prices: taken from those shipped with planner",)
    regional = ref("aws/meta.llama3-3-70b-instruct-v1:0", region="us-west-2")
    assert "not among the pinned prices" in str(quote(regional, NOON, "standard", rows=PINNED))


def test_a_day_before_the_pinned_history_is_not_priced_from_it():
    quoted = quote(ref("openai/gpt-4o"), at("2026-09-30 12:00"), "standard", rows=PINNED)
    assert quoted is not None
    assert "not among the pinned prices" in " ".join(quoted.notes)


def test_rows_pinned_for_an_earlier_day_reach_back_to_it():
    early = at("2026-08-16 12:00")
    rows = resolve_rows([ref("deepseek/deepseek-v4-flash")], at=early)
    quoted = quote(ref("deepseek/deepseek-v4-flash"), early, "standard", rows=rows)
    assert quoted is not None
    assert (base(quoted.input), quoted.notes) == (
        D("0.14"),
        ("price depends on the hour (UTC)",),
    )


def test_a_broken_pinned_row_is_named():
    rows = [{**row, "output": 5} for row in PINNED]
    with pytest.raises(PriceFileError, match="pinned prices: llm row 1: output is 5"):
        quote(ref("openai/gpt-4o"), NOON, "standard", rows=rows)


def test_pinning_an_unknown_model_is_refused():
    with pytest.raises(InputError, match="no model"):
        resolve_rows([ref("openai/gpt-9")], at=NOON)


def test_a_model_without_any_price_pins_nothing():
    unpriced = ref("aws/meta.llama3-3-70b-instruct-v1:0", region="eu-central-1")
    assert resolve_rows([unpriced], at=NOON) == ()


def test_hours_are_quoted_from_pinned_rows_too():
    day = date(2026, 11, 21)
    wanted = ref("deepseek/deepseek-v4-pro")
    hours = hourly_quotes(wanted, day, "standard", rows=PINNED)
    assert hours == hourly_quotes(wanted, day, "standard")
    assert hourly_quotes(wanted, day, "batch", rows=PINNED) is None


def test_the_digest_is_a_sha256():
    assert len(bytes.fromhex(shipped_digest())) == 32
