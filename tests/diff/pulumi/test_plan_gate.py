"""From a saved plan to the stack's preview and back: the gate of `planner diff --plan`."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from planner.decision import Plan, build_plan
from planner.diff.pulumi import plan_results, preview_of_text
from planner.diff.types import RuleResult
from planner.emit.build import serving_plan
from planner.emit.capture import capture
from tests.costs.test_arms import on
from tests.costs.test_options import by_arm, decide
from tests.diff.pulumi.engine_files import document, step
from tests.support import CliResult

_GROUP = "aws:autoscaling/group:Group"
_DIGEST = f"sha256:{'ab' * 32}"
_READY = {
    "llm-serving:weightsReady": "true",
    "llm-serving:imageDigest": _DIGEST,
    "llm-serving:agentImageDigest": _DIGEST,
}


@cache
def _plan() -> Plan:
    content = on("on_demand")
    content["deployment"] = {"client_cidrs": ["10.0.0.0/16"]}
    found = decide(content)
    return build_plan(found, by_arm(found, "selfhost_ondemand"))


@cache
def _deployed() -> str:
    """What `pulumi preview` shows of the plan's first deployment."""
    graph = capture(serving_plan(_plan(), "dev"), stack="dev", dry_run=True, config=_READY)
    steps = [
        step(
            "create",
            new={
                "urn": each.urn,
                "custom": each.custom,
                "type": each.type,
                "inputs": each.inputs,
                "provider": each.provider,
                "propertyDependencies": each.property_dependencies,
            },
        )
        for each in graph.resources
        if not each.type.startswith("pulumi:")
    ]
    return json.dumps({**document(steps), "config": {"aws:region": "us-east-1", **_READY}})


def _with(change: Callable[[dict[str, Any]], None], token: str) -> str:
    """The preview with the inputs of each resource of a type changed."""
    found = json.loads(_deployed())
    for each in found["steps"]:
        if each.get("newState", {}).get("type") == token:
            change(each["newState"]["inputs"])
    return json.dumps(found)


def _results(text: str) -> dict[str, RuleResult]:
    found = plan_results(preview_of_text(text, "p.json"), _plan())
    return {each.rule: each for each in found}


def test_the_first_deployment_of_a_plan_passes_every_rule() -> None:
    found = _results(_deployed())
    assert {each.verdict for each in found.values()} == {"ok"}
    assert list(found) == [
        "plan-instance-type",
        "plan-instance-count",
        "plan-purchase-option",
        "plan-alarm-threshold",
    ]


def test_more_instances_than_planned_break_the_gate() -> None:
    def more(inputs: dict[str, Any]) -> None:
        inputs["maxSize"] = 99

    found = _results(_with(more, _GROUP))
    assert found["plan-instance-count"].blocks
    assert "at most 99" in found["plan-instance-count"].message
    assert found["plan-instance-type"].verdict == "ok"


def test_a_higher_threshold_breaks_the_gate() -> None:
    def higher(inputs: dict[str, Any]) -> None:
        if "threshold" in inputs:
            inputs["threshold"] = inputs["threshold"] * 10 + 1

    found = _results(_with(higher, "aws:cloudwatch/metricAlarm:MetricAlarm"))
    assert found["plan-alarm-threshold"].blocks


def test_what_is_not_shown_is_inconclusive() -> None:
    partial = json.loads(_deployed())
    partial["steps"] = [each for each in partial["steps"] if _GROUP not in each["urn"]]
    partial["changeSummary"]["same"] = 40
    found = _results(json.dumps(partial))
    assert found["plan-instance-count"].verdict == "inconclusive"
    assert "--show-sames" in found["plan-instance-count"].message


@pytest.mark.parametrize(("max_size", "code"), [(None, 0), (99, 1)])
def test_the_command_fails_when_the_stack_departs_from_the_plan(
    tmp_path: Path, run_cli: Callable[..., CliResult], max_size: int | None, code: int
) -> None:
    def resize(inputs: dict[str, Any]) -> None:
        inputs["maxSize"] = max_size or inputs["maxSize"]

    preview, plan = tmp_path / "preview.json", tmp_path / "plan.json"
    preview.write_text(_with(resize, _GROUP), encoding="utf-8")
    plan.write_text(_plan().to_json(), encoding="utf-8")
    done = run_cli("diff", "--pulumi", preview, "--plan", plan, "--format", "json")
    assert done.code == code, done.stderr
    verdicts = {each["rule"]: each["verdict"] for each in done.json()["policy"]}
    assert verdicts["plan-instance-count"] == ("ok" if code == 0 else "violated")


def test_a_plan_belongs_to_a_stack(run_cli: Callable[..., CliResult], tmp_path: Path) -> None:
    done = run_cli("diff", tmp_path, tmp_path, "--plan", tmp_path / "plan.json")
    assert done.code == 2
    assert "--plan belongs to --pulumi or --state" in done.stderr
