"""From the scenario's length fields, or its trace, to buckets and the assumptions behind them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from planner.demand.buckets import RequestLengths, independent_lengths, joint_lengths
from planner.demand.json_lines import is_jsonl
from planner.demand.lengths import (
    ConstantLength,
    LengthDistribution,
    LognormalLength,
    SampleLengths,
    fit_quantile_table,
    linear_quantile_table,
)
from planner.demand.numbers import plain
from planner.demand.profiles import length_table
from planner.demand.prompts import Side, TokenCounter, prompt_lengths
from planner.demand.trace import TraceRows
from planner.demand.types import LengthStats
from planner.scenario.provenance import Assumption
from planner.scenario.workload import TokenLengths, Workload

__all__ = ["request_lengths"]

_PATHS: dict[Side, str] = {"input": "workload.input_tokens", "output": "workload.output_tokens"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Context:
    base_dir: Path
    count_tokens: TokenCounter


def request_lengths(
    workload: Workload, trace: TraceRows | None, base_dir: Path, count_tokens: TokenCounter
) -> tuple[RequestLengths, tuple[Assumption, ...]]:
    """Buckets of a workload and what they rest on.

    Lengths given in the scenario win over those of the trace. Input and output stay joint when
    they come from a trace or from the same ``.jsonl`` files; else they are independent.
    ScenarioError for prompt files that cannot be used.
    """
    given_in, given_out = workload.input_tokens, workload.output_tokens
    if given_in is None or given_out is None:
        # The scenario model asks for both lengths when there is no trace.
        assert trace is not None and workload.trace is not None
        return _from_trace(trace, workload.trace.source or trace.file)
    context = _Context(base_dir=base_dir, count_tokens=count_tokens)
    lengths = _from_files(given_in, given_out, context)
    is_joint = lengths is not None
    if lengths is None:
        lengths = independent_lengths(
            _distribution(given_in, "input", context), _distribution(given_out, "output", context)
        )
    lines = [
        _length_assumption(field, side, stats, workload)
        for field, (side, stats) in zip((given_in, given_out), _sides(lengths), strict=True)
    ]
    if not is_joint and _both_vary(lengths):
        lines.append(_INDEPENDENT)
    return lengths, tuple(lines)


def _from_trace(trace: TraceRows, source: str) -> tuple[RequestLengths, tuple[Assumption, ...]]:
    lengths = joint_lengths(trace.requests)
    return lengths, tuple(
        Assumption(path=_PATHS[side], value=shown_stats(stats), origin="trace", source=source)
        for side, stats in _sides(lengths)
    )


def _from_files(
    given_in: TokenLengths, given_out: TokenLengths, context: _Context
) -> RequestLengths | None:
    """Joint lengths when both sides name the same files of one request a line."""
    files = given_in.files
    if files is None or files != given_out.files or not all(map(is_jsonl, files)):
        return None
    inputs = _counted(given_in, "input", context)
    outputs = _counted(given_out, "output", context)
    return joint_lengths(
        list(zip(inputs, outputs, strict=True)),
        input_scale=given_in.scale or Decimal(1),
        output_scale=given_out.scale or Decimal(1),
    )


def _both_vary(lengths: RequestLengths) -> bool:
    inputs = {bucket.input_tokens for bucket in lengths.buckets}
    outputs = {bucket.output_tokens for bucket in lengths.buckets}
    return len(inputs) > 1 and len(outputs) > 1


_INDEPENDENT = Assumption(
    path="workload.trace",
    value="input and output lengths are independent of each other",
    origin="default",
    source="two separate distributions carry no correlation; a trace does",
    mark="?",
)


def shown_stats(stats: LengthStats) -> str:
    """``mean 1154.7, p50 1020, p95 4083, p99 4142, maximum 14050 tokens``."""
    if stats.maximum == stats.p50 == float(stats.mean):
        return f"{plain(stats.mean)} tokens, every request"
    figures = (stats.mean, stats.p50, stats.p95, stats.p99, stats.maximum)
    names = ("mean", "p50", "p95", "p99", "maximum")
    shown = (f"{name} {plain(round(x, 2))}" for name, x in zip(names, figures, strict=True))
    return ", ".join(shown) + " tokens"


def _sides(lengths: RequestLengths) -> tuple[tuple[Side, LengthStats], ...]:
    return ("input", lengths.input_tokens), ("output", lengths.output_tokens)


def _distribution(field: TokenLengths, side: Side, context: _Context) -> LengthDistribution:
    if field.files is not None:
        counts = _counted(field, side, context)
        return SampleLengths(tuple(sorted(counts)), field.scale or Decimal(1))
    if field.profile is not None:
        return _profile(field.profile, side, field.scale or Decimal(1))
    if field.quantiles is not None:
        points = sorted((Decimal(key[1:]) / 100, value) for key, value in field.quantiles.items())
        return linear_quantile_table(
            tuple(level for level, _ in points), tuple(tokens for _, tokens in points)
        )
    assert field.mean is not None  # The scenario model asks for exactly one of the four.
    if field.cv is None or field.mean == 0:
        return ConstantLength(field.mean)
    return LognormalLength(field.mean, field.cv)


def _profile(name: str, side: Side, scale: Decimal) -> LengthDistribution:
    table = length_table(name)
    tokens = table.input_tokens if side == "input" else table.output_tokens
    mean = table.input_mean if side == "input" else table.output_mean
    steps = len(tokens) - 1
    return fit_quantile_table(
        tuple(step / steps for step in range(steps + 1)),
        tuple(value * float(scale) for value in tokens),
        mean * scale,
    )


def _counted(field: TokenLengths, side: Side, context: _Context) -> list[int]:
    assert field.files is not None

    def count(text: str) -> int:
        return context.count_tokens(text, field.encoding)

    return prompt_lengths(field.files, side, context.base_dir, count, f"{_PATHS[side]}.files")


def _length_assumption(
    field: TokenLengths, side: Side, stats: LengthStats, workload: Workload
) -> Assumption:
    value, path = shown_stats(stats), _PATHS[side]
    scaled = "" if field.scale is None else f", times {plain(field.scale)}"
    if field.profile is not None:
        table = length_table(field.profile)
        share = table.request_share_with_lengths
        known = "" if share == 1 else f", lengths of {plain(share * 100)} % of its requests"
        return Assumption(
            path=path,
            value=value,
            origin="trace",
            source=f"profile {field.profile}{scaled}: {table.source} ({table.licence}){known}",
            mark="~",
        )
    if field.files is not None:
        return Assumption(
            path=path,
            value=value,
            origin="measured",
            source=f"counted in {', '.join(field.files)} with {field.encoding}{scaled}",
        )
    source = workload.source or "given in the scenario"
    if field.cv is not None:
        source += f", lognormal with cv {plain(field.cv)}"
    return Assumption(path=path, value=value, origin="scenario", source=source)
