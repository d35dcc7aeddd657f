"""A fake AWS account, a provider that misbehaves on demand, and a gateway in front of it."""

from __future__ import annotations

import http.client
import itertools
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
from botocore.config import Config

from stacks.gateway_lambda.keys import key_hash
from stacks.gateway_lambda.server import make_gateway, make_server
from stacks.gateway_lambda.settings import Environment
from stacks.gateway_lambda.upstream import Timeouts, Upstream

KEY = "sk-planner-test"
PROVIDER_KEY = "sk-of-the-provider"
REGION = "us-east-1"
MILLION = 1_000_000
_numbers = itertools.count()
_open_clients: list[Any] = []


@contextmanager
def fake_account() -> Iterator[str]:
    """moto behind HTTP; the URL. One request at a time: moto's tables are not atomic by
    themselves, and DynamoDB's conditional writes are."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler
    from werkzeug.serving import make_server as make_wsgi_server

    app = DomainDispatcherApplication(create_backend_app)
    lock = threading.Lock()

    def one_at_a_time(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        with lock:
            return list(app(environ, start))

    class Quiet(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def log(self, type: str, message: str, *args: Any) -> None:
            pass

    server = make_wsgi_server("127.0.0.1", 0, one_at_a_time, True, request_handler=Quiet)
    server.daemon_threads = True  # pyright: ignore[reportAttributeAccessIssue]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        for client in _open_clients:
            client.close()
        _open_clients.clear()


@cache
def aws_client(url: str) -> Callable[..., Any]:
    """Makes clients of the fake account; each is made once and closed with it."""

    @cache
    def client(service: str, *, retries: bool = True) -> Any:
        found = boto3.client(
            service,
            endpoint_url=url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(
                retries={"mode": "standard", "total_max_attempts": 3 if retries else 1},
                max_pool_connections=64,
                read_timeout=60,
            ),
        )
        _open_clients.append(found)
        return found

    return client


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """An answer in one piece; ``cut`` closes the connection after so many bytes of it."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    cut: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Pieces as they are written, one chunk each; ``cut`` closes inside the stream."""

    pieces: tuple[bytes, ...]
    cut: bool = False
    gap_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hang:
    """No answer for so long."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """The connection is closed without an answer."""


Behaviour = Whole | Stream | Hang | Drop


def completion(prompt: int = 10, output: int = 5, cached: int = 0, **extra: Any) -> Whole:
    """A chat completion with this usage."""
    usage = usage_json(prompt, output, cached)
    message = {"role": "assistant", "content": "hello"}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    body = {"id": "c1", "object": "chat.completion", "choices": choices, "usage": usage, **extra}
    return Whole(body=json.dumps(body).encode())


def usage_json(prompt: int, output: int, cached: int = 0) -> dict[str, Any]:
    """The usage object of OpenAI's API."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": output,
        "total_tokens": prompt + output,
        "prompt_tokens_details": {"cached_tokens": cached},
    }


def event(value: Mapping[str, Any]) -> bytes:
    """One server-sent event."""
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def chunk(text: str | None = None, finish: str | None = None) -> bytes:
    """An event with a piece of the answer."""
    delta = {} if text is None else {"content": text}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return event({"object": "chat.completion.chunk", "choices": [choice], "usage": None})


def usage_chunk(prompt: int = 10, output: int = 5, cached: int = 0) -> bytes:
    """The last event of a stream that was asked for usage."""
    return event({"choices": [], "usage": usage_json(prompt, output, cached)})


