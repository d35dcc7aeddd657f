"""The stand-in engine: a resource monitor over gRPC that keeps what the program registers."""

from __future__ import annotations

import asyncio
import os
import runpy
import sys
import traceback
from collections.abc import Callable, Mapping
from concurrent import futures
from pathlib import Path
from threading import Lock
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime import Settings, configure, run_in_stack, set_all_config
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    provider_pb2,
    resource_pb2,
    resource_pb2_grpc,
)

from fake_engine.answers import UnknownInvoke, auto_named, invented_outputs, invoke_answer
from fake_engine.wire import plain_properties

__all__ = ["run_program"]

_STACK = "pulumi:pulumi:Stack"
_STACK_REFERENCE = "pulumi:pulumi:StackReference"
_PROVIDER = "pulumi:providers:"
# What the real engine of today can do and the program may rely on.
_FEATURES = {"secrets", "resourceReferences", "outputValues", "deletedWith", "aliasSpecs"}


class _Monitor(resource_pb2_grpc.ResourceMonitorServicer):
    """Answers registrations; with ``dry_run`` nothing is computed, as in a preview."""

    def __init__(self, request: Mapping[str, Any]) -> None:
        self.resources: dict[str, dict[str, Any]] = {}
        self.stack_outputs: dict[str, Any] = {}
        self.secret_outputs: tuple[str, ...] = ()
        self.invokes: list[dict[str, Any]] = []
        self.problems: list[str] = []
        self._request = request
        self._lock = Lock()

    def GetDeploymentInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "not served")

    def SupportsFeature(self, request: Any, context: grpc.ServicerContext) -> Any:
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in _FEATURES)

    def SignalAndWaitForShutdown(self, request: Any, context: grpc.ServicerContext) -> Any:
        return empty_pb2.Empty()

    def RegisterResource(self, request: Any, context: grpc.ServicerContext) -> Any:
        with self._lock:
            urn = self._urn(request)
            if urn in self.resources:
                problem = f"Duplicate resource URN '{urn}'; try giving it a unique name"
                self.problems.append(problem)
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, problem)
            identity, outputs = self._created(urn, request)
            self.resources[urn] = _record(urn, request, identity, outputs)
        answer = resource_pb2.RegisterResourceResponse(urn=urn, id=identity)
        answer.object.CopyFrom(_struct(_without_files(outputs)))
        return answer

    def ReadResource(self, request: Any, context: grpc.ServicerContext) -> Any:
        """A look at something that exists; the only one served is another stack's outputs."""
        if request.type != _STACK_REFERENCE:
            problem = f"the stand-in engine cannot read a {request.type}"
            self.problems.append(problem)
            context.abort(grpc.StatusCode.UNIMPLEMENTED, problem)
        name = plain_properties(request.properties).value.get("name", request.id)
        outputs = self._request.get("deployed_outputs", {})
        found = {"name": name, "outputs": outputs, "secretOutputNames": []}
        answer = resource_pb2.ReadResourceResponse(urn=self._urn(request))
        answer.properties.CopyFrom(_struct(found))
        return answer

    def RegisterResourceOutputs(self, request: Any, context: grpc.ServicerContext) -> Any:
        outputs = plain_properties(request.outputs)
        record = self.resources.get(request.urn)
        if record is not None and record["type"] == _STACK:
            self.stack_outputs, self.secret_outputs = outputs.value, outputs.secrets
        elif record is not None:
            record["outputs"] = outputs.value
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
        args = plain_properties(request.args).value
        self.invokes.append({"token": request.tok, "args": args})
        try:
            answer = invoke_answer(
                request.tok,
                args,
                region=self._request["region"],
                account=self._request["account"],
            )
        except UnknownInvoke as error:
            problem = f"the stand-in engine has no answer for the look-up {error.args[0]}"
            self.problems.append(problem)
            context.abort(grpc.StatusCode.UNIMPLEMENTED, problem)
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(_struct(answer))
        return response

    def _urn(self, request: Any) -> str:
        stack, project = self._request["stack"], self._request["project"]
        parent = self.resources.get(request.parent)
        chain = request.type
        if parent is not None and parent["type"] != _STACK:
            chain = f"{parent['urn'].split('::')[2]}${request.type}"
        return f"urn:pulumi:{stack}::{project}::{chain}::{request.name}"

    def _created(self, urn: str, request: Any) -> tuple[str, dict[str, Any]]:
        if not request.custom:
            return "", {}
        inputs = plain_properties(request.object).value
        dry_run = self._request["dry_run"]
        if request.type.startswith(_PROVIDER):
            return ("" if dry_run else f"provider-{request.name}"), inputs
        if dry_run:
            return "", auto_named(request.type, request.name, inputs)
        return invented_outputs(
            request.type,
            request.name,
            inputs,
            region=inputs.get("region") or self._request["region"],
            account=self._request["account"],
            urn=urn,
        )


