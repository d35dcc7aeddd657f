"""`planner profiles`: what each subcommand prints, writes and returns."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from planner.serving.profile_build import build as building
from planner.serving.profile_build import room as rooms
from planner.serving.profile_build.engine import Memory, NoData
from planner.serving.profiles import INDEX_NAME, NoProfile, read_profiles
from tests.serving.profiles.support import key, profile, text_of, write_folder
from tests.support import CliResult

Run = Callable[..., CliResult]

_NOTE = "experts are spread whole over the GPUs: needs --enable-expert-parallel"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two models: one with three profiles and a refused one, one with a single profile."""
    small = text_of(
        profile(),
        profile(key(degree=2), notes=(_NOTE,), repaired_points=3, repaired_most_pct=12.0),
        profile(key("L40S", "fp8", "fp8"), cache=None, method="transferred"),
        stem="zz-small",
        models=("acme/Small",),
        rejected=(
            NoProfile(
                accelerator="L40S",
                precision="fp4",
                tensor_parallel_sizes=(1, 2),
                reason="the GPU does not multiply fp4",
            ),
        ),
    )
    other = text_of(profile(key("H200")), stem="zz-other", models=("acme/Other",))
    return write_folder(tmp_path / "own", ("zz-small", small), ("zz-other", other))


def _own(result: CliResult) -> list[list[str]]:
    """The rows of the made-up models in a CSV."""
    return [row for row in csv.reader(io.StringIO(result.stdout)) if row[0].startswith("zz-")]


# --- list ----------------------------------------------------------------------------------------


def test_list_shows_models_by_gpu_and_precision_with_their_degrees(
    run_cli: Run, folder: Path
) -> None:
    result = run_cli("profiles", "list", "--profiles", folder, "--format", "csv")
    assert result.code == 0
    assert _own(result) == [
        ["zz-other", "H200", "bf16", "bf16", "1"],
        ["zz-small", "H100", "bf16", "bf16", "1, 2"],
        ["zz-small", "L40S", "fp8", "fp8", "1"],
    ]


@pytest.mark.parametrize(
    ("options", "models"),
    [
        (["--system", "H100"], ["zz-small"]),
        (["--system", "h200_sxm"], ["zz-other"]),
        (["--precision", "fp8"], ["zz-small"]),
        (["--kv-cache", "fp8"], ["zz-small"]),
        (["--tp", "2"], ["zz-small"]),
        (["--tp", "2", "--precision", "fp8"], []),
        (["--system", "H100", "--system", "H200", "--tp", "1"], ["zz-other", "zz-small"]),
    ],
)
def test_list_filters_combine(
    run_cli: Run, folder: Path, options: list[str], models: list[str]
) -> None:
    result = run_cli("profiles", "list", "--profiles", folder, "--format", "csv", *options)
    assert [row[0] for row in _own(result)] == models


def test_list_of_one_model_as_a_table(run_cli: Run, folder: Path) -> None:
    result = run_cli("profiles", "list", "acme/small", "--profiles", folder)
    assert result.code == 0
    assert "zz-other" not in result.stdout
    assert "H100" in result.stdout


def test_list_says_why_there_is_no_profile(run_cli: Run, folder: Path) -> None:
    result = run_cli(
        *("profiles", "list", "zz-small", "--profiles", folder, "--no-profile", "--format", "csv")
    )
    assert _own(result) == [["zz-small", "L40S", "fp4", "the GPU does not multiply fp4", "1, 2"]]


def test_list_without_a_match_says_so(run_cli: Run, folder: Path) -> None:
    result = run_cli("profiles", "list", "zz-other", "--profiles", folder, "--tp", "8")
    assert result.stdout == "No combination of that kind.\n"


def test_list_as_json_names_ids_and_reasons(run_cli: Run, folder: Path) -> None:
    result = run_cli("profiles", "list", "zz-small", "--profiles", folder, "--format", "json")
    (model,) = result.json()["models"]
    assert model["models"] == ["acme/Small"]
    assert model["built"] == "2026-11-22"
    assert model["profiles"][0] == {
        "accelerator": "H100",
        "precision": "bf16",
        "kv_cache": "bf16",
        "tensor_parallel_size": 1,
    }
    assert model["no_profile"][0]["reason"] == "the GPU does not multiply fp4"


def test_the_shipped_profiles_are_listed_without_the_extra(
    run_cli: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "aiconfigurator_core", None)
    result = run_cli("profiles", "list", "--system", "H100", "--precision", "fp8", "--tp", "2")
    assert result.code == 0
    assert "qwen3-32b" in result.stdout


