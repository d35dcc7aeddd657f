"""`planner prices`: what each subcommand prints, writes and returns."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from planner.catalog.snapshot import load_snapshot
from planner.cli import prices_aws
from tests.catalog.price_support import FakeAws, file_text, fixture, raw
from tests.support import CliResult

Run = Callable[..., CliResult]

_SCENARIO = """version: 1
id: support
region: us-west-2
workload: {requests_per_day: 1000, input_tokens: 500, output_tokens: 200}
options:
  api: [{provider: openai, model: gpt-4o}]
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, so that no price file of the repository is found."""
    monkeypatch.chdir(tmp_path)


# --- list ----------------------------------------------------------------------------------------


def test_list_shows_a_price_with_its_day_and_source(run_cli: Run) -> None:
    result = run_cli("prices", "list", "--item", "g6e.xlarge", "--region", "eu-central-1")
    assert result.code == 0
    line = next(line for line in result.stdout.splitlines() if "on_demand" in line)
    assert "$2.327" in line
    assert "2026-01-21" in line
    assert "shipped prices as of 2026-11-21" in result.stderr


def test_list_says_why_a_price_is_not_known(run_cli: Run) -> None:
    result = run_cli("prices", "list", "--item", "g7.2xlarge", "--region", "us-west-2", "--wide")
    assert "no price" in result.stdout
    assert "offered in us-west-2 without a known on-demand price" in result.stdout
    assert "$0" not in result.stdout


def test_list_filters_combine(run_cli: Run) -> None:
    result = run_cli(
        *("prices", "list", "--format", "json", "--kind", "instance", "--item", "g6e.*"),
        *("--region", "us-east-1", "--region", "us-west-2", "--purchase", "on_demand"),
    )
    rows = result.json()["rows"]
    assert len(rows) == 16  # eight sizes in two regions
    assert {row["region"] for row in rows} == {"us-east-1", "us-west-2"}


def test_list_as_json_names_the_snapshot_and_free_units(run_cli: Run) -> None:
    result = run_cli("prices", "list", "--kind", "service", "--item", "logs_*", "--format", "json")
    payload = result.json()
    assert payload["snapshot"]["sha256"] == load_snapshot(None).sha256
    free = {row["item"]: row["free_units_per_month"] for row in payload["rows"]}
    assert free == {"logs_ingest_gb": "5", "logs_insights_gb": None, "logs_storage_gb_month": None}


def test_list_as_csv_is_unrounded_and_leaves_unknown_prices_empty(run_cli: Run) -> None:
    result = run_cli("prices", "list", "--item", "p4d.24xlarge", "--format", "csv")
    rows = {
        (row["region"], row["purchase"]): row for row in csv.DictReader(io.StringIO(result.stdout))
    }
    assert rows["us-east-1", "on_demand"]["usd"] == "21.957642"
    unknown = run_cli("prices", "list", "--item", "p5e.48xlarge", "--format", "csv").stdout
    assert {row["usd"] for row in csv.DictReader(io.StringIO(unknown))} == {""}


def test_list_as_markdown_is_a_table(run_cli: Run) -> None:
    result = run_cli("prices", "list", "--item", "alb_hour", "--format", "markdown")
    assert result.stdout.startswith("| kind | region | item |")


def test_list_shows_token_prices(run_cli: Run) -> None:
    result = run_cli(
        *("prices", "list", "--kind", "llm", "--item", "openai/gpt-4o", "--format", "json")
    )
    by_processing = {row["processing"]: row for row in result.json()["llm"]}
    assert by_processing["standard"]["input_usd_per_1m_tokens"] == "2.5"
    assert by_processing["batch"]["output_usd_per_1m_tokens"] == "5"


def test_list_shows_where_a_tier_begins(run_cli: Run) -> None:
    result = run_cli("prices", "list", "--kind", "llm", "--item", "anthropic/claude-haiku-5-5")
    assert "0.1 (over 100,000: 0.5)" in result.stdout


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--item", "g6e.xlrge"), "--item: no row with `g6e.xlrge` (did you mean `g6e.xlarge`?)"),
        (("--region", "eu-cental-1"), "did you mean `eu-central-1`?"),
        (("--purchase", "ondemand"), "did you mean `on_demand`?"),
        (("--kind", "llm", "--region", "us-east-1"), "are for AWS prices"),
        (("--kind", "llm", "--item", "openai/gpt-4oo"), "did you mean `openai/gpt-4o"),
    ],
)
def test_a_filter_that_names_nothing_is_an_error(
    run_cli: Run, args: tuple[str, ...], says: str
) -> None:
    result = run_cli("prices", "list", *args)
    assert (result.code, result.stdout) == (2, "")
    assert says in result.stderr


def test_a_price_file_in_the_folder_is_used_and_named(run_cli: Run, tmp_path: Path) -> None:
    (tmp_path / "planner.prices.json").write_text(file_text(raw(usd="7")), encoding="utf-8")
    result = run_cli("prices", "list")
    assert "$7" in result.stdout
    assert "planner.prices.json prices as of" in result.stderr


def test_a_broken_price_file_is_an_input_error(run_cli: Run, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text('{"format": 1, "rows": [{}]}', encoding="utf-8")
    result = run_cli("prices", "list", "--prices", path)
    assert result.code == 2
    assert f"{path}: row 1: without item" in result.stderr


# --- check ---------------------------------------------------------------------------------------


def test_check_shows_which_prices_are_in_use_and_their_ages(run_cli: Run) -> None:
    result = run_cli("prices", "check", "--as-of", "2026-11-21")
    assert result.code == 0
    assert load_snapshot(None).sha256 in result.stdout
    assert "instances" in result.stdout
    assert "304" in result.stdout
    assert "run `planner prices refresh`" in result.stderr


def test_check_fails_only_past_an_age_that_was_asked_for(run_cli: Run, tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    llm = {"provider": "openai", "model": "gpt-4o", "observed": "2026-11-01"}
    path.write_text(file_text(raw(observed="2026-10-22"), llm=[llm]), encoding="utf-8")
    args = ("prices", "check", "--prices", path, "--as-of", "2026-11-21")
    assert run_cli(*args).code == 0
    assert run_cli(*args, "--max-price-age", "default").code == 0
    assert run_cli(*args, "--max-price-age", "30").code == 0
    late = run_cli(*args, "--max-price-age", "29", "--format", "json")
    assert late.code == 3
    levels = {row["class"]: row["level"] for row in late.json()["classes"]}
    assert levels == {"instances": "fail", "llm": "ok"}


def test_check_counts_ages_to_today(run_cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    # 2027-01-21 00:00 UTC, a year after the oldest instance prices were seen.
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1800489600")
    result = run_cli("prices", "check", "--format", "json")
    assert result.json()["checked_on"] == "2027-01-21"
    ages = {row["class"]: row["age_days"] for row in result.json()["classes"]}
    assert ages["instances"] == 365


def test_check_notices_a_file_edited_by_hand(run_cli: Run, tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    text = file_text(raw())
    path.write_text(text, encoding="utf-8")
    assert not run_cli("prices", "check", "--prices", path, "--format", "json").json()[
        "edited_by_hand"
    ]
    path.write_text(text.replace('"1.861"', '"1.5"'), encoding="utf-8")
    result = run_cli("prices", "check", "--prices", path, "--format", "json")
    assert result.json()["edited_by_hand"]
    assert "changed after it was written" in result.stderr


def test_check_compares_the_installed_token_prices(
    run_cli: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.metadata

    monkeypatch.setattr(importlib.metadata, "version", lambda name: "0.2.99")
    result = run_cli("prices", "check", "--format", "json")
    assert result.json()["snapshot"]["genai_prices_installed"] == "0.2.99"
    assert "0.2.99 is installed" in result.stderr


# --- pin -----------------------------------------------------------------------------------------


def test_pin_writes_a_file_that_is_then_used(run_cli: Run, tmp_path: Path) -> None:
    scenario = tmp_path / "support.yaml"
    scenario.write_text(_SCENARIO, encoding="utf-8")
    result = run_cli("prices", "pin", scenario)
    assert result.code == 0
    assert "AWS rows for us-west-2" in result.stdout
    written = json.loads((tmp_path / "planner.prices.json").read_text(encoding="utf-8"))
    assert {row["region"] for row in written["rows"]} == {"us-east-1", "us-west-2"}
    assert {row["model"] for row in written["llm"]} == {"gpt-4o"}
    checked = run_cli("prices", "check", "--format", "json").json()
    assert checked["snapshot"]["name"] == "planner.prices.json"
    assert checked["snapshot"]["sha256"] == written["meta"]["sha256"]


def test_pin_twice_writes_the_same_bytes(run_cli: Run, tmp_path: Path) -> None:
    scenario = tmp_path / "support.yaml"
    scenario.write_text(_SCENARIO, encoding="utf-8")
    run_cli("prices", "pin", scenario)
    first = (tmp_path / "planner.prices.json").read_bytes()
    again = run_cli("prices", "pin", scenario)
    second = (tmp_path / "planner.prices.json").read_bytes()
    assert "No price differs." in again.stdout
    assert second == first


def test_pin_says_when_a_scenario_reads_another_file(run_cli: Run, tmp_path: Path) -> None:
    scenario = tmp_path / "support.yaml"
    scenario.write_text(f"{_SCENARIO}prices: {{snapshot: mine.json}}\n", encoding="utf-8")
    (tmp_path / "mine.json").write_text(file_text(raw()), encoding="utf-8")
    assert (
        "support.yaml reads its prices from mine.json" in run_cli("prices", "pin", scenario).stderr
    )
    quiet = run_cli("prices", "pin", scenario, "--out", tmp_path / "mine.json").stderr
    assert "reads its prices" not in quiet


def test_pin_of_a_bad_scenario_writes_nothing(run_cli: Run, tmp_path: Path) -> None:
    scenario = tmp_path / "bad.yaml"
    scenario.write_text("version: 1\n", encoding="utf-8")
    assert run_cli("prices", "pin", scenario).code == 2
    assert not (tmp_path / "planner.prices.json").exists()


# --- refresh -------------------------------------------------------------------------------------


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAws]:
    fake = FakeAws()
    monkeypatch.setattr(prices_aws, "boto3_clients", lambda: fake)
    yield fake
    fake.close()


_SPOT = ("prices", "refresh", "--kinds", "spot", "--instance-types", "g6e.xlarge")


def test_refresh_says_how_many_calls_writes_the_file_and_shows_what_changed(
    run_cli: Run, tmp_path: Path, aws: FakeAws
) -> None:
    answer = {"SpotPriceHistory": fixture("spot_price_history")}
    aws.stub("ec2").add_response("describe_spot_price_history", answer)
    result = run_cli(*_SPOT)
    assert result.code == 0
    assert "about 1 read-only calls" in result.stderr
    assert "Rows: 1 added." in result.stdout
    assert "$0.9" in result.stdout
    written = load_snapshot(tmp_path / "planner.prices.json")
    assert written.row("instance", "us-east-1", "g6e.xlarge", "spot_az_median") is not None
    assert len(written.raw) == len(load_snapshot(None).raw) + 1


def test_refresh_begins_with_the_file_it_writes(run_cli: Run, tmp_path: Path, aws: FakeAws) -> None:
    out = tmp_path / "own.json"
    out.write_text(file_text(raw()), encoding="utf-8")
    answer = {"SpotPriceHistory": fixture("spot_price_history")}
    aws.stub("ec2").add_response("describe_spot_price_history", answer)
    assert run_cli(*_SPOT, "--out", out).code == 0
    assert len(load_snapshot(out).raw) == 2


def test_a_partial_refresh_is_written_and_ends_with_3(
    run_cli: Run, tmp_path: Path, aws: FakeAws
) -> None:
    aws.stub("pricing").add_client_error("get_products", "AccessDeniedException")
    aws.stub("ec2").add_response("describe_spot_price_history", {"SpotPriceHistory": []})
    result = run_cli(*_SPOT[:3], "spot,on_demand", *_SPOT[4:], "--format", "json")
    assert result.code == 3
    assert "list prices in us-east-1" in result.json()["failures"][0]
    assert "the old ones are kept" in result.stderr
    assert (tmp_path / "planner.prices.json").exists()


def test_a_refresh_without_any_answer_writes_nothing(
    run_cli: Run, tmp_path: Path, aws: FakeAws
) -> None:
    aws.stub("ec2").add_client_error("describe_spot_price_history", "UnauthorizedOperation")
    result = run_cli(*_SPOT)
    assert (result.code, result.stdout) == (3, "")
    assert "planner.prices.json is not written" in result.stderr
    assert not (tmp_path / "planner.prices.json").exists()


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--offline",), "leave out --offline"),
        (("--kinds", "spots"), "no kind `spots` (did you mean `spot`?)"),
        (("--kinds", ","), "name at least one of"),
        (("--region", "eu-cental-1"), "did you mean `eu-central-1`?"),
        (("--instance-types", "g6e.xlrge"), "did you mean `g6e.xlarge`?"),
    ],
)
def test_refresh_refuses_what_it_cannot_read(
    run_cli: Run, args: tuple[str, ...], says: str, aws: FakeAws
) -> None:
    result = run_cli("prices", "refresh", *args)
    assert (result.code, result.stdout) == (2, "")
    assert says in result.stderr


def test_refresh_without_boto3_names_the_extra(
    run_cli: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    result = run_cli("prices", "refresh", "--kinds", "spot", "--instance-types", "g6e.xlarge")
    assert result.code == 2
    assert "llm-serving-planner[aws]" in result.stderr


def test_without_a_connection_refresh_says_what_it_could_not_reach(
    run_cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    result = run_cli(*_SPOT)
    assert result.code == 3
    assert "spot prices in us-east-1: Unable to locate credentials" in result.stderr
    assert not (tmp_path / "planner.prices.json").exists()


def test_listing_prices_imports_neither_aws_nor_genai_prices() -> None:
    code = (
        "import sys; from planner.cli.app import main; code = main(['prices', 'list', '-q']);"
        "sys.exit(code or any(m in sys.modules for m in ('boto3', 'botocore', 'genai_prices')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
