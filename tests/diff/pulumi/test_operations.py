"""Each operation of the engine. A NAT gateway costs 32.85 a month, an address 3.65."""

from __future__ import annotations

import itertools
import random
from decimal import Decimal

import pytest

from planner.diff.types import Subject
from tests.catalog.resource_support import UNKNOWN
from tests.diff.pulumi.engine_files import (
    EIP,
    INSTANCE,
    NAT,
    document,
    preview,
    priced,
    root,
    state,
    step,
)

_NAT = state(NAT, "way-out")
_SMALL = {"instanceType": "g6e.xlarge", "rootBlockDevice": {"volumeType": "gp3", "volumeSize": 0}}
_LARGE = {**_SMALL, "instanceType": "g6e.2xlarge"}
# 1.861 and 2.24208 an hour, 730 hours.
_SMALL_USD, _LARGE_USD = Decimal("1358.53"), Decimal("1636.72")


def _totals(found: Subject) -> tuple[Decimal, Decimal, Decimal]:
    assert found.before is not None
    assert found.after is not None
    before, after = found.before.monthly_usd.expected, found.after.monthly_usd.expected
    return before, after, found.change_usd.expected


def test_an_unchanged_resource_costs_the_same() -> None:
    found = preview(step("same", _NAT, _NAT))
    assert _totals(found) == (Decimal("32.85"), Decimal("32.85"), 0)
    assert found.status == "unchanged"


def test_a_created_resource_is_all_change() -> None:
    found = preview(step("create", new=_NAT))
    assert _totals(found) == (0, Decimal("32.85"), Decimal("32.85"))
    assert found.lines[0].status == "new"


def test_a_deleted_resource_is_saved() -> None:
    found = preview(step("delete", old=_NAT))
    assert _totals(found) == (Decimal("32.85"), 0, Decimal("-32.85"))
    assert found.lines[0].status == "removed"


def test_an_update_costs_the_difference_and_says_why() -> None:
    old, new = state(INSTANCE, "gpu", _SMALL), state(INSTANCE, "gpu", _LARGE)
    found = preview(step("update", old, new))
    assert _totals(found) == (_SMALL_USD, _LARGE_USD, _LARGE_USD - _SMALL_USD)
    assert "instanceType g6e.xlarge → g6e.2xlarge" in found.lines[0].why


def _replacement() -> list[dict[str, object]]:
    old, new = state(INSTANCE, "gpu", _SMALL), state(INSTANCE, "gpu", _LARGE)
    return [
        step("create-replacement", old, new),
        step("replace", old, new),
        step("delete-replaced", old),
    ]


@pytest.mark.parametrize("shown", [(1,), (0, 1, 2), (0, 2), (2, 1, 0), (1, 2)])
def test_a_replacement_counts_once_however_it_is_shown(shown: tuple[int, ...]) -> None:
    steps = _replacement()
    found = preview(*(steps[index] for index in shown))
    assert _totals(found) == (_SMALL_USD, _LARGE_USD, _LARGE_USD - _SMALL_USD)
    assert [line.operation for line in found.lines] == ["replace"]


def test_a_replacement_of_something_not_shown_is_unpriced() -> None:
    new = state(INSTANCE, "gpu", _LARGE)
    found = preview(
        step("delete-replaced", new=None, old=None, urn=new["urn"]),
        step("replace", new=new),
        step("create-replacement", new=new),
    )
    assert _totals(found) == (0, 0, 0)
    assert "does not show it before" in str(found.lines[0].reason_unpriced)


def test_a_refresh_and_the_update_after_it_are_one_change() -> None:
    was, drifted = state(INSTANCE, "gpu", _SMALL), state(INSTANCE, "gpu", _LARGE)
    found = preview(step("update", was, drifted), step("update", drifted, was))
    assert _totals(found) == (_SMALL_USD, _SMALL_USD, 0)


def test_what_a_refresh_found_gone_and_the_program_makes_again_is_a_replacement() -> None:
    found = preview(step("delete", _NAT), step("create", new=_NAT))
    assert _totals(found) == (Decimal("32.85"), Decimal("32.85"), 0)
    assert found.lines[0].operation == "replace"


def test_a_deleted_resource_that_is_retained_is_no_saving() -> None:
    found = preview(step("delete", old={**_NAT, "retainOnDelete": True}))
    assert _totals(found) == (Decimal("32.85"), Decimal("32.85"), 0)
    assert "retainOnDelete" in found.lines[0].why


