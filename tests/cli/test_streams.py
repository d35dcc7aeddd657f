"""Results, notes, colour, width and encoding."""

from __future__ import annotations

import errno
import io
from pathlib import Path

import pytest

from planner.cli.streams import open_streams, to_ascii
from planner.errors import InputError


class _Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_result_goes_to_stdout_with_one_final_newline() -> None:
    out, err = io.StringIO(), io.StringIO()
    open_streams(out, err, {}).write_result("text\n\n")
    assert (out.getvalue(), err.getvalue()) == ("text\n", "")


def test_result_goes_to_the_file_instead(tmp_path: Path) -> None:
    out = io.StringIO()
    open_streams(out, io.StringIO(), {}).write_result("Ω", tmp_path / "a.txt")
    assert out.getvalue() == ""
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "Ω\n"


def test_a_dash_as_file_is_stdout() -> None:
    out = io.StringIO()
    open_streams(out, io.StringIO(), {}).write_result("x", Path("-"))
    assert out.getvalue() == "x\n"


def test_a_file_that_cannot_be_written_is_an_input_error(tmp_path: Path) -> None:
    streams = open_streams(io.StringIO(), io.StringIO(), {})
    with pytest.raises(InputError, match="cannot write"):
        streams.write_result("x", tmp_path / "missing" / "a.txt")


def test_a_full_disk_behind_stdout_is_an_input_error() -> None:
    class Full(io.StringIO):
        def flush(self) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    streams = open_streams(Full(), io.StringIO(), {})
    with pytest.raises(InputError, match=r"standard output: cannot write: No space left"):
        streams.write_result("x")


def test_notes_go_to_stderr_and_details_need_verbose() -> None:
    err = io.StringIO()
    streams = open_streams(io.StringIO(), err, {})
    streams.note("a")
    streams.warn("b")
    streams.detail("c")
    assert err.getvalue() == "note: a\nwarning: b\n"
    open_streams(io.StringIO(), err, {}, verbosity=1).detail("d")
    assert err.getvalue().endswith("detail: d\n")


def test_quiet_silences_notes_and_warnings() -> None:
    err = io.StringIO()
    streams = open_streams(io.StringIO(), err, {}, quiet=True, verbosity=1)
    streams.note("a")
    streams.warn("b")
    streams.detail("c")
    assert err.getvalue() == ""


@pytest.mark.parametrize(
    ("terminal", "environ", "color", "expected"),
    [
        (True, {}, "auto", True),
        (False, {}, "auto", False),
        (True, {"NO_COLOR": "0"}, "auto", False),
        (True, {"NO_COLOR": ""}, "auto", True),
        (True, {"TERM": "dumb"}, "auto", False),
        (True, {"NO_COLOR": "1"}, "always", True),
        (False, {}, "always", True),
        (True, {}, "never", False),
    ],
)
def test_colour_is_decided_by_option_then_environment_then_terminal(
    terminal: bool, environ: dict[str, str], color: str, expected: bool
) -> None:
    out = _Terminal() if terminal else io.StringIO()
    assert open_streams(out, io.StringIO(), environ, color=color).color is expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("columns", "width"), [("132", 132), (None, 100), ("10", 40), ("x", 100), ("0", 100)]
)
def test_width_without_a_terminal_is_100_unless_columns_is_set(
    columns: str | None, width: int
) -> None:
    environ = {} if columns is None else {"COLUMNS": columns}
    assert open_streams(io.StringIO(), io.StringIO(), environ).width == width


def test_stdout_that_is_not_utf8_gets_ascii_typography() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="latin-1")
    open_streams(out, io.StringIO(), {}).write_result("1 × 2 → 3 – é 字")
    # Latin-1 holds é, and the multiplication sign too, but one spelling everywhere is simpler.
    assert raw.getvalue() == "1 x 2 -> 3 - é ?\n".encode("latin-1")


def test_ascii_keeps_what_is_ascii() -> None:
    assert to_ascii("a │ b ≥ 3 † Δ …") == "a | b >= 3 + delta ..."
