"""From routes to one answer: fallback, and retries that cannot become a storm.

Retried is only what a provider does not bill: no connection, 429, 5xx, a connection closed before
the first byte. A request that timed out may still be generated and billed, so it is passed on as
504. Another provider is tried at once; the same one only once more, and only while the retry
budget lasts, which every request refills by a fifth: in an outage providers see at most about 1.2
calls a request.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .asked import Asked, body_for
from .refusals import Refusal
from .rules import SELFHOST, Route
from .upstream import Answer, Closed, Failure, TimedOut, Upstream

__all__ = ["Forwarder", "Opened", "RetryBudget", "Unanswered"]

_REFUSED_OUR_KEY = (401, 402, 403)
_MOST_WAIT_S = 2.0
_LEAST_WAIT_S = 0.2
_ERROR_BYTES_KEPT = 1_000_000


class RetryBudget:
    """A fifth of a retry for every request, at most ``most`` saved up."""

    def __init__(self, *, per_request: float = 0.2, most: float = 3.0) -> None:
        self._per_request = per_request
        self._most = most
        self._left = 1.0
        self._lock = threading.Lock()

    def earn(self) -> None:
        """Count a request."""
        with self._lock:
            self._left = min(self._most, self._left + self._per_request)

    def spend(self) -> bool:
        """Whether a retry may be made."""
        with self._lock:
            if self._left < 1.0:
                return False
            self._left -= 1.0
            return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An answer to pass on. ``first`` is what was read of a stream to know that it began."""

    route: Route
    answer: Answer
    first: bytes = b""
    leave: Callable[[], None] = lambda: None


class Unanswered(Exception):
    """No route answered. ``sent_to`` is the one that may bill the request all the same."""

    def __init__(self, refusal: Refusal, sent_to: Route | None = None) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal
        self.sent_to = sent_to


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failed:
    refusal: Refusal
    wait_s: float | None = 0.0
    retryable: bool = True
    sent_to: Route | None = None


class Forwarder:
    """Sends requests along their routes. ``enter`` gives a place on the own GPUs, or None."""

    def __init__(
        self,
        upstream: Upstream,
        *,
        url_of: Callable[[str], str],
        key_of: Callable[[str], str | None],
        enter: Callable[[], Callable[[], None] | None],
        sleep: Callable[[float], None],
        jitter: Callable[[], float],
        budget: RetryBudget | None = None,
    ) -> None:
        self._upstream = upstream
        self._url_of = url_of
        self._key_of = key_of
        self._enter = enter
        self._sleep = sleep
        self._jitter = jitter
        self._budget = budget or RetryBudget()

    def open(self, asked: Asked, routes: tuple[Route, ...]) -> Opened:
        """The first answer that is not a failure; else Unanswered with the last failure."""
        self._budget.earn()
        failed: _Failed | None = None
        for position, route in enumerate(routes):
            last = position == len(routes) - 1
            leave = self._place(route, needed=not last)
            if leave is None:
                continue
            outcome = self._try(asked, route, leave)
            if isinstance(outcome, _Failed) and last and self._again(outcome):
                leave = self._place(route, needed=False) or (lambda: None)
                outcome = self._try(asked, route, leave)
            if isinstance(outcome, Opened):
                return outcome
            failed = outcome
            if failed.sent_to is not None:
                break
        # The last route is always tried, so there is a failure here.
        assert failed is not None
        raise Unanswered(failed.refusal, failed.sent_to)

    def _place(self, route: Route, *, needed: bool) -> Callable[[], None] | None:
        """A place on the own GPUs, or None to overflow; the last route takes all that comes."""
        if route.provider != SELFHOST or not needed:
            return lambda: None
        return self._enter()

    def _again(self, failed: _Failed) -> bool:
        """Wait and say yes if the same provider may be asked once more."""
        wait = failed.wait_s
        if not failed.retryable or wait is None or wait > _MOST_WAIT_S or not self._budget.spend():
            return False
        self._sleep(max(wait, _LEAST_WAIT_S) * (1.0 + self._jitter()))
        return True

    def _try(self, asked: Asked, route: Route, leave: Callable[[], None]) -> Opened | _Failed:
        try:
            outcome = self._ask(asked, route, leave)
        except BaseException:
            leave()
            raise
        if isinstance(outcome, _Failed):
            leave()
        return outcome

    def _ask(self, asked: Asked, route: Route, leave: Callable[[], None]) -> Opened | _Failed:
        url = self._url_of(route.provider).rstrip("/") + asked.path.removeprefix("/v1")
        key = self._key_of(route.provider)
        headers = {
            "content-type": "application/json",
            "accept": "text/event-stream" if asked.stream else "application/json",
            # Compressed bytes could be neither counted nor passed on event by event.
            "accept-encoding": "identity",
            **({} if key is None else {"authorization": f"Bearer {key}"}),
        }
        answer: Answer | None = None
        try:
            answer = self._upstream.post(url, body_for(asked, route), headers, stream=asked.stream)
            return self._judge(asked, route, answer, leave)
        except TimedOut as error:
            _close(answer)
            return _Failed(
                refusal=_refusal(504, route, str(error), code="provider_timeout"),
                retryable=False,
                sent_to=route,
            )
        except Failure as error:
            _close(answer)
            return _Failed(refusal=_refusal(502, route, str(error), code="provider_unreachable"))

    def _judge(
        self, asked: Asked, route: Route, answer: Answer, leave: Callable[[], None]
    ) -> Opened | _Failed:
        status = answer.status
        if status < 400:
            if not asked.stream:
                return Opened(route=route, answer=answer, leave=leave)
            first = answer.read()
            if not first:
                raise Closed("the provider ended its stream before the first byte")
            return Opened(route=route, answer=answer, first=first, leave=leave)
        if status in _REFUSED_OUR_KEY:
            answer.close()
            message = f"refused the gateway's own key or account ({status})"
            refusal = _refusal(502, route, message, code="provider_refused_gateway")
            return _Failed(refusal=refusal, retryable=False)
        if status == 429 or status >= 500:
            return _passed_on(answer)
        # The client's own mistake: the provider's words are the best answer.
        return Opened(route=route, answer=answer, leave=leave)


def _passed_on(answer: Answer) -> _Failed:
    """A provider's 429 or 5xx, with its own words for the client if no other route answers."""
    body = answer.read_all()[:_ERROR_BYTES_KEPT]
    answer.close()
    refusal = Refusal(answer.status, "", kind="api_error")
    refusal.body = body
    # After our own retry an SDK's would multiply with it; a rate limit is the client's to await.
    stop = {} if answer.status == 429 else {"x-should-retry": "false"}
    refusal.headers = {**answer.headers, **stop}
    return _Failed(refusal=refusal, wait_s=_retry_after(answer.headers))


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds the provider asks for; 0 when it does not say, None when it gives a date."""
    text = headers.get("retry-after", "0")
    try:
        return max(0.0, float(text))
    except ValueError:
        return None


def _refusal(status: int, route: Route, message: str, *, code: str) -> Refusal:
    return Refusal(status, f"{route.provider}: {message}", kind="api_error", code=code, retry=False)


def _close(answer: Answer | None) -> None:
    if answer is not None:
        answer.close()
