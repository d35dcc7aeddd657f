"""``planner tokens``: the textbook's rows R17 to R19, and figures worked out by hand."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from scripts.build_report_schemas import schema
from tests.cli.scenario_texts import ManualSelf, write_scenario
from tests.support import CliResult

Run = Callable[..., CliResult]

MESSAGE = "I was charged twice for my subscription last month"


@pytest.fixture
def prompts(root: Path) -> tuple[Path, Path]:
    folder = root / "docs" / "examples"
    return folder / "ticket-verbose.txt", folder / "ticket-compressed.txt"


@pytest.fixture
def templates(root: Path) -> tuple[Path, Path]:
    folder = root / "docs" / "examples"
    return folder / "ticket-verbose-template.txt", folder / "ticket-compressed-template.txt"


@pytest.fixture
def textbook(root: Path) -> Path:
    return root / "scenarios" / "textbook.yaml"


def samples(folder: Path, *rows: dict[str, object]) -> Path:
    path = folder / "samples.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


class TestTextbook:
    @pytest.mark.parametrize(
        ("encoding", "expected"), [("o200k_base", (193, 32)), ("cl100k_base", (194, 32))]
    )
    def test_r17_tokens_of_the_filled_prompts(
        self, run_cli: Run, prompts: tuple[Path, Path], encoding: str, expected: tuple[int, int]
    ) -> None:
        found = run_cli("tokens", *prompts, "--encoding", encoding, "--format", "json").json()
        assert (found["a"]["tokens"], found["b"]["tokens"]) == expected
        assert (found["encoding"], found["exact"]) == (encoding, True)
        assert (found["a"]["characters"], found["b"]["characters"]) == (1010, 158)

    @pytest.mark.parametrize(
        ("encoding", "expected"), [("o200k_base", (186, 26)), ("cl100k_base", (187, 26))]
    )
    def test_r17_tokens_of_the_templates(
        self, run_cli: Run, templates: tuple[Path, Path], encoding: str, expected: tuple[int, int]
    ) -> None:
        found = run_cli("tokens", *templates, "--encoding", encoding, "--format", "json").json()
        assert (found["a"]["tokens"], found["b"]["tokens"]) == expected

    def test_r17_templates_filled_by_a_sample(
        self, run_cli: Run, templates: tuple[Path, Path], tmp_path: Path
    ) -> None:
        file = samples(tmp_path, {"message": MESSAGE})
        found = run_cli("tokens", *templates, "--from", file, "--format", "json").json()
        assert (found["a"]["tokens"], found["b"]["tokens"]) == (193, 32)

    def test_r18_the_saving_of_a_month(
        self, run_cli: Run, prompts: tuple[Path, Path], textbook: Path
    ) -> None:
        result = run_cli("tokens", *prompts, "--scenario", textbook, "--format", "json", "-q")
        found = result.json()
        assert result.code == 0
        assert found["saving"]["tokens"] == 161
        assert found["saving"]["share"] == pytest.approx(161 / 193, rel=1e-9)
        (option,) = found["pricing"]
        assert option["option"] == "openai/gpt-4o"
        # 193, 32 and 161 tokens x 300,000 x $2.50 / 1e6
        assert Decimal(option["a"]["prompt_monthly_usd"]) == Decimal("144.75")
        assert Decimal(option["b"]["prompt_monthly_usd"]) == Decimal("24.00")
        assert Decimal(option["saved_monthly_usd"]) == Decimal("120.75")
        assert Decimal(option["a"]["usage_monthly_usd"]) == 975
        assert option["saved_share"] == pytest.approx(120.75 / 975, rel=1e-9)

    def test_r19_the_range_assumed_where_nothing_is_measured(
        self, run_cli: Run, prompts: tuple[Path, Path], textbook: Path
    ) -> None:
        found = run_cli("tokens", prompts[0], "--scenario", textbook, "--format", "json", "-q")
        assumed = found.json()["pricing"][0]["assumed"]
        assert [each["share"] for each in assumed] == [0.30, 0.45, 0.60]
        # of 144.75
        expected = [Decimal("43.425"), Decimal("65.1375"), Decimal("86.85")]
        assert [Decimal(each["saved_monthly_usd"]) for each in assumed] == expected
        assert "11.4" in found.json()["assumed_source"]

    def test_r19_a_measured_prompt_has_no_assumed_range(
        self, run_cli: Run, prompts: tuple[Path, Path], textbook: Path
    ) -> None:
        found = run_cli("tokens", *prompts, "--scenario", textbook, "--format", "json", "-q").json()
        assert found["pricing"][0]["assumed"] == []
        assert found["assumed_source"] is None


class TestCounting:
    def count(self, run_cli: Run, path: Path, text: str) -> int:
        path.write_text(text, encoding="utf-8")
        return run_cli("tokens", path, "--format", "json").json()["a"]["tokens"]

    def test_special_tokens_are_plain_text(self, run_cli: Run, tmp_path: Path) -> None:
        assert self.count(run_cli, tmp_path / "p.txt", "<|endoftext|>") == 7

    def test_an_empty_file_has_no_tokens(self, run_cli: Run, tmp_path: Path) -> None:
        assert self.count(run_cli, tmp_path / "p.txt", "") == 0

    def test_a_million_spaces_survive(self, run_cli: Run, tmp_path: Path) -> None:
        # At most 128 spaces in a token.
        assert 7813 <= self.count(run_cli, tmp_path / "p.txt", " " * 1_000_000) <= 7900

    def test_two_empty_files_have_no_share(self, run_cli: Run, tmp_path: Path) -> None:
        (tmp_path / "p.txt").write_text("", encoding="utf-8")
        found = run_cli("tokens", tmp_path / "p.txt", tmp_path / "p.txt", "--format", "json")
        assert found.json()["saving"] == {"tokens": 0, "share": None, "ratio": None}

    def test_a_file_that_is_no_text_is_refused(self, run_cli: Run, tmp_path: Path) -> None:
        path = tmp_path / "p.bin"
        path.write_bytes(b"abc\xff")
        result = run_cli("tokens", path)
        assert (result.code, result.stdout) == (2, "")
        expected = f"error: {path}: not UTF-8 text (byte 3 is 0xff); save it as UTF-8\n"
        assert result.stderr == expected

    def test_standard_input(
        self, run_cli: Run, prompts: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        content = io.BytesIO(prompts[1].read_bytes())
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(content, encoding="utf-8"))
        found = run_cli("tokens", "-", "--format", "json").json()
        assert (found["a"]["file"], found["a"]["tokens"]) == ("standard input", 32)

    def test_standard_input_that_is_no_text(
        self, run_cli: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        content = io.BytesIO(b"\xff")
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(content, encoding="utf-8"))
        result = run_cli("tokens", "-")
        assert result.code == 2
        assert "standard input: not UTF-8 text (byte 0 is 0xff)" in result.stderr

    def test_a_process_without_network_or_cache_counts(
        self, run_process: Run, prompts: tuple[Path, Path], tmp_path: Path
    ) -> None:
        # Any connection would fail: no name can be resolved through this proxy.
        env = {"TIKTOKEN_CACHE_DIR": str(tmp_path), "HTTPS_PROXY": "http://127.0.0.1:9"}
        found = run_process("tokens", *prompts, "--format", "json", env=env).json()
        assert (found["a"]["tokens"], found["b"]["tokens"]) == (193, 32)
        assert list(tmp_path.iterdir()) == []


class TestModels:
    def test_a_model_with_a_tokenizer_of_its_own_is_approximate(
        self, run_cli: Run, prompts: tuple[Path, Path]
    ) -> None:
        model = "anthropic/claude-sonnet-5-5"
        found = run_cli("tokens", *prompts, "--model", model, "--format", "json").json()
        # 193 x 1.10 = 212.3, 32 x 1.10 = 35.2
        assert (found["a"]["tokens"], found["b"]["tokens"]) == (212, 35)
        assert found["exact"] is False
        assert found["tokenizer"]["label"] == "approximate (o200k_base x 1.10)"
        assert found["a"]["tokens_by_encoding"] == {"cl100k_base": 194, "o200k_base": 193}
        text = run_cli("tokens", prompts[0], "--model", model).stdout
        assert "about 212 tokens" in text
        assert "approximate (o200k_base x 1.10), ±10.0 %" in text

    def test_a_model_is_found_without_its_provider(
        self, run_cli: Run, prompts: tuple[Path, Path]
    ) -> None:
        found = run_cli("tokens", prompts[0], "--model", "gpt-4o", "--format", "json").json()
        assert (found["exact"], found["a"]["tokens"]) == (True, 193)

    def test_each_option_is_priced_with_its_own_count(
        self, run_cli: Run, prompts: tuple[Path, Path], root: Path
    ) -> None:
        scenario = root / "scenarios" / "support-chat.yaml"
        result = run_cli("tokens", *prompts, "--scenario", scenario, "--format", "json", "-q")
        options = {each["option"]: each for each in result.json()["pricing"]}
        claude = options["anthropic/claude-haiku-5-5"]
        assert (claude["a"]["tokens"], claude["exact"]) == (212, False)
        assert options["openai/gpt-6-luna"]["tokenizer"]["basis"] == "assumed"
        assert Decimal(claude["saved_monthly_usd"]) == Decimal(
            claude["a"]["usage_monthly_usd"]
        ) - Decimal(claude["b"]["usage_monthly_usd"])

    def test_every_price_has_its_source_and_day(
        self, run_cli: Run, prompts: tuple[Path, Path], root: Path
    ) -> None:
        scenario = root / "scenarios" / "support-chat.yaml"
        found = run_cli("tokens", *prompts, "--scenario", scenario, "--format", "json", "-q").json()
        rows = found["prices"]["tokens"]
        priced = {each["option"] for each in found["pricing"]}
        assert {row["option"] for row in rows} == priced
        assert all(row["source"] and row["observed"] and row["usd_per_1m"] for row in rows)
        assert found["prices"]["oldest_observed"] == min(row["observed"] for row in rows)
        shown = run_cli("tokens", *prompts, "--scenario", scenario, "-q").stdout
        assert "Token prices, $ per 1M" in shown
        assert rows[0]["observed"] in shown

    def test_a_scenario_with_levers_says_that_they_are_left_out(
        self, run_cli: Run, prompts: tuple[Path, Path], root: Path
    ) -> None:
        path = root / "scenarios" / "textbook-levers.yaml"
        found = run_cli("tokens", *prompts, "--scenario", path, "--format", "json", "-q").json()
        assert found["notes"][0].startswith("before what the scenario has under `levers`")
        # 300,000 x 161 x $2.50 / 1M, of which the half that may not reach a model is not taken off,
        # but a fifth is at half the price: 120.75 x 0.9.
        assert Decimal(found["pricing"][0]["saved_monthly_usd"]) == Decimal("108.675")

    def test_one_option_only(self, run_cli: Run, prompts: tuple[Path, Path], root: Path) -> None:
        scenario = root / "scenarios" / "support-chat.yaml"
        args = ("tokens", *prompts, "--scenario", scenario, "-q")
        found = run_cli(*args, "--option", "openai/gpt-6-luna", "--format", "json").json()
        assert [each["option"] for each in found["pricing"]] == ["openai/gpt-6-luna"]
        wrong = run_cli(*args, "--option", "openai/gpt-6-lunar")
        assert wrong.code == 2
        assert "no API option `openai/gpt-6-lunar` (did you mean `openai/gpt-6-luna`?)" in (
            wrong.stderr
        )

    def test_volume_scales_the_saving(
        self, run_cli: Run, prompts: tuple[Path, Path], textbook: Path
    ) -> None:
        changed = ("--set", "workload.requests_per_day=20000")
        found = run_cli(
            "tokens", *prompts, "--scenario", textbook, *changed, "--format", "json", "-q"
        ).json()
        assert Decimal(found["pricing"][0]["saved_monthly_usd"]) == Decimal("241.50")


PASTED = """\
version: 1
id: pasted
workload:
  requests_per_day: 1000
{block}options:
  api: [{{provider: openai, model: gpt-4o}}]
