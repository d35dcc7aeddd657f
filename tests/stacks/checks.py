"""All checks of one registration: argument classes, AWS's request model, JSON documents."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from planner.emit.capture import UNKNOWN
from tests.stacks.calls import CALLS, JSON_INPUTS, NO_CALL
from tests.stacks.program_path import answers
from tests.stacks.schema import schema_problems
from tests.stacks.shapes import input_shape, to_request, violations

__all__ = ["document_problems", "problems", "value_problems"]

Problem = tuple[str, str]


def problems(token: str, inputs: Mapping[str, Any]) -> list[Problem]:
    """Everything wrong with a registration; what the stand-in provider's ``Check`` returns."""
    found = schema_problems(token, inputs)
    return found or [*value_problems(token, inputs), *document_problems(token, inputs)]


def value_problems(token: str, inputs: Mapping[str, Any]) -> list[Problem]:
    """Enums, patterns, ranges and required members of the AWS request."""
    if not token.startswith("aws:") or token in NO_CALL:
        return []
    if token not in CALLS:
        return [("", f"no AWS request is known for {token}: add it to tests/stacks/calls.py")]
    call = CALLS[token]
    try:
        # The provider makes up a name where the program gives none.
        request, lost = to_request(call, answers.auto_named(token, "name", inputs))
    except (KeyError, TypeError, ValueError) as error:
        return [("", f"cannot be made a {call.operation}: {error!r}")]
    unnamed = [(at, f"{call.operation} has nothing of this name") for at in lost]
    return [*unnamed, *violations(request, input_shape(call))]


def document_problems(token: str, inputs: Mapping[str, Any]) -> list[Problem]:
    """What is wrong inside inputs that are JSON text."""
    found: list[Problem] = []
    for (of_token, key), kind in JSON_INPUTS.items():
        text = inputs.get(key)
        if of_token != token or text is None or text == UNKNOWN:
            continue
        try:
            document = json.loads(text)
        except (TypeError, json.JSONDecodeError) as error:
            found.append((f"/{key}", f"is not JSON: {error}"))
            continue
        found += [(f"/{key}{at}", why) for at, why in _DOCUMENTS[kind](document)]
    return found


# The grammar of policies: AWS, IAM user guide, "Grammar of the IAM JSON policy language".
_POLICY_KEYS = {"Version", "Id", "Statement"}
_STATEMENT_KEYS = {
    *("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource"),
    *("NotResource", "Condition"),
}
_OPERATORS = ("String", "Numeric", "Date", "Bool", "Binary", "IpAddress", "NotIp", "Arn", "Null")


def _policy(document: Any) -> Iterator[Problem]:
    if not isinstance(document, Mapping):
        yield "", "a policy is an object"
        return
    for key in document.keys() - _POLICY_KEYS:
        yield f"/{key}", "policies have nothing of this name"
    if document.get("Version") != "2012-10-17":
        yield "/Version", "must be 2012-10-17"
    statements = document.get("Statement")
    if not isinstance(statements, list) or not statements:
        yield "/Statement", "must be a list with at least one statement"
        return
    for number, statement in enumerate(statements):
        yield from _statement(statement, f"/Statement/{number}")


def _statement(statement: Mapping[str, Any], at: str) -> Iterator[Problem]:
    for key in statement.keys() - _STATEMENT_KEYS:
        yield f"{at}/{key}", "statements have nothing of this name"
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield f"{at}/Effect", "must be Allow or Deny"
    if not {"Action", "NotAction"} & statement.keys():
        yield at, "has no Action"
    actions = statement.get("Action", [])
    for action in [actions] if isinstance(actions, str) else actions:
        if action != "*" and ":" not in action:
            yield f"{at}/Action", f"{action!r} is not service:Action"
    for operator in statement.get("Condition", {}):
        plain = operator.removeprefix("ForAllValues:").removeprefix("ForAnyValue:")
        if not plain.startswith(_OPERATORS):
            yield f"{at}/Condition", f"{operator!r} is not a condition operator"


# CloudWatch API reference, "Dashboard body structure and syntax".
_WIDGETS = {"metric", "text", "log", "alarm", "explorer"}
_WIDGET_KEYS = {"type", "x", "y", "width", "height", "properties"}
_DASHBOARD_KEYS = {"widgets", "start", "end", "periodOverride", "variables"}
_COLUMNS = 24


def _dashboard(document: Any) -> Iterator[Problem]:
    for key in document.keys() - _DASHBOARD_KEYS:
        yield f"/{key}", "dashboards have nothing of this name"
    for number, widget in enumerate(document.get("widgets", [])):
        at = f"/widgets/{number}"
        for key in widget.keys() - _WIDGET_KEYS:
            yield f"{at}/{key}", "widgets have nothing of this name"
        if widget.get("type") not in _WIDGETS:
            yield f"{at}/type", f"{widget.get('type')!r} is none of {', '.join(sorted(_WIDGETS))}"
        if not isinstance(widget.get("properties"), Mapping):
            yield f"{at}/properties", "must be an object"
        if widget.get("x", 0) + widget.get("width", 6) > _COLUMNS:
            yield at, f"reaches beyond the {_COLUMNS} columns"


def _checked_by_request(document: Any) -> Iterator[Problem]:
    """Container definitions and cost expressions are part of the request that is checked."""
    if not isinstance(document, Sequence | Mapping):
        yield "", "must be an object or a list"


_DOCUMENTS: Mapping[str, Callable[[Any], Iterator[Problem]]] = {
    "policy": _policy,
    "dashboard": _dashboard,
    "containers": _checked_by_request,
    "expression": _checked_by_request,
}
