"""A recommendation in short is the whole one without what it leaves out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from planner.catalog import load_catalog
from planner.decision import Recommendation, recommend
from planner.decision.portfolio import choice_draws
from planner.decision.uncertainty.simulate import model_of
from planner.demand import build_demand
from planner.scenario import load_scenario
from tests.cli.scenario_texts import ManualApi, ManualSelf, write_scenario

# 300,000 requests a month: $3,000 and $2,700 at APIs, $2,300 and $2,600 for own capacity.
_OPTIONS = (
    ManualApi("dear", "0.01"),
    ManualApi("cheap", "0.009"),
    ManualSelf("own", "2000", capacity="400000", usd_per_request="0.001"),
    ManualSelf("other", "2300", capacity="400000", usd_per_request="0.001"),
)


def _recommended(folder: Path, *options: ManualApi | ManualSelf, detail: bool) -> Recommendation:
    loaded = load_scenario(write_scenario(folder, *options), ())
    scenario = loaded.scenario
    catalog = load_catalog(prices=scenario.prices, base_dir=loaded.base_dir)
    demand = build_demand(scenario, loaded.base_dir)
    return recommend(scenario, demand, catalog, base_dir=loaded.base_dir, detail=detail)


@pytest.mark.parametrize(
    "options", [_OPTIONS, _OPTIONS[2:], _OPTIONS[:2]], ids=["all", "no API", "no capacity"]
)
def test_without_detail_the_answer_and_its_breakeven_are_the_same(
    tmp_path: Path, options: tuple[ManualApi | ManualSelf, ...]
) -> None:
    short, whole = (_recommended(tmp_path, *options, detail=each) for each in (False, True))
    assert short.chosen is not None and whole.chosen is not None
    assert short.chosen.option.name == whole.chosen.option.name
    assert [e.monthly_cost_usd for e in short.options] == [
        e.monthly_cost_usd for e in whole.options
    ]
    assert short.breakeven == whole.breakeven
    assert short.flips == ()


def test_without_detail_only_the_api_that_decides_is_solved(tmp_path: Path) -> None:
    short = _recommended(tmp_path, *_OPTIONS, detail=False)
    assert [pair.api for pair in short.breakevens] == ["cheap"]
    whole = _recommended(tmp_path, *_OPTIONS, detail=True)
    assert [pair.api for pair in whole.breakevens] == ["dear", "cheap"]


def test_a_choices_draws_do_not_depend_on_what_it_beats(tmp_path: Path) -> None:
    found = _recommended(tmp_path, *_OPTIONS, detail=False)
    few = replace(found, options=tuple(e for e in found.options if e.option.name != "other"))
    assert len(model_of(few).arms) == 3
    assert choice_draws(found, draws=50, seed=1) == choice_draws(few, draws=50, seed=1)
