"""Asks AWS what a deployed stack used and costs: Cost Explorer, CloudWatch, Budgets.

Answers become files of forms that are imported anyway: the bill as FOCUS rows, usage as a log of
one row a model and hour. Clients are arguments; nothing is asked before somebody said yes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

__all__ = [
    "BILL_COLUMNS",
    "USAGE_COLUMNS",
    "BudgetNow",
    "RequestPrices",
    "budgets_now",
    "daily_bill",
    "hourly_usage",
    "request_prices",
]

_STACK_TAG = "llm-planner:stack"
_MOST_PAGES = 50
_GATEWAY = "LlmPlanner"
_BEDROCK = "AWS/Bedrock"
# Metric of CloudWatch -> column of the log. The gateway's input contains what was cached
# (stacks/metrics.py), Bedrock's does not (Bedrock user guide, CloudWatch metrics, 2026-11).
_GATEWAY_METRICS = {
    "Requests": "calls",
    "InputTokens": "input_tokens",
    "OutputTokens": "output_tokens",
    "CachedTokens": "cached_tokens",
    "SpendUSD": "cost_usd",
}
_BEDROCK_METRICS = {
    "Invocations": "calls",
    "InputTokenCount": "uncached_input_tokens",
    "OutputTokenCount": "output_tokens",
    "CacheReadInputTokenCount": "cached_tokens",
    "CacheWriteInputTokenCount": "cache_write_tokens",
}
BILL_COLUMNS = (
    *("BilledCost", "EffectiveCost", "BillingAccountId", "BillingCurrency"),
    *("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"),
    *("ChargeCategory", "ProviderName", "ServiceName", "SkuMeter"),
    *("ConsumedQuantity", "ConsumedUnit", "Tags"),
)
USAGE_COLUMNS = (
    *("timestamp", "request_id", "provider", "model", "calls", "attempts", "input_tokens"),
    *("uncached_input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens", "cost_usd"),
    "cost_basis",
)
# GetMetricData takes 500 queries at a time.
_QUERIES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPrices:
    """What asking costs, USD, with source and day."""

    cost_explorer_usd_per_request: Decimal
    cloudwatch_usd_per_metric: Decimal
    source: str
    observed: date


@cache
def request_prices() -> RequestPrices:
    """The prices of the shipped data file."""
    path = Path(__file__).parent / "data" / "aws_requests.json"
    raw = json.loads(path.read_text(encoding="utf-8"))
    return RequestPrices(
        cost_explorer_usd_per_request=Decimal(raw["cost_explorer_usd_per_request"]),
        cloudwatch_usd_per_metric=Decimal(raw["cloudwatch_usd_per_metric_requested"]),
        source=raw["source"],
        observed=date.fromisoformat(raw["observed"]),
    )


# --- Cost Explorer -----------------------------------------------------------------------------


def daily_bill(
    client: Any, *, account: str, stack: str, since: date, after: date
) -> Iterator[Mapping[str, str]]:
    """FOCUS rows by day, service and meter of the stack's tagged resources; ``after`` excluded.

    Taxes, credits and refunds are left out: they carry no tag of a stack.
    """
    asked: dict[str, Any] = {
        "TimePeriod": {"Start": since.isoformat(), "End": after.isoformat()},
        "Granularity": "DAILY",
        "Metrics": ["UnblendedCost", "AmortizedCost", "UsageQuantity"],
        "GroupBy": [
            {"Type": "DIMENSION", "Key": "SERVICE"},
            {"Type": "DIMENSION", "Key": "USAGE_TYPE"},
        ],
        "Filter": {"Tags": {"Key": _STACK_TAG, "Values": [stack]}},
    }
    for _ in range(_MOST_PAGES):
        answer = client.get_cost_and_usage(**asked)
        for period in answer.get("ResultsByTime", ()):
            for group in period.get("Groups", ()):
                yield _bill_row(group, period["TimePeriod"], account, stack)
        token = answer.get("NextPageToken")
        if not token:
            return
        asked["NextPageToken"] = token


def _bill_row(
    group: Mapping[str, Any], period: Mapping[str, str], account: str, stack: str
) -> Mapping[str, str]:
    service, meter = group["Keys"]
    metrics = group["Metrics"]
    start = date.fromisoformat(period["Start"][:10])
    month = start.replace(day=1)
    return {
        "BilledCost": metrics["UnblendedCost"]["Amount"],
        "EffectiveCost": metrics["AmortizedCost"]["Amount"],
        "BillingAccountId": account,
        "BillingCurrency": metrics["UnblendedCost"]["Unit"],
        "BillingPeriodStart": _moment(month),
        "BillingPeriodEnd": _moment((month + timedelta(days=32)).replace(day=1)),
        "ChargePeriodStart": _moment(start),
        "ChargePeriodEnd": _moment(date.fromisoformat(period["End"][:10])),
        "ChargeCategory": "Usage",
        "ProviderName": "AWS",
        "ServiceName": service,
        "SkuMeter": meter,
        "ConsumedQuantity": metrics["UsageQuantity"]["Amount"],
        "ConsumedUnit": metrics["UsageQuantity"]["Unit"],
        "Tags": json.dumps({_STACK_TAG: stack}),
    }


def _moment(day: date) -> str:
    return f"{datetime.combine(day, time(), UTC):%Y-%m-%dT%H:%M:%SZ}"


# --- CloudWatch --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Series:
    """One metric of one model."""

    model: str
    column: str
    metric: Mapping[str, Any]


def hourly_usage(
    client: Any, *, stack: str, since: date, after: date
) -> tuple[list[Mapping[str, str]], int]:
    """Rows of a log by hour and model, and how many metrics were asked for.

    The gateway's own metrics of the stack; without any, Bedrock's of the account and region.
    """
    series = _listed(client, _GATEWAY, _GATEWAY_METRICS, "Model", stack)
    source = "gateway"
    if not series:
        series = _listed(client, _BEDROCK, _BEDROCK_METRICS, "ModelId", None)
        source = "bedrock"
    found: dict[tuple[str, datetime], dict[str, Decimal]] = {}
    for start in range(0, len(series), _QUERIES):
        for each, at, value in _values(client, series[start : start + _QUERIES], since, after):
            found.setdefault((each.model, at), {})[each.column] = value
    rows = [_usage_row(source, stack, *key, sums) for key, sums in sorted(found.items())]
    return rows, len(series)


def _listed(
    client: Any, namespace: str, columns: Mapping[str, str], dimension: str, stack: str | None
) -> list[_Series]:
    filters = [{"Name": dimension}]
    if stack is not None:
        filters.append({"Name": "Stack", "Value": stack})
    found: dict[tuple[str, str], _Series] = {}
    for page in client.get_paginator("list_metrics").paginate(
        Namespace=namespace, Dimensions=filters
    ):
        for metric in page["Metrics"]:
            named = {each["Name"]: each["Value"] for each in metric["Dimensions"]}
            # Bedrock has further series of the same calls, by size and by profile.
            wanted = {dimension} if stack is None else {dimension, "Stack"}
            if metric["MetricName"] in columns and named.keys() == wanted:
                column = columns[metric["MetricName"]]
                found[named[dimension], column] = _Series(
                    model=named[dimension],
                    column=column,
                    metric={
                        name: metric[name] for name in ("Namespace", "MetricName", "Dimensions")
                    },
                )
    return [found[key] for key in sorted(found)]


def _values(
    client: Any, series: Sequence[_Series], since: date, after: date
) -> Iterator[tuple[_Series, datetime, Decimal]]:
    queries = [
        {
            "Id": f"m{index}",
            "MetricStat": {"Metric": each.metric, "Period": 3600, "Stat": "Sum"},
        }
        for index, each in enumerate(series)
    ]
    pages = client.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries,
        StartTime=datetime.combine(since, time(), UTC),
        EndTime=datetime.combine(after, time(), UTC),
    )
    for page in pages:
        for result in page["MetricDataResults"]:
            each = series[int(result["Id"][1:])]
            for at, value in zip(result["Timestamps"], result["Values"], strict=True):
                # A double of CloudWatch at the digits it has.
                yield each, at.astimezone(UTC), Decimal(repr(float(value)))


def _usage_row(
    source: str, stack: str, model: str, at: datetime, sums: Mapping[str, Decimal]
) -> Mapping[str, str]:
    row = {name: f"{value:f}" for name, value in sums.items() if name == "cost_usd"}
    row |= {name: str(int(value)) for name, value in sums.items() if name != "cost_usd"}
    calls = row.get("calls", "0")
    return row | {
        "timestamp": at.isoformat(),
        # Of the same hour asked for again the later answer counts.
        "request_id": f"{source}:{stack}:{model}:{at:%Y-%m-%dT%H}",
        "provider": "aws" if source == "bedrock" else "",
        "model": model,
        "calls": calls,
        "attempts": calls,
        "cost_basis": "gateway" if "cost_usd" in row else "",
    }


# --- Budgets -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetNow:
    """A budget as AWS sees it, USD; None where AWS has no figure yet."""

    name: str
    limit_usd: Decimal | None
    actual_usd: Decimal | None
    forecast_usd: Decimal | None


def budgets_now(client: Any, *, account: str, stack: str) -> tuple[BudgetNow, ...]:
    """The stack's budgets, whose names begin with its id."""
    found: list[BudgetNow] = []
    for page in client.get_paginator("describe_budgets").paginate(AccountId=account):
        for budget in page.get("Budgets", ()):
            if not budget["BudgetName"].startswith(stack):
                continue
            spend = budget.get("CalculatedSpend", {})
            found.append(
                BudgetNow(
                    name=budget["BudgetName"],
                    limit_usd=_amount(budget.get("BudgetLimit")),
                    actual_usd=_amount(spend.get("ActualSpend")),
                    forecast_usd=_amount(spend.get("ForecastedSpend")),
                )
            )
    return tuple(sorted(found, key=lambda each: each.name))


def _amount(found: Mapping[str, str] | None) -> Decimal | None:
    return None if found is None else Decimal(found["Amount"])
