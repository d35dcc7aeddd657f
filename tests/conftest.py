"""Every test runs without a network, with a home of its own, and with nobody's settings."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.support import CliResult, compare_golden

ROOT = Path(__file__).resolve().parent.parent

# No deadline, because a busy machine is not a defect; the same examples each time, because a
# failure must be repeatable; no database, because a run leaves nothing behind.
settings.register_profile("planner", deadline=None, derandomize=True, database=None)
settings.load_profile("planner")

_FAKE_AWS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_SECURITY_TOKEN": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
_USERS_OWN = ("PLANNER_", "AWS_", "GITHUB_", "PULUMI_", "TYPER_")
_USERS_OWN_NAMES = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM", "SOURCE_DATE_EPOCH")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite-golden",
        action="store_true",
        help="write the golden files anew instead of comparing with them",
    )


class NetworkBlocked(RuntimeError):
    """A test tried to open a connection."""


# A test may start a server of its own.
_LOOPBACK = "127.0.0.1"


def _is_loopback(address: object) -> bool:
    return isinstance(address, tuple) and address[0] == _LOOPBACK


def _blocked(sock: socket.socket, address: object) -> None:
    raise NetworkBlocked(f"a test tried to reach {address!r}")


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Refuse every connection and name look-up, but for addresses of this machine itself."""
    patch = pytest.MonkeyPatch()
    look_up = socket.getaddrinfo
    for name in ("connect", "connect_ex"):
        real = getattr(socket.socket, name)

        def guarded(
            sock: socket.socket, address: object, real: Callable[..., object] = real
        ) -> object:
            if sock.family == socket.AF_UNIX or _is_loopback(address):
                return real(sock, address)
            return _blocked(sock, address)

        patch.setattr(socket.socket, name, guarded)

    def no_lookup(host: object, *args: Any, **kwargs: Any) -> object:
        if host == _LOOPBACK:
            return look_up(_LOOPBACK, *args, **kwargs)
        raise NetworkBlocked(f"a test tried to look up {host!r}")

    patch.setattr(socket, "getaddrinfo", no_lookup)
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory):
    """A home, an AWS account and a tokenizer cache that hold nothing of the user's."""
    for name in list(os.environ):
        if name.startswith(_USERS_OWN) or name in _USERS_OWN_NAMES:
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    for name in ("HOME", "USERPROFILE", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(home))
    # Empty: a tokenizer that is not loaded from the shipped ranks would have to be downloaded.
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path_factory.mktemp("tiktoken")))
    for name, value in _FAKE_AWS.items():
        monkeypatch.setenv(name, value)
    # The repository is a Pulumi project: a test of `recommend` must not write to it.
    monkeypatch.setenv("PLANNER_NO_EMIT", "1")


@pytest.fixture
def root() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture
def check_golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """``check_golden("recommend/chat.txt", text)`` compares with that file of tests/golden."""

    def check(name: str, text: str) -> None:
        path = ROOT / "tests" / "golden" / name
        if request.config.getoption("--rewrite-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        compare_golden(path, text)

    return check


@pytest.fixture
def run_cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., CliResult]:
    """Run a command in this process: ``run_cli("validate", path)``."""

    def run(*args: str | Path) -> CliResult:
        from planner.cli.app import main

        capsys.readouterr()
        code = main([str(arg) for arg in args])
        captured = capsys.readouterr()
        return CliResult(code=code, stdout=captured.out, stderr=captured.err)

    return run


@pytest.fixture
def run_process(tmp_path: Path) -> Callable[..., CliResult]:
    """Run a command in a process of its own, in an empty folder unless ``cwd`` says otherwise."""

    def run(
        *args: str | Path, cwd: Path = tmp_path, env: Mapping[str, str] | None = None
    ) -> CliResult:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "planner", *map(str, args)],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        return CliResult(code=done.returncode, stdout=done.stdout, stderr=done.stderr)

    return run
