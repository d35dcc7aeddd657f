"""`planner actuals pull aws` against a fake account."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.ce.models import ce_backends

from planner.actuals import open_store
from planner.actuals.pull import daily_bill
from tests.actuals.support import EXPORTS, imported
from tests.support import CliResult

Run = Callable[..., CliResult]

_ACCOUNT = "123456789012"
_EC2 = "Amazon Elastic Compute Cloud - Compute"
_PULL = ("actuals", "pull", "aws", "--stack", "shop", "--store", "store")


def _group(service: str, meter: str, billed: str, amortised: str, used: str, unit: str) -> Any:
    def amount(value: str, of: str) -> dict[str, str]:
        return {"Amount": value, "Unit": of}

    return {
        "Keys": [service, meter],
        "Metrics": {
            "UnblendedCost": amount(billed, "USD"),
            "AmortizedCost": amount(amortised, "USD"),
            "UsageQuantity": amount(used, unit),
        },
    }


def _day(day: int, *groups: Any) -> Any:
    period = {"Start": f"2026-11-{day:02}", "End": f"2026-11-{day + 1:02}"}
    return {"TimePeriod": period, "Total": {}, "Groups": list(groups), "Estimated": True}


_FIRST_DAY = _day(
    1,
    _group(
        "Amazon Elastic Compute Cloud - Compute", "BoxUsage:g6e.xlarge", "0", "28.8", "24", "Hrs"
    ),
    _group("Amazon Bedrock", "USE1-tokens", "1.5", "1.5", "10", "1K tokens"),
)


@pytest.fixture(autouse=True)
def _fixed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    # 2026-11-05, midnight.
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1793836800")


@pytest.fixture
def account() -> Iterator[None]:
    """A bill of a day, two hours of a gateway's metrics, and one budget of the stack's two."""
    with mock_aws():
        results = ce_backends[_ACCOUNT]["aws"].cost_usage_results_queue
        results.append({"ResultsByTime": [_FIRST_DAY], "DimensionValueAttributes": []})
        cloudwatch = boto3.client("cloudwatch", region_name="us-east-1")
        for hour, calls in ((9, 40), (10, 60)):
            for name, value in (
                ("Requests", calls),
                ("InputTokens", calls * 100),
                ("CachedTokens", calls * 30),
                ("OutputTokens", calls * 10),
                ("SpendUSD", calls * 0.001),
            ):
                _put(cloudwatch, name, value, hour, "shop")
        _put(cloudwatch, "Requests", 999, 9, "another")
        budgets = boto3.client("budgets", region_name="us-east-1")
        for name in ("shop-total", "another-total"):
            limit = {"Amount": "500", "Unit": "USD"}
            budget = {"BudgetName": name, "BudgetLimit": limit, "TimeUnit": "MONTHLY"}
            budgets.create_budget(AccountId=_ACCOUNT, Budget={**budget, "BudgetType": "COST"})
        yield


def _put(client: Any, name: str, value: float, hour: int, stack: str) -> None:
    client.put_metric_data(
        Namespace="LlmPlanner",
        MetricData=[
            {
                "MetricName": name,
                "Dimensions": [
                    {"Name": "Stack", "Value": stack},
                    {"Name": "Model", "Value": "gpt-4o"},
                ],
                "Timestamp": datetime(2026, 11, 1, hour, 30, tzinfo=UTC),
                "Value": value,
            }
        ],
    )


def test_nothing_is_asked_before_yes(run_cli: Run) -> None:
    result = run_cli(*_PULL)
    assert (result.code, result.stdout) == (0, "")
    said = " ".join(result.stderr.split())
    assert "one billed request to Cost Explorer ($0.01 for each page" in said
    assert "$0.01 per 1,000" in said
    assert "nothing was asked; add --yes to ask" in said
    assert not Path("store").exists()


def test_bill_usage_and_budgets_come_in(run_cli: Run, account: None) -> None:
    result = run_cli(*_PULL, "--yes", "--format", "json", "-q")
    assert result.code == 0, result.stderr
    found = result.json()
    assert found["records_by_source"] == {"focus": 2, "plain": 2}
    assert (found["account"], found["metrics_requested"]) == (_ACCOUNT, 5)
    assert [(each["name"], each["limit_usd"]) for each in found["budgets"]] == [
        ("shop-total", "500")
    ]
    records = list(open_store(Path("store")).records())
    usage = [each for each in records if each.source == "plain"]
    assert [(each.started_at.hour, each.calls) for each in usage] == [(9, 40), (10, 60)]
    assert (usage[0].uncached_input_tokens, usage[0].cache_read_tokens) == (2800, 1200)
    assert usage[0].cost_source_usd == Decimal("0.04")
    instance = next(each for each in records if each.line_item == "BoxUsage:g6e.xlarge")
    assert (instance.stack, instance.cost_source_usd) == ("shop", Decimal(0))
    assert (instance.cost_effective_usd, instance.quantity) == (Decimal("28.8"), Decimal(24))


def test_asking_again_adds_nothing(run_cli: Run, account: None) -> None:
    run_cli(*_PULL, "--yes", "-q")
    run_cli(*_PULL, "--yes", "-q")
    assert len(list(open_store(Path("store")).records())) == 4


def test_the_report_tells_the_infrastructure_of_the_stack(run_cli: Run, account: None) -> None:
    run_cli(*_PULL, "--yes", "-q")
    found = run_cli("actuals", "report", "--store", "store", "--format", "json", "-q").json()
    # The gateway's usage is of no AWS provider, so the Bedrock line counts beside it.
    assert found["infrastructure"] == {_EC2: "28.8"}
    assert found["total"]["calls"] == 100


def test_a_bill_of_awss_own_exports_is_not_told_twice(run_cli: Run, account: None) -> None:
    text = (EXPORTS / "focus.csv").read_text(encoding="utf-8").replace("111122223333", _ACCOUNT)
    Path("focus.csv").write_text(text, encoding="utf-8")
    imported(Path("store"), "focus", [Path("focus.csv")])
    result = run_cli(*_PULL, "--yes", "-q")
    assert result.code == 2
    assert "has the bill of 2026-11 from" in " ".join(result.stderr.split())


def test_a_month_that_has_not_begun_is_refused(run_cli: Run) -> None:
    result = run_cli(*_PULL, "--month", "2026-12", "--yes")
    assert result.code == 2
    assert "has not begun" in result.stderr


class _Pages:
    """Answers in two pages, and what was asked for."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def get_cost_and_usage(self, **asked: Any) -> Any:
        self.asked.append(dict(asked))
        if "NextPageToken" in asked:
            return {"ResultsByTime": [_day(2, _group("S3", "bytes", "1", "1", "1", "GB"))]}
        return {"ResultsByTime": [_FIRST_DAY], "NextPageToken": "more"}


def test_every_page_of_the_bill_is_read_and_only_the_stack_is_asked_for() -> None:
    client = _Pages()
    first, after = datetime(2026, 11, 1).date(), datetime(2026, 11, 5).date()
    rows = list(daily_bill(client, account="1", stack="shop", since=first, after=after))
    assert [row["ServiceName"] for row in rows][-1] == "S3"
    assert len(rows) == 3
    (one, other) = client.asked
    assert one["Filter"] == {"Tags": {"Key": "llm-planner:stack", "Values": ["shop"]}}
    assert one["TimePeriod"] == {"Start": "2026-11-01", "End": "2026-11-05"}
    assert other["NextPageToken"] == "more"
