"""Predictions of rows by hand, what is left out of them, and rows that get none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from planner.serving.backtest import (
    Judged,
    Row,
    Unpredicted,
    judge,
    model_providers,
    row_providers,
    shipped_table,
)
from planner.serving.measured import ShippedRowsProvider
from planner.serving.steps import Provider
from tests.serving.backtest.support import Even, row

# Each step 10 ms without host overhead; 30 ms from the client to the engine.
_EVEN = (Even(10.0),)
_FRONT_END_MS = 30.0


def judged(subject: Row, providers: Sequence[Provider] = _EVEN, **options: float) -> Judged:
    found = judge(subject, providers, **options)
    assert isinstance(found, Judged), found
    return found


def reason(subject: Row) -> str:
    found = judge(subject, model_providers())
    assert isinstance(found, Unpredicted)
    return found.reason


# --- by hand -------------------------------------------------------------------------------------


def test_one_request_at_a_time_is_its_way_in_and_its_steps() -> None:
    subject = row(load=1.0, input_tokens=100.0, output_tokens=11.0)
    found = judged(subject, host_ms=0.0).prediction
    # The first token after 30 + 10 ms, ten more at 10 ms each: 11 tokens in 140 ms.
    assert found.values["ttft"] == pytest.approx(_FRONT_END_MS + 10.0)
    assert found.values["tpot"] == pytest.approx(10.0)
    assert found.values["throughput"] == pytest.approx(11.0 / 0.140)


def test_the_throughput_of_a_closed_loop_follows_from_the_time_of_a_request() -> None:
    subject = row(load=8.0, input_tokens=100.0, output_tokens=11.0)
    # Steps take the same whatever is in them: eight times as much as one at a time.
    assert judged(subject, host_ms=0.0).prediction.values["throughput"] == pytest.approx(
        8 * 11.0 / 0.140
    )


def test_a_burst_ends_with_its_last_answer() -> None:
    subject = row(load_kind="burst", load=4.0, input_tokens=100.0, output_tokens=11.0)
    found = judged(subject, host_ms=0.0).prediction
    # All four prompts fit into one step: 44 tokens in 140 ms.
    assert found.values["throughput"] == pytest.approx(44.0 / 0.140)


def test_host_overhead_counts_for_each_sequence() -> None:
    subject = row(load=8.0, input_tokens=100.0, output_tokens=11.0)
    assert judged(subject, host_ms=0.5).prediction.values["tpot"] == pytest.approx(14.0)


def test_an_older_engine_and_an_older_host_have_more_overhead() -> None:
    old = judged(row(engine_version="0.11.0")).prediction.values["tpot"]
    new = judged(row(engine_version="0.19.0")).prediction.values["tpot"]
    unknown = judged(row()).prediction.values["tpot"]
    slow = judged(row(engine_version="0.19.0", gpu="A100-SXM-80GB")).prediction.values["tpot"]
    assert old > new == unknown
    assert slow > new


def test_a_percentile_is_predicted_where_one_was_measured() -> None:
    # The first eight prompts do not fit into one step, so that later ones wait for the first.
    subject = row(load=8.0, input_tokens=4000.0, output_tokens=50.0)
    mean = judged(subject).prediction.values["ttft"]
    late = judged(replace(subject, ttft_percentile=99.0)).prediction.values["ttft"]
    assert late > mean


def test_nothing_measured_goes_into_a_prediction() -> None:
    for subject in (row(), row(load_kind="open", load=4.0), row(load_kind="burst", load=50.0)):
        other = replace(subject, output_tokens_per_s=7.0, tpot_ms=900.0, ttft_ms=5e4)
        providers = row_providers(subject)
        assert judged(subject, providers).prediction == judged(other, providers).prediction


# --- time to first token -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "subject", [row(load_kind="burst", load=64.0), row(load_kind="open", load=1e4)]
)
def test_time_to_first_token_is_not_predicted_where_it_grows_with_the_run(subject: Row) -> None:
    found = judged(subject).prediction
    assert "ttft" not in found.values
    assert "not predicted: utilisation" in found.untrusted["ttft"]


def test_time_to_first_token_is_predicted_at_low_load() -> None:
    found = judged(row(load_kind="open", load=1.0)).prediction
    assert "ttft" in found.values
    assert found.utilisation < 0.85


# --- left out ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped() -> Row:
    """A shipped row whose hardware has other shipped rows of the same source only."""
    return next(
        found
        for found in shipped_table()
        if "llama_3_1_70b_h100_sxm" in found.id and found.load >= 32 and "tp4" in found.id
    )


def test_a_row_that_is_shipped_would_answer_for_itself(shipped: Row) -> None:
    leak = ShippedRowsProvider(rest=model_providers())
    found = judged(shipped, (leak, *model_providers()))
    assert found.prediction.provider == "measured"
    # Taken from itself and its neighbours, it is all but exact.
    assert found.ratio("throughput") == pytest.approx(1.0, abs=0.06)


def test_runs_of_the_rows_own_source_are_left_out(shipped: Row) -> None:
    found = judged(shipped, row_providers(shipped)).prediction
    assert found.provider == "profile"
    assert not any("inferencex" in source for source in found.source_ids)


def test_they_are_left_out_under_another_name_of_the_source(shipped: Row) -> None:
    renamed = replace(shipped, id="mine", source="InferenceMAX, copied")
    assert judged(renamed, row_providers(renamed)).prediction.provider == "profile"


def test_runs_of_other_sources_are_used(shipped: Row) -> None:
    own = replace(shipped, id="mine", source="my lab")
    found = judged(own, row_providers(own)).prediction
    assert found.provider == "measured"
    assert any("inferencex" in source for source in found.source_ids)


def test_without_measured_runs_none_is_used(shipped: Row) -> None:
    own = replace(shipped, id="mine", source="my lab")
    assert judged(own, model_providers()).prediction.provider == "profile"


# --- no prediction -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"engine": "sglang"}, "engine sglang: only vLLM is modelled"),
        ({"gpu": "MI300X"}, "MI300X: no such GPU in the accelerator table"),
        ({"gpu": "H100 NVL"}, "other memory, clocks and links"),
        ({"gpu": "RTX PRO 4500"}, "no data on the compute of RTX PRO 4500"),
        ({"model": "acme/New-1B"}, "acme/New-1B: no model card"),
        ({"precision": "int8"}, "precision int8"),
        ({"gpu_count": 8}, "8 GPUs with tensor parallel 1: not one replica"),
        ({"tensor_parallel_size": 3, "gpu_count": 3}, "attention heads do not divide by 3"),
    ],
)
def test_a_row_without_prediction_gets_the_reason(changes: dict[str, object], words: str) -> None:
    assert words in reason(row(**changes))


def test_one_output_token_has_no_time_per_further_one() -> None:
    found = judged(row(output_tokens=1.0)).prediction
    assert "tpot" not in found.values
    assert "one output token" in found.untrusted["tpot"]


def test_every_shipped_row_can_be_asked_for() -> None:
    from planner.serving.backtest import question_of

    assert [each.id for each in shipped_table() if isinstance(question_of(each), str)] == []
