"""Four ways to keep a review up to date, over any code host.

Own comments are those with the same key in their marker **and** one's own author: a stranger can
copy a marker. A run that began earlier never overwrites one that began later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from planner.diff.comment.types import (
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
from planner.errors import InputError

__all__ = ["next_step", "planned", "post"]

# Lost answers in a row after which the host is given up.
_MOST_LOST = 3


def post(
    forge: Forge, body: str, marker: Marker, *, mode: Mode = "update", worth_it: bool = True
) -> Outcome:
    """Bring the comment of ``marker.key`` up to date with ``body``, which begins with the marker.

    With ``worth_it`` False no first comment is written, but one that is there is updated.
    InputError for a mode the host cannot do.
    """
    _check(forge, mode)
    me = forge.whoami()
    own = _own(forge.comments(), me, marker.key)
    step = next_step(own, body, marker, mode=mode, worth_it=worth_it)
    if step.action == "update":
        try:
            forge.update(step.id or "", body)
            return step
        except Gone:
            # Somebody deleted it just now: as if it had never been there.
            step = next_step([], body, marker, mode=mode, worth_it=worth_it)
    if step.action != "create":
        return step
    created = _create(forge, body, marker, me)
    if mode == "update":
        return _settled(forge, created, marker, me)
    # What was there goes last: a run that is cut off leaves too much, never nothing.
    hidden = tuple(_each(own, forge.hide)) if mode == "hide-and-new" else ()
    deleted = tuple(_each(own, forge.delete)) if mode == "delete-and-new" else ()
    return Outcome(action="create", id=created, hidden=hidden, deleted=deleted)


def planned(
    forge: Forge, body: str, marker: Marker, *, mode: Mode = "update", worth_it: bool = True
) -> Outcome:
    """What ``post`` would do, without doing it."""
    _check(forge, mode)
    own = _own(forge.comments(), forge.whoami(), marker.key)
    return next_step(own, body, marker, mode=mode, worth_it=worth_it)


def _check(forge: Forge, mode: Mode) -> None:
    if mode == "hide-and-new" and not forge.can_hide:
        raise InputError(
            f"--mode hide-and-new: {forge.name} cannot hide comments; "
            "use update, new or delete-and-new"
        )


def next_step(
    own: Sequence[Comment], body: str, marker: Marker, *, mode: Mode, worth_it: bool
) -> Outcome:
    """What to do, from one's own comments with this key, the oldest first."""
    latest = own[-1] if own else None
    if latest is None:
        return Outcome(action="create" if worth_it else "quiet", id=None)
    if mode == "new" and worth_it:
        return Outcome(action="create", id=None)
    if any(_is_later(each, marker) for each in own):
        return Outcome(action="stale", id=latest.id)
    if without_marker(latest.body) == without_marker(body):
        return Outcome(action="unchanged", id=latest.id)
    if mode == "update" or not worth_it:
        return Outcome(action="update", id=latest.id)
    return Outcome(action="create", id=None)


def _own(comments: Sequence[Comment], me: str, key: str) -> list[Comment]:
    found: list[Comment] = []
    for comment in comments:
        marker = marker_of(comment.body)
        if comment.author != me or comment.hidden or comment.system or marker is None:
            continue
        if marker.key == key:
            found.append(comment)
    return found


def _is_later(comment: Comment, marker: Marker) -> bool:
    theirs = marker_of(comment.body)
    return theirs is not None and _moment(theirs.valid_at) > _moment(marker.valid_at)


def _moment(text: str) -> datetime:
    """When a run began; a marker that does not say so is older than any that does."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _create(forge: Forge, body: str, marker: Marker, me: str) -> str:
    """Create once, although an answer may be lost: what is there already is not written again."""
    for _ in range(_MOST_LOST):
        try:
            return forge.create(body)
        except LostAnswer:
            for each in reversed(_own(forge.comments(), me, marker.key)):
                if marker_of(each.body) == marker:
                    return each.id
    raise InputError(
        f"{forge.name} does not answer: nobody knows whether the comment is there; look at the "
        "request, and run again later"
    )


def _settled(forge: Forge, created: str, marker: Marker, me: str) -> Outcome:
    """After a race of two first comments the later run's stays; of equal ones the earlier."""
    own = _own(forge.comments(), me, marker.key)
    others = [each for each in own if each.id != created]
    there = any(each.id == created for each in own)
    place = [each.id for each in own].index(created) if there else len(own)
    for index, each in enumerate(own):
        if each.id == created:
            continue
        theirs = marker_of(each.body)
        same_time = theirs is not None and _moment(theirs.valid_at) == _moment(marker.valid_at)
        if _is_later(each, marker) or (same_time and index < place):
            forge.delete(created)
            return Outcome(action="stale", id=each.id, deleted=(created,))
    deleted = tuple(_each(others, forge.delete))
    return Outcome(action="create", id=created, deleted=deleted)


def _each(comments: Sequence[Comment], act: Callable[[str], None]) -> list[str]:
    for comment in comments:
        act(comment.id)
    return [comment.id for comment in comments]
