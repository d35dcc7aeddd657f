"""Lengths as a replica's queue sees them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from planner.demand.types import LengthBucket, LengthStats, SharedPrefixDemand
from planner.serving.lengths import (
    fixed_lengths,
    lengths_of,
    longest_sequence_tokens,
    reusable_prefix_tokens,
)
from tests.serving.support import card, demand


def _bucket(share: str, prompt: int, answer: int) -> LengthBucket:
    return LengthBucket(
        share=Decimal(share), input_tokens=Decimal(prompt), output_tokens=Decimal(answer)
    )


_TWO = demand(buckets=(_bucket("0.75", 400, 100), _bucket("0.25", 2000, 20)))


def test_means_are_over_the_joint_buckets() -> None:
    lengths = lengths_of(_TWO, ttft_percentile=95)
    assert lengths.input_tokens == pytest.approx(0.75 * 400 + 0.25 * 2000)
    assert lengths.output_tokens == pytest.approx(80.0)
    assert lengths.sequence_tokens == pytest.approx(880.0)


def test_decoding_sees_the_contexts_of_long_answers_for_longer() -> None:
    # (0.75·100·450 + 0.25·20·2010) ÷ 80.
    assert lengths_of(_TWO, ttft_percentile=95).context_tokens == pytest.approx(547.5)


def test_a_prompt_token_attends_to_half_its_prompt() -> None:
    # (0.75·400·200 + 0.25·2000·1000) ÷ 800.
    assert lengths_of(_TWO, ttft_percentile=95).attended_tokens == pytest.approx(700.0)


def test_variation_of_prompts() -> None:
    # (0.75·400² + 0.25·2000²) ÷ 800² − 1.
    assert lengths_of(_TWO, ttft_percentile=95).input_cv2 == pytest.approx(0.75)
    assert lengths_of(demand(), ttft_percentile=95).input_cv2 == 0.0


def test_variation_of_contexts_in_a_step() -> None:
    # Spread evenly from 1,000 to 1,200: a variance of 200²/12 around 1,100.
    alike = fixed_lengths(1000.0, 200.0)
    assert alike.context_cv2 == pytest.approx(200**2 / 12 / 1100**2)
    assert alike == lengths_of(demand(1000, 200), ttft_percentile=95)
    # 15/16 of the steps at 400 to 500 tokens, 1/16 at 2,000 to 2,020: mean 548.1 and E[c²] below.
    mean = 15 / 16 * 450 + 1 / 16 * 2010
    second = 15 / 16 * (450**2 + 100**2 / 12) + 1 / 16 * (2010**2 + 20**2 / 12)
    found = lengths_of(_TWO, ttft_percentile=95).context_cv2
    assert found == pytest.approx(second / mean**2 - 1)


def test_two_requests_overlap_as_long_as_the_shorter_lasts() -> None:
    # Both long 9/16, else the short one: (9·100 + 7·20) ÷ 16 = 65 of 80 tokens.
    assert lengths_of(_TWO, ttft_percentile=95).overlap == pytest.approx(65 / 80)
    assert fixed_lengths(1000.0, 200.0).overlap == pytest.approx(1.0)


def test_answers_are_kept_in_a_few_classes() -> None:
    buckets = tuple(_bucket("0.01", 100, tokens) for tokens in range(1, 101))
    answers = lengths_of(demand(buckets=buckets), ttft_percentile=95).answers
    assert [share for share, _ in answers] == pytest.approx([0.2] * 5)
    assert [tokens for _, tokens in answers] == pytest.approx([10.5, 30.5, 50.5, 70.5, 90.5])


def test_cached_tokens_come_off_the_prompt_but_stay_in_the_context() -> None:
    plain = lengths_of(demand(1000, 200), ttft_percentile=95)
    cached = lengths_of(demand(1000, 200), ttft_percentile=95, cached_tokens=800.0)
    assert cached.input_tokens == pytest.approx(200.0)
    assert cached.input_at_percentile == pytest.approx(200.0)
    assert cached.attended_tokens == pytest.approx(900.0)
    assert cached.context_tokens == plain.context_tokens
    assert cached.sequence_tokens == pytest.approx(400.0)


def test_at_least_one_token_of_a_prompt_is_computed() -> None:
    lengths = lengths_of(demand(500, 10), ttft_percentile=95, cached_tokens=800.0)
    assert lengths.input_tokens == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("percentile", "tokens"), [(50, 100.0), (95, 550.0), (97, 675.0), (99, 800.0), (68, 280.0)]
)
def test_length_at_a_percentile_lies_on_straight_lines(percentile: int, tokens: float) -> None:
    stats = LengthStats(mean=Decimal(90), p50=100.0, p95=550.0, p99=800.0, maximum=900.0)
    spread = replace(demand(90, 10), input_tokens=stats)
    lengths = lengths_of(spread, ttft_percentile=percentile)
    assert lengths.input_at_percentile == pytest.approx(tokens)


@pytest.mark.parametrize(
    ("prompt", "answer", "longest"), [(1000, 24, 1024), (1000, 25, 2048), (12_000, 340, 13_312)]
)
def test_longest_sequence_is_rounded_up(prompt: int, answer: int, longest: int) -> None:
    assert longest_sequence_tokens(demand(prompt, answer)) == longest


def _prefix(tokens: int, distinct: int) -> SharedPrefixDemand:
    return SharedPrefixDemand(tokens=Decimal(tokens), distinct_prefixes=distinct, ttl_s=300)


def test_whole_blocks_of_a_prefix_are_reused() -> None:
    tokens, note = reusable_prefix_tokens(
        _prefix(1000, 4), card(), kv_cache_tokens=10_000.0, longest_sequence_tokens=2048
    )
    assert tokens == 992.0
    assert "992" in note


@pytest.mark.parametrize("distinct", [6, 50])
def test_prefixes_that_fill_more_than_half_the_cache_are_not_reused(distinct: int) -> None:
    tokens, note = reusable_prefix_tokens(
        _prefix(1000, distinct), card(), kv_cache_tokens=10_000.0, longest_sequence_tokens=2048
    )
    assert tokens == 0.0
    assert "no prefix reuse" in note


def test_a_cached_prefix_leaves_room_for_the_longest_request() -> None:
    tokens, _ = reusable_prefix_tokens(
        _prefix(1600, 2), card(), kv_cache_tokens=10_000.0, longest_sequence_tokens=8192
    )
    assert tokens == 0.0


def test_models_with_a_state_reuse_no_prefix() -> None:
    tokens, note = reusable_prefix_tokens(
        _prefix(1600, 1),
        card("Qwen/Qwen3.5-35B-A3B"),
        kv_cache_tokens=1e6,
        longest_sequence_tokens=2048,
    )
    assert tokens == 0.0
    assert "state" in note
