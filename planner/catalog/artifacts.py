"""Images and function layers that a stack runs, from ``data/artifacts.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from planner.files import read_text

__all__ = ["ImageArtifact", "artifacts", "image_artifact"]

_FILE = Path(__file__).parent / "data/artifacts.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageArtifact:
    """A container image; ``digest`` is None where it could not be established."""

    repository: str
    tag: str
    digest: str | None
    compressed_bytes: int
    source: str

    @property
    def uri(self) -> str:
        """By digest where it is known."""
        return self.repository if self.digest is None else f"{self.repository}@{self.digest}"


@cache
def artifacts() -> Mapping[str, Any]:
    """The whole file."""
    return cast("Mapping[str, Any]", json.loads(read_text(_FILE)))


def image_artifact(name: str) -> ImageArtifact:
    """The image of that name: ``engine`` or ``agent``."""
    return ImageArtifact(**artifacts()["images"][name])
