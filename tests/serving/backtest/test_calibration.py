"""The shipped calibration against the residuals it was fitted on, and those against the planner."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import pytest
import yaml

from planner.serving.backtest import (
    METRICS,
    Judged,
    Row,
    judge,
    model_providers,
    read_rows,
    residuals_of,
    shipped_table,
)
from planner.serving.calibration import Band, calibration, calibration_of
from scripts import calibrate_serving as script
from scripts import serving_cases as cases

_RESIDUALS = script.RESIDUALS.read_text(encoding="utf-8")
_ASSUMED = yaml.safe_load(script.ASSUMED.read_text(encoding="utf-8"))
_SHIPPED = json.loads(script.CALIBRATION.read_text(encoding="utf-8"))


def test_the_bands_are_those_the_script_makes_of_the_residuals() -> None:
    assert script.bands_of(script.residuals_from(_RESIDUALS), _ASSUMED) == _SHIPPED["bands"]


def _sampled() -> list[tuple[dict[str, str], Row]]:
    """Every 20th open row and every 200th of the sample, with their residuals."""
    rows = {("open", row.line): row for row in shipped_table()}
    rows |= {("sample", row.line): row for row in read_rows(script.SAMPLE)}
    lines = [raw for raw in csv.DictReader(_RESIDUALS.splitlines()) if raw["chain"] == "profile"]
    taken = [raw for raw in lines if raw["rows"] == "open"][::20]
    taken += [raw for raw in lines if raw["rows"] == "sample"][::200]
    return [(raw, rows[raw["rows"], int(raw["line"])]) for raw in taken]


@pytest.mark.parametrize(("raw", "row"), _sampled(), ids=[row.id for _, row in _sampled()])
def test_the_residuals_are_those_of_this_version(raw: dict[str, str], row: Row) -> None:
    found = judge(row, model_providers())
    assert isinstance(found, Judged)
    ratios = {each.metric: each.ratio for each in residuals_of([found])}
    assert found.prediction.band_class == raw["band_class"]
    # Run scripts/calibrate_serving.py again when this fails.
    assert ratios == pytest.approx(
        {metric: float(raw[metric]) for metric in METRICS if raw[metric]}, rel=0.02
    )


def test_host_overheads_lie_in_the_range_that_was_tried() -> None:
    found = calibration()
    for accelerator in ("H100", "A100-80GB", "L4"):
        for version in ("", "0.11.0", "0.18.0"):
            assert 0.02 <= found.host_ms(accelerator, version) <= 0.10


def test_a_slow_host_has_its_own_overhead_with_every_engine_version() -> None:
    found = calibration()
    assert found.host_ms("A100-40GB", "0.24.0") == found.host_ms("A100-80GB", "0.11.0")
    assert found.host_ms("A100-40GB", "0.24.0") > found.host_ms("H100", "0.24.0")


def test_versions_are_compared_as_numbers() -> None:
    found = calibration()
    assert found.host_ms("H100", "0.9.2") == found.host_ms("H100", "0.12.0")
    assert (
        found.host_ms("H100", "0.13.0") == found.host_ms("H100", "nightly") == found.host_ms("H100")
    )
    assert found.host_ms("H100", "0.12.9") != found.host_ms("H100", "0.13")


def test_every_band_holds_the_prediction() -> None:
    for name, bands in calibration().bands.items():
        for band in (bands.throughput, bands.tpot, bands.ttft):
            assert 0.0 < band.low < 1.0 < band.high, name


def test_bands_are_no_wider_than_is_useful() -> None:
    bands = calibration().bands
    dense, moe = bands["profile_dense"].throughput, bands["profile_moe"].throughput
    assert dense.high / dense.low <= 1.5
    assert moe.high / moe.low <= 2.0
    # The roofline never claims to know more than the measured tables of the same kind.
    roofline = bands["roofline_dense"].throughput
    assert roofline.high / roofline.low >= dense.high / dense.low


def test_unseen_models_get_a_wider_band() -> None:
    bands = calibration().bands
    for kind in ("dense", "moe"):
        seen, unseen = bands[f"profile_{kind}"], bands[f"profile_unseen_{kind}"]
        assert unseen.throughput.low < seen.throughput.low
        assert unseen.throughput.high > seen.throughput.high


def test_a_calibration_is_read_from_its_text() -> None:
    text = json.dumps(
        {
            "id": "x",
            "fitted": "2026-11-22",
            "host_overhead": {
                "engines": [
                    {"from_version": "0", "ms_per_sequence": 0.08},
                    {"from_version": "0.13", "ms_per_sequence": 0.02},
                ],
                "slow_hosts": {"accelerators": ["A100"], "ms_per_sequence": 0.05},
            },
            "seen": ["a"],
            "bands": {
                "profile_dense": {
                    "rows": 1,
                    **{metric: {"low": 0.9, "high": 1.1} for metric in METRICS},
                }
            },
        }
    )
    found = calibration_of(text)
    assert found.host_ms("H100") == 0.02
    assert found.host_ms("A100-80GB") == 0.05
    assert found.host_ms("A100-80GB", "0.11.2") == 0.05
    assert found.bands["profile_dense"].ttft.high == 1.1


# --- the script's own parts ----------------------------------------------------------------------


def test_bands_are_rounded_away_from_one() -> None:
    assert script.outward(Band(low=0.8661, high=1.1546)) == {"low": 0.86, "high": 1.16}
    assert script.outward(Band(low=0.87, high=1.15)) == {"low": 0.87, "high": 1.15}


@pytest.mark.parametrize(
    ("version", "first"), [("", "0.13"), ("0.18.0", "0.13"), ("0.13.0", "0.13"), ("0.12.0", "0")]
)
def test_an_engine_version_belongs_to_the_newest_first_version(version: str, first: str) -> None:
    assert cases.engine_class(version, ["0.13", "0"]) == first


def test_a_known_overhead_is_found() -> None:
    """Rows that were measured exactly as the model predicts them with 60 µs."""
    subjects = [
        row
        for row in read_rows(script.SAMPLE)
        if row.gpu == "H100" and row.model.startswith("Qwen")
    ][::12]
    found: list[cases.Case] = []
    for subject in subjects:
        by_host = {
            host: each
            for host in cases.HOST_GRID
            if isinstance(each := judge(subject, model_providers(), host_ms=host), Judged)
        }
        truth = by_host[0.06].prediction.values["throughput"]
        found.append(
            cases.Case(
                row=subject,
                shipped=False,
                host_class="0.13",
                by_host={
                    host: Judged(
                        row=replace(subject, output_tokens_per_s=truth),
                        prediction=each.prediction,
                    )
                    for host, each in by_host.items()
                },
            )
        )
    assert len(found) >= 4
    assert cases.fitted_host(found) == 0.06


def test_the_page_is_of_this_calibration() -> None:
    page = script.PAGE.read_text(encoding="utf-8")
    assert f"Fitted {_SHIPPED['fitted']}." in page
    low, high = (_SHIPPED["bands"]["profile_dense"]["throughput"][edge] for edge in ("low", "high"))
    assert f"| `profile_dense` | {low:.2f}–{high:.2f} |" in page


def test_the_page_names_what_it_says_of_goals() -> None:
    page = script.PAGE.read_text(encoding="utf-8")
    for heading in ("## Goals", "## Dollar regret", "## Open rows outside their band"):
        assert heading in page
