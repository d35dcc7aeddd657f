"""``docs/serving_accuracy.md``, written by ``calibrate_serving.py``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from planner.catalog.snapshot import load_snapshot
from planner.serving.backtest import (
    METRICS,
    Judged,
    Metric,
    Score,
    Slice,
    informative,
    on_demand_gpu_price,
    picks,
    regret_score,
    score,
    slices_of,
)
from scripts.serving_cases import HOST_GRID, Case, Fold

# A model's bands count as checked from so many rows on.
LEAST_SEEN_ROWS = 10
# A group is named as a miss above this median error.
MISS_PCT = 25.0


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are right-aligned."""
    lines = ["| " + " | ".join(header) + " |"]
    lines.append("|" + "|".join(["---", *["---:"] * (len(header) - 1)]) + "|")
    lines += ["| " + " | ".join(cells) + " |" for cells in rows]
    return "\n".join(lines) + "\n"


_SCORE_HEADER = ("n", "median error %", "MAPE %", "bias %", "in band", "band high ÷ low")


def cells(found: Score) -> tuple[str, ...]:
    if not found.n:
        return ("0", *["–"] * 5)
    return (
        f"{found.n:,}",
        f"{found.median_abs_error_pct:.1f}",
        f"{found.mape_pct:.1f}",
        f"{found.bias_pct:+.1f}",
        f"{found.in_band_share:.0%}",
        f"{found.median_band_ratio:.2f}",
    )


def sliced(found: Sequence[Slice], metric: Metric) -> str:
    rows = [
        (f"{each.dimension}: {each.value}", *cells(each.scores[metric]))
        for each in found
        if each.scores[metric].n
    ]
    return table(("slice", *_SCORE_HEADER), rows)


def kind_scores(judged: Sequence[Judged]) -> list[tuple[str, Score]]:
    """Throughput in total, of dense models and of mixtures."""
    counted = [each for each in judged if informative(each, "throughput")]
    return [
        ("all", score(counted, "throughput")),
        ("dense", score([j for j in counted if not j.prediction.is_moe], "throughput")),
        ("mixture of experts", score([j for j in counted if j.prediction.is_moe], "throughput")),
    ]


def goals(open_rows: Sequence[tuple[str, Sequence[Judged]]]) -> str:
    """What was wanted against what is reached, on the open rows."""
    rows: list[tuple[str, ...]] = []
    limits = {"all": None, "dense": 1.5, "mixture of experts": 2.0}
    for way, judged in open_rows:
        for kind, found in kind_scores(judged):
            assert found.median_abs_error_pct is not None
            assert found.in_band_share is not None
            assert found.median_band_ratio is not None
            limit = limits[kind]
            reached = [
                found.median_abs_error_pct <= 15.0,
                found.in_band_share >= 0.8,
                limit is None or found.median_band_ratio <= limit,
            ]
            missed = [
                text
                for ok, text in zip(
                    reached, ("median error", "coverage", "band width"), strict=True
                )
                if not ok
            ]
            rows.append((f"{way}: {kind}", *cells(found), ", ".join(missed) or "none"))
    return table(("open rows, throughput", *_SCORE_HEADER, "goals missed"), rows)


def fold_rows(done: Sequence[Fold]) -> str:
    rows: list[tuple[str, ...]] = []
    for fold in done:
        counted = [j for _, j in fold.judged if informative(j, "throughput")]
        if counted:
            rows.append((fold.left_out, *cells(score(counted, "throughput"))))
    return table(("left out", *_SCORE_HEADER), rows)


def misses(judged: Sequence[Judged]) -> str:
    """Rows outside their band, the farthest first."""
    outside = [
        each
        for each in judged
        if informative(each, "throughput") and each.in_band("throughput") is False
    ]
    outside.sort(key=lambda each: -abs(math.log(each.ratio("throughput") or 1.0)))
    rows: list[tuple[str, ...]] = []
    for each in outside:
        row, said = each.row, each.prediction
        measured = row.output_tokens_per_s
        assert measured is not None
        rows.append(
            (
                f"`{row.id}`",
                f"{row.model.rpartition('/')[2]} {row.precision} {row.gpu} "
                f"tp{row.tensor_parallel_size}",
                f"{row.input_tokens:.0f}+{row.output_tokens:.0f}, {row.load_kind} {row.load:g}",
                f"{measured:,.0f}",
                f"{said.values['throughput']:,.0f}",
                said.band_class,
            )
        )
    return table(("row", "what", "tokens, load", "measured tok/s", "predicted", "class"), rows)


