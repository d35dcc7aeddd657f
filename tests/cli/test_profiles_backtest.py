"""`planner profiles backtest`: what it prints, writes and returns."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.serving.backtest.support import file_of, line
from tests.support import CliResult

Run = Callable[..., CliResult]
_SCORE = {
    "n",
    "median_abs_error_pct",
    "mape_pct",
    "bias_pct",
    "in_band_share",
    "median_band_ratio",
}


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Two rows with a prediction, one without."""
    path = tmp_path / "rows.csv"
    path.write_text(
        file_of(
            line(),
            line(id="b", gpu="L4", load_value="4", out_tok_s="60"),
            line(id="c", gpu="MI300X"),
        ),
        encoding="utf-8",
    )
    return path


def test_json_has_the_scores_by_figure(run_cli: Run, rows: Path) -> None:
    result = run_cli("profiles", "backtest", rows, "--format", "json")
    assert result.code == 0
    found = result.json()
    assert found["rows"] == 3
    assert set(found["summary"]) == {"throughput", "tpot", "ttft"}
    for scores in found["summary"].values():
        assert set(scores) == _SCORE
    assert found["summary"]["throughput"]["n"] == 2


def test_json_names_rows_without_a_prediction(run_cli: Run, rows: Path) -> None:
    found = run_cli("profiles", "backtest", rows, "--format", "json").json()
    assert found["unpredicted"] == [
        {"id": "c", "line": 4, "reason": "MI300X: no such GPU in the accelerator table"}
    ]


def test_json_has_every_kind_of_slice(run_cli: Run, rows: Path) -> None:
    found = run_cli("profiles", "backtest", rows, "--format", "json").json()
    assert {each["dimension"] for each in found["slices"]} >= {
        "source",
        "gpu",
        "model_kind",
        "precision",
        "load",
        "provider",
    }
    gpus = {each["value"]: each for each in found["slices"] if each["dimension"] == "gpu"}
    assert (gpus["H100"]["throughput"]["n"], gpus["L4"]["tpot"]["n"]) == (1, 1)


def test_the_error_in_json_is_that_of_the_rows(run_cli: Run, rows: Path, tmp_path: Path) -> None:
    out = tmp_path / "judged.csv"
    result = run_cli("profiles", "backtest", rows, "--format", "json", "--out", out)
    with out.open(encoding="utf-8", newline="") as handle:
        lines = list(csv.DictReader(handle))
    errors = [
        float(raw["throughput_predicted"]) / float(raw["throughput_measured"]) - 1
        for raw in lines
        if raw["throughput_predicted"]
    ]
    mape = sum(map(abs, errors)) / len(errors) * 100
    assert result.json()["summary"]["throughput"]["mape_pct"] == pytest.approx(mape, abs=0.01)


def test_out_has_one_line_a_row_in_the_order_of_the_file(
    run_cli: Run, rows: Path, tmp_path: Path
) -> None:
    out = tmp_path / "judged.csv"
    result = run_cli("profiles", "backtest", rows, "--out", out)
    assert "3 rows" in result.stderr
    with out.open(encoding="utf-8", newline="") as handle:
        lines = list(csv.DictReader(handle))
    assert [raw["id"] for raw in lines] == ["a", "b", "c"]
    assert [raw["provider"] for raw in lines] == ["profile", "roofline", ""]
    assert lines[2]["reason"] == "MI300X: no such GPU in the accelerator table"
    first = lines[0]
    low, high = float(first["throughput_low"]), float(first["throughput_high"])
    assert low < float(first["throughput_predicted"]) < high
    assert first["throughput_in_band"] == str(low <= 1500 <= high).lower()
    assert "sha256" in first["source_ids"]


def test_the_table_says_what_to_know(run_cli: Run, rows: Path) -> None:
    result = run_cli("profiles", "backtest", rows)
    text = " ".join(result.stdout.split())
    assert "2 of 3 rows have a prediction" in text
    assert "measured runs of a row's own source" in text
    assert "MI300X" in result.stdout


def test_markdown_has_the_same_tables(run_cli: Run, rows: Path) -> None:
    result = run_cli("profiles", "backtest", rows, "--format", "markdown")
    assert result.stdout.startswith("# Predictions against measured runs")
    assert "## Throughput by slice" in result.stdout


def test_measured_runs_can_be_left_out(run_cli: Run, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    # Shipped runs of InferenceX are of that model, precision, GPU and degree.
    own = line(
        model="meta-llama/Llama-3.3-70B-Instruct",
        precision="fp8",
        tp="4",
        isl="922",
        osl="922",
        load_value="64",
        out_tok_s="2500",
    )
    path.write_text(file_of(own), encoding="utf-8")
    providers = [
        {each["value"] for each in found["slices"] if each["dimension"] == "provider"}
        for found in (
            run_cli("profiles", "backtest", path, "--format", "json").json(),
            run_cli("profiles", "backtest", path, "--format", "json", "--exclude-measured").json(),
        )
    ]
    assert providers == [{"measured"}, {"profile"}]


def test_a_poisson_stream_that_was_kept_up_with_is_said_to_tell_nothing(
    run_cli: Run, tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    stream = line(load_kind="poisson_rps", load_value="2", out_tok_s="400")
    path.write_text(file_of(stream), encoding="utf-8")
    found = run_cli("profiles", "backtest", path, "--format", "json").json()
    assert found["summary"]["throughput"]["n"] == 0
    assert found["summary"]["tpot"]["n"] == 1
    assert any("kept up" in note for note in found["notes"])


def test_bad_rows_are_all_named_and_nothing_is_written(run_cli: Run, tmp_path: Path) -> None:
    path, out = tmp_path / "rows.csv", tmp_path / "judged.csv"
    path.write_text(file_of(line(isl="x"), line(id="b", tp="0")), encoding="utf-8")
    result = run_cli("profiles", "backtest", path, "--out", out)
    assert result.code == 2
    assert f"{path}:2:" in result.stderr
    assert f"{path}:3:" in result.stderr
    assert "isl: `x` is not a number above 0" in result.stderr
    assert "2 problems" in result.stderr
    assert not out.exists()


def test_a_file_that_is_not_there_is_named(run_cli: Run, tmp_path: Path) -> None:
    result = run_cli("profiles", "backtest", tmp_path / "none.csv")
    assert result.code == 2
    assert "none.csv: cannot read" in result.stderr
