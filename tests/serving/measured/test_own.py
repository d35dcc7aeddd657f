"""The user's own file: whose run it is, and the capacity that follows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from planner.catalog.hardware import accelerators
from planner.catalog.types import InstanceType
from planner.errors import InputError
from planner.scenario.options import SelfHostOption
from planner.serving.calibration import Band
from planner.serving.measured.own import OwnRunsProvider, own_runs_provider
from planner.serving.measured.replay import replay
from planner.serving.measured.scale import run_replica
from planner.serving.search import serving_options
from planner.serving.types import ServingOption
from tests.serving.measured.files import vllm
from tests.serving.measured.support import Linear, question
from tests.serving.support import card, demand, instance, option, slo

_H100 = instance("p5.4xlarge", "H100", 1)
_H100_8 = instance("p5.48xlarge", "H100", 8)
_L40S = instance("g6e.xlarge", "L40S", 1)


def _provider(
    folder: Path,
    content: Any,
    subject: SelfHostOption | None = None,
    instances: tuple[InstanceType, ...] = (_H100,),
) -> OwnRunsProvider:
    path = folder / "run.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    subject = subject or option(measured="run.json")
    return own_runs_provider(
        subject,
        card(subject.model),
        path,
        instances=instances,
        accelerators=accelerators(),
        rest=(Linear(),),
    )


def _refused(folder: Path, content: Any, **given: Any) -> str:
    with pytest.raises(InputError) as caught:
        _provider(folder, content, **given)
    return caught.value.message


def test_the_run_answers_with_its_band_and_name(tmp_path: Path) -> None:
    found = _provider(tmp_path, vllm()).answer(question())
    assert found is not None
    assert (found.provider, found.source_ids) == ("measured", ("run.json",))
    assert found.band == Band(low=0.90, high=1.10)
    assert not any("rescaled" in text for text in found.warnings)


def test_the_answer_reproduces_the_run(tmp_path: Path) -> None:
    provider = _provider(tmp_path, vllm())
    found = provider.answer(question())
    assert found is not None
    (made,) = provider.runs
    replica = run_replica(question(), found.steps, made, provider.limits)
    assert replay(replica, made).output_tokens_per_s == pytest.approx(2000.0, rel=0.01)


def test_other_lengths_are_rescaled_by_the_next_provider(tmp_path: Path) -> None:
    provider = _provider(tmp_path, vllm())
    asked = question(input_tokens=2000.0, output_tokens=400.0)
    found, base = provider.answer(asked), Linear().answer(asked)
    assert found is not None
    assert base is not None
    assert any(
        "measured at 1,000 + 200 tokens, the workload has 2,000 + 400" in text
        for text in found.warnings
    )
    # Measured ÷ predicted at the run's lengths is measured ÷ predicted at the workload's.
    (made,) = provider.runs
    longer = replace(made, input_tokens=2000.0, output_tokens=400.0)
    at_run = replay(run_replica(question(), base.steps, made), made)
    plain = replay(run_replica(asked, base.steps, longer), longer)
    scaled = replay(run_replica(asked, found.steps, longer), longer)
    assert scaled.output_tokens_per_s / plain.output_tokens_per_s == pytest.approx(
        2000.0 / at_run.output_tokens_per_s, rel=0.02
    )


def test_other_gpus_and_degrees_are_left_to_the_next_provider(tmp_path: Path) -> None:
    provider = _provider(tmp_path, vllm())
    assert provider.answer(question(accelerator="L40S")) is None
    assert provider.answer(question(tensor_parallel_size=2)) is None


def test_a_run_with_ramp_is_warned_of_and_may_be_faster(tmp_path: Path) -> None:
    found = _provider(tmp_path, vllm(duration=20.0)).answer(question())
    assert found is not None
    assert found.band == Band(low=0.90, high=1.35)
    assert any("biased low" in text for text in found.warnings)


def test_runs_that_do_not_count_are_named(tmp_path: Path) -> None:
    found = _provider(tmp_path, [vllm(), vllm(completed=5)]).answer(question())
    assert found is not None
    assert found.warnings[-1] == "run.json [1]: 5 requests completed, fewer than 200"


def test_a_run_that_no_engine_can_do_is_an_error(tmp_path: Path) -> None:
    provider = _provider(tmp_path, vllm(max_concurrency=1, output_throughput=9000.0))
    with pytest.raises(InputError, match=r"run\.json: the run cannot be used"):
        provider.answer(question())


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        ("meta-llama/Llama-3.1-8B", {}),
        ("/models/llama-3.1-8b-instruct", {}),
        ("meta-llama/Meta-Llama-3.1-8B-Instruct", {}),
        ("RedHatAI/Meta-Llama-3.1-8B-Instruct-FP8", {"precision": "fp8"}),
    ],
)
def test_names_of_the_same_model(tmp_path: Path, model: str, changes: dict[str, Any]) -> None:
    subject = option(measured="run.json", **changes)
    assert _provider(tmp_path, vllm(model_id=model), subject).runs


@pytest.mark.parametrize("model", ["Qwen/Qwen3-8B", "RedHatAI/Meta-Llama-3.1-8B-Instruct-FP8"])
def test_another_model_is_an_error(tmp_path: Path, model: str) -> None:
    message = _refused(tmp_path, vllm(model_id=model))
    assert f"is of {model}, but the option serves meta-llama/Llama-3.1-8B" in message


def test_a_choice_of_gpus_is_an_error(tmp_path: Path) -> None:
    message = _refused(tmp_path, vllm(), instances=(_H100, _L40S))
    assert "the option leaves any of H100, L40S; name instance types" in message
    subject = option(measured="run.json", instance_types=["p5.4xlarge"])
    assert _provider(tmp_path, vllm(), subject, (_H100, _L40S)).runs[0].accelerator == "H100"
    subject = option(measured="run.json", instance_types=["p9.huge"])
    assert "no GPU that can serve" in _refused(tmp_path, vllm(), subject=subject)


def test_a_choice_of_degrees_is_an_error(tmp_path: Path) -> None:
    message = _refused(tmp_path, vllm(), instances=(_H100_8,))
    assert "says nothing of tensor parallelism" in message
    assert _provider(tmp_path, vllm(tp="4"), None, (_H100_8,)).runs[0].tensor_parallel_size == 4
    subject = option(measured="run.json", tensor_parallel_sizes=[2])
    assert _provider(tmp_path, vllm(), subject, (_H100_8,)).runs[0].tensor_parallel_size == 2


def test_a_degree_the_option_does_not_consider_is_an_error(tmp_path: Path) -> None:
    subject = option(measured="run.json", tensor_parallel_sizes=[1, 2])
    message = _refused(tmp_path, vllm(tp="4"), subject=subject, instances=(_H100_8,))
    assert "measured with tensor parallel 4, which the option does not consider" in message


def _search(folder: Path, content: Any) -> ServingOption:
    path = folder / "run.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    subject = option(measured="run.json")
    return serving_options(
        subject,
        demand(),
        slo(5000, 200),
        "us-east-1",
        instances=(_H100,),
        accelerators=accelerators(),
        card=card(),
        measured=path,
    )[0]


def test_the_search_stands_on_the_run(tmp_path: Path) -> None:
    slow, fast = (
        _search(tmp_path, vllm(output_throughput=tokens)).capacity for tokens in (1000.0, 2000.0)
    )
    assert slow is not None
    assert fast is not None
    assert slow.provider == fast.provider == "measured"
    assert slow.source_ids == ("run.json",)
    assert (slow.band_low, slow.band_high) == (0.90, 1.10)
    assert 1.7 < fast.mid_rps / slow.mid_rps < 2.2