def group_table(judged: Sequence[Judged]) -> str:
    """Every model on every GPU of the sample; groups far off in bold."""
    groups: dict[tuple[str, ...], list[Judged]] = {}
    for each in judged:
        row = each.row
        key = (row.model.rpartition("/")[2], row.precision, each.prediction.accelerator)
        groups.setdefault(key, []).append(each)
    rows: list[tuple[str, ...]] = []
    for key in sorted(groups):
        found = score(groups[key], "throughput")
        name = " ".join(key)
        far = (found.median_abs_error_pct or 0.0) > MISS_PCT
        rows.append((f"**{name}**" if far else name, *cells(found)))
    return table(("group", *_SCORE_HEADER), rows)


def band_table(bands: Mapping[str, Mapping[str, Any]]) -> str:
    def shown(band: Mapping[str, float]) -> str:
        return f"{band['low']:.2f}–{band['high']:.2f}"

    rows = [
        (
            f"`{name}`",
            *(shown(found[metric]) for metric in METRICS),
            f"{found['rows']:,}" if "rows" in found else "assumed",
            str(found.get("models", "–")),
            str(found.get("accelerators", "–")),
        )
        for name, found in bands.items()
    ]
    return table(
        ("class", "throughput", "TPOT", "TTFT", "rows", "models", "GPUs"),
        rows,
    )


def host_table(hosts: Mapping[str, float], done: Sequence[Fold], found: Sequence[Case]) -> str:
    names = {"slow": "slow hosts (fitted on A100)"}
    rows = [
        (
            names.get(name, f"vLLM from {name}"),
            f"{spent * 1e3:.0f}",
            f"{min(fold.hosts[name] for fold in done) * 1e3:.0f}–"
            f"{max(fold.hosts[name] for fold in done) * 1e3:.0f}",
            f"{sum(case.host_class == name for case in found):,}",
        )
        for name, spent in sorted(hosts.items())
    ]
    return table(("rows of", "µs per sequence and step", "with one model left out", "rows"), rows)


def regret_rows(judged: Sequence[Judged]) -> str:
    price = on_demand_gpu_price(load_snapshot(None))
    rows: list[tuple[str, ...]] = []
    for name, same_load in (("every load", False), ("same load", True)):
        found = regret_score(picks(judged, price, same_load=same_load))
        rows.append(
            (
                name,
                str(found.picks),
                f"{found.median_pct:.1f}",
                f"{found.mean_pct:.1f}",
                f"{found.max_pct:.1f}",
                f"{found.zero_share:.0%}",
            )
        )
    return table(("options compared", "picks", "median %", "mean %", "most %", "best picked"), rows)


def regret_misses(judged: Sequence[Judged], least_pct: float) -> str:
    price = on_demand_gpu_price(load_snapshot(None))
    found = [each for each in picks(judged, price) if each.regret_pct > least_pct]
    rows = [
        (
            f"{each.model} {each.input_tokens}+{each.output_tokens}",
            str(each.options),
            f"`{each.chosen.judged.row.id}`",
            f"`{each.best.judged.row.id}`",
            f"{each.regret_pct:.1f}",
        )
        for each in sorted(found, key=lambda each: -each.regret_pct)
    ]
    return table(("workload", "options", "picked", "cheapest", "regret %"), rows)


def ttft_by_load(judged: Sequence[Judged]) -> str:
    """Time to first token by how many requests are in flight."""
    edges = (1, 32, 128, 512, 10_000)
    rows: list[tuple[str, ...]] = []
    for low, high in pairwise(edges):
        inside = [
            each
            for each in judged
            if each.row.load_kind == "closed" and low <= each.row.load < high
        ]
        rows.append(
            (f"closed loop, {low:,} to {high - 1:,} in flight", *cells(score(inside, "ttft")))
        )
    rows.append(
        (
            "Poisson, utilisation up to 0.85",
            *cells(score([j for j in judged if j.row.load_kind == "open"], "ttft")),
        )
    )
    return table(("load", *_SCORE_HEADER), rows)


