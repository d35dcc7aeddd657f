"""Notes on a GitLab merge request. GitLab cannot hide a note.

The token needs the ``api`` scope; a job's own token may not write notes.
Source: GitLab REST API, notes of merge requests (docs.gitlab.com/api/notes).
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from planner.diff.comment.http import Client, ClientError
from planner.diff.comment.types import Comment, Gone
from planner.errors import InputError

__all__ = ["GitLab", "gitlab_headers"]

# GitLab takes 1,000,000 characters.
_MOST_BYTES = 1_000_000


def gitlab_headers(token: str) -> dict[str, str]:
    """What every request carries."""
    return {"PRIVATE-TOKEN": token, "User-Agent": "llm-serving-planner"}


@dataclass(frozen=True, slots=True, kw_only=True)
class GitLab:
    """One merge request; ``project`` is its number or its path, ``request`` the IID."""

    client: Client
    project: str
    request: int
    name: str = "GitLab"
    can_hide: bool = False
    most_bytes: int = _MOST_BYTES

    def whoami(self) -> str:
        """The user name of the token."""
        username = _object(self.client.call("GET", "user").value).get("username")
        if not isinstance(username, str) or not username:
            raise ClientError("GitLab does not say whose token this is", 200)
        return username

    def comments(self) -> Sequence[Comment]:
        """All notes, the oldest first."""
        found = self.client.pages(f"{self._notes()}?per_page=100&order_by=created_at&sort=asc")
        return [
            Comment(
                id=_id(each),
                author=str(_object(each.get("author")).get("username") or ""),
                body=str(each.get("body") or ""),
                system=each.get("system") is True,
            )
            for each in (_object(one) for one in found)
        ]

    def create(self, body: str) -> str:
        """See ``Forge.create``."""
        answer = self.client.call("POST", self._notes(), {"body": body}, repeatable=False)
        return _id(_object(answer.value))

    def update(self, id: str, body: str) -> None:
        """See ``Forge.update``."""
        try:
            self.client.call("PUT", f"{self._notes()}/{id}", {"body": body})
        except ClientError as error:
            if error.status == 404:
                raise Gone from None
            raise

    def delete(self, id: str) -> None:
        """See ``Forge.delete``."""
        try:
            self.client.call("DELETE", f"{self._notes()}/{id}")
        except ClientError as error:
            if error.status != 404:
                raise

    def hide(self, id: str) -> None:
        """InputError: there is no such thing."""
        raise InputError("GitLab cannot hide comments; use another --mode")

    def _notes(self) -> str:
        project = urllib.parse.quote(self.project, safe="")
        return f"projects/{project}/merge_requests/{self.request}/notes"


def _object(value: object) -> Mapping[str, object]:
    return cast(Mapping[str, object], value) if isinstance(value, dict) else {}


def _id(note: Mapping[str, object]) -> str:
    found = note.get("id")
    if isinstance(found, bool) or not isinstance(found, int):
        raise ClientError("GitLab: a note without an id", 200)
    return str(found)
