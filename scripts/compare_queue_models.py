"""Compare the analytic queue model with the simulator on a fixed grid.

    python scripts/compare_queue_models.py [--out docs/data/queue_grid.json]

The grid is ``scripts/data/queue_grid.yaml``. Compared at each point: the largest rate inside the
objectives (what sizes a fleet); requests per second with more requests in flight than the engine
takes; and at each load the time per output token and the 95th percentiles. Both sides are run at
the same rate, a share of the analytic capacity. Every figure off by more than 10 % is listed with
the reason.
"""

from __future__ import annotations

import argparse
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from planner.demand.buckets import joint_lengths
from planner.demand.types import Demand
from planner.serving.batching import Limits, Replica, State, largest_sequences, state_at
from planner.serving.latency import latency_at
from planner.serving.lengths import lengths_of
from planner.serving.queueing import Objective, full_state, largest_load
from planner.serving.roofline import RooflineSteps
from planner.serving.simulate import (
    Engine,
    Sample,
    SimRequest,
    SimResult,
    closed_loop,
    draw_requests,
    open_loop,
    simulate,
)

ROOT = Path(__file__).resolve().parent.parent
GRID = ROOT / "scripts/data/queue_grid.yaml"
OUT = ROOT / "docs/data/queue_grid.json"

WITHIN = 0.10
# Sequences of a generation, so that a closed loop forgets how it started.
GENERATIONS = 12
BISECTIONS = 8
_NO_STEPS = {
    "expert_ms": 0.0,
    "idle_expert_share": 0.0,
    "window_attention_ms_per_pair": 0.0,
    "window_kv_ms_per_token": 0.0,
    "window_tokens": 0.0,
    "state_ms": 0.0,
    "overhead_ms_per_token": 0.0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One point of the grid, as both models see it."""

    name: str
    replica: Replica
    engine: Engine
    demand: Demand
    requests: Mapping[int, tuple[SimRequest, ...]]
    objective: Objective
    cv: float


def points(grid: Mapping[str, Any]) -> Iterator[Point]:
    """Every replica with every length mix, engine and burstiness."""
    for model, raw in grid["replicas"].items():
        for mix, buckets in grid["lengths"].items():
            for limits in grid["engines"]:
                for cv in grid["interarrival_cv"]:
                    name = f"{model}; {mix}; {limits['max_num_seqs']} sequences; cv {cv:g}"
                    yield point(grid, name, raw, buckets, limits, cv)


def point(
    grid: Mapping[str, Any],
    name: str,
    raw: Mapping[str, float],
    buckets: list[tuple[float, int, int]],
    limits: Mapping[str, int],
    cv: float,
) -> Point:
    """Both models' inputs."""
    times = {k: v for k, v in raw.items() if k not in ("kv_cache_tokens", "tpot_ms")}
    steps = RooflineSteps(**{**_NO_STEPS, **times})
    demand = demand_of(buckets, cv)
    wanted = grid["objectives"]
    replica = Replica(
        steps=steps,
        lengths=lengths_of(demand, ttft_percentile=wanted["percentile"]),
        limits=Limits(**limits, kv_cache_tokens=raw["kv_cache_tokens"]),
        arrival_cv2=cv * cv,
        host_ms_per_sequence=grid["host_ms_per_sequence"],
        front_end_ms=grid["front_end_ms"],
    )
    long = replica.lengths.output_tokens >= wanted["tpot_from_output_tokens"]
    return Point(
        name=name,
        replica=replica,
        engine=Engine(
            max_num_seqs=limits["max_num_seqs"],
            max_num_batched_tokens=limits["max_num_batched_tokens"],
            kv_cache_tokens=int(raw["kv_cache_tokens"]),
            host_ms_per_sequence=grid["host_ms_per_sequence"],
            front_end_ms=grid["front_end_ms"],
        ),
        demand=demand,
        requests={
            seed: draw_requests(demand, grid["requests"], seed=seed) for seed in grid["seeds"]
        },
        objective=Objective(
            ttft_ms=wanted["ttft_ms"],
            ttft_percentile=wanted["percentile"] / 100.0,
            tpot_ms=raw["tpot_ms"] if long else None,
            tpot_percentile=wanted["percentile"] / 100.0,
            max_utilisation=wanted["max_utilisation"],
        ),
        cv=cv,
    )


def demand_of(buckets: list[tuple[float, int, int]], cv: float) -> Demand:
    """A demand with these lengths; its volume is not read here."""
    rows = [(i, o) for share, i, o in buckets for _ in range(round(share * 100))]
    lengths = joint_lengths(rows)
    return Demand(
        requests_per_month=Decimal(1),
        days_per_month=Decimal(30),
        mean_rps=1.0,
        timezone="UTC",
        hour_weights=(1.0,) * 168,
        burst_within_hour=1.0,
        interarrival_cv=cv,
        buckets=lengths.buckets,
        input_tokens=lengths.input_tokens,
        output_tokens=lengths.output_tokens,
        growth_per_month=Decimal(0),
        deferrable_share=Decimal(0),
        shared_prefix=None,
        assumptions=(),
    )


def compared(at: Point, loads: list[float]) -> dict[str, tuple[float | None, float | None]]:
    """Figure -> (analytic, simulated)."""
    full = full_state(at.replica)
    saturated = saturated_rps(at)
    found: dict[str, tuple[float | None, float | None]] = {
        "rate inside objectives": (analytic_rate(at), simulated_rate(at, saturated)),
        "saturated rate": (full.rate_rps, saturated),
    }
    for load in loads:
        rate = load * full.rate_rps
        state = state_for(at.replica, full, rate)
        latency = latency_at(
            at.replica,
            state,
            full,
            ttft_percentile=at.objective.ttft_percentile,
            tpot_percentile=at.objective.tpot_percentile,
        )
        results = played(at, rate)
        ttft, tpot = pooled(results)
        found[f"step at {load:g}"] = (state.mean_step_ms, mean_step_ms(at, results))
        found[f"TPOT p95 at {load:g}"] = (latency.tpot_ms, tpot.at(95))
        found[f"TTFT p95 at {load:g}"] = (latency.ttft_ms, ttft.at(95))
    return found


def state_for(replica: Replica, full: State, rate_rps: float) -> State:
    """The smallest state with a rate."""
    low, high = 0.0, full.sequences
    for _ in range(50):
        middle = (low + high) / 2.0
        if state_at(replica, middle).rate_rps < rate_rps:
            low = middle
        else:
            high = middle
    return state_at(replica, high)


def played(at: Point, rate_rps: float) -> list[SimResult]:
    """Open loops at a rate, one for each seed."""
    return [
        simulate(
            open_loop(requests, rate_rps=rate_rps, seed=seed, interarrival_cv=at.cv),
            at.replica.steps,
            at.engine,
        )
        for seed, requests in at.requests.items()
    ]


def pooled(results: list[SimResult]) -> tuple[Sample, Sample]:
    """TTFT and TPOT of all runs together."""
    return (
        Sample.of(value for result in results for value in result.ttft_ms.values),
        Sample.of(value for result in results for value in result.tpot_ms.values),
    )


def mean_step_ms(at: Point, results: list[SimResult]) -> float:
    """Mean time per output token after the first, over tokens."""
    took = sum(
        sum(result.timeline.finish_ms) - sum(result.timeline.first_token_ms) for result in results
    )
    return took / sum(r.output_tokens - 1 for requests in at.requests.values() for r in requests)


def saturated_rps(at: Point) -> float:
    """Requests per second with twice as many in flight as the engine can take at once."""
    in_flight = 2 * int(largest_sequences(at.replica)) + 8
    rates: list[float] = []
    for seed, drawn in at.requests.items():
        count = max(len(drawn), GENERATIONS * in_flight)
        workload = closed_loop(draw_requests(at.demand, count, seed=seed), in_flight=in_flight)
        rates.append(simulate(workload, at.replica.steps, at.engine).request_rps)
    return sum(rates) / len(rates)


def analytic_rate(at: Point) -> float | None:
    """Largest rate inside the objectives, None when there is none."""
    state = largest_load(at.replica, at.objective).state
    return None if state is None else state.rate_rps


def simulated_rate(at: Point, saturated: float) -> float | None:
    """The same by bisection on simulated runs; utilisation is that of the simulated capacity."""
    low, high = 0.0, at.objective.max_utilisation * saturated
    if inside(at, high):
        return high
    for _ in range(BISECTIONS):
        middle = (low + high) / 2.0
        if inside(at, middle):
            low = middle
        else:
            high = middle
    return low or None


def inside(at: Point, rate_rps: float) -> bool:
    """Whether a simulated run keeps the objectives."""
    (ttft, tpot), objective = pooled(played(at, rate_rps)), at.objective
    found = (
        (ttft.at(objective.ttft_percentile * 100.0), objective.ttft_ms),
        (tpot.at(objective.tpot_percentile * 100.0), objective.tpot_ms),
    )
    return all(allowed is None or value is None or value <= allowed for value, allowed in found)


def error(analytic: float | None, simulated: float | None) -> float | None:
    """Analytic ÷ simulated − 1; 0 where both say no rate, None where only one does."""
    if analytic is None or simulated is None:
        return 0.0 if analytic is simulated else None
    return analytic / simulated - 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    grid = yaml.safe_load(GRID.read_text(encoding="utf-8"))
    rows: list[dict[str, Any]] = []
    for at in points(grid):
        for figure, (analytic, simulated) in compared(at, grid["loads"]).items():
            rows.append(row(grid, at.name, figure, analytic, simulated))
    figures = summary(rows)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(as_json(figures, rows), encoding="utf-8")
    for figure in figures:
        print(figure)


def as_json(figures: list[dict[str, Any]], rows: list[dict[str, Any]]) -> str:
    """One line for each figure and each row, so that a change shows as one."""
    blocks = (
        f'"{name}": [\n' + ",\n".join(json.dumps(r, ensure_ascii=False) for r in block) + "\n]"
        for name, block in (("figures", figures), ("rows", rows))
    )
    return f'{{"within_pct": {WITHIN * 100.0:g},\n' + ",\n".join(blocks) + "}\n"


def row(
    grid: Mapping[str, Any],
    name: str,
    figure: str,
    analytic: float | None,
    simulated: float | None,
) -> dict[str, Any]:
    """One figure at one point; with the reason when it is missed."""
    off = error(analytic, simulated)
    found: dict[str, Any] = {
        "point": name,
        "figure": figure,
        "analytic": rounded(analytic),
        "simulated": rounded(simulated),
        "error_pct": None if off is None or math.isinf(off) else round(off * 100.0, 1),
    }
    if off is None or abs(off) > WITHIN:
        at = f"{name} | {figure}"
        texts = [rule["text"] for rule in grid["reasons"] if re.search(rule["match"], at)]
        found["reason"] = texts[0] if texts else "not explained"
    return found


def rounded(value: float | None) -> float | None:
    return None if value is None or math.isinf(value) else float(f"{value:.4g}")


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By figure: points, share within the limit, and the misses' names."""
    found = []
    for figure in dict.fromkeys(row["figure"] for row in rows):
        these = [row for row in rows if row["figure"] == figure]
        errors = [row["error_pct"] for row in these]
        near = [e for e in errors if e is not None and abs(e) <= WITHIN * 100.0]
        known = sorted(e for e in errors if e is not None)
        found.append(
            {
                "figure": figure,
                "points": len(these),
                "share_within": round(len(near) / len(these), 3),
                "median_error_pct": known[len(known) // 2],
                "least_error_pct": known[0],
                "most_error_pct": known[-1],
                "one_sided": sum(e is None for e in errors),
            }
        )
    return found


if __name__ == "__main__":
    main()
