"""Fit what the serving model takes from measured runs, and write how far it holds.

    python scripts/calibrate_serving.py [--date 2026-11-22]

About two minutes on one core. Reads the shipped rows (``planner/serving/measured/data``), the rows
of ``scripts/data/silicon_rows.csv`` (``build_silicon_rows.py``), and what cannot be fitted from
``scripts/data/calibration_assumed.yaml``. Writes

- ``planner/serving/data/calibration.json``: host overhead by engine version, and the bands;
- ``scripts/data/serving_residuals.csv``: measured ÷ predicted of every row, which the bands come
  from, so that a test can tell whether they still do;
- ``docs/serving_accuracy.md``: the error by slice, cross-validated, with the misses.

Run it again when step times, the simulator or rows change; the same input gives the same files.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from planner.serving.backtest import (
    CLASSES,
    METRICS,
    Judged,
    Metric,
    Residual,
    fitted_band,
    judge,
    model_providers,
    read_rows,
    residuals_of,
    row_providers,
    shipped_table,
    summary_of,
)
from planner.serving.calibration import Band, calibration
from planner.serving.roofline import RooflineProvider
from scripts.serving_accuracy_page import LEAST_SEEN_ROWS, cells, page
from scripts.serving_cases import (
    OWN_TABLES,
    by_chain,
    cases,
    chained,
    fitted_hosts,
    folds,
    twins,
)

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "scripts/data/silicon_rows.csv"
ASSUMED = ROOT / "scripts/data/calibration_assumed.yaml"
RESIDUALS = ROOT / "scripts/data/serving_residuals.csv"
CALIBRATION = ROOT / "planner/serving/data/calibration.json"
PAGE = ROOT / "docs/serving_accuracy.md"


# --- bands ---------------------------------------------------------------------------------------


def bands_of(
    residuals: Mapping[str, Sequence[Residual]], assumed: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Every class with the bands of its figures; rows and models are those of throughput.

    Figures of too few models take the wider band of the chain's other classes.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, rule in CLASSES.items():
        members = [
            each
            for each in residuals[rule.chain]
            if each.metric == "throughput" and each.band_class in rule.pooled
        ]
        found[name] = {
            "rows": len(members),
            "models": len({each.model for each in members}),
            "accelerators": len({each.accelerator for each in members}),
        }
        for metric in METRICS:
            band = fitted_band(rule, residuals, metric) or widest(rule.chain, residuals, metric)
            found[name][metric] = outward(band)
    for name, block in assumed["bands"].items():
        found[name] = {
            **{metric: block[metric] for metric in METRICS},
            "assumed": block["source"],
        }
    return found


def widest(chain: str, residuals: Mapping[str, Sequence[Residual]], metric: Metric) -> Band:
    """The widest band of a figure among the classes of a chain."""
    bands = (
        fitted_band(rule, residuals, metric) for rule in CLASSES.values() if rule.chain == chain
    )
    return max((band for band in bands if band), key=lambda band: band.high / band.low)


def outward(band: Band) -> dict[str, float]:
    """Two digits, rounded away from 1."""
    return {
        "low": math.floor(band.low * 100.0 + 1e-9) / 100.0,
        "high": math.ceil(band.high * 100.0 - 1e-9) / 100.0,
    }


def seen_stems(found: Iterable[Judged]) -> list[str]:
    """Profile files whose models have enough rows of the classes that tell seen from unseen."""
    counts: dict[str, int] = {}
    for each in found:
        if each.prediction.band_class in OWN_TABLES[:-1]:
            stem = each.prediction.source_ids[0].partition("/")[0]
            counts[stem] = counts.get(stem, 0) + 1
    return sorted(stem for stem, rows in counts.items() if rows >= LEAST_SEEN_ROWS)


def calibration_json(
    hosts: Mapping[str, float],
    residuals: Mapping[str, Sequence[Residual]],
    seen: Sequence[str],
    assumed: Mapping[str, Any],
    fitted: str,
) -> str:
    """The file used at run time."""
    engines = [
        {"from_version": name, "ms_per_sequence": hosts[name]}
        for name in assumed["engine_versions"]
    ]
    document = {
        "id": f"serving-{fitted}",
        "fitted": fitted,
        "made_by": "scripts/calibrate_serving.py",
        "source": assumed["source"],
        "host_overhead": {
            "engines": engines,
            "slow_hosts": {
                "accelerators": assumed["slow_hosts"]["accelerators"],
                "ms_per_sequence": hosts["slow"],
                "note": assumed["slow_hosts"]["note"],
            },
        },
        "seen": list(seen),
        "bands": bands_of(residuals, assumed),
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


# --- residuals as a file -------------------------------------------------------------------------

_FIELDS = ("chain", "rows", "line", "model", "precision", "accelerator", "band_class")


def residuals_csv(found: Mapping[str, Sequence[Judged]]) -> str:
    """Measured ÷ predicted, one line a chain and row; ``rows`` and ``line`` say which row it is."""
    shipped = {row.id for row in shipped_table()}
    text = io.StringIO()
    writer = csv.DictWriter(text, (*_FIELDS, *METRICS), lineterminator="\n")
    writer.writeheader()
    for chain, judged in found.items():
        for each in judged:
            figures = residuals_of([each])
            if not figures:
                continue
            first = figures[0]
            writer.writerow(
                {
                    "chain": chain,
                    "rows": "open" if each.row.id in shipped else "sample",
                    "line": each.row.line,
                    "model": first.model,
                    "precision": first.precision,
                    "accelerator": first.accelerator,
                    "band_class": first.band_class,
                    **{figure.metric: f"{figure.ratio:.4f}" for figure in figures},
                }
            )
    return text.getvalue()


def residuals_from(text: str) -> dict[str, list[Residual]]:
    """The residuals of such a file by chain."""
    found: dict[str, list[Residual]] = {}
    for raw in csv.DictReader(text.splitlines()):
        found.setdefault(raw["chain"], []).extend(
            Residual(
                model=raw["model"],
                precision=raw["precision"],
                accelerator=raw["accelerator"],
                band_class=raw["band_class"],
                metric=metric,
                ratio=float(raw[metric]),
            )
            for metric in METRICS
            if raw[metric]
        )
    return found


# --- all of it -----------------------------------------------------------------------------------


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--date", default="2026-11-22", help="Day of the fit, for the files.")
    fitted = parser.parse_args().date
    assumed = yaml.safe_load(ASSUMED.read_text(encoding="utf-8"))
    rows = [*((row, True) for row in shipped_table()), *((row, False) for row in read_rows(SAMPLE))]
    found = cases(rows, assumed)
    hosts = fitted_hosts(found)
    print("host overhead:", hosts)
    profile = by_chain(found, hosts)
    roofline = [
        each
        for case in found
        if isinstance(
            each := judge(case.row, (RooflineProvider(),), host_ms=hosts[case.host_class]), Judged
        )
    ]
    chains = {"profile": profile, "roofline": roofline}
    RESIDUALS.write_text(residuals_csv(chains), encoding="utf-8")
    residuals = residuals_from(RESIDUALS.read_text(encoding="utf-8"))
    text = calibration_json(hosts, residuals, seen_stems(profile), assumed, fitted)
    CALIBRATION.write_text(text, encoding="utf-8")
    # What follows is judged by the file just written.
    calibration.cache_clear()
    shipped = chained(shipped_table(), row_providers)
    sample = chained((case.row for case in found if not case.shipped), lambda _: model_providers())
    near = chained((case.row for case in found if case.row.load_kind == "closed"), twins)
    PAGE.write_text(
        page(
            fitted=fitted,
            shipped=shipped,
            sample=sample,
            near=near,
            by_model=folds(found, residuals, hosts, assumed, by_model=True),
            by_gpu=folds(found, residuals, hosts, assumed, by_model=False),
            hosts=hosts,
            found=found,
            bands=json.loads(text)["bands"],
            seen=seen_stems(profile),
        ),
        encoding="utf-8",
    )
    for metric, total in summary_of(shipped).items():
        print(metric, cells(total))


if __name__ == "__main__":
    main()
