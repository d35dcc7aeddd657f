"""Routing and cascades: rows R16 and R29 to R32 of the textbook."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.levers.route import MixModel, mix_cost, reaching_shares, with_first_share


def model(share: str, usd_in: str, usd_out: str = "0", ms: str | None = None, q: str | None = None):
    return MixModel(
        name=f"{share} at {usd_in}",
        answered_share=Decimal(share),
        input_usd=Decimal(usd_in),
        output_usd=Decimal(usd_out),
        latency_ms=None if ms is None else Decimal(ms),
        quality=None if q is None else Decimal(q),
    )


# Table M: one request of 500 and 200 tokens on gpt-4o-mini, gpt-4o, Opus.
MODELS = (
    model("0.6", "0.000075", "0.00012", "200"),
    model("0.3", "0.00125", "0.002", "500"),
    model("0.1", "0.0075", "0.015", "800"),
)


def test_r30_a_route_costs_the_shares_of_its_models() -> None:
    assert mix_cost("route", MODELS).usd == Decimal("0.003342")


def test_r31_mean_latency_with_the_router() -> None:
    assert mix_cost("route", MODELS, router_ms=Decimal(5)).latency_ms == 355


def test_r32_a_cascade_pays_the_first_model_on_all_requests() -> None:
    assert reaching_shares("cascade", [m.answered_share for m in MODELS]) == (
        1,
        Decimal("0.4"),
        Decimal("0.1"),
    )
    assert mix_cost("cascade", MODELS).usd == Decimal("0.003745")


def test_r16_a_small_model_with_a_large_one_behind_it() -> None:
    # 0.0005 + 0.15 x 0.01 = 0.002; 25 + 0.15 x 600 + 5 = 120 ms.
    pair = (model("0.85", "0.0005", ms="25"), model("0.15", "0.01", ms="600"))
    found = mix_cost("cascade", pair, router_ms=Decimal(5))
    assert (found.usd, found.latency_ms) == (Decimal("0.002"), 120)


def test_quality_is_that_of_the_answers_used() -> None:
    pair = (model("0.5", "1", q="0.8"), model("0.5", "2", q="0.9"))
    assert mix_cost("route", pair).quality == Decimal("0.85")
    assert mix_cost("cascade", pair).quality == Decimal("0.85")


def test_one_unknown_quality_or_latency_makes_the_mix_unknown() -> None:
    pair = (model("0.5", "1", q="0.8", ms="1"), model("0.5", "2"))
    found = mix_cost("route", pair)
    assert (found.quality, found.latency_ms) == (None, None)


def test_the_router_is_paid_on_every_request() -> None:
    assert mix_cost("route", MODELS, router_usd=Decimal("0.001")).usd == Decimal("0.004342")


def test_another_first_share_keeps_the_proportions_of_the_rest() -> None:
    shares = [m.answered_share for m in with_first_share(MODELS, Decimal("0.2"))]
    assert shares == [Decimal("0.2"), Decimal("0.6"), Decimal("0.2")]


def test_what_the_first_had_alone_goes_to_the_last() -> None:
    models = (model("1", "1"), model("0", "2"), model("0", "3"))
    shares = [m.answered_share for m in with_first_share(models, Decimal("0.4"))]
    assert shares == [Decimal("0.4"), 0, Decimal("0.6")]


@given(st.lists(st.integers(0, 100), min_size=1, max_size=5).filter(any))
def test_a_cascade_is_never_cheaper_than_its_route(weights: list[int]) -> None:
    total = Decimal(sum(weights))
    models = [
        MixModel(
            name=str(index),
            answered_share=weight / total,
            input_usd=Decimal(index + 1),
            output_usd=Decimal(0),
        )
        for index, weight in enumerate(weights)
    ]
    route, cascade = mix_cost("route", models), mix_cost("cascade", models)
    assert cascade.usd >= route.usd


@pytest.mark.parametrize("kind", ["route", "cascade"])
def test_all_on_one_model_costs_that_model(kind) -> None:
    assert mix_cost(kind, (model("1", "0.001", "0.002"),)).usd == Decimal("0.003")
