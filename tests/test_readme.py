"""What the README shows is what the commands print."""

from __future__ import annotations

from pathlib import Path

from scripts.build_readme import page


def test_generated_parts_are_current(root: Path) -> None:
    text = (root / "README.md").read_text(encoding="utf-8")
    assert page(text) == text, "run `make docs`"


def test_there_are_generated_parts(root: Path) -> None:
    text = (root / "README.md").read_text(encoding="utf-8")
    emptied = text.replace("```text", "```text\nstale")
    assert page(emptied) == text
