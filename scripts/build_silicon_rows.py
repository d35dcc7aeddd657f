"""Make ``scripts/data/silicon_rows.csv``: published vLLM runs inside aiconfigurator-core.

    python scripts/build_silicon_rows.py

Needs the extra `profiles`. The library ships ``systems/silicon_sample.csv`` (Apache-2.0): runs of
SemiAnalysis InferenceX and of NVIDIA. Kept are those of one vLLM replica without data parallelism
of the attention, without expert parallelism, and whose concurrency is known; rows that
``planner/serving/measured`` already ships are left out. The columns are those that
``planner profiles backtest`` reads; throughput is concurrency · output ÷ (TTFT + TPOT · (output −
1)), as in the shipped rows.
"""

from __future__ import annotations

import csv
import re
from importlib import resources
from importlib.metadata import version
from pathlib import Path

from planner.serving.measured import shipped_rows

_OUT = Path(__file__).parent / "data/silicon_rows.csv"
_GPUS = {"h100_sxm": "H100", "h200_sxm": "H200", "b200_sxm": "B200", "b300_sxm": "B300"}
_NAMES = {
    # What the runs served under the rows' architecture.
    ("meta-llama/Llama-3.1-70B", "fp8"): "meta-llama/Llama-3.3-70B-Instruct",
    ("meta-llama/Llama-3.1-70B", "fp4"): "meta-llama/Llama-3.3-70B-Instruct",
    ("moonshotai/Kimi-K2.5", "fp4"): "nvidia/Kimi-K2.5-NVFP4",
}
# 0.5-1.0 of the GPU's peak FLOPs in a whole run: more than any engine reaches.
_IMPLAUSIBLE = {("nvidia/Llama-3.1-8B-Instruct-FP8", "h200_sxm")}
# First tokens after 20 s to 8 min, then one every 4-27 ms: fewer slots than requests in flight, and
# the limit is not recorded.
_UNKNOWN_LIMIT = {("openai/gpt-oss-120b", "0.11.2")}
COLUMNS = (
    "id",
    "source",
    "model",
    "precision",
    "engine_version",
    "gpu",
    "tp",
    "isl",
    "osl",
    "load_kind",
    "load_value",
    "out_tok_s",
    "ttft_ms",
    "tpot_ms",
)


def kept(raw: dict[str, str]) -> bool:
    """A run of one vLLM replica as the planner deploys it."""
    return (
        raw["backend"] == "vllm"
        and raw["mode"] == "agg"
        and raw["system"] in _GPUS
        and (raw["model_path"], raw["system"]) not in _IMPLAUSIBLE
        and (raw["model_path"], raw["backend_version"]) not in _UNKNOWN_LIMIT
        and _number(raw["attention_dp_size"]) <= 1
        and _number(raw["moe_ep_size"]) <= 1
        and _number(raw["pp_size"]) <= 1
        and "silicon_concurrency=" in raw["silicon_data_source"]
    )


def row(raw: dict[str, str]) -> dict[str, object]:
    """The run in the columns of the open rows."""
    found = re.search(r"silicon_concurrency=(\d+)", raw["silicon_data_source"])
    assert found is not None
    load, output = int(found[1]), int(raw["osl"])
    ttft, tpot = float(raw["silicon_ttft_ms"]), float(raw["silicon_tpot_ms"])
    gap = "gap-analysis" in raw["silicon_data_source"] or "dynamo" in raw["silicon_data_source"]
    engine = raw["backend_version"]
    return {
        "id": raw["id"],
        "source": "NVIDIA gap analysis" if gap else "SemiAnalysis InferenceX",
        "model": _NAMES.get((raw["model_path"], raw["precision"]), raw["model_path"]),
        "precision": raw["precision"] or "bf16",
        "engine_version": engine if re.fullmatch(r"[\d.]+", engine) else "",
        "gpu": _GPUS[raw["system"]],
        "tp": int(float(raw["tp_size"])),
        "isl": raw["isl"],
        "osl": output,
        "load_kind": "closed_loop_concurrency",
        "load_value": load,
        "out_tok_s": f"{load * output / (ttft + tpot * (output - 1)) * 1e3:.6g}",
        "ttft_ms": f"{ttft:.6g}",
        "tpot_ms": f"{tpot:.6g}",
    }


def _number(text: str) -> float:
    return float(text) if text else 1.0


def main() -> None:
    """Write the file and say how many rows it has."""
    known = {raw["id"].removeprefix("inferencex-") for raw in shipped_rows()}
    sample = resources.files("aiconfigurator_core") / "systems/silicon_sample.csv"
    found = list(csv.DictReader(sample.read_text(encoding="utf-8").splitlines()))
    rows = [row(raw) for raw in found if kept(raw)]
    fresh = [each for each in rows if each["id"] not in known]
    with _OUT.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list[str](COLUMNS), lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(fresh, key=lambda each: str(each["id"])))
    print(
        f"aiconfigurator-core {version('aiconfigurator-core')}: {len(fresh)} rows; "
        f"{len(rows) - len(fresh)} of {len(rows)} are shipped already"
    )


if __name__ == "__main__":
    main()
