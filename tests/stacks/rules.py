"""What has to hold in every registered graph, whatever the plan.

Each rule takes the resolved graph and the plan, and yields what is wrong, so that a test can show
all of it at once. The limits are those of the AWS API references, 2026-11.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from planner.emit.capture import CapturedGraph, CapturedResource
from planner.emit.serving_plan import ServingPlan
from tests.stacks.program_path import metrics, policies
from tests.stacks.schema import arguments_of, fields_of

__all__ = ["RULES", "Rule"]

Rule = Callable[[CapturedGraph, ServingPlan], Iterator[str]]

_STACK = "pulumi:pulumi:Stack"
_OURS = "llm-serving:stacks:"
_TAGS = ("llm-planner:stack", "llm-planner:plan", "llm-planner:component")


def _aws(graph: CapturedGraph) -> Iterator[CapturedResource]:
    return (each for each in graph.resources if each.type.startswith("aws:"))


def children_have_parents(graph: CapturedGraph, plan: ServingPlan) -> Iterator[str]:
    """An AWS resource stands below a component of ours, never directly below the stack."""
    types = {each.urn: each.type for each in graph.resources}
    for each in _aws(graph):
        if not types.get(each.parent, "").startswith(_OURS):
            yield f"{each.name} ({each.source}) stands below {types.get(each.parent)}"


def taggable_resources_are_tagged(graph: CapturedGraph, plan: ServingPlan) -> Iterator[str]:
    """Which types take tags is read from their argument classes."""
    wanted = {"llm-planner:stack": plan.stack_id, "llm-planner:plan": plan.plan_hash}
    wanted |= plan.deployment.tags
    for each in _aws(graph):
        for tags in _tag_sets(each):
            missing = sorted({*_TAGS, *wanted} - tags.keys())
            wrong = sorted(key for key in wanted if key in tags and tags[key] != wanted[key])
            if missing or wrong:
                yield f"{each.name} ({each.type}): lacks {missing}, has wrong {wrong}"


def _tag_sets(resource: CapturedResource) -> Iterator[Mapping[str, str]]:
    """Every set of tags that the resource should have, in whatever shape it wants them."""
    arguments = fields_of(arguments_of(resource.type))
    given = resource.inputs.get("tags")
    if "tags" not in arguments:
        return
    if isinstance(given, list):
        yield {row["key"]: row["value"] for row in given}
    else:
        yield given or {}
    if "tagSpecifications" in arguments:
        specified = {
            row["resourceType"]: row.get("tags", {})
            for row in resource.inputs.get("tagSpecifications", [])
        }
        for kind in ("instance", "volume", "network-interface"):
            yield specified.get(kind, {})


def nothing_is_open_to_the_world(graph: CapturedGraph, plan: ServingPlan) -> Iterator[str]:
    """No ingress from everywhere, no rules inside a group, no public address."""
    for each in _aws(graph):
        kind = each.type.rsplit(":", 1)[-1]
        if kind == "SecurityGroupIngressRule":
            for key in ("cidrIpv4", "cidrIpv6"):
                if each.inputs.get(key) in ("0.0.0.0/0", "::/0"):
                    yield f"{each.name}: {each.inputs[key]}"
        if kind == "SecurityGroup" and {"ingress", "egress"} & each.inputs.keys():
            yield f"{each.name}: rules inside the group"
        if kind == "LoadBalancer" and each.inputs.get("internal") is not True:
            yield f"{each.name}: not internal"
        if kind == "Subnet" and each.inputs.get("mapPublicIpOnLaunch") is True:
            yield f"{each.name}: gives public addresses"
        if kind == "LaunchTemplate":
            for interface in each.inputs.get("networkInterfaces", []):
                if interface.get("associatePublicIpAddress") != "false":
                    yield f"{each.name}: takes a public address"
        if kind == "Bucket" and not _blocked(each, graph):
            yield f"{each.name}: no block of public access"


def _blocked(bucket: CapturedResource, graph: CapturedGraph) -> bool:
    keys = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    blocks = graph.of_type("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
    return any(
        block.inputs.get("bucket") == bucket.id and all(block.inputs.get(key) for key in keys)
        for block in blocks
    )


def instances_use_imds_v2(graph: CapturedGraph, plan: ServingPlan) -> Iterator[str]:
    """Tokens are required, and do not reach a container through one hop more."""
    for each in graph.of_type("aws:ec2/launchTemplate:LaunchTemplate"):
        options = each.inputs.get("metadataOptions", {})
        if options.get("httpTokens") != "required":
            yield f"{each.name}: httpTokens is {options.get('httpTokens')}"
        if options.get("httpPutResponseHopLimit") != 1:
            yield f"{each.name}: hop limit is {options.get('httpPutResponseHopLimit')}"


_SECRET_NAME = re.compile(r"(?i)(api_?key|secret|password|token|credential)")
# Settings whose names look like those of a secret.
_NO_SECRETS = re.compile(r"(?i)(max|num|per|tokens|_arn$|_name$|_id$|_prefix$|_table$|secrets?$)")


def no_secret_is_in_the_program(graph: CapturedGraph, plan: ServingPlan) -> Iterator[str]:
    """Secrets are named; their values never pass through Pulumi, its config or its state."""
    for each in graph.resources:
        # The SDK marks the value of every parameter, a SecureString or not.
        ours = () if each.type == "aws:ssm/parameter:Parameter" else each.secrets
        if ours:
            yield f"{each.name}: secret inputs {ours}"
        if each.type == "aws:secretsmanager/secretVersion:SecretVersion":
            yield f"{each.name}: the value of a secret"
        if each.inputs.get("type") == "SecureString":
            yield f"{each.name}: the value of a SecureString"
        for name, value in _environment(each):
            plain = isinstance(value, str) and not value.startswith("arn:")
            if plain and _SECRET_NAME.search(name) and not _NO_SECRETS.search(name):
                yield f"{each.name}: {name} in plain text"
    if graph.secret_outputs:
        yield f"outputs: {graph.secret_outputs}"


def _environment(resource: CapturedResource) -> Iterator[tuple[str, Any]]:
    if resource.type == "aws:lambda/function:Function":
        yield from resource.inputs.get("environment", {}).get("variables", {}).items()
    for container in _containers(resource):
        for row in container.get("environment", []):
            yield row["name"], row["value"]


def _containers(resource: CapturedResource) -> list[Mapping[str, Any]]:
    if resource.type != "aws:ecs/taskDefinition:TaskDefinition":
        return []
    return json.loads(resource.inputs["containerDefinitions"])


def listeners_answer_404(graph: CapturedGraph, plan: ServingPlan) -> Iterator[str]:
    """What no rule allows is not there: vLLM guards only some of its paths."""
    for each in graph.of_type("aws:lb/listener:Listener"):
        answers_404 = [
            action.get("fixedResponse", {}).get("statusCode") == "404"
            for action in each.inputs["defaultActions"]
        ]
        if answers_404 != [True]:
            yield f"{each.name}: {each.inputs['defaultActions']}"
    for each in graph.of_type("aws:lb/listenerRule:ListenerRule"):
        paths = [
            path
            for condition in each.inputs["conditions"]
            for path in condition.get("pathPattern", {}).get("values", [])
        ]
        if not paths or any("*" in path or not path.startswith("/v1/") for path in paths):
            yield f"{each.name}: lets {paths or 'everything'} through"


_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")


def images_are_pinned(graph: CapturedGraph, plan: ServingPlan) -> Iterator[str]:
    """A tag names other bytes tomorrow."""
    for each in graph.resources:
        for container in _containers(each):
            if not _DIGEST.search(container["image"]):
                yield f"{each.name}: {container['image']}"


# Key policies speak of the one key they are attached to.
_KEY = "aws:kms/key:Key"


def rights_are_narrow(graph: CapturedGraph, plan: ServingPlan) -> Iterator[str]:
    """No `*` as action or resource, but for what stacks/policies.py gives a reason for."""
    for each in _aws(graph):
        text = each.inputs.get("policy")
        if not isinstance(text, str) or not text.startswith("{"):
            continue
        for statement in json.loads(text)["Statement"]:
            if statement["Effect"] == "Allow":
                yield from _wide(each, statement)
    for each in graph.of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment"):
        yield f"{each.name}: a policy that AWS may widen, {each.inputs.get('policyArn')}"


def _wide(resource: CapturedResource, statement: Mapping[str, Any]) -> Iterator[str]:
    actions, resources = (
        [value] if isinstance(value, str) else list(value)
        for value in (statement.get("Action", []), statement.get("Resource", []))
    )
    owner = statement.get("Principal", {})
    is_key = resource.type == _KEY
    account_keeps_key = is_key and "arn:aws:iam::" in str(owner)
    for action in actions:
        if (action == "*" or action.endswith(":*")) and not account_keeps_key:
            yield f"{resource.name}: action {action}"
    if owner == "*" or (isinstance(owner, Mapping) and owner.get("AWS") == "*"):
        yield f"{resource.name}: anyone"
    unexplained = [action for action in actions if action not in policies.ANY_RESOURCE]
    if "*" in resources and not is_key and unexplained:
        yield f"{resource.name}: {unexplained} on every resource"


_BUDGET_NAME = re.compile(r"[^:\\]{1,100}")


def budgets_filter_on_the_stack(graph: CapturedGraph, plan: ServingPlan) -> Iterator[str]:
    """By the tag that stays, spelled as each of the two forms wants it, and never both."""
    budgets = graph.of_type("aws:budgets/budget:Budget")
    cost = [each for each in budgets if each.inputs["budgetType"] == "COST"]
    if not cost:
        yield "no cost budget"
    for each in cost:
        tags = each.inputs.get("filterExpression", {}).get("tags", {})
        rows = each.inputs.get("costFilters", [])
        form_b = tags.get("key") == "llm-planner:stack" and tags.get("values") == [plan.stack_id]
        form_a = [row for row in rows if row["name"] == "TagKeyValue"] == [
            {"name": "TagKeyValue", "values": [f"user:llm-planner:stack${plan.stack_id}"]}
        ]
        if form_a == form_b:
            yield f"{each.name}: filters {rows or tags}"
        if rows and tags:
            yield f"{each.name}: both forms of filter"
    for each in budgets:
        yield from _budget_limits(each, plan)


def _budget_limits(budget: CapturedResource, plan: ServingPlan) -> Iterator[str]:
    name, inputs = str(budget.inputs.get("name", "")), budget.inputs
    if _BUDGET_NAME.fullmatch(name) is None or not name.startswith(plan.stack_id):
        yield f"{budget.name}: name {name!r}"
    if ("limitAmount" in inputs) == ("plannedLimits" in inputs):
        yield f"{budget.name}: either one limit or planned ones"
    if "metrics" in inputs and "costTypes" in inputs:
        yield f"{budget.name}: metrics and cost types exclude each other"
    notices = inputs.get("notifications", [])
    if len(notices) > 10:
        yield f"{budget.name}: {len(notices)} notifications"
    for notice in notices:
        topics = notice.get("subscriberSnsTopicArns", [])
        if len(topics) > 1 or len(topics) + len(notice.get("subscriberEmailAddresses", [])) > 11:
            yield f"{budget.name}: too many subscribers"
    kinds = {each["notificationType"] for each in notices}
    if kinds == {"FORECASTED"}:
        yield f"{budget.name}: a forecast needs weeks of history, and is the only notice"


_QUERY_ID = re.compile(r"[a-z][a-zA-Z0-9_]*")
_LONGEST_EXPRESSION = 2048
_WALL_CLOCK_PERIODS = (60, 300, 3600, 86400, 604800)


def alarms_are_within_limits(graph: CapturedGraph, plan: ServingPlan) -> Iterator[str]:
    """What PutMetricAlarm refuses, and botocore's model does not know."""
    names: list[str] = []
    for each in graph.of_type("aws:cloudwatch/metricAlarm:MetricAlarm"):
        names.append(str(each.inputs.get("name")))
        yield from (f"{each.name}: {problem}" for problem in _alarm_problems(each.inputs))
    for each in graph.of_type("aws:cloudwatch/compositeAlarm:CompositeAlarm"):
        rule = each.inputs["alarmRule"]
        if len(rule) > 10_240:
            yield f"{each.name}: a rule of {len(rule)} characters"
        for child in re.findall(r'(?:ALARM|OK|INSUFFICIENT_DATA)\("?([^")]+)"?\)', rule):
            if child not in names:
                yield f"{each.name}: {child} is no alarm of this stack"
        names.append(str(each.inputs["alarmName"]))
    yield from (f"{name} twice" for name in sorted({n for n in names if names.count(n) > 1}))
    yield from (f"{n} has not the stack's name" for n in names if not n.startswith(plan.stack_id))


