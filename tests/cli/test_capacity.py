"""``planner capacity``: the serving answer alone, the same one that `recommend` stands on."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from planner.files import write_atomic, write_atomic_bytes
from planner.serving.profiles import (
    INDEX_NAME,
    SUFFIX,
    encode_profiles,
    index_text,
    packed,
    shipped_profiles,
)
from scripts.build_report_schemas import schema
from tests.serving.measured.files import vllm
from tests.support import CliResult

Run = Callable[..., CliResult]

LLAMA = "meta-llama/Llama-3.1-8B-Instruct"
LOAD = ("--input-tokens", "1000", "--output-tokens", "200")
LIMITS = ("--ttft-ms", "2000", "--tpot-ms", "100")


def capacity(run_cli: Run, *args: str | Path, model: str = LLAMA, code: int = 0) -> Any:
    command = ("capacity", model, *LOAD, *LIMITS, "--as-of", "2026-11-21", "-q", *args)
    result = run_cli(*command, "--format", "json")
    assert result.code == code, result.stderr
    report = result.json()
    problems = Draft202012Validator(schema("capacity")).iter_errors(report)
    assert [f"{error.json_path}: {error.message}" for error in problems] == []
    return report


def only(report: Any) -> Any:
    assert len(report["options"]) == 1
    return report["options"][0]


# --- one chain -----------------------------------------------------------------------------------


def test_it_is_the_capacity_that_recommend_stands_on(run_cli: Run, tmp_path: Path) -> None:
    scenario = tmp_path / "same.yaml"
    scenario.write_text(
        "version: 1\nid: same\n"
        "workload: {requests_per_day: 432000, input_tokens: 1000, output_tokens: 200}\n"
        "slo: {ttft_ms: 2000, tpot_ms: 100}\n"
        f"options: {{selfhost: [{{model: {LLAMA}, instance_types: [g6e.12xlarge],\n"
        "  tensor_parallel_sizes: [1], purchase: [on_demand]}]}\n",
        encoding="utf-8",
    )
    result = run_cli("recommend", scenario, "--format", "json", "-q", "--as-of", "2026-11-21")
    chosen = result.json()["options"][0]
    # 432,000 a day are 5 a second.
    flags = ("--instance", "g6e.12xlarge", "--tp", "1", "--requests-per-second", "5")
    found = only(capacity(run_cli, *flags))
    assert [found["requests_per_s_range"][key] for key in ("low", "expected", "high")] == [
        chosen["capacity"][key] for key in ("low_rps", "mid_rps", "high_rps")
    ]
    assert found["tpot_ms"] == chosen["capacity"]["tpot_ms"]
    assert found["source_ids"] == chosen["capacity"]["source_ids"]


def test_a_benchmark_file_of_ones_own_answers_first(run_cli: Run, tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_text(json.dumps(vllm()), encoding="utf-8")
    found = only(capacity(run_cli, "--instance", "g6e.xlarge", "--measured", file))
    assert found["provider"] == "measured"
    assert (found["band_low"], found["band_high"]) == (0.9, 1.1)


def test_a_benchmark_file_that_leaves_the_gpu_open_is_told_in_options(
    run_cli: Run, tmp_path: Path
) -> None:
    file = tmp_path / "run.json"
    file.write_text(json.dumps(vllm()), encoding="utf-8")
    result = run_cli("capacity", LLAMA, *LOAD, "--measured", file)
    assert result.code == 2
    assert "name instance types with one kind of GPU in --instance" in result.stderr


# --- prices and order ----------------------------------------------------------------------------


def test_the_price_per_token_is_that_of_an_instance_at_full_use(run_cli: Run) -> None:
    found = only(capacity(run_cli, "--instance", "g6e.12xlarge", "--tp", "1"))
    assert found["replicas_per_instance"] == 4
    # Tokens an hour: 4 replicas x rate x (1,000 + 200) x 3,600 s.
    for key, edge in (("low", "high"), ("expected", "expected"), ("high", "low")):
        millions = 4 * found["requests_per_s_range"][edge] * 1200 * 3600 / 1e6
        expected = float(found["usd_per_hour"]) / millions
        assert float(found["usd_per_1m_tokens_range"][key]) == pytest.approx(expected, rel=1e-9)
    assert found["usd_per_1m_tokens"] == found["usd_per_1m_tokens_range"]["expected"]
    assert found["instance_requests_per_s"] == pytest.approx(4 * found["requests_per_s"])
    assert found["output_tokens_per_s"] == pytest.approx(200 * found["requests_per_s"])


def test_the_cheapest_per_token_comes_first_and_the_infeasible_last(run_cli: Run) -> None:
    options = capacity(run_cli)["options"]
    feasible = [option for option in options if option["feasible"]]
    assert options[: len(feasible)] == feasible
    assert 0 < len(feasible) < len(options)
    prices = [Decimal(option["usd_per_1m_tokens"]) for option in feasible]
    assert prices == sorted(prices)
    assert all(option["reason"] for option in options[len(feasible) :])


def test_candidates_without_a_price_follow_those_with_one(run_cli: Run) -> None:
    report = capacity(run_cli, "--region", "eu-central-1")
    feasible = [option for option in report["options"] if option["feasible"]]
    known = [option["usd_per_hour"] is not None for option in feasible]
    assert known == sorted(known, reverse=True)
    for option in feasible:
        assert (option["usd_per_hour"] is None) == (option["usd_per_1m_tokens"] is None)
        assert option["usd_per_hour"] is not None or option["usd_per_hour_reason"]


def test_rates_keep_their_order(run_cli: Run) -> None:
    for option in capacity(run_cli)["options"]:
        if option["feasible"]:
            rates = option["requests_per_s_range"]
            assert 0 < rates["low"] <= rates["expected"] <= rates["high"]
            assert rates["expected"] <= option["saturated_requests_per_s"]


# --- what cannot serve ---------------------------------------------------------------------------


def test_weights_that_do_not_fit_say_so_with_the_figures(run_cli: Run) -> None:
    report = capacity(
        run_cli, "--instance", "g6e.xlarge", model="meta-llama/Llama-3.1-70B-Instruct", code=1
    )
    found = only(report)
    assert found["requests_per_s"] is None
    # 70.6e9 parameters at 2 bytes; 0.9 x 45,776 MiB.
    assert "weights 141.1 GB" in found["reason"]
    assert "43.2 GB usable (0.9 x 45,776 MiB)" in found["reason"]


def test_a_limit_that_nothing_keeps_is_named(run_cli: Run) -> None:
    report = capacity(run_cli, "--instance", "g6e.xlarge", "--set", "slo.tpot_ms=1", code=1)
    assert "TPOT p95" in only(report)["reason"]
    assert "> 1 ms" in only(report)["reason"]


def test_ttft_near_saturation_is_not_predicted(run_cli: Run) -> None:
    args = ("--instance", "p5.48xlarge", "--tp", "1", "--set", "slo={max_utilisation: 0.97}")
    found = only(capacity(run_cli, *args))
    assert found["ttft_ms"] is None
    assert "not predicted at 97 %" in found["ttft_reason"]
    text = run_cli("capacity", LLAMA, *LOAD, *args, "-q").stdout
    assert "not predicted" in text


def test_ttft_within_the_usual_headroom_is_predicted(run_cli: Run) -> None:
    found = only(capacity(run_cli, "--instance", "p5.48xlarge", "--tp", "1"))
    assert 0 < found["ttft_ms"] <= 2000
    assert found["ttft_reason"] is None


# --- a fleet -------------------------------------------------------------------------------------


def test_a_rate_is_held_at_its_peak_with_a_spare(run_cli: Run) -> None:
    args = ("--instance", "g6e.12xlarge", "--tp", "1", "--requests-per-second", "20")
    found = only(capacity(run_cli, *args, "--peak-to-mean", "2", "--burst", "1.5"))
    replicas = math.ceil(20 * 2 * 1.5 / found["requests_per_s_range"]["low"]) + 1
    assert found["replicas"] == replicas
    assert found["instances"] == math.ceil(replicas / 4)
    per_hour = Decimal(found["usd_per_hour"])
    assert Decimal(found["usd_per_hour_of_instances"]) == per_hour * found["instances"]


def test_redundancy_none_leaves_the_spare_out_and_zones_asks_for_two_machines(
    run_cli: Run,
) -> None:
    args = ("--instance", "p5.48xlarge", "--tp", "1", "--requests-per-second", "1")
    fleets = {
        kind: only(capacity(run_cli, *args, "--redundancy", kind))
        for kind in ("none", "n_plus_1", "zones")
    }
    assert [fleets[kind]["replicas"] for kind in fleets] == [1, 2, 2]
    assert [fleets[kind]["instances"] for kind in fleets] == [1, 1, 2]


def test_what_shapes_a_fleet_is_refused_without_a_rate(run_cli: Run) -> None:
    args = ("--input-tokens", "1000", "--output-tokens", "200", "--peak-to-mean", "2")
    result = run_cli("capacity", "meta-llama/Llama-3.1-8B-Instruct", *args, "--burst", "2")
    assert result.code == 2
    said = "--peak-to-mean, --burst shapes a fleet, and there is none without a rate"
    assert said in result.stderr.replace("\n", " ")


def test_without_a_rate_there_is_no_fleet(run_cli: Run) -> None:
    report = capacity(run_cli, "--instance", "g6e.xlarge")
    assert (only(report)["replicas"], only(report)["instances"]) == (None, None)
    assert report["question"]["requests_per_s"] is None
    paths = [each["path"] for each in report["assumptions"]]
    assert not [path for path in paths if path.startswith("workload.traffic")]


def test_prices_are_dated_by_the_rows_in_use(run_cli: Run, root: Path) -> None:
    report = capacity(run_cli, "--instance", "g6e.xlarge")
    snapshot = json.loads((root / "planner/catalog/data/prices.json").read_text(encoding="utf-8"))
    row = next(
        row
        for row in snapshot["rows"]
        if (row["region"], row["item"], row["purchase"]) == ("us-east-1", "g6e.xlarge", "on_demand")
    )
    days = [report["prices"][f"{end}_observed"] for end in ("oldest", "newest")]
    assert days == [row["observed"]] * 2


# --- models and profiles of one's own ------------------------------------------------------------


def _config(folder: Path, root: Path, **changes: Any) -> Path:
    """The config.json of Llama 3.1 8B in ``folder``."""
    known = json.loads((root / "scripts/data/model_configs.json").read_text(encoding="utf-8"))
    config = known["configs"]["meta-llama--Meta-Llama-3.1-8B"] | changes
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def test_a_model_of_ones_own_is_counted_from_its_config(
    run_cli: Run, tmp_path: Path, root: Path
) -> None:
    folder = _config(tmp_path / "mine", root)
    args = ("--instance", "g6e.xlarge", "--tp", "1")
    own = only(capacity(run_cli, *args, "--config", folder, model="acme/mine"))
    known = only(capacity(run_cli, *args))
    assert own["provider"] == "roofline"
    for key in ("weights_bytes_per_gpu", "kv_cache_tokens", "precision"):
        assert own[key] == known[key]


def test_a_folder_alone_names_the_model(run_cli: Run, tmp_path: Path, root: Path) -> None:
    folder = _config(tmp_path / "mine", root)
    args = ("capacity", *LOAD, "--config", folder, "--instance", "g6e.xlarge", "--format", "json")
    result = run_cli(*args, "-q")
    assert result.json()["question"]["model"] == "mine"


def test_a_config_of_an_unknown_type_is_refused(run_cli: Run, tmp_path: Path, root: Path) -> None:
    folder = _config(tmp_path / "mine", root, model_type="perceiver")
    result = run_cli("capacity", *LOAD, "--config", folder)
    assert result.code == 2
    assert "perceiver" in result.stderr


def _own_profiles(folder: Path, model: str) -> Path:
    """Llama 3.1 8B's profiles under another id, every step twice as long."""
    shipped = shipped_profiles().file(["llama-3.1-8b"])
    assert shipped is not None
    slower = [
        replace(
            profile,
            decode_ms=tuple(tuple(2 * ms for ms in row) for row in profile.decode_ms),
            prefill_ms=tuple(tuple(2 * ms for ms in row) for row in profile.prefill_ms),
        )
        for profile in (shipped.profile(key) for key in shipped.keys if key.accelerator == "L40S")
    ]
    text = encode_profiles(
        stem="mine",
        models=[model],
        facts=shipped.facts,
        source=shipped.source,
        rejected=(),
        profiles=slower,
    )
    folder.mkdir()
    write_atomic_bytes(folder / f"mine{SUFFIX}", packed(text))
    write_atomic(folder / INDEX_NAME, index_text(folder))
    return folder


