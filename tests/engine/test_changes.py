"""What happens after the first `up`: changed plans, failures, drift, refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from planner.emit.capture import program_folder
from planner.emit.serving_plan import ServingPlan
from tests.engine.inventory import alarms, budgets, left_in
from tests.engine.provider import Provider
from tests.engine.run import Engine, PulumiFailed, copy_project
from tests.stacks.sample_plans import sample_plan

_SPEND_DAY = "sample-bedrock-spend-day"


@pytest.fixture
def engine(tmp_path: Path, pulumi: Path, provider: tuple[Provider, int]) -> Engine:
    """A stack of the smallest kind, not yet deployed."""
    engine = Engine(
        pulumi=pulumi,
        project=copy_project(program_folder(), tmp_path / "project"),
        home=tmp_path / "home",
        provider_port=provider[1],
    )
    engine.init({"aws:region": "us-east-1", "asOf": "2026-11-22"})
    return engine


def _plan(kind: str = "bedrock", **changes: Any) -> ServingPlan:
    return sample_plan(kind, timezone="UTC", **changes)


def _set_plan(engine: Engine, plan: ServingPlan) -> None:
    text = plan.model_dump(mode="json", by_alias=True, exclude_none=True)
    engine.command("config", "set", "plan", json.dumps(text))


def _steps(preview: dict[str, Any], *operations: str) -> dict[str, str]:
    """Resource name -> operation, of the steps with one of ``operations``."""
    return {
        step["urn"].rsplit("::", 1)[1]: step["op"]
        for step in preview["steps"]
        if step["op"] in operations
    }


def test_a_changed_plan_updates_thresholds_and_replaces_what_must_be(
    engine: Engine, provider: tuple[Provider, int]
) -> None:
    account = provider[0].account
    _set_plan(engine, _plan())
    engine.up()
    before = alarms(account)[_SPEND_DAY]["Threshold"]
    other_model = [
        {
            "model": "amazon.nova-lite-v1:0",
            "usd_per_1m_input_tokens": "0.06",
            "usd_per_1m_output_tokens": "0.24",
        }
    ]
    _set_plan(engine, _plan(spend__headroom_ratio="1.5", bedrock=other_model))
    preview = engine.preview()
    changed = _steps(preview, "update", "replace", "create", "delete")
    assert changed["sample-bedrock-model-1"] == "replace"
    assert changed[_SPEND_DAY] == "update"
    assert set(changed.values()) == {"update", "replace"}
    engine.up()
    # 20 USD a day: 1.3 times it, then 1.5 times.
    assert (before, alarms(account)[_SPEND_DAY]["Threshold"]) == (26.0, 30.0)
    (profile,) = account.of_type("aws:bedrock/inferenceProfile:InferenceProfile")
    assert "nova-lite" in profile.inputs["modelSource"]["copyFrom"]
    assert budgets(account)["sample-bedrock-spend"]["BudgetName"] == "sample-bedrock-spend"
    engine.destroy()
    assert left_in(account) == {}


def test_a_failed_create_leaves_the_rest_and_is_resumed(
    engine: Engine, provider: tuple[Provider, int]
) -> None:
    stand_in, _ = provider
    _set_plan(engine, _plan())
    stand_in.refuse[_SPEND_DAY] = "LimitExceeded: too many alarms"
    with pytest.raises(PulumiFailed, match="LimitExceeded: too many alarms"):
        engine.up()
    made = list(stand_in.created)
    assert made
    assert _SPEND_DAY not in alarms(stand_in.account)
    stand_in.refuse.clear()
    engine.up()
    # What had been made was not made again.
    assert len(stand_in.created) == len(set(stand_in.created))
    assert _SPEND_DAY in alarms(stand_in.account)
    assert stand_in.created[: len(made)] == made


def test_drift_is_found_by_refresh_and_put_right_by_up(
    engine: Engine, provider: tuple[Provider, int]
) -> None:
    account = provider[0].account
    _set_plan(engine, _plan())
    engine.up()
    client = account.client("cloudwatch")
    alarm = alarms(account)[_SPEND_DAY]
    client.put_metric_alarm(
        AlarmName=_SPEND_DAY,
        Metrics=alarm["Metrics"],
        ComparisonOperator=alarm["ComparisonOperator"],
        EvaluationPeriods=alarm["EvaluationPeriods"],
        Threshold=1_000_000.0,
    )
    client.delete_alarms(AlarmNames=["sample-bedrock-unit-cost"])
    assert engine.refresh() == {_SPEND_DAY: "update", "sample-bedrock-unit-cost": "delete"}
    put_right = engine.up()
    assert (put_right["update"], put_right["create"]) == (1, 1)
    assert alarms(account)[_SPEND_DAY]["Threshold"] == 26.0
    assert "sample-bedrock-unit-cost" in alarms(account)


def test_what_aws_would_refuse_fails_in_the_preview(
    engine: Engine, provider: tuple[Provider, int]
) -> None:
    _set_plan(engine, _plan())
    alarms_file = engine.project / "stacks" / "guard_alarms.py"
    text = alarms_file.read_text(encoding="utf-8")
    planted = text.replace("comparison_operator=spec.comparison", 'comparison_operator="Above"')
    assert planted != text
    alarms_file.write_text(planted, encoding="utf-8")
    with pytest.raises(PulumiFailed, match="'Above' is none of GreaterThanOrEqualToThreshold"):
        engine.preview()


def test_another_kind_is_refused_on_a_live_stack(
    engine: Engine, provider: tuple[Provider, int]
) -> None:
    _set_plan(engine, _plan())
    engine.up()
    _set_plan(engine, _plan("api_gateway", stack_id="sample-bedrock"))
    with pytest.raises(PulumiFailed, match="is a live bedrock stack and the plan is for api_gatew"):
        engine.preview()
    engine.command("config", "set", "allowKindChange", "true")
    assert "delete" in engine.preview()["changeSummary"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda e: e.command("config", "set", "aws:region", "eu-west-1"), "was priced for us-east"),
        (lambda e: e.command("config", "rm", "plan"), "the stack has no llm-serving:plan"),
    ],
    ids=["region", "no plan"],
)
def test_a_configuration_that_does_not_fit_is_refused(
    engine: Engine, change: Callable[[Engine], object], message: str
) -> None:
    _set_plan(engine, _plan())
    change(engine)
    with pytest.raises(PulumiFailed, match=message):
        engine.preview()