def test_a_replaced_resource_that_is_retained_costs_beside_the_new_one() -> None:
    old = {**state(INSTANCE, "gpu", _SMALL), "retainOnDelete": True}
    found = preview(step("replace", old, state(INSTANCE, "gpu", _LARGE)))
    assert _totals(found) == (_SMALL_USD, _SMALL_USD + _LARGE_USD, _LARGE_USD)


def test_an_imported_resource_is_adopted_at_no_change() -> None:
    found = preview(step("import", new=_NAT))
    assert _totals(found) == (Decimal("32.85"), Decimal("32.85"), 0)
    assert "adopted" in found.lines[0].why


def test_an_import_that_replaces_saves_what_it_replaces() -> None:
    old, new = state(INSTANCE, "gpu", _SMALL), state(INSTANCE, "gpu", _LARGE)
    found = preview(step("import-replacement", old, new))
    assert _totals(found)[2] == -_SMALL_USD


@pytest.mark.parametrize("op", ["read", "discard", "read-replacement", "discard-replaced"])
def test_what_is_only_read_is_not_the_stacks_cost(op: str) -> None:
    found = preview(step(op, _NAT, _NAT))
    assert _totals(found) == (0, 0, 0)
    assert found.lines == ()


@pytest.mark.parametrize(
    "change",
    [
        {"custom": False},
        {"external": True},
        {"viewOf": "urn:pulumi:dev::app::a:b/c:C::x"},
        {"type": "pulumi:providers:aws"},
    ],
)
def test_components_external_resources_views_and_providers_are_not_priced(
    change: dict[str, object],
) -> None:
    found = preview(step("create", new={**_NAT, **change}))
    assert found.lines == ()


@pytest.mark.parametrize("op", ["remove-pending-replace", "extend-parameterize"])
def test_steps_of_the_engine_itself_are_left_out(op: str) -> None:
    assert preview(step(op, _NAT)).lines == ()


def test_an_old_copy_left_from_a_cut_update_is_a_line_of_its_own() -> None:
    old_copy = {**_NAT, "delete": True}
    found = preview(step("same", _NAT, _NAT), step("delete-replaced", old_copy))
    assert _totals(found) == (Decimal("65.70"), Decimal("32.85"), Decimal("-32.85"))
    assert any("old copy" in line.why for line in found.lines)


def test_an_operation_of_a_later_engine_is_unpriced() -> None:
    found = preview(step("transmute", _NAT, _NAT))
    assert found.lines[0].reason_unpriced == ("operation `transmute` is not known to this planner")


@pytest.mark.parametrize(
    "broken",
    [
        {**step("create", new=_NAT), "newState": None},
        {**step("update", _NAT, _NAT), "newState": None},
        {**step("update", _NAT, _NAT), "oldState": None},
        {**step("delete", _NAT), "oldState": None},
        {**step("same", _NAT, _NAT), "oldState": None},
        {**step("replace", _NAT, _NAT), "newState": None},
    ],
)
def test_a_missing_state_is_unpriced_on_both_sides(broken: dict[str, object]) -> None:
    found = preview(broken)
    assert _totals(found) == (0, 0, 0)
    assert found.after is not None
    assert found.after.is_floor
    assert found.lines[0].delta_usd is None


def test_what_becomes_unknown_is_no_saving() -> None:
    unknown = {**_SMALL, "instanceType": UNKNOWN}
    found = preview(
        step("update", state(INSTANCE, "gpu", _SMALL), state(INSTANCE, "gpu", unknown)),
        step("create", new=_NAT),
    )
    assert _totals(found) == (0, Decimal("32.85"), Decimal("32.85"))
    assert found.after is not None
    assert len(found.after.unpriced) == 1
    assert "not known before the deployment" in found.after.unpriced[0]


def test_a_secret_is_unpriced_and_not_shown() -> None:
    hidden = state(INSTANCE, "gpu", {**_SMALL, "instanceType": "[secret]"})
    found = preview(step("update", state(INSTANCE, "gpu", _SMALL), hidden))
    assert "a secret" in str(found.lines[0].reason_unpriced)
    assert "[secret]" not in found.lines[0].why


