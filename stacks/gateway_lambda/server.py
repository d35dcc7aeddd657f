"""The HTTP server that the web adapter talks to, and the wiring of everything behind it.

A Lambda instance serves one request at a time, and boto3 blocks, so that a thread per connection
is all the concurrency there is a use for.
"""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .cache import ExactCache
from .caps import Counters
from .forwarding import Forwarder
from .gateway import Gateway, Reply, Request
from .keys import Keys
from .metrics import Metering, metric_line
from .refusals import error_body
from .rules import SELFHOST, Rules
from .settings import Environment, Secrets, environment, read_parameters
from .upstream import Timeouts, Upstream

__all__ = ["main", "make_gateway", "make_server"]

HEALTH_PATH = "/health"
JSON = {"content-type": "application/json"}
# Lambda takes 6 MB; anything larger never comes through it.
_MOST_BODY_BYTES = 6 * 1024 * 1024


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, address: tuple[str, int], gateway: Gateway) -> None:
        super().__init__(address, _Handler)
        self.gateway = gateway


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # Nobody needs to know the versions behind it.
    server_version = "gateway"
    sys_version = ""

    def do_GET(self) -> None:
        """Health, and the list of models."""
        if self.path == HEALTH_PATH:
            self._write(Reply(status=200, headers={}, body=iter([b"ok"])))
        else:
            self._handle()

    def do_POST(self) -> None:
        """Everything that is forwarded."""
        self._handle()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: API Gateway writes the access log."""

    def _handle(self) -> None:
        size = int(self.headers.get("content-length") or 0)
        if size > _MOST_BODY_BYTES:
            self.close_connection = True
            too_large = error_body("the body is over 6 MB", "invalid_request_error", None)
            self._write(Reply(status=413, headers=JSON, body=iter([too_large])))
            return
        request = Request(
            method=self.command,
            path=self.path.partition("?")[0],
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(size),
        )
        assert isinstance(self.server, _Server)
        self._write(self.server.gateway.answer(request))

    def _write(self, reply: Reply) -> None:
        """Chunk by chunk. The last chunk comes after the body's end, and so after settlement:
        a function may be frozen as soon as its response is complete."""
        try:
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for data in reply.body:
                if data:
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
            self.wfile.write(b"0\r\n\r\n")
        except ConnectionError:
            self.close_connection = True
        finally:
            # A generator that the client left settles here, by what it was sent.
            if isinstance(reply.body, Generator):
                reply.body.close()


def make_gateway(
    names: Environment,
    client: Callable[..., Any],
    *,
    write: Callable[[str], None],
    clock: Callable[[], float] = time.time,
    upstream: Upstream | None = None,
) -> Gateway:
    """The gateway with real tables and providers.

    ``client(service, retries=...)`` makes boto3 clients, ``write`` takes metric lines.
    """
    dynamodb = client("dynamodb")
    settings = read_parameters(client("ssm"), names, clock)
    counters = Counters(client("dynamodb", retries=False), names.counters_table, clock)
    secrets = Secrets(client("secretsmanager"), names.provider_secrets, clock)

    def url_of(provider: str) -> str:
        urls = settings.get().rules.provider_urls
        return names.provider_urls.get(provider) or urls[provider]

    def enter() -> Callable[[], None] | None:
        rules = settings.get().rules
        most = _places(rules, clock())
        if most is None:
            return _nothing
        try:
            item = counters.enter(SELFHOST, most, rules.caps.shards)
        except Exception as error:
            # Own GPUs cost nothing more by the request: they answer, if slowly.
            _log(f"places not counted: {type(error).__name__}: {error}")
            return _nothing
        return None if item is None else lambda: _leave(counters, item)

    def cache(rules: Rules) -> ExactCache:
        return ExactCache(dynamodb, names.counters_table, rules.exact_cache_ttl_s, clock)

    return Gateway(
        settings=settings,
        keys=Keys(dynamodb, names.keys_table, clock),
        counters=counters,
        cache=cache,
        forwarder=Forwarder(
            upstream or Upstream(Timeouts(), clock),
            url_of=url_of,
            key_of=secrets.key_of,
            enter=enter,
            sleep=time.sleep,
            jitter=random.random,
        ),
        meter=lambda metering: write(metric_line(metering, int(clock() * 1000))),
        log=_log,
    )


def _places(rules: Rules, now: float) -> int | None:
    """Requests the own GPUs hold at once in this hour of the week."""
    bound = rules.selfhost_in_flight
    if not isinstance(bound, tuple):
        return bound
    at = time.gmtime(now)
    return bound[at.tm_wday * 24 + at.tm_hour]


def _nothing() -> None:
    """A place that need not be given back."""


def _leave(counters: Counters, item: str) -> None:
    try:
        counters.leave(item)
    except Exception as error:
        # Places are counted anew every ten minutes.
        _log(f"place not given back: {type(error).__name__}: {error}")


_stdout_lock = threading.Lock()


def _print(line: str) -> None:
    with _stdout_lock:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def _log(message: str) -> None:
    sys.stderr.write(message + "\n")


def _boto3_client(service: str, *, retries: bool = True) -> Any:
    import boto3
    from botocore.config import Config

    return boto3.client(
        service,
        config=Config(
            retries={"mode": "standard", "total_max_attempts": 3 if retries else 1},
            connect_timeout=2,
            read_timeout=5,
            max_pool_connections=64,
        ),
    )


def make_server(gateway: Gateway, port: int) -> ThreadingHTTPServer:
    """A server on this port of the loopback interface; 0 takes a free one."""
    return _Server(("127.0.0.1", port), gateway)


def _announce(rules: Rules) -> None:
    """Zeroes, so that every metric an alarm names exists before the first request."""
    for model in dict.fromkeys(route.metered_model for route in rules.routes):
        zero = Metering(stack=rules.stack, model=model, facts={"Start": 1})
        _print(metric_line(zero, int(time.time() * 1000)))


def main() -> None:
    """Serve until the process is ended."""
    names = environment(os.environ)
    with suppress(Exception):
        _announce(read_parameters(_boto3_client("ssm"), names, time.time).get().rules)
    server = make_server(
        make_gateway(names, _boto3_client, write=_print),
        int(os.environ.get("AWS_LWA_PORT", "8080")),
    )
    server.serve_forever()


if __name__ == "__main__":
    main()
