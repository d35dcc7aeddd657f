"""Runaways: prompts that grew, retries that pile up, evaluation that takes over the spend.

Every rule says what fired, since when, on what evidence, and what it costs a day.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Literal

from planner.actuals.queries import Row
from planner.actuals.spend import Cell
from planner.money import ZERO
from planner.units import SECONDS_PER_HOUR, TOKENS_PER_MTOK

__all__ = [
    "DetectorName",
    "Finding",
    "eval_sprawl",
    "prompt_regressions",
    "retry_storms",
]

DetectorName = Literal["prompt_regression", "retry_storm", "eval_sprawl"]

_BASELINE_DAYS = 7
# A median of fewer days is one day's chance.
_FEWEST_BASELINE_DAYS = 3
_FEWEST_PROMPT_DAYS = 5
_NOISE_DAYS = 28
_LEAST_CALLS = 50
_PROMPT_RATIO = 1.25
# 1.4826 MAD estimates a standard deviation of normal data; three of them. Where daily means vary
# by 10 %, a day beyond three happens to every second series of 90 days, two running or one beyond
# six to 3 in 100 (1,000 simulated series each).
_MAD_FACTOR = 3 * 1.4826
_SURE = 2
_STORM_ATTEMPTS_PER_CALL = 1.5
_STORM_CALLS_RATIO = 3
_STORM_ERROR_SHARE = 0.2
_WINDOW_MINUTES = 5
_SPRAWL_BUDGET_RATIO = Decimal("1.2")
_SPRAWL_SHARE = Decimal("0.15")

# (provider, model, day) -> USD per 1M of its (plain, cached) input tokens; None without a price.
InputPrice = Callable[[str, str, date], tuple[Decimal, Decimal] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One runaway: its key, the days it was seen on, and what it costs a day.

    ``evidence`` are figures by name, with units in them. ``usd_per_day`` is None, with
    ``usd_reason``, where something in it has no price.
    """

    detector: DetectorName
    feature: str
    model: str
    first_seen: datetime
    days: tuple[date, ...]
    evidence: Mapping[str, float]
    detail: tuple[str, ...]
    usd_per_day: Decimal | None
    usd_reason: str | None


# --- Prompts that grew -------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class _PromptDay:
    calls: int = 0
    tokens: int = 0
    read: int = 0

    @property
    def mean(self) -> float:
        return self.tokens / self.calls


def prompt_regressions(rows: Sequence[Row], price: InputPrice) -> tuple[Finding, ...]:
    """Days on which a call's input is 1.25 times the usual and beyond its noise.

    ``rows`` answer the query ``prompt_days``. Usual is the median of the last seven daily means
    of the same feature and model; the noise is three scaled median deviations of the last 28. A
    day beyond twice the noise counts at once, others when the next one is beyond it too.
    """
    series: defaultdict[tuple[str, str, str], dict[date, _PromptDay]] = defaultdict(dict)
    versions: defaultdict[tuple[str, str, str, date], list[Row]] = defaultdict(list)
    for row in rows:
        key = (row["feature"], row["provider"], row["model"])
        day = series[key].setdefault(row["dt"], _PromptDay())
        day.calls += int(row["calls"])
        day.tokens += int(row["input_tokens"])
        day.read += int(row["cache_read_tokens"])
        versions[*key, row["dt"]].append(row)
    found = [
        finding
        for key, days in sorted(series.items())
        for finding in _grown(key, days, versions, price)
    ]
    return tuple(found)


def _grown(
    key: tuple[str, str, str],
    days: Mapping[date, _PromptDay],
    versions: Mapping[tuple[str, str, str, date], Sequence[Row]],
    price: InputPrice,
) -> list[Finding]:
    usual: list[float] = []
    fired: list[tuple[date, float]] = []
    waiting: list[tuple[date, float]] = []
    for day, each in sorted(days.items()):
        if each.calls < _LEAST_CALLS:
            continue
        beyond = _beyond_noise(each.mean, usual)
        usual_now = median(usual[-_BASELINE_DAYS:]) if usual else 0.0
        usual.append(each.mean)
        if beyond <= 1:
            waiting = []
        elif beyond <= _SURE and not waiting and not _follows(fired, day):
            waiting = [(day, usual_now)]
        else:
            fired += [*waiting, (day, usual_now)]
            waiting = []
    return [_prompt_finding(key, spell, days, versions, price) for spell in _spells(fired)]


