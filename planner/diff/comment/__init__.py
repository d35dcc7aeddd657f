"""Comments on change requests: kept up to date on GitHub and GitLab."""

from __future__ import annotations

from planner.diff.comment.engine import next_step, planned, post
from planner.diff.comment.types import (
    MODES,
    Comment,
    Forge,
    Gone,
    LostAnswer,
    Marker,
    Mode,
    Outcome,
    marker_of,
    without_marker,
)

__all__ = [
    "MODES",
    "Comment",
    "Forge",
    "Gone",
    "LostAnswer",
    "Marker",
    "Mode",
    "Outcome",
    "marker_of",
    "next_step",
    "planned",
    "post",
    "without_marker",
]
