"""Scenarios decided together, in round figures and by laws."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.costs.terms import Fleet
from planner.decision.portfolio import Hardware, Member, Portfolio, combine
from planner.decision.portfolio.pool import Bounds, load_of, pool_of
from tests.decision.portfolio.support import (
    HOURS,
    api_choice,
    hardware,
    hosted,
    key,
    member,
    own_choice,
)


def _saved(portfolio: Portfolio) -> dict[str, Decimal]:
    return {saving.step: saving.monthly_usd for saving in portfolio.savings}


def _hosting(name: str, requests: float, instances: int, on: Hardware, **more: object) -> Member:
    option = hosted(on)
    shape = more.get("shape", (1.0,) * HOURS)
    assert isinstance(shape, tuple)
    choice = own_choice(option, str(instances * on.purchase_usd))
    return member(name, requests, option, choice=choice, shape=shape)


def test_two_half_used_replicas_become_one_with_one_spare() -> None:
    # Each alone: 50 of 100 requests, so 1 replica and 1 spare: 2 x $1,000. Together 100 of 100: 1
    # replica and 1 spare: $2,000 instead of $4,000.
    both = [_hosting(name, 50, 2, hardware()) for name in ("a", "b")]
    portfolio = combine(both)
    (service,) = portfolio.services
    assert service.members == ("a", "b")
    assert (service.replicas, service.replicas_alone) == (2, 4)
    assert portfolio.alone_usd == 4000
    assert portfolio.total_usd == 2000
    assert _saved(portfolio)["replicas shared"] == 2000


def test_peaks_at_different_hours_fill_each_other() -> None:
    # 100 requests at one's peak hour, nothing in the other's: one replica carries both.
    day = tuple(1.0 if hour % 24 < 12 else 0.0 for hour in range(HOURS))
    night = tuple(1.0 - share for share in day)
    on = hardware(spare=0)
    members = [
        _hosting("day", 100, 1, on, shape=day),
        _hosting("night", 100, 1, on, shape=night),
    ]
    assert combine(members).total_usd == 1000


def test_a_scenario_on_an_api_joins_when_there_is_room_on_a_fleet() -> None:
    # `a` has 150 of 200 in use on two replicas; `b` pays an API $500 for 50 requests, and would
    # pay $2,000 for replicas of its own.
    on = hardware()
    a = _hosting("a", 150, 3, on)
    b = member("b", 50, hosted(on, own="100"), choice=api_choice("500"))
    portfolio = combine([a, b])
    (service,) = portfolio.services
    assert service.joined == ("b",)
    # Three instances as before, and $100 that `b` costs in any case, instead of $500.
    assert portfolio.total_usd == 3100
    assert [(each.together, each.shared_by) for each in portfolio.scenarios] == [("own", 2)] * 2


def test_a_scenario_stays_on_its_api_when_it_would_need_another_replica() -> None:
    on = hardware()
    a = _hosting("a", 200, 3, on)
    b = member("b", 50, hosted(on), choice=api_choice("500"))
    portfolio = combine([a, b])
    assert portfolio.services == ()
    assert portfolio.total_usd == portfolio.alone_usd == 3500


def test_scenarios_that_alone_take_apis_may_host_together() -> None:
    # Alone each would pay $2,000 for two replicas, the API asks $1,500. Together: two for $2,000.
    on = hardware()
    two = [member(n, 50, hosted(on), choice=api_choice("1500")) for n in ("a", "b")]
    portfolio = combine(two)
    assert portfolio.total_usd == 2000
    assert portfolio.services[0].joined == ("a", "b")


def test_a_scenario_with_two_options_for_a_model_does_not_share_with_itself() -> None:
    on = hardware()
    options = [replace(hosted(on), name=name) for name in ("own", "own twin")]
    alone = member("a", 50, *options, choice=own_choice(options[0], "2000"))
    other = member("b", 50, choice=api_choice("500"))
    portfolio = combine([alone, other])
    assert portfolio.services == ()
    assert portfolio.total_usd == portfolio.alone_usd == 2500


def test_other_service_levels_are_not_shared_and_said() -> None:
    on = hardware()
    first = hosted(on)
    second = hosted(on, of=key(purchase="ri_1y_no_upfront"))
    members = [
        member("a", 50, first, choice=own_choice(first, "2000")),
        member("b", 50, second, choice=own_choice(second, "2000")),
    ]
    portfolio = combine(members)
    assert portfolio.services == ()
    (said,) = portfolio.not_shared
    assert said.startswith("acme/m in us-east-1: a, b differ")


def test_models_of_one_instance_type_share_its_gpus() -> None:
    # An instance holds 4 replicas. `a` and `b` need 2 each: one instance for both. `c` needs 3.
    on = hardware(capacity=100, spare=0, per_instance=4)
    members: list[Member] = []
    for name, requests in (("a", 200.0), ("b", 200.0), ("c", 300.0)):
        option = hosted(on, of=key(model=f"acme/{name}"))
        members.append(member(name, requests, option, choice=own_choice(option, "1000")))
    portfolio = combine(members)
    assert _saved(portfolio)["instances shared"] == 1000
    assert portfolio.total_usd == 2000


def test_one_commitment_saves_the_months_that_fit_no_term_alone() -> None:
    # Terms are 12 months. The second instance of `old` is needed for 18 (a term, 6 on demand),
    # that of `new` for the last 6 (on demand): 12 x $500 + 12 x $1,000. Together it is one
    # instance for 24 months: two terms at $500.
    on = hardware(spare=0, usd="500", later="1000", per_instance=1)
    base = 100.0
    old = hosted(on, of=key(model="acme/old", months=24, purchase="ri"), term=12)
    new = hosted(on, of=key(model="acme/new", months=24, purchase="ri"), term=12)
    members = [
        member("old", (2 * base,) * 18 + (base,) * 6, old, choice=own_choice(old, "0")),
        member("new", (base,) * 18 + (2 * base,) * 6, new, choice=own_choice(new, "0")),
    ]
    saved = _saved(combine(members))["one commitment"]
    assert saved == Decimal(12 * 500 + 12 * 1000 - 24 * 500) / 24


def test_a_gateway_is_paid_once() -> None:
    members = [member(name, 10, choice=api_choice("100", fixed="16")) for name in ("a", "b", "c")]
    portfolio = combine(members)
    (stack,) = portfolio.stacks
    assert (stack.monthly_cost_usd, stack.alone_monthly_cost_usd) == (16, 48)
    assert portfolio.total_usd == 300 - 32


def test_a_scenario_without_an_answer_adds_nothing_and_makes_a_floor() -> None:
    portfolio = combine([member("a", 1, choice=None), member("b", 1, choice=api_choice("5"))])
    assert portfolio.undecided == ("a",)
    assert portfolio.is_floor
    assert portfolio.total_usd == 5


@st.composite
def _portfolios(draw: st.DrawFn) -> list[Member]:
    members: list[Member] = []
    for index in range(draw(st.integers(1, 6))):
        volume = draw(st.floats(1, 900))
        per = draw(st.sampled_from((1, 4)))
        on = hardware(
            capacity=draw(st.sampled_from((100.0, 170.0))),
            spare=draw(st.integers(0, 1)),
            per_instance=per,
            instance_type=f"type{per}",
        )
        option = hosted(on, of=key(model=draw(st.sampled_from(("acme/a", "acme/b")))), fixed="30")
        pool = pool_of(load_of(member("x", volume, choice=None), on), Bounds.of(on))
        assert pool is not None
        alone = on.purchase_usd * max(pool.instances) + 30
        api = draw(st.integers(100, 9000))
        choice = own_choice(option, str(alone)) if alone <= api else api_choice(str(api), "16")
        shape = tuple(draw(st.sampled_from((1.0, 0.5, 0.1))) for _ in range(3)) * (HOURS // 3)
        # The shape only scales what is below the busiest hour, so `alone` holds if one hour is 1.
        members.append(member(f"s{index}", volume, option, choice=choice, shape=(1.0, *shape[1:])))
    return members


@given(_portfolios())
@settings(max_examples=150, deadline=None)
def test_together_is_never_dearer_and_adds_up(members: list[Member]) -> None:
    portfolio = combine(members)
    saved = sum((saving.monthly_usd for saving in portfolio.savings), Decimal(0))
    assert portfolio.alone_usd - saved == portfolio.total_usd
    assert portfolio.total_usd <= portfolio.alone_usd
    names = [name for service in portfolio.services for name in service.members]
    assert len(names) == len(set(names))


@given(_portfolios(), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_the_order_of_the_files_changes_no_total(members: list[Member], seed: int) -> None:
    shuffled = members.copy()
    random.Random(seed).shuffle(shuffled)
    assert combine(shuffled).total_usd == combine(members).total_usd


@given(
    requests=st.integers(0, 100_000),
    capacity=st.integers(1, 5_000),
    spare=st.integers(0, 2),
    least=st.integers(1, 4),
    per=st.sampled_from((1, 2, 4, 8)),
    least_instances=st.integers(1, 3),
)
def test_a_pool_of_one_is_its_own_fleet(
    requests: int, capacity: int, spare: int, least: int, per: int, least_instances: int
) -> None:
    fleet = Fleet(
        capacity_requests_per_month=Decimal(capacity),
        spare_replicas=spare,
        min_replicas=least,
        replicas_per_instance=per,
        min_instances=least_instances,
    )
    bounds = Bounds(
        spare_replicas=spare,
        min_replicas=least,
        extra_replicas=0,
        replicas_per_instance=per,
        min_instances=least_instances,
        max_instances=None,
    )
    load = load_of(member("a", float(requests), choice=None), hardware(capacity=float(capacity)))
    pool = pool_of(load, bounds)
    assert pool is not None
    assert pool.instances == (fleet.instances(Decimal(requests)),)
    assert pool.replicas == (fleet.replicas(Decimal(requests)),)


def test_a_pool_past_the_instance_limit_is_none() -> None:
    on = hardware(most=2, spare=0)
    load = load_of(member("a", 201.0, choice=None), on)
    assert pool_of(load, Bounds.of(on)) is None


@pytest.mark.parametrize("share", [0.1, 1 / 3, 0.7])
def test_shares_that_are_whole_but_for_rounding_cost_no_replica(share: float) -> None:
    on = hardware(spare=0)
    load = sum(
        (load_of(member("a", 100 * share, choice=None), on) for _ in range(9)),
        load_of(member("a", 100 * share, choice=None), on),
    )
    pool = pool_of(load, Bounds.of(on))
    assert pool is not None
    # Ten shares: 1, 10/3 and 7 replicas.
    assert pool.replicas[0] == {0.1: 1, 1 / 3: 4, 0.7: 7}[share]
