"""Fake GitHub and GitLab servers that page, rate-limit, fail, lose answers and race."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from planner.diff.comment import Marker
from planner.diff.comment.github import GitHub, github_headers
from planner.diff.comment.gitlab import GitLab, gitlab_headers
from planner.diff.comment.http import Client

ME = "github-actions[bot]"
GITLAB_ME = "planner-bot"
TOKEN = "t0ken"
# What a step of a plan does instead of the answer: a status with headers, or `lose` (done, but
# the connection breaks), `break` (not done, and it breaks).
Trouble = tuple[int, dict[str, str]] | str


class FakeForge:
    """Comments in memory, and what is to go wrong: `(method, part of the path) -> troubles`."""

    def __init__(self, *, own_page_size: int | None = None) -> None:
        self.comments: list[dict[str, Any]] = []
        self.troubles: dict[tuple[str, str], list[Trouble]] = {}
        self.calls: list[tuple[str, str]] = []
        self.before: dict[tuple[str, str], Callable[[], None]] = {}
        self.page_size = own_page_size
        self.minimized: set[str] = set()
        self.url = ""
        self._next = 1
        self._lock = threading.Lock()

    def add(self, body: str, *, author: str = ME, system: bool = False) -> str:
        """Another comment, by anyone."""
        with self._lock:
            number, self._next = self._next, self._next + 1
            self.comments.append(
                {
                    "id": number,
                    "node_id": f"IC_{number}",
                    "body": body,
                    "user": {"login": author},
                    "author": {"username": author},
                    "system": system,
                }
            )
            return str(number)

    def bodies(self) -> list[str]:
        """All bodies, the oldest first."""
        return [each["body"] for each in self.comments]

    def count(self, method: str) -> int:
        """How often a method was used, GraphQL left out."""
        return sum(1 for how, path in self.calls if how == method and "graphql" not in path)

    def handle(self, method: str, path: str, body: Any) -> tuple[int, Any, dict[str, str]]:
        """The answer to a request that nothing goes wrong with."""
        if path.endswith("/graphql"):
            return 200, self._graphql(body), {}
        if path.endswith("/user"):
            return 200, {"username": GITLAB_ME}, {}
        last = urlsplit(path).path.rsplit("/", 1)[-1]
        if method == "GET":
            return self._page(path)
        if method == "POST":
            author = GITLAB_ME if "/notes" in path else ME
            number = self.add(body["body"], author=author)
            return 201, self._found(number), {}
        found = self._found(last)
        if found is None:
            return 404, {"message": "Not Found"}, {}
        if method == "DELETE":
            self.comments.remove(found)
            return 204, None, {}
        found["body"] = body["body"]
        return 200, found, {}

    def _found(self, number: str) -> dict[str, Any] | None:
        return next((each for each in self.comments if str(each["id"]) == number), None)

    def _page(self, path: str) -> tuple[int, Any, dict[str, str]]:
        query = parse_qs(urlsplit(path).query)
        size = min(int(query.get("per_page", ["30"])[0]), 100)
        size = self.page_size or size
        page = int(query.get("page", ["1"])[0])
        shown = self.comments[(page - 1) * size : page * size]
        headers: dict[str, str] = {}
        if page * size < len(self.comments):
            where = urlsplit(path).path
            more = f"{self.url}{where}?per_page={size}&page={page + 1}"
            headers["Link"] = f'<{self.url}{where}?page=1>; rel="first", <{more}>; rel="next"'
        return 200, shown, headers

    def _graphql(self, body: Any) -> Any:
        if "viewer" in body["query"]:
            return {"data": {"viewer": {"login": ME}}}
        if "minimizeComment" in body["query"]:
            self.minimized.add(body["variables"]["id"])
            return {"data": {"minimizeComment": {"minimizedComment": {"isMinimized": True}}}}
        nodes = [
            {"id": id_, "isMinimized": id_ in self.minimized} for id_ in body["variables"]["ids"]
        ]
        return {"data": {"nodes": nodes}}


class _Handler(BaseHTTPRequestHandler):
    """Answers for ``forge``, which each server sets."""

    forge: FakeForge
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        method, path = self.command, self.path
        forge = self.forge
        forge.calls.append((method, path))
        token = self.headers.get("Authorization") or self.headers.get("PRIVATE-TOKEN") or ""
        if TOKEN not in token:
            self._send(401, {"message": "Bad credentials"}, {})
            return
        self._race(method, path)
        trouble = self._trouble(method, path)
        if isinstance(trouble, tuple):
            self._send(trouble[0], {"message": "trouble"}, trouble[1])
            return
        if trouble != "break":
            status, value, headers = forge.handle(method, path, body)
            if trouble is None:
                self._send(status, value, headers)
                return
        self.close_connection = True

    def _race(self, method: str, path: str) -> None:
        for (how, part), hook in list(self.forge.before.items()):
            if how == method and part in path:
                del self.forge.before[how, part]
                hook()

    def _trouble(self, method: str, path: str) -> Trouble | None:
        for (how, part), waiting in self.forge.troubles.items():
            if how == method and part in path and waiting:
                return waiting.pop(0)
        return None

    def _send(self, status: int, value: Any, headers: dict[str, str]) -> None:
        content = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _answer


@contextmanager
def serving(forge: FakeForge) -> Iterator[FakeForge]:
    """The fake behind a real socket."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"forge": forge}))
    server.daemon_threads = True
    forge.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield forge
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def client(forge: FakeForge, *, gitlab: bool = False, waits: list[float] | None = None) -> Client:
    """A client that does not wait; ``waits`` takes what it would have waited."""
    return Client(
        name="GitLab" if gitlab else "GitHub",
        base_url=forge.url,
        headers=gitlab_headers(TOKEN) if gitlab else github_headers(TOKEN),
        wait=(waits if waits is not None else []).append,
        jitter=lambda: 0.5,
    )


def github(forge: FakeForge, waits: list[float] | None = None) -> GitHub:
    """Pull request 7 of the fake."""
    return GitHub(client=client(forge, waits=waits), repository="own/er", request=7)


def gitlab(forge: FakeForge, waits: list[float] | None = None) -> GitLab:
    """Merge request 7 of the fake."""
    return GitLab(client=client(forge, gitlab=True, waits=waits), project="gr/oup", request=7)


def marked(text: str, *, key: str = "chat", at: str = "2026-11-22T10:00:00Z") -> tuple[str, Marker]:
    """A body with its marker, as a run that began ``at`` makes it."""
    marker = Marker(key=key, valid_at=at)
    return f"{marker.line()}\n\n{text}\n", marker
