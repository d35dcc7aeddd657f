"""HTTP to the providers: kept connections, bounded waits, and failures by their kind.

The standard library's client: it is the only thing that adds nothing to the package, and it hands
on the bytes of a stream as they come.
"""

from __future__ import annotations

import contextlib
import http.client
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

__all__ = ["Answer", "Closed", "Failure", "TimedOut", "Timeouts", "Unreachable", "Upstream"]

_CHUNK_BYTES = 65536
# Providers close idle connections after about a minute, and a frozen function does not notice.
_MOST_IDLE_S = 20.0
_MOST_IDLE = 8
# What of a provider's answer the client is told beside the body.
_PASSED_HEADERS = ("content-type", "retry-after", "x-request-id", "openai-processing-ms")
_PASSED_PREFIXES = ("x-ratelimit-", "openai-")

_Connection = http.client.HTTPConnection
_Origin = tuple[str, str, int]


class Failure(Exception):
    """The provider gave no answer."""


class Unreachable(Failure):
    """No connection: nothing was sent, so nothing is billed."""


class Closed(Failure):
    """The connection ended before the answer did."""


class TimedOut(Failure):
    """The answer did not come in time; the provider may go on and bill it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds to wait: for a connection, for a stream's first and each further byte, and for a
    whole answer. API Gateway ends a response that is silent for five minutes, and Lambda all that
    take fifteen; a little less leaves time to settle."""

    connect_s: float = 3.0
    first_byte_s: float = 280.0
    next_byte_s: float = 120.0
    whole_s: float = 280.0
    longest_s: float = 850.0


@dataclass(slots=True, kw_only=True)
class Answer:
    """A response whose body is read piece by piece; ``close`` it in any case."""

    status: int
    headers: Mapping[str, str]
    _response: http.client.HTTPResponse
    _connection: _Connection
    _keep: Callable[[], None]
    _next_byte_s: float
    _overdue: Callable[[], bool]
    _ended: bool = field(default=False)

    def read(self) -> bytes:
        """The next bytes; empty at the end. Raises Closed or TimedOut."""
        if self._overdue():
            raise TimedOut("the answer takes longer than a function may run")
        try:
            data = self._next()
        except TimeoutError as error:
            raise TimedOut("no further bytes in time") from error
        except (http.client.HTTPException, OSError) as error:
            raise Closed("the provider closed the connection inside its answer") from error
        if not data:
            if self._response.length:
                raise Closed("the provider closed the connection inside its answer")
            self._ended = True
        elif self._connection.sock is not None:
            self._connection.sock.settimeout(self._next_byte_s)
        return data

    def _next(self) -> bytes:
        if self._response.length is None:
            return self._response.read1(_CHUNK_BYTES)
        # With a known length, read1 waits for more than the body in Python before 3.11.8.
        return self._response.read(_CHUNK_BYTES)

    def read_all(self) -> bytes:
        """The rest of the body."""
        pieces: list[bytes] = []
        while piece := self.read():
            pieces.append(piece)
        return b"".join(pieces)

    def close(self) -> None:
        """Keep the connection for the next request if the body was read to its end."""
        if self._ended and not self._response.will_close:
            self._keep()
        else:
            # Ends the generation at the provider too.
            self._connection.close()
        self._response.close()


class Upstream:
    """Connections to any number of providers. ``clock`` gives seconds, also over a freeze."""

    def __init__(self, timeouts: Timeouts, clock: Callable[[], float]) -> None:
        self._timeouts = timeouts
        self._clock = clock
        self._tls = ssl.create_default_context()
        self._idle: dict[_Origin, list[tuple[float, _Connection]]] = {}
        self._lock = threading.Lock()

    def post(self, url: str, body: bytes, headers: Mapping[str, str], *, stream: bool) -> Answer:
        """Send a request; the answer with its status and headers read. Raises Failure."""
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        origin = (parts.scheme, parts.hostname or "", port)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        kept = self._take(origin)
        if kept is not None:
            # One that was closed while idle fails at once: nothing has been answered on it.
            with contextlib.suppress(Closed):
                return self._exchange(kept, origin, target, body, headers, stream=stream)
        return self._exchange(self._connect(origin), origin, target, body, headers, stream=stream)

    def close(self) -> None:
        """Close the kept connections."""
        with self._lock:
            for idle in self._idle.values():
                for _, connection in idle:
                    connection.close()
            self._idle.clear()

    def _connect(self, origin: _Origin) -> _Connection:
        scheme, host, port = origin
        connection = (
            http.client.HTTPSConnection(
                host, port, timeout=self._timeouts.connect_s, context=self._tls
            )
            if scheme == "https"
            else http.client.HTTPConnection(host, port, timeout=self._timeouts.connect_s)
        )
        try:
            connection.connect()
        except OSError as error:
            raise Unreachable(f"no connection to {host}: {error}") from error
        return connection

    def _exchange(
        self,
        connection: _Connection,
        origin: _Origin,
        target: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        stream: bool,
    ) -> Answer:
        waits = self._timeouts
        ends_at = self._clock() + waits.longest_s
        try:
            if connection.sock is not None:
                connection.sock.settimeout(waits.first_byte_s if stream else waits.whole_s)
            connection.request("POST", target, body, dict(headers))
            response = connection.getresponse()
        except TimeoutError as error:
            connection.close()
            raise TimedOut("no answer in time") from error
        except (http.client.HTTPException, OSError) as error:
            connection.close()
            raise Closed("the provider closed the connection before it answered") from error
        return Answer(
            status=response.status,
            headers=_passed(response),
            _response=response,
            _connection=connection,
            _keep=lambda: self._give(origin, connection),
            _next_byte_s=waits.next_byte_s if stream else waits.whole_s,
            _overdue=lambda: self._clock() > ends_at,
        )

    def _take(self, origin: _Origin) -> _Connection | None:
        with self._lock:
            idle = self._idle.get(origin, [])
            while idle:
                since, connection = idle.pop()
                if self._clock() - since < _MOST_IDLE_S:
                    return connection
                connection.close()
        return None

    def _give(self, origin: _Origin, connection: _Connection) -> None:
        with self._lock:
            idle = self._idle.setdefault(origin, [])
            idle.append((self._clock(), connection))
            if len(idle) > _MOST_IDLE:
                idle.pop(0)[1].close()


def _passed(response: http.client.HTTPResponse) -> dict[str, str]:
    return {
        name.lower(): value
        for name, value in response.getheaders()
        if name.lower() in _PASSED_HEADERS or name.lower().startswith(_PASSED_PREFIXES)
    }
