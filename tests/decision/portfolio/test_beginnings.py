"""Savings of all beginnings at once, against each worked out by itself in exact money."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.decision.portfolio.beginnings import InQueue, savings_usd
from planner.decision.portfolio.pool import Bounds, instances_usd, load_of, pool_of
from tests.decision.portfolio.support import HOURS, hardware, member

MONTHS = 5
PARTS: tuple[str, ...] = ("load balancer", "NAT", "dashboard")
# Busiest at different hours of the week.
SHAPES = tuple(
    tuple(1.0 if hour % 24 == peak else 0.3 for hour in range(HOURS)) for peak in (3, 9, 15)
)


@st.composite
def _queues(draw: st.DrawFn) -> list[InQueue]:
    count = draw(st.integers(2, 7))
    term = draw(st.sampled_from((0, 2, 3)))
    per, limit = draw(st.sampled_from((1, 4))), draw(st.sampled_from((None, 6, 9)))
    shapes = draw(st.sampled_from((SHAPES, SHAPES[:1])))
    found: list[InQueue] = []
    for number in range(count):
        volumes = draw(st.lists(st.integers(1, 900), min_size=MONTHS, max_size=MONTHS))
        on = replace(
            hardware(
                capacity=float(draw(st.integers(50, 300))),
                spare=draw(st.integers(0, 2)),
                per_instance=per,
                later="1700",
                most=limit,
            ),
            min_replicas=draw(st.integers(1, 3)),
            extra_replicas=draw(st.integers(0, 2)),
            instance_usd=Decimal(11),
        )
        found.append(
            InQueue(
                member=member(
                    f"s{number}",
                    tuple(float(volume) for volume in volumes),
                    choice=None,
                    shape=draw(st.sampled_from(shapes)),
                ),
                hardware=on,
                commitment_months=term,
                saves_usd=float(draw(st.integers(0, 5000))),
                fixed=draw(
                    st.dictionaries(
                        st.sampled_from(PARTS),
                        st.integers(0, 90).map(Decimal),
                    )
                ),
            )
        )
    return found


def _alone(queue: list[InQueue]) -> float | None:
    """What these save, added up one by one; None past the instance limit."""
    first = queue[0]
    load = load_of(first.member, first.hardware)
    bounds = Bounds.of(first.hardware)
    for each in queue[1:]:
        load = load + load_of(each.member, each.hardware)
        bounds = bounds.joined(each.hardware)
    pool = pool_of(load, bounds)
    if pool is None:
        return None
    bought = instances_usd(first.hardware, pool.instances, first.commitment_months)
    names = {name for each in queue for name in each.fixed}
    fixed = sum(max(each.fixed[name] for each in queue if name in each.fixed) for name in names)
    return sum(each.saves_usd for each in queue) - float(sum(bought) + fixed)


@given(queue=_queues())
def test_every_beginning_saves_what_it_saves_by_itself(queue: list[InQueue]) -> None:
    expected: list[float] = []
    for count in range(2, len(queue) + 1):
        saved = _alone(queue[:count])
        if saved is None:
            break
        expected.append(saved)
    assert savings_usd(queue) == pytest.approx(expected, abs=1e-6)


def test_more_scenarios_than_are_held_at_a_time_are_one_sum() -> None:
    # 150 loads of a tenth of a replica at three hours, 50 at each: 5 replicas and the rest of the
    # others, 0.3 x 10; less a thousand for each replica, with one to spare.
    queue = [
        InQueue(
            member=member(f"s{n}", 10.0, choice=None, shape=SHAPES[n % 3]),
            hardware=hardware(capacity=100.0),
            commitment_months=0,
            saves_usd=100.0,
            fixed={},
        )
        for n in range(150)
    ]
    assert savings_usd(queue)[-1] == pytest.approx(150 * 100.0 - (8 + 1) * 1000.0)
