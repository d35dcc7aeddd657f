"""Previews recorded from the real engine with the stacks of this repository."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from planner.diff.types import Subject
from tests.catalog.resource_support import GROUP
from tests.diff.pulumi.engine_files import priced

_FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "previews"
_RECORDED = sorted(_FOLDER.glob("*.json"))
_each = pytest.mark.parametrize("path", _RECORDED, ids=[path.stem for path in _RECORDED])


def _document(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def _of(name: str) -> Subject:
    (path,) = _FOLDER.glob(f"{name}-v*.json")
    return priced(_document(path))


@_each
def test_every_type_and_operation_of_our_stacks_is_known(path: Path) -> None:
    found = priced(_document(path))
    assert [line.reason_unpriced for line in found.lines if line.reason_unpriced] == []
    assert found.stack


@_each
def test_the_order_of_resources_does_not_matter(path: Path) -> None:
    document = _document(path)
    by_urn: dict[str, list[Any]] = {}
    for step in document["steps"]:
        by_urn.setdefault(step["urn"], []).append(step)
    groups = list(by_urn.values())
    random.Random(5).shuffle(groups)
    mixed = {**document, "steps": [step for group in groups for step in group]}
    assert priced(mixed).change_usd == priced(document).change_usd
    assert priced(mixed).lines == priced(document).lines


@_each
def test_secrets_and_unknowns_stand_in_no_line(path: Path) -> None:
    shown = repr(priced(_document(path)))
    assert "[secret]" not in shown
    assert "04da6b54" not in shown


def test_the_recordings_hold_secrets_and_unknowns() -> None:
    whole = "".join(path.read_text(encoding="utf-8") for path in _RECORDED)
    assert '"[secret]"' in whole
    assert "04da6b54-80e4-46f7-96ec-b56ff0331ba9" in whole


def test_the_first_deployment_of_the_bedrock_stack() -> None:
    found = _of("create-bedrock")
    # Dashboard 3, key 1, two composites 1, anomaly alarm 0.3, eleven metrics of alarms 1.1
    assert found.change_usd.expected == Decimal("6.4")
    assert found.totals_known


def test_what_a_refresh_shows_is_all_there_is() -> None:
    found = _of("refresh")
    # One alarm was changed and one deleted by hand; both are put right, so nothing changes.
    assert found.totals_known
    assert found.change_usd.expected == 0
    assert found.after is not None
    assert found.after.monthly_usd.expected == Decimal("6.4")


def test_a_gateway_beside_the_first_kind_of_stack() -> None:
    found = _of("kind-change")
    statuses = {line.component: line.status for line in found.lines}
    assert statuses["sample-api"] == "new"
    # Web ACL 6, provider key 0.4, blocked 0.1 and a second metric of no-data 0.1; of the Bedrock
    # alarms' second metrics four go.
    assert found.change_usd.expected == Decimal("6.2")


def test_another_instance_type_changes_what_may_run() -> None:
    found = _of("instance-type")
    group = next(each for each in found.lines if each.resource_type == GROUP)
    assert group.before_usd is not None
    assert group.after_usd is not None
    # Until the weights are there nothing runs; at most 4 instances may.
    assert group.before_usd.expected == group.after_usd.expected == 0
    assert found.change_usd.high == group.after_usd.high - group.before_usd.high


def test_a_replaced_resource_without_its_unchanged_neighbours() -> None:
    found = _of("replace")
    assert found.change_usd.expected == 0
    assert not found.totals_known
    assert any("12 unchanged resources not shown" in note for note in found.notes)
