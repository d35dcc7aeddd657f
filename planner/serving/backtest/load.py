"""The load a row was measured under, for the simulator.

- closed loop: all requests in flight are sent at once, as benchmark clients do, and each is
  followed by the next until ten times as many are through; all of them count.
- open loop: Poisson arrivals. Where the row's notes say how many prompts the run had, that run
  from its first arrival to its last answer, its ramp included; else a long run's steady part.
- burst: all requests at 0, until the last answer.
"""

from __future__ import annotations

import math
import random
import re

from planner.serving.backtest.naming import conventions
from planner.serving.backtest.types import Row
from planner.serving.simulate import (
    STEADY,
    WHOLE,
    Cutoff,
    SimRequest,
    Workload,
    burst,
    closed_loop,
    open_loop,
)

__all__ = ["SEED", "workload_of"]

SEED = 1
# Fewer requests than that are all chance.
_LEAST_REQUESTS = 40
# More are no more exact, only slower.
_MOST_CLOSED_REQUESTS = 5_000
_LEAST_GENERATIONS = 4


def workload_of(row: Row) -> tuple[Workload, Cutoff]:
    """The requests and their arrivals, and which part of the run counts."""
    match row.load_kind:
        case "closed":
            slots = math.ceil(row.load)
            requests = _requests(row, _closed_count(slots))
            return closed_loop(requests, in_flight=slots, seed=SEED), WHOLE
        case "open":
            stated = re.search(r"(\d+)-prompt", row.notes)
            count = int(stated[1]) if stated else conventions().open_loop_requests
            arriving = open_loop(_requests(row, count), rate_rps=row.load, seed=SEED)
            return arriving, WHOLE if stated else STEADY
        case "burst":
            return burst(_requests(row, math.ceil(row.load)), seed=SEED), WHOLE


def _closed_count(slots: int) -> int:
    count = min(slots * conventions().requests_per_slot, _MOST_CLOSED_REQUESTS)
    return max(count, slots * _LEAST_GENERATIONS, _LEAST_REQUESTS)


def _requests(row: Row, count: int) -> list[SimRequest]:
    source = random.Random(f"lengths {SEED}")
    prompts = _lengths(row, row.input_tokens, count, source)
    outputs = _lengths(row, row.output_tokens, count, source)
    return [
        SimRequest(input_tokens=prompt, output_tokens=output)
        for prompt, output in zip(prompts, outputs, strict=True)
    ]


def _lengths(row: Row, mean: float, count: int, source: random.Random) -> list[int]:
    heavy = conventions().heavy_tailed
    if row.spread is not None:
        low, high = row.spread
        drawn = [source.uniform(low, high) for _ in range(count)]
    elif re.search(heavy["match"], row.notes, re.IGNORECASE):
        deviation = math.sqrt(math.log(1.0 + heavy["coefficient_of_variation"] ** 2))
        drawn = [
            min(source.lognormvariate(-deviation * deviation / 2.0, deviation), heavy["longest"])
            for _ in range(count)
        ]
    else:
        drawn = [1.0] * count
    scale = mean * count / math.fsum(drawn)
    return [max(round(each * scale), 1) for each in drawn]
