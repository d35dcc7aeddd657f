"""Levers inside ``planner recommend``: what counts, in which arms, with and without them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support import CliResult

Run = Callable[..., CliResult]

EXACT = "levers.exact_cache={hit_rate: 0.5, basis: measured, source: test}"


@pytest.fixture
def small(root: Path) -> Path:
    return root / "tests" / "render" / "fixtures" / "small.yaml"


@pytest.fixture
def decide(run_cli: Run) -> Callable[..., Any]:
    def run(path: Path, *changes: str) -> Any:
        sets = [part for change in changes for part in ("--set", change)]
        args = ("--as-of", "2026-11-21", "--format", "json", "-q")
        result = run_cli("recommend", path, *args, *sets)
        assert result.code == 0, result.stderr
        return result.json()

    return run


def option(report: Any, name: str) -> Any:
    return next(each for each in report["options"] if each["name"].startswith(name))


def effect(report: Any, name: str) -> Any:
    return next(e for e in report["levers"]["options"] if e["option"].startswith(name))


def category(report: Any, name: str) -> Decimal:
    return Decimal(report["tco"][0]["categories"][name]["monthly_usd"])


def test_without_levers_there_is_a_checklist_and_no_block(
    decide: Callable[..., Any], small: Path
) -> None:
    report = decide(small)
    assert report["levers"] is None
    assert [step["step"] for step in report["checklist"]] == [1, 2, 3, 4, 5, 6, 7]


def test_a_hybrid_is_not_priced_again_for_what_may_wait(
    decide: Callable[..., Any], small: Path
) -> None:
    hybrid = "options.hybrid=[{selfhost: Llama 8B, overflow: large API}]"
    report = decide(small, hybrid, "workload.deferrable_share=0.2")
    assert effect(report, "Llama 8B + large API")["without_monthly_usd"] is None


def test_the_waterfall_is_what_the_recommended_option_saves(
    decide: Callable[..., Any], root: Path
) -> None:
    # R7 and R42: 10,055 - 805.7775.
    report = decide(root / "scenarios" / "textbook-levers.yaml")
    row = effect(report, "openai/gpt-4o")
    assert Decimal(row["without_monthly_usd"]) == 10_055
    assert Decimal(row["with_monthly_usd"]) == Decimal("9249.2225")
    assert Decimal(report["recommendation"]["monthly_cost_usd"]) == Decimal("9249.2225")
    assert category(report, "api_usage") == Decimal("169.2225")


def test_an_assumed_lever_changes_no_figure_but_the_list(
    decide: Callable[..., Any], small: Path
) -> None:
    plain = decide(small)
    report = decide(small, EXACT.replace("measured", "assumed"))
    assert report["options"] == plain["options"]
    assert report["breakeven"] == plain["breakeven"]
    assert [each["counts"] for each in report["levers"]["declared"]] == [False]


def test_an_assumed_lever_saves_nothing_in_the_checklist(
    decide: Callable[..., Any], root: Path
) -> None:
    # R42 without the cache: 376.05 x 0.2 x 0.5 = 37.605 from the batch price.
    path = root / "scenarios" / "textbook-levers.yaml"
    steps = decide(path, "levers.exact_cache.basis=assumed")["checklist"]
    by_name = {step["name"]: step for step in steps}
    assert (by_name["cache"]["status"], by_name["cache"]["usd"]) == ("assumed", None)
    assert by_name["cache"]["figure"] == "50 % exact hits (assumed, not counted)"
    assert Decimal(by_name["batch"]["usd"]) == Decimal("37.605")


def test_a_cache_halves_tokens_and_nothing_else_of_an_api(
    decide: Callable[..., Any], small: Path
) -> None:
    before, after = decide(small), decide(small, EXACT)
    tokens = category(before, "api_usage")
    row = effect(after, "openai/gpt-6-luna")
    assert Decimal(row["saving_monthly_usd"]) == tokens / 2
    assert row["levers"] == ["exact_cache"]


def test_a_cache_sizes_self_hosting_for_what_reaches_the_model(
    decide: Callable[..., Any], small: Path
) -> None:
    cached = option(decide(small, EXACT), "Llama 8B (on demand)")
    halved = option(decide(small, "workload.requests_per_day=20000"), "Llama 8B (on demand)")
    for key in ("instance_type", "instances", "peak_instances"):
        assert cached[key] == halved[key]
    assert cached["utilisation"] == pytest.approx(halved["utilisation"], rel=1e-9)


def test_compression_acts_on_every_arm(decide: Callable[..., Any], small: Path) -> None:
    compress = "levers.compress={reduction_share: 0.5, basis: measured, source: test}"
    report = decide(small, compress)
    assert {each["option"] for each in report["levers"]["options"]} >= {
        "openai/gpt-6-luna", "large API", "Llama 8B (on demand)", "quoted cluster",
    }  # fmt: skip
    large = effect(report, "large API")
    assert Decimal(large["saving_monthly_usd"]) > 0


def test_a_route_acts_on_its_baseline_only(decide: Callable[..., Any], small: Path) -> None:
    scored = "quality: {score: 0.9, source: test}"
    report = decide(
        small,
        "levers.baseline=large API",
        "levers.route={basis: measured, source: test, models: ["
        f"{{provider: openai, model: gpt-4o-mini, answered_share: 0.5, {scored}}}, "
        f"{{provider: openai, model: gpt-4o, answered_share: 0.5, {scored}}}]}}",
    )
    assert [each["option"] for each in report["levers"]["options"]] == ["large API"]
    assert option(report, "large API")["quality_score"] == 0.9


def test_a_route_below_the_quality_floor_is_out(decide: Callable[..., Any], small: Path) -> None:
    report = decide(
        small,
        "levers.baseline=large API",
        "levers.route={basis: measured, source: test, models: ["
        "{provider: openai, model: gpt-4o-mini, answered_share: 1, "
        "quality: {score: 0.7, source: test}}]}",
    )
    found = option(report, "large API")
    assert (found["feasible"], found["reason"]) == (
        False,
        "quality 0.7 of the route < floor 0.8 (exact match)",
    )


def test_wrong_answers_are_no_part_of_the_bill(decide: Callable[..., Any], small: Path) -> None:
    semantic = (
        "levers.semantic_cache={thresholds: [{threshold: 0.9, hit_rate: 0.1, "
        "false_hit_rate: 0.01}], false_hit_basis: hits, usd_per_wrong_answer: 0.01, "
        "threshold: 0.9, basis: measured, source: test}"
    )
    before, after = decide(small), decide(small, semantic)
    name = "openai/gpt-6-luna"
    bills = [Decimal(option(each, name)["bill_monthly_usd"]) for each in (before, after)]
    totals = [Decimal(option(each, name)["monthly_cost_usd"]) for each in (before, after)]
    # 0.1 % of the mean month's requests are answered wrongly, at 1 cent each.
    requests = Decimal(after["tco"][0]["requests_per_month"])
    wrong = requests * Decimal("0.00001")
    assert float((totals[1] - totals[0]) - (bills[1] - bills[0])) == pytest.approx(float(wrong))


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_the_report_shows_both(run_cli: Run, root: Path, form: str) -> None:
    path = root / "scenarios" / "textbook-levers.yaml"
    text = run_cli("recommend", path, "--format", form, "-q").stdout
    assert "Levers, total a month" in text
    assert "Checklist" in text
