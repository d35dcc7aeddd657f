"""SpendGuard as registered: topic and key policies, budgets, mute rule, dashboard, options."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from planner.costs.quantities import quantities
from planner.emit.capture import CapturedGraph, CapturedResource, capture
from tests.catalog.resource_support import price
from tests.stacks.graphs import graph
from tests.stacks.sample_plans import KINDS, sample_plan

_each_kind = pytest.mark.parametrize("kind", KINDS)
_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
_BUDGET = "aws:budgets/budget:Budget"
_PUBLISHERS = {"cloudwatch.amazonaws.com", "budgets.amazonaws.com", "costalerts.amazonaws.com"}


def _one(found: CapturedGraph, token: str) -> CapturedResource:
    (resource,) = found.of_type(token)
    return resource


def _guard_alarms(found: CapturedGraph) -> list[CapturedResource]:
    return [each for each in found.of_type(_ALARM) if "GuardAlarms" in each.urn]


@cache
def _in_june() -> CapturedGraph:
    return capture(sample_plan("bedrock"), config={"llm-serving:asOf": "2026-06-17"})


def _services(policy: str) -> Mapping[str, Any]:
    """Statements of services by their name."""
    return {
        each["Principal"]["Service"]: each
        for each in json.loads(policy)["Statement"]
        if "Service" in each["Principal"]
    }


def test_alarms_budgets_and_anomaly_detection_may_publish() -> None:
    topic = _one(graph("bedrock"), "aws:sns/topic:Topic")
    policy = _one(graph("bedrock"), "aws:sns/topicPolicy:TopicPolicy").inputs["policy"]
    statements = _services(policy)
    assert set(statements) == _PUBLISHERS
    for each in statements.values():
        assert each["Resource"] == topic.outputs["arn"]
        assert each["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}


def test_budgets_publish_from_their_own_account_only() -> None:
    policy = _one(graph("bedrock"), "aws:sns/topicPolicy:TopicPolicy").inputs["policy"]
    like = _services(policy)["budgets.amazonaws.com"]["Condition"]["ArnLike"]
    assert like == {"aws:SourceArn": "arn:aws:budgets::123456789012:*"}


def test_the_topics_key_lets_the_same_three_encrypt() -> None:
    found = graph("bedrock")
    key = _one(found, "aws:kms/key:Key")
    assert _one(found, "aws:sns/topic:Topic").inputs["kmsMasterKeyId"] == key.outputs["arn"]
    statements = _services(key.inputs["policy"])
    assert set(statements) == _PUBLISHERS
    assert all(
        each["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"] for each in statements.values()
    )
    assert key.inputs["enableKeyRotation"] is True


@_each_kind
def test_every_alarm_that_tells_tells_the_topic(kind: str) -> None:
    found = graph(kind)
    topic = _one(found, "aws:sns/topic:Topic").outputs["arn"]
    silent = [each.name for each in _guard_alarms(found) if topic not in _actions(each)]
    assert all(name.endswith("volume") for name in silent)
    for each in found.of_type("aws:cloudwatch/compositeAlarm:CompositeAlarm"):
        assert _actions(each) == [topic]


def _actions(alarm: CapturedResource) -> list[str]:
    return list(alarm.inputs.get("alarmActions") or [])


def test_topics_of_the_scenario_are_told_too_where_they_are_in_the_region() -> None:
    here, there = (
        f"arn:aws:sns:{region}:123456789012:own" for region in ("us-east-1", "eu-west-1")
    )
    plan = sample_plan("bedrock", spend__notify_sns_topic_arns=[here, there])
    (fast,) = [
        each for each in _guard_alarms(capture(plan)) if each.name.endswith("spend-rate-fast")
    ]
    assert _actions(fast)[1:] == [here]


def test_each_address_has_a_subscription() -> None:
    subscription = _one(graph("bedrock"), "aws:sns/topicSubscription:TopicSubscription")
    assert (subscription.inputs["protocol"], subscription.inputs["endpoint"]) == (
        "email",
        "ops@example.com",
    )


@_each_kind
def test_a_budget_filters_on_the_stack_and_never_on_the_plan(kind: str) -> None:
    budget = _one(graph(kind), _BUDGET)
    assert budget.inputs["filterExpression"] == {
        "tags": {
            "key": "llm-planner:stack",
            "values": [f"sample-{kind.replace('_', '-')}"],
            "matchOptions": ["EQUALS"],
        }
    }
    assert "costFilters" not in budget.inputs


def test_planned_limits_begin_with_the_month_of_the_deployment() -> None:
    limits = _one(_in_june(), _BUDGET).inputs["plannedLimits"]
    starts = [each["startTime"] for each in limits]
    assert (starts[0], starts[-1], len(starts)) == ("2026-06-01_00:00", "2027-05-01_00:00", 12)
    assert all(each["unit"] == "USD" for each in limits)


def test_a_commitment_has_a_budget_of_its_use() -> None:
    budgets = {
        each.inputs["budgetType"]: each.inputs for each in graph("committed").of_type(_BUDGET)
    }
    use = budgets["RI_UTILIZATION"]
    assert (use["limitAmount"], use["limitUnit"]) == ("100", "PERCENTAGE")
    assert use["notifications"][0]["comparisonOperator"] == "LESS_THAN"
    assert "filterExpression" not in use
    assert budgets["COST"]["metrics"] == "AmortizedCost"
    assert budgets["COST"]["limitAmount"] == "900"


def test_the_anomaly_alarm_is_muted_for_two_weeks_from_the_first_deployment() -> None:
    rule = _one(_in_june(), "aws:cloudwatch/alarmMuteRule:AlarmMuteRule")
    schedule = rule.inputs["rule"]["schedule"]
    assert (schedule["expression"], schedule["duration"]) == ("at(2026-06-17T00:15)", "P14D")
    assert rule.inputs["muteTargets"]["alarmNames"] == ["sample-bedrock-spend-anomaly"]
    # A later deployment does not begin the two weeks again.
    assert rule.ignore_changes == ("rule",)


def test_composite_rules_name_alarms_that_are_there_before_them() -> None:
    found = graph("hybrid")
    alarms = _guard_alarms(found)
    names = {each.inputs["name"] for each in alarms}
    for composite in found.of_type("aws:cloudwatch/compositeAlarm:CompositeAlarm"):
        named = set(composite.inputs["alarmRule"].split('"')[1::2])
        assert named <= names
        assert {each.urn for each in alarms if each.inputs["name"] in named} <= set(
            composite.dependencies
        )


@_each_kind
def test_the_dashboard_shows_the_plan_beside_what_is_spent(kind: str) -> None:
    body = json.loads(
        _one(graph(kind), "aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"]
    )
    rows = [row for widget in body["widgets"] for row in widget["properties"].get("metrics", [])]
    shown = [row[-1].get("label") for row in rows if row[-1]["visible"]]
    assert "planned" in shown
    assert "<" not in json.dumps([row[:-1] for row in rows])
    (states,) = [each for each in body["widgets"] if each["type"] == "alarm"]
    names = {arn.rsplit(":", 1)[-1] for arn in states["properties"]["alarms"]}
    assert names == {each.inputs["name"] for each in _guard_alarms(graph(kind))}


def test_cost_anomaly_detection_is_there_only_on_request() -> None:
    token = "aws:costexplorer/anomalyMonitor:AnomalyMonitor"
    assert graph("bedrock").of_type(token) == ()
    found = graph("committed")
    specification = json.loads(_one(found, token).inputs["monitorSpecification"])
    assert specification["Tags"]["Values"] == ["sample-vllm-gpu"]
    assert specification["And"] is None
    subscription = _one(found, "aws:costexplorer/anomalySubscription:AnomalySubscription")
    assert subscription.inputs["frequency"] == "IMMEDIATE"
    assert subscription.inputs["subscribers"][0]["type"] == "SNS"


def test_a_date_that_is_none_is_refused_in_words() -> None:
    with pytest.raises(Exception, match="asOf is 'soon', which is no date"):
        capture(sample_plan("bedrock"), config={"llm-serving:asOf": "soon"})


# What the plan prices for the guard, by the names of `quantities.yaml`.
_PARTS = ("dashboard", "alarms", "composite alarms", "anomaly alarm", "topic key")
_ITEM_USD = {
    "cw_dashboard_month": Decimal(3),
    "cw_alarm_metric_month": Decimal("0.1"),
    "cw_composite_alarm_month": Decimal("0.5"),
    "cw_anomaly_alarm_month": Decimal("0.3"),
    "kms_key_month": Decimal(1),
}


@pytest.mark.parametrize("kind", ["vllm_gpu", "api_gateway", "bedrock"])
def test_what_is_registered_costs_what_the_plan_prices(kind: str) -> None:
    rows = [row for row in quantities()[kind]["fixed"] if row["component"] in _PARTS]
    planned = sum(_ITEM_USD[row["item"]] * row["count"] for row in rows)
    registered = [
        each for each in graph(kind).resources if "SpendGuard" in each.urn and each.custom
    ]
    prices = [price(each.type, dict(each.inputs)) for each in registered]
    assert sum(each.monthly_usd.expected for each in prices if each.monthly_usd) == planned
