"""Make the length and traffic tables that ship in ``planner/demand/data``.

    python scripts/build_demand_profiles.py TRACES_DIR [--out planner/demand/data]

TRACES_DIR holds ``summary.csv``, ``*_quantiles.csv`` (q 0..100 of input and output tokens) and
``servegen_*_hourly.csv`` (mean requests per second, hours counted from the trace's start).

Traffic: 14-day series become 168 hour-of-week rates, the mean of both weeks; an hour below 1 % of
the series' mean is a collection gap, not idle time, and is left out of its mean. One-day series
give 24 rates. All are divided by their mean.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
from pathlib import Path

HOURS_PER_DAY = 24
HOURS_PER_WEEK = 168
GAP_BELOW_MEAN_SHARE = 0.01
OBSERVED = "2026-11-21"

# profile id -> (stem of its quantile file, its row of summary.csv)
LENGTHS = {
    "azure_2023_conv": ("azure_llm_2023_conv", "azure_llm_2023_conv"),
    "azure_2023_code": ("azure_llm_2023_code", "azure_llm_2023_code"),
    "mooncake_conv": ("mooncake_conv", "mooncake_fast25_conv"),
    "mooncake_synth": ("mooncake_synth", "mooncake_fast25_synth"),
    "servegen_m_large": ("servegen_m-large", "servegen_m-large"),
    "servegen_m_mid": ("servegen_m-mid", "servegen_m-mid"),
    "servegen_m_small": ("servegen_m-small", "servegen_m-small"),
    "servegen_deepseek_r1": ("servegen_deepseek-r1", "servegen_deepseek-r1"),
}
TRAFFIC = {
    "servegen_m_large": "servegen_m-large",
    "servegen_m_mid": "servegen_m-mid",
    "servegen_m_small": "servegen_m-small",
    "servegen_deepseek_r1": "servegen_deepseek-r1",
    "servegen_mm_image": "servegen_mm-image",
}


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def _origin(row: dict[str, str]) -> dict[str, object]:
    return {"source": row["source"], "licence": row["licence"], "observed": OBSERVED}


def length_profile(quantiles: list[dict[str, str]], summary: dict[str, str]) -> dict[str, object]:
    """One table: tokens at percentiles 0..100, with the mean of the whole trace."""
    if [int(row["q"]) for row in quantiles] != list(range(101)):
        raise SystemExit("a quantile file must have q 0..100")
    coverage = summary["token_weight_coverage"]
    return {
        **_origin(summary),
        "requests": int(summary["requests"]),
        "request_share_with_lengths": coverage or "1",
        "input_mean": summary["in_mean"],
        "output_mean": summary["out_mean"],
        "input_tokens": [int(row["input_tokens"]) for row in quantiles],
        "output_tokens": [int(row["output_tokens"]) for row in quantiles],
    }


def hourly_weights(rates: list[float]) -> tuple[list[float], list[int]]:
    """Rates by hour of week (or of day) ÷ their mean, and the hours left out as gaps."""
    floor = GAP_BELOW_MEAN_SHARE * math.fsum(rates) / len(rates)
    gaps = [hour for hour, rate in enumerate(rates) if rate < floor]
    period = HOURS_PER_WEEK if len(rates) >= HOURS_PER_WEEK else HOURS_PER_DAY
    shape: list[float] = []
    for hour in range(period):
        seen = [rate for rate in rates[hour::period] if rate >= floor]
        if not seen:
            raise SystemExit(f"hour {hour} is a gap in every week; it needs a rule of its own")
        shape.append(math.fsum(seen) / len(seen))
    mean = math.fsum(shape) / period
    return [round(rate / mean, 6) for rate in shape], gaps


def traffic_profile(rates: list[float], summary: dict[str, str]) -> dict[str, object]:
    """One table: 24 or 168 weights with mean 1 (up to rounding)."""
    weights, gaps = hourly_weights(rates)
    return {
        **_origin(summary),
        "days": len(rates) // HOURS_PER_DAY,
        "gap_hours": gaps,
        "weights": weights,
    }


def build(traces: Path) -> tuple[dict[str, object], dict[str, object]]:
    """Both tables from the folder of derived trace files."""
    summary = {row["trace"]: row for row in _rows(traces / "summary.csv")}
    lengths: dict[str, object] = {
        profile: length_profile(_rows(traces / f"{stem}_quantiles.csv"), summary[row])
        for profile, (stem, row) in LENGTHS.items()
    }
    traffic: dict[str, object] = {
        profile: traffic_profile(
            [float(row["mean_rps"]) for row in _rows(traces / f"{stem}_hourly.csv")],
            summary[stem],
        )
        for profile, stem in TRAFFIC.items()
    }
    return lengths, traffic


def _write(path: Path, table: dict[str, object]) -> None:
    path.write_text(_compact(table), encoding="utf-8", newline="\n")
    sys.stdout.write(f"{path}: {len(table)} profiles\n")


def _compact(table: dict[str, object]) -> str:
    """JSON with one line per field, so that a list of numbers stays on one line."""
    profiles: list[str] = []
    for name, fields in sorted(table.items()):
        assert isinstance(fields, dict)
        lines = [f"    {json.dumps(key)}: {json.dumps(value)}" for key, value in fields.items()]
        profiles.append(f"  {json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n  }")
    return "{\n" + ",\n".join(profiles) + "\n}\n"


def main(arguments: list[str]) -> int:
    """Write both files; 0 when done."""
    parser = argparse.ArgumentParser(description="Build the shipped demand tables.")
    parser.add_argument("traces", type=Path, help="folder of derived trace files")
    default = Path(__file__).resolve().parent.parent / "planner" / "demand" / "data"
    parser.add_argument("--out", type=Path, default=default)
    options = parser.parse_args(arguments)
    lengths, traffic = build(options.traces)
    _write(options.out / "length_profiles.json", lengths)
    _write(options.out / "traffic_profiles.json", traffic)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
