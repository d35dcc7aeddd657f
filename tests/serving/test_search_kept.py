"""What a search finds is kept for workloads that differ in their volume alone."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from planner.catalog.hardware import accelerators
from planner.demand.types import Demand
from planner.scenario.economics import Slo
from planner.scenario.options import SelfHostOption
from planner.serving import Capacity, ServingOption, serving_options
from planner.serving.search import PROVIDERS
from planner.serving.steps import Provider
from tests.serving.support import card, demand, instance, option, slo


def _found(
    load: Demand,
    level: Slo | None = None,
    subject: SelfHostOption | None = None,
    providers: tuple[Provider, ...] = PROVIDERS,
) -> ServingOption:
    asked = subject or option()
    return serving_options(
        asked,
        load,
        level or slo(),
        "us-east-1",
        instances=(instance("g6e.xlarge", "L40S", 1),),
        accelerators=accelerators(),
        card=card(asked.model),
        providers=providers,
    )[0]


def _capacity(found: ServingOption) -> Capacity:
    assert found.capacity is not None, found.reason
    return found.capacity


def _times(load: Demand, factor: int) -> Demand:
    return replace(
        load,
        requests_per_month=load.requests_per_month * factor,
        mean_rps=load.mean_rps * factor,
        growth_per_month=Decimal("0.05"),
    )


def test_another_volume_finds_what_was_found_before() -> None:
    load = demand(777, 111)
    assert _found(load).capacity is _found(_times(load, 50)).capacity


def test_what_is_kept_is_what_would_be_found_anew() -> None:
    load = demand(778, 111)
    first = _found(_times(load, 50))
    assert _found(load) == first
    # The same providers by another name: their answers are not kept.
    anew = _found(load, providers=(*PROVIDERS,))
    assert anew.capacity is not first.capacity
    assert replace(_capacity(anew), replica=None) == replace(_capacity(first), replica=None)


_LOAD = demand(779, 110)


@pytest.mark.parametrize(
    ("load", "level", "subject"),
    [
        (demand(780, 110), slo(), option()),
        (_LOAD, slo(1500, 100), option()),
        (demand(779, 110, cv=0.5), slo(), option()),
        (demand(779, 110, prefix_tokens=300), slo(), option()),
        (_LOAD, slo(), option(limits={"max_num_seqs": 8})),
        (_LOAD, slo(), option(precision="fp8")),
    ],
    ids=["lengths", "objective", "variation", "prefix", "limits", "precision"],
)
def test_anything_else_is_another_question(
    load: Demand, level: Slo, subject: SelfHostOption
) -> None:
    assert _found(_LOAD).capacity is not _found(load, level, subject).capacity


def test_bursts_are_shared_by_more_replicas_at_a_larger_volume() -> None:
    # The coefficient of variation one replica of many sees is nearer to 1: it sustains more.
    load = demand(781, 110, cv=4.0)
    few, many = _capacity(_found(load)), _capacity(_found(_times(load, 200)))
    assert few.low_rps < many.low_rps