def _alarm_problems(alarm: Mapping[str, Any]) -> Iterator[str]:
    forms = [key for key in ("metricName", "metricQueries", "evaluationCriteria") if key in alarm]
    if len(forms) != 1:
        yield f"one metric, queries or criteria; has {forms}"
    if len(alarm.get("alarmActions", [])) > 5:
        yield "more than five actions"
    queries = alarm.get("metricQueries", [])
    expressions = [row["expression"] for row in queries if "expression" in row]
    returned = [row["id"] for row in queries if row.get("returnData")]
    allowed = 2 if "thresholdMetricId" in alarm else 1
    if queries and len(returned) != allowed:
        yield f"returns {returned}"
    if len(expressions) > 10 or len(queries) - len(expressions) > 10:
        yield "more than ten metrics or expressions"
    for row in queries:
        if _QUERY_ID.fullmatch(row["id"]) is None:
            yield f"query id {row['id']!r}"
        if ("metric" in row) == ("expression" in row):
            yield f"query {row['id']}: either a metric or an expression"
    for text in expressions:
        if len(text) > _LONGEST_EXPRESSION or "\n" in text:
            yield f"an expression of {len(text)} characters"
    yield from _span_problems(alarm, queries)


def _span_problems(alarm: Mapping[str, Any], queries: list[Any]) -> Iterator[str]:
    periods = {row["metric"]["period"] for row in queries if "metric" in row}
    periods |= {row["period"] for row in queries if "period" in row}
    period = max(periods | {alarm["period"]} if "period" in alarm else periods, default=60)
    span = period * alarm["evaluationPeriods"]
    if span > 604_800 or (period < 3600 and span > 86_400):
        yield f"looks at {span} s in periods of {period} s"
    if "threshold" in alarm and "thresholdMetricId" in alarm:
        yield "a threshold and a band"
    if alarm.get("datapointsToAlarm", 1) > alarm["evaluationPeriods"]:
        yield "more points than periods"
    if "wallClockWindow" in alarm.get("evaluationWindow", {}) and period not in _WALL_CLOCK_PERIODS:
        yield f"a wall clock with periods of {period} s"


