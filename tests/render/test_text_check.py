"""The section that sets the analytic answer beside the simulated one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from planner.catalog import load_catalog
from planner.decision import Recommendation, recommend
from planner.demand import build_demand
from planner.render.blocks import Block, Grid, Paragraph
from planner.render.explain_figures import explained_figures
from planner.render.payload_check import CapacityCheckView, capacity_check_view
from planner.render.payload_recommend import recommend_report
from planner.render.payload_types import OptionView
from planner.render.text_check import check_blocks
from planner.scenario import LoadedScenario, load_scenario

View = Callable[..., OptionView]


@pytest.fixture(scope="module")
def evaluated() -> tuple[LoadedScenario, Recommendation]:
    root = Path(__file__).parents[2]
    loaded = load_scenario(root / "scenarios" / "support-chat.yaml")
    catalog = load_catalog(prices=loaded.scenario.prices, base_dir=loaded.base_dir)
    demand = build_demand(loaded.scenario, loaded.base_dir)
    return loaded, recommend(loaded.scenario, demand, catalog, base_dir=loaded.base_dir)


@pytest.fixture(scope="module")
def view(evaluated: tuple[LoadedScenario, Recommendation]) -> View:
    """``view(replicas_added=2)``: the self-hosted option with its check changed like that."""
    report = recommend_report(*evaluated)
    option = next(o for o in report.options if o.capacity_check is not None)

    def make(**changes: object) -> OptionView:
        assert option.capacity_check is not None
        return option._replace(capacity_check=option.capacity_check._replace(**changes))

    return make


def _check(option: OptionView) -> CapacityCheckView:
    assert option.capacity_check is not None
    return option.capacity_check


def _row(option: OptionView) -> tuple[str, ...]:
    (grid,) = [block for block in check_blocks([option]) if isinstance(block, Grid)]
    (row,) = grid.rows
    return row.cells


def _text(blocks: list[Block]) -> str:
    return " ".join(block.text for block in blocks if isinstance(block, Paragraph))


def test_a_row_holds_both_times_at_the_percentiles_of_the_service_level(view: View) -> None:
    check = _check(view())
    option = view(
        working_replicas=7,
        replicas_added=0,
        replica_rps=3.4169,
        analytic=check.analytic._replace(utilisation=0.3985, ttft_ms=395.2, tpot_ms=52.6),
        simulated=check.simulated._replace(
            ttft_ms=check.simulated.tpot_ms._replace(slo=1449.1),
            tpot_ms=check.simulated.tpot_ms._replace(slo=56.7),
        ),
    )
    assert _row(option)[1:] == (
        "7", "3.42", "39.9 %", "395 ms", "1,449 ms", "53 ms", "57 ms",
    )  # fmt: skip


def test_added_replicas_are_told(view: View) -> None:
    assert _row(view(working_replicas=7, replicas_added=2))[1] == "7 (2 added)"


def test_what_cannot_be_predicted_says_so(view: View) -> None:
    check = _check(view())
    option = view(
        ttft_not_predicted="utilisation 0.91 is above 0.85",
        analytic=check.analytic._replace(ttft_ms=None),
        simulated=check.simulated._replace(ttft_ms=None),
    )
    assert _row(option)[4:6] == ("not predicted", "not predicted")
    assert "not predicted above 85.0 % of capacity" in _text(check_blocks([option]))
    assert "not predicted" not in _text(check_blocks([view()]))


def test_answers_of_one_token_have_no_time_per_token(view: View) -> None:
    simulated = _check(view()).simulated
    none = simulated.tpot_ms._replace(slo=None)
    assert _row(view(simulated=simulated._replace(tpot_ms=none)))[7] == "–"


@pytest.mark.parametrize(
    ("arrivals", "words"),
    [
        ("poisson", "Poisson arrivals"),
        ("gamma", "gaps that vary 2.5 times their mean"),
        ("trace", "the trace's own around its busiest minute"),
    ],
)
def test_the_arrivals_are_named(view: View, arrivals: str, words: str) -> None:
    simulated = _check(view()).simulated._replace(arrivals=arrivals, interarrival_cv=2.5)
    text = _text(check_blocks([view(simulated=simulated)]))
    assert f"(2,000 requests of 2,500, {words}, seed 1)" in text


def test_options_that_are_out_or_not_modelled_have_no_row(view: View) -> None:
    assert (
        check_blocks([view()._replace(feasible=False), view()._replace(capacity_check=None)]) == []
    )


def test_no_time_to_first_token_leaves_the_view_above_85_percent(
    evaluated: tuple[LoadedScenario, Recommendation],
) -> None:
    _, found = evaluated
    option = next(e.option for e in found.options if e.option.check is not None)
    assert option.check is not None
    busy = replace(option.check.analytic, full_rps=option.check.share.rate_rps / 0.9)
    changed = replace(option, check=replace(option.check, analytic=busy))
    shown = capacity_check_view(found, changed)
    assert shown is not None
    assert shown.ttft_not_predicted == "utilisation 0.90 is above 0.85"
    assert (shown.analytic.ttft_ms, shown.simulated.ttft_ms) == (None, None)
    assert shown.simulated.tpot_ms.p95 is not None


def test_the_explanation_of_instances_counts_added_replicas(
    evaluated: tuple[LoadedScenario, Recommendation],
) -> None:
    loaded, found = evaluated
    runner_up = found.runner_up
    assert runner_up is not None and runner_up.option.fleet is not None
    fleet = replace(runner_up.option.fleet, extra_replicas=2)
    changed = replace(runner_up, option=replace(runner_up.option, fleet=fleet))
    figures = explained_figures(loaded, replace(found, runner_up=changed))
    (instances,) = [each for each in figures if each.path == "runner_up.instances"]
    assert instances.formula == "ceil((max(ceil(N / c) + spare, least) + simulator) / r)"
    assert " + 1, 1) + 2) / 1)" in instances.numbers
