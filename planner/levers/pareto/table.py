"""Benchmark results from a CSV file: one configuration a row.

``name`` is required and unique. ``cost_usd_per_request``, ``quality`` (0-1) or ``successes`` with
``trials``, and ``latency_ms`` are read when they are there; other columns only when they are
asked for as an axis. An empty cell is a value that nobody measured.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from planner.demand.problems import did_you_mean
from planner.levers.pareto.csv_records import CsvProblems, CsvRecord, csv_records
from planner.levers.pareto.frontier import Point, Sense
from planner.levers.pareto.success import Measured

__all__ = ["COST", "LATENCY", "QUALITY", "SENSES", "BenchmarkRow", "read_benchmark_csv"]

NAME = "name"
COST = "cost_usd_per_request"
QUALITY = "quality"
SUCCESSES = "successes"
TRIALS = "trials"
LATENCY = "latency_ms"
# The axes whose better end is known, in the order they are used in.
SENSES: dict[str, Sense] = {COST: "min", QUALITY: "max", LATENCY: "min"}

_FIELDS = (NAME, COST, QUALITY, SUCCESSES, TRIALS, LATENCY)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?")
_LARGEST = Decimal(10) ** 12
_LONGEST_NUMBER = 40
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkRow:
    """One configuration; ``measured`` where the row says how many trials its quality is from."""

    point: Point
    measured: Measured | None
    line: int


def read_benchmark_csv(
    file: str,
    text: str,
    *,
    columns: Mapping[str, str] | None = None,
    extra: Sequence[str] = (),
) -> tuple[BenchmarkRow, ...]:
    """The rows of a file, in its order.

    ``columns`` says which column holds a field when it has another name; ``extra`` are further
    columns to read as numbers. ScenarioError with every problem of the file: line, column, field.
    """
    given = columns or {}
    problems = CsvProblems(file)
    _check_fields(given, extra, problems)
    titles = {field: given.get(field, field) for field in (*_FIELDS, *extra)}
    records = csv_records(text, titles, sorted({NAME, *extra, *given}), problems)
    rows: list[BenchmarkRow] = []
    lines_of: dict[str, int] = {}
    for record in records:
        name = _name(record, lines_of, problems)
        values, measured = _values(record, extra, problems)
        rows.append(BenchmarkRow(point=Point(name, values), measured=measured, line=record.line))
    problems.stop()
    return tuple(rows)


def _check_fields(given: Mapping[str, str], extra: Sequence[str], problems: CsvProblems) -> None:
    """A field that nobody reads would be a typing error without a word; a name is no value."""
    for field in extra:
        if field in (NAME, SUCCESSES, TRIALS):
            problems.add(
                f"--axis {field}: says which configuration it is, or how sure its quality is; "
                "compare on cost, quality, latency or a column of your own"
            )
    known = (*_FIELDS, *extra)
    for field in given:
        if field not in known:
            problems.add(
                f"--column {field}={given[field]}: no field `{field}`"
                f"{did_you_mean(field, known)}; there are {', '.join(known)}, and what --axis names"
            )
    problems.stop()


def _name(record: CsvRecord, lines_of: dict[str, int], problems: CsvProblems) -> str:
    name = record.text(NAME)
    if not name:
        problems.add_cell(record, NAME, "is empty; every configuration needs a name")
    elif not name.isprintable() or len(name) > _LONGEST_NAME:
        problems.add_cell(record, NAME, f"must be at most {_LONGEST_NAME} printable characters")
    elif name in lines_of:
        problems.add_cell(
            record, NAME, f"`{name}` is the name of line {lines_of[name]} too; change one"
        )
    lines_of.setdefault(name, record.line)
    return name


def _values(
    record: CsvRecord, extra: Sequence[str], problems: CsvProblems
) -> tuple[dict[str, Decimal], Measured | None]:
    def read(field: str, check: Callable[[Decimal], str | None]) -> Decimal | None:
        return _number(record, field, check, problems)

    values = {COST: read(COST, _not_negative), LATENCY: read(LATENCY, _not_negative)}
    values |= {field: read(field, _anything) for field in extra if field not in _FIELDS}
    quality, measured = _quality(record, read, problems)
    values[QUALITY] = quality
    return {field: value for field, value in values.items() if value is not None}, measured


def _quality(
    record: CsvRecord,
    read: Callable[[str, Callable[[Decimal], str | None]], Decimal | None],
    problems: CsvProblems,
) -> tuple[Decimal | None, Measured | None]:
    quality = read(QUALITY, _share)
    trials, successes = read(TRIALS, _trials), read(SUCCESSES, _whole)
    given = {field for field in (QUALITY, TRIALS, SUCCESSES) if record.text(field)}
    if given >= {QUALITY, SUCCESSES}:
        problems.add_cell(record, QUALITY, "and `successes` are both given; leave one empty")
    elif given == {SUCCESSES}:
        problems.add_cell(record, SUCCESSES, "needs `trials`: successes of how many")
    elif given == {TRIALS}:
        problems.add_cell(record, TRIALS, "needs `quality` or `successes` beside it")
    elif trials is not None and successes is not None:
        if successes > trials:
            problems.add_cell(record, SUCCESSES, f"{successes} of {trials} trials cannot succeed")
        else:
            return successes / trials, Measured(int(successes), int(trials))
    elif quality is not None and trials is not None:
        return quality, _counted(record, quality, trials, problems)
    return quality, None


def _counted(
    record: CsvRecord, quality: Decimal, trials: Decimal, problems: CsvProblems
) -> Measured | None:
    """The whole number of successes behind a rounded rate."""
    successes = (quality * trials).to_integral_value(rounding=ROUND_HALF_UP)
    exponent = quality.as_tuple().exponent
    half_digit = Decimal(5).scaleb(int(exponent) - 1)
    if abs(successes / trials - quality) > half_digit:
        problems.add_cell(
            record,
            QUALITY,
            f"{quality:f} of {trials:f} trials is no whole number of successes; give `successes`",
        )
        return None
    return Measured(int(successes), int(trials))


def _number(
    record: CsvRecord, field: str, check: Callable[[Decimal], str | None], problems: CsvProblems
) -> Decimal | None:
    text = record.text(field)
    if not text:
        return None
    if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        problems.add_cell(record, field, f"must be a number, got {_shortened(text)!r}{_hint(text)}")
        return None
    value = Decimal(text)
    wrong = "is out of range" if abs(value) > _LARGEST else check(value)
    if wrong is not None:
        problems.add_cell(record, field, f"{wrong}, got {text}")
        return None
    return value


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_NUMBER else text[:_LONGEST_NUMBER] + "…"


def _hint(text: str) -> str:
    if text.endswith("%") and _NUMBER.fullmatch(text[:-1].strip()):
        share = f"{(Decimal(text[:-1].strip()) / 100).normalize():f}"
        return f"; write the share, {share}"
    plain = re.sub(r"[$€,_\s]|ms$", "", text)
    return f"; write {plain}" if _NUMBER.fullmatch(plain) else ""


def _anything(value: Decimal) -> str | None:
    return None


def _not_negative(value: Decimal) -> str | None:
    return "must not be negative" if value < 0 else None


def _share(value: Decimal) -> str | None:
    if 0 <= value <= 1:
        return None
    return "must be a share from 0 to 1 (another scale: give it a column and an --axis of its own)"


def _whole(value: Decimal) -> str | None:
    whole = value >= 0 and value == value.to_integral_value()
    return None if whole else "must be a whole number of 0 or more"


def _trials(value: Decimal) -> str | None:
    return _whole(value) if value >= 1 else "must be at least 1"
