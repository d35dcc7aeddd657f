"""``planner recommend`` with a benchmark file in the scenario."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.serving.measured.files import vllm
from tests.support import CliResult

Run = Callable[..., CliResult]


def _scenario(folder: Path, *lines: str) -> Path:
    """Half a million requests a day for an 8B model on one kind of GPU."""
    path = folder / "own.yaml"
    path.write_text(
        "version: 1\nid: own\n"
        "workload: {requests_per_day: 500000, input_tokens: 1000, output_tokens: 200}\n"
        "slo: {ttft_ms: 5000, tpot_ms: 200}\n"
        "options:\n  selfhost:\n"
        "    - model: meta-llama/Llama-3.1-8B-Instruct\n"
        "      instance_types: [g6e.xlarge]\n      purchase: [on_demand]\n"
        + "".join(f"      {line}\n" for line in lines),
        encoding="utf-8",
    )
    return path


def _option(run_cli: Run, path: Path) -> Any:
    result = run_cli("recommend", path, "--format", "json", "-q", "--as-of", "2026-11-21")
    assert result.code == 0, result.stderr
    return result.json()["options"][0]


def test_the_capacity_is_that_of_the_file_beside_the_scenario(
    run_cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "deep"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    modelled = _option(run_cli, _scenario(folder))
    assert modelled["provider_of_capacity"] == "profile"
    own = _scenario(folder, "measured: run.json")
    instances: list[int] = []
    for tokens_per_s in (1200.0, 600.0):
        content = json.dumps(vllm(output_throughput=tokens_per_s))
        (folder / "run.json").write_text(content, encoding="utf-8")
        measured = _option(run_cli, own)
        assert measured["provider_of_capacity"] == "measured"
        instances.append(measured["instances"])
    # Half the measured throughput needs about twice the machines.
    assert 1.6 <= instances[1] / instances[0] <= 2.4


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"some": "log"}, "run.json: not a result of"),
        (vllm(model_id="Qwen/Qwen3-8B"), "run.json: is of Qwen/Qwen3-8B"),
    ],
)
def test_a_file_that_does_not_fit_ends_with_exit_2(
    run_cli: Run, tmp_path: Path, content: dict[str, Any], words: str
) -> None:
    (tmp_path / "run.json").write_text(json.dumps(content), encoding="utf-8")
    result = run_cli("recommend", _scenario(tmp_path, "measured: run.json"), "-q")
    assert result.code == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr
