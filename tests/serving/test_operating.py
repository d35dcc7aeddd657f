"""The analytic answer at a given rate."""

from __future__ import annotations

import pytest

from planner.serving.batching import state_at
from planner.serving.operating import operating_at
from planner.serving.queueing import Objective, full_state, largest_load
from tests.serving.support import replica, slo


def test_at_the_largest_load_it_is_what_the_search_found() -> None:
    subject = replica(input_tokens=1000, output_tokens=200)
    objective = Objective(
        ttft_ms=600.0,
        ttft_percentile=0.95,
        tpot_ms=25.0,
        tpot_percentile=0.95,
        max_utilisation=0.85,
    )
    load = largest_load(subject, objective)
    assert load.state is not None
    found = operating_at(subject, load.state.rate_rps, slo())
    assert found.ttft_ms == pytest.approx(load.latency.ttft_ms, rel=1e-6)
    assert found.tpot_ms == pytest.approx(load.latency.tpot_ms, rel=1e-6)
    assert found.utilisation == pytest.approx(load.state.rate_rps / load.full.rate_rps)


def test_the_percentiles_are_those_of_the_service_level() -> None:
    subject = replica()
    rate = 0.6 * full_state(subject).rate_rps
    usual = operating_at(subject, rate, slo(ttft_percentile=50, tpot_percentile=50))
    late = operating_at(subject, rate, slo(ttft_percentile=99, tpot_percentile=99))
    assert usual.ttft_ms is not None and late.ttft_ms is not None
    assert usual.tpot_ms is not None and late.tpot_ms is not None
    assert late.ttft_ms > 1.5 * usual.ttft_ms
    assert late.tpot_ms > usual.tpot_ms


def test_beyond_the_full_rate_there_is_no_steady_state() -> None:
    subject = replica()
    full = full_state(subject)
    found = operating_at(subject, 1.01 * full.rate_rps, slo())
    assert (found.ttft_ms, found.tpot_ms) == (None, None)
    assert found.utilisation == pytest.approx(1.01)


@pytest.mark.parametrize(("load", "predicts"), [(0.3, True), (0.849, True), (0.86, False)])
def test_times_to_first_token_are_predicted_up_to_85_percent(load: float, predicts: bool) -> None:
    subject = replica()
    found = operating_at(subject, load * full_state(subject).rate_rps, slo())
    assert found.predicts_ttft is predicts


def test_a_light_load_is_one_sequence_at_a_time() -> None:
    subject = replica(input_tokens=100, output_tokens=100)
    found = operating_at(subject, 1e-6, slo(ttft_percentile=50, tpot_percentile=50))
    alone = state_at(subject, 1e-6)
    assert found.tpot_ms == pytest.approx(alone.decode_step_ms, rel=1e-3)
