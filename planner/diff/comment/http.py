"""Requests to a code host with nothing but the standard library: retries, pages, no surprises.

A token is sent to the host it is for and to no other: redirects are refused, and so are links to
another host.
"""

from __future__ import annotations

import json
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPMessage
from typing import IO, cast

from planner.diff.comment.types import LostAnswer
from planner.errors import InputError

__all__ = ["Answer", "Client", "ClientError"]

_TIMEOUT_S = 30
_RETRIES = 5
_FIRST_WAIT_S = 1.0
# A host that asks for more has to be asked again by another run.
_LONGEST_WAIT_S = 120.0
_LARGEST_BYTES = 32 * 1024 * 1024
_MOST_PAGES = 200
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next"?', re.IGNORECASE)


class ClientError(InputError):
    """The host refused, or could not be reached; ``status`` is 0 where there was no answer."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A JSON answer; ``next_url`` is the page after this one, None on the last."""

    status: int
    value: object
    next_url: str | None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Following one would send the token along."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> None:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A host's API below ``base_url``; ``headers`` hold the token and go nowhere else.

    ``wait`` sleeps for seconds, ``jitter`` gives numbers from 0 to 1: both come from outside, so
    that tests take no time.
    """

    name: str
    base_url: str
    headers: Mapping[str, str]
    wait: Callable[[float], None]
    jitter: Callable[[], float]
    _opener: urllib.request.OpenerDirector = field(
        default_factory=lambda: urllib.request.build_opener(
            _NoRedirect, urllib.request.HTTPSHandler(context=ssl.create_default_context())
        )
    )

    def __post_init__(self) -> None:
        parts = urllib.parse.urlsplit(self.base_url)
        plain = parts.scheme == "http" and parts.hostname in _LOOPBACK
        if not parts.hostname or not (parts.scheme == "https" or plain):
            raise InputError(f"{self.base_url}: give the address of the API with https://")

    def call(
        self, method: str, path: str, payload: object = None, *, repeatable: bool = True
    ) -> Answer:
        """One request below ``base_url``, or to a full address of the same host.

        Repeated up to five times, with doubling waits, where the host was not reached, is busy
        (429, 403 with Retry-After) or broken (5xx); never for what it refuses. A request that is
        not ``repeatable`` raises LostAnswer where it may have been done. ClientError otherwise.
        """
        url = self._url(path)
        for attempt in range(_RETRIES + 1):
            try:
                return self._once(method, url, payload)
            except _Again as again:
                if not repeatable and not again.refused:
                    raise LostAnswer from None
                if attempt == _RETRIES:
                    raise ClientError(
                        f"{self.name}: {again.reason}, after {_RETRIES} retries; run again later",
                        again.status,
                    ) from None
                self.wait(self._pause(attempt, again.retry_after_s))
        raise AssertionError("the last attempt returns or raises")

    def pages(self, path: str) -> list[object]:
        """The items of all pages, links followed; ClientError when they never end."""
        items: list[object] = []
        url = path
        for _ in range(_MOST_PAGES):
            answer = self.call("GET", url)
            value = answer.value
            if not isinstance(value, list):
                raise ClientError(f"{self.name}: expected a list of comments", answer.status)
            items += cast(list[object], value)
            if answer.next_url is None:
                return items
            url = answer.next_url
        raise ClientError(f"{self.name}: more than {_MOST_PAGES} pages of comments", 0)

    def _url(self, path: str) -> str:
        if not path.startswith(("http://", "https://")):
            return f"{self.base_url.rstrip('/')}/{path.lstrip('/')}"
        own, other = urllib.parse.urlsplit(self.base_url), urllib.parse.urlsplit(path)
        if (own.scheme, own.netloc) != (other.scheme, other.netloc):
            raise ClientError(f"{self.name} points to another host: {other.netloc}", 0)
        return path

    def _pause(self, attempt: int, asked_s: float | None) -> float:
        doubled = _FIRST_WAIT_S * 2**attempt * (0.5 + self.jitter())
        return min(max(doubled, asked_s or 0.0), _LONGEST_WAIT_S)

    def _once(self, method: str, url: str, payload: object) -> Answer:
        body = None if payload is None else json.dumps(payload).encode("utf-8")
        request = urllib.request.Request(url, data=body, method=method)
        for name, value in self.headers.items():
            request.add_header(name, value)
        if body is not None:
            request.add_header("Content-Type", "application/json")
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as response:
                return self._answer(response.status, response.headers, response)
        except urllib.error.HTTPError as error:
            with error:
                raise self._refusal(error) from None
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise _Again(f"not reached ({reason})") from None

    def _answer(self, status: int, headers: HTTPMessage, body: IO[bytes]) -> Answer:
        content = body.read(_LARGEST_BYTES + 1)
        if len(content) > _LARGEST_BYTES:
            raise ClientError(f"{self.name}: an answer of more than 32 MiB", status)
        declared = headers.get("Content-Length")
        if declared is not None and declared.isdigit() and len(content) < int(declared):
            raise _Again("an answer that was cut off")
        try:
            value = json.loads(content) if content.strip() else None
        except (ValueError, RecursionError):
            raise _Again("an answer that is not JSON", status=status) from None
        found = _NEXT.search(headers.get("Link") or "")
        return Answer(status=status, value=value, next_url=None if found is None else found[1])

    def _refusal(self, error: urllib.error.HTTPError) -> Exception:
        retry_after = _seconds(error.headers.get("Retry-After"))
        if error.code == 429 or (error.code == 403 and retry_after is not None):
            return _Again(
                f"asks to wait ({error.code})", error.code, retry_after_s=retry_after, refused=True
            )
        if error.code >= 500:
            return _Again(f"answers {error.code}", error.code, retry_after_s=retry_after)
        return ClientError(f"{self.name} answers {error.code}: {_message(error)}", error.code)


class _Again(Exception):
    """Worth another try; ``refused`` says that nothing was done."""

    def __init__(
        self,
        reason: str,
        status: int = 0,
        *,
        retry_after_s: float | None = None,
        refused: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.retry_after_s = retry_after_s
        self.refused = refused


def _seconds(text: str | None) -> float | None:
    """Retry-After in seconds; a date, which hosts of code do not send, counts as a minute."""
    if text is None:
        return None
    return float(text) if text.strip().isdigit() else 60.0


_ADVICE = {
    301: "the address moved; give the new one",
    302: "the address moved; give the new one",
    307: "the address moved; give the new one",
    308: "the address moved; give the new one",
    401: "the token is not accepted",
    403: "the token may not do this; it needs to write comments on requests",
    404: "no such repository or request, or the token may not see it",
    422: "the request is locked, or the comment is too long",
}


def _message(error: urllib.error.HTTPError) -> str:
    """The host's own words and what to do, on one line."""
    said = ""
    try:
        found = json.loads(error.read(64 * 1024))
    except (OSError, ValueError, RecursionError, HTTPException):
        found = None
    if isinstance(found, dict):
        given = cast(dict[str, object], found)
        said = str(given.get("message") or given.get("error") or "")
    words = " ".join(said.encode("ascii", "replace").decode("ascii").split())[:200]
    return "; ".join(each for each in (words, _ADVICE.get(error.code, "")) if each) or "no reason"
