"""`planner actuals import`: what it prints, writes and returns."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from planner.actuals import SPECS, open_store
from planner.cli.actuals_progress import ProgressBar, progress_line
from planner.cli.streams import open_streams
from tests.support import CliResult

Run = Callable[..., CliResult]

_EXPORTS = Path(__file__).resolve().parent.parent / "actuals" / "exports"
_CALLS = (
    "timestamp,request_id,model,input_tokens,output_tokens,cost_usd,app\n"
    "2026-11-20T10:00:00Z,a,gpt-4o,1000,100,0.0035,search\n"
    "2026-11-21T10:00:00Z,b,gpt-9-unheard,10,1,0,chat\n"
    "2026-11-21T10:00:00Z,c,gpt-4o,many,1,0.1,chat\n"
)


@pytest.fixture(autouse=True)
def _fixed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795305600")


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """Three calls: one good, one of a model without a price, one with a wrong count."""
    path = tmp_path / "calls.csv"
    path.write_text(_CALLS, encoding="utf-8")
    os.utime(path, (1795219200, 1795219200))
    return path


def test_an_import_says_what_came_in_and_what_did_not(run_cli: Run, calls: Path) -> None:
    result = run_cli("actuals", "import", "plain", "calls.csv")
    assert (result.code, result.stderr) == (0, "")
    assert result.stdout.startswith("2 records of a log of one's own")
    assert "calls.csv        2        1" in result.stdout
    assert "is 'many', not a whole number" in result.stdout
    assert "calls.csv:4" in result.stdout
    assert "1 records without a list price: openai/gpt-9-unheard (1)" in result.stdout
    assert ".planner/actuals holds 2 records now." in result.stdout


def test_the_same_as_json(run_cli: Run, calls: Path) -> None:
    result = run_cli("actuals", "import", "plain", "calls.csv", "--store", "s", "--format", "json")
    said = json.loads(result.stdout)
    (file,) = said["imported"]
    assert (said["source"], said["store"], said["records_in_store"]) == ("plain", "s", 2)
    assert (file["records"], file["refused_rows"]) == (2, 1)
    assert file["exported_at"] == "2026-11-21T00:00:00+00:00"
    assert file["unpriced_records_by_model"] == {"openai/gpt-9-unheard": 1}
    assert file["records_by_note"] == {"cost_zero_suspect": 1}
    assert said["refused"] == [
        {
            "field": "input_tokens",
            "first_file": "calls.csv",
            "first_line": 4,
            "reason": "is 'many', not a whole number",
            "rows": 1,
        }
    ]


def test_records_have_their_list_price_and_the_time_of_the_import(
    run_cli: Run, calls: Path
) -> None:
    run_cli("actuals", "import", "plain", "calls.csv", "--store", "s")
    priced, unpriced = open_store(Path("s")).records()
    assert (priced.price_status, priced.cost_list_usd is not None) == ("priced", True)
    assert (unpriced.price_status, unpriced.cost_list_usd) == ("unpriced", None)
    assert priced.ingested_at.isoformat() == "2026-11-22T00:00:00+00:00"


def test_a_second_import_knows_the_file(run_cli: Run, calls: Path) -> None:
    run_cli("actuals", "import", "plain", "calls.csv")
    result = run_cli("actuals", "import", "plain", "calls.csv")
    assert result.code == 0
    assert "0 records" in result.stdout
    assert "1 file known already" in " ".join(result.stdout.split())
    assert "holds 2 records now" in result.stdout


def test_labels_come_from_where_the_user_says(run_cli: Run, calls: Path) -> None:
    run_cli("actuals", "import", "plain", "calls.csv", "--store", "s", "--map", "feature=app")
    assert [record.feature for record in open_store(Path("s")).records()] == ["search", "chat"]


def test_a_folder_stands_for_the_exports_in_it(run_cli: Run, tmp_path: Path) -> None:
    deep = tmp_path / "logs" / "2026" / "11"
    deep.mkdir(parents=True)
    content = (_EXPORTS / "bedrock.jsonl").read_bytes()
    (deep / "a.json.gz").write_bytes(gzip.compress(content))
    (deep / "x-Manifest.json").write_text("{}")
    (deep / ".hidden.json").write_text("{}")
    (deep / "README").write_text("not an export")
    # The bodies of large calls lie beside the log.
    (deep / "body_input.json").write_text('{"messages": [{"content": "SECRET"}]}')
    result = run_cli("actuals", "import", "bedrock", "logs", "--store", "s", "--format", "json")
    (file,) = json.loads(result.stdout)["imported"]
    assert (file["file"], file["records"]) == ("logs/2026/11/a.json.gz", 5)
    assert "logs: 1 files in it are not Amazon Bedrock" in result.stderr


def test_a_folder_of_another_source_is_said_to_be_that(run_cli: Run, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.jsonl").write_bytes((_EXPORTS / "litellm.jsonl").read_bytes())
    result = run_cli("actuals", "import", "otel", "logs")
    assert result.code == 2
    assert "did you mean `litellm`?" in result.stderr


def test_a_bill_that_a_newer_one_replaces_is_named(run_cli: Run, tmp_path: Path) -> None:
    for name, second in (("old.csv", 0), ("new.csv", 9)):
        path = tmp_path / name
        path.write_bytes((_EXPORTS / "focus.csv").read_bytes() + b"\n" * second)
        os.utime(path, (1795219200 + second, 1795219200 + second))
    result = run_cli("actuals", "import", "focus", "new.csv", "old.csv", "--format", "json")
    said = json.loads(result.stdout)
    assert said["replaced_by_newer_deliveries"] == ["old.csv"]
    assert said["records_in_store"] == 5


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("plane", "calls.csv"), "did you mean `plain`?"),
        (("otel", "calls.csv"), "did you mean `plain`?"),
        (("plain", "gone.csv"), "gone.csv: cannot read"),
        (("plain", "empty"), "no exports in this folder"),
        (("plain", "calls.csv", "--map", "colour=x"), "feature=metadata.app"),
        (("plain", "calls.csv", "--exported-at", "noon"), "is not a time"),
        (("plain", "calls.csv", "--output", "csv=x"), "no format `csv` here"),
        (("plain", "calls.csv", "--store", "a[b]"), "are patterns"),
        (("plain", "calls.csv", "--store", "calls.csv/x"), "cannot write"),
    ],
)
def test_bad_input_is_said_in_one_message(
    run_cli: Run, calls: Path, args: tuple[str, ...], message: str
) -> None:
    Path("empty").mkdir()
    result = run_cli("actuals", "import", *args)
    assert (result.code, result.stdout) == (2, "")
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert not Path("s").exists()


def test_a_file_of_nothing_but_refused_rows_is_bad_input(run_cli: Run, calls: Path) -> None:
    calls.write_text(_CALLS.replace(",1000,", ",-1000,").replace(",10,", ",-10,"))
    result = run_cli("actuals", "import", "plain", "calls.csv")
    assert result.code == 2
    assert "not one row could be taken" in result.stderr
    assert "below zero" in result.stdout


def test_a_file_that_breaks_off_is_told(run_cli: Run, tmp_path: Path) -> None:
    content = gzip.compress((_EXPORTS / "litellm.jsonl").read_bytes() * 40)
    (tmp_path / "cut.jsonl.gz").write_bytes(content[:-20])
    result = run_cli("actuals", "import", "litellm", "cut.jsonl.gz")
    assert result.code == 0
    assert "the file breaks off; rows before that were taken" in result.stderr


def test_help_shows_every_source_with_its_example(run_cli: Run) -> None:
    result = run_cli("actuals", "import", "--help")
    assert result.code == 0
    for name in SPECS:
        assert f"  {name.ljust(15)}  planner actuals import {name} " in result.stdout


def test_the_example_of_a_source_names_it() -> None:
    for name, spec in SPECS.items():
        assert spec.example.startswith(f"planner actuals import {name} ")


_BLOCKED = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("duckdb", "pyarrow", "ibis", "pandas"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Block())
from planner.cli.app import main
sys.exit(main(sys.argv[1:]))
"""


