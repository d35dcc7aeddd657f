"""How long the draws of a scenario take, after imports.

    python benchmarks/uncertainty.py [--runs 5] [FILE ...]

Processor time of one core, the least of N runs: 10,000 draws over all options, 2,000 with tornado
and lasting volumes as `recommend` makes them, 500 without them as portfolios do. No test depends
on these numbers.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from planner.catalog import load_catalog
from planner.decision import Recommendation, recommend
from planner.decision.uncertainty import DEFAULT_DRAWS, PORTFOLIO_DRAWS, assess
from planner.demand import build_demand
from planner.scenario import load_scenario

SCENARIOS = Path(__file__).resolve().parent.parent / "scenarios"
MOST_DRAWS = 10_000
BUDGET_MS = 250
# Draws, and whether with tornado and lasting volumes.
CASES = ((MOST_DRAWS, False), (DEFAULT_DRAWS, True), (PORTFOLIO_DRAWS, False))


def recommended(path: Path) -> Recommendation:
    """The answer whose certainty is in question; not part of the time."""
    loaded = load_scenario(path, ())
    catalog = load_catalog(prices=loaded.scenario.prices, base_dir=loaded.base_dir)
    demand = build_demand(loaded.scenario, loaded.base_dir)
    return recommend(loaded.scenario, demand, catalog, base_dir=loaded.base_dir)


def least_ms(work: Callable[[], object], runs: int) -> float:
    """Processor time of the fastest run."""
    found: list[float] = []
    for _ in range(runs):
        start = time.process_time()
        work()
        found.append((time.process_time() - start) * 1000)
    return min(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    print(f"{'scenario':24} {'options':>7} {'10,000':>8} {'2,000 in full':>14} {'500':>6}   ms")
    for path in args.files or sorted(SCENARIOS.glob("*.yaml")):
        found = recommended(path)
        if found.chosen is None:
            continue
        feasible = sum(each.option.feasible for each in found.options)
        most, full, few = (
            least_ms(partial(assess, found, draws=draws, detail=detail), args.runs)
            for draws, detail in (
                (MOST_DRAWS, False),
                (DEFAULT_DRAWS, True),
                (PORTFOLIO_DRAWS, False),
            )
        )
        over = " over" if most > BUDGET_MS else ""
        print(f"{path.stem:24} {feasible:7} {most:8.0f} {full:14.0f} {few:6.0f}{over}")


if __name__ == "__main__":
    main()
