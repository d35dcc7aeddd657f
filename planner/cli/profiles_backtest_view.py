"""What `planner profiles backtest` shows: scores as tables and JSON, rows as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from planner.render.blocks import Block, Bullets, Column, Grid, Heading, Paragraph
from planner.render.numbers import NOT_APPLICABLE
from planner.serving.backtest import (
    METRICS,
    TRUSTED_UTILISATION,
    Judged,
    Metric,
    RegretScore,
    Score,
    Slice,
    Unpredicted,
    informative,
    picks,
    regret_score,
    slices_of,
    summary_of,
)
from planner.serving.backtest.regret import GpuPrice

__all__ = ["Report", "report_blocks", "report_json", "rows_csv"]

_NAMES: dict[Metric, str] = {
    "throughput": "Throughput",
    "tpot": "Time per output token",
    "ttft": "Time to first token",
}
_DIMENSIONS = {
    "source": "Source",
    "gpu": "GPU",
    "model_kind": "Model",
    "precision": "Precision",
    "load": "Load",
    "provider": "Answered by",
    "band_class": "Band class",
}
_ROW_COLUMNS = (
    "id",
    "source",
    "model",
    "precision",
    "gpu",
    "tp",
    "isl",
    "osl",
    "load_kind",
    "load",
    "provider",
    "band_class",
    "utilisation",
    "counts_for_throughput",
    *(
        f"{metric}_{part}"
        for metric in METRICS
        for part in ("measured", "predicted", "low", "high", "error_pct", "in_band")
    ),
    "source_ids",
    "warnings",
    "reason",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The rows of ``file``, judged or not. ``price`` is of a GPU-hour, for the regret."""

    file: str
    judged: tuple[Judged, ...]
    unpredicted: tuple[Unpredicted, ...]
    exclude_measured: bool
    price: GpuPrice


# --- JSON ----------------------------------------------------------------------------------------


def report_json(report: Report) -> dict[str, object]:
    """Scores by figure, slices, regret, and the rows without a prediction."""
    return {
        "file": report.file,
        "exclude_measured": report.exclude_measured,
        "rows": len(report.judged) + len(report.unpredicted),
        "summary": _scores_json(summary_of(report.judged)),
        "slices": [
            {
                "dimension": each.dimension,
                "value": each.value,
                "rows": each.rows,
                **_scores_json(each.scores),
            }
            for each in slices_of(report.judged)
        ],
        "regret": {
            "all_loads": _regret_json(_regret(report)),
            "same_load": _regret_json(_regret(report, same_load=True)),
        },
        "unpredicted": [
            {"id": each.row.id, "line": each.row.line, "reason": each.reason}
            for each in report.unpredicted
        ],
        "notes": list(_notes(report)),
    }


def _scores_json(scores: dict[Metric, Score]) -> dict[str, object]:
    return {
        metric: {
            "n": found.n,
            "median_abs_error_pct": _rounded(found.median_abs_error_pct),
            "mape_pct": _rounded(found.mape_pct),
            "bias_pct": _rounded(found.bias_pct),
            "in_band_share": _rounded(found.in_band_share, 4),
            "median_band_ratio": _rounded(found.median_band_ratio, 3),
        }
        for metric, found in scores.items()
    }


def _regret(report: Report, *, same_load: bool = False) -> RegretScore:
    return regret_score(picks(report.judged, report.price, same_load=same_load))


def _regret_json(found: RegretScore) -> dict[str, object]:
    return {
        "picks": found.picks,
        "median_pct": _rounded(found.median_pct),
        "mean_pct": _rounded(found.mean_pct),
        "max_pct": _rounded(found.max_pct),
        "zero_share": _rounded(found.zero_share, 4),
    }


def _rounded(value: float | None, digits: int = 2) -> float | None:
    return None if value is None else round(value, digits)


# --- tables --------------------------------------------------------------------------------------


def report_blocks(report: Report) -> list[Block]:
    """The same as tables."""
    total = len(report.judged) + len(report.unpredicted)
    blocks: list[Block] = [
        Heading("Predictions against measured runs", level=1),
        Paragraph(f"{report.file}: {len(report.judged):,} of {total:,} rows have a prediction."),
        _summary_grid(summary_of(report.judged)),
        Bullets(_notes(report)),
        *_regret_blocks(report),
    ]
    found = slices_of(report.judged)
    for metric in METRICS:
        blocks += [Heading(f"{_NAMES[metric]} by slice"), _slices_grid(found, metric)]
    if report.unpredicted:
        rows = [(str(u.row.line), u.row.id, u.reason) for u in report.unpredicted]
        columns = [
            Column(header="Line", align="right"),
            Column(header="Row", is_name=True),
            Column(header="Why there is no prediction", wraps=True),
        ]
        blocks += [Heading("Rows without a prediction"), Grid.of(columns, rows)]
    return blocks


