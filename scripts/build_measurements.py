"""Make ``planner/serving/measured/data/measurements.csv`` from the collected table of open rows.

    python scripts/build_measurements.py COLLECTED.csv

Rows without an open licence and the implausible row are left out; the corrections are those that
``planner/serving/measured/data/SOURCES.md`` lists.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

_OUT = Path(__file__).parent.parent / "planner/serving/measured/data/measurements.csv"
_OPEN_LICENCES = {"MIT", "Apache-2.0"}
# 512 sequences in 4.4 ms a step: less than the time to read the weights they touch.
_IMPLAUSIBLE = {
    "inferencex-2026_04_06_gpt_oss_120b_h100_sxm_vllm_fp4_agg_8192x1024_c512_tp8_ep1_1136"
}
_ACCELERATORS = {
    "A100-PCIe-80GB": "A100-80GB",
    "A100-SXM-80GB": "A100-80GB",
    "H100-SXM": "H100",
    "H100-SXM-80GB": "H100",
    "H200-SXM": "H200",
}
_PRECISIONS = {"mxfp4": "fp4", "awq-int4": "int4"}
_MODELS = {
    "meta-llama/Llama-3.1-70B (InferenceX runs Llama-3.3-70B)": "meta-llama/Llama-3.3-70B-Instruct"
}
_LOADS = {
    "closed_loop_concurrency": "closed",
    "poisson_rps": "open",
    "burst_all_at_once": "burst",
}
_COLUMNS: list[str] = [
    "id",
    "model",
    "precision",
    "accelerator",
    "tp",
    "isl",
    "osl",
    "load_kind",
    "load",
    "out_tok_s",
    "tpot_ms",
    "tpot_stat",
    "ttft_ms",
    "ttft_stat",
    "trust",
    "ramp",
    "in_aiconfigurator_sample",
    "gpu",
    "engine",
    "engine_version",
    "usd_per_hour",
    "license",
    "source",
    "url",
    "date",
    "notes",
]


def _row(raw: dict[str, str]) -> dict[str, str]:
    gpu, tp = raw["gpu"], int(raw["tp"])
    # Without a link between the cards they are like no EC2 instance.
    accelerator = "" if gpu == "A100-PCIe-80GB" and tp > 1 else _ACCELERATORS[gpu]
    # InferenceX draws lengths uniformly between 0.8 and 1.0 of the nominal ones.
    scale = 0.9 if "InferenceX" in raw["source"] else 1.0
    load = _LOADS[raw["load_kind"]]
    ramp = load == "burst" or "ramp" in raw["notes"]
    price = raw["price_per_hour_usd"]
    if price and tp > 1:
        # The column held the price of the machine times its number of GPUs.
        price = f"{float(price) / tp:g}"
    changed = {
        "model": _MODELS.get(raw["model"], raw["model"]),
        "precision": _PRECISIONS.get(raw["precision"], raw["precision"]),
        "accelerator": accelerator,
        "isl": f"{float(raw['isl']) * scale:g}",
        "osl": f"{float(raw['osl']) * scale:g}",
        "load_kind": load,
        "load": raw["load_value"],
        "ramp": "1" if ramp else "0",
        "in_aiconfigurator_sample": "1" if raw["independence"].startswith("IN ") else "0",
        "usd_per_hour": price,
        "out_tok_s": _short(raw["out_tok_s"]),
        "tpot_ms": _short(raw["tpot_ms"]),
        "ttft_ms": _short(raw["ttft_ms"]),
        "notes": raw["notes"].strip().rstrip(";"),
    }
    return {name: changed.get(name, raw.get(name, "")) for name in _COLUMNS}


def _short(number: str) -> str:
    return f"{float(number):.6g}" if number else ""


def main() -> None:
    """Write the file and say what was left out."""
    with Path(sys.argv[1]).open(encoding="utf-8", newline="") as handle:
        found = list(csv.DictReader(handle))
    kept = [
        raw for raw in found if raw["license"] in _OPEN_LICENCES and raw["id"] not in _IMPLAUSIBLE
    ]
    with _OUT.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, _COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted((_row(raw) for raw in kept), key=lambda row: row["id"]))
    for raw in found:
        if raw not in kept:
            print(f"left out: {raw['id']} ({raw['license']})")


if __name__ == "__main__":
    main()
