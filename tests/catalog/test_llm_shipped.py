"""The shipped price files against genai-prices, which they were made of."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal

import pytest
from genai_prices import Usage, calc_price

from planner.catalog import genai
from planner.catalog.llm import known_models, known_providers, quote, shipped_digest
from planner.catalog.llm_request import request_cost_usd
from planner.catalog.types import LlmQuote, LlmRef
from scripts import build_llm_prices
from tests.catalog.llm_support import at

BATCH = {"processing": "batch"}
MOMENTS = [
    at(text)
    for text in ("2026-10-05 03:00", "2026-11-21 12:00", "2026-11-21 03:30", "2027-01-15 08:00")
]
# Whatever else is drawn: tiers, hours, borrowed lists, folded ids, batch.
ALWAYS = [
    ("anthropic", "claude-haiku-5-5"),
    ("aws", "us.anthropic.claude-haiku-5-5"),
    ("azure", "gpt-4o"),
    ("deepseek", "deepseek-chat"),
    ("deepseek", "deepseek-v4-pro"),
    ("google", "gemini-3.6-flash"),
    ("openai", "gpt-6-luna"),
]
EVERY = [(provider, model) for provider in known_providers() for model in known_models(provider)]
SAMPLE = ALWAYS + random.Random(20261121).sample(EVERY, 300)
# input, cache read, cache write, of which for one hour
SPLITS = [(0, 0, 0), (500, 300, 0), (500, 300, 100)]


@pytest.fixture(scope="module")
def built() -> dict:
    return build_llm_prices.build(date(2026, 11, 21))


def test_the_shipped_files_are_what_the_script_writes(built):
    different = [path.name for path, text in built.items() if path.read_text("utf-8") != text]
    assert different == []
    shipped = {path.name for path in (build_llm_prices.DATA / "llm_prices").iterdir()}
    assert shipped == {path.name for path in built if path.parent.name == "llm_prices"}


def test_the_recorded_digest_is_that_of_the_files(built):
    price_files = [path for path in built if path.name != "model_index.json"]
    texts = {path: path.read_text("utf-8") for path in price_files}
    assert build_llm_prices.digest(texts) == shipped_digest()


def test_the_digest_changes_with_any_price(built):
    texts = {path: text for path, text in built.items() if path.name != "model_index.json"}
    changed = next(path for path in texts if path.name == "openai.json")
    texts[changed] = texts[changed].replace('"2.5"', '"2.6"', 1)
    assert build_llm_prices.digest(texts) != shipped_digest()


def test_every_listed_id_is_one_that_genai_prices_resolves_exactly():
    by_id = {provider.id: provider for provider in genai.snapshot().providers}
    for provider, model in EVERY:
        found_at, found = genai.find_model(provider, model)
        assert found_at is by_id[provider]
        assert build_llm_prices.resolves_to(provider, model, found)


def test_every_text_model_that_its_own_id_resolves_is_listed():
    missing = []
    for provider in genai.snapshot().providers:
        for model in provider.models:
            if not build_llm_prices.resolves_to(provider.id, model.id, model):
                continue
            try:
                genai.build_rows(
                    provider.id, model.id, since=date(2026, 10, 1), observed=date(2026, 11, 9)
                )
            except genai.NotATextModel:
                continue
            if model.id not in known_models(provider.id):
                missing.append((provider.id, model.id))
    assert missing == []


def _sizes(quoted: LlmQuote) -> list[int]:
    """A usual request, and both sides of every tier."""
    edges = {t.above_input_tokens for rate in (quoted.input, quoted.output) for t in rate[1:]}
    return [1200, *sorted(edges), *sorted(edge + 1 for edge in edges)]


def _theirs(ref: LlmRef, moment, context, size: int, read: int, write: int, hour: int) -> Decimal:
    usage = Usage(
        input_tokens=size,
        output_tokens=217,
        cache_read_tokens=read,
        cache_write_tokens=write,
        cache_write_1h_tokens=hour,
    )
    return calc_price(
        usage,
        ref.model,
        provider_id=ref.provider,
        genai_request_timestamp=moment,
        price_context=context,
    ).total_price


def _ours(quoted: LlmQuote, size: int, read: int, write: int, hour: int) -> Decimal:
    return request_cost_usd(
        quoted,
        Decimal(size),
        Decimal(217),
        cache_read_tokens=Decimal(read),
        cache_write_tokens=Decimal(write - hour),
        cache_write_1h_tokens=Decimal(hour),
    ).total


def test_a_standard_price_is_exactly_that_of_genai_prices():
    for provider, model in SAMPLE:
        ref = LlmRef(provider=provider, model=model)
        for moment in MOMENTS:
            quoted = quote(ref, moment, "standard")
            assert quoted is not None
            for size in _sizes(quoted):
                for split in SPLITS:
                    theirs = _theirs(ref, moment, None, size, *split)
                    assert _ours(quoted, size, *split) == theirs, (ref, moment, size, split)


def test_a_batch_price_is_exactly_that_of_genai_prices_or_there_is_none():
    compared = 0
    for provider, model in SAMPLE:
        if provider in ("aws", "azure"):
            continue  # theirs has no batch price of these two; ours is the overlay's
        ref = LlmRef(provider=provider, model=model)
        for moment in MOMENTS:
            quoted = quote(ref, moment, "batch")
            theirs = _theirs(ref, moment, BATCH, 1200, 500, 300, 100)
            if quoted is None:
                assert theirs == _theirs(ref, moment, None, 1200, 500, 300, 100)
                continue
            compared += 1
            for size in _sizes(quoted):
                assert _ours(quoted, size, 500, 300, 100) == _theirs(
                    ref, moment, BATCH, size, 500, 300, 100
                )
    assert compared > 20
