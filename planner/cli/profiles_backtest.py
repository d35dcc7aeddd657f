"""`planner profiles backtest`: the planner's predictions against measured runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from planner.cli import streams
from planner.cli.options import FORMAT, Wide

if TYPE_CHECKING:
    from planner.serving.backtest import Judged, Row, Unpredicted

__all__ = ["backtest"]

_Rows = Annotated[
    Path | None,
    typer.Argument(
        metavar="[ROWS.csv]",
        show_default=False,
        help="CSV file of measured runs. Default: the shipped ones.",
    ),
]
_ExcludeMeasured = Annotated[
    bool,
    typer.Option("--exclude-measured", help="Predict without any measured run."),
]
_RowsOut = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="Write one line of CSV for each row to FILE."),
]


def backtest(
    rows: _Rows = None,
    exclude_measured: _ExcludeMeasured = False,
    out: _RowsOut = None,
    format_: Annotated[Literal["table", "json", "markdown"], FORMAT] = "table",
    wide: Wide = False,
) -> None:
    """Compare predictions with measured runs: error, bias, and share inside the stated 80 % band.

    Each row is predicted under its own load (requests in flight, Poisson arrivals, all at once),
    without the measured runs of its own source, model, precision, GPU and degree. Columns: id,
    source, model, precision, gpu, tp, isl, osl, load_kind (closed_loop_concurrency, poisson_rps,
    burst_all_at_once), load_value, out_tok_s; and, where known, ttft_ms, ttft_stat, tpot_ms,
    tpot_stat, engine, engine_version, n_gpu, notes (flags of `vllm serve` in them are read).

      planner profiles backtest
      planner profiles backtest my-runs.csv --exclude-measured --out judged.csv
    """
    from planner.catalog.snapshot import load_snapshot
    from planner.cli import profiles_backtest_view as view
    from planner.cli.prices_view import as_json
    from planner.files import write_atomic
    from planner.render.markdown import markdown_of
    from planner.render.text import TextStyle, text_of
    from planner.serving.backtest import on_demand_gpu_price, read_rows, shipped_table

    table = shipped_table() if rows is None else read_rows(rows)
    judged, unpredicted = _judged(table, exclude_measured=exclude_measured)
    report = view.Report(
        file="shipped rows" if rows is None else str(rows),
        judged=judged,
        unpredicted=unpredicted,
        exclude_measured=exclude_measured,
        price=on_demand_gpu_price(load_snapshot(None)),
    )
    said = streams.current()
    if out is not None:
        write_atomic(out, view.rows_csv(judged, unpredicted))
        said.note(f"wrote {out}: {len(table)} rows")
    if format_ == "json":
        text = as_json(view.report_json(report))
    elif format_ == "markdown":
        text = markdown_of(view.report_blocks(report))
    else:
        style = TextStyle(width=None if wide else said.width, color=said.color)
        text = text_of(view.report_blocks(report), style)
    said.write_result(text)


def _judged(
    table: tuple[Row, ...], *, exclude_measured: bool
) -> tuple[tuple[Judged, ...], tuple[Unpredicted, ...]]:
    from planner.serving.backtest import Judged, Unpredicted, judge, model_providers, row_providers

    found = [
        judge(row, model_providers() if exclude_measured else row_providers(row)) for row in table
    ]
    return (
        tuple(each for each in found if isinstance(each, Judged)),
        tuple(each for each in found if isinstance(each, Unpredicted)),
    )
