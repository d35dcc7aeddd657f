"""vLLM's counters: a scrape of `/metrics`, or a range of them from Prometheus.

Metric names of vLLM's production metrics (read 2026-11-21). Counters start at 0 with the process,
so that one scrape says what was used since then; a range gives the increases between its steps,
where a value below the one before is a restart. Tokens have no price here: the money is the
GPU hours of the bill.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from itertools import pairwise

from planner.actuals.sources.spec import FileFacts, Parsed, SourceSpec, labels_of
from planner.actuals.tokens import TokenFields, split
from planner.actuals.types import RowError, Usage
from planner.actuals.values import Row, as_list, as_row, instant, mapping, number, shown, text

__all__ = ["VLLM"]

_PREFIX = "vllm:"
_PROMPT = "vllm:prompt_tokens_total"
_GENERATION = "vllm:generation_tokens_total"
_SUCCESS = "vllm:request_success_total"
_CACHED = "vllm:prompt_tokens_cached_total"
_BY_SOURCE = "vllm:prompt_tokens_by_source_total"
_COUNTERS = frozenset({_PROMPT, _GENERATION, _SUCCESS, _CACHED, _BY_SOURCE})
_PROCESS_START = "process_start_time_seconds"
# Labels that split one server's counter; the others say which server it is.
_PARTS = frozenset({"finished_reason", "source", "__name__", "le"})
_COMPUTED = "local_compute"
_ABORTED = ("abort", "error")

# A counter and the labels that split it; values by moment. Keys of servers are their labels.
_Part = tuple[str, str]
_Server = tuple[tuple[str, str], ...]


def _fits(row: Row) -> bool:
    name = row.get("name")
    if isinstance(name, str) and "labels" in row:
        return name.startswith((_PREFIX, "python_")) or name == _PROCESS_START
    return any(
        str(_metric(series).get("__name__", "")).startswith(_PREFIX) for series in _series(row)
    )


def _series(row: Row) -> Iterator[Row]:
    """Series of an answer of Prometheus (`/api/v1/query_range`), or of one series by itself."""
    data = as_row(row.get("data")) or row
    for item in as_list(data.get("result")) or [data]:
        found = as_row(item)
        if found is not None and "metric" in found:
            yield found


def _metric(series: Row) -> Row:
    return as_row(series.get("metric")) or {}


class _Parser:
    """Collects the samples of a file; the records come at its end."""

    def __init__(self, facts: FileFacts) -> None:
        self._facts = facts
        self._scraped: dict[_Server, dict[_Part, float]] = defaultdict(dict)
        self._ranges: dict[_Server, dict[_Part, dict[datetime, float]]] = defaultdict(
            lambda: defaultdict(dict)
        )
        self._process_start: datetime | None = None
        self._scraped_at: datetime | None = None

    def records(self, row: Row) -> Iterable[Parsed]:
        """Nothing yet; RowError for a value that is no count."""
        if "name" in row:
            self._take_sample(row)
            return ()
        series = tuple(_series(row))
        if not series:
            raise RowError("data.result", "is missing: this is not an answer of Prometheus")
        for each in series:
            self._take_series(each)
        return ()

    def _take_sample(self, row: Row) -> None:
        name = text(row, "name")
        if name == _PROCESS_START:
            self._process_start = instant({_PROCESS_START: _counter(row, "value")}, _PROCESS_START)
        if name not in _COUNTERS:
            return
        labels = mapping(row, "labels")
        if "timestamp_ms" in row:
            stamp = instant(row, "timestamp_ms")
            self._scraped_at = max(stamp, self._scraped_at or stamp)
        self._scraped[_server(labels)][_part(name, labels)] = _counter(row, "value")

    def _take_series(self, series: Row) -> None:
        labels = _metric(series)
        name = text(labels, "__name__")
        if name not in _COUNTERS:
            return
        at = self._ranges[_server(labels)][_part(name, labels)]
        for item in as_list(series.get("values")):
            pair = as_list(item)
            if len(pair) != 2:
                raise RowError("values", f"holds {shown(item)}, not pairs of time and value")
            sample: Row = {"time": pair[0], "value": pair[1]}
            at[instant(sample, "time")] = _counter(sample, "value")

    def finish(self) -> Iterable[Parsed]:
        """One bucket a server since its start, or one a step."""
        for server, parts in sorted(self._scraped.items()):
            yield _recorded(partial(self._since_start, server, parts))
        for server, series in sorted(self._ranges.items()):
            yield from self._steps(server, series)

    def _since_start(self, server: _Server, parts: Mapping[_Part, float]) -> Usage:
        if self._process_start is None:
            raise RowError(
                _PROCESS_START,
                "is missing: without the start of the process a scrape has no time span; import a "
                "range from Prometheus (/api/v1/query_range)",
            )
        end = self._scraped_at or self._facts.exported_at
        return self._usage(server, parts, self._process_start, end, view="metrics:scrape")

    def _steps(
        self, server: _Server, series: Mapping[_Part, Mapping[datetime, float]]
    ) -> Iterator[Parsed]:
        moments = sorted({moment for values in series.values() for moment in values})
        for start, end in pairwise(moments):
            rises = {
                part: _rise(values.get(start), values.get(end)) for part, values in series.items()
            }
            if any(rises.values()):
                yield _recorded(
                    partial(self._usage, server, rises, start, end, view="metrics:range")
                )

    def _usage(
        self,
        server: _Server,
        parts: Mapping[_Part, float],
        start: datetime,
        end: datetime,
        *,
        view: str,
    ) -> Usage:
        labels = dict(server)
        width_s = round((end - start).total_seconds())
        if width_s <= 0:
            raise RowError("timestamp", "the scrape is not after the start of the process")
        tokens, notes = _tokens(parts)
        calls = round(_sum(parts, _SUCCESS))
        failed = round(sum(parts.get((_SUCCESS, reason), 0.0) for reason in _ABORTED))
        end_key = () if view == "metrics:scrape" else (end.isoformat(),)
        return Usage(
            native_id="\x1f".join(
                (view, *(f"{k}={v}" for k, v in server), start.isoformat(), *end_key)
            ),
            revised_at=end,
            kind="bucket",
            view=view,
            started_at=start,
            bucket_s=width_s,
            calls=calls,
            attempts=calls,
            failed_calls=failed,
            status="mixed" if failed else "ok",
            provider="vllm",
            model_raw=labels.get("model_name", ""),
            **labels_of(labels, self._facts),
            **tokens,
            notes=notes,
        )


def _recorded(make: Callable[[], Usage]) -> Parsed:
    try:
        return make()
    except RowError as error:
        return error


def _server(labels: Row) -> _Server:
    return tuple(sorted((str(k), str(v)) for k, v in labels.items() if k not in _PARTS))


def _part(name: str, labels: Row) -> _Part:
    return name, str(labels.get("finished_reason", labels.get("source", "")))


def _counter(row: Row, name: str) -> float:
    value = number(row, name)
    if value is None or not math.isfinite(value):
        raise RowError(name, "is no count")
    return value


def _rise(before: float | None, after: float | None) -> float:
    """How far a counter rose; from a restart on, all it holds."""
    if after is None:
        return 0.0
    if before is None:
        return 0.0
    return after if after < before else after - before


def _sum(parts: Mapping[_Part, float], name: str) -> float:
    return sum(value for (counter, _), value in parts.items() if counter == name)


def _tokens(parts: Mapping[_Part, float]) -> tuple[TokenFields, tuple[str, ...]]:
    """Computed and cached prompt tokens; by source where vLLM tells it, as re-scans of the prefix
    cache inflate its other counters."""
    prompt, output = round(_sum(parts, _PROMPT)), round(_sum(parts, _GENERATION))
    by_source = {part: value for part, value in parts.items() if part[0] == _BY_SOURCE}
    if by_source:
        cached = round(_sum(parts, _BY_SOURCE) - by_source.get((_BY_SOURCE, _COMPUTED), 0.0))
        return split(logical_input=prompt, output=output, read=cached), ()
    if any(name == _CACHED for name, _ in parts):
        cached = round(_sum(parts, _CACHED))
        return split(logical_input=prompt, output=output, read=cached), ()
    return split(logical_input=prompt, output=output), ("split_assumed",)


VLLM = SourceSpec(
    name="vllm",
    title="vLLM counters: a scrape of /metrics, or a range from Prometheus",
    example="planner actuals import vllm metrics-2026-11-21.prom",
    fields="vllm:prompt_tokens_total, vllm:generation_tokens_total, process_start_time_seconds",
    fits=_fits,
    parser=_Parser,
    resumable=False,
)