def test_without_the_extra_the_command_says_how_to_install_it(root: Path, calls: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _BLOCKED, "actuals", "import", "plain", str(calls)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "needs the extra `actuals`" in done.stderr
    assert "llm-serving-planner[actuals]" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_imports_none_of_the_engines(root: Path) -> None:
    code = (
        "import sys; from planner.cli.app import main; "
        "main(['actuals', 'import', '--help']); "
        "sys.stderr.write(' '.join(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert {"duckdb", "pyarrow", "ibis", "pandas", "numpy"}.isdisjoint(done.stderr.split())


# --- The bar -------------------------------------------------------------------------------------


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _bar(stderr: io.StringIO, monkeypatch: pytest.MonkeyPatch, *, quiet: bool = False) -> str:
    """What a bar writes that is asked at 0.5, 1.5, 1.6 and 3 s, and at the end."""
    from planner.cli import actuals_progress

    moments = iter((0.0, 0.5, 1.5, 1.6, 3.0))
    monkeypatch.setattr(actuals_progress.time, "monotonic", lambda: next(moments))
    streams = open_streams(io.StringIO(), stderr, {}, quiet=quiet)
    with ProgressBar(streams, 2) as bar:
        for read in (1, 2, 3, 9):
            bar.show(0, Path("a.jsonl"), read, 10)
    return stderr.getvalue()


def test_the_bar_comes_after_a_second_and_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = _bar(_Terminal(), monkeypatch).split("\r")
    assert [line.strip() for line in lines] == [
        "",
        "[#####...................]  20%  file 1 of 2  a.jsonl",
        "[######################..]  90%  file 1 of 2  a.jsonl",
        "",
        "",
    ]


@pytest.mark.parametrize(("terminal", "quiet"), [(False, False), (True, True)])
def test_there_is_no_bar_without_a_terminal_or_when_quiet(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, quiet: bool
) -> None:
    assert _bar(_Terminal() if terminal else io.StringIO(), monkeypatch, quiet=quiet) == ""


def test_a_bar_shortens_long_names_and_knows_empty_files() -> None:
    assert progress_line(0, 1, "x" * 40 + ".gz", 0, 0).endswith(
        "file 1 of 1  ..." + "x" * 26 + ".gz"
    )
    assert "100%" in progress_line(0, 1, "a", 0, 0)
