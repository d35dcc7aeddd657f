"""Status and figures of the breakeven; the step case is worked by hand in the comments.

$1,000 a replica and month, 10,000 requests each (100 M tokens of 10,000-token requests), one
spare. Against $0.14 a request ($14/M) self-hosting is cheaper on [28,572, 30,000],
[35,715, 40,000] and from 42,858 on.
"""

from __future__ import annotations

import itertools
from decimal import Decimal

import pytest

from planner.costs import Factors
from planner.decision import Span
from planner.decision.breakeven import breakeven
from tests.decision.options import api, months_of, stepped


def test_lasting_names_every_span() -> None:
    found = breakeven(api("0.14"), [stepped("1000", 10_000, spare=1)], months_of(20_000))
    assert found.status == "lasting"
    assert found.first_crossing_requests_per_month == 28_572
    assert found.lasting_requests_per_month == 42_858
    sides = [(s.from_requests_per_month, s.to_requests_per_month, s.cheaper) for s in found.spans]
    assert sides == [
        (1, 28_571, "api"),
        (28_572, 30_000, "selfhost"),
        (30_001, 35_714, "api"),
        (35_715, 40_000, "selfhost"),
        (40_001, 42_857, "api"),
        (42_858, None, "selfhost"),
    ]


def test_a_unit_dearer_than_the_api_never_breaks_even() -> None:
    found = breakeven(api("0.09"), [stepped("1000", 10_000, spare=1)], months_of(20_000))
    assert found.status == "never"
    assert found.lasting_requests_per_month is None
    assert [span.cheaper for span in found.spans] == ["api"]


def test_a_limit_is_named_when_it_ends_the_advantage() -> None:
    own = stepped("1000", 10_000, spare=1, most=4)
    found = breakeven(api("0.14"), [own], months_of(20_000))
    assert (found.status, found.limit) == ("capacity_exceeded", "max_instances 4")
    won = [s for s in found.spans if s.cheaper == "selfhost"]
    assert [(s.from_requests_per_month, s.to_requests_per_month) for s in won] == [(28_572, 30_000)]


def test_a_fixed_gateway_can_make_it_intermittent() -> None:
    # A unit of $1,000 for 10,000 requests is dearer than $0.09 a request, but one unit beats the
    # API's $500 plus $0.09 from 5,556 requests up to the 10,000 it serves; two units from 16,667
    # to 20,000; three from 27,778; four from 38,889; five only at 50,000, where it is a tie.
    found = breakeven(api("0.09", fixed="500"), [stepped("1000", 10_000)], months_of(1))
    assert found.status == "intermittent"
    won = [s for s in found.spans if s.cheaper == "selfhost"]
    assert [(s.from_requests_per_month, s.to_requests_per_month) for s in won] == [
        (5_556, 10_000),
        (16_667, 20_000),
        (27_778, 30_000),
        (38_889, 40_000),
        (50_000, 50_000),
    ]


def test_growth_reaches_the_lasting_volume_in_month_eight() -> None:
    # 20,000 x 1.1^8 = 42,871.8 >= 42,858; x 1.1^7 = 38,974.
    own = stepped("1000", 10_000, spare=1)
    grown = breakeven(api("0.14"), [own], months_of(20_000, growth="0.1"))
    assert grown.reached_month == 8


def test_a_volume_past_it_is_reached_in_month_zero() -> None:
    own = stepped("1000", 10_000, spare=1)
    assert breakeven(api("0.14"), [own], months_of(50_000)).reached_month == 0


def test_without_growth_it_is_not_reached() -> None:
    own = stepped("1000", 10_000, spare=1)
    assert breakeven(api("0.14"), [own], months_of(20_000)).reached_month is None


def test_hardware_is_chosen_again_at_each_volume() -> None:
    # Small: $100 for 1,000 requests; large: $1,000 for 50,000. Against $0.15 a request the small
    # one wins from 667 of its first thousand; alone it wins for good, and the large one costs
    # less from its eleventh small unit on.
    small = stepped("100", 1_000, name="small")
    large = stepped("1000", 50_000, name="large")
    found = breakeven(api("0.15"), [small, large], months_of(1))
    assert found.first_crossing_requests_per_month == 667
    last = found.spans[-1]
    assert last.cheaper == "selfhost"
    only_small = breakeven(api("0.15"), [small], months_of(1))
    assert only_small.lasting_requests_per_month == last.from_requests_per_month


def test_more_hardware_never_raises_the_breakeven() -> None:
    small, large = stepped("100", 1_000, name="small"), stepped("900", 50_000, name="large")
    alone = breakeven(api("0.05"), [large], months_of(1))
    both = breakeven(api("0.05"), [large, small], months_of(1))
    assert alone.lasting_requests_per_month is not None
    assert both.lasting_requests_per_month is not None
    assert both.lasting_requests_per_month <= alone.lasting_requests_per_month


@pytest.mark.parametrize(
    ("factors", "direction"),
    [
        (Factors(gpu_price=Decimal("1.3")), 1),
        (Factors(api_price=Decimal("1.3")), -1),
        (Factors(capacity=Decimal("1.3")), -1),
        (Factors(labour=Decimal("1.3")), 1),
    ],
)
def test_it_moves_the_right_way_with_each_input(factors: Factors, direction: int) -> None:
    own = stepped("1000", 10_000, spare=1, labour="3000")
    before = breakeven(api("0.30"), [own], months_of(1)).lasting_requests_per_month
    after = breakeven(api("0.30"), [own], months_of(1), factors=factors).lasting_requests_per_month
    assert before is not None
    assert after is not None
    assert (after - before) * direction > 0


def test_without_a_self_hosted_option_it_does_not_apply() -> None:
    found = breakeven(api("0.14"), [], months_of(1))
    assert found.status == "not_applicable"
    assert "self-hosted" in found.reason


def test_spans_cover_every_volume_once() -> None:
    found = breakeven(api("0.14"), [stepped("1000", 10_000, spare=1)], months_of(1))
    spans: tuple[Span, ...] = found.spans
    assert spans[0].from_requests_per_month == 1
    assert spans[-1].to_requests_per_month is None
    for left, right in itertools.pairwise(spans):
        assert left.to_requests_per_month is not None
        assert right.from_requests_per_month == left.to_requests_per_month + 1
        assert left.cheaper != right.cheaper
