"""Plan against actual: groups from a saved plan, machines from a bill."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from planner.actuals.planned import PlannedSpend, planned_spend
from planner.decision import Plan, read_plan
from planner.errors import PlanFileError
from tests.actuals.support import imported
from tests.support import CliResult

Run = Callable[..., CliResult]
F = Fraction


@pytest.fixture
def planned(run_cli: Run, root: Path, tmp_path: Path) -> Callable[..., PlannedSpend]:
    """The comparable parts of what is recommended for a shipped scenario."""

    def make(name: str, *more: str) -> PlannedSpend:
        plan = tmp_path / "plan.json"
        result = run_cli(
            *("recommend", root / "scenarios" / f"{name}.yaml", "--draws", 0, "-q", "--no-emit"),
            *("--save", plan, *more),
        )
        assert plan.exists(), result.stderr
        return planned_spend(read_plan(plan))

    return make


class TestPlanned:
    def test_an_apis_tokens_cost_what_its_lines_say(
        self, planned: Callable[..., PlannedSpend]
    ) -> None:
        plan = planned("support-chat")
        (call,) = plan.calls
        assert call.model == "meta.llama3-1-8b-instruct-v1:0"
        assert (call.input_tokens, call.output_tokens) == (F("1154.7"), F("211.1"))
        # 1,154.7 x 0.22 + 211.1 x 0.22 per 1M
        assert float(plan.token_usd_per_request) == pytest.approx(300.476e-6, rel=1e-9)

    def test_a_day_has_its_share_of_the_weeks_requests(
        self, planned: Callable[..., PlannedSpend]
    ) -> None:
        plan = planned("support-chat")
        week = [plan.requests_in(date(2026, 11, 2) + timedelta(days=n)) for n in range(7)]
        # Seven of 30 days of 90,000 requests.
        assert sum(week, F(0)) == 21_000
        halves = plan.requests_in(date(2026, 11, 2), 0, 12) + plan.requests_in(
            date(2026, 11, 2), 12, 24
        )
        assert halves == week[0]
        assert plan.requests_in(date(2026, 12, 7)) > week[0]

    def test_a_routed_plan_has_a_group_for_each_model(
        self, planned: Callable[..., PlannedSpend]
    ) -> None:
        plan = planned("faq-assistant")
        calls = plan.calls
        assert plan.providers["gpt-6-luna"] == "openai"
        by_model: dict[str, Fraction] = {}
        for each in calls:
            by_model[each.model] = by_model.get(each.model, F(0)) + each.calls_per_request
        # 18 % are answered by the exact cache; all others try the small model first, 30 % go on.
        assert float(by_model["gpt-6-luna"]) == pytest.approx(0.82, rel=1e-6)
        assert float(by_model["gpt-6.1-terra"]) == pytest.approx(0.82 * 0.3, rel=1e-6)
        # Of each model interactive calls and batch; a prefix is cached for the first alone.
        assert [each.list_input_usd is not None for each in calls] == [True, False, True, False]

    def test_machines_are_hours_of_a_type_bought_in_one_way(
        self, planned: Callable[..., PlannedSpend]
    ) -> None:
        plan = planned("support-chat", "--arm", "selfhost_ondemand")
        (machine,) = plan.instances
        assert (machine.instance_type, machine.purchase) == ("g6e.xlarge", "on_demand")
        assert machine.hours_per_month == 1460
        assert not plan.calls
        assert plan.fixed_monthly_usd > machine.usd_per_month

    def test_budgets_have_their_keys(self, planned: Callable[..., PlannedSpend]) -> None:
        sets = ("--set", "budget.per_feature_monthly_usd={search: 400}")
        found = planned("support-chat", *sets).budgets
        assert found == {("total", ""): Decimal(500), ("feature", "search"): Decimal(400)}

    def test_a_plan_without_its_parts_says_so(self) -> None:
        with pytest.raises(PlanFileError, match="save it again"):
            planned_spend(Plan(plan_hash="p-1", content={"scenario": {}}))


# --- Machines ----------------------------------------------------------------------------------


def _focus(path: Path, lines: Sequence[tuple[date, str, str, str, str]]) -> None:
    """Lines of a bill: day, service, meter, hours or units, amortised USD."""
    header = (
        *("BilledCost", "EffectiveCost", "BillingAccountId", "BillingCurrency"),
        *("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"),
        *("ChargeCategory", "ProviderName", "ServiceName", "SkuMeter", "ConsumedQuantity"),
        *("ConsumedUnit", "Tags"),
    )
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(header)
        for day, service, meter, used, usd in lines:
            start, end = f"{day}T00:00:00Z", f"{day + timedelta(days=1)}T00:00:00Z"
            month = ("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z")
            place = ("1", "USD", *month, start, end, "Usage", "AWS", service, meter, used, "Hrs")
            writer.writerow((usd, usd, *place, '{"llm-planner:stack": "support-chat"}'))


@pytest.fixture
def machines(run_cli: Run, root: Path, tmp_path: Path) -> Any:
    """Ten days of the bill: 60 hours a day instead of 48, 12 of them on spot."""
    days = [date(2026, 11, 1) + timedelta(days=n) for n in range(10)]
    lines = [
        line
        for day in days
        for line in (
            (day, "Amazon EC2", "BoxUsage:g6e.xlarge", "48", "96"),
            (day, "Amazon EC2", "SpotUsage:g6e.xlarge", "12", "9"),
            (day, "Elastic Load Balancing", "LoadBalancerUsage", "24", "0.54"),
        )
    ]
    _focus(tmp_path / "focus.csv", lines)
    imported(tmp_path / "s", "focus", [tmp_path / "focus.csv"], datetime(2026, 11, 30, tzinfo=UTC))
    result = run_cli(
        *("actuals", "report", "--store", tmp_path / "s", "--format", "json", "-q"),
        *("--scenario", root / "scenarios" / "support-chat.yaml"),
        *("--arm", "selfhost_ondemand", "--month", "2026-11"),
    )
    assert result.code == 0, result.stderr
    return result.json()


def test_machines_lead_from_plan_to_actual_by_hours_mix_and_price(machines: Any) -> None:
    found = machines["comparison"]["machines"]
    parts = {each["factor"]: Decimal(each["usd"]) for each in found["factors"]}
    difference = Decimal(found["actual_usd"]) - Decimal(found["planned_usd"])
    assert abs(sum(parts.values()) - difference) < Decimal("1e-9")
    # 2 instances x 24 h x 10 days planned; 60 hours a day in fact.
    assert (found["planned_instance_hours"], found["actual_instance_hours"]) == ("480", "600")
    assert Decimal(found["actual_usd"]) == Decimal("1055.4")
    # Hours: 120 more. Mix: a fifth on spot at $0.75. Price: on demand at $2.00 instead of 1.861.
    assert parts["hours"] > 0
    assert parts["purchase_mix"] < 0
    assert parts["hourly_price"] > 0
    hours = Fraction(120)
    plan, now = F("1.861"), F("0.8") * 2 + F("0.2") * F("0.75")
    shares = [plan, F("0.8") * plan + F("0.2") * F("0.75"), F(2), now]
    # Mean over the orders of (hours, mix, price): hours come first in 2 of 6, last in 2 of 6.
    expected = hours * (shares[0] * 2 + shares[1] + shares[2] + shares[3] * 2) / 6
    assert float(parts["hours"]) == pytest.approx(float(expected), rel=1e-9)


def test_a_self_hosted_stack_is_reported_without_tokens(machines: Any) -> None:
    assert machines["total"]["infrastructure_usd"] == "1055.4"
    assert machines["total"]["calls"] == 0


def test_its_month_is_forecast_by_what_is_committed(
    run_cli: Run, root: Path, tmp_path: Path, machines: Any
) -> None:
    result = run_cli(
        *("actuals", "forecast", "--store", tmp_path / "s", "--format", "json", "-q"),
        *("--scenario", root / "scenarios" / "support-chat.yaml"),
        *("--arm", "selfhost_ondemand", "--month", "2026-11"),
    )
    assert result.code == 0, result.stderr
    found = result.json()
    per_day = (Decimal(found["planned_usd"]) / 30).quantize(Decimal("1e-6"))
    expected = Decimal("1055.4") + 20 * per_day
    assert abs(Decimal(found["month_end_usd"]["expected"]) - expected) < Decimal("0.001")
    assert found["month_end_usd"]["low"] == found["month_end_usd"]["high"]
