"""The commented scenario files that ``planner init`` writes."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

__all__ = ["PRESETS", "Preset", "preset_text"]

Preset = Literal["small", "medium", "large"]
PRESETS: tuple[Preset, ...] = get_args(Preset)

_FOLDER = Path(__file__).parent / "presets"


def preset_text(preset: Preset) -> str:
    """A valid, commented scenario: the preset's own part, then the sections all presets share."""
    parts = (_FOLDER / f"{name}.yaml" for name in (preset, "further"))
    return "".join(part.read_text(encoding="utf-8") for part in parts)
