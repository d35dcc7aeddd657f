"""From a scenario to a stack and back, for every kind, with the real engine."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from planner.emit.capture import CapturedGraph, capture
from planner.emit.guard import budget_specs, guard_plan, guard_set
from planner.emit.serving_plan import ServingPlan
from tests.engine.account import Account
from tests.engine.inventory import alarms, budgets, left_in
from tests.engine.provider import Provider
from tests.engine.run import Engine
from tests.support import CliResult

_OPEN_TO = 'deployment.client_cidrs=["10.0.0.0/8"]'
_DIGEST = "sha256:" + "cd" * 32


@dataclass(frozen=True, kw_only=True)
class _Case:
    """A shipped scenario, and the arm whose kind of stack is wanted."""

    scenario: str
    arm: str
    kind: str
    options: tuple[str, ...] = ()


_CASES = {
    case.kind: case
    for case in (
        _Case(scenario="support-chat", arm="api_bedrock", kind="bedrock"),
        _Case(scenario="support-chat", arm="api_frontier", kind="api_gateway"),
        _Case(
            scenario="support-chat",
            arm="selfhost_ondemand",
            kind="vllm_gpu",
            options=("--set", _OPEN_TO),
        ),
        _Case(scenario="office-hours", arm="hybrid", kind="hybrid", options=("--set", _OPEN_TO)),
    )
}
# Deployed on a given day, so that the months of the budgets are those of this file.
_CONFIG = {"asOf": "2026-11-22", "agentImageDigest": _DIGEST}


@pytest.fixture
def emitted(
    tmp_path: Path,
    root: Path,
    run_cli: Callable[..., CliResult],
    pulumi: Path,
    provider: tuple[Provider, int],
) -> Callable[[_Case], Engine]:
    """What a user does: `planner emit --project`, then `pulumi stack init` and its config."""

    def emit(case: _Case) -> Engine:
        project = tmp_path / "project"
        scenario = root / "scenarios" / f"{case.scenario}.yaml"
        saved = tmp_path / "plan.json"
        done = run_cli(
            "recommend", scenario, "--arm", case.arm, "--draws", "0", *case.options, "--save", saved
        )
        assert done.code == 0, done.stderr
        done = run_cli("emit", saved, "--project", project)
        assert done.code == 0, done.stderr
        engine = Engine(
            pulumi=pulumi,
            project=project,
            home=tmp_path / "home",
            provider_port=provider[1],
            stack=case.scenario,
        )
        engine.init({"aws:region": "us-east-1", **_CONFIG})
        return engine

    return emit


def _plan_of(engine: Engine) -> ServingPlan:
    text = (engine.project / f"Pulumi.{engine.stack}.yaml").read_text(encoding="utf-8")
    return ServingPlan.model_validate(yaml.safe_load(text)["config"]["llm-serving:plan"])


@pytest.mark.parametrize("kind", _CASES)
def test_a_recommendation_is_deployed_read_back_and_destroyed(
    kind: str, emitted: Callable[[_Case], Engine], provider: tuple[Provider, int]
) -> None:
    engine, account = emitted(_CASES[kind]), provider[0].account
    plan = _plan_of(engine)
    preview = engine.preview()
    assert set(preview["changeSummary"]) == {"create"}
    made = engine.up()
    assert made == preview["changeSummary"]
    assert engine.outputs()["kind"] == plan.kind == kind
    _budgets_are_the_plan(account, plan)
    registered = _registered(plan)
    _alarms_are_those_registered(account, plan, registered)
    _dashboard_and_topic_are_there(account, plan, registered)
    assert engine.preview()["changeSummary"] == {"same": made["create"]}
    assert engine.refresh() == {}
    assert engine.destroy() == {"delete": made["create"]}
    assert account.records == {}
    assert engine.state() == []
    assert left_in(account) == {}


def _registered(plan: ServingPlan) -> CapturedGraph:
    config = {f"llm-serving:{key}": value for key, value in _CONFIG.items()}
    return capture(plan, stack=plan.stack_id, config=config)


def _budgets_are_the_plan(account: Account, plan: ServingPlan) -> None:
    """Limits to the cent, month by month, as AWS has them; months are seconds there."""
    found = budgets(account)
    specs = {spec.name: spec for spec in budget_specs(plan, "2026-11")}
    assert sorted(found) == sorted(specs)
    for name, spec in specs.items():
        budget = found[name]
        if spec.limit is not None:
            assert budget["BudgetLimit"]["Amount"] == spec.limit
        limits = budget.get("PlannedBudgetLimits", {})
        assert {_month(at): limit["Amount"] for at, limit in limits.items()} == dict(
            spec.monthly_limits
        )
        # A commitment's use is that of the account, and has no tag.
        if spec.budget_type == "COST":
            tags = budget["FilterExpression"]["Tags"]
            assert (tags["Key"], tags["Values"]) == ("llm-planner:stack", [plan.stack_id])


def _month(seconds: str) -> str:
    return datetime.datetime.fromtimestamp(int(seconds), datetime.UTC).strftime("%Y-%m")


def _alarms_are_those_registered(account: Account, plan: ServingPlan, graph: CapturedGraph) -> None:
    """Thresholds and metric queries: AWS has what the plan says, and nothing got lost."""
    found = alarms(account)
    registered = {
        str(each.inputs["name"]): each.inputs
        for each in graph.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
    }
    assert sorted(found) == sorted(registered)
    for spec in guard_set(guard_plan(plan)).alarms:
        assert found[spec.name].get("Threshold") == spec.threshold
    for name, inputs in registered.items():
        alarm = found[name]
        for key in ("ComparisonOperator", "EvaluationPeriods", "DatapointsToAlarm"):
            assert alarm.get(key) == inputs.get(key[0].lower() + key[1:]), name
        assert [_query(row) for row in alarm.get("Metrics", [])] == [
            _registered_query(row) for row in inputs.get("metricQueries", [])
        ]


def _query(row: Mapping[str, Any]) -> tuple[Any, ...]:
    if "Expression" in row:
        return row["Id"], row["Expression"], row["ReturnData"]
    metric, stat = row["MetricStat"]["Metric"], row["MetricStat"]
    names = sorted(dimension["Name"] for dimension in metric["Dimensions"])
    place = (metric["Namespace"], metric["MetricName"], names)
    return (row["Id"], *place, stat["Period"], stat["Stat"], row["ReturnData"])


def _registered_query(row: Mapping[str, Any]) -> tuple[Any, ...]:
    if "expression" in row:
        return row["id"], row["expression"], row["returnData"]
    metric = row["metric"]
    place = (metric["namespace"], metric["metricName"], sorted(metric.get("dimensions", {})))
    return (row["id"], *place, metric["period"], metric["stat"], row["returnData"])


def _dashboard_and_topic_are_there(
    account: Account, plan: ServingPlan, graph: CapturedGraph
) -> None:
    client = account.client("cloudwatch")
    body = client.get_dashboard(DashboardName=f"{plan.stack_id}-spend")["DashboardBody"]
    (registered,) = graph.of_type("aws:cloudwatch/dashboard:Dashboard")
    titles = [widget["properties"]["title"] for widget in json.loads(body)["widgets"]]
    expected = json.loads(registered.inputs["dashboardBody"])["widgets"]
    assert titles == [widget["properties"]["title"] for widget in expected]
    (topic,) = account.client("sns").list_topics()["Topics"]
    attributes = account.client("sns").get_topic_attributes(TopicArn=topic["TopicArn"])
    policy = json.loads(attributes["Attributes"]["Policy"])
    publishers = {statement["Principal"]["Service"] for statement in policy["Statement"]}
    assert {"budgets.amazonaws.com", "cloudwatch.amazonaws.com"} <= publishers
    assert {arn for each in alarms(account).values() for arn in each["AlarmActions"]} <= {
        topic["TopicArn"]
    }
