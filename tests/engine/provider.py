"""A stand-in for the aws provider: the real engine talks to it, and it to a fake account.

``Check`` refuses what the real provider or AWS would refuse, ``Create``, ``Update`` and
``Delete`` go through boto3 to a moto server (``account.py``), and ``Diff`` follows the table of
``replacements.py``. It can be told to fail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent import futures
from threading import Lock
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from tests.engine.account import Account, NotThere
from tests.engine.replacements import replaced_by
from tests.stacks.program_path import answers, wire

__all__ = ["Provider", "serve_provider"]

Problems = Callable[[str, Mapping[str, Any]], list[tuple[str, str]]]


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """One account's provider. ``refuse`` says which creates fail: ``{resource name: message}``."""

    def __init__(self, account: Account, problems: Problems) -> None:
        self.account = account
        self.refuse: dict[str, str] = {}
        self.created: list[str] = []
        self._problems = problems
        self._lock = Lock()

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=False, accept_resources=False, accept_outputs=False
        )

    def Attach(self, request: Any, context: grpc.ServicerContext) -> Any:
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        return plugin_pb2.PluginInfo(version="7.51.1")

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.GetSchemaResponse(schema="{}")

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
        arguments = wire.plain_properties(request.args).value
        answer = answers.invoke_answer(
            request.tok, arguments, region=self.account.region, account=self.account.id
        )
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(_struct(answer))
        return response

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        news, token = wire.plain_properties(request.news).value, _token(request.urn)
        failures = [
            provider_pb2.CheckFailure(property=where, reason=why)
            for where, why in self._problems(token, news)
        ]
        response = provider_pb2.CheckResponse(failures=failures)
        response.inputs.CopyFrom(request.news)
        named = answers.auto_named(token, _name(request.urn), news)
        olds = wire.plain_properties(request.olds).value
        for key in named.keys() - news.keys():
            response.inputs[key] = olds.get(key, named[key])
        return response

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        olds = _inputs(request.old_inputs, request.ignoreChanges)
        news = _inputs(request.news, request.ignoreChanges)
        changed = sorted(k for k in olds.keys() | news.keys() if olds.get(k) != news.get(k))
        kind = provider_pb2.DiffResponse
        token = _token(request.urn)
        replaces = [key for key in changed if replaced_by(token, key)]
        return provider_pb2.DiffResponse(
            changes=kind.DIFF_SOME if changed else kind.DIFF_NONE,
            diffs=changed,
            replaces=replaces,
            deleteBeforeReplace=bool(replaces) and _keeps_name(olds, news),
        )

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        if request.preview:
            return provider_pb2.CreateResponse(properties=request.properties)
        name, token = _name(request.urn), _token(request.urn)
        if name in self.refuse:
            context.abort(grpc.StatusCode.UNKNOWN, self.refuse[name])
        inputs = wire.plain_properties(request.properties).value
        with self._lock:
            identity, outputs = self._made(token, name, request.urn, inputs, context)
            self.created.append(request.urn)
        response = provider_pb2.CreateResponse(id=identity)
        response.properties.CopyFrom(_merged(request.properties, outputs))
        return response

    def _made(
        self,
        token: str,
        name: str,
        urn: str,
        inputs: Mapping[str, Any],
        context: grpc.ServicerContext,
    ) -> tuple[str, dict[str, Any]]:
        identity, outputs = answers.invented_outputs(
            token, name, inputs, region=self.account.region, account=self.account.id, urn=urn
        )
        try:
            real_id, real = self.account.create(token, {**inputs}, identity, outputs)
        except Exception as error:
            context.abort(grpc.StatusCode.UNKNOWN, f"{token} {name}: {error}")
        return real_id, {**outputs, **real}

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            drift = self.account.read(_token(request.urn), request.id)
        except NotThere:
            return provider_pb2.ReadResponse(id="")
        response = provider_pb2.ReadResponse(id=request.id)
        response.properties.CopyFrom(_merged(request.properties, drift))
        response.inputs.CopyFrom(_merged(request.inputs, drift))
        return response

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        if not request.preview:
            inputs = wire.plain_properties(request.news).value
            with self._lock:
                try:
                    self.account.update(_token(request.urn), request.id, inputs)
                except Exception as error:
                    context.abort(grpc.StatusCode.UNKNOWN, f"{_name(request.urn)}: {error}")
        response = provider_pb2.UpdateResponse()
        merged = struct_pb2.Struct()
        merged.CopyFrom(request.olds)
        merged.MergeFrom(request.news)
        for key in request.old_inputs.fields.keys() - request.news.fields.keys():
            merged.fields.pop(key, None)
        for key, value in request.news.fields.items():
            merged.fields[key].CopyFrom(value)
        response.properties.CopyFrom(merged)
        return response

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        with self._lock:
            try:
                self.account.delete(_token(request.urn), request.id)
            except Exception as error:
                context.abort(grpc.StatusCode.UNKNOWN, f"{_name(request.urn)}: {error}")
        return empty_pb2.Empty()


def _token(urn: str) -> str:
    return urn.split("::")[2].rsplit("$", 1)[-1]


def _name(urn: str) -> str:
    return urn.split("::", 3)[3]


def _inputs(struct: Any, ignored: Any) -> dict[str, Any]:
    plain = wire.plain_properties(struct).value
    return {k: v for k, v in plain.items() if not k.startswith("__") and k not in ignored}


def _keeps_name(olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    """Two of the same name cannot exist at once: the old one has to go first."""
    return "name" in news and olds.get("name") == news["name"]


def _struct(value: Mapping[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(dict(value), struct_pb2.Struct())


def _merged(properties: struct_pb2.Struct, more: Mapping[str, Any]) -> struct_pb2.Struct:
    """``properties`` as they came (files and all), and ``more`` where it says something else."""
    merged = struct_pb2.Struct()
    merged.CopyFrom(properties)
    known = wire.plain_properties(properties).value
    for key, value in more.items():
        if key not in known or known[key] != value:
            merged.fields[key].CopyFrom(_struct({"it": value}).fields["it"])
    return merged


def serve_provider(provider: Provider) -> tuple[grpc.Server, int]:
    """The provider on a free port of this machine."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port