def _notes(report: Report) -> tuple[str, ...]:
    left_out = (
        "no measured run is used"
        if report.exclude_measured
        else "measured runs of a row's own source, model, precision, GPU and degree are left out"
    )
    told = sum(1 for each in report.judged if "ttft" in each.prediction.untrusted)
    arrivals = sum(1 for each in report.judged if not informative(each, "throughput"))
    notes = [
        f"{left_out}; each row's load is played by the simulator on the chain's step times",
        "error: predicted ÷ measured − 1; bias is its mean; band: 80 % of measured ÷ predicted",
    ]
    if arrivals:
        notes.append(
            f"{arrivals} Poisson rows kept up with what arrived: their throughput is the arrivals "
            "and counts in no total but their own slice; their latencies do count"
        )
    if told:
        notes.append(
            f"time to first token is not predicted for {told} rows: bursts, and loads above a "
            f"utilisation of {TRUSTED_UTILISATION}; elsewhere trust it within its band only"
        )
    return tuple(notes)


def _summary_grid(scores: dict[Metric, Score]) -> Grid:
    return Grid.of(
        [Column(header="Figure"), *_score_columns()],
        [(_NAMES[metric], *_score_cells(found)) for metric, found in scores.items()],
    )


def _slices_grid(found: Sequence[Slice], metric: Metric) -> Grid:
    rows = [
        (_DIMENSIONS[each.dimension], each.value, *_score_cells(each.scores[metric]))
        for each in found
        if each.scores[metric].n
    ]
    return Grid.of([Column(header="Slice"), Column(header="Rows of"), *_score_columns()], rows)


def _score_columns() -> list[Column]:
    return [
        Column(header="Rows", align="right"),
        Column(header="Median error %", align="decimal"),
        Column(header="Mean error %", align="decimal", priority=2),
        Column(header="Bias %", align="decimal", priority=1),
        Column(header="In band", align="right"),
        Column(header="Band high ÷ low", align="decimal", priority=3),
    ]


def _score_cells(found: Score) -> tuple[str, ...]:
    def cell(value: float | None, pattern: str) -> str:
        return NOT_APPLICABLE if value is None else format(value, pattern)

    return (
        f"{found.n:,}",
        cell(found.median_abs_error_pct, ".1f"),
        cell(found.mape_pct, ".1f"),
        cell(found.bias_pct, "+.1f"),
        cell(found.in_band_share, ".0%"),
        cell(found.median_band_ratio, ".2f"),
    )


def _regret_blocks(report: Report) -> list[Block]:
    rows: list[tuple[str, ...]] = []
    for name, found in (
        ("every load", _regret(report)),
        ("same load", _regret(report, same_load=True)),
    ):
        if found.picks:
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
    if not rows:
        return []
    columns = [
        Column(header="Options compared"),
        Column(header="Picks", align="right"),
        Column(header="Median %", align="decimal"),
        Column(header="Mean %", align="decimal"),
        Column(header="Most %", align="decimal"),
        Column(header="Best picked", align="right"),
    ]
    text = (
        "How much more the option costs that is cheapest by prediction than the cheapest measured "
        "one, for each model and lengths with runs on different hardware, at on-demand prices."
    )
    return [Heading("Dollar regret"), Paragraph(text), Grid.of(columns, rows)]


# --- rows ----------------------------------------------------------------------------------------


def rows_csv(judged: Iterable[Judged], unpredicted: Iterable[Unpredicted]) -> str:
    """One line a row in the order of the file: prediction, band, provider, or the reason."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _ROW_COLUMNS, lineterminator="\n")
    writer.writeheader()
    lines = [(each.row.line, _judged_line(each)) for each in judged]
    lines += [(each.row.line, _unpredicted_line(each)) for each in unpredicted]
    writer.writerows(line for _, line in sorted(lines, key=lambda pair: pair[0]))
    return text.getvalue()


def _row_fields(each: Judged | Unpredicted) -> dict[str, str]:
    row = each.row
    return {
        "id": row.id,
        "source": row.source,
        "model": row.model,
        "precision": row.precision,
        "gpu": row.gpu,
        "tp": str(row.tensor_parallel_size),
        "isl": f"{row.input_tokens:g}",
        "osl": f"{row.output_tokens:g}",
        "load_kind": row.load_kind,
        "load": f"{row.load:g}",
    }


def _unpredicted_line(each: Unpredicted) -> dict[str, str]:
    return {**_row_fields(each), "reason": each.reason}


def _judged_line(each: Judged) -> dict[str, str]:
    said = each.prediction
    line = {
        **_row_fields(each),
        "provider": said.provider,
        "band_class": said.band_class,
        "utilisation": f"{said.utilisation:.3f}",
        "counts_for_throughput": str(informative(each, "throughput")).lower(),
        "source_ids": "; ".join(said.source_ids),
        "warnings": "; ".join(said.warnings),
        "reason": "; ".join(said.untrusted.values()),
    }
    for metric in METRICS:
        measured, predicted = each.row.measured(metric), said.values.get(metric)
        ratio, inside = each.ratio(metric), each.in_band(metric)
        band = said.bands[metric]
        if measured is not None:
            line[f"{metric}_measured"] = f"{measured:.6g}"
        if predicted is not None:
            line[f"{metric}_predicted"] = f"{predicted:.6g}"
            line[f"{metric}_low"] = f"{predicted * band.low:.6g}"
            line[f"{metric}_high"] = f"{predicted * band.high:.6g}"
        if ratio is not None:
            line[f"{metric}_error_pct"] = f"{(ratio - 1.0) * 100.0:.2f}"
            line[f"{metric}_in_band"] = str(inside).lower()
    return line