def test_a_gpu_that_is_not_known_is_refused_with_the_nearest(run_cli: Run) -> None:
    result = run_cli("profiles", "list", "--system", "H10")
    assert result.code == 2
    assert "no profiles for a GPU named 'H10' (did you mean `H100`?)" in result.stderr


# --- show ----------------------------------------------------------------------------------------


def test_show_prints_times_room_source_and_notes(run_cli: Run, folder: Path) -> None:
    result = run_cli("profiles", "show", "acme/Small", "--profiles", folder, "--wide")
    assert result.code == 0
    text = result.stdout
    assert "aiconfigurator-core 0.12.0 (Apache-2.0), vllm, built 2026-11-22" in text
    assert "gpu_memory_utilization 0.9" in text
    assert _NOTE in text
    lines = [line.split() for line in text.splitlines() if line.startswith(("H100", "L40S"))]
    # Decode 5 + 1 + 1.024 and 5 + 64 + 131.07 (past the grid, on its line), prefill 20.48 ms.
    assert lines[0] == [
        "H100",
        "bf16",
        "bf16",
        "1",
        "7.02",
        "200.07",
        "20.48",
        "520",
        "90",
        "%",
        "–",
        "measured",
    ]
    assert "90 %" in " ".join(lines[1])
    assert "12 %" in " ".join(lines[1])
    assert "does not fit" in " ".join(lines[2])
    assert lines[2][-1] == "transferred"


def test_show_as_json_holds_all_times_only_when_asked(run_cli: Run, folder: Path) -> None:
    arguments = ("profiles", "show", "zz-other", "--profiles", folder, "--format", "json")
    (short,) = run_cli(*arguments).json()["profiles"]
    assert short["decode_1_at_1024_ms"] == 7.024
    assert "decode_ms" not in short
    assert short["cache"]["tokens"] == 520
    assert len(short["sha256"]) == 64
    (long,) = run_cli(*arguments, "--grids").json()["profiles"]
    assert long["decode_ms"][0][0] == 6.1


def test_show_refuses_all_times_outside_json(run_cli: Run, folder: Path) -> None:
    result = run_cli("profiles", "show", "zz-other", "--profiles", folder, "--grids")
    assert result.code == 2
    assert "only JSON has room for, and the format is table; add --format json" in result.stderr


def test_list_finds_models_by_a_part_of_their_name(run_cli: Run) -> None:
    result = run_cli("profiles", "list", "Llama", "--system", "H100", "--format", "json")
    stems = [each["file"] if "file" in each else str(each) for each in result.json()["models"]]
    assert len(stems) > 1
    assert all("llama" in stem.casefold() for stem in stems)


def test_show_names_models_that_a_part_of_a_name_fits(run_cli: Run) -> None:
    result = run_cli("profiles", "show", "llama")
    assert result.code == 2
    assert "did you mean `llama-3.1-405b` or `" in result.stderr


def test_show_finds_a_shipped_model_by_an_alias(run_cli: Run) -> None:
    result = run_cli("profiles", "show", "meta-llama/Llama-3.1-8B-Instruct", "--system", "H100")
    assert result.code == 0
    assert "llama-3.1-8b" in result.stdout


def test_a_model_without_profiles_is_refused_with_the_nearest(run_cli: Run, folder: Path) -> None:
    result = run_cli("profiles", "show", "acme/Smal", "--profiles", folder)
    assert result.code == 2
    assert "no profiles of 'acme/Smal' (did you mean `acme/Small`?)" in result.stderr


def test_a_folder_without_profiles_is_refused(run_cli: Run, tmp_path: Path) -> None:
    result = run_cli("profiles", "show", "acme/Small", "--profiles", tmp_path)
    assert result.code == 2
    assert "planner profiles build --out" in result.stderr


# --- build ---------------------------------------------------------------------------------------