def sizes_are_within_limits(graph: CapturedGraph, plan: ServingPlan) -> Iterator[str]:
    """Texts that AWS refuses only when they are deployed."""
    for each in graph.resources:
        kind, inputs = each.type.rsplit(":", 1)[-1], each.inputs
        if kind == "Parameter" and each.type.startswith("aws:ssm"):
            most = 8192 if inputs.get("tier") == "Advanced" else 4096
            if len(inputs["value"].encode()) > most:
                yield f"{each.name}: a value of {len(inputs['value'].encode())} bytes"
        if kind == "LaunchTemplate" and len(base64.b64decode(inputs.get("userData", ""))) > 16_384:
            yield f"{each.name}: user data above 16 KiB"
        if kind == "Function" and len(json.dumps(inputs.get("environment", {}))) > 4096:
            yield f"{each.name}: an environment above 4 KB"
        if kind in ("LoadBalancer", "TargetGroup") and len(each.outputs["name"]) > 32:
            yield f"{each.name}: name {each.outputs['name']}"
        if kind == "RolePolicy" and len(inputs["policy"]) > 10_240:
            yield f"{each.name}: a policy of {len(inputs['policy'])} characters"
        if kind == "RolePolicy" and len(inputs["policy"]) == 0:
            yield f"{each.name}: an empty policy"


