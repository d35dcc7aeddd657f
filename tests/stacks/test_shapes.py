"""From a Pulumi input to an AWS request, and what AWS's model says of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from planner.emit.capture import UNKNOWN
from tests.engine.applied import APPLIED, RECORDED
from tests.stacks.calls import CALLS, JSON_INPUTS
from tests.stacks.program_path import answers
from tests.stacks.schema import arguments_of, fields_of
from tests.stacks.shapes import Call, input_shape, to_request, violations

_ALARM = Call(service="cloudwatch", operation="PutMetricAlarm", rename={"name": "AlarmName"})


def _request(call: Call, **inputs: Any) -> dict[str, Any]:
    request, lost = to_request(call, inputs)
    assert lost == []
    return request


def _problems(call: Call, **inputs: Any) -> list[str]:
    return [why for _, why in violations(_request(call, **inputs), input_shape(call))]


def test_names_are_matched_by_case_and_plural() -> None:
    call = Call(service="ecs", operation="CreateService", rename={"name": "serviceName"})
    request = _request(
        call,
        name="s",
        enableEcsManagedTags=True,
        capacityProviderStrategies=[{"capacityProvider": "p", "weight": 1}],
    )
    assert request == {
        "serviceName": "s",
        "enableECSManagedTags": True,
        "capacityProviderStrategy": [{"capacityProvider": "p", "weight": 1}],
    }


def test_maps_become_lists_of_pairs() -> None:
    request = _request(_ALARM, tags={"a": "1"}, dimensions={"Stack": "s"})
    assert request == {
        "Tags": [{"Key": "a", "Value": "1"}],
        "Dimensions": [{"Name": "Stack", "Value": "s"}],
    }


def test_texts_that_stand_for_numbers_become_numbers() -> None:
    request = _request(_ALARM, actionsEnabled="true", period="60", threshold=1)
    assert request == {"ActionsEnabled": True, "Period": 60, "Threshold": 1.0}


def test_an_input_that_the_request_does_not_have_is_told() -> None:
    assert to_request(_ALARM, {"thresold": 1})[1] == ["/thresold"]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"comparisonOperator": "Above"}, "none of"),
        ({"evaluationPeriods": 0}, "below the least of 1"),
        ({"alarmDescription": "x" * 1025}, "above the most of 1024"),
        ({"evaluationPeriods": True}, "not of type integer"),
        ({"alarmActions": ["x"] * 6}, "above the most of 5"),
    ],
)
def test_what_the_model_forbids_is_told(inputs: Mapping[str, Any], message: str) -> None:
    usual = {"name": "a", "evaluationPeriods": 1, "comparisonOperator": "LessThanThreshold"}
    assert _problems(_ALARM, **usual) == []
    (problem,) = _problems(_ALARM, **(usual | dict(inputs)))
    assert message in problem


def test_a_missing_member_is_told() -> None:
    assert _problems(_ALARM, evaluationPeriods=1) == ["AlarmName is missing"]


def test_an_unknown_value_may_be_anything() -> None:
    assert _problems(_ALARM, name="a", evaluationPeriods=1, comparisonOperator=UNKNOWN) == []


@pytest.mark.parametrize(
    ("amount", "right"), [("12.50", True), ("12", True), ("1e3", False), ("1,000.00", False)]
)
def test_budget_amounts_are_plain_decimals(amount: str, right: bool) -> None:
    call = CALLS["aws:budgets/budget:Budget"]
    inputs = {"name": "b", "budgetType": "COST", "timeUnit": "MONTHLY", "limitUnit": "USD"}
    assert (_problems(call, **inputs, limitAmount=amount) == []) == right


@pytest.mark.parametrize("token", sorted(CALLS))
def test_every_listed_type_and_request_exists(token: str) -> None:
    assert answers.resource_class(token) is not None
    assert fields_of(arguments_of(token))
    assert input_shape(CALLS[token]).members


def test_every_listed_document_is_an_input_of_its_type() -> None:
    assert [
        (token, key) for token, key in JSON_INPUTS if key not in fields_of(arguments_of(token))
    ] == []


def test_a_type_is_either_applied_or_recorded() -> None:
    assert APPLIED.keys() & RECORDED.keys() == set()
    assert (APPLIED.keys() | RECORDED.keys()) == CALLS.keys()
