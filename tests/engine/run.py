"""The real engine, run the way a user runs it: `pulumi` in a copy of the project."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Engine", "PulumiFailed", "language_host_folder"]

ROOT = Path(__file__).resolve().parents[2]
_LONGEST_S = 300


class PulumiFailed(RuntimeError):
    """A `pulumi` command ended with an error; the message is what it wrote."""


def language_host_folder(folder: Path) -> Path:
    """``folder`` with an executable ``pulumi-language-python`` in it, run by this Python."""
    folder.mkdir(parents=True, exist_ok=True)
    host = folder / "pulumi-language-python"
    script = Path(__file__).with_name("language_host.py")
    host.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "$@"\n', encoding="utf-8")
    host.chmod(0o755)
    return folder


def _messages(output: str) -> list[str]:
    """The diagnostics in what a command wrote: one JSON document, one a line, or text."""
    if not output.lstrip().startswith("{"):
        return [output]
    try:
        return [each["message"] for each in json.loads(output).get("diagnostics", [])]
    except json.JSONDecodeError:
        events = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
        diagnostics = [event.get("diagnosticEvent") for event in events]
        return [each["message"] for each in diagnostics if each and each["severity"] != "debug"]


@dataclass(frozen=True, kw_only=True)
class Engine:
    """One project folder with a local backend; every method is one `pulumi` command."""

    pulumi: Path
    project: Path
    home: Path
    provider_port: int
    stack: str = "test"

    def environment(self) -> dict[str, str]:
        """Nothing of the user's: a backend in a file, no plug-in is ever downloaded."""
        state = self.home / "state"
        state.mkdir(parents=True, exist_ok=True)
        path = [str(language_host_folder(self.home / "bin")), os.environ.get("PATH", "")]
        return {
            **{k: v for k, v in os.environ.items() if not k.startswith("PULUMI_")},
            "PATH": os.pathsep.join(path),
            "PULUMI_BACKEND_URL": f"file://{state}",
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_HOME": str(self.home / "pulumi"),
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK": "true",
            "PULUMI_DEBUG_PROVIDERS": f"aws:{self.provider_port}",
            "NO_COLOR": "1",
        }

    def command(self, *arguments: str) -> str:
        """Standard output of `pulumi ARGUMENTS`; PulumiFailed with all it said when it fails."""
        done = subprocess.run(
            [str(self.pulumi), *arguments, "--non-interactive"],
            cwd=self.project,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=_LONGEST_S,
            check=False,
        )
        if done.returncode != 0:
            said = "\n".join([*_messages(done.stdout), done.stderr.strip()])
            raise PulumiFailed(f"pulumi {' '.join(arguments)}: code {done.returncode}\n{said}")
        return done.stdout

    def init(self, config: Mapping[str, str]) -> None:
        """Make the stack, with plain configuration values."""
        self.command("stack", "init", self.stack)
        pairs = [
            part for key, value in config.items() for part in ("--plaintext", f"{key}={value}")
        ]
        self.command("config", "set-all", *pairs)

    def preview(self, *arguments: str) -> dict[str, Any]:
        """`pulumi preview --json`."""
        return json.loads(self.command("preview", "--json", *arguments))

    def up(self, *arguments: str) -> dict[str, int]:
        """`pulumi up`: how many resources it created, updated, ..., and left the same."""
        return self._change("up", *arguments)

    def refresh(self, *arguments: str) -> dict[str, str]:
        """`pulumi refresh`: what it found changed, by resource name."""
        events = self._events("refresh", *arguments)
        done = [(event.get("resOutputsEvent") or {}).get("metadata") for event in events]
        return {
            each["urn"].rsplit("::", 1)[1]: each["op"]
            for each in done
            if each and each["op"] != "same"
        }

    def destroy(self, *arguments: str) -> dict[str, int]:
        """`pulumi destroy`, counted like `up`."""
        return self._change("destroy", *arguments)

    def _change(self, command: str, *arguments: str) -> dict[str, int]:
        events = self._events(command, *arguments)
        summaries = [event["summaryEvent"] for event in events if event.get("summaryEvent")]
        return summaries[-1]["resourceChanges"]

    def _events(self, command: str, *arguments: str) -> list[dict[str, Any]]:
        text = self.command(command, "--yes", "--skip-preview", "--json", *arguments)
        return [json.loads(line) for line in text.splitlines()]

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, secrets in the clear."""
        return json.loads(self.command("stack", "output", "--json", "--show-secrets"))

    def state(self) -> list[dict[str, Any]]:
        """The resources in the stack's state."""
        state = json.loads(self.command("stack", "export"))
        return state["deployment"].get("resources", [])


def copy_project(program: Path, folder: Path) -> Path:
    """A project folder with the program in it, ready for `pulumi`."""
    folder.mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text(
        "name: llm-serving\nruntime: python\nmain: stacks\n", encoding="utf-8"
    )
    ignored = shutil.ignore_patterns("__pycache__", "fake_engine")
    shutil.copytree(program, folder / "stacks", ignore=ignored)
    return folder
