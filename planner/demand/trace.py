"""A request log: when requests came and how long they were.

CSV with a header, or JSONL. Windows line ends, a missing last line end and fractions finer than a
microsecond are accepted. Made-up logs are not: constant gaps between requests, or fewer than
1,000 rows, are refused unless ``allow_small`` is set.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from planner.demand.json_lines import is_jsonl, json_objects
from planner.demand.problems import did_you_mean, field_error, file_error
from planner.errors import InputError
from planner.files import read_text
from planner.scenario.workload import Trace
from planner.units import SECONDS_PER_DAY

__all__ = ["TraceRows", "interarrival_cv", "read_trace"]

FEWEST_ROWS = 1000
MOST_PROBLEMS = 10
FIELD = "workload.trace"
# Gaps that vary less than this around their mean come from a generator, not from users.
_CONSTANT_GAP_CV = 0.01
# Seconds: from 2001 on a count since 1970; from the year 5138 on they can only be milliseconds.
_EPOCH_FROM = 1e9
_MILLISECONDS_FROM = 1e11
# Longer is a mistake in the times (a zero, a typing error), not a log of one workload.
_FIRST_YEAR, _LAST_YEAR = 1970, 2200
_LONGEST_S = 10 * 366 * SECONDS_PER_DAY
_LARGEST_TOKENS = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceRows:
    """Requests in the order of their arrival.

    ``seconds`` count from the first request. ``first_at`` is its time: with a zone, or a naive
    wall clock; None when the file counts seconds from a start of its own.
    """

    file: str
    seconds: tuple[float, ...]
    requests: tuple[tuple[int, int], ...]
    first_at: datetime | None

    @property
    def span_s(self) -> float:
        """Seconds from the first to the last request."""
        return self.seconds[-1]


# One row as read: its line, then timestamp, input tokens, output tokens, not yet converted.
_Raw = tuple[int, Any, Any, Any]


def read_trace(trace: Trace, base_dir: Path) -> TraceRows:
    """Read and check a trace; ScenarioError naming file and line for what is wrong with it."""
    path = base_dir / trace.file
    try:
        text = read_text(path)
    except InputError as error:
        raise field_error(f"{FIELD}.file", error.message) from error
    raw = _jsonl_rows(text, trace) if is_jsonl(trace.file) else _csv_rows(text, trace)
    times, lengths = _converted(raw, trace)
    rows = _in_order(trace.file, times, lengths)
    _check_size(rows, trace)
    return rows


def interarrival_cv(seconds: tuple[float, ...]) -> float:
    """Standard deviation ÷ mean of the gaps between requests (Poisson: 1)."""
    gaps = [later - earlier for earlier, later in itertools.pairwise(seconds)]
    mean = math.fsum(gaps) / len(gaps)
    return math.sqrt(math.fsum((gap - mean) ** 2 for gap in gaps) / len(gaps)) / mean


def _csv_rows(text: str, trace: Trace) -> Iterator[_Raw]:
    reader = csv.reader(io.StringIO(text))
    try:
        header = [name.strip() for name in next(reader, cast("list[str]", []))]
        stamp, taken, made = (_column(header, name, key, trace) for name, key in _columns(trace))
        width = max(stamp, taken, made) + 1
        for row in reader:
            if len(row) >= width:
                yield reader.line_num, row[stamp], row[taken], row[made]
            elif row:
                yield reader.line_num, None, None, None
    except csv.Error as error:
        raise file_error(trace.file, (reader.line_num, f"not CSV: {error}")) from error


def _columns(trace: Trace) -> tuple[tuple[str, str], ...]:
    return (
        (trace.timestamp_column, "timestamp_column"),
        (trace.input_column, "input_column"),
        (trace.output_column, "output_column"),
    )


def _column(header: list[str], name: str, key: str, trace: Trace) -> int:
    if name in header:
        return header.index(name)
    shown = ", ".join(header[:20]) or "nothing"
    message = f"the columns are {shown}; there is no `{name}`{did_you_mean(name, header)}"
    raise file_error(trace.file, (1, f"{message}; set {FIELD}.{key}"), path=f"{FIELD}.{key}")


def _jsonl_rows(text: str, trace: Trace) -> Iterator[_Raw]:
    names = [name for name, _ in _columns(trace)]
    for number, row in json_objects(trace.file, text):
        missing = [name for name in names if name not in row]
        if missing:
            near = did_you_mean(missing[0], row)
            raise file_error(trace.file, (number, f"there is no `{missing[0]}`{near}"))
        yield number, row[names[0]], row[names[1]], row[names[2]]


def _converted(raw: Iterator[_Raw], trace: Trace) -> tuple[list[Any], list[tuple[int, int]]]:
    times: list[Any] = []
    lengths: list[tuple[int, int]] = []
    problems: list[tuple[int | None, str]] = []
    parse: Callable[[Any], Any] | None = None
    for line, stamp, taken, made in raw:
        try:
            parse = parse or _timestamp_parser(stamp)
            time, pair = parse(stamp), (_tokens(taken), _tokens(made))
        except ValueError as error:
            problems.append((line, _row_problem(stamp, error)))
            if len(problems) == MOST_PROBLEMS:
                break
            continue
        times.append(time)
        lengths.append(pair)
    if problems:
        raise file_error(trace.file, *problems)
    return times, lengths


def _row_problem(stamp: object, error: Exception) -> str:
    if stamp is None:
        return "the row has fewer cells than the header; complete it or take it out"
    return str(error)


def _tokens(value: Any) -> int:
    if type(value) is str:
        try:
            count = int(value)
        except ValueError:
            count = _whole(value)
    else:
        count = _whole(value)
    if 0 <= count <= _LARGEST_TOKENS:
        return count
    raise ValueError(f"{count} tokens: give a number from 0 to {_LARGEST_TOKENS:,}")


def _whole(value: Any) -> int:
    try:
        number = float("nan") if isinstance(value, bool) else float(value)
    except (ValueError, TypeError, OverflowError):
        number = math.nan
    if not number.is_integer():
        raise ValueError(f"token count {_shown(value)} is not a whole number")
    return int(number)


def _shown(value: Any) -> str:
    return json.dumps(value, default=str)[:60]


def _timestamp_parser(first: Any) -> Callable[[Any], Any]:
    """How to read every timestamp of the file, judged by its first one."""
    try:
        _seconds(first)
    except ValueError:
        stamp = _instant(first)
        return _aware_instant if stamp.tzinfo is not None else _naive_instant
    return _seconds


def _seconds(value: Any) -> float:
    try:
        seconds = math.nan if isinstance(value, bool) else float(value)
    except (ValueError, TypeError, OverflowError):
        seconds = math.nan
    if not math.isfinite(seconds):
        raise ValueError(f"timestamp {_shown(value)} is not a number of seconds")
    if seconds >= _MILLISECONDS_FROM:
        raise ValueError(f"timestamp {_shown(value)} looks like milliseconds; divide by 1,000")
    return seconds


def _instant(value: Any) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except (ValueError, TypeError):
        raise ValueError(
            f"timestamp {_shown(value)} is neither ISO 8601 (2026-01-31 18:00:00.5) nor seconds"
        ) from None


def _aware_instant(value: Any) -> datetime:
    stamp = _instant(value)
    if stamp.tzinfo is None:
        raise ValueError(f"timestamp {value} has no zone, the first one has; give all or none")
    return stamp


def _naive_instant(value: Any) -> datetime:
    stamp = _instant(value)
    if stamp.tzinfo is not None:
        raise ValueError(f"timestamp {value} has a zone, the first one has none; give all or none")
    return stamp


# Any: the times are all floats or all datetimes, as one parser made them.
def _in_order(file: str, times: list[Any], lengths: list[tuple[int, int]]) -> TraceRows:
    if not times:
        raise file_error(file, (None, "there are no requests in it; at least two are needed"))
    first = min(times)
    first_at: datetime | None = None
    if isinstance(first, datetime):
        first_at = first
        seconds: list[float] = [(time - first).total_seconds() for time in times]
    else:
        first_at = datetime.fromtimestamp(first, UTC) if first >= _EPOCH_FROM else None
        seconds = [time - first for time in times]
    order = sorted(range(len(seconds)), key=seconds.__getitem__)
    return TraceRows(
        file=file,
        seconds=tuple(seconds[row] for row in order),
        requests=tuple(lengths[row] for row in order),
        first_at=first_at,
    )


def _check_size(rows: TraceRows, trace: Trace) -> None:
    problem = _time_problem(rows)
    if problem is None and not trace.allow_small:
        problem = _trust_problem(rows)
    if problem is not None:
        raise file_error(rows.file, (None, problem))


def _time_problem(rows: TraceRows) -> str | None:
    if rows.span_s <= 0:
        return f"all {len(rows.seconds)} requests have the same time; their times are needed"
    if rows.first_at is not None and not _FIRST_YEAR <= rows.first_at.year <= _LAST_YEAR:
        return f"its times start in the year {rows.first_at.year}; look for a wrong timestamp"
    if rows.span_s > _LONGEST_S:
        years = rows.span_s / (365.25 * SECONDS_PER_DAY)
        return f"its times span {years:,.0f} years; look for a wrong timestamp"
    return None


def _trust_problem(rows: TraceRows) -> str | None:
    allow = f"or set {FIELD}.allow_small: true if that is meant"
    count = len(rows.seconds)
    if count < FEWEST_ROWS:
        return f"{count} rows say little about a workload; give {FEWEST_ROWS:,} or more, {allow}"
    if interarrival_cv(rows.seconds) < _CONSTANT_GAP_CV:
        return (
            "the gaps between requests are constant, so its times were not measured; "
            f"give a real log, {allow}"
        )
    return None
