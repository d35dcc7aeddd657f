"""The rows shipped with the package, as a file of runs would give them."""

from __future__ import annotations

from typing import cast

from planner.serving.backtest.naming import spread_of
from planner.serving.backtest.types import Row
from planner.serving.measured.rows import shipped_rows
from planner.serving.measured.types import LoadKind

__all__ = ["shipped_table"]


def shipped_table() -> tuple[Row, ...]:
    """Every shipped row; its lengths are means already, and ``line`` counts from the header."""
    return tuple(_row(line, raw) for line, raw in enumerate(shipped_rows(), start=2))


def _row(line: int, raw: dict[str, str]) -> Row:
    spread = spread_of(raw["source"])
    mean = sum(spread) / 2.0 if spread else 1.0
    degree = int(raw["tp"])
    return Row(
        line=line,
        id=raw["id"],
        source=raw["source"],
        model=raw["model"],
        precision=raw["precision"],
        engine=raw["engine"],
        engine_version=raw["engine_version"],
        gpu=raw["gpu"],
        gpu_count=degree,
        tensor_parallel_size=degree,
        input_tokens=float(raw["isl"]),
        output_tokens=float(raw["osl"]),
        spread=None if spread is None else (spread[0] / mean, spread[1] / mean),
        load_kind=cast(LoadKind, raw["load_kind"]),
        load=float(raw["load"]),
        output_tokens_per_s=_maybe(raw["out_tok_s"]),
        ttft_ms=_maybe(raw["ttft_ms"]),
        ttft_percentile=50.0 if raw["ttft_stat"] == "p50" else None,
        tpot_ms=_maybe(raw["tpot_ms"]),
        tpot_percentile=50.0 if raw["tpot_stat"] == "p50" else None,
        notes=raw["notes"],
    )


def _maybe(text: str) -> float | None:
    return float(text) if text else None
