"""Mistakes planted on purpose, each caught by the layer that should catch it.

``seen`` has the layers that see a mistake: the stand-in engine, the argument classes, AWS's
request models, and pyright. A layer that is not named lets it pass, which is why there are four.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from planner.emit.capture import CapturedGraph, CaptureError, capture_program
from planner.emit.serving_plan import ServingPlan
from tests.stacks.checks import document_problems, value_problems
from tests.stacks.rules import children_have_parents, no_secret_is_in_the_program
from tests.stacks.sample_plans import sample_plan
from tests.stacks.schema import schema_problems

ROOT = Path(__file__).resolve().parents[2]
_IMPORTS = "from __future__ import annotations\n\nimport pulumi\nimport pulumi_aws as aws\n\n"
_ALARM = (
    'aws.cloudwatch.MetricAlarm("a", comparison_operator="GreaterThanThreshold", '
    'namespace="N", metric_name="m", statistic="Sum", period=60, threshold=1.0, '
)
_BUDGET = 'aws.budgets.Budget("b", budget_type="COST", time_unit="MONTHLY", limit_unit="USD", '


@dataclass(frozen=True, kw_only=True)
class _Mistake:
    """One program with one thing wrong, and the layers that see it."""

    program: str
    seen: frozenset[str]


def _mistake(program: str, *seen: str) -> _Mistake:
    return _Mistake(program=_IMPORTS + program + "\n", seen=frozenset(seen))


_MISTAKES = {
    "nothing wrong": _mistake(_ALARM + "evaluation_periods=3)"),
    "two of one type and name": _mistake(
        'aws.sns.Topic("t")\naws.sns.Topic("t", display_name="other")', "engine"
    ),
    "unknown nested key": _mistake(
        'aws.dynamodb.Table("t", hash_key="pk", billing_mode="PAY_PER_REQUEST", '
        'attributes=[{"name": "pk", "type": "S"}], ttl={"attribute_nam": "x", "enabled": True})',
        *("schema", "pyright"),
    ),
    "missing nested argument": _mistake(
        _ALARM.replace('namespace="N", metric_name="m", statistic="Sum", period=60, ', "")
        + 'evaluation_periods=3, metric_queries=[{"expression": "1"}])',
        *("schema", "pyright"),
    ),
    "a number for a text": _mistake(_BUDGET + "limit_amount=12)", "schema", "pyright"),
    "a text for a number": _mistake(_ALARM + 'evaluation_periods="three")', "schema", "pyright"),
    # All keywords of the constructor are optional to a type checker; the call itself raises.
    "missing argument": _mistake('aws.budgets.Budget("b", time_unit="MONTHLY")', "engine"),
    "unknown keyword": _mistake(
        _ALARM + "evaluation_periods=3, evaluations=3)", "engine", "pyright"
    ),
    "no such value": _mistake(
        _ALARM.replace("GreaterThanThreshold", "Greater") + "evaluation_periods=3)", "values"
    ),
    "out of range": _mistake(_ALARM + "evaluation_periods=0)", "values"),
    "against the pattern": _mistake(_BUDGET + 'limit_amount="1e3")', "values"),
    "wrong key in containers": _mistake(
        'aws.ecs.TaskDefinition("t", family="f", container_definitions='
        '\'[{"name": "vllm", "image": "x", "memmory": 5}]\')',
        "values",
    ),
    "wrong key in a policy": _mistake(
        'aws.sns.TopicPolicy("p", arn="arn:aws:sns:us-east-1:123456789012:t", policy='
        '\'{"Version": "2012-10-17", "Statement": [{"Effect": "Alow", "Action": "s:P"}]}\')',
        "values",
    ),
    "wrong widget": _mistake(
        'aws.cloudwatch.Dashboard("d", dashboard_name="d", dashboard_body='
        '\'{"widgets": [{"type": "metrics", "properties": {}}]}\')',
        "values",
    ),
    "a secret as plain text": _mistake(
        'aws.lambda_.Function("f", role="arn:aws:iam::123456789012:role/r", handler="a.b", '
        'runtime="python3.13", code=pulumi.FileArchive("."), '
        'environment={"variables": {"PROVIDER_API_KEY": "sk-live-1234"}})',
        "rules",
    ),
    "an orphan": _mistake(
        "class Group(pulumi.ComponentResource):\n"
        "    def __init__(self) -> None:\n"
        '        super().__init__("llm-serving:stacks:Group", "group")\n'
        '        aws.sns.Topic("t")\n'
        "\nGroup()",
        "rules",
    ),
}


def _captured(program: str, folder: Path) -> CapturedGraph | None:
    (folder / "__main__.py").write_text(program, encoding="utf-8")
    try:
        return capture_program(folder, stack="s", config={"aws:region": "us-east-1"})
    except CaptureError:
        return None


def _layers(graph: CapturedGraph | None, plan: ServingPlan) -> set[str]:
    if graph is None:
        return {"engine"}
    aws = [each for each in graph.resources if each.type.startswith("aws:")]
    seen: set[str] = set()
    if any(schema_problems(each.type, each.inputs) for each in aws):
        seen.add("schema")
    elif any(
        value_problems(each.type, each.inputs) or document_problems(each.type, each.inputs)
        for each in aws
    ):
        seen.add("values")
    has_components = any(each.type.startswith("llm-serving:") for each in graph.resources)
    orphans = list(children_have_parents(graph, plan)) if has_components else []
    if orphans or list(no_secret_is_in_the_program(graph, plan)):
        seen.add("rules")
    return seen


@pytest.fixture(scope="module")
def pyright_seen(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The mistakes that pyright reports an error for, with the settings of this repository."""
    folder = tmp_path_factory.mktemp("pyright")
    names = {f"m{number}.py": name for number, name in enumerate(_MISTAKES)}
    for file, name in names.items():
        (folder / file).write_text(_MISTAKES[name].program, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, *names],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    diagnostics = json.loads(done.stdout)["generalDiagnostics"]
    return {names[Path(each["file"]).name] for each in diagnostics if each["severity"] == "error"}


@pytest.mark.parametrize("name", _MISTAKES)
def test_a_planted_mistake_is_seen_by_its_layer(
    name: str, tmp_path: Path, pyright_seen: set[str]
) -> None:
    mistake = _MISTAKES[name]
    layers = _layers(_captured(mistake.program, tmp_path), sample_plan("bedrock"))
    if name in pyright_seen:
        layers.add("pyright")
    assert layers == mistake.seen
