"""Runaways: each planted one is found with its dollars, and steady noise is none."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from planner.actuals.detectors import eval_sprawl, prompt_regressions, retry_storms
from planner.actuals.spend import Cell

_DAY = date(2026, 11, 1)


def _price(provider: str, model: str, day: date) -> tuple[Decimal, Decimal] | None:
    return Decimal("2.50"), Decimal("1.25")


def _no_price(provider: str, model: str, day: date) -> tuple[Decimal, Decimal] | None:
    return None


def prompt_day(
    number: int, calls: int, tokens_per_call: float, version: str = "v1", read: int = 0
) -> dict[str, object]:
    return {
        "dt": _DAY + timedelta(days=number),
        "feature": "search",
        "provider": "openai",
        "model": "gpt-4o",
        "prompt_version": version,
        "calls": calls,
        "input_tokens": round(calls * tokens_per_call),
        "cache_read_tokens": read,
    }


class TestPromptRegression:
    def test_the_worked_case(self) -> None:
        days = [prompt_day(n, 10_000, 32) for n in range(7)]
        days.append(prompt_day(7, 10_000, 193, version="v2"))
        (found,) = prompt_regressions(days, _price)
        # 161 more tokens x 10,000 calls x $2.50 per 1M
        assert found.usd_per_day == Decimal("4.025")
        assert found.usd_per_day is not None
        assert found.usd_per_day * 30 == Decimal("120.750")
        assert round(found.evidence["ratio"], 2) == 6.03
        assert (found.first_seen.date(), len(found.days)) == (_DAY + timedelta(days=7), 1)
        assert found.detail == ("prompt version v2: 10000 calls of 193.0 tokens",)

    def test_it_is_one_finding_until_the_usual_has_followed(self) -> None:
        days = [prompt_day(n, 10_000, 32 if n < 7 else 193) for n in range(30)]
        (found,) = prompt_regressions(days, _price)
        # The median of seven days is the new length once four of them have it.
        assert [(day - _DAY).days for day in found.days] == [7, 8, 9, 10]

    @pytest.mark.parametrize(("tokens", "findings"), [(124.9, 0), (125.0, 1)])
    def test_it_begins_at_a_quarter_more(self, tokens: float, findings: int) -> None:
        days = [prompt_day(n, 1000, 100) for n in range(7)] + [prompt_day(7, 1000, tokens)]
        assert len(prompt_regressions(days, _price)) == findings

    def test_days_that_always_differ_a_lot_are_noise(self) -> None:
        lengths = [60, 140, 100, 55, 145, 100, 80]
        days = [prompt_day(n, 1000, each) for n, each in enumerate(lengths)]
        assert not prompt_regressions([*days, prompt_day(7, 1000, 150)], _price)

    def test_a_rise_near_the_noise_counts_when_the_next_day_has_it_too(self) -> None:
        lengths = [90, 110, 95, 105, 100, 92, 108]
        days = [prompt_day(n, 1000, each) for n, each in enumerate(lengths)]
        # Median 100, median deviation 8, noise 35.6.
        days.append(prompt_day(7, 1000, 150))
        assert not prompt_regressions(days, _price)
        (found,) = prompt_regressions([*days, prompt_day(8, 1000, 152)], _price)
        assert [(day - _DAY).days for day in found.days] == [7, 8]

    def test_a_rise_beyond_twice_the_noise_counts_at_once(self) -> None:
        lengths = [90, 110, 95, 105, 100, 92, 108]
        days = [prompt_day(n, 1000, each) for n, each in enumerate(lengths)]
        assert len(prompt_regressions([*days, prompt_day(7, 1000, 172)], _price)) == 1

    @pytest.mark.parametrize(("calls", "findings"), [(49, 0), (50, 1)])
    def test_few_calls_say_nothing(self, calls: int, findings: int) -> None:
        days = [prompt_day(n, 1000, 100) for n in range(7)] + [prompt_day(7, calls, 300)]
        assert len(prompt_regressions(days, _price)) == findings

    def test_cached_tokens_count_at_the_price_of_cached_ones(self) -> None:
        days = [prompt_day(n, 1000, 100) for n in range(7)]
        days.append(prompt_day(7, 1000, 200, read=100_000))
        (found,) = prompt_regressions(days, _price)
        # 100 more tokens x 1,000 calls, half of them cached: (2.50 + 1.25) ÷ 2 per 1M
        assert found.usd_per_day == Decimal("0.1875")

    def test_without_a_price_there_is_a_reason_and_no_zero(self) -> None:
        days = [prompt_day(n, 1000, 100) for n in range(7)] + [prompt_day(7, 1000, 200)]
        (found,) = prompt_regressions(days, _no_price)
        assert found.usd_per_day is None
        assert found.usd_reason == "no input price of gpt-4o"


_NOON = int(datetime(2026, 11, 10, 12, tzinfo=UTC).timestamp())


def window(
    calls: int, attempts: int, *, failed: int = 0, usd: str | None = None
) -> dict[str, object]:
    return {
        "feature": "search",
        "model": "gpt-4o",
        "window": _NOON,
        "calls": calls,
        "attempts": attempts,
        "failed_calls": failed,
        "extra_usd": None if usd is None else Decimal(usd),
        "extra_rows": attempts - calls,
        "extra_unpriced": 0,
    }


def hours(calls: int, days: int = 7) -> list[dict[str, object]]:
    return [
        {"feature": "search", "model": "gpt-4o", "hour": _NOON // 3600 - 24 * n, "calls": calls}
        for n in range(1, days + 1)
    ]


class TestRetryStorm:
    def test_the_worked_case(self) -> None:
        (found,) = retry_storms([window(1000, 1800, usd="1.60")], [])
        assert found.evidence["attempts_per_call"] == 1.8
        assert found.usd_per_day == Decimal("1.60")
        assert found.first_seen == datetime(2026, 11, 10, 12, tzinfo=UTC)

    @pytest.mark.parametrize(("attempts", "findings"), [(1499, 0), (1500, 1)])
    def test_it_begins_at_one_and_a_half_attempts(self, attempts: int, findings: int) -> None:
        assert len(retry_storms([window(1000, attempts)], [])) == findings

    @pytest.mark.parametrize(
        ("calls", "failed", "findings"),
        # Usual: 600 an hour, 10 a minute; three times that is 150 in five minutes.
        [(150, 30, 1), (149, 149, 0), (150, 29, 0)],
    )
    def test_many_failing_calls_are_a_storm(self, calls: int, failed: int, findings: int) -> None:
        assert len(retry_storms([window(calls, calls, failed=failed)], hours(600))) == findings

    def test_two_earlier_days_are_no_usual_hour(self) -> None:
        assert not retry_storms([window(500, 500, failed=500)], hours(600, days=2))

    def test_the_windows_of_a_day_are_one_finding(self) -> None:
        later = {**window(200, 400, usd="0.5"), "window": _NOON + 300}
        (found,) = retry_storms([later, window(200, 400, usd="0.25")], [])
        assert found.usd_per_day == Decimal("0.75")
        assert found.evidence["windows_of_5_min"] == 2


def cell(day: date, usd: str, evaluation: str = "0", feature: str = "search") -> Cell:
    zeros: Mapping[str, int] = {
        name: 0
        for name in (
            *(
                "all_attempts",
                "all_cache_read_tokens",
                "all_calls",
                "logical_input_tokens",
                "all_output_tokens",
                "failed_calls",
            ),
            *("cache_hit_calls", "unpriced_calls", "unpriced_rows", "unpriced_tokens", "calls"),
            *("attempts", "uncached_input_tokens", "cache_read_tokens", "cache_write_tokens"),
            *("output_tokens", "first_second", "last_second"),
        )
    }
    return Cell(
        day=day,
        source="plain",
        provider="openai",
        model="gpt-4o",
        endpoint="e",
        feature=feature,
        environment="prod",
        usd=Decimal(usd),
        list_usd=None,
        listed_usd=Decimal(0),
        evaluation_usd=Decimal(evaluation),
        **zeros,
    )


class TestEvalSprawl:
    def test_the_worked_case(self) -> None:
        # 200 calls at $0.01 within $10.
        cells = [cell(_DAY, "8"), cell(_DAY, "2", "2", feature="evals")]
        (found,) = eval_sprawl(cells, None)
        assert found.evidence["share"] == 0.2
        assert (found.usd_per_day, found.feature) == (Decimal(2), "evals")

    @pytest.mark.parametrize(("usd", "findings"), [("1.5", 0), ("1.51", 1)])
    def test_it_begins_above_15_percent(self, usd: str, findings: int) -> None:
        cells = [cell(_DAY, str(10 - Decimal(usd))), cell(_DAY, usd, usd)]
        assert len(eval_sprawl(cells, None)) == findings

    @pytest.mark.parametrize(("planned", "findings"), [("1", 0), ("0.99", 1)])
    def test_or_above_1_2_times_the_planned_quality_budget(
        self, planned: str, findings: int
    ) -> None:
        cells = [cell(_DAY, "98.8"), cell(_DAY, "1.2", "1.2")]
        assert len(eval_sprawl(cells, Decimal(planned))) == findings

    def test_first_seen_is_the_first_day_over_the_line(self) -> None:
        days = [_DAY + timedelta(days=n) for n in range(3)]
        cells = [cell(days[0], "10"), cell(days[1], "1", "1"), cell(days[2], "4", "4")]
        (found,) = eval_sprawl(cells, None)
        assert found.first_seen.date() == days[2]
        assert found.usd_per_day == Decimal("2.5")


def test_ninety_days_of_steady_noise_give_no_finding() -> None:
    """Volume, length, retries and evaluation with 10 % normal noise."""
    for seed in (1, 2):
        draws = random.Random(seed)
        prompts: list[dict[str, object]] = []
        windows: list[dict[str, object]] = []
        every: list[dict[str, object]] = []
        cells: list[Cell] = []
        for number in range(90):
            day = _DAY + timedelta(days=number)
            start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
            prompts.append(prompt_day(number, 10_000, 500 * draws.gauss(1, 0.1)))
            usd = 30 * draws.gauss(1, 0.1)
            cells.append(cell(day, f"{usd * 0.9:.6f}"))
            cells.append(cell(day, f"{usd * 0.1:.6f}", f"{usd * 0.1 * draws.gauss(1, 0.1):.6f}"))
            for hour in range(24):
                calls = [round(200 * draws.gauss(1, 0.1)) for _ in range(12)]
                second = start + 3600 * hour
                row = {"feature": "search", "model": "gpt-4o"}
                every.append({**row, "hour": second // 3600, "calls": sum(calls)})
                for n, each in enumerate(calls):
                    tried = round(each * (1 + abs(draws.gauss(0.05, 0.005))))
                    extra = window(each, tried, failed=tried - each)
                    windows.append({**extra, "window": second + 300 * n})
        assert not _all_findings(prompts, windows, every, cells), seed


def _all_findings(
    prompts: Sequence[Mapping[str, object]],
    windows: Sequence[Mapping[str, object]],
    every: Sequence[Mapping[str, object]],
    cells: Sequence[Cell],
) -> list[object]:
    return [
        *prompt_regressions(prompts, _price),
        *retry_storms(windows, every),
        *eval_sprawl(cells, None),
    ]
