from __future__ import annotations

from decimal import Decimal

from planner.demand import encoding_for
from planner.levers.tokens import Prompt, assumed_compression, compared, counted, plain_choice


def test_a_prompt_filled_several_times_has_mean_counts() -> None:
    count = counted(Prompt(name="t", texts=("", "1234567890")))
    # `1234567890` is 4 tokens in both encodings.
    assert count.characters == 5
    assert count.tokens(plain_choice("o200k_base")) == 2
    assert count.tokens(plain_choice("cl100k_base")) == 2


def test_a_model_with_its_own_tokenizer_is_estimated_for_each_text() -> None:
    count = counted(Prompt(name="t", texts=("1234567890",)))
    # 4 x 1.10 = 4.4
    assert count.tokens(encoding_for("anthropic", "claude-sonnet-5-5")) == 4


def test_a_comparison_by_hand() -> None:
    found = compared(Decimal(193), Decimal(32))
    assert found.saved_tokens == 161
    assert found.share == Decimal(161) / 193
    assert found.ratio == Decimal(193) / 32


def test_nothing_has_no_share_and_no_ratio() -> None:
    assert compared(Decimal(0), Decimal(5)).share is None
    assert compared(Decimal(5), Decimal(0)).ratio is None


def test_the_assumed_range_rises_and_has_a_source() -> None:
    shares = assumed_compression()
    assert 0 < shares.low_share < shares.expected_share < shares.high_share < 1
    assert "11.4" in shares.source