Used = tuple[str, str, tuple[str, ...]]


def metrics_are_emitted(graph: CapturedGraph, plan: ServingPlan) -> Iterator[str]:
    """Namespace, name and dimension names of each metric used stand in stacks/metrics.py."""
    parts: tuple[tuple[metrics.Emitter, object], ...] = (
        ("gpu", plan.gpu),
        ("gateway", plan.gateway),
        ("bedrock", plan.bedrock),
    )
    emitters: frozenset[metrics.Emitter] = frozenset(name for name, part in parts if part)
    emitted = {
        (metric.namespace, metric.name, tuple(sorted(metric.dimensions)))
        for metric in metrics.metrics_of(emitters)
    }
    for where, used in _metrics_used(graph):
        if used not in emitted:
            yield f"{where}: nothing emits {used}"


def _metrics_used(graph: CapturedGraph) -> Iterator[tuple[str, Used]]:
    for each in graph.resources:
        if each.type == "aws:cloudwatch/metricAlarm:MetricAlarm":
            if "metricName" in each.inputs:
                yield each.name, _used(each.inputs)
            for row in each.inputs.get("metricQueries", []):
                if "metric" in row:
                    yield each.name, _used(row["metric"])
        elif each.type == "aws:cloudwatch/dashboard:Dashboard":
            for row in _dashboard_rows(each):
                yield each.name, (row[0], row[1], tuple(sorted(row[2::2])))
        elif each.type == "aws:appautoscaling/policy:Policy":
            for metric in _tracked(each.inputs):
                yield each.name, _used(metric)


