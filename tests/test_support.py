"""The guards and helpers of the suite itself."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tests.support import compare_golden


def test_no_connection_and_no_name_lookup_is_possible() -> None:
    with pytest.raises(RuntimeError, match=r"tried to look up 'example\.com'"):
        socket.create_connection(("example.com", 443))
    with socket.socket() as sock, pytest.raises(RuntimeError, match="tried to reach"):
        sock.connect(("192.0.2.1", 9))
    with socket.socket() as sock, pytest.raises(RuntimeError, match="tried to reach"):
        sock.connect_ex(("192.0.2.1", 9))


def test_sockets_inside_the_machine_work(tmp_path: Path) -> None:
    address = os.path.relpath(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(address)
        server.listen()
        client.connect(address)
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()


def test_no_setting_of_the_user_is_seen() -> None:
    # Set by the suite itself: a recommendation writes no stack's configuration unless asked.
    assert [name for name in os.environ if name.startswith("PLANNER_")] == ["PLANNER_NO_EMIT"]
    assert os.environ["AWS_ACCESS_KEY_ID"] == "testing"
    assert list(Path(os.environ["HOME"]).iterdir()) == []
    assert list(Path(os.environ["TIKTOKEN_CACHE_DIR"]).iterdir()) == []


def test_a_golden_file_that_differs_fails_with_the_difference(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one\ntwo\n", encoding="utf-8")
    compare_golden(path, "one\ntwo\n")
    with pytest.raises(AssertionError, match=r"-two\n\+three"):
        compare_golden(path, "one\nthree\n")


def test_a_golden_file_that_is_missing_fails(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"\+one"):
        compare_golden(tmp_path / "a.txt", "one\n")
