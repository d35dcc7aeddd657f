from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def script(root: Path) -> ModuleType:
    path = root / "scripts" / "build_demand_profiles.py"
    spec = importlib.util.spec_from_file_location("build_demand_profiles", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_one_day_is_divided_by_its_mean(script: ModuleType) -> None:
    weights, gaps = script.hourly_weights([1.0] * 12 + [3.0] * 12)
    assert weights == [0.5] * 12 + [1.5] * 12
    assert gaps == []


def test_two_weeks_are_averaged_and_gaps_left_out(script: ModuleType) -> None:
    # Hour 5 of the first week is a gap: its weight is the second week's alone, not half of it.
    rates = [10.0] * 336
    rates[5] = 0.05
    rates[7], rates[175] = 10.0, 30.0
    weights, gaps = script.hourly_weights(rates)
    mean = (167 * 10 + 20) / 168
    assert gaps == [5]
    assert weights[5] == pytest.approx(10 / mean, abs=1e-6)
    assert weights[7] == pytest.approx(20 / mean, abs=1e-6)


def test_an_hour_missing_in_every_week_stops_the_build(script: ModuleType) -> None:
    rates = [10.0] * 336
    rates[5] = rates[173] = 0.0
    with pytest.raises(SystemExit, match="hour 5"):
        script.hourly_weights(rates)
