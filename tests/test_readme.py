"""What the README and the pages under docs/ show is what the commands print."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.build_readme import PAGES, page

_GENERATED = [path for path in PAGES if "<!-- generated:" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("path", _GENERATED, ids=lambda path: path.name)
def test_generated_parts_are_current(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert page(text) == text, "run `make docs`"


def test_there_are_generated_parts(root: Path) -> None:
    text = (root / "README.md").read_text(encoding="utf-8")
    emptied = text.replace("```text", "```text\nstale")
    assert page(emptied) == text