def test_only_names_of_inputs_are_shown_that_could_hold_a_secret() -> None:
    old, new = state(NAT, "n", {"userData": "hunter2"}), state(NAT, "n", {"userData": "hunter3"})
    found = preview(step("update", old, new))
    assert found.lines[0].why == "userData"


def test_defaults_of_the_provider_are_no_change() -> None:
    old = state(NAT, "n", {"settings": {"__defaults": ["a"], "b": 1}})
    new = state(NAT, "n", {"settings": {"__defaults": [], "b": 1}})
    new["inputs"]["__defaults"] = ["settings"]
    assert preview(step("update", old, new)).lines[0].why == ""


def test_missing_unchanged_steps_leave_only_the_change() -> None:
    found = priced(document([step("create", new=_NAT)], same=10))
    assert not found.totals_known
    assert found.change_usd.expected == Decimal("32.85")
    assert any("9 unchanged resources not shown: add --show-sames" in note for note in found.notes)


def test_without_a_change_summary_totals_are_not_known() -> None:
    found = priced({**document([step("create", new=_NAT)]), "changeSummary": None})
    assert not found.totals_known


def test_a_preview_that_failed_is_a_floor() -> None:
    diagnostics = [{"message": "\nerror: no such zone\nmore", "severity": "error"}]
    found = priced(document([step("create", new=_NAT)], diagnostics=diagnostics))
    assert not found.totals_known
    assert found.after is not None
    assert found.after.unpriced == ("the preview ended with an error: error: no such zone",)


def test_a_warning_is_no_failure() -> None:
    diagnostics = [{"message": "soon gone", "severity": "warning"}]
    assert priced(document([], diagnostics=diagnostics)).totals_known


def test_shuffled_steps_of_different_resources_give_the_same_subject() -> None:
    names = [f"n{number}" for number in range(8)]
    ops = itertools.cycle(["create", "delete", "update", "same"])
    steps = []
    for name, op in zip(names, ops, strict=False):
        one = state(INSTANCE, name, _SMALL)
        other = state(INSTANCE, name, _LARGE) if op == "update" else one
        steps.append(step(op, None if op == "create" else one, None if op == "delete" else other))
    expected = preview(*steps)
    shuffled = list(steps)
    random.Random(7).shuffle(shuffled)
    assert preview(*shuffled) == expected


def test_lines_add_up_to_both_sides_and_parts_to_the_change() -> None:
    found = preview(
        step("create", new=state(EIP, "a")),
        step("delete", state(EIP, "b")),
        step("update", state(INSTANCE, "gpu", _SMALL), state(INSTANCE, "gpu", _LARGE)),
        step("same", _NAT, _NAT),
    )
    before, after, change = _totals(found)
    lines = found.lines
    assert sum(line.before_usd.expected for line in lines if line.before_usd) == before
    assert sum(line.after_usd.expected for line in lines if line.after_usd) == after
    assert sum(part.delta_usd for part in found.parts) == change == after - before


def test_the_region_of_the_resource_wins_over_the_stacks() -> None:
    far = state(EIP, "far", {"region": "eu-west-1"})
    line = preview(step("create", new=far)).lines[0]
    assert line.after_usd is not None
    # Borrowed from us-east-1, so with its band.
    assert not line.after_usd.is_point


def test_the_region_of_an_explicit_provider_wins_over_the_stacks() -> None:
    provider = state("pulumi:providers:aws", "far", {"region": "eu-west-1"})
    far = {**state(EIP, "far"), "provider": f"{provider['urn']}::id"}
    line = preview(step("same", provider, provider), step("create", new=far)).lines[0]
    assert line.after_usd is not None
    assert not line.after_usd.is_point


def test_an_explicit_provider_that_is_not_shown_leaves_the_region_open() -> None:
    far = {**state(EIP, "far"), "provider": "urn:pulumi:dev::app::pulumi:providers:aws::far::id"}
    assert preview(step("create", new=far)).lines[0].reason_unpriced == "its region is not known"


def test_without_a_configured_region_nothing_is_priced() -> None:
    found = priced({**document([step("create", new=_NAT)]), "config": {}})
    assert found.lines[0].reason_unpriced == "its region is not known"


def test_the_root_stack_alone_costs_nothing() -> None:
    found = priced({**document([]), "steps": [root()]})
    assert found.lines == ()
    assert found.totals_known
