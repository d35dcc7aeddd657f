"""Benchmark files of each tool: what is read, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from planner.errors import InputError
from planner.serving.measured.forms import RawRun
from planner.serving.measured.userfile import has_ramp, read_benchmark
from tests.serving.measured.files import LLAMA, aiperf, guidellm, guidellm_run, vllm


def _write(folder: Path, content: Any, name: str = "run.json") -> Path:
    path = folder / name
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text, encoding="utf-8")
    return path


def _read(folder: Path, content: Any) -> RawRun:
    (run,) = read_benchmark(_write(folder, content), "run.json").runs
    return run


def _refused(folder: Path, content: Any) -> str:
    with pytest.raises(InputError) as caught:
        read_benchmark(_write(folder, content), "run.json")
    return caught.value.message


@pytest.mark.parametrize(
    "content",
    [vllm(), aiperf(), guidellm(), guidellm(version=2)],
    ids=["vllm", "aiperf", "guidellm-1", "guidellm-2"],
)
def test_each_form_gives_the_same_run(tmp_path: Path, content: dict[str, Any]) -> None:
    run = _read(tmp_path, content)
    assert run.model == LLAMA
    assert (run.completed, run.failed, run.duration_s) == (1000, 0, 100)
    assert (run.input_tokens, run.output_tokens) == (1000, 200)
    assert run.output_tokens_per_s == 2000
    # GuideLLM's time_per_output_token_ms counts the first token in; its ITL does not.
    assert run.tpot_ms == 30
    assert (run.load_kind, run.load) == ("closed", 64)
    # vLLM: 400 + 30·199 ms; the others say 6,400 ms.
    assert run.latency_ms == pytest.approx(6370 if "model_id" in content else 6400)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"request_rate": 10.2, "max_concurrency": None}, ("open", 10.2)),
        # Kept up with: the arrivals are the load, the bound in flight was none.
        ({"request_rate": 10.2}, ("open", 10.2)),
        # 10 of 20 requests/s came out: the bound in flight is the load.
        ({"request_rate": 20.0}, ("closed", 64)),
        ({"max_concurrency": None}, ("burst", 1000)),
        ({"max_concurrency": None, "request_rate": float("inf")}, ("burst", 1000)),
        ({"max_concurrency": 5000}, ("closed", 1000)),
    ],
)
def test_load_of_vllm_runs(
    tmp_path: Path, changes: dict[str, Any], expected: tuple[str, float]
) -> None:
    run = _read(tmp_path, vllm(**changes))
    assert (run.load_kind, run.load) == expected


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ({"type_": "synchronous"}, ("closed", 1)),
        ({"type_": "poisson", "rate": 10.1}, ("open", 10.1)),
        ({"kind": "constant", "rate": 10.1}, ("open", 10.1)),
        ({"type_": "concurrent", "max_concurrency": 16}, ("closed", 16)),
        # Nothing bounds it: what was in flight on average.
        ({"type_": "throughput"}, ("closed", 61.5)),
    ],
)
def test_load_of_guidellm_runs(
    tmp_path: Path, strategy: dict[str, Any], expected: tuple[str, float]
) -> None:
    run = _read(tmp_path, guidellm(guidellm_run(strategy)))
    assert (run.load_kind, run.load) == expected


def test_load_of_aiperf_runs(tmp_path: Path) -> None:
    config = {"endpoint": {"model_names": [LLAMA]}, "loadgen": {"request_rate": 10.2}}
    run = _read(tmp_path, aiperf(input_config=config))
    assert (run.load_kind, run.load) == ("open", 10.2)
    # Newer files have the model elsewhere and no load: 10 requests/s · 6.4 s are in flight.
    run = _read(tmp_path, aiperf(input_config={"models": {"items": [{"name": LLAMA}]}}))
    assert (run.load_kind, run.load, run.model) == ("closed", 64, LLAMA)


def test_units_of_aiperf_are_read(tmp_path: Path) -> None:
    run = _read(tmp_path, aiperf(inter_token_latency={"unit": "us", "avg": 30_000.0}))
    assert run.tpot_ms == pytest.approx(30)
    message = _refused(tmp_path, aiperf(inter_token_latency={"unit": "jiffies", "avg": 3.0}))
    assert "`inter_token_latency.unit` is 'jiffies'" in message


def test_degree_of_vllm_metadata(tmp_path: Path) -> None:
    assert _read(tmp_path, vllm(tensor_parallel_size="2")).tensor_parallel_size == 2
    assert _read(tmp_path, vllm()).tensor_parallel_size is None
    assert "`tensor_parallel_size`" in _refused(tmp_path, vllm(tp="two"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (vllm(completed=199), "199 requests completed, fewer than 200"),
        (vllm(completed=980, failed=20), "2.0 % of the requests failed, more than 1 %"),
        # Files before `failed`: what was sent and did not complete.
        ({k: v for k, v in vllm(completed=980).items() if k != "failed"}, "2.0 % of the requests"),
        (aiperf(error_request_count={"unit": "requests", "avg": 11.0}), "1.1 % of the requests"),
        (guidellm(guidellm_run(completed=150)), "benchmarks[0]: 150 requests completed"),
        (guidellm(guidellm_run(errored=100)), "9.1 % of the requests failed"),
        (vllm(request_rate=10.0, mean_tpot_ms=None, median_tpot_ms=None), "no time per output"),
        (vllm(total_output_tokens=1000), "are no generation"),
    ],
)
def test_runs_that_do_not_count(tmp_path: Path, content: dict[str, Any], words: str) -> None:
    message = _refused(tmp_path, content)
    assert message.startswith("run.json: no run in it can be used: ")
    assert words in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "run.json: not JSON"),
        ("[1, 2", "run.json: not JSON (line 1"),
        ("[" * 100_000, "run.json: not JSON"),
        ("{}\nnope", "run.json: line 2 is not JSON"),
        ("[]", "run.json: holds no benchmark run"),
        ("[3]", "run.json: not a result of `vllm bench serve`"),
        ({"tokens": 5}, "run.json: not a result of `vllm bench serve`, AIPerf"),
        (vllm(duration="long"), "run.json: `duration` must be a number, got 'long'"),
        (vllm(duration=0), "run.json: `duration` is 0; it must be above 0"),
        (vllm(output_throughput=float("nan")), "run.json: `output_throughput` is nan"),
        (vllm(completed=True), "run.json: `completed` must be a number"),
        (vllm(total_input_tokens=None), "run.json: `total_input_tokens` is missing"),
        (vllm(model_id=7), "run.json: `model_id` must be a text"),
        (aiperf(schema_version="2.0"), "`schema_version` '2.0' of AIPerf is not known"),
        (aiperf(request_count=None), "run.json: `request_count.avg` is missing"),
        (
            aiperf(input_config={"endpoint": {"model_names": ["a", "b"]}}),
            "a run of several models",
        ),
        (guidellm(version=3), "`metadata.version` of the GuideLLM report is 3 (GuideLLM 0.6.0)"),
        ({"benchmarks": []}, "`metadata.version` of the GuideLLM report is None"),
        (guidellm({"metrics": {}}), "run.json benchmarks[0]: "),
    ],
)
def test_unreadable_files_are_named_with_the_field(
    tmp_path: Path, content: Any, words: str
) -> None:
    assert words in _refused(tmp_path, content)


def test_several_runs_in_one_file(tmp_path: Path) -> None:
    runs = [vllm(), vllm(max_concurrency=8), vllm(completed=5)]
    as_list = read_benchmark(_write(tmp_path, runs), "run.json")
    lines = "\n".join(json.dumps(run) for run in runs) + "\n"
    as_lines = read_benchmark(_write(tmp_path, lines), "run.json")
    assert as_list == as_lines
    assert [run.load for run in as_list.runs] == [64, 8]
    assert as_list.refused == ("run.json [2]: 5 requests completed, fewer than 200",)


def test_a_folder_of_results(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    _write(tmp_path, vllm(), "a.json")
    _write(tmp_path / "deep", aiperf(), "profile_export_aiperf.json")
    # AIPerf writes its prompts beside the result.
    _write(tmp_path / "deep", {"data": []}, "inputs.json")
    runs = read_benchmark(tmp_path, "runs").runs
    assert [run.where for run in runs] == ["runs/a.json", "runs/deep/profile_export_aiperf.json"]
    with pytest.raises(InputError, match="holds no benchmark run"):
        read_benchmark(_empty(tmp_path), "runs")


def _empty(folder: Path) -> Path:
    path = folder / "empty"
    path.mkdir()
    return path


def test_ramp_is_ten_mean_latencies(tmp_path: Path) -> None:
    # Latency 400 + 30·199 = 6,370 ms.
    assert not has_ramp(_read(tmp_path, vllm(duration=63.8)))
    assert has_ramp(_read(tmp_path, vllm(duration=63.6)))
    assert has_ramp(_read(tmp_path, vllm(max_concurrency=None)))
