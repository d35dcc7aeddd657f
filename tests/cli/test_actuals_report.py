"""`planner actuals report`, `forecast` and `export`: what they print, write and return."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.actuals.simulated import simulation_rows
from tests.actuals.support import imported, plain_store
from tests.support import CliResult

Run = Callable[..., CliResult]

_MODEL = "meta.llama3-1-8b-instruct-v1:0"


def days_of_calls(count: int, **more: object) -> list[dict[str, object]]:
    """Days of 3,300 calls, each one row: the plan of `support-chat` has 3,000 a day."""
    start = datetime(2026, 11, 1, tzinfo=UTC)
    plain: dict[str, object] = {
        "provider": "aws",
        "model": _MODEL,
        "calls": 3300,
        "attempts": 3300,
        "input_tokens": 3300 * 1200,
        "output_tokens": 3300 * 200,
        "feature": "chat",
        # 0.22 per 1M: 3300 x 1400 x 0.22 / 1e6
        "cost_usd": "1.0164",
    }
    return [
        {
            "timestamp": (start + timedelta(days=n)).isoformat(),
            "request_id": f"d{n}",
            **plain,
            **more,
        }
        for n in range(count)
    ]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plain_store(tmp_path_factory.mktemp("calls"), days_of_calls(14))


@pytest.fixture
def scenario(root: Path) -> Path:
    return root / "scenarios" / "support-chat.yaml"


def compared(run_cli: Run, store: Path, scenario: Path, *more: object) -> Any:
    result = run_cli(
        *("actuals", "report", "--store", store, "--scenario", scenario, "-q"),
        *("--format", "json", "--from", "2026-11-01", *more),
    )
    assert result.code == 0, result.stderr
    return result.json()


class TestReport:
    def test_the_verdict_and_every_axis(self, run_cli: Run, tmp_path: Path) -> None:
        simulated = plain_store(tmp_path, simulation_rows())
        result = run_cli("actuals", "report", "--store", simulated)
        assert (result.code, result.stderr) == (0, "")
        assert result.stdout.startswith("$2.80 spent from 2026-01-01 to 2026-01-31.")
        assert "claude-opus  $1.93   68.8 %     77        77,114         21,777" in result.stdout
        assert "All of it is unassigned: no record names its endpoint." in result.stdout
        assert "No prompt regression, retry storm or evaluation sprawl." in result.stdout

    def test_the_same_as_json_markdown_and_csv(self, run_cli: Run, tmp_path: Path) -> None:
        simulated = plain_store(tmp_path, simulation_rows())
        files = {name: tmp_path / f"out.{name}" for name in ("json", "markdown", "csv")}
        outputs = [f"--output={name}={path}" for name, path in files.items()]
        run_cli("actuals", "report", "--store", simulated, *outputs)
        found = json.loads(files["json"].read_text())
        assert Decimal(found["total"]["usd"]).quantize(Decimal("1e-6")) == Decimal("2.797340")
        assert [each["labels"] for each in found["by"]["model"]] == [
            ["claude-opus"],
            ["gpt-4o"],
            ["gpt-4o-mini"],
        ]
        assert "| claude-opus | $1.93 | 68.8 % | 77 |" in files["markdown"].read_text()
        rows = list(csv.DictReader(io.StringIO(files["csv"].read_text())))
        assert sum(Decimal(row["usd"]) for row in rows) == Decimal(found["total"]["usd"])

    def test_the_factors_lead_from_plan_to_actual(
        self, run_cli: Run, store: Path, scenario: Path
    ) -> None:
        found = compared(run_cli, store, scenario)["comparison"]
        parts = {each["factor"]: Decimal(each["usd"]) for each in found["factors"]}
        # 42,000 calls planned for 14 of 30 days, 46,200 in fact.
        assert (found["planned_calls"], found["actual_calls"]) == ("42000", "46200")
        difference = Decimal(found["actual_usd"]) - Decimal(found["planned_usd"])
        assert abs(sum(parts.values()) - difference) < Decimal("1e-10")
        assert Decimal(found["actual_usd"]) == Decimal("14.2296")
        # 1,154.7 -> 1,200 input and 211.1 -> 200 output tokens; nothing else differs.
        assert {name for name, usd in parts.items() if abs(usd) > Decimal("1e-9")} == {
            "volume",
            "input",
            "output",
        }
        shown = [Decimal(each["shown_usd"]) for each in found["factors"]]
        assert sum(shown) == difference.quantize(Decimal("0.01"))

    def test_a_saved_plan_compares_as_its_scenario(
        self, run_cli: Run, store: Path, scenario: Path, tmp_path: Path
    ) -> None:
        plan = tmp_path / "plan.json"
        run_cli("recommend", scenario, "--save", plan, "--draws", 0, "-q", "--no-emit")
        saved = run_cli(
            *("actuals", "report", "--store", store, "--plan", plan, "-q"),
            *("--format", "json", "--from", "2026-11-01"),
        ).json()["comparison"]
        again = compared(run_cli, store, scenario)["comparison"]
        assert {**saved, "plan_hash": ""} == {**again, "plan_hash": ""}

    def test_sequential_is_another_split_of_the_same(
        self, run_cli: Run, store: Path, scenario: Path
    ) -> None:
        one = compared(run_cli, store, scenario)["comparison"]
        other = compared(run_cli, store, scenario, "--variance", "sequential")["comparison"]
        assert one["factors"] != other["factors"]
        assert one["actual_usd"] == other["actual_usd"]

    def test_a_passed_line_is_told_and_a_spent_budget_can_fail(
        self, run_cli: Run, store: Path, scenario: Path
    ) -> None:
        budget = ("--set", "budget.monthly_usd=14")
        found = compared(run_cli, store, scenario, *budget)["budgets"]
        # The 12th day takes the sum to 12.20, over 11.20.
        assert [each["day"] for each in found[0]["alerts"]] == [
            "2026-11-12",
            "2026-11-13",
            "2026-11-14",
        ]
        assert found[0]["is_over"] is True
        options = ("--store", store, "--scenario", scenario, "-q", *budget)
        assert run_cli("actuals", "report", *options, "--fail-over-budget").code == 1

    def test_usage_without_a_price_exits_3_unless_allowed(
        self, run_cli: Run, tmp_path: Path
    ) -> None:
        rows = [*days_of_calls(1), *days_of_calls(1, model="unheard", request_id="x", cost_usd="")]
        folder = plain_store(tmp_path, rows)
        result = run_cli("actuals", "report", "--store", folder)
        assert result.code == 3
        assert result.stdout.startswith("≥ $1.02 spent")
        assert "have no price: totals are floors" in result.stdout
        assert run_cli("actuals", "report", "--store", folder, "--allow-unpriced").code == 0

    def test_rules_of_the_scenario_name_the_features(
        self, run_cli: Run, store: Path, scenario: Path
    ) -> None:
        rule = 'actuals.map=[{match: {model: "meta.*"}, feature: support}]'
        found = compared(run_cli, store, scenario, "--set", rule)
        assert [each["labels"] for each in found["by"]["feature"]] == [["support"]]

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            (("--month", "2026-13"), "is not a month"),
            (("--month", "2026-11", "--from", "2026-11-01"), "use one way"),
            (("--from", "yesterday"), "is not a day"),
            (("--from", "2026-11-09", "--to", "2026-11-01"), "is before the first day"),
            (("--where", "colour=red"), "is not FIELD=GLOB"),
            (("--usage", "otel"), "no rows of it here"),
            (("--set", "a.b=1"), "give one with --scenario"),
            (("--month", "2025-01"), "there are records from 2026-11-01"),
        ],
    )
    def test_what_cannot_be_asked_says_why(
        self, run_cli: Run, store: Path, options: Sequence[str], says: str
    ) -> None:
        result = run_cli("actuals", "report", "--store", store, *options)
        assert result.code == 2
        assert says in " ".join(result.stderr.split())


class TestForecast:
    def test_the_month_end_and_the_day_a_budget_is_passed(
        self, run_cli: Run, store: Path, scenario: Path
    ) -> None:
        result = run_cli(
            *("actuals", "forecast", "--store", store, "--scenario", scenario, "-q"),
            *("--set", "budget.per_feature_monthly_usd={chat: 20}", "--format", "json"),
        )
        assert result.code == 0, result.stderr
        found = result.json()
        assert (found["complete_days"], found["spent_usd"]) == (14, "14.2296")
        end = {name: Decimal(usd) for name, usd in found["month_end_usd"].items()}
        assert end["low"] < end["expected"] < end["high"]
        chat = next(each for each in found["budgets"] if each["key"] == "chat")
        by_day = {each["day"]: Decimal(each["variable_usd"]) for each in found["days"]}
        total, passed = Decimal(0), {}
        for day, usd in by_day.items():
            total += usd
            for name, limit in (("line_passed_on", 16), ("limit_passed_on", 20)):
                if total > limit:
                    passed.setdefault(name, day)
        assert {name: chat[name] for name in passed} == passed

    def test_two_days_are_insufficient_data(
        self, run_cli: Run, tmp_path: Path, scenario: Path
    ) -> None:
        folder = plain_store(tmp_path, days_of_calls(2))
        result = run_cli("actuals", "forecast", "--store", folder, "--scenario", scenario, "-q")
        assert result.code == 3
        assert "insufficient data: 2 complete days, 3 are needed" in result.stdout

    def test_it_needs_a_plan(self, run_cli: Run, store: Path) -> None:
        result = run_cli("actuals", "forecast", "--store", store)
        assert result.code == 2
        assert "--scenario FILE" in result.stderr


class TestExport:
    def test_rows_hold_every_mandatory_column_and_add_up(self, run_cli: Run, store: Path) -> None:
        result = run_cli("actuals", "export", "--store", store)
        rows = list(csv.DictReader(io.StringIO(result.stdout)))
        header = result.stdout.splitlines()[0].split(",")
        assert header[:3] == ["BilledCost", "BillingAccountId", "BillingAccountName"]
        assert [name for name in header if name.startswith("x_")] == header[-2:]
        assert len(rows) == 28
        assert sum(Decimal(row["BilledCost"]) for row in rows) == Decimal("14.2296")
        for row in rows:
            price, quantity = Decimal(row["ListUnitPrice"]), Decimal(row["PricingQuantity"])
            assert Decimal(row["ListCost"]) == price * quantity
            assert Decimal(row["ConsumedQuantity"]) == quantity * 1_000_000
            assert (row["PricingUnit"], row["ChargeCategory"]) == ("1000000 Tokens", "Usage")

    def test_what_is_exported_comes_in_again_as_focus(
        self, run_cli: Run, store: Path, tmp_path: Path
    ) -> None:
        run_cli("actuals", "export", "--store", store, "--out", tmp_path / "focus.csv")
        imported(tmp_path / "again", "focus", [tmp_path / "focus.csv"])
        options = ("--format", "json", "--from", "2026-11-01")
        one = run_cli("actuals", "report", "--store", store, *options).json()
        other = run_cli("actuals", "report", "--store", tmp_path / "again", *options).json()
        for name in ("usd", "input_tokens", "output_tokens"):
            assert one["total"][name] == other["total"][name]
        assert other["by"]["feature"][0]["labels"] == ["chat"]

    def test_projections_go_to_a_file_of_their_own(
        self, run_cli: Run, store: Path, scenario: Path, tmp_path: Path
    ) -> None:
        ahead = tmp_path / "ahead.csv"
        result = run_cli(
            *("actuals", "export", "--store", store, "--scenario", scenario, "-q"),
            *("--projections", ahead),
        )
        assert "Projection" not in result.stdout
        models, resources = csv.DictReader(io.StringIO(ahead.read_text()))
        assert (models["x_RecordType"], models["x_ScenarioId"]) == ("Projection", "support-chat")
        assert models["ChargePeriodStart"] == "2026-11-15T00:00:00Z"
        low, usd, high = (Decimal(models[name]) for name in ("x_Low", "BilledCost", "x_High"))
        assert low < usd < high
        assert resources["x_Low"] == resources["x_High"] == resources["BilledCost"]

    def test_a_bill_beside_usage_is_an_adjustment(self, run_cli: Run, tmp_path: Path) -> None:
        exports = Path(__file__).resolve().parent.parent / "actuals" / "exports"
        folder, at = tmp_path / "store", datetime(2026, 11, 30, tzinfo=UTC)
        imported(folder, "litellm-daily", [exports / "litellm-daily.csv"], at)
        imported(folder, "openai-costs", [exports / "openai-costs.json"], at)
        result = run_cli("actuals", "export", "--store", folder, "-q", "--allow-unpriced")
        rows = list(csv.DictReader(io.StringIO(result.stdout)))
        (extra,) = [row for row in rows if row["ChargeCategory"] == "Adjustment"]
        assert (extra["ProviderName"], extra["BilledCost"]) == ("openai", "0.06")


# --- The page ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "budget"),
    [("report", "budget.monthly_usd=18"), ("forecast", "budget.monthly_usd=45")],
)
def test_the_page_shows_what_the_commands_print(
    run_cli: Run, root: Path, tmp_path: Path, command: str, budget: str
) -> None:
    # When this fails: put what the test prints into docs/actuals.md.
    calls = root / "docs" / "examples" / "actuals-calls.csv"
    imported(tmp_path / "store", "plain", [calls], datetime(2026, 11, 15, 6, tzinfo=UTC))
    scenario = "scenarios/support-chat.yaml"
    result = run_cli(
        *("actuals", command, "--store", tmp_path / "store", "--month", "2026-11", "-q"),
        *("--scenario", root / scenario, "--set", budget),
    )
    assert result.code == 0, result.stderr
    page = (root / "docs" / "actuals.md").read_text("utf-8")
    assert _unhashed(f"```text\n{result.stdout}```") in _unhashed(page)


def _unhashed(text: str) -> str:
    """The hash of a plan follows everything in it."""
    return re.sub(r"p-[0-9a-f]{12}", "p-000000000000", text)
