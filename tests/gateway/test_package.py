"""The function's package: the same bytes everywhere, and it runs as the adapter starts it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from tests.gateway.support import KEY, REGION, Bench, FakeProvider, ask, chat
from tests.stacks.program_path import STACKS, gateway_zip

_START_S = 20


def test_two_builds_are_the_same_bytes() -> None:
    assert gateway_zip.build_zip().content == gateway_zip.build_zip().content


def test_dates_and_modes_do_not_come_from_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = gateway_zip.build_zip().content
    copy = tmp_path / "gateway_lambda"
    copy.mkdir()
    for path in (STACKS / "gateway_lambda").iterdir():
        if path.is_file():
            # Another date, other modes, and the line ends of a Windows checkout.
            target = copy / path.name
            target.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
            target.chmod(0o600)
            os.utime(target, (1_000_000_000, 1_000_000_000))
    (copy / "__pycache__").mkdir()
    monkeypatch.setattr(gateway_zip, "_SOURCE", copy)
    assert gateway_zip.build_zip().content == original


def test_the_package_holds_the_code_and_a_start_script_that_can_be_executed() -> None:
    with zipfile.ZipFile(BytesIO(gateway_zip.build_zip().content)) as archive:
        modes = {entry.filename: entry.external_attr >> 16 for entry in archive.infolist()}
        script = archive.read("run.sh")
    code = {path.name for path in (STACKS / "gateway_lambda").glob("*.py")}
    assert {f"gateway_lambda/{name}" for name in (*code, "facts.json")} == set(modes) - {"run.sh"}
    assert {oct(mode) for name, mode in modes.items() if name != "run.sh"} == {"0o100644"}
    assert oct(modes["run.sh"]) == "0o100755"
    assert b"\r" not in script


def test_where_the_program_is_read_only_the_package_goes_to_a_private_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setattr(gateway_zip, "_BUILD", blocked)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    package = gateway_zip.build_zip()
    written = gateway_zip.write_zip(package)
    assert written.read_bytes() == package.content
    assert oct(written.parent.stat().st_mode & 0o777) == "0o700"


def test_the_package_serves_as_the_adapter_starts_it(
    bench: Bench, provider: FakeProvider, account: str, tmp_path: Path
) -> None:
    with zipfile.ZipFile(BytesIO(gateway_zip.build_zip().content)) as archive:
        archive.extractall(tmp_path)
    (tmp_path / "run.sh").chmod(0o755)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    names = bench.environment
    site = next(path for path in sys.path if path.endswith("site-packages"))
    process = subprocess.Popen(
        [str(tmp_path / "run.sh")],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        env={
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "LAMBDA_TASK_ROOT": str(tmp_path),
            "LAMBDA_RUNTIME_DIR": site,
            "AWS_LWA_PORT": str(port),
            "AWS_ENDPOINT_URL": account,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "RULES_PARAMETER": names.rules_parameter,
            "SWITCH_PARAMETER": names.switch_parameter,
            "KEYS_TABLE": names.keys_table,
            "COUNTERS_TABLE": names.counters_table,
            "PROVIDER_SECRETS": json.dumps(dict(names.provider_secrets)),
        },
    )
    try:
        _wait_until_ready(port, process)
        headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
        body = json.dumps(chat()).encode()
        got = ask(port, "POST", "/v1/chat/completions", body, headers)
    finally:
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=10)
    assert (got.status, len(provider.seen)) == (200, 1)
    start, request = [json.loads(line) for line in out.splitlines()]
    # Zeroes at the start, so that the metrics exist; then the request.
    assert (start["SpendUSD"], start["Requests"]) == (0, 0)
    assert (request["InputTokens"], request["Requests"]) == (10, 1)


def _wait_until_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    limit = time.monotonic() + _START_S
    while time.monotonic() < limit and process.poll() is None:
        try:
            if ask(port, "GET", "/health", None, {}).status == 200:
                return
        except OSError:
            time.sleep(0.05)
    pytest.fail("the gateway did not start")
