"""A made-up AWS account: a moto server, and what the stand-in provider does to it.

Creates go through boto3 with the request of ``tests/stacks/calls.py``. What moto has no call
for, or answers without keeping, is kept as a record here: ``RECORDED`` says which and why. A type
that is in neither ``APPLIED`` nor ``RECORDED`` fails.
"""

from __future__ import annotations

import logging
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from tests.engine.applied import APPLIED, RECORDED, Applied
from tests.stacks.calls import CALLS
from tests.stacks.shapes import to_request

__all__ = ["Account", "NotThere", "Record", "serve_moto"]


class NotThere(KeyError):
    """The account has no such resource."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """One resource as the provider made it."""

    token: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]


def serve_moto() -> ThreadedMotoServer:
    """moto on a free port of this machine, without its access log."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    return server


@dataclass(kw_only=True)
class Account:
    """One account on a moto server. ``records`` is what stands in it, by type and id."""

    port: int
    region: str = "us-east-1"
    id: str = "123456789012"
    records: dict[tuple[str, str], Record] = field(default_factory=dict)
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """A boto3 client of the account."""
        if service not in self._clients:
            self._clients[service] = boto3.client(  # type: ignore[call-overload]
                service,
                region_name=self.region,
                endpoint_url=f"http://127.0.0.1:{self.port}",
                aws_access_key_id="testing",
                aws_secret_access_key="testing",
            )
        return self._clients[service]

    def reset(self) -> None:
        """Empty the whole server."""
        address = f"http://127.0.0.1:{self.port}/moto-api/reset"
        urllib.request.urlopen(urllib.request.Request(address, method="POST")).close()

    def of_type(self, token: str) -> list[Record]:
        """The records of one type, by id."""
        return [self.records[key] for key in sorted(self.records) if key[0] == token]

    def create(
        self, token: str, inputs: Mapping[str, Any], identity: str, outputs: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        """Make the resource; its id and the outputs that the account decides."""
        inputs = {**{k: outputs[k] for k in ("name", "bucket") if k in outputs}, **inputs}
        made: dict[str, Any] = {}
        if token in APPLIED:
            identity, made = self._apply(APPLIED[token], token, inputs, identity)
        elif token not in RECORDED:
            raise NotImplementedError("neither applied to moto nor recorded: tests/engine/applied")
        self.records[token, identity] = Record(
            token=token, inputs=inputs, outputs={**outputs, **made}
        )
        return identity, made

    def update(self, token: str, identity: str, inputs: Mapping[str, Any]) -> None:
        """Bring the resource to ``inputs``."""
        record = self._record(token, identity)
        inputs = {
            **{k: record.inputs[k] for k in ("name", "bucket") if k in record.inputs},
            **inputs,
        }
        if token in APPLIED:
            applied = APPLIED[token]
            if applied.update is not None:
                applied.update(self, identity, record, inputs)
            elif applied.again:
                self._apply(applied, token, inputs, identity)
        self.records[token, identity] = Record(token=token, inputs=inputs, outputs=record.outputs)

    def delete(self, token: str, identity: str) -> None:
        """Remove the resource; one that is gone already is no error."""
        record = self.records.pop((token, identity), None)
        delete = APPLIED[token].delete if token in APPLIED else None
        if record is not None and delete is not None:
            delete(self, identity, record)

    def read(self, token: str, identity: str) -> dict[str, Any]:
        """Inputs that somebody changed behind the program's back; NotThere when it is gone."""
        record = self._record(token, identity)
        reader = APPLIED[token].read if token in APPLIED else None
        try:
            return reader(self, identity, record) if reader is not None else {}
        except KeyError:
            del self.records[token, identity]
            raise NotThere(identity) from None

    def _record(self, token: str, identity: str) -> Record:
        try:
            return self.records[token, identity]
        except KeyError:
            raise NotThere(identity) from None

    def _apply(
        self, applied: Applied, token: str, inputs: Mapping[str, Any], identity: str
    ) -> tuple[str, dict[str, Any]]:
        call = CALLS[token]
        if applied.create is not None:
            return applied.create(self, inputs, identity)
        request, _ = to_request(call, inputs)
        response = self.request(call.service, call.operation, applied.shape(request))
        after = applied.after(response, inputs) if applied.after is not None else {}
        return str(after.pop("id", identity)), after

    def request(self, service: str, operation: str, parameters: Mapping[str, Any]) -> Any:
        """One AWS request."""
        client = self.client(service)
        methods: Mapping[str, str] = client.meta.method_to_api_mapping
        method = next(name for name, api in methods.items() if api == operation)
        return getattr(client, method)(**parameters)