def test_profiles_of_ones_own_serve_a_model_of_ones_own(
    run_cli: Run, tmp_path: Path, root: Path
) -> None:
    args = ("--config", _config(tmp_path / "mine", root), "--instance", "g6e.xlarge", "--tp", "1")
    profiles = _own_profiles(tmp_path / "profiles", "acme/mine")
    found = only(capacity(run_cli, *args, "--profiles", profiles, model="acme/mine"))
    assert found["provider"] == "profile"
    assert found["source_ids"][0].startswith("mine/L40S/bf16/")


def test_profiles_of_ones_own_are_asked_before_the_shipped_ones(
    run_cli: Run, tmp_path: Path
) -> None:
    args = ("--instance", "g6e.xlarge,p5.48xlarge", "--tp", "1")
    profiles = _own_profiles(tmp_path / "profiles", LLAMA)
    before = {o["instance_type"]: o for o in capacity(run_cli, *args)["options"]}
    after = {
        o["instance_type"]: o for o in capacity(run_cli, *args, "--profiles", profiles)["options"]
    }
    mine, shipped = after["g6e.xlarge"], before["g6e.xlarge"]
    assert mine["source_ids"][0].startswith("mine/L40S/")
    assert 0.3 < mine["saturated_requests_per_s"] / shipped["saturated_requests_per_s"] < 0.7
    # Where the folder says nothing, the shipped ones still answer.
    assert after["p5.48xlarge"] == before["p5.48xlarge"]


