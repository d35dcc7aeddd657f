"""How many requests a minute the simulator plays.

    python benchmarks/simulator.py [--requests 2000] [--runs 5]

Processor time of one core, the least of N runs; 512 input and 256 output tokens, Poisson arrivals,
step times of an 8B model on an H100: from data-sheet rates, and from its shipped profile, which
takes longer to look up. No test depends on these numbers.
"""

from __future__ import annotations

import argparse
import time

from planner.serving.profiles import ProfileKey, ProfileSteps, shipped_profiles
from planner.serving.roofline import RooflineSteps
from planner.serving.simulate import Engine, SimRequest, open_loop, simulate
from planner.serving.steps import StepTimes

BUDGET_PER_MINUTE = 200_000
RATES_RPS = (1.0, 5.0, 15.0, 25.0, 100.0)

_ROOFLINE = RooflineSteps(
    dense_ms=6.849,
    expert_ms=0.0,
    idle_expert_share=0.0,
    compute_ms_per_token=0.0232,
    attention_ms_per_pair=7.573e-7,
    window_attention_ms_per_pair=0.0,
    kv_ms_per_token=5.589e-5,
    window_kv_ms_per_token=0.0,
    window_tokens=0.0,
    state_ms=0.0,
    overhead_ms=0.64,
    overhead_ms_per_token=0.0,
)
_ENGINE = Engine(
    max_num_seqs=256,
    max_num_batched_tokens=8192,
    kv_cache_tokens=430_432,
    host_ms_per_sequence=0.04,
    front_end_ms=30.0,
)


def profiled() -> StepTimes:
    """The same replica by its profile."""
    key = ProfileKey(accelerator="H100", precision="bf16", kv_cache="bf16", tensor_parallel_size=1)
    profile = shipped_profiles().profile(("meta-llama/Llama-3.1-8B",), key)
    assert profile is not None
    return ProfileSteps(profile)


def least_s(steps: StepTimes, rate_rps: float, requests: int, runs: int) -> float:
    """Seconds of the fastest run, drawing the arrivals included."""
    equal = (SimRequest(input_tokens=512, output_tokens=256),) * requests
    found: list[float] = []
    for _ in range(runs):
        start = time.process_time()
        simulate(open_loop(equal, rate_rps=rate_rps, seed=1), steps, _ENGINE)
        found.append(time.process_time() - start)
    return min(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    print("steps     requests/s    seconds    requests a minute    of budget")
    for name, steps in (("roofline", _ROOFLINE), ("profile", profiled())):
        for rate in RATES_RPS:
            seconds = least_s(steps, rate, args.requests, args.runs)
            per_minute = args.requests / seconds * 60.0
            share = per_minute / BUDGET_PER_MINUTE
            print(f"{name:9} {rate:10g} {seconds:10.3f} {per_minute:20,.0f} {share:11.1f} x")


if __name__ == "__main__":
    main()