def page(
    *,
    fitted: str,
    shipped: Sequence[Judged],
    sample: Sequence[Judged],
    near: Sequence[Judged],
    by_model: Sequence[Fold],
    by_gpu: Sequence[Fold],
    hosts: Mapping[str, float],
    found: Sequence[Case],
    bands: Mapping[str, Mapping[str, Any]],
    seen: Sequence[str],
) -> str:
    """The whole page as Markdown."""
    open_folds = [
        ("model left out", [j for f in by_model for case, j in f.judged if case.shipped]),
        ("GPU left out", [j for f in by_gpu for case, j in f.judged if case.shipped]),
        ("as shipped", shipped),
    ]
    all_slices = slices_of(shipped)
    steady = score((j for j in near if j.prediction.band_class == "measured_row"), "throughput")
    return f"""\
# How accurate the serving model is

<!-- Written by `python scripts/calibrate_serving.py`; do not edit. -->

Fitted {fitted}. Every measured run is predicted as the planner would predict it, then compared.
`planner profiles backtest` does the same with the shipped rows, or with a file of your own.

- **Rows**: {len(shipped)} shipped rows under an open licence (`planner/serving/measured/data`),
  "open rows" below, and {len(sample):,} more of the measured sample inside aiconfigurator-core
  (`scripts/data/silicon_rows.csv`), whose authors tuned parts of their own estimator on them. All
  are vLLM; none ran on AWS.
- **How**: the chain of providers gives step times; the simulator plays each row's own load on them.
  No measured run of a row's own source, model, precision, GPU and tensor-parallel degree is used.
- **Fitted**: the host overhead and the bands, nothing else. A factor on the predictions would make
  models that were left out of its fit worse, so there is none.
- **Error** = predicted ÷ measured − 1; bias is its mean. **In band**: measured ÷ predicted inside
  the stated 80 % band. Poisson runs the engine kept up with put out what arrives: their throughput
  counts in no total.
- **Not known of the rows**: flags of the engine. InferenceX may have run some with an fp8 KV cache,
  which holds twice the tokens: rows with one GPU and long answers come out too slow here.

## Goals

Cross-validated: the host overhead and the bands a row is judged by are fitted without its model, or
without its GPU. Wanted: median error at most 15 %, at least 80 % in band, median band high ÷ low at
most 1.5 for dense models and 2.0 for mixtures.

{goals(open_folds)}
A model that is left out is judged by the wider band of models without rows, fitted on what is left:
on three models for mixtures of experts, on two for dense ones.

## Throughput of the open rows, by slice

{sliced(all_slices, "throughput")}
## Time per output token of the open rows, by slice

{sliced(all_slices, "tpot")}
## Time to first token of the open rows, by slice

{sliced(all_slices, "ttft")}
## All rows, one model left out

{fold_rows(by_model)}
## All rows, one GPU left out

{fold_rows(by_gpu)}
## Open rows outside their band

As shipped, throughput, the farthest first.

{misses(shipped)}
## The sample by model and GPU

Throughput of the {len(sample):,} rows; groups with a median error above {MISS_PCT:.0f} % in bold.

{group_table(sample)}
## Dollar regret

For each model and lengths with measured runs on different hardware, priced on demand in us-east-1:
how much more the option costs that is cheapest by prediction than the one that really is. Open
rows:

{regret_rows(shipped)}
Picks with a regret above 3 %:

{regret_misses(shipped, 3.0)}
Open rows and sample together:

{regret_rows([*shipped, *sample])}
Its picks above 25 %:

{regret_misses([*shipped, *sample], 25.0)}
## When time to first token can be trusted

Not above a utilisation of 0.85 nor in a burst: there waits tell of bursts and of how long the load
lasted, the error is several hundred percent, and the planner gives no figure. Below, within its
band: good enough to tell one second from five, not 200 ms from 300. Simulated closed loops start
with all requests at once and keep requests of one length together, so that runs with fixed lengths
(NVIDIA rows) come out too slow. Rows with a prediction:

{ttft_by_load([*shipped, *sample])}
## Host overhead

Scheduler, sampling and detokenisation, absent from operator tables. The value with the least median
error of throughput, each (model, precision, GPU) weighing the same, out of
{", ".join(f"{host * 1e3:.0f}" for host in HOST_GRID)} µs, from rows with tables of that very model
and GPU. For recent engines less than {HOST_GRID[0] * 1e3:.0f} µs fits mixtures of experts a little
better; there the overhead cannot be told from errors of the tables.

{host_table(hosts, by_model, found)}
## Bands

Measured ÷ predicted. A band is symmetric in the logarithm: half-width = the 80 % quantile of the
size of the error, each (model, precision, GPU) weighing the same. Classes for models without rows
are wider by √(1 + 1 ÷ models), those for GPUs without rows by 1 ÷ GPUs under the root as well;
figures with fewer than two models take the widest band of their provider. `roofline_*` are fitted
on the roofline's own predictions of all rows.

{band_table(bands)}
Seen models, with {LEAST_SEEN_ROWS} rows or more: {", ".join(f"`{stem}`" for stem in seen)}.

The bands of measured runs are assumed: another machine, driver or client differs more than two runs
in one laboratory. {steady.n:,} closed-loop rows predicted from other runs of the same source and
hardware are off by {steady.median_abs_error_pct:.1f} % in the median,
{steady.in_band_share:.0%} lie inside; only this sentence uses a row's own source.
"""
