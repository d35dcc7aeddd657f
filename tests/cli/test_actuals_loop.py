"""`recommend --actuals` and `init --from-actuals`: what was measured in place of guesses."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from planner.actuals.measured import exact_quantile
from planner.scenario import load_scenario
from tests.actuals.support import plain_store
from tests.support import CliResult

Run = Callable[..., CliResult]

_SCENARIO = """\
version: 1
id: shop
workload: {requests_per_day: 1000, input_tokens: 500, output_tokens: 200}
options:
  api: [{provider: openai, model: gpt-4o-mini}]
  manual:
    - {name: cluster, arm: selfhost_ondemand, fixed_monthly_usd: 40, source: quote}
"""


def calls(days: int, a_day: int, **more: object) -> list[dict[str, object]]:
    """Calls of 400 to 799 tokens at 06:00 and 18:00 (two thirds), one retry for each ten.

    Records begin at 06:00, so the first day is not complete.
    """
    draws = random.Random(3)
    start = datetime(2026, 11, 2, tzinfo=UTC)
    rows: list[dict[str, object]] = []
    for day in range(days):
        for number in range(a_day):
            hour = 6 if number % 3 == 0 else 18
            at = start + timedelta(days=day, hours=hour, seconds=number)
            rows.append(
                {
                    "timestamp": at.isoformat(),
                    "request_id": f"{day}-{number}",
                    "model": "gpt-4o-mini",
                    "input_tokens": draws.randint(400, 799),
                    "output_tokens": 100,
                    "calls": 0 if number % 11 == 10 else 1,
                    "attempts": 1,
                    **more,
                }
            )
    return rows


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("shop.yaml").write_text(_SCENARIO, encoding="utf-8")


def decided(run_cli: Run, *more: object) -> Any:
    result = run_cli("recommend", "shop.yaml", "--draws", 0, "-q", "--format", "json", *more)
    assert result.code == 0, result.stderr
    return result.json()


def changes(found: Any) -> dict[str, Any]:
    return {each["path"]: each for each in found["actuals"]["changes"]}


def test_measured_figures_replace_the_guesses_and_say_by_how_much(
    run_cli: Run, tmp_path: Path
) -> None:
    plain_store(tmp_path, calls(7, 330))
    found = decided(run_cli, "--actuals", "store")
    told = changes(found)
    volume = told["workload.requests_per_day"]
    assert (volume["before"], volume["after"]) == ("1,000.0", "330.0")
    assert volume["relative"] == pytest.approx(-0.67)
    assert "10.0 % of calls were tried again" in volume["note"]
    assert found["actuals"]["retries"] == pytest.approx(0.1)
    assert told["workload.output_tokens"]["after"] == "100.0"
    assert "p95" in told["workload.input_tokens"]["note"]
    demand = found["demand"]
    assert demand["requests_per_day"] == 330
    assert demand["input_tokens_mean"] == pytest.approx(599.5, rel=0.02)
    # Two thirds of the calls are in one of the day's hours.
    assert told["workload.traffic"]["after"] == "16.00"


def test_the_verdict_that_flips_is_reopened(run_cli: Run, tmp_path: Path) -> None:
    # 1,000 a day of 500 + 200 tokens: $5.85 and some $18 beside tokens; 10,000 a day: $58.50.
    rows = [
        {**row, "calls": 100, "attempts": 100, "input_tokens": 100 * 500, "output_tokens": 20_000}
        for row in calls(7, 100)
    ]
    plain_store(tmp_path, rows)
    before = decided(run_cli)
    found = decided(run_cli, "--actuals", "store")["actuals"]
    assert before["recommendation"]["option"] == "openai/gpt-4o-mini"
    assert found["is_reopened"] is True
    assert (found["before"]["option"], found["after"]["option"]) == (
        "openai/gpt-4o-mini",
        "cluster",
    )
    text = run_cli("recommend", "shop.yaml", "--draws", 0, "-q", "--actuals", "store").stdout
    assert text.startswith("Reopened: openai/gpt-4o-mini costs $")
    assert "by what was measured take cluster" in " ".join(text.split())
    assert "+900.0 %" in text


def test_the_verdict_that_holds_stands(run_cli: Run, tmp_path: Path) -> None:
    plain_store(tmp_path, calls(7, 330))
    result = run_cli("recommend", "shop.yaml", "--draws", 0, "-q", "--actuals", "store")
    assert result.stdout.startswith("The verdict stands by what was measured: openai/gpt-4o-mini")


def test_what_the_user_sets_wins_over_what_was_measured(run_cli: Run, tmp_path: Path) -> None:
    plain_store(tmp_path, calls(7, 330))
    sets = ("--set", "workload.requests_per_day=77")
    found = decided(run_cli, "--actuals", "store", *sets)
    assert found["demand"]["requests_per_day"] == 77


def test_cached_input_becomes_a_shared_prefix(run_cli: Run, tmp_path: Path) -> None:
    rows = [{**row, "cached_tokens": 200} for row in calls(7, 3300)]
    plain_store(tmp_path, rows)
    told = changes(decided(run_cli, "--actuals", "store"))["workload.shared_prefix"]
    # 3,300 calls a day: a prefix is warm in 1 - e^(-11.46) of the calls, so 200 tokens give it.
    assert (told["before"], told["after"], told["is_applied"]) == ("none", "200 tokens", True)


def test_a_gateways_estimate_of_cost_is_told_and_not_used(run_cli: Run, tmp_path: Path) -> None:
    # The list price of 600 and 100 tokens is about $0.00015.
    plain_store(tmp_path, calls(7, 330, cost_usd="0.00030"))
    result = run_cli("recommend", "shop.yaml", "--draws", 0, "-q", "--actuals", "store")
    assert "list prices kept" not in result.stdout  # Without list prices nothing is compared.


def test_two_complete_days_are_too_few(run_cli: Run, tmp_path: Path) -> None:
    plain_store(tmp_path, calls(2, 50))
    result = run_cli("recommend", "shop.yaml", "--actuals", "store")
    assert result.code == 2
    assert "complete days" in result.stderr


def test_actuals_are_of_one_scenario(run_cli: Run) -> None:
    result = run_cli("recommend", "shop.yaml", "shop.yaml", "--actuals", "store")
    assert result.code == 2
    assert "--actuals measures one workload" in result.stderr


def test_a_scenario_starts_from_what_was_measured(run_cli: Run, tmp_path: Path) -> None:
    plain_store(tmp_path, calls(7, 330))
    assert run_cli("init", "new.yaml", "--from-actuals", "store").code == 0
    assert run_cli("validate", "new.yaml").code == 0
    scenario = load_scenario(Path("new.yaml")).scenario
    assert scenario.workload.requests_per_day == Decimal(330)
    assert scenario.workload.input_tokens is not None
    quantiles = scenario.workload.input_tokens.quantiles
    assert quantiles is not None
    assert (quantiles["p0"], quantiles["p100"]) == (400, 799)
    assert len(scenario.workload.traffic.weights or ()) == 24
    assert [(each.provider, each.model) for each in scenario.options.api] == [
        ("openai", "gpt-4o-mini")
    ]
    assert "actuals of plain, 2026-11-03 to 2026-11-08 (6 complete days)" in str(
        scenario.workload.source
    )
    assert len(scenario.options.selfhost) == 1


@pytest.mark.parametrize("preset", ["medium", "large"])
def test_every_preset_takes_a_measured_workload(run_cli: Run, tmp_path: Path, preset: str) -> None:
    plain_store(tmp_path, calls(7, 330))
    run_cli("init", "new.yaml", "--from-actuals", "store", "--preset", preset)
    assert run_cli("validate", "new.yaml").code == 0
    assert load_scenario(Path("new.yaml")).scenario.workload.requests_per_day == Decimal(330)


def test_quantiles_are_exact() -> None:
    counts = [(1, 50), (2, 45), (10, 5)]
    levels = ("0", "0.5", "0.51", "0.95", "0.951", "1")
    assert [exact_quantile(counts, Fraction(level)) for level in levels] == [1, 1, 2, 2, 10, 10]