"""


class TestSamples:
    def pasted(self, run_cli: Run, tmp_path: Path, block: str) -> Path:
        path = tmp_path / "scenario.yaml"
        path.write_text(PASTED.format(block=block), encoding="utf-8")
        result = run_cli("validate", path)
        assert result.code == 0, result.stderr
        return path

    def test_the_block_is_valid_where_it_is_pasted(
        self, run_cli: Run, root: Path, templates: tuple[Path, Path], tmp_path: Path
    ) -> None:
        file = root / "docs" / "examples" / "tickets.jsonl"
        args = ("tokens", "--from", file, "--template", templates[0])
        block = run_cli(*args).stdout
        scenario = self.pasted(run_cli, tmp_path, block)
        report = run_cli(*args, "--format", "json").json()
        assert report["yaml"] == block
        demand = run_cli("recommend", scenario, "--format", "json", "-q").json()["demand"]
        for side in ("input_tokens", "output_tokens"):
            assert demand[f"{side}_mean"] == pytest.approx(report[side]["quantiles_mean"], rel=1e-9)

    def test_lengths_by_hand(self, run_cli: Run, tmp_path: Path) -> None:
        # `1234567890` is 4 tokens, `Track order 48213` 5.
        file = samples(
            tmp_path,
            {"text": "1234567890", "output_tokens": 10},
            {"text": "Track order 48213", "output_tokens": 10},
        )
        found = run_cli("tokens", "--from", file, "--format", "json").json()
        assert (found["samples"], found["input_tokens"]["mean"]) == (2, 4.5)
        points = {p["percentile"]: p["tokens"] for p in found["input_tokens"]["quantiles"]}
        assert (points[0], points[50], points[100]) == (4, 4.5, 5)
        assert found["output_tokens"]["quantiles"] is None
        assert "  output_tokens: 10\n" in found["yaml"]
        self.pasted(run_cli, tmp_path, found["yaml"])

    def test_samples_without_answers_leave_the_output_to_the_scenario(
        self, run_cli: Run, tmp_path: Path
    ) -> None:
        result = run_cli("tokens", "--from", samples(tmp_path, {"text": "a"}))
        assert "  input_tokens: 1\n" in result.stdout
        assert "output_tokens stays as it is" in result.stdout
        self.pasted(run_cli, tmp_path, result.stdout + "  output_tokens: 5\n")

    def test_a_model_of_its_own_scales_the_lengths_and_says_so(
        self, run_cli: Run, tmp_path: Path
    ) -> None:
        file = samples(tmp_path, {"text": "1234567890 " * 10, "output_tokens": 1})
        plain = run_cli("tokens", "--from", file, "--format", "json").json()
        scaled = run_cli(
            "tokens", "--from", file, "--model", "anthropic/claude-opus-5-5", "--format", "json"
        ).json()
        expected = round(plain["input_tokens"]["mean"] * 1.1)
        assert scaled["input_tokens"]["mean"] == expected
        assert "approximate (o200k_base x 1.10), within 10.0 %" in scaled["yaml"]

    def test_every_bad_line_is_told(self, run_cli: Run, tmp_path: Path) -> None:
        template = tmp_path / "t.txt"
        template.write_text("Q: {{q}}", encoding="utf-8")
        file = samples(tmp_path, {"q": "a"}, {"p": "a"}, {"q": None})
        result = run_cli("tokens", "--from", file, "--template", template)
        assert result.code == 2
        assert f"{file}:2:1: error: the template asks for `q`; this sample has `p`" in result.stderr
        assert f"{file}:3:1: error: `q` is empty" in result.stderr
        assert result.stderr.endswith("2 problems\n")


class TestForms:
    @pytest.mark.parametrize("format_", ["table", "markdown", "csv", "json"])
    def test_every_form_has_the_counts(
        self, run_cli: Run, prompts: tuple[Path, Path], textbook: Path, format_: str
    ) -> None:
        result = run_cli("tokens", *prompts, "--scenario", textbook, "--format", format_, "-q")
        assert result.code == 0
        for figure in ("193", "32", "120.75" if format_ != "csv" else "144.75"):
            assert figure in result.stdout

    def test_reports_keep_to_their_schema(
        self, run_cli: Run, prompts: tuple[Path, Path], root: Path
    ) -> None:
        validator = Draft202012Validator(schema("tokens"))
        scenario = root / "scenarios" / "support-chat.yaml"
        tickets = root / "docs" / "examples" / "tickets.jsonl"
        template = root / "docs" / "examples" / "ticket-compressed-template.txt"
        for args in (
            (*prompts, "--scenario", scenario),
            (prompts[0], "--scenario", scenario),
            (prompts[0],),
            ("--from", tickets, "--template", template),
        ):
            report = run_cli("tokens", *args, "--format", "json", "-q").json()
            assert [error.message for error in validator.iter_errors(report)] == []

    def test_csv_of_samples_has_a_row_for_each_percentile(
        self, run_cli: Run, tmp_path: Path
    ) -> None:
        file = samples(tmp_path, {"text": "a", "output_tokens": 3})
        text = run_cli("tokens", "--from", file, "--format", "csv").stdout
        assert text.splitlines() == [
            "field,percentile,tokens",
            "input_tokens,0,1",
            "input_tokens,100,1",
            "output_tokens,0,3",
            "output_tokens,100,3",
        ]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "nothing to count: name a prompt file"),
        (("a", "b", "c"), "got 3 prompts"),
        (("-", "-"), "`-` stands twice"),
        (("--template", "t"), "nothing to count"),
        (("a", "--template", "t"), "--template needs --from"),
        (("a", "--from", "s", "--template", "t"), "give one or the other"),
        (("--from", "s", "--scenario", "x.yaml"), "--scenario with --from alone"),
        (("a", "--option", "x"), "give --scenario FILE"),
        (("a", "--model", "gpt-4o", "--encoding", "o200k_base"), "give one of them"),
        (("missing.txt",), "missing.txt: cannot read: No such file"),
    ],
)
def test_options_that_do_not_go_together(
    run_cli: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    args: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").write_text("text", encoding="utf-8")
    result = run_cli("tokens", *args)
    assert result.code == 2
    assert message in result.stderr


def test_a_scenario_without_an_api_has_no_price(
    run_cli: Run, prompts: tuple[Path, Path], tmp_path: Path
) -> None:
    scenario = write_scenario(tmp_path, ManualSelf("own", "10"))
    result = run_cli("tokens", *prompts, "--scenario", scenario)
    assert result.code == 2
    assert f"{scenario}: no option under `options.api`" in result.stderr


def test_a_prompt_longer_than_every_request_is_refused(
    run_cli: Run, prompts: tuple[Path, Path], textbook: Path
) -> None:
    shorter = ("--set", "workload.input_tokens=100")
    result = run_cli("tokens", *prompts, "--scenario", textbook, *shorter)
    assert result.code == 2
    assert "have 100 input tokens on average, fewer than prompt a (193)" in result.stderr


def test_old_prices_fail_the_gate_that_asks_for_new_ones(
    run_cli: Run, prompts: tuple[Path, Path], textbook: Path
) -> None:
    args = ("tokens", *prompts, "--scenario", textbook, "--as-of", "2026-12-21")
    assert run_cli(*args).code == 0
    result = run_cli(*args, "--max-price-age", "1")
    assert result.code == 3
    assert "120.75" in result.stdout
    assert "days old" in result.stderr
