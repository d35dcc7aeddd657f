"""How long the search over all hardware takes for five models, after imports.

    python benchmarks/search.py [--runs 5] [--scenario scenarios/support-chat.yaml] [--profile]

Wall-clock time of ``serving_options`` with any instance type and any tensor-parallel degree for the
models below, the load and service level of one scenario: reading the profiles included, imports and
price files not. Each run is a process of its own, the least of N counts. ``--profile`` shows where
the time goes instead. No test depends on these numbers.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODELS = (
    "meta-llama/Llama-3.1-8B-Instruct",
    "meta-llama/Llama-3.3-70B-Instruct",
    "Qwen/Qwen3-32B",
    "openai/gpt-oss-120b",
    "deepseek-ai/DeepSeek-V3",
)
BUDGET_MS = 300


def prepared(scenario_file: Path) -> list[Callable[[], int]]:
    """For each model a call that searches and returns the number of candidates that can serve."""
    from planner.catalog import load_catalog
    from planner.demand import build_demand
    from planner.scenario import load_scenario
    from planner.scenario.options import SelfHostOption
    from planner.serving import serving_options

    scenario = load_scenario(scenario_file).scenario
    demand = build_demand(scenario, scenario_file.parent)
    catalog = load_catalog(prices=scenario.prices, base_dir=scenario_file.parent)

    def search(model: str) -> int:
        card = catalog.model_card(model)
        assert card is not None
        found = serving_options(
            SelfHostOption(model=model),
            demand,
            scenario.slo,
            scenario.region,
            instances=catalog.instance_types(scenario.region),
            accelerators=catalog.accelerators,
            card=card,
        )
        return sum(each.capacity is not None for each in found)

    return [lambda model=model: search(model) for model in MODELS]


def once(scenario_file: Path) -> tuple[list[float], list[int]]:
    """Milliseconds and candidates of each model, in this process."""
    times: list[float] = []
    found: list[int] = []
    for search in prepared(scenario_file):
        begin = time.perf_counter()
        found.append(search())
        times.append((time.perf_counter() - begin) * 1000)
    return times, found


def profile(scenario_file: Path) -> None:
    """Print the functions that take most of the time."""
    searches = prepared(scenario_file)
    profiler = cProfile.Profile()
    profiler.enable()
    for search in searches:
        search()
    profiler.disable()
    pstats.Stats(profiler).strip_dirs().sort_stats("tottime").print_stats(25)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--scenario", type=Path, default=ROOT / "scenarios/support-chat.yaml")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--once", action="store_true", help="one run, its milliseconds only")
    args = parser.parse_args()
    if args.profile:
        profile(args.scenario)
        return
    if args.once:
        times, found = once(args.scenario)
        print(" ".join(f"{ms:.1f}" for ms in times), " ".join(map(str, found)))
        return
    command = [sys.executable, __file__, "--once", "--scenario", str(args.scenario)]
    runs: list[list[float]] = []
    for _ in range(args.runs):
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        runs.append([float(field) for field in done.stdout.split()])
    best = min(runs, key=lambda run: sum(run[: len(MODELS)]))
    print(f"{'model':36} {'ms':>6} {'can serve':>10}")
    for i, model in enumerate(MODELS):
        print(f"{model:36} {best[i]:6.0f} {best[len(MODELS) + i]:10.0f}")
    total = sum(best[: len(MODELS)])
    print(f"{'all five':36} {total:6.0f} of {BUDGET_MS}{' over' if total > BUDGET_MS else ''}")


if __name__ == "__main__":
    main()
