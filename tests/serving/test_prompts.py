"""Prompt tokens of a step: chances by hand, and that nothing is lost."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.serving.prompts import StepPrompts

_ALIKE = StepPrompts.of([(1.0, 500.0)])
_MIXED = StepPrompts.of([(0.5, 200.0), (0.3, 800.0), (0.2, 4000.0)])


@given(st.floats(1e-4, 200.0), st.floats(0.3, 5.0))
def test_chances_and_tokens_add_up(mean: float, cluster: float) -> None:
    nodes = _MIXED.in_a_step(mean, cluster)
    assert sum(chance for chance, _ in nodes) == pytest.approx(-math.expm1(-mean / cluster))
    # 0.5·200 + 0.3·800 + 0.2·4000 = 1,140 tokens a prompt.
    tokens = sum(chance * found for chance, found in nodes)
    assert tokens == pytest.approx(1140.0 * mean, rel=0.01)


def test_rare_prompts_come_one_at_a_time() -> None:
    assert [tokens for _, tokens in _ALIKE.in_a_step(1e-3, 1.0)] == pytest.approx(
        [500.0] * 4, rel=0.02
    )


def test_rare_prompts_have_their_own_lengths() -> None:
    # The lower 35 % are short ones, of the upper 7 % all are the longest.
    nodes = _MIXED.in_a_step(1e-3, 1.0)
    assert nodes[0][1] == pytest.approx(200.0, rel=0.2)
    assert nodes[-1][1] == pytest.approx(4000.0, rel=0.02)


def test_tokens_of_many_prompts_vary_as_their_number_and_lengths_do() -> None:
    # 30 prompts: mean 34,200, variance 30·E[I²] = 30·3.412e6; the upper 7 % of a normal variable
    # lie 1.92 standard deviations above the mean on average; these are skewed a little.
    nodes = _MIXED.in_a_step(30.0, 1.0)
    assert nodes[-1][1] == pytest.approx(34_200 + 1.92 * math.sqrt(30 * 3.412e6), rel=0.07)


def test_clusters_come_together() -> None:
    single, pairs = _ALIKE.in_a_step(0.01, 1.0), _ALIKE.in_a_step(0.01, 2.0)
    assert pairs[0][1] == pytest.approx(2 * single[0][1], rel=0.01)
    assert pairs[0][0] == pytest.approx(single[0][0] / 2, rel=0.01)


@given(st.floats(1e-3, 60.0))
def test_longer_parts_hold_more_tokens(mean: float) -> None:
    tokens = [found for _, found in _MIXED.in_a_step(mean, 1.0)]
    assert tokens == sorted(tokens)


def test_a_long_prompt_takes_further_steps() -> None:
    # 4,000 tokens at 1,500 a step: three steps, two more than the first, for a fifth of them.
    assert _MIXED.chunks_beyond_first(1500.0) == pytest.approx(0.4)
    assert _MIXED.chunks_beyond_first(4000.0) == 0.0


def test_prompts_of_equal_length_become_one() -> None:
    assert StepPrompts.of([(0.5, 500.0), (0.5, 500.0)]) == _ALIKE