def test_a_scenario_names_both_folders_relative_to_itself(
    run_cli: Run, tmp_path: Path, root: Path
) -> None:
    folder = tmp_path / "deep"
    folder.mkdir()
    _config(folder / "mine", root)
    _own_profiles(folder / "profiles", "acme/mine")
    scenario = folder / "own.yaml"
    scenario.write_text(
        "version: 1\nid: own\n"
        "workload: {requests_per_day: 500000, input_tokens: 1000, output_tokens: 200}\n"
        "slo: {ttft_ms: 5000, tpot_ms: 200}\n"
        "options: {selfhost: [{model: acme/mine, config: mine, profiles: profiles,\n"
        "  instance_types: [g6e.xlarge], purchase: [on_demand]}]}\n",
        encoding="utf-8",
    )
    result = run_cli("recommend", scenario, "--format", "json", "-q", "--as-of", "2026-11-21")
    assert result.code == 0, result.stderr
    capacity = result.json()["options"][0]["capacity"]
    assert capacity["provider"] == "profile"
    assert capacity["source_ids"][0].startswith("mine/L40S/bf16/")


def test_a_folder_without_profiles_is_refused(run_cli: Run, tmp_path: Path) -> None:
    result = run_cli("capacity", LLAMA, *LOAD, "--profiles", tmp_path)
    assert result.code == 2
    assert "no index.json in it" in result.stderr


