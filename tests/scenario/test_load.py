"""From a file to a scenario with its places, and files that are no scenario at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.errors import Problem, ScenarioError
from planner.scenario.load import load_scenario
from tests.scenario.support import SMALL, only, problems, read


def _problem(path: Path) -> Problem:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    return only(caught.value.problems)


def _written(folder: Path, content: bytes) -> Path:
    path = folder / "s.yaml"
    path.write_bytes(content)
    return path


def test_a_file_becomes_a_scenario(tmp_path: Path) -> None:
    loaded = load_scenario(_written(tmp_path, SMALL.encode()))
    assert loaded.scenario.id == "support-chat"
    assert (loaded.path, loaded.base_dir) == (tmp_path / "s.yaml", tmp_path)


def test_written_fields_have_their_line_and_defaults_have_none() -> None:
    loaded = read()
    assert loaded.line_of["workload.requests_per_day"] == (4, 21)
    assert loaded.line_of["options.api.0.model"] == (9, 33)
    assert "region" not in loaded.line_of
    assert "workload.requests_per_day" in loaded.given_paths
    assert "slo.ttft_ms" not in loaded.given_paths


def test_a_place_is_a_line_an_option_or_nothing() -> None:
    loaded = read(sets=["slo.ttft_ms=900"])
    assert loaded.place("workload.requests_per_day") == "chat/scenario.yaml:4"
    # Written in short form: `input_tokens: 500`.
    assert loaded.place("workload.input_tokens.mean") == "chat/scenario.yaml:5"
    assert loaded.place("slo.ttft_ms") == "--set slo.ttft_ms=900"
    assert loaded.place("slo.tpot_ms") is None
    assert loaded.place("options.api.0.region") is None
    assert "slo.ttft_ms" in loaded.given_paths
    assert "slo.ttft_ms" not in loaded.line_of


def test_problems_found_later_get_their_place() -> None:
    loaded = read(sets=["region=eu-west-1"])
    field = Problem(file="", path="options.api.0.model", message="no price")
    deeper = Problem(file="", path="workload.input_tokens.mean", message="too long")
    option = Problem(file="", path="region", message="no GPU there")
    own = Problem(file="trace.csv", path="workload.trace.file", message="no column", line=1)
    found = loaded.locate((field, deeper, option, own))
    assert [(p.file, p.line, p.column) for p in found] == [
        ("chat/scenario.yaml", 9, 33),
        ("chat/scenario.yaml", 5, 3),
        ("--set region=eu-west-1", None, None),
        ("trace.csv", 1, None),
    ]
    assert found[1].path == "workload.input_tokens.mean"


def test_a_byte_order_mark_at_the_start_is_no_problem(tmp_path: Path) -> None:
    loaded = load_scenario(_written(tmp_path, b"\xef\xbb\xbf" + SMALL.encode()))
    assert loaded.line_of["version"] == (1, 10)


@pytest.mark.parametrize(
    ("content", "place", "says"),
    [
        (SMALL.encode("utf-16"), (None, None), "the file is UTF-16"),
        (SMALL.encode("utf-32"), (None, None), "the file is UTF-32"),
        (b"version: 1\nid: caf\xe9\n", (2, 8), "the byte 0xe9 is not UTF-8"),
        (b"\xff" * 10, (1, 1), "the byte 0xff is not UTF-8"),
        (b"x" * (1024 * 1024 + 1), (None, None), "larger than 1 MiB"),
        (b"\x00" * 10, (1, 1), "the invisible character U+0000"),
    ],
)
def test_bytes_that_are_no_text_are_refused(
    tmp_path: Path, content: bytes, place: tuple[int | None, int | None], says: str
) -> None:
    found = _problem(_written(tmp_path, content))
    assert (found.line, found.column) == place
    assert says in found.message


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    assert _problem(tmp_path / "none.yaml").message == (
        "cannot read the file: No such file or directory"
    )
    assert _problem(tmp_path).message == "cannot read the file: Is a directory"
    assert "cannot read the file" in _problem(Path("a\0b.yaml")).message


def test_an_endless_file_is_refused(tmp_path: Path) -> None:
    assert "larger than 1 MiB" in _problem(Path("/dev/zero")).message


@pytest.mark.parametrize(
    ("version", "says"),
    [
        ("2", "is 2, this planner reads version 1; the file was written for a newer one"),
        ("0", "there is no version 0; the first is 1"),
        ("'1'", 'must be the number 1, got "1"'),
        ("1.0", "must be the number 1, got 1.0"),
        ("true", "must be the number 1, got true"),
        ("[1]", "must be the number 1, got a list"),
    ],
)
def test_another_version_is_the_only_problem_told(version: str, says: str) -> None:
    text = SMALL.replace("version: 1", f"version: {version}") + "colour: red\n"
    found = only(problems(text))
    assert (found.path, found.line) == ("version", 1)
    assert found.message.startswith(says)


def test_named_files_must_be_beside_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "trace.csv").write_text("x", encoding="utf-8")
    (tmp_path / "prompts").mkdir()
    text = SMALL.replace("  requests_per_day: 10000\n", "  trace: {file: trase.csv}\n")
    text = text.replace(
        "output_tokens: 200", "output_tokens: {files: [prompts, trace.csv, none.txt]}"
    )
    text = text.replace("instance_types: g6e.xlarge", "measured: /no/such/file.csv")
    text += "prices: {snapshot: planner.prices.json}\n"
    with pytest.raises(ScenarioError) as caught:
        load_scenario(_written(tmp_path, text.encode()))
    told = [(p.path, p.message.partition(";")[0]) for p in caught.value.problems]
    assert told == [
        ("workload.trace.file", '"trase.csv" is not there'),
        ("workload.output_tokens.files.0", '"prompts" is a folder, not a file'),
        ("workload.output_tokens.files.2", '"none.txt" is not there'),
        ("options.selfhost.0.measured", '"/no/such/file.csv" is not there'),
        ("prices.snapshot", '"planner.prices.json" is not there'),
    ]
    assert caught.value.problems[0].message.endswith("(did you mean `trace.csv`?)")


@pytest.mark.parametrize("key", ["profiles", "config"])
def test_a_folder_must_be_a_folder(tmp_path: Path, key: str) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    text = SMALL.replace("instance_types: g6e.xlarge", f"{key}: file")
    found = _problem(_written(tmp_path, text.encode()))
    assert found.path == f"options.selfhost.0.{key}"
    assert found.message.startswith('"file" is a file, not a folder')
    load_scenario(_written(tmp_path, text.replace(f"{key}: file", f"{key}: folder").encode()))


def test_a_file_name_the_system_refuses_is_a_problem(tmp_path: Path) -> None:
    text = SMALL.replace("instance_types: g6e.xlarge", f"measured: {'x' * 300}")
    assert _problem(_written(tmp_path, text.encode())).path == "options.selfhost.0.measured"


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"])
def test_time_zones_are_known_by_their_iana_name(tmp_path: Path, zone: str) -> None:
    path = _written(tmp_path, f"{SMALL}timezone: {zone}\n".encode())
    assert load_scenario(path).scenario.timezone == zone


@pytest.mark.parametrize(
    ("zone", "says"),
    [
        ("Europe/Berln", "(did you mean `Europe/Berlin`?)"),
        ("CEST+2", "is no IANA time zone such as Europe/Berlin"),
        ("../etc/passwd", "is no IANA time zone"),
        ("/etc/passwd", "is no IANA time zone"),
        ("Europe", "is no IANA time zone"),
    ],
)
def test_another_time_zone_is_a_problem(tmp_path: Path, zone: str, says: str) -> None:
    found = _problem(_written(tmp_path, f"{SMALL}timezone: {zone}\n".encode()))
    assert (found.path, found.line) == ("timezone", 13)
    assert says in found.message