def _beyond_noise(mean: float, usual: Sequence[float]) -> float:
    """How many times the noise a daily mean lies above the usual; 0 below a quarter more."""
    if len(usual) < _FEWEST_PROMPT_DAYS:
        return 0.0
    middle = median(usual[-_BASELINE_DAYS:])
    if mean < _PROMPT_RATIO * middle:
        return 0.0
    wide = usual[-_NOISE_DAYS:]
    center = median(wide)
    noise = _MAD_FACTOR * median(abs(each - center) for each in wide)
    return (mean - middle) / noise if noise else math.inf


def _follows(fired: Sequence[tuple[date, float]], day: date) -> bool:
    return bool(fired) and day - fired[-1][0] <= timedelta(days=1)


def _spells(fired: Sequence[tuple[date, float]]) -> list[list[tuple[date, float]]]:
    """Days that belong together: gaps of at most a week, until the median has followed."""
    spells: list[list[tuple[date, float]]] = []
    for each in fired:
        if spells and each[0] - spells[-1][-1][0] <= timedelta(days=_BASELINE_DAYS):
            spells[-1].append(each)
        else:
            spells.append([each])
    return spells


def _prompt_finding(
    key: tuple[str, str, str],
    spell: Sequence[tuple[date, float]],
    days: Mapping[date, _PromptDay],
    versions: Mapping[tuple[str, str, str, date], Sequence[Row]],
    price: InputPrice,
) -> Finding:
    feature, provider, model = key
    first, usual = spell[0]
    seen = [days[day] for day, _ in spell]
    calls, tokens = sum(d.calls for d in seen), sum(d.tokens for d in seen)
    mean = tokens / calls
    per_day = Decimal(calls) / len(spell)
    rates = price(provider, model, first)
    usd = None
    if rates is not None:
        read = Decimal(sum(d.read for d in seen)) / tokens
        rate = rates[0] * (1 - read) + rates[1] * read
        more = Decimal(tokens) / calls - Decimal(str(usual))
        usd = per_day * more * rate / TOKENS_PER_MTOK
    return Finding(
        detector="prompt_regression",
        feature=feature,
        model=model,
        first_seen=_start(first),
        days=tuple(day for day, _ in spell),
        evidence={
            "input_tokens_per_call": mean,
            "usual_input_tokens_per_call": usual,
            "ratio": mean / usual,
            "calls_per_day": float(per_day),
        },
        detail=tuple(_version_text(row) for row in versions[*key, first]),
        usd_per_day=usd,
        usd_reason=None if usd is not None else f"no input price of {model}",
    )


def _version_text(row: Row) -> str:
    mean = int(row["input_tokens"]) / int(row["calls"])
    return f"prompt version {row['prompt_version']}: {row['calls']} calls of {mean:.1f} tokens"