# --- input ---------------------------------------------------------------------------------------


def test_every_problem_is_told_at_once_with_its_option(run_cli: Run) -> None:
    result = run_cli(
        *("capacity", "openai/gpt-oss-12b", "--instance", "g6e.xlrge,p5.48xlarge", "--tp", "3"),
        *("--input-tokens", "-5", "--output-tokens", "1,000", "--region", "us-est-1"),
        *("--requests-per-second", "-3", "--measured", "nofile", "--set", "slo.foo=3"),
    )
    assert result.code == 2
    assert result.stdout == ""
    heads = {line.partition(": error: ")[0] for line in result.stderr.splitlines()[:-1]}
    assert heads == {
        "MODEL",
        "--instance",
        "--tp",
        "--input-tokens",
        "--output-tokens",
        "--region",
        "--requests-per-second",
        "--measured",
        "--set slo.foo=3",
    }
    assert "did you mean `openai/gpt-oss-120b`?" in result.stderr
    assert "did you mean `g6e.xlarge`?" in result.stderr
    assert "must be above 0, got -3" in result.stderr
    assert result.stderr.splitlines()[-1] == "9 problems"


def test_a_model_has_to_be_named(run_cli: Run) -> None:
    result = run_cli("capacity", *LOAD)
    assert result.code == 2
    assert "no model is named" in result.stderr