class _Engine:
    def decode_ms(self, sequences: int, context_tokens: int) -> float:
        return 20.0 + sequences * context_tokens / 1e4

    def prefill_ms(self, tokens: int, past_tokens: int) -> float:
        return 20.0 + tokens * 0.1

    def decode_shares(self, sequences: int, context_tokens: int) -> dict[str, float]:
        return {"silicon": 1.0}

    def prefill_shares(self, tokens: int) -> dict[str, float]:
        return {"silicon": 1.0}


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that knows bf16 only."""

    def opened(target: object, modes: object) -> _Engine:
        if getattr(modes, "gemm") != "bfloat16":  # noqa: B009
            raise NoData("no operator table: GEMM")
        return _Engine()

    room = Memory(
        gpu_bytes=80 * 10**9,
        weights_bytes=16 * 10**9,
        activation_bytes=10**9,
        reserve_bytes=10**9,
        cache_bytes=50 * 10**9,
        tokens=10**6,
    )
    monkeypatch.setattr(building, "open_engine", opened)
    monkeypatch.setattr(rooms, "memory_of", lambda *_: room)
    monkeypatch.setattr(building, "engine_version", lambda: "0.12.0")
    monkeypatch.setattr(building, "table_version", lambda _: ("0.24.0", 80 * 2**30))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A folder with the config.json of a model of one's own."""
    path = tmp_path / "Acme-8B"
    path.mkdir()
    fields = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "num_hidden_layers": 32,
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "vocab_size": 128256,
        "max_position_embeddings": 8192,
    }
    (path / "config.json").write_text(json.dumps(fields), encoding="utf-8")
    return path


def _build(run_cli: Run, config: Path, out: Path, *options: str) -> CliResult:
    return run_cli(
        *("profiles", "build", "--config", config, "--out", out, "--date", "2026-11-22"),
        *("--system", "H100", "--tp", "1", *options),
    )


@pytest.mark.usefixtures("library")
def test_build_writes_files_that_the_other_commands_read(
    run_cli: Run, config: Path, tmp_path: Path
) -> None:
    out = tmp_path / "mine"
    result = _build(run_cli, config, out, "--id", "acme/Acme-8B", "--precision", "bf16")
    assert result.code == 0, result.stderr
    assert sorted(path.name for path in out.iterdir()) == ["acme-8b.jsonl.gz", INDEX_NAME]
    assert read_profiles(out / "acme-8b.jsonl.gz").source.built == "2026-11-22"
    shown = run_cli("profiles", "show", "acme/Acme-8B", "--profiles", out, "--kv-cache", "bf16")
    assert "20.10" in shown.stdout


@pytest.mark.usefixtures("library")
def test_build_lists_what_has_no_profile(run_cli: Run, config: Path, tmp_path: Path) -> None:
    result = _build(run_cli, config, tmp_path / "mine", "--format", "json")
    (model,) = result.json()["models"]
    assert {each["precision"] for each in model["profiles"]} == {"bf16"}
    assert {each["precision"]: each["reason"] for each in model["no_profile"]} == {
        "fp8": "no operator table: GEMM",
        "fp4": "no operator table: GEMM",
    }


@pytest.mark.usefixtures("library")
def test_build_of_nothing_says_why_and_fails(run_cli: Run, config: Path, tmp_path: Path) -> None:
    result = _build(run_cli, config, tmp_path / "mine", "--precision", "fp8")
    assert result.code == 2
    assert "no operator table: GEMM" in result.stdout
    assert "no profile could be built" in result.stderr


@pytest.mark.usefixtures("library")
def test_build_twice_gives_the_same_bytes(run_cli: Run, config: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert _build(run_cli, config, tmp_path / name).code == 0
    for name in (INDEX_NAME, "acme-8b.jsonl.gz"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.usefixtures("library")
def test_the_day_of_a_build_can_be_fixed_by_the_environment(
    run_cli: Run, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    out = tmp_path / "mine"
    run_cli(
        *("profiles", "build", "--config", config, "--out", out, "--system", "H100"),
        *("--tp", "1", "--precision", "bf16"),
    )
    # 1,700,000,000 s after 1970 is 14 November 2023.
    assert read_profiles(out / "acme-8b.jsonl.gz").source.built == "2023-11-14"


def test_build_without_the_extra_says_how_to_get_it(
    run_cli: Run, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("", ".sdk", ".sdk.perf_database"):
        monkeypatch.setitem(sys.modules, f"aiconfigurator_core{name}", None)
    result = _build(run_cli, config, tmp_path / "mine")
    assert result.code == 2
    assert "needs the extra `profiles`" in result.stderr
    assert "llm-serving-planner[profiles]" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["acme/X", "--config", "."], "not both"),
        (["--id", "acme/X"], "give that with --config"),
        (["--config", "/nowhere"], "cannot read"),
        (["--system", "H1000", "qwen3-14b"], "no profiles for a GPU named 'H1000'"),
        (["--date", "tomorrow", "qwen3-14b"], "is not a date"),
        (["--tp", "0", "qwen3-14b"], "greater than or equal to 1"),
    ],
)
def test_build_refuses_what_does_not_fit_together(
    run_cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run_cli("profiles", "build", *arguments)
    assert result.code == 2
    assert words in result.stderr
