"""The recorded previews: what `pulumi preview --json` says of our stacks, for its readers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

_FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "previews"
_FILES = sorted(_FOLDER.glob("*.json"))
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_NO_CHANGES = ("same", "read", "refresh", "discard")


def _preview(case: str) -> dict[str, Any]:
    (path,) = [each for each in _FILES if each.name.startswith(f"{case}-v")]
    return json.loads(path.read_text(encoding="utf-8"))


def _operations(preview: dict[str, Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    for step in preview["steps"]:
        found[step["op"]] = found.get(step["op"], 0) + 1
    return found


def _changes(counts: dict[str, int]) -> dict[str, int]:
    """Without what leaves all as it is: unchanged resources are counted, and have no step."""
    return {op: count for op, count in counts.items() if op not in _NO_CHANGES}


@pytest.mark.parametrize("path", _FILES, ids=[path.stem for path in _FILES])
def test_a_preview_has_its_form_and_nothing_of_the_machine_it_was_made_on(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    preview = json.loads(text)
    keys = {"config", "steps", "diagnostics", "duration", "changeSummary"}
    assert keys - {"diagnostics"} <= set(preview) <= keys
    assert _changes(_operations(preview)) == _changes(preview["changeSummary"])
    assert "/tmp/" not in text
    assert "site-packages" not in text


@pytest.mark.parametrize(
    ("case", "operations"),
    [
        ("create-hybrid", {"create"}),
        ("update", {"update"}),
        ("replace", {"replace", "update"}),
        ("delete", {"delete"}),
        ("kind-change", {"create", "delete", "update"}),
        ("same", set()),
    ],
)
def test_each_kind_of_change_is_recorded(case: str, operations: set[str]) -> None:
    assert _changes(_operations(_preview(case))).keys() == operations


def test_unknown_and_secret_values_are_recorded() -> None:
    text = json.dumps(_preview("create-vllm-gpu"))
    assert _UNKNOWN in text
    assert _SECRET in text or "[secret]" in text


def test_a_refresh_tells_what_is_gone() -> None:
    created = [step for step in _preview("refresh")["steps"] if step["op"] == "create"]
    assert [step["urn"].rsplit("::", 1)[1] for step in created] == ["sample-bedrock-unit-cost"]
