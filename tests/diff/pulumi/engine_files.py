"""Previews, event streams and exports as the engine writes them, made by hand from its types."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from planner.catalog.resource_prices import PricingContext
from planner.diff.pulumi import preview_of_text, stack_subject, states_of_texts
from planner.diff.types import Subject
from tests.catalog.resource_support import UNKNOWN, shipped

NAT = "aws:ec2/natGateway:NatGateway"
EIP = "aws:ec2/eip:Eip"
INSTANCE = "aws:ec2/instance:Instance"
ROOT = "pulumi:pulumi:Stack"
PROVIDER = "urn:pulumi:dev::app::pulumi:providers:aws::default_7_51_1"
SECRET = {
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    "ciphertext": "v1:abc",
}


def urn(token: str, name: str) -> str:
    """A URN of the stack `dev`."""
    return f"urn:pulumi:dev::app::{token}::{name}"


def state(token: str, name: str, inputs: dict[str, Any] | None = None, **more: Any) -> Any:
    """A resource as a state or a preview holds it."""
    return {
        "urn": urn(token, name),
        "custom": not token.startswith("pulumi:"),
        "type": token,
        "inputs": {"__defaults": [], **(inputs or {})},
        "parent": urn(ROOT, "app-dev"),
        "provider": f"{PROVIDER}::{UNKNOWN}",
        **more,
    }


def step(op: str, old: Any = None, new: Any = None, *, urn: str = "") -> dict[str, Any]:
    """A step of a preview document; ``urn`` where it shows no state."""
    found: dict[str, Any] = {
        "op": op,
        "urn": urn or (new or old)["urn"],
        "provider": "",
        "detailedDiff": None,
    }
    if old is not None:
        found["oldState"] = old
    if new is not None:
        found["newState"] = new
    return found


def root() -> dict[str, Any]:
    """The stack's own step, which is in every preview."""
    stack = {**state(ROOT, "app-dev"), "provider": ""}
    return step("same", stack, stack)


def document(
    steps: Sequence[dict[str, Any]], *, same: int | None = None, **more: Any
) -> dict[str, Any]:
    """A preview with all of its unchanged resources, unless ``same`` states that there are more."""
    steps = [root(), *steps]
    summary: dict[str, int] = {}
    for each in steps:
        summary[each["op"]] = summary.get(each["op"], 0) + 1
    if same is not None:
        summary["same"] = same
    return {
        "config": {"aws:region": "us-east-1"},
        "steps": steps,
        "duration": 12,
        "changeSummary": summary,
        **more,
    }


def priced(found: dict[str, Any], context: PricingContext | None = None) -> Subject:
    """The subject of a preview at the shipped prices."""
    change = preview_of_text(json.dumps(found), "preview.json")
    return stack_subject(change, context or PricingContext(prices=shipped()))


def preview(*steps: dict[str, Any]) -> Subject:
    """The subject of a preview with these steps, and the root's."""
    return priced(document(steps))


def export(*resources: Any, **more: Any) -> str:
    """A stack export."""
    deployment = {"manifest": {}, "resources": [*resources], "metadata": {}, **more}
    return json.dumps({"version": 3, "deployment": deployment})


def compared(old: str, new: str) -> Subject:
    """The subject of two exports."""
    change = states_of_texts(old, "old.json", new, "new.json")
    return stack_subject(change, PricingContext(prices=shipped()))


def stream(events: Sequence[dict[str, Any]], *, ended: bool = True) -> str:
    """A stream of events with its prelude and, when it ended, its summary."""
    lines = [{"preludeEvent": {"config": {"aws:region": "us-east-1"}}}, *events]
    if ended:
        lines.append({"summaryEvent": {"resourceChanges": {}, "durationSeconds": 1}})
    return "\n".join(
        json.dumps({"sequence": n, "timestamp": 1, **line}) for n, line in enumerate(lines)
    )


def event(op: str, old: Any = None, new: Any = None, kind: str = "resourcePreEvent") -> Any:
    """One event about a step."""
    subject = new or old
    metadata = {"op": op, "urn": subject["urn"], "type": subject["type"], "old": old, "new": new}
    return {kind: {"metadata": metadata}}
