"""Damaged and hostile files: an answer or an error for the user, never a traceback."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from planner.catalog.resource_prices import PricingContext
from planner.diff.pulumi import preview_of_text, stack_subject, states_of_texts
from planner.errors import InputError
from tests.catalog.resource_support import UNKNOWN, shipped
from tests.diff.pulumi.engine_files import (
    EIP,
    INSTANCE,
    NAT,
    SECRET,
    document,
    event,
    export,
    state,
    step,
    stream,
)

_MUTANTS = 2_000
_ODD: tuple[Any, ...] = (
    *(None, True, -1, 0, 10**30, 1e308, float("nan"), float("inf")),
    *("", "x" * 5_000, "\ud800", "\x00", "|`<script>@you #1", "1e999", UNKNOWN, "[secret]"),
    *([], {}, [[]], {"": {}}, SECRET, {"8ad145fe-0d11-4827-bfd7-1abcbf086f5c": "Infinity"}),
)


def _resources() -> list[Any]:
    """One of each kind that has a rule of its own."""
    disk = {"volumeType": "gp3", "volumeSize": 80, "iops": 4000}
    inputs: dict[str, dict[str, Any]] = {
        INSTANCE: {"instanceType": "g6e.xlarge", "rootBlockDevice": disk, "monitoring": True},
        NAT: {},
        EIP: {"region": "eu-west-1"},
        "aws:ec2/launchTemplate:LaunchTemplate": {
            "instanceType": "g6e.xlarge",
            "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": disk}],
            "networkInterfaces": [{"associatePublicIpAddress": "false"}],
        },
        "aws:autoscaling/group:Group": {
            "minSize": 1,
            "maxSize": 4,
            "mixedInstancesPolicy": {
                "instancesDistribution": {"onDemandBaseCapacity": 1},
                "launchTemplate": {
                    "launchTemplateSpecification": {"launchTemplateId": "lt-1"},
                    "overrides": [{"instanceType": "g6e.2xlarge"}],
                },
            },
            "tags": [{"key": "llm-planner:plan", "value": "p-0123456789ab"}],
        },
        "aws:cloudwatch/metricAlarm:MetricAlarm": {
            "metricQueries": [{"id": "m", "metric": {"period": 60}}, {"expression": "m*2"}]
        },
        "aws:ec2/vpcEndpoint:VpcEndpoint": {"vpcEndpointType": "Interface", "subnetIds": ["a"]},
        "aws:lb/loadBalancer:LoadBalancer": {"internal": False, "subnets": ["a", "b"]},
        "aws:wafv2/webAcl:WebAcl": {"rules": [{}]},
        "aws:ssm/parameter:Parameter": {"tier": "Intelligent-Tiering", "value": "x"},
        "aws:ecs/service:Service": {"launchType": "FARGATE", "taskDefinition": "t"},
        "aws:appautoscaling/policy:Policy": {
            "policyType": "TargetTrackingScaling",
            "targetTrackingScalingPolicyConfiguration": {
                "customizedMetricSpecification": {"metrics": [{"metricStat": {}}]}
            },
        },
    }
    return [
        state(token, f"r{index}", {"region": "us-east-1", **given}, id=f"lt-{index}")
        for index, (token, given) in enumerate(inputs.items())
    ]


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        for key, each in value.items():
            found += _places(each, (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            found += _places(each, (*path, index))
    return found


def _mutant(original: Any, places: list[tuple[Any, ...]], dice: random.Random) -> Any:
    """A copy with one to three places removed, replaced or doubled."""
    found = json.loads(json.dumps(original))
    for _ in range(dice.randint(1, 3)):
        *way, last = dice.choice(places)
        holder = found
        try:
            for key in way:
                holder = holder[key]
            kind = dice.randrange(4)
            if kind == 0:
                del holder[last]
            elif kind == 1 and isinstance(holder, list):
                holder.append(holder[last])
            else:
                holder[last] = dice.choice(_ODD)
        except (KeyError, IndexError, TypeError):
            continue
    return found


def _survives(read: Callable[[], Any]) -> bool:
    """Whether it was priced; False where the user is told what is wrong."""
    try:
        subject = stack_subject(read(), PricingContext(prices=shipped()))
    except InputError as error:
        assert error.message
        return False
    # What is handed on can be written anywhere.
    repr(subject).encode("utf-8")
    assert subject.after is not None
    assert subject.after.monthly_usd.expected.is_finite()
    return True


def _mutants(original: Any, seed: int) -> list[Any]:
    dice, places = random.Random(seed), _places(original)
    return [_mutant(original, places, dice) for _ in range(_MUTANTS)]


def test_mutated_previews_give_an_answer_or_an_error() -> None:
    steps = [step("update", each, each) for each in _resources()]
    outcomes = [
        _survives(partial(preview_of_text, json.dumps(mutant), "p.json"))
        for mutant in _mutants(document(steps), 1)
    ]
    assert any(outcomes)
    assert not all(outcomes)


def test_mutated_exports_give_an_answer_or_an_error() -> None:
    whole = export(*_resources())
    outcomes = [
        _survives(partial(states_of_texts, whole, "a.json", json.dumps(m), "b.json"))
        for m in _mutants(json.loads(whole), 2)
    ]
    assert any(outcomes)
    assert not all(outcomes)


@pytest.mark.parametrize("seed", [3, 4])
def test_streams_with_lost_and_cut_lines_give_an_answer_or_an_error(seed: int) -> None:
    dice = random.Random(seed)
    lines = stream([event("update", each, each) for each in _resources()]).split("\n")
    for _ in range(200):
        kept = [line for line in lines if dice.random() > 0.2]
        text = "\n".join(kept)
        cut = text[: dice.randrange(len(text) + 1)] if dice.random() < 0.5 else text
        _survives(partial(preview_of_text, cut, "p.json"))
