"""A host for Python programs, for machines that have `pulumi` but not its language plug-in.

The engine starts ``pulumi-language-python <engine address>``, reads a port from the first line of
its standard output, and asks over gRPC for the program to be run. Only what the engine needs to
run a program that is installed already is served.
"""

from __future__ import annotations

import asyncio
import json
import runpy
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pulumi
from google.protobuf import empty_pb2
from pulumi.runtime import Settings, configure, run_in_stack, set_all_config
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

# The program has told the engine what is wrong already.
_REPORTED = 32


class _Host(language_pb2_grpc.LanguageRuntimeServicer):
    def __init__(self, engine: str) -> None:
        self._engine = engine

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        return plugin_pb2.PluginInfo(version="0.0.0")

    def GetRequiredPackages(self, request: Any, context: grpc.ServicerContext) -> Any:
        return language_pb2.GetRequiredPackagesResponse()

    def About(self, request: Any, context: grpc.ServicerContext) -> Any:
        return language_pb2.AboutResponse(executable=sys.executable)

    def GetProgramDependencies(self, request: Any, context: grpc.ServicerContext) -> Any:
        return language_pb2.GetProgramDependenciesResponse()

    def RuntimeOptionsPrompts(self, request: Any, context: grpc.ServicerContext) -> Any:
        return language_pb2.RuntimeOptionsResponse()

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        return empty_pb2.Empty()

    def Run(self, request: Any, context: grpc.ServicerContext) -> Any:
        order = {
            "program": str(Path(request.info.program_directory) / request.info.entry_point),
            "root_directory": request.info.root_directory,
            "project": request.project,
            "stack": request.stack,
            "organization": request.organization,
            "monitor": request.monitor_address,
            "engine": self._engine,
            "parallel": request.parallel,
            "dry_run": request.dryRun,
            "config": dict(request.config),
            "secret_keys": list(request.configSecretKeys),
        }
        child = subprocess.run(
            [sys.executable, __file__, "--run"],
            input=json.dumps(order),
            cwd=request.pwd,
            stdout=sys.stderr,
            encoding="utf-8",
            check=False,
        )
        if child.returncode == _REPORTED:
            return language_pb2.RunResponse(bail=True)
        error = f"the program ended with code {child.returncode}" if child.returncode else ""
        return language_pb2.RunResponse(error=error)


def _serve(engine: str) -> None:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(_Host(engine), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    ended.wait()
    server.stop(0)


def _run(order: Mapping[str, Any]) -> int:
    set_all_config(dict(order["config"]), list(order["secret_keys"]))
    names = ("project", "stack", "organization", "monitor", "engine", "parallel", "dry_run")
    settings = {name: order[name] for name in names}
    configure(Settings(root_directory=order["root_directory"], **settings))
    program = Path(order["program"])
    sys.path[0] = str(program)

    def main() -> None:
        runpy.run_path(str(program / "__main__.py"), run_name="__main__")

    try:
        asyncio.run(run_in_stack(main))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return _REPORTED
    return 0


if __name__ == "__main__":
    if sys.argv[1] == "--run":
        sys.exit(_run(json.load(sys.stdin)))
    _serve(next(argument for argument in sys.argv[1:] if not argument.startswith("-")))
