"""The alarm set of each kind, its limits, its price, and thresholds worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from planner.costs.quantities import quantities
from planner.emit.guard import AlarmSpec, Expression, GuardPlan, GuardSet, guard_plan, guard_set
from tests.stacks.sample_plans import KINDS, sample_plan

_each_kind = pytest.mark.parametrize("kind", KINDS)


def _plan(kind: str, **changes: Any) -> GuardPlan:
    return guard_plan(sample_plan(kind, **changes))


def _set(kind: str, **changes: Any) -> GuardSet:
    return guard_set(_plan(kind, **changes))


def _alarm(guards: GuardSet, ending: str) -> AlarmSpec:
    (found,) = [each for each in guards.alarms if each.name.endswith(ending)]
    return found


def _priced(kind: str, component: str) -> int:
    """Of a hybrid both lists count."""
    kinds = ("api_gateway", "vllm_gpu") if kind == "hybrid" else (kind,)
    rows = [row for each in kinds for row in quantities()[each]["fixed"]]
    return sum(row["count"] for row in rows if row["component"] == component)


@_each_kind
def test_as_many_alarm_metrics_are_priced_as_there_are(kind: str) -> None:
    guards = _set(kind)
    plain = [each for each in guards.alarms if each.name not in guards.anomaly]
    assert sum(len(each.metrics) for each in plain) == _priced(kind, "alarms")


@_each_kind
def test_as_many_composites_are_priced_as_there_are(kind: str) -> None:
    assert len(_set(kind).composites) == _priced(kind, "composite alarms")


@_each_kind
def test_an_anomaly_alarm_has_one_metric_and_is_priced_once(kind: str) -> None:
    guards = _set(kind)
    (name,) = guards.anomaly
    assert len(_alarm(guards, name).metrics) == 1


@_each_kind
def test_names_begin_with_the_stack_and_are_all_different(kind: str) -> None:
    guards = _set(kind)
    names = [each.name for each in (*guards.alarms, *guards.composites)]
    assert len(names) == len(set(names))
    assert all(name.startswith(f"sample-{kind.replace('_', '-')}-") for name in names)


@_each_kind
def test_alarms_stay_within_the_limits_of_cloudwatch(kind: str) -> None:
    # PutMetricAlarm: at most 10 metrics and 10 expressions, of 2,048 characters; a week back, and
    # a day where the period is below an hour. Wall clocks know five periods.
    for alarm in _set(kind).alarms:
        expressions = [q for q in alarm.queries if isinstance(q, Expression)]
        assert len(alarm.metrics) <= 10 and len(expressions) <= 10
        assert all(len(each.text) <= 2_048 for each in expressions)
        (period,) = {metric.period_s for metric in alarm.metrics}
        assert period * alarm.evaluation_periods <= (86_400 if period < 3_600 else 604_800)
        assert alarm.datapoints_to_alarm <= alarm.evaluation_periods
        assert alarm.wall_clock is None or period in (60, 300, 3_600, 86_400, 604_800)


def test_the_fast_alarm_is_five_minutes_at_twice_the_plan() -> None:
    fast = _alarm(_set("api_gateway"), "spend-rate-fast")
    assert (fast.threshold, fast.evaluation_periods, fast.datapoints_to_alarm) == (2.0, 5, 5)
    assert [metric.period_s for metric in fast.metrics] == [60]


def test_the_day_alarm_counts_from_local_midnight() -> None:
    assert _alarm(_set("api_gateway"), "spend-day").wall_clock == "Europe/Berlin"


def test_a_days_threshold_is_the_busiest_day_with_headroom() -> None:
    # The hours of the sample: 8 x 0.71 + 10 x 1.00 + 6 x 0.72 = 20.00 USD. Berlin also has summer
    # time, an hour earlier: 07:00 UTC is then worth 1.00 and not 0.71, and 23:00 0.72 as before:
    # 20.29. Times 1.3: 26.377. 9,600 requests a day scatter by 1.4 %, less than the headroom.
    assert _alarm(_set("api_gateway"), "spend-day").threshold == pytest.approx(26.38, abs=0.011)


def test_instances_are_metered_at_the_dearer_price_where_spot_is_planned() -> None:
    spot = _plan("vllm_gpu", gpu__purchase="spot", gpu__usd_per_instance_hour="0.60")
    assert spot.gpu is not None and spot.gpu.usd_per_instance_hour == 1.861


def test_bedrock_is_metered_by_tokens_and_prices() -> None:
    fast = _alarm(_set("bedrock"), "spend-rate-fast")
    spend = next(q for q in fast.queries if q.id == "s")
    # 1 and 5 USD a million.
    assert isinstance(spend, Expression) and spend.text == "i1*0.000001+o1*0.000005"


def test_a_hybrid_watches_use_and_instances_apart() -> None:
    names = {each.name.removeprefix("sample-hybrid-") for each in _set("hybrid").alarms}
    assert {"spend-rate-fast", "gpu-spend-rate-fast", "no-data", "gpu-no-data"} <= names


def test_below_breakeven_is_in_tokens_an_instance_hour() -> None:
    # 400 x 700 = 280,000 tokens an hour; instances 1 or, 10 hours of the week, 2: 178 of 168
    # hours. Break-even at 100,000 tokens an hour: 100,000 x 168 / 178 = 94,382 an instance hour.
    plan = _plan("vllm_gpu", spend__breakeven_tokens_per_hour="100000")
    alarm = _alarm(guard_set(plan), "below-breakeven")
    assert alarm.threshold == pytest.approx(94_382, abs=0.5)
    assert alarm.evaluation_periods == 1
    assert "the API is cheaper now" in alarm.description


def test_a_plan_below_breakeven_itself_watches_its_own_volume() -> None:
    # Break-even at 5.2 million tokens an hour is far above the planned 280,000.
    alarm = _alarm(_set("vllm_gpu"), "below-breakeven")
    assert alarm.threshold == pytest.approx(0.25 * 280_000 * 168 / 178, rel=1e-4)
    assert "stand idle" in alarm.description


def test_a_low_weekend_needs_more_days_to_alarm() -> None:
    plan = _plan("vllm_gpu", spend__breakeven_tokens_per_hour="100000")
    quiet = replace(plan, requests_utc=plan.requests_utc[:120] + (10.0,) * 48)
    alarm = _alarm(guard_set(quiet), "below-breakeven")
    assert alarm.evaluation_periods == 3


def test_idle_instances_are_told_of_after_half_an_hour() -> None:
    # 200 requests are planned for any half hour.
    idle = _alarm(_set("vllm_gpu"), "idle-burn")
    assert idle.evaluation_periods * 300 == 1_800


def test_where_nights_are_planned_without_requests_idling_takes_longer() -> None:
    plan = _plan("vllm_gpu")
    nights = replace(plan, requests_utc=([0.0] * 8 + [400.0] * 16) * 7)
    idle = _alarm(guard_set(nights), "idle-burn")
    assert idle.evaluation_periods * 300 == 9 * 3_600


def test_only_the_volume_alarm_tells_nobody_itself() -> None:
    silent = [each.name for each in _set("hybrid").alarms if not each.notifies]
    assert silent == ["sample-hybrid-volume", "sample-hybrid-gpu-volume"]


@_each_kind
@pytest.mark.parametrize("ratio", ["1.1", "1.3", "2"])
def test_more_headroom_never_lowers_a_threshold(kind: str, ratio: str) -> None:
    low = _set(kind, spend__headroom_ratio=ratio)
    high = _set(kind, spend__headroom_ratio=str(float(ratio) + 0.5))
    for ending in ("spend-day", "unit-cost", "spend-rate-slow", "spend-rate-fast"):
        lower, higher = _first(low, ending).threshold, _first(high, ending).threshold
        assert lower is not None and higher is not None and lower <= higher


def _first(guards: GuardSet, ending: str) -> AlarmSpec:
    return next(each for each in guards.alarms if each.name.endswith(ending))
