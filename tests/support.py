"""What several tests share."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["CliResult", "compare_golden"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CliResult:
    """What one run of the command line returned and wrote."""

    code: int
    stdout: str
    stderr: str

    def json(self) -> Any:
        """Standard output as JSON; each test knows the shape it reads."""
        return json.loads(self.stdout)


def compare_golden(path: Path, text: str) -> None:
    """Fail with the difference unless the file at ``path`` holds ``text``."""
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    difference = difflib.unified_diff(
        before.splitlines(), text.splitlines(), str(path), "this run", lineterm="", n=1
    )
    shown = "\n".join(difference)
    assert before == text, f"{shown}\n\nIf this is meant: pytest --rewrite-golden"
