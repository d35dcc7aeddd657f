"""Each rule sees what it is there for: graphs with one thing wrong."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest

from planner.emit.capture import CapturedGraph, CapturedResource
from tests.stacks import rules
from tests.stacks.sample_plans import sample_plan

_STACK = "urn:pulumi:s::llm-serving::pulumi:pulumi:Stack::llm-serving-s"
_COMPONENT = "urn:pulumi:s::llm-serving::llm-serving:stacks:Group::group"
_PLAN = sample_plan("bedrock")
_TAGS = {
    "llm-planner:stack": "sample-bedrock",
    "llm-planner:plan": "p-0123456789ab",
    "llm-planner:component": "x",
    "cost-centre": "4711",
}
_TOPIC = "arn:aws:sns:us-east-1:123456789012:t"


def _resource(
    token: str,
    inputs: Mapping[str, Any] | None = None,
    *,
    name: str = "it",
    parent: str = _COMPONENT,
    outputs: Mapping[str, Any] | None = None,
    secrets: tuple[str, ...] = (),
    custom: bool = True,
) -> CapturedResource:
    return CapturedResource(
        urn=f"urn:pulumi:s::llm-serving::{token}::{name}",
        type=token,
        name=name,
        parent=parent,
        custom=custom,
        provider="",
        id=f"{name}-id",
        inputs=inputs or {},
        outputs={**(inputs or {}), **(outputs or {})},
        secrets=secrets,
        unknowns=(),
        dependencies=(),
        property_dependencies={},
        ignore_changes=(),
        additional_secret_outputs=(),
        protect=False,
        retain_on_delete=False,
        source="x.py:1",
    )


def _graph(*resources: CapturedResource) -> CapturedGraph:
    stack = _resource("pulumi:pulumi:Stack", name="llm-serving-s", parent="", custom=False)
    group = _resource("llm-serving:stacks:Group", name="group", parent=_STACK, custom=False)
    return CapturedGraph(
        resources=(stack, group, *resources),
        stack_outputs={},
        secret_outputs=(),
        logs=(),
        invokes=(),
    )


def _policy(**statement: Any) -> dict[str, Any]:
    full = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::b/*"]}
    text = json.dumps({"Version": "2012-10-17", "Statement": [full | statement]})
    return {"policy": text, "role": "r"}


def _alarm(**inputs: Any) -> CapturedResource:
    usual = {
        "name": "sample-bedrock-a",
        "comparisonOperator": "GreaterThanThreshold",
        "evaluationPeriods": 3,
        "threshold": 1,
        "metricName": "Invocations",
        "namespace": "AWS/Bedrock",
        "dimensions": {"ModelId": _PLAN.bedrock[0].model},
        "period": 60,
        "statistic": "Sum",
    }
    made = {key: value for key, value in (usual | inputs).items() if value is not None}
    return _resource("aws:cloudwatch/metricAlarm:MetricAlarm", made)


def _math(*expressions: str, **inputs: Any) -> CapturedResource:
    rows = [
        {"id": f"e{number}", "expression": text, "returnData": number == 0}
        for number, text in enumerate(expressions)
    ]
    return _alarm(metricName=None, namespace=None, period=None, metricQueries=rows, **inputs)


def _budget(**inputs: Any) -> CapturedResource:
    usual = {
        "name": "sample-bedrock-spend",
        "budgetType": "COST",
        "limitAmount": "1",
        "filterExpression": {
            "tags": {
                "key": "llm-planner:stack",
                "values": ["sample-bedrock"],
                "matchOptions": ["EQUALS"],
            }
        },
    }
    made = {key: value for key, value in (usual | inputs).items() if value is not None}
    return _resource("aws:budgets/budget:Budget", made)


_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_PARAMETER = "aws:ssm/parameter:Parameter"
_TASK = "aws:ecs/taskDefinition:TaskDefinition"
_LISTENER = "aws:lb/listener:Listener"
_ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
_404 = {"type": "fixed-response", "fixedResponse": {"statusCode": "404"}}
_FORM_A = [{"name": "TagKeyValue", "values": ["user:llm-planner:stack$sample-bedrock"]}]


def _containers(image: str, **environment: str) -> dict[str, Any]:
    rows = [{"name": name, "value": value} for name, value in environment.items()]
    return {"containerDefinitions": json.dumps([{"image": image, "environment": rows}])}


_BROKEN: dict[str, tuple[rules.Rule, list[CapturedResource], str]] = {
    "below the stack": (
        rules.children_have_parents,
        [_resource("aws:sns/topic:Topic", parent=_STACK)],
        "pulumi:pulumi:Stack",
    ),
    "no tags": (rules.taggable_resources_are_tagged, [_resource("aws:sns/topic:Topic")], "lacks"),
    "the tag of another plan": (
        rules.taggable_resources_are_tagged,
        [_resource("aws:sns/topic:Topic", {"tags": {**_TAGS, "llm-planner:plan": "p-x"}})],
        "wrong ['llm-planner:plan']",
    ),
    "instances without tags": (
        rules.taggable_resources_are_tagged,
        [_resource(_TEMPLATE, {"tags": _TAGS, "tagSpecifications": []})],
        "lacks",
    ),
    "open to the world": (
        rules.nothing_is_open_to_the_world,
        [_resource(_RULE, {"cidrIpv4": "0.0.0.0/0"})],
        "0.0.0.0/0",
    ),
    "open to the IPv6 world": (
        rules.nothing_is_open_to_the_world,
        [_resource(_RULE, {"cidrIpv6": "::/0"})],
        "::/0",
    ),
    "a bucket without a block": (
        rules.nothing_is_open_to_the_world,
        [_resource("aws:s3/bucket:Bucket")],
        "no block",
    ),
    "a public balancer": (
        rules.nothing_is_open_to_the_world,
        [_resource("aws:lb/loadBalancer:LoadBalancer", {"internal": False})],
        "not internal",
    ),
    "metadata without a token": (
        rules.instances_use_imds_v2,
        [_resource(_TEMPLATE, {"metadataOptions": {"httpTokens": "optional"}})],
        "optional",
    ),
    "a key in the environment": (
        rules.no_secret_is_in_the_program,
        [_resource(_TASK, _containers("x", HF_TOKEN="hf_abc"))],
        "HF_TOKEN",
    ),
    "a secret's value": (
        rules.no_secret_is_in_the_program,
        [_resource("aws:secretsmanager/secretVersion:SecretVersion")],
        "the value of a secret",
    ),
    "a marked secret": (
        rules.no_secret_is_in_the_program,
        [_resource("aws:sns/topic:Topic", secrets=("/name",))],
        "secret inputs",
    ),
    "a listener that forwards": (
        rules.listeners_answer_404,
        [_resource(_LISTENER, {"defaultActions": [{"type": "forward"}]})],
        "forward",
    ),
    "a rule for every path": (
        rules.listeners_answer_404,
        [
            _resource(_LISTENER, {"defaultActions": [_404]}),
            _resource(
                "aws:lb/listenerRule:ListenerRule",
                {"conditions": [{"pathPattern": {"values": ["/v1/*"]}}]},
            ),
        ],
        "lets ['/v1/*'] through",
    ),
    "an image by tag": (
        rules.images_are_pinned,
        [_resource(_TASK, _containers("vllm/vllm-openai:latest"))],
        "latest",
    ),
    "every action": (
        rules.rights_are_narrow,
        [_resource(_ROLE_POLICY, _policy(Action=["s3:*"]))],
        "action s3:*",
    ),
    "every resource": (
        rules.rights_are_narrow,
        [_resource(_ROLE_POLICY, _policy(Resource="*"))],
        "on every resource",
    ),
    "anyone": (
        rules.rights_are_narrow,
        [_resource("aws:s3/bucketPolicy:BucketPolicy", _policy(Principal="*"))],
        "anyone",
    ),
    "a budget of everything": (
        rules.budgets_filter_on_the_stack,
        [_budget(filterExpression=None)],
        "filters",
    ),
    "a tag without user:": (
        rules.budgets_filter_on_the_stack,
        [
            _budget(
                filterExpression=None,
                costFilters=[
                    {"name": "TagKeyValue", "values": ["llm-planner:stack$sample-bedrock"]}
                ],
            )
        ],
        "filters",
    ),
    "both spellings": (
        rules.budgets_filter_on_the_stack,
        [_budget(costFilters=_FORM_A)],
        "both forms",
    ),
    "two limits": (
        rules.budgets_filter_on_the_stack,
        [_budget(plannedLimits=[])],
        "either one limit",
    ),
    "a forecast alone": (
        rules.budgets_filter_on_the_stack,
        [_budget(notifications=[{"notificationType": "FORECASTED"}])],
        "only notice",
    ),
    "no budget": (rules.budgets_filter_on_the_stack, [], "no cost budget"),
    "an alarm on nothing": (
        rules.alarms_are_within_limits,
        [_alarm(metricName=None)],
        "has []",
    ),
    "an expression too long": (
        rules.alarms_are_within_limits,
        [_math("1+" * 1024 + "1")],
        "2049 characters",
    ),
    "eleven expressions": (
        rules.alarms_are_within_limits,
        [_math(*["1"] * 11)],
        "more than ten",
    ),
    "a window too long": (
        rules.alarms_are_within_limits,
        [_alarm(period=300, evaluationPeriods=300)],
        "90000 s",
    ),
    "two alarms of one name": (rules.alarms_are_within_limits, [_alarm(), _alarm()], "twice"),
    "a name of another stack": (
        rules.alarms_are_within_limits,
        [_alarm(name="other-a")],
        "has not the stack's name",
    ),
    "a composite of nothing": (
        rules.alarms_are_within_limits,
        [
            _resource(
                "aws:cloudwatch/compositeAlarm:CompositeAlarm",
                {"alarmName": "sample-bedrock-c", "alarmRule": 'ALARM("sample-bedrock-x")'},
            )
        ],
        "sample-bedrock-x is no alarm",
    ),
    "a parameter too long": (
        rules.sizes_are_within_limits,
        [_resource(_PARAMETER, {"value": "x" * 4097})],
        "4097 bytes",
    ),
    "user data too long": (
        rules.sizes_are_within_limits,
        [_resource(_TEMPLATE, {"userData": base64.b64encode(b"x" * 16_385).decode()})],
        "above 16 KiB",
    ),
    "a metric that nothing emits": (
        rules.metrics_are_emitted,
        [_alarm(metricName="Invocation")],
        "nothing emits",
    ),
    "a dimension too many": (
        rules.metrics_are_emitted,
        [_alarm(dimensions={"ModelId": "m", "service": "x"})],
        "nothing emits",
    ),
    "a dimension of something else": (
        rules.dimensions_name_what_exists,
        [_alarm(dimensions={"ModelId": "another"})],
        "ModelId is another",
    ),
    "a topic of nobody": (
        rules.notices_reach_the_topic,
        [_alarm(alarmActions=[_TOPIC])],
        "an alarm tells arn",
    ),
    "a topic that is closed": (rules.notices_reach_the_topic, [], "may not publish"),
}


@pytest.mark.parametrize("name", _BROKEN)
def test_a_rule_sees_what_is_wrong(name: str) -> None:
    rule, resources, message = _BROKEN[name]
    assert any(message in problem for problem in rule(_graph(*resources), _PLAN))


def test_every_rule_has_been_seen_to_fail() -> None:
    assert {rule for rule, _, _ in _BROKEN.values()} == set(rules.RULES)


@pytest.mark.parametrize(
    "resources",
    [[_budget()], [_budget(filterExpression=None, costFilters=_FORM_A)]],
    ids=["expression", "filters"],
)
def test_each_spelling_of_the_budget_filter_is_right_by_itself(
    resources: list[CapturedResource],
) -> None:
    assert list(rules.budgets_filter_on_the_stack(_graph(*resources), _PLAN)) == []


def test_an_action_without_resources_passes_with_its_reason() -> None:
    policy = _policy(Action=["cloudwatch:PutMetricData"], Resource="*")
    graph = _graph(_resource(_ROLE_POLICY, policy))
    assert list(rules.rights_are_narrow(graph, _PLAN)) == []