DONE = b"data: [DONE]\n\n"
TEXT = (chunk("Hel"), chunk("lo"), chunk(finish="stop"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A request that reached the provider."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]


class FakeProvider:
    """Answers by its script, request by request, then always by ``default``."""

    def __init__(self) -> None:
        self.default: Behaviour = completion()
        self.script: list[Behaviour] = []
        self.seen: list[Seen] = []
        self.closed_by_client = threading.Event()
        self._lock = threading.Lock()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                seen = Seen(path=self.path, headers=headers, body=json.loads(raw))
                provider._serve(self, provider._next(seen))

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 1024

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """Where its API begins."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def close(self) -> None:
        """Stop it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _next(self, seen: Seen) -> Behaviour:
        with self._lock:
            self.seen.append(seen)
            return self.script.pop(0) if self.script else self.default

    def _serve(self, handler: BaseHTTPRequestHandler, behaviour: Behaviour) -> None:
        if isinstance(behaviour, Hang):
            time.sleep(behaviour.seconds)
            handler.close_connection = True
        elif isinstance(behaviour, Drop):
            _reset(handler)
        elif isinstance(behaviour, Whole):
            _write_whole(handler, behaviour)
        else:
            try:
                _write_stream(handler, behaviour)
            except ConnectionError:
                self.closed_by_client.set()
                handler.close_connection = True


def _write_whole(handler: BaseHTTPRequestHandler, whole: Whole) -> None:
    handler.send_response(whole.status)
    for name, value in {"content-type": "application/json", **whole.headers}.items():
        handler.send_header(name, value)
    handler.send_header("content-length", str(len(whole.body)))
    handler.end_headers()
    handler.wfile.write(whole.body if whole.cut is None else whole.body[: whole.cut])
    if whole.cut is not None:
        handler.wfile.flush()
        _reset(handler)


def _write_stream(handler: BaseHTTPRequestHandler, stream: Stream) -> None:
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream")
    handler.send_header("transfer-encoding", "chunked")
    handler.end_headers()
    for piece in stream.pieces:
        handler.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        time.sleep(stream.gap_s)
    if stream.cut:
        handler.wfile.flush()
        _reset(handler)
    else:
        handler.wfile.write(b"0\r\n\r\n")


def _reset(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """What a client got."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def error(self) -> dict[str, Any]:
        """The error object."""
        return json.loads(self.body)["error"]


def default_rules(provider_url: str) -> dict[str, Any]:
    """One model at $1 and $2 per 1M tokens, half price cached; caps of $1,000."""
    return {
        "stack": "test",
        "providers": {"acme": provider_url},
        "routes": [
            {
                "name": "large",
                "provider": "acme",
                "model": "acme-large",
                "in": "1",
                "cached": "0.5",
                "out": "2",
            }
        ],
        "caps": {"month_microusd": 1000 * MILLION, "day_microusd": 1000 * MILLION},
        "max_output_tokens": 100,
    }


class Bench:
    """A gateway of its own over the fake account, with its tables, rules and one client key."""

    def __init__(
        self,
        account_url: str,
        rules: Mapping[str, Any],
        *,
        timeouts: Timeouts | None = None,
        cap_month_microusd: int = 1000 * MILLION,
    ) -> None:
        self.client = aws_client(account_url)
        self.dynamodb = self.client("dynamodb")
        self.ssm = self.client("ssm")
        mark = f"t{next(_numbers)}"
        self.keys_table, self.counters_table = f"{mark}-keys", f"{mark}-counters"
        make_table(self.dynamodb, self.keys_table, "key_hash")
        make_table(self.dynamodb, self.counters_table, "pk")
        self.add_key(KEY, cap_month_microusd=cap_month_microusd)
        secrets: dict[str, str] = {}
        manager = self.client("secretsmanager")
        for provider in rules["providers"]:
            made = manager.create_secret(Name=f"{mark}-{provider}", SecretString=PROVIDER_KEY)
            secrets[provider] = made["ARN"]
        self.environment = Environment(
            rules_parameter=f"/{mark}/rules",
            switch_parameter=f"/{mark}/switch",
            keys_table=self.keys_table,
            counters_table=self.counters_table,
            provider_secrets=secrets,
            provider_urls={},
        )
        self.ssm.put_parameter(
            Name=self.environment.rules_parameter, Value=json.dumps(rules), Type="String"
        )
        self.ssm.put_parameter(Name=self.environment.switch_parameter, Value="open", Type="String")
        self.lines: list[dict[str, Any]] = []
        self.clock_s = time.time()
        waits = timeouts or Timeouts(connect_s=1, first_byte_s=5, next_byte_s=5, whole_s=5)
        self._upstream = Upstream(waits, lambda: self.clock_s)
        self.gateway = make_gateway(
            self.environment,
            self.client,
            write=lambda line: self.lines.append(json.loads(line)),
            clock=lambda: self.clock_s,
            upstream=self._upstream,
        )
        self._server = make_server(self.gateway, 0)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()
        self.port = int(self._server.server_address[1])

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._upstream.close()

    def add_key(self, token: str, **attributes: Any) -> None:
        """A client key in the table."""
        found = {
            "key_id": "key_1",
            "tenant": "team-a",
            "state": "active",
            "cap_month_microusd": 1000 * MILLION,
            **attributes,
        }
        item: dict[str, Any] = {"key_hash": {"S": key_hash(token)}}
        for name, value in found.items():
            if isinstance(value, bool):
                item[name] = {"BOOL": value}
            else:
                item[name] = {"N": str(value)} if isinstance(value, int) else {"S": value}
        self.dynamodb.put_item(TableName=self.keys_table, Item=item)

    def post(
        self,
        fields: Mapping[str, Any],
        *,
        key: str | None = KEY,
        path: str = "/v1/chat/completions",
        headers: Mapping[str, str] | None = None,
    ) -> Got:
        """One request and its whole answer."""
        sent = {"content-type": "application/json", **(headers or {})}
        if key is not None:
            sent["authorization"] = f"Bearer {key}"
        return ask(self.port, "POST", path, json.dumps(fields).encode(), sent)

    def counter(self, scope: str = "stack") -> dict[str, int]:
        """The counter item of this month, summed over its shards."""
        month = time.strftime("%Y-%m", time.gmtime(self.clock_s))
        sums: dict[str, int] = {"committed": 0, "unsettled": 0}
        for item in self.dynamodb.scan(TableName=self.counters_table)["Items"]:
            if item["pk"]["S"].startswith(f"cap#{scope}#{month}#"):
                for name in sums:
                    sums[name] += int(item[name]["N"])
        return sums

    def wait_for_lines(self, count: int) -> None:
        """Until so many requests are settled; they settle after the client has gone, too."""
        limit = time.monotonic() + 10
        while len(self.lines) < count and time.monotonic() < limit:
            time.sleep(0.01)
        assert len(self.lines) >= count


def make_table(dynamodb: Any, name: str, key: str) -> None:
    """An empty table."""
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def ask(port: int, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Got:
    """One request on a connection of its own."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Got(status=answer.status, headers=found, body=answer.read())


def chat(model: str = "large", **fields: Any) -> dict[str, Any]:
    """A small chat request."""
    return {"model": model, "messages": [{"role": "user", "content": "hi"}], **fields}
