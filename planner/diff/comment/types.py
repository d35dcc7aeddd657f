"""Comments on a change request, whatever code host they are on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

__all__ = [
    "MARKER_START",
    "MODES",
    "Action",
    "Comment",
    "Forge",
    "Gone",
    "LostAnswer",
    "Marker",
    "Mode",
    "Outcome",
    "marker_of",
    "without_marker",
]

Mode = Literal["update", "new", "hide-and-new", "delete-and-new"]
MODES: tuple[Mode, ...] = get_args(Mode)
# ``stale``: a later run has spoken. ``quiet``: nothing worth a first comment.
Action = Literal["create", "update", "unchanged", "stale", "quiet"]

MARKER_START = "<!-- planner:cost-diff:v1 "
_MARKER = re.compile(
    r"<!-- planner:cost-diff:v1 key=(?P<key>[A-Za-z0-9._-]{1,200})"
    r"(?: valid-at=(?P<valid_at>[0-9TZ:.+-]{1,40}))?"
    r"(?: head=(?P<head>[A-Za-z0-9._-]{1,200}))? -->"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """One comment; ``author`` is the login as ``Forge.whoami`` gives one's own.

    ``hidden`` comments were minimised, ``system`` ones written by the code host itself.
    """

    id: str
    author: str
    body: str
    hidden: bool = False
    system: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """What the hidden first line says: which comparison, of when (RFC 3339, UTC), of what."""

    key: str
    valid_at: str = ""
    head: str = ""

    def line(self) -> str:
        """The line itself."""
        words = [f"{MARKER_START}key={self.key}"]
        words += [f"valid-at={self.valid_at}"] if self.valid_at else []
        words += [f"head={self.head}"] if self.head else []
        return " ".join((*words, "-->"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was done; ``id`` is the comment that now speaks, None when there is none."""

    action: Action
    id: str | None
    hidden: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()


class LostAnswer(Exception):
    """Nobody knows whether the host did what it was asked: the answer did not come."""


class Gone(Exception):
    """A comment that was there a moment ago is not there any more."""


class Forge(Protocol):
    """A code host's comments on one change request."""

    @property
    def name(self) -> str:
        """The host in words."""
        ...

    @property
    def can_hide(self) -> bool:
        """Whether comments can be minimised."""
        ...

    @property
    def most_bytes(self) -> int:
        """The longest body it takes."""
        ...

    def whoami(self) -> str:
        """One's own login."""
        ...

    def comments(self) -> Sequence[Comment]:
        """All comments, of all pages, the oldest first."""
        ...

    def create(self, body: str) -> str:
        """Write a comment and return its id; LostAnswer when it may have been written."""
        ...

    def update(self, id: str, body: str) -> None:
        """Replace a comment's body; Gone when somebody deleted it."""
        ...

    def delete(self, id: str) -> None:
        """Delete a comment; one that is gone already is fine."""
        ...

    def hide(self, id: str) -> None:
        """Minimise a comment as outdated."""
        ...


def marker_of(body: str) -> Marker | None:
    """The marker in the first line; None without one. Anything further down is text."""
    first = body.split("\n", 1)[0].rstrip("\r ")
    found = _MARKER.fullmatch(first)
    if found is None:
        return None
    return Marker(key=found["key"], valid_at=found["valid_at"] or "", head=found["head"] or "")


def without_marker(body: str) -> str:
    """What a reader sees, whatever the host did to line ends and blanks around it."""
    text = body.replace("\r\n", "\n")
    if marker_of(text) is not None:
        text = text.partition("\n")[2]
    return text.strip()
