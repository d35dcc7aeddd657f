"""What `planner comment` did, as JSON."""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["CommentView", "comment_sentence"]

_DONE = {
    "create": "wrote",
    "update": "updated",
    "unchanged": "left as it is",
    "stale": "left to a later run",
    "quiet": "nothing worth a first comment",
}
_WOULD = {
    "create": "would write a comment",
    "update": "would update",
    "unchanged": "would leave as it is",
    "stale": "would leave to a later run",
    "quiet": "nothing worth a first comment",
}


class CommentView(NamedTuple):
    """``action`` is None where it was not looked up; ``body`` is set by a dry run only."""

    schema_version: int
    forge: Literal["github", "gitlab"]
    repository: str
    request: int
    mode: str
    key: str
    action: str | None
    comment_id: str | None
    hidden: tuple[str, ...]
    deleted: tuple[str, ...]
    dry_run: bool
    body: str | None


def comment_sentence(view: CommentView) -> str:
    """``updated comment 42 on owner/name 7``"""
    where = f"{view.repository} {view.request}"
    if view.action is None:
        return f"{where}: without a token nobody knows what would be done"
    words = (_WOULD if view.dry_run else _DONE)[view.action]
    comment = "" if view.comment_id is None else f": comment {view.comment_id}"
    more = [
        f"{word} {', '.join(ids)}"
        for word, ids in (("hid", view.hidden), ("deleted", view.deleted))
        if ids
    ]
    return "; ".join((f"{where}: {words}{comment}", *more))
