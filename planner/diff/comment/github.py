"""Comments on a GitHub pull request.

REST for comments, GraphQL for what REST does not tell: who one is (a workflow's token may not ask
``GET /user``), what is minimised, and minimising.
Source: GitHub REST API, issue comments; GraphQL ``viewer``, ``minimizeComment`` (docs.github.com).
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from planner.diff.comment.http import Client, ClientError
from planner.diff.comment.types import MARKER_START, Comment, Gone

__all__ = ["GitHub", "github_headers"]

# GitHub takes 65,536 characters.
_MOST_BYTES = 64_000
_IDS_AT_ONCE = 100
_MINIMIZED = "query($ids:[ID!]!){nodes(ids:$ids){id ... on IssueComment{isMinimized}}}"
_MINIMIZE = (
    "mutation($id:ID!){minimizeComment(input:{subjectId:$id,classifier:OUTDATED})"
    "{minimizedComment{isMinimized}}}"
)


def github_headers(token: str) -> dict[str, str]:
    """What every request carries."""
    return {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {token}",
        "User-Agent": "llm-serving-planner",
        "X-GitHub-Api-Version": "2022-11-28",
    }


@dataclass(slots=True, kw_only=True)
class GitHub:
    """One pull request; ``repository`` is ``owner/name``. Remembers the node ids it has seen."""

    client: Client
    repository: str
    request: int
    name: str = "GitHub"
    can_hide: bool = True
    most_bytes: int = _MOST_BYTES
    _nodes: dict[str, str] | None = None

    def whoami(self) -> str:
        """The login of the token: of an app's it ends in ``[bot]``, as comments' authors do."""
        data = self._graphql("query{viewer{login}}", {})
        login = _object(data.get("viewer")).get("login")
        if not isinstance(login, str) or not login:
            raise ClientError("GitHub does not say whose token this is", 200)
        return login

    def comments(self) -> Sequence[Comment]:
        """All comments, the oldest first; only those of ours are asked whether they are hidden."""
        found = self.client.pages(f"{self._issues()}/{self.request}/comments?per_page=100")
        raw = [_object(each) for each in found]
        self._nodes = {_id(each): str(each.get("node_id") or "") for each in raw}
        marked = [_id(each) for each in raw if str(each.get("body") or "").startswith(MARKER_START)]
        hidden = self._minimized(marked)
        return [
            Comment(
                id=_id(each),
                author=str(_object(each.get("user")).get("login") or ""),
                body=str(each.get("body") or ""),
                hidden=_id(each) in hidden,
            )
            for each in raw
        ]

    def create(self, body: str) -> str:
        """See ``Forge.create``."""
        path = f"{self._issues()}/{self.request}/comments"
        answer = self.client.call("POST", path, {"body": body}, repeatable=False)
        return _id(_object(answer.value))

    def update(self, id: str, body: str) -> None:
        """See ``Forge.update``."""
        try:
            self.client.call("PATCH", f"{self._issues()}/comments/{id}", {"body": body})
        except ClientError as error:
            if error.status == 404:
                raise Gone from None
            raise

    def delete(self, id: str) -> None:
        """See ``Forge.delete``."""
        try:
            self.client.call("DELETE", f"{self._issues()}/comments/{id}")
        except ClientError as error:
            if error.status != 404:
                raise

    def hide(self, id: str) -> None:
        """See ``Forge.hide``."""
        self._graphql(_MINIMIZE, {"id": (self._nodes or {}).get(id, "")})

    def _issues(self) -> str:
        return f"repos/{urllib.parse.quote(self.repository, safe='/')}/issues"

    def _minimized(self, ids: Sequence[str]) -> frozenset[str]:
        nodes = {(self._nodes or {}).get(each, ""): each for each in ids}
        nodes.pop("", None)
        found: set[str] = set()
        for some in _batches(list(nodes), _IDS_AT_ONCE):
            data = self._graphql(_MINIMIZED, {"ids": some})
            for node in cast(Sequence[object], data.get("nodes") or ()):
                each = _object(node)
                if each.get("isMinimized") is True:
                    found.add(nodes.get(str(each.get("id")), ""))
        return frozenset(found)

    def _graphql(self, query: str, variables: Mapping[str, object]) -> Mapping[str, object]:
        payload = {"query": query, "variables": variables}
        answer = self.client.call("POST", self._graphql_url(), payload)
        found = _object(answer.value)
        errors = found.get("errors")
        if errors:
            first = _object(cast(Sequence[object], errors)[0] if isinstance(errors, list) else {})
            words = " ".join(str(first.get("message", "")).split())[:200]
            raise ClientError(f"GitHub refuses: {words or 'no reason'}", answer.status)
        return _object(found.get("data"))

    def _graphql_url(self) -> str:
        """Of github.com beside the API, of an own server at /api/graphql."""
        base = self.client.base_url.rstrip("/")
        return f"{base.removesuffix('/v3')}/graphql"


def _object(value: object) -> Mapping[str, object]:
    return cast(Mapping[str, object], value) if isinstance(value, dict) else {}


def _id(comment: Mapping[str, object]) -> str:
    found = comment.get("id")
    if isinstance(found, bool) or not isinstance(found, int):
        raise ClientError("GitHub: a comment without an id", 200)
    return str(found)


def _batches(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
