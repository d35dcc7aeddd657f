"""Picks that the simulator confirms, mends with more replicas, or refuses."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from planner.catalog import load_catalog
from planner.costs import Option, PricingInputs, compact_cost, ledger_at, pricing_inputs
from planner.costs.confirming import Confirmer, shares_to_try
from planner.costs.terms import Fleet
from planner.decision import Evaluated, Recommendation, recommend
from planner.decision.curve import curve_of
from planner.demand import build_demand
from planner.scenario import parse_scenario
from planner.serving import search
from planner.serving.calibration import Band
from planner.serving.steps import Answer, Question

LLAMA = "meta-llama/Llama-3.1-8B-Instruct"
# Fast enough in simulation that the analytic model's number of replicas is sure to do; and slow
# enough that it is not.
AGREE, MISS = 0.7, 1.2
# Replicas by the analytic model, 10 requests/s each: at 13.3 on three of them, one answer in twenty
# would take more than 20 ms a token.
AGREED = 4


@dataclass(kw_only=True)
class Disagreeing:
    """Steps that take ``simulated`` times as long when asked for whole sequences.

    The analytic model asks for mean numbers of sequences, which are fractions; the simulator for
    those that run.
    """

    base_ms: float
    simulated: float
    calls: int = 0

    def decode_ms(self, sequences: float, context_tokens: float) -> float:
        self.calls += 1
        factor = self.simulated if isinstance(sequences, int) else 1.0
        return (self.base_ms + 0.5 * sequences) * factor

    def mixed_ms(
        self,
        prefill_tokens: float,
        attended_tokens: float,
        sequences: float,
        context_tokens: float,
    ) -> float:
        return self.decode_ms(sequences, context_tokens) + 0.02 * prefill_tokens


@dataclass
class Fake:
    """Answers for the GPUs it has steps of; Llama 8B at a band without width."""

    steps: dict[str, Disagreeing]

    def answer(self, question: Question) -> Answer | None:
        if question.accelerator.name not in self.steps:
            return None
        return Answer(
            steps=self.steps[question.accelerator.name],
            provider="profile",
            band=Band(low=1.0, high=1.0),
            source_ids=("fake",),
        )


Serve = Callable[..., dict[str, Disagreeing]]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Serve:
    """``served(L40S=MISS)``: steps of 10 ms + 0.5 ms a sequence, 1.2 times that in simulation."""

    def serve(**simulated: float) -> dict[str, Disagreeing]:
        steps = {gpu: Disagreeing(base_ms=10.0, simulated=x) for gpu, x in simulated.items()}
        monkeypatch.setattr(search, "PROVIDERS", (Fake(steps),))
        return steps

    return serve


def scenario(**changes: Any) -> dict[str, Any]:
    """40 requests/s at the peak, always; g6e.xlarge is one L40S, g6.xlarge one L4."""
    base: dict[str, Any] = {
        "version": 1,
        "id": "test",
        "workload": {
            "requests_per_day": 40 * 86_400,
            "input_tokens": 100,
            "output_tokens": 50,
            "traffic": {"peak_to_mean": 1.0, "burst_within_hour": 1.0},
        },
        "slo": {"ttft_ms": 500, "tpot_ms": 20, "redundancy": "none"},
        "options": {
            "api": [{"provider": "openai", "model": "gpt-4o"}],
            "selfhost": [
                {"model": LLAMA, "instance_types": ["g6e.xlarge"], "tensor_parallel_sizes": [1]}
            ],
        },
    }
    return {**base, **changes}


def _selfhost(**changes: Any) -> dict[str, Any]:
    base = {"model": LLAMA, "instance_types": ["g6e.xlarge"], "tensor_parallel_sizes": [1]}
    return {
        "api": [{"provider": "openai", "model": "gpt-4o"}],
        "selfhost": [{**base, **changes}],
    }


def inputs_of(content: dict[str, Any]) -> PricingInputs:
    loaded = parse_scenario(json.dumps(content), path=Path("test.yaml"))
    catalog = load_catalog(prices=loaded.scenario.prices, base_dir=Path())
    return pricing_inputs(loaded.scenario, build_demand(loaded.scenario, Path()), catalog)


def decide(content: dict[str, Any], *, detail: bool = True) -> Recommendation:
    loaded = parse_scenario(json.dumps(content), path=Path("test.yaml"))
    catalog = load_catalog(prices=loaded.scenario.prices, base_dir=Path())
    demand = build_demand(loaded.scenario, Path())
    return recommend(loaded.scenario, demand, catalog, detail=detail)


def selfhosted(found: Recommendation, arm: str = "selfhost_ondemand") -> Evaluated:
    return next(e for e in found.options if e.option.arm == arm)


def reasons(option: Option, instance_type: str) -> str:
    (found,) = [e.reason for e in option.excluded if e.candidate.startswith(f"{instance_type} ")]
    return found


def test_a_pick_that_the_simulator_confirms_stays_as_it_is(served: Serve) -> None:
    served(L40S=AGREE)
    found = selfhosted(decide(scenario()))
    check = found.option.check
    assert check is not None
    assert (check.held, check.extra_replicas) == (True, 0)
    assert found.instances == check.share.replicas == AGREED
    assert check.share.load_rps == pytest.approx(40.0)


def test_where_it_misses_the_service_level_a_replica_is_added_and_paid_for(served: Serve) -> None:
    served(L40S=AGREE)
    before = selfhosted(decide(scenario()))
    served(L40S=MISS)
    found = selfhosted(decide(scenario()))
    check, fleet = found.option.check, found.option.fleet
    assert check is not None and fleet is not None
    assert check.held
    added = check.extra_replicas
    assert 1 <= added <= 3
    assert fleet.extra_replicas == added
    assert [a.held for a in check.attempts] == [False] * added + [True]
    assert found.instances == AGREED + added
    # Each on-demand g6e.xlarge and what comes with it costs the same.
    price = (before.monthly_cost_usd - selfhosted_without_instances(before)) / AGREED
    assert found.monthly_cost_usd - before.monthly_cost_usd == pytest.approx(price * added)


def selfhosted_without_instances(found: Evaluated) -> Decimal:
    """Lines that do not depend on the number of instances."""
    return sum(
        (
            a.usd or Decimal(0)
            for a in found.mean.lines
            if not hasattr(a.line.term, "monthly_usd_per_instance")
        ),
        Decimal(0),
    )


def test_all_ways_to_price_the_option_count_the_added_replicas(served: Serve) -> None:
    served(L40S=MISS)
    found = decide(scenario())
    option, volume = selfhosted(found).option, found.months.requests[0]
    (hardware,) = option.hardware
    assert hardware.fleet == option.fleet
    whole = ledger_at(option, volume).total_usd
    assert curve_of(hardware).at(volume) == pytest.approx(whole)
    assert compact_cost(option, found.months).total() == pytest.approx(whole)


def test_a_candidate_that_three_more_do_not_mend_gives_way_to_the_next(served: Serve) -> None:
    # In simulation an L40S takes 30 ms a token, alone and idle; the L4 is dearer for the load.
    served(L40S=3.0, A10G=AGREE)
    options = _selfhost(instance_types=["g6e.xlarge", "g5.16xlarge"])
    found = selfhosted(decide(scenario(options=options)))
    assert found.option.serving is not None
    assert found.option.serving.instance_type == "g5.16xlarge"
    assert found.option.check is not None
    assert found.option.check.extra_replicas == 0
    assert reasons(found.option, "g6e.xlarge").endswith(
        f"ms > 20 ms in simulation, with {AGREED} to {AGREED + 3} working replicas"
    )
    assert [h.label for h in found.option.hardware] == [found.option.label]


def test_a_candidate_with_replicas_added_must_still_be_the_cheapest(served: Serve) -> None:
    # g6e.xlarge 1.861 an hour, g5.4xlarge 1.624: equal speed, so the A10G is the cheaper one
    # until the simulator adds to it.
    served(L40S=1.0, A10G=MISS)
    options = _selfhost(instance_types=["g6e.xlarge", "g5.4xlarge"])
    found = selfhosted(decide(scenario(options=options)))
    assert found.option.serving is not None
    assert found.option.serving.instance_type == "g6e.xlarge"
    assert "dearer" in reasons(found.option, "g5.4xlarge")
    (rival,) = [h for h in found.option.hardware if h.label.endswith("g5.4xlarge tp1")]
    assert rival.fleet is not None
    assert rival.fleet.extra_replicas > 0


def test_hardware_pruned_for_a_candidate_comes_back_when_that_needs_replicas(
    served: Serve,
) -> None:
    # Faster and cheaper by the analytic model, the A10G leaves no reason to price the L40S.
    served(L40S=AGREE, A10G=1.25)["A10G"].base_ms = 9.0
    options = _selfhost(instance_types=["g6e.xlarge", "g5.4xlarge"])
    found = selfhosted(decide(scenario(options=options)))
    assert found.option.serving is not None
    assert found.option.serving.instance_type == "g6e.xlarge"
    assert "dearer" in reasons(found.option, "g5.4xlarge")


def test_hardware_pruned_for_a_candidate_comes_back_when_that_is_refused(served: Serve) -> None:
    # g6e.2xlarge has the same GPU as g6e.xlarge at a higher price; so has g6e.4xlarge.
    served(L40S=3.0, A10G=AGREE)
    types = ["g6e.xlarge", "g6e.2xlarge", "g5.16xlarge"]
    found = selfhosted(decide(scenario(options=_selfhost(instance_types=types))))
    assert found.option.serving is not None
    assert found.option.serving.instance_type == "g5.16xlarge"
    assert reasons(found.option, "g6e.2xlarge") == reasons(found.option, "g6e.xlarge")


def test_one_gpu_kind_is_simulated_once_for_every_size_and_purchase(served: Serve) -> None:
    options = _selfhost(
        instance_types=["g6e.xlarge", "g6e.2xlarge", "g6e.4xlarge"],
        purchase=["on_demand", "ri_1y_no_upfront"],
    )
    steps = served(L40S=AGREE)["L40S"]
    found = decide(scenario(options=options))
    many = steps.calls
    both = [selfhosted(found, arm).option.check for arm in ("selfhost_ondemand", "selfhost_ri_1y")]
    assert both[0] is not None
    assert both[0] is both[1]
    steps = served(L40S=AGREE)["L40S"]
    decide(scenario())
    assert steps.calls == many


def test_a_pinned_number_of_replicas_is_never_added_to(served: Serve) -> None:
    served(L40S=MISS)
    option = selfhosted(decide(scenario(options=_selfhost(fixed_replicas=AGREED)))).option
    assert not option.feasible
    assert reasons(option, "g6e.xlarge").endswith(f"with {AGREED} working replicas")


def test_added_replicas_count_against_the_limit(served: Serve) -> None:
    served(L40S=MISS)
    option = selfhosted(decide(scenario(options=_selfhost(max_instances=AGREED)))).option
    assert not option.feasible
    assert f"beyond max_instances {AGREED}" in reasons(option, "g6e.xlarge")


def test_where_few_more_never_help_the_fewest_that_do_are_looked_for(served: Serve) -> None:
    # 14.7 ms alone in simulation, and 0.7 ms for each sequence beside it, of 20 ms allowed.
    served(L40S=1.4)
    found = selfhosted(decide(scenario()))
    check = found.option.check
    assert check is not None
    assert check.held
    assert check.extra_replicas > 3
    assert found.instances == AGREED + check.extra_replicas


def test_what_no_number_of_replicas_mends_is_not_feasible(served: Serve) -> None:
    served(L40S=3.0)
    option = selfhosted(decide(scenario())).option
    assert not option.feasible
    assert option.check is None
    assert option.reason is not None
    assert "ms > 20 ms in simulation, with" in option.reason


@pytest.mark.parametrize("simulated", [AGREE, MISS, 1.4, 3.0])
def test_an_answer_in_short_adds_as_many_replicas(served: Serve, simulated: float) -> None:
    served(L40S=simulated)
    whole, short = (selfhosted(decide(scenario(), detail=each)) for each in (True, False))
    assert short.option.feasible == whole.option.feasible
    assert short.option.fleet == whole.option.fleet
    assert short.monthly_cost_usd == whole.monthly_cost_usd
    assert short.option.check is None


def test_an_answer_in_short_without_any_option_has_the_figures_of_why(served: Serve) -> None:
    served(L40S=3.0)
    content = scenario()
    content["options"]["api"] = []
    whole, short = (selfhosted(decide(content, detail=each)).option for each in (True, False))
    assert short.reason == whole.reason
    assert "ms > 20 ms in simulation" in (short.reason or "")


def test_options_that_are_not_modelled_have_no_check(served: Serve) -> None:
    served(L40S=AGREE)
    manual = {
        "arm": "selfhost_ondemand",
        "name": "by hand",
        "fixed_monthly_usd": 1000,
        "capacity_requests_per_month": 1000,
        "source": "test",
    }
    options = {**_selfhost(), "manual": [manual]}
    found = decide(scenario(options=options))
    by_name = {e.option.name: e.option for e in found.options}
    assert by_name["by hand"].check is None
    assert all(o.check is None for o in by_name.values() if o.is_api)


# --- Which moment is checked --------------------------------------------------------------------


def _fleet(capacity: int, **changes: Any) -> Fleet:
    return Fleet(capacity_requests_per_month=Decimal(capacity), **changes)


def _shares(fleet: Fleet, *, growth: float = 0.0, grown: bool = False) -> list[tuple[int, int]]:
    """(replicas more, replicas) for 103.68 M requests in the first of 12 months, 40 a second."""
    content = scenario()
    content["workload"]["growth_per_month"] = growth
    shares = shares_to_try(fleet, inputs_of(content), grown=grown)
    return [(extra, share.replicas) for extra, share in shares.items()]


def test_the_spare_does_not_count() -> None:
    plain = _shares(_fleet(40_000_000))
    assert plain == _shares(_fleet(40_000_000, spare_replicas=1))
    assert plain == [(0, 3), (1, 4), (2, 5), (3, 6)]


def test_a_pinned_number_leaves_nothing_to_try() -> None:
    assert _shares(_fleet(40_000_000, fixed_replicas=3)) == [(0, 3)]
    assert _shares(_fleet(40_000_000, fixed_replicas=3), grown=True) == [(0, 3)]


def test_replicas_for_zones_count_without_the_spare() -> None:
    assert _shares(_fleet(200_000_000, spare_replicas=1, min_replicas=3))[0] == (0, 2)


def test_of_a_large_fleet_a_twentieth_is_added_each_time() -> None:
    assert _shares(_fleet(2_000_000)) == [(0, 52), (3, 55), (6, 58), (9, 61)]


def test_much_larger_fleets_go_to_four_times_the_replicas() -> None:
    tried = _shares(_fleet(10_400_000), grown=True)
    assert tried[0] == (5, 15)
    assert tried[-1] == (33, 43)


def test_the_busiest_month_is_the_one_with_most_load_on_each_replica() -> None:
    # 103.68 M grow by 4 % a month to 159.6 M; a replica serves 40 M. Three carry 116.6 M in month
    # 3 (12.1/s and 15.0/s each), four 159.6 M in month 11 (15.4/s each).
    inputs = inputs_of(scenario(workload={**scenario()["workload"], "growth_per_month": 0.04}))
    share = shares_to_try(_fleet(40_000_000), inputs, grown=False)[0]
    assert share.replicas == 4
    assert share.rate_rps == pytest.approx(40.0 * 1.04**11 / 4)


def test_the_confirmer_leaves_alone_what_has_no_replicas(served: Serve) -> None:
    served(L40S=AGREE)
    option = selfhosted(decide(scenario())).option
    bare = replace(option, serving=None, check=None)
    assert Confirmer(inputs_of(scenario())).confirmed(lambda known: bare) is bare


# --- What the number of replicas follows ----------------------------------------------------------


def _instances(content: dict[str, Any]) -> int:
    found = selfhosted(decide(content))
    assert found.instances is not None, found.option.reason
    return found.instances


def _rising(numbers: Iterable[int]) -> bool:
    found = list(numbers)
    return found == sorted(found) and found[0] < found[-1]


def test_stricter_percentiles_need_more_replicas(served: Serve) -> None:
    served(L40S=AGREE)
    workload = {**scenario()["workload"], "requests_per_day": 400 * 86_400}
    assert _rising(
        _instances(
            scenario(workload=workload, slo={**scenario()["slo"], "tpot_percentile": percentile})
        )
        for percentile in (50, 90, 99)
    )


def test_bursts_inside_the_hour_need_more_replicas(served: Serve) -> None:
    served(L40S=AGREE)

    def bursting(burst: float) -> dict[str, Any]:
        traffic = {"peak_to_mean": 1.0, "burst_within_hour": burst}
        return scenario(workload={**scenario()["workload"], "traffic": traffic})

    capacity = selfhosted(decide(scenario())).option.serving
    assert capacity is not None and capacity.capacity is not None
    each = capacity.capacity.low_rps
    assert [_instances(bursting(burst)) for burst in (1.0, 2.0, 4.0)] == [
        math.ceil(40.0 * burst / each) for burst in (1.0, 2.0, 4.0)
    ]


@pytest.mark.parametrize("redundancy", ["n_plus_1", "zones"])
def test_a_spare_is_one_replica_on_top(served: Serve, redundancy: str) -> None:
    served(L40S=MISS)
    slo = scenario()["slo"]
    alone = _instances(scenario(slo={**slo, "redundancy": "none"}))
    assert _instances(scenario(slo={**slo, "redundancy": redundancy})) == alone + 1
