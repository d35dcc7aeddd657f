"""Every shipped scenario: quiet in thirty planned days, and a threefold spike found in time."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from planner.cli.evaluation import PriceOptions
from planner.cli.plan_input import plan_of
from planner.drill.model import faults
from planner.drill.rehearsal import as_defined, serving_for_drill, subject_of
from planner.drill.run import Drill

_SCENARIOS = sorted((Path(__file__).resolve().parents[2] / "scenarios").glob("*.yaml"))
_PRICES = PriceOptions(prices_file=None, as_of=None)
_each = pytest.mark.parametrize("path", _SCENARIOS, ids=[path.stem for path in _SCENARIOS])


@cache
def _drill(path: Path) -> Drill:
    """With the alarms as defined: that these are registered is another test."""
    plan = plan_of(path, None, (), _PRICES)
    serving = serving_for_drill(plan, plan.content["scenario_id"])
    return Drill(subject_of(plan, serving), as_defined(serving), seed=1)


@_each
def test_planned_days_raise_no_alarm(path: Path) -> None:
    planned = _drill(path).planned()
    assert [f"{each.at} {each.name}" for each in planned.alarms] == []


@_each
def test_a_threefold_spike_is_told_of_within_a_quarter_of_an_hour(path: Path) -> None:
    (spike,) = [each for each in faults() if each.name == "spike_3x"]
    found = _drill(path).case(spike)
    assert found.time_to_detect_s is not None and found.time_to_detect_s <= 900


@pytest.mark.parametrize("name", ["nightly-batch", "faq-assistant"])
def test_the_autumn_change_of_the_clocks_raises_no_alarm_either(name: str) -> None:
    path = next(each for each in _SCENARIOS if each.stem == name)
    plan = plan_of(path, None, ("starts_on=2027-06-01",), _PRICES)
    serving = serving_for_drill(plan, name)
    planned = Drill(subject_of(plan, serving), as_defined(serving), seed=1).planned()
    assert planned.clock_change is not None and f"{planned.clock_change:%Y-%m-%d}" == "2027-10-31"
    assert [f"{each.at} {each.name}" for each in planned.alarms] == []
