"""Running a Pulumi program without a cloud: what is seen of what it registers."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from planner.emit.capture import UNKNOWN, CapturedGraph, CaptureError, capture_program
from planner.errors import MissingExtra

_PROGRAM = """
import pulumi
import pulumi_aws as aws

class Group(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__(f"test:index:{name.title()}", name)
        opts = pulumi.ResourceOptions(parent=self)
        self.topic = aws.sns.Topic("alarms", opts=opts)
        self.register_outputs({})

first, second = Group("first"), Group("second")
aws.ssm.Parameter(
    "made",
    type="String",
    value=pulumi.Output.concat("topic ", first.topic.arn),
    opts=pulumi.ResourceOptions(parent=first, ignore_changes=["value"]),
)
aws.ssm.Parameter("hidden", type="SecureString", value=pulumi.Output.secret("hush"))
aws.cloudwatch.MetricAlarm(
    "a", comparison_operator="GreaterThanThreshold", evaluation_periods=3, threshold=2.5
)
aws.lambda_.Function(
    "f", role="arn:aws:iam::123456789012:role/r", code=pulumi.FileArchive("."), handler="a.b"
)
print("the program may print")
pulumi.log.warn("and warn")
pulumi.export("topic", first.topic.arn)
pulumi.export("account", aws.get_caller_identity_output().account_id)
pulumi.export("word", pulumi.Output.secret("hush"))
pulumi.export("asked", pulumi.Config().require("asked"))
"""
_CONFIG = {"aws:region": "eu-central-1", "llm-serving:asked": "answered"}


def _run(folder: Path, program: str, *, dry_run: bool = False) -> CapturedGraph:
    folder.mkdir(exist_ok=True)
    (folder / "__main__.py").write_text(program, encoding="utf-8")
    return capture_program(folder, stack="dev", config=_CONFIG, dry_run=dry_run)


@pytest.fixture(scope="module")
def resolved(tmp_path_factory: pytest.TempPathFactory) -> CapturedGraph:
    return _run(tmp_path_factory.mktemp("resolved"), _PROGRAM)


@pytest.fixture(scope="module")
def previewed(tmp_path_factory: pytest.TempPathFactory) -> CapturedGraph:
    return _run(tmp_path_factory.mktemp("previewed"), _PROGRAM, dry_run=True)


def test_like_named_children_of_two_components_have_two_urns(resolved: CapturedGraph) -> None:
    assert [topic.urn.split("::", 2)[2] for topic in resolved.of_type("aws:sns/topic:Topic")] == [
        "test:index:First$aws:sns/topic:Topic::alarms",
        "test:index:Second$aws:sns/topic:Topic::alarms",
    ]


def test_an_input_made_from_another_resource_names_it(resolved: CapturedGraph) -> None:
    (made,) = [each for each in resolved.resources if each.name == "made"]
    (value,) = made.property_dependencies["value"]
    assert value.endswith("aws:sns/topic:Topic::alarms")
    assert made.inputs["value"].startswith("topic arn:aws:sns:eu-central-1:123456789012:alarms-")
    assert made.ignore_changes == ("value",)


def test_a_dry_run_leaves_computed_values_unknown(previewed: CapturedGraph) -> None:
    (made,) = [each for each in previewed.resources if each.name == "made"]
    assert made.inputs["value"] == UNKNOWN
    assert made.unknowns == ("/value",)
    assert made.id == ""
    assert previewed.stack_outputs["topic"] == UNKNOWN


def test_a_secret_is_plain_and_marked(resolved: CapturedGraph) -> None:
    (hidden,) = [each for each in resolved.resources if each.name == "hidden"]
    assert hidden.inputs["value"] == "hush"
    assert hidden.secrets == ("/value",)
    assert resolved.secret_outputs == ("/word",)


def test_whole_numbers_are_whole_and_others_are_not(resolved: CapturedGraph) -> None:
    (alarm,) = resolved.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
    assert repr(alarm.inputs["evaluationPeriods"]) == "3"
    assert alarm.inputs["threshold"] == 2.5


def test_a_file_is_seen_as_a_file(resolved: CapturedGraph) -> None:
    (function,) = resolved.of_type("aws:lambda/function:Function")
    assert list(function.inputs["code"]) == ["$archive"]


def test_each_registration_knows_its_line(resolved: CapturedGraph) -> None:
    (alarm,) = resolved.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
    file, line = alarm.source.split(":")
    assert file == "__main__.py"
    assert _PROGRAM.splitlines()[int(line) - 1].startswith("aws.cloudwatch.MetricAlarm(")


def test_look_ups_config_and_messages_are_kept(resolved: CapturedGraph) -> None:
    assert resolved.invokes == (("aws:index/getCallerIdentity:getCallerIdentity", {}),)
    assert resolved.stack_outputs["account"] == "123456789012"
    assert resolved.stack_outputs["asked"] == "answered"
    assert resolved.logs == (("warning", "and warn"),)


def test_two_runs_see_the_same(resolved: CapturedGraph, tmp_path: Path) -> None:
    again = _run(tmp_path / "again", _PROGRAM)
    assert [each.inputs for each in again.resources] == [each.inputs for each in resolved.resources]


def test_two_resources_of_one_type_and_name_are_refused(tmp_path: Path) -> None:
    program = "import pulumi_aws as aws\naws.sns.Topic('a')\naws.sns.Topic('a')\n"
    with pytest.raises(CaptureError, match="Duplicate resource URN"):
        _run(tmp_path, program)


def test_a_program_that_fails_is_told_with_its_last_line(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="the program failed: ValueError: no such size") as seen:
        _run(tmp_path, "raise ValueError('no such size')\n")
    assert seen.value.hint == "it was raised in __main__.py, line 1"


def test_a_failure_inside_an_output_is_told(tmp_path: Path) -> None:
    program = (
        "import pulumi_aws as aws\n"
        "def fail(arn):\n    raise ValueError('not in an apply')\n"
        "aws.sns.Topic('a', name=aws.sns.Topic('b').arn.apply(fail))\n"
    )
    with pytest.raises(CaptureError, match="not in an apply"):
        _run(tmp_path, program)


def test_a_look_up_without_an_answer_is_told(tmp_path: Path) -> None:
    program = "import pulumi_aws as aws\naws.ec2.get_key_pair(key_name='x')\n"
    with pytest.raises(CaptureError, match="no answer for the look-up aws:ec2/getKeyPair"):
        _run(tmp_path, program)


def test_without_pulumi_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"needs the extra `stacks`"):
        _run(tmp_path, "")
