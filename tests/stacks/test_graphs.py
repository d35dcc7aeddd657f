"""Every registration of every kind of stack: right arguments, right values, our own rules."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from planner.emit.capture import CapturedGraph
from tests.stacks.checks import problems
from tests.stacks.graphs import VARIANTS, graph, plan_of
from tests.stacks.rules import RULES, Rule
from tests.stacks.sample_plans import KINDS

_each_variant = pytest.mark.parametrize("variant", VARIANTS)


_each_kind = pytest.mark.parametrize("kind", KINDS)


def _wrong(captured: CapturedGraph) -> dict[str, object]:
    found = [(each, problems(each.type, each.inputs)) for each in captured.resources]
    return {f"{each.name} ({each.type}, {each.source})": why for each, why in found if why}


@_each_variant
def test_aws_would_take_every_registration(variant: str) -> None:
    assert _wrong(graph(variant)) == {}


@_each_kind
def test_aws_would_take_every_registration_of_a_preview(kind: str) -> None:
    assert _wrong(graph(kind, dry_run=True)) == {}


@_each_variant
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_rule_of_ours_holds(variant: str, rule: Rule) -> None:
    assert list(rule(graph(variant), plan_of(variant))) == []


@_each_kind
def test_a_preview_registers_what_an_update_does(kind: str) -> None:
    preview, resolved = graph(kind, dry_run=True), graph(kind)
    assert [each.urn for each in preview.resources] == [each.urn for each in resolved.resources]


@_each_kind
def test_the_graph_of_each_kind_is_reviewed(
    kind: str, check_golden: Callable[[str, str], None]
) -> None:
    check_golden(f"stacks/{kind}.txt", _text(graph(kind)))


# The function's files, which have tests of their own and change more often than the graph.
_OF_FILES = ("code", "sourceCodeHash")


def _text(captured: CapturedGraph) -> str:
    """One paragraph for each resource: what it is, below what, and its inputs."""
    lines: list[str] = []
    for each in captured.resources:
        path = each.urn.split("::")[2].replace("$", " > ")
        lines += ["", f"{each.name}: {path}"]
        inputs = {k: v for k, v in each.inputs.items() if k not in _OF_FILES}
        lines += [f"  {key}: {_value(value)}" for key, value in sorted(inputs.items())]
    lines += ["", "outputs:"]
    outputs = sorted(captured.stack_outputs.items())
    lines += [f"  {key}: {_value(value)}" for key, value in outputs]
    return "\n".join(lines[1:]) + "\n"


def _value(value: object) -> str:
    """As JSON in one line."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