class _Engine(engine_pb2_grpc.EngineServicer):
    """Takes what the program logs, and keeps the root resource."""

    def __init__(self) -> None:
        self.logs: list[dict[str, Any]] = []
        self._root = ""

    def Log(self, request: Any, context: grpc.ServicerContext) -> Any:
        severity = engine_pb2.LogSeverity.Name(request.severity).lower()
        if severity != "debug":
            self.logs.append({"severity": severity, "message": request.message})
        return empty_pb2.Empty()

    def GetRootResource(self, request: Any, context: grpc.ServicerContext) -> Any:
        return engine_pb2.GetRootResourceResponse(urn=self._root)

    def SetRootResource(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()


def _without_files(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Files have a form of their own on the wire, and no program reads them back."""
    files = ({"$asset"}, {"$archive"})
    return {
        key: value
        for key, value in outputs.items()
        if not (isinstance(value, dict) and value.keys() in files)
    }


def _struct(value: Mapping[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(dict(value), struct_pb2.Struct())


def _record(urn: str, request: Any, identity: str, outputs: Mapping[str, Any]) -> dict[str, Any]:
    inputs = plain_properties(request.object)
    return {
        "urn": urn,
        "type": request.type,
        "name": request.name,
        "parent": request.parent,
        "custom": request.custom,
        "provider": request.provider,
        "id": identity,
        "inputs": inputs.value,
        "outputs": dict(outputs),
        "secrets": inputs.secrets,
        "unknowns": inputs.unknowns,
        "dependencies": sorted(request.dependencies),
        "property_dependencies": {
            key: sorted(value.urns)
            for key, value in sorted(request.propertyDependencies.items())
            if value.urns
        },
        "ignore_changes": sorted(request.ignoreChanges),
        "additional_secret_outputs": sorted(request.additionalSecretOutputs),
        "protect": request.protect,
        "retain_on_delete": request.retainOnDelete,
        "source": _source(request),
    }


def _source(request: Any) -> str:
    if not request.sourcePosition.uri:
        return ""
    file = request.sourcePosition.uri.rsplit("/", 1)[-1]
    return f"{file}:{request.sourcePosition.line}"


def run_program(request: Mapping[str, Any]) -> dict[str, Any]:
    """What the program of ``request`` registers; see ``fake_engine.__main__`` for the keys."""
    monitor, engine = _Monitor(request), _Engine()
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(monitor, server)
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        error = _error_of(lambda: _run(request, address))
    finally:
        server.stop(0)
    problems = [log["message"] for log in engine.logs if log["severity"] == "error"]
    return {
        "error": _one_error([*monitor.problems, *problems], error),
        "resources": sorted(monitor.resources.values(), key=lambda record: record["urn"]),
        "stack_outputs": monitor.stack_outputs,
        "secret_outputs": monitor.secret_outputs,
        "invokes": monitor.invokes,
        "logs": engine.logs,
    }


def _run(request: Mapping[str, Any], address: str) -> None:
    program = Path(request["program"])
    set_all_config(dict(request["config"]), list(request["config_secret_keys"]))
    configure(
        Settings(
            project=request["project"],
            stack=request["stack"],
            monitor=address,
            engine=address,
            dry_run=request["dry_run"],
            organization=request["organization"],
            root_directory=str(program),
        )
    )
    os.chdir(program)
    sys.path[0] = str(program)

    def main() -> None:
        runpy.run_path(str(program / "__main__.py"), run_name="__main__")

    asyncio.run(run_in_stack(main))


def _error_of(run: Callable[[], None]) -> str:
    try:
        run()
    except SystemExit as stopped:
        return "" if stopped.code in (None, 0) else f"the program ended with code {stopped.code}"
    except Exception as error:
        # The user is told the last line; --debug shows where it comes from.
        return "".join(traceback.format_exception(error))
    return ""


def _one_error(reported: list[str], raised: str) -> str:
    return "\n".join(dict.fromkeys([*reported, raised] if raised else reported)).strip()