def _start(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


# --- Retries that pile up ----------------------------------------------------------------------


def retry_storms(windows: Sequence[Row], hours: Sequence[Row]) -> tuple[Finding, ...]:
    """Five minutes with 1.5 attempts a call, or three times the usual calls with many errors.

    ``windows`` and ``hours`` answer the queries ``call_windows`` and ``hours_of_calls``. Usual is
    the median of the same hour of the last seven days. One finding for each key and day.
    """
    usual = _usual_calls(hours)
    fired: defaultdict[tuple[str, str, date], list[Row]] = defaultdict(list)
    for row in windows:
        if _is_storm(row, usual(row["feature"], row["model"], int(row["window"]))):
            day = datetime.fromtimestamp(int(row["window"]), UTC).date()
            fired[row["feature"], row["model"], day].append(row)
    return tuple(_storm(key, mine) for key, mine in sorted(fired.items()))


def _usual_calls(hours: Sequence[Row]) -> Callable[[str, str, int], float | None]:
    """Calls a minute in the same hour of earlier days; None with fewer than three of them."""
    calls = {(r["feature"], r["model"], int(r["hour"])): int(r["calls"]) for r in hours}

    def usual(feature: str, model: str, second: int) -> float | None:
        hour = second // SECONDS_PER_HOUR
        earlier = (calls.get((feature, model, hour - 24 * n)) for n in range(1, _BASELINE_DAYS + 1))
        known = [each for each in earlier if each]
        return median(known) / 60 if len(known) >= _FEWEST_BASELINE_DAYS else None

    return usual


def _is_storm(row: Row, usual_per_minute: float | None) -> bool:
    calls, attempts = int(row["calls"]), int(row["attempts"])
    if calls and attempts / calls >= _STORM_ATTEMPTS_PER_CALL:
        return True
    if not calls or usual_per_minute is None:
        return False
    per_minute, errors = calls / _WINDOW_MINUTES, int(row["failed_calls"]) / calls
    return per_minute >= _STORM_CALLS_RATIO * usual_per_minute and errors >= _STORM_ERROR_SHARE


def _storm(key: tuple[str, str, date], windows: Sequence[Row]) -> Finding:
    feature, model, day = key
    first = min(windows, key=lambda row: int(row["window"]))
    calls = sum(int(row["calls"]) for row in windows)
    attempts = sum(int(row["attempts"]) for row in windows)
    unpriced = sum(int(row["extra_unpriced"]) for row in windows)
    extra = sum((row["extra_usd"] or ZERO for row in windows), ZERO)
    return Finding(
        detector="retry_storm",
        feature=feature,
        model=model,
        first_seen=datetime.fromtimestamp(int(first["window"]), UTC),
        days=(day,),
        evidence={
            "calls": float(calls),
            "attempts": float(attempts),
            "attempts_per_call": attempts / calls if calls else float(attempts),
            "error_share": sum(int(row["failed_calls"]) for row in windows) / calls
            if calls
            else 0.0,
            "windows_of_5_min": float(len(windows)),
            "billed_attempts_before_the_last": float(sum(int(r["extra_rows"]) for r in windows)),
        },
        detail=(),
        usd_per_day=None if unpriced else extra,
        usd_reason=f"{unpriced} of the attempts have no price" if unpriced else None,
    )


# --- Evaluation that takes over ----------------------------------------------------------------


def eval_sprawl(
    cells: Sequence[Cell], planned_quality_monthly_usd: Decimal | None
) -> tuple[Finding, ...]:
    """Months in which tests and evaluation cost more than 15 % of the spend, or 1.2 times their
    planned budget. First seen: the first day on which the month so far is over the line.
    """
    months: defaultdict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        months[f"{cell.day:%Y-%m}"].append(cell)
    found: list[Finding] = []
    for _, mine in sorted(months.items()):
        if _is_sprawl(*_spent(mine), planned_quality_monthly_usd):
            found.append(_sprawl(mine, planned_quality_monthly_usd))
    return tuple(found)


def _spent(cells: Sequence[Cell]) -> tuple[Decimal, Decimal]:
    return (
        sum((each.evaluation_usd for each in cells), ZERO),
        sum((each.usd for each in cells), ZERO),
    )


def _is_sprawl(evaluation: Decimal, total: Decimal, planned: Decimal | None) -> bool:
    over_share = total > 0 and evaluation > _SPRAWL_SHARE * total
    over_plan = planned is not None and evaluation > _SPRAWL_BUDGET_RATIO * planned
    return evaluation > 0 and (over_share or over_plan)


def _sprawl(cells: Sequence[Cell], planned: Decimal | None) -> Finding:
    days = sorted({each.day for each in cells})
    first = next(
        day for day in days if _is_sprawl(*_spent([c for c in cells if c.day <= day]), planned)
    )
    evaluation, total = _spent(cells)
    active = sorted({each.day for each in cells if each.evaluation_usd})
    by_key: defaultdict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    for each in cells:
        by_key[each.feature, each.model] += each.evaluation_usd
    top = sorted(((usd, key) for key, usd in by_key.items() if usd), reverse=True)[:3]
    evidence = {
        "evaluation_usd": float(evaluation),
        "total_usd": float(total),
        "share": float(evaluation / total),
    }
    if planned is not None:
        evidence["planned_quality_monthly_usd"] = float(planned)
    return Finding(
        detector="eval_sprawl",
        feature=top[0][1][0],
        model=top[0][1][1],
        first_seen=_start(first),
        days=tuple(active),
        evidence=evidence,
        detail=tuple(f"{feature} on {model}: ${usd:f}" for usd, (feature, model) in top),
        usd_per_day=evaluation / len(active),
        usd_reason=None,
    )
