"""The forms of the engine's files, told apart by what is in them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from planner.catalog.resource_prices import PricingContext
from planner.diff.pulumi import preview_of_text, read_states, stack_subject, states_of_texts
from planner.diff.types import Subject
from planner.errors import InputError
from tests.catalog.resource_support import UNKNOWN, shipped
from tests.diff.pulumi.engine_files import (
    EIP,
    NAT,
    SECRET,
    compared,
    document,
    event,
    export,
    state,
    step,
    stream,
)

_NAT = state(NAT, "way-out")


def _of(text: str) -> Subject:
    change = preview_of_text(text, "given.json")
    return stack_subject(change, PricingContext(prices=shipped()))


def _after(found: Subject) -> Decimal:
    assert found.after is not None
    return found.after.monthly_usd.expected


def test_a_stream_of_events_costs_what_the_document_does() -> None:
    found = _of(stream([event("create", new=_NAT), event("same", _NAT, _NAT)]))
    assert _after(found) == Decimal("32.85")
    assert found.totals_known


def test_a_stream_shows_replacements_in_all_their_steps_and_counts_them_once() -> None:
    events = [
        event("create-replacement", _NAT, _NAT),
        event("replace", _NAT, _NAT),
        event("delete-replaced", _NAT),
    ]
    assert _after(_of(stream(events))) == Decimal("32.85")


def test_what_a_refresh_found_takes_its_place_in_a_stream() -> None:
    gone = [event("refresh", _NAT, _NAT), event("delete", _NAT, kind="resOutputsEvent")]
    found = _of(stream(gone))
    assert found.change_usd.expected == Decimal("-32.85")


def test_outputs_of_other_steps_do_not_count_twice() -> None:
    twice = [event("create", new=_NAT), event("create", new=_NAT, kind="resOutputsEvent")]
    assert _after(_of(stream(twice))) == Decimal("32.85")


def test_a_stream_has_no_links_and_says_what_to_do() -> None:
    group = state(
        "aws:autoscaling/group:Group",
        "hosts",
        {"minSize": 1, "maxSize": 1, "launchTemplate": {"id": UNKNOWN}},
    )
    found = _of(stream([event("create", new=group)]))
    assert "launch template cannot be told" in str(found.lines[0].reason_unpriced)
    assert any("without streaming" in note for note in found.notes)


def test_a_stream_without_its_end_is_partial() -> None:
    found = _of(stream([event("create", new=_NAT)], ended=False))
    assert not found.totals_known


def test_a_document_links_a_group_with_its_new_template() -> None:
    template = state(
        "aws:ec2/launchTemplate:LaunchTemplate",
        "host",
        {
            "instanceType": "g6e.xlarge",
            "blockDeviceMappings": [{"ebs": {"volumeType": "gp3", "volumeSize": 80}}],
        },
    )
    group = state(
        "aws:autoscaling/group:Group",
        "hosts",
        {"minSize": 2, "maxSize": 3, "launchTemplate": {"id": UNKNOWN}},
        propertyDependencies={"launchTemplate": [template["urn"]]},
    )
    steps = [step("create", new=template), step("create", new=group)]
    found = _of(json.dumps(document(steps)))
    # 2 x (1.861 x 730 + 80 x 0.08), up to 3 of them
    assert _after(found) == Decimal("2729.86")
    assert found.change_usd.high == Decimal("4094.79")


def test_a_template_changes_the_cost_of_an_unchanged_group() -> None:
    def template(kind: str) -> dict[str, object]:
        device = {"ebs": {"volumeType": "gp3", "volumeSize": 80}}
        inputs = {"instanceType": kind, "blockDeviceMappings": [device]}
        return state("aws:ec2/launchTemplate:LaunchTemplate", "host", inputs, id="lt-1")

    group = state(
        "aws:autoscaling/group:Group",
        "hosts",
        {"minSize": 1, "maxSize": 1, "launchTemplate": {"id": "lt-1"}},
    )
    steps = [
        step("update", template("g6e.xlarge"), template("g6e.2xlarge")),
        step("same", group, group),
    ]
    found = _of(json.dumps(document(steps)))
    # (2.24208 - 1.861) x 730
    assert found.change_usd.expected == Decimal("278.19")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not JSON"),
        ("Previewing update (dev):\n{}", "not JSON"),
        ("[]", "neither a preview nor an export"),
        ("{}", "neither form of a preview"),
        ('{"result": "succeeded", "summary": {}}', "--output json"),
        (export(_NAT), "--state OLD NEW"),
        ('{"sequence": 1}\n{"cut', "line 2 is not JSON"),
        ('{"a": 1}\n{"b": 2}', "neither a preview nor an export"),
        ('{"steps": 5}', "steps: not a list"),
        ('{"steps": [5]}', "steps[0]: not an object"),
        ('{"steps": [{"op": "same"}]}', "without op or urn"),
        ('{"steps": [{"op": "same", "urn": "u", "newState": []}]}', "newState: not an object"),
        ('{"steps": [{"op": "same", "urn": "u", "newState": {}}]}', "newState.urn: missing"),
        ('{"steps": [], "changeSummary": {"same": -1}}', "not a count"),
        ("[" * 200_000, "nested deeper"),
    ],
)
def test_anything_else_is_named_with_what_to_do(text: str, words: str) -> None:
    with pytest.raises(InputError, match=r"given\.json") as caught:
        preview_of_text(text, "given.json")
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("old", "words"),
    [
        ('{"version": 2, "deployment": {}}', "deployment version 2"),
        (json.dumps(document([])), "a preview"),
        ('{"version": 3, "deployment": {"resources": {}}}', "not a list"),
    ],
)
def test_an_export_is_checked(old: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        states_of_texts(old, "old.json", export(), "new.json")


def test_two_exports_are_compared_by_urn() -> None:
    nat = _regional(NAT, "way-out")
    found = compared(
        export(nat, _regional(EIP, "old")),
        export(nat, _regional(EIP, "new"), _regional(EIP, "more")),
    )
    assert found.change_usd.expected == Decimal("3.65")
    assert [line.status for line in found.lines] == ["new", "new", "removed", "unchanged"]
    assert found.totals_known


def test_an_empty_export_is_an_empty_stack(tmp_path: Path) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text("")
    new.write_text(export({**_NAT, "inputs": {"region": "us-east-1"}}))
    change = read_states(old, new)
    assert change.stack == "dev"
    found = stack_subject(change, PricingContext(prices=shipped()))
    assert _after(found) == Decimal("32.85")


def test_an_export_takes_the_region_of_its_default_provider() -> None:
    provider = state("pulumi:providers:aws", "default_7_51_1", {"region": "us-east-1"})
    found = compared(export(provider), export(provider, _NAT))
    assert found.change_usd.expected == Decimal("32.85")


def _regional(token: str, name: str, **more: object) -> dict[str, object]:
    return state(token, name, {"region": "us-east-1"}, **more)


def test_a_renamed_resource_is_the_same_by_its_alias() -> None:
    renamed = _regional(NAT, "new", aliases=[_NAT["urn"]])
    found = compared(export(_regional(NAT, "way-out")), export(renamed))
    assert found.change_usd.expected == 0
    assert len(found.lines) == 1


def test_an_old_copy_in_an_export_is_listed_apart() -> None:
    live, copy = _regional(NAT, "n", id="b"), _regional(NAT, "n", id="a", delete=True)
    found = compared(export(live, copy), export(live))
    assert found.change_usd.expected == Decimal("-32.85")
    assert "old copy" in found.lines[0].why


def test_an_old_copy_that_stays_is_no_change() -> None:
    live, copy = _regional(NAT, "n", id="b"), _regional(NAT, "n", id="a", delete=True)
    found = compared(export(live, copy), export(live, copy))
    assert found.change_usd.expected == 0
    assert _after(found) == Decimal("65.70")


def test_a_pending_replacement_is_gone_already() -> None:
    found = compared(export(_regional(NAT, "n", pendingReplacement=True)), export())
    assert found.lines == ()


def test_what_leaves_the_state_and_is_retained_is_no_saving() -> None:
    found = compared(export(_regional(NAT, "n", retainOnDelete=True)), export())
    assert found.change_usd.expected == 0


def test_a_secret_encrypted_anew_is_no_change() -> None:
    def one(ciphertext: str) -> str:
        return export(
            state(NAT, "n", {"region": "us-east-1", "x": {**SECRET, "ciphertext": ciphertext}})
        )

    found = compared(one("v1:abc"), one("v1:def"))
    assert found.lines[0].status == "unchanged"


def test_operations_cut_off_are_told() -> None:
    found = compared(export(), export(pending_operations=[{}]))
    assert any("1 operation cut off" in note for note in found.notes)


def test_a_secret_of_an_export_is_unpriced() -> None:
    volume = state(
        "aws:ebs/volume:Volume",
        "v",
        {"region": "us-east-1", "type": "gp3", "size": SECRET},
    )
    line = compared(export(), export(volume)).lines[0]
    assert line.reason_unpriced == "size is a secret"
    assert "v1:abc" not in repr(line)