def test_any_field_of_a_scenario_can_be_set(run_cli: Run) -> None:
    spread = capacity(
        run_cli, "--instance", "g6e.xlarge", "--set", "workload.input_tokens={mean: 1000, cv: 1.2}"
    )
    assert spread["question"]["input_tokens_p95"] > 2000
    lines = {each["path"]: each["written_at"] for each in spread["assumptions"]}
    assert lines["workload.input_tokens"] == "--set workload.input_tokens"
    assert lines["workload.output_tokens"] == "--output-tokens"


# --- forms ---------------------------------------------------------------------------------------


def test_the_table_says_what_full_use_means_and_shows_one_size_of_each_gpu(run_cli: Run) -> None:
    text = run_cli("capacity", LLAMA, *LOAD, *LIMITS, "-q").stdout
    assert "no spare, no idle hours" in text.replace("\n", " ")
    assert "serves meta-llama/Llama-3.1-8B-Instruct inside TTFT p95 2,000 ms" in text
    assert "\ng6e.xlarge tp1" in text
    assert "\ng6e.2xlarge tp1" not in text
    wide = run_cli("capacity", LLAMA, *LOAD, *LIMITS, "-q", "--wide").stdout
    assert "\ng6e.2xlarge tp1" in wide


def test_csv_has_a_row_for_every_candidate(run_cli: Run) -> None:
    args = ("capacity", LLAMA, *LOAD, "--instance", "g6e.xlarge,g6e.12xlarge", "-q", "--format")
    rows = list(csv.DictReader(io.StringIO(run_cli(*args, "csv").stdout)))
    options = run_cli(*args, "json").json()["options"]
    assert [(row["instance_type"], row["tensor_parallel_size"]) for row in rows] == [
        (option["instance_type"], str(option["tensor_parallel_size"])) for option in options
    ]
    assert rows[0]["usd_per_1m_tokens_high"] == options[0]["usd_per_1m_tokens_range"]["high"]


def test_markdown_has_the_same_table(run_cli: Run) -> None:
    args = ("capacity", LLAMA, *LOAD, "--instance", "g6e.xlarge", "-q", "--format", "markdown")
    text = run_cli(*args).stdout
    assert "## What one replica serves" in text
    assert "| g6e.xlarge tp1 |" in text


def test_old_prices_end_with_3_after_the_result(run_cli: Run) -> None:
    args = ("capacity", LLAMA, *LOAD, "--instance", "g6e.xlarge", "--as-of", "2029-01-01")
    result = run_cli(*args, "--max-price-age", "30")
    assert result.code == 3
    assert "g6e.xlarge tp1" in result.stdout
