"""What the gateway function adds to a request, against calling the same provider directly.

    python benchmarks/gateway.py [--requests 400] [--clients 16] [--table-ms 0 4]

The gateway and a fake provider run in processes of their own on this machine; the provider
streams 20 events at once. The tables are a stand-in in the gateway's memory that answers after
``--table-ms``: 0 shows the function's own work, 4 is about what DynamoDB takes inside a region. A
Lambda instance serves one request at a time, so "one by one" is what its clients see; the
throughput is that of one process. No test depends on these numbers.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from typing import Any

_PROVIDER_EVENTS = 20
_BODY = json.dumps(
    {
        "model": "large",
        "messages": [{"role": "user", "content": "word " * 400}],
        "stream": True,
        "max_tokens": 200,
    }
).encode()
_HEADERS = {"authorization": "Bearer sk-bench", "content-type": "application/json"}


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def provide(found: Connection) -> None:
    """A provider that streams at once."""
    text = _event({"choices": [{"index": 0, "delta": {"content": "word "}}], "usage": None})
    usage = {"prompt_tokens": 400, "completion_tokens": _PROVIDER_EVENTS, "total_tokens": 420}
    pieces = [text] * _PROVIDER_EVENTS
    pieces += [_event({"choices": [], "usage": usage}), b"data: [DONE]\n\n"]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for piece in pieces:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.send(server.server_address[1])
    server.serve_forever()


class _Tables:
    """Stands for every AWS client: answers what the gateway reads, after ``wait_s``."""

    def __init__(self, rules: str, wait_s: float) -> None:
        self._rules = rules
        self._wait_s = wait_s

    def _wait(self) -> None:
        if self._wait_s:
            time.sleep(self._wait_s)

    def get_parameters(self, Names: list[str]) -> dict[str, Any]:
        values = {Names[0]: self._rules, Names[1]: "open"}
        return {"Parameters": [{"Name": name, "Value": value} for name, value in values.items()]}

    def get_secret_value(self, SecretId: str) -> dict[str, str]:
        return {"SecretString": f"key of {SecretId}"}

    def get_item(self, **request: Any) -> dict[str, Any]:
        self._wait()
        fields = {"key_id": "key_1", "tenant": "bench", "state": "active"}
        item: dict[str, Any] = {name: {"S": value} for name, value in fields.items()}
        return {"Item": {**item, "cap_month_microusd": {"N": str(10**12)}}}

    def update_item(self, **request: Any) -> dict[str, Any]:
        self._wait()
        return {"Attributes": {"unsettled": {"N": "0"}}}


def gate(found: Connection, provider_port: int, table_ms: float) -> None:
    """The gateway in front of the provider."""
    from stacks.gateway_lambda.server import make_gateway, make_server
    from stacks.gateway_lambda.settings import Environment

    rules = {
        "stack": "bench",
        "providers": {"acme": f"http://127.0.0.1:{provider_port}/v1"},
        "routes": [{"name": "large", "provider": "acme", "model": "m", "in": "1", "out": "2"}],
        "caps": {"month_microusd": 10**12, "day_microusd": 10**12},
        "max_output_tokens": 1000,
    }
    tables = _Tables(json.dumps(rules), table_ms / 1000)
    names = Environment(
        rules_parameter="rules",
        switch_parameter="switch",
        keys_table="keys",
        counters_table="counters",
        provider_secrets={"acme": "secret"},
        provider_urls={},
    )
    gateway = make_gateway(names, lambda service, **_: tables, write=lambda line: None)
    server = make_server(gateway, 0)
    found.send(server.server_address[1])
    server.serve_forever()


class _Client(threading.local):
    """A kept connection for each thread."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.connection.connect()

    def ask(self) -> tuple[float, float]:
        """Seconds to the first byte of the answer, and to its end."""
        start = time.perf_counter()
        self.connection.request("POST", "/v1/chat/completions", _BODY, _HEADERS)
        answer = self.connection.getresponse()
        assert answer.status == 200, answer.read()
        answer.read1(1)
        first = time.perf_counter() - start
        answer.read()
        return first, time.perf_counter() - start


def one_by_one(port: int, requests: int) -> list[tuple[float, float]]:
    """Times of requests, one after the other."""
    client = _Client(port)
    for _ in range(20):
        client.ask()
    return [client.ask() for _ in range(requests)]


def per_second(port: int, requests: int, clients: int) -> float:
    """Requests a second with so many clients at once."""
    client = _Client(port)
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(lambda _: client.ask(), range(clients)))
        start = time.perf_counter()
        list(pool.map(lambda _: client.ask(), range(requests)))
        return requests / (time.perf_counter() - start)


def _quantile_ms(seconds: list[float], share: float) -> float:
    return statistics.quantiles(seconds, n=100, method="inclusive")[round(share * 100) - 1] * 1000


def _row(name: str, port: int, requests: int, clients: int) -> None:
    times = one_by_one(port, requests)
    firsts, wholes = [time[0] for time in times], [time[1] for time in times]
    rate = per_second(port, requests, clients)
    cells = [_quantile_ms(values, q) for values in (firsts, wholes) for q in (0.5, 0.99)]
    print(f"{name:22}" + "".join(f"{cell:12.2f}" for cell in cells) + f"{rate:14.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--table-ms", type=float, nargs="*", default=[0.0, 4.0])
    args = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    started: list[Any] = []

    def start(target: Any, *given: Any) -> int:
        here, there = context.Pipe()
        started.append(context.Process(target=target, args=(there, *given), daemon=True))
        started[-1].start()
        return here.recv()

    print("milliseconds, one by one      first byte                whole       requests/s")
    print(f"{'':22}{'p50':>12}{'p99':>12}{'p50':>12}{'p99':>12}{f'{args.clients} clients':>14}")
    try:
        provider = start(provide)
        _row("provider", provider, args.requests, args.clients)
        for table_ms in args.table_ms:
            port = start(gate, provider, table_ms)
            _row(f"gateway, tables {table_ms:g} ms", port, args.requests, args.clients)
    finally:
        for process in started:
            process.terminate()


if __name__ == "__main__":
    main()