def _used(metric: Mapping[str, Any]) -> Used:
    dimensions = metric.get("dimensions", {})
    names = dimensions if isinstance(dimensions, Mapping) else [row["name"] for row in dimensions]
    return metric["namespace"], metric["metricName"], tuple(sorted(names))


def _dashboard_rows(dashboard: CapturedResource) -> Iterator[list[str]]:
    for widget in json.loads(dashboard.inputs["dashboardBody"])["widgets"]:
        for row in widget["properties"].get("metrics", []):
            names = [part for part in row if isinstance(part, str)]
            if names:
                yield names


def _tracked(inputs: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    tracking = inputs.get("targetTrackingScalingPolicyConfiguration", {})
    custom = tracking.get("customizedMetricSpecification", {})
    if "metricName" in custom:
        yield custom
    for row in custom.get("metrics", []):
        if "metricStat" in row:
            yield row["metricStat"]["metric"]


def dimensions_name_what_exists(graph: CapturedGraph, plan: ServingPlan) -> Iterator[str]:
    """The value of each dimension is the name of something in this stack."""
    known = {plan.stack_id, *(model.model for model in plan.bedrock)}
    for each in _aws(graph):
        known |= {str(each.outputs[key]) for key in _NAMING if key in each.outputs}
        known |= {each.id}
    if plan.gateway is not None:
        known |= {route.name for route in plan.gateway.routes}
    for each in graph.of_type("aws:cloudwatch/metricAlarm:MetricAlarm"):
        rows = [row["metric"] for row in each.inputs.get("metricQueries", []) if "metric" in row]
        for metric in [*rows, each.inputs]:
            for key, value in metric.get("dimensions", {}).items():
                if value not in known:
                    yield f"{each.name}: {key} is {value}, which nothing here is called"


_NAMING = ("name", "arnSuffix", "stageName", "functionName", "clusterName", "arn", "id")


def notices_reach_the_topic(graph: CapturedGraph, plan: ServingPlan) -> Iterator[str]:
    """Alarms and budgets tell this stack's topic, and its policy lets them."""
    topics = {each.outputs["arn"] for each in graph.of_type("aws:sns/topic:Topic")}
    told = {
        arn
        for each in graph.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
        for arn in each.inputs.get("alarmActions", [])
    }
    for arn in sorted(told - topics - set(plan.spend.notify_sns_topic_arns)):
        yield f"an alarm tells {arn}"
    publishers = {
        statement["Principal"]["Service"]
        for each in graph.of_type("aws:sns/topicPolicy:TopicPolicy")
        for statement in json.loads(each.inputs["policy"])["Statement"]
    }
    for service in sorted({"cloudwatch.amazonaws.com", "budgets.amazonaws.com"} - publishers):
        yield f"{service} may not publish"


RULES: tuple[Rule, ...] = (
    children_have_parents,
    taggable_resources_are_tagged,
    nothing_is_open_to_the_world,
    instances_use_imds_v2,
    no_secret_is_in_the_program,
    listeners_answer_404,
    images_are_pinned,
    rights_are_narrow,
    budgets_filter_on_the_stack,
    alarms_are_within_limits,
    sizes_are_within_limits,
    metrics_are_emitted,
    dimensions_name_what_exists,
    notices_reach_the_topic,
)
