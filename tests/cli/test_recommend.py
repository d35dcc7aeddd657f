"""``planner recommend``: what it writes where, and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.scenario_texts import ManualApi, ManualSelf, write_scenario
from tests.support import CliResult

Run = Callable[..., CliResult]

API = ManualApi("api", "0.014")
STEPS = ManualSelf("steps", "1000", capacity="100000", spare=True)
SMALL = Path(__file__).parent.parent / "render" / "fixtures" / "small.yaml"
DAY = ("--as-of", "2026-11-21")


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """The API costs $4,200, the machines $4,000."""
    return write_scenario(tmp_path, API, STEPS)


def found(run_cli: Run, *args: str | Path, code: int = 0) -> Any:
    result = run_cli("recommend", *args, "--format", "json", "-q")
    assert result.code == code, result.stderr
    return result.json()


class TestJson:
    def test_keys_that_others_read(self, run_cli: Run, made: Path) -> None:
        report = found(run_cli, made)
        assert report["schema_version"] == 1
        verdict = report["recommendation"]
        assert (verdict["arm"], verdict["option"]) == ("selfhost_ondemand", "steps")
        assert (verdict["monthly_cost_usd"], verdict["bill_monthly_usd"]) == ("4000", "4000")
        assert verdict["confidence"] == "too close to call"
        assert verdict["sentence"].startswith("Self-host steps on 4 units: $4,000 a month")
        option = report["options"][0]
        assert option["choice"] == "chosen"
        assert (option["instances"], option["feasible"], option["reason"]) == (4, True, None)
        assert option["deployable"] is False
        assert option["provider_of_capacity"] == "manual"
        assert report["breakeven"]["status"] == "lasting"
        assert report["prices"]["as_of"] == "2026-11-21"
        assert len(report["prices"]["snapshot_sha256"]) == 64

    def test_options_come_cheapest_first_and_infeasible_last(
        self, run_cli: Run, tmp_path: Path
    ) -> None:
        out = ManualSelf("too small", "1", capacity="10", most=1)
        path = write_scenario(tmp_path, out, ManualApi("dear", "0.1"), API, STEPS)
        names = [option["name"] for option in found(run_cli, path)["options"]]
        assert names == ["steps", "api", "dear", "too small"]

    def test_an_infeasible_option_has_a_reason_and_no_cost(
        self, run_cli: Run, tmp_path: Path
    ) -> None:
        path = write_scenario(tmp_path, API, ManualSelf("too small", "1", capacity="10", most=1))
        option = found(run_cli, path)["options"][1]
        assert option["feasible"] is False
        assert option["reason"] == "month 0 needs 30000 instances or units, beyond max_units 1"
        assert option["monthly_cost_usd"] is option["usd_per_1m_tokens"] is None
        # What it would cost is known all the same.
        assert option["would_cost_monthly_usd"] == "30000"

    def test_bill_leaves_labour_and_quality_out(self, run_cli: Run, tmp_path: Path) -> None:
        tco = (
            "tco:\n  engineering: {hours_per_month: 10, usd_per_hour: 100}\n"
            "  quality: {items: [{name: checks, monthly_usd: 50}]}\n"
            "  operational: {items: [{name: rota, monthly_usd: 7}]}\n"
        )
        path = write_scenario(tmp_path, API, complete=False, more=tco)
        verdict = found(run_cli, path)["recommendation"]
        assert (verdict["monthly_cost_usd"], verdict["bill_monthly_usd"]) == ("5257", "4200")

    def test_cost_per_unit_is_the_total_over_the_volume(self, run_cli: Run, made: Path) -> None:
        # $4,000 over 300,000 requests of 1,000 tokens.
        option = found(run_cli, made)["options"][0]
        assert option["usd_per_request"] == "0.0133333333333"
        assert option["usd_per_1m_tokens"] == "13.3333333333"

    def test_tco_holds_the_choice_and_the_runner_up(self, run_cli: Run, made: Path) -> None:
        assert [arm["name"] for arm in found(run_cli, made)["tco"]] == ["steps", "api"]

    def test_assumptions_name_the_line_and_the_path_that_changes_them(
        self, run_cli: Run, made: Path
    ) -> None:
        by_path = {each["path"]: each for each in found(run_cli, made)["assumptions"]}
        given = by_path["workload.requests_per_day"]
        assert (given["written_at"], given["set_path"]) == (
            f"{made}:4",
            "workload.requests_per_day",
        )
        default = by_path["workload.growth_per_month"]
        assert (default["written_at"], default["mark"]) == (None, "?")
        assert by_path["demand.interarrival_cv"]["set_path"] is None

    def test_every_provenance_pointer_leads_somewhere(self, run_cli: Run) -> None:
        report = found(run_cli, SMALL, *DAY)
        assert len(report["provenance"]) > 20
        for pointer, view in report["provenance"].items():
            here = report
            for part in pointer.strip("/").split("/"):
                here = here[int(part)] if isinstance(here, list) else here[part]
            assert view["source"] and view["method"] and view["confidence"]

    def test_numbers_are_finite_and_money_is_text(self, run_cli: Run) -> None:
        text = run_cli("recommend", SMALL, "--format", "json", "-q", *DAY).stdout
        assert "NaN" not in text and "Infinity" not in text

        def walk(value: Any, key: str) -> None:
            if isinstance(value, dict):
                for name, item in value.items():
                    walk(item, name)
            elif isinstance(value, list):
                for item in value:
                    walk(item, key)
            elif key.endswith("_usd") or "usd_per" in key:
                assert value is None or Decimal(value).is_finite()
                assert value is None or isinstance(value, str)

        walk(json.loads(text), "")

    def test_work_that_may_all_wait_is_priced_at_batch_only(self, run_cli: Run, root: Path) -> None:
        # A model with a batch price, and a shared prefix that batch does not cache.
        path = root / "scenarios" / "long-context-rag.yaml"
        report = found(run_cli, path, "--set", "workload.deferrable_share=1")
        names = {line["name"] for line in report["tco"][0]["lines"]}
        assert {"batch input tokens", "batch output tokens"} <= names
        assert "input tokens" not in names


class TestCapacityCheck:
    """Two shipped scenarios: one whose pick is held at once, one that replays its trace."""

    def test_both_answers_are_in_the_json_of_a_self_hosted_option(
        self, run_cli: Run, root: Path
    ) -> None:
        report = found(run_cli, root / "scenarios" / "support-chat.yaml")
        by_arm = {option["arm"]: option for option in report["options"]}
        option = by_arm["selfhost_ondemand"]
        check = option["capacity_check"]
        assert check["working_replicas"] == option["instances"] - 1  # n_plus_1, one on each
        assert check["replicas_added"] == 0
        simulated = check["simulated"]
        assert (simulated["requests"], simulated["requests_played"]) == (2000, 2500)
        assert (simulated["seed"], simulated["arrivals"]) == (1, "poisson")
        assert simulated["ttft_ms"]["slo"] == simulated["ttft_ms"]["p95"] < 1500
        assert simulated["ttft_ms"]["p50"] <= simulated["ttft_ms"]["p99"]
        # Far below the capacity of one replica the two agree.
        for metric in ("ttft_ms", "tpot_ms"):
            assert check["analytic"][metric] == pytest.approx(simulated[metric]["slo"], rel=0.25)
        assert check["analytic"]["utilisation"] == pytest.approx(
            check["replica_rps"] / option["capacity"]["low_rps"], rel=0.5
        )
        assert by_arm["api_frontier"]["capacity_check"] is None

    def test_growth_is_held_to_the_last_month(self, run_cli: Run, root: Path) -> None:
        report = found(run_cli, root / "scenarios" / "support-chat.yaml")
        check = next(o["capacity_check"] for o in report["options"] if o["capacity_check"])
        grown = report["demand"]["peak_rps"] * 1.03**11
        assert check["load_rps"] == pytest.approx(grown, rel=1e-6)

    def test_a_fleet_that_grows_is_shown_at_both_ends(self, run_cli: Run, root: Path) -> None:
        path = root / "scenarios" / "code-completion.yaml"
        text = run_cli("recommend", path, "--draws", "0", "--wide", "-q").stdout
        report = found(run_cli, path, "--draws", "0")
        own = [o for o in report["options"] if o["instances"]]
        assert own
        for each in own:
            assert each["peak_instances"] > each["instances"]
            assert f"tp1, later {each['peak_instances']} " in text

    def test_a_trace_is_replayed(self, run_cli: Run, root: Path) -> None:
        report = found(run_cli, root / "scenarios" / "conversation-trace.yaml")
        checks = [o["capacity_check"] for o in report["options"] if o["capacity_check"]]
        assert checks
        assert {check["simulated"]["arrivals"] for check in checks} == {"trace"}
        for check in checks:
            assert check["simulated"]["ttft_ms"]["slo"] <= 2000
            assert check["simulated"]["tpot_ms"]["slo"] <= 60

    def test_the_text_shows_both_side_by_side(self, run_cli: Run, root: Path) -> None:
        path = root / "scenarios" / "support-chat.yaml"
        text = run_cli("recommend", path, "-q", "--wide").stdout
        section = text.split("Capacity check\n")[1].split("\nTotal cost of ownership")[0]
        assert "(2,000 requests of 2,500, Poisson arrivals, seed 1)" in section
        heads = next(line for line in section.splitlines() if line.startswith("option "))
        assert heads.split("  ")[-1].strip() == "simulated"
        assert "TTFT p95" in heads
        assert (
            "## Capacity check" in run_cli("recommend", path, "-q", "--format", "markdown").stdout
        )

    def test_without_modelled_hardware_there_is_no_section(self, run_cli: Run, made: Path) -> None:
        assert "Capacity check" not in run_cli("recommend", made, "-q").stdout
        report = found(run_cli, made)
        assert [option["capacity_check"] for option in report["options"]] == [None, None]

    def test_past_85_percent_of_capacity_times_to_first_token_are_not_predicted(
        self, run_cli: Run, root: Path
    ) -> None:
        args = (
            root / "scenarios" / "support-chat.yaml",
            *("--set", "slo.max_utilisation=0.99", "--set", "slo.tpot_ms=5000"),
            *("--set", "slo.ttft_ms=60000", "--set", "slo.redundancy=none"),
            *("--set", "workload.growth_per_month=0"),
            *("--set", "options.selfhost.0.instance_types=[g6e.xlarge]"),
            *("--set", "workload.requests_per_day=120000"),
        )
        report = found(run_cli, *args)
        check = next(o["capacity_check"] for o in report["options"] if o["capacity_check"])
        assert check["analytic"]["utilisation"] > 0.85
        assert (check["analytic"]["ttft_ms"], check["simulated"]["ttft_ms"]) == (None, None)
        assert check["ttft_not_predicted"].endswith("is above 0.85")
        assert check["simulated"]["tpot_ms"]["p95"] > 0
        assert "not predicted" in run_cli("recommend", *args, "-q").stdout

    def test_the_plan_keeps_both(self, run_cli: Run, root: Path, tmp_path: Path) -> None:
        path, plan = root / "scenarios" / "support-chat.yaml", tmp_path / "plan.json"
        run_cli("recommend", path, "--arm", "selfhost_ondemand", "--save", plan, "-q")
        chosen = json.loads(plan.read_text())["chosen"]
        check = chosen["capacity_check"]
        assert (check["working_replicas"], check["replicas_added"]) == (1, 0)
        assert (check["requests"], check["seed"]) == (2000, 1)
        assert check["analytic"]["tpot_ms"] == pytest.approx(
            check["simulated"]["tpot_ms"], rel=0.25
        )
        assert chosen["fleet"]["extra_replicas"] == 0


class TestUncertainty:
    def test_the_verdict_names_its_word_and_the_draws(self, run_cli: Run, made: Path) -> None:
        sentence = found(run_cli, made)["recommendation"]["sentence"]
        assert "Too close to call: the cheaper of the two in " in sentence
        # An API and machines that are not committed: the API is easier to leave.
        assert sentence.endswith("take the one with the smaller lock-in, api.")

    def test_no_draws_are_a_point_estimate(self, run_cli: Run, made: Path) -> None:
        report = found(run_cli, made, "--draws", "0")
        assert report["uncertainty"] is None
        assert report["recommendation"]["confidence"] == "point estimate"
        assert report["recommendation"]["sentence"].endswith("Point estimate.")

    def test_a_single_feasible_option_is_no_comparison(self, run_cli: Run, tmp_path: Path) -> None:
        report = found(run_cli, write_scenario(tmp_path, API))
        assert report["recommendation"]["confidence"] == "only option"
        assert report["recommendation"]["sentence"].endswith("No other option is feasible.")

    def test_draws_and_seed_are_those_asked_for(self, run_cli: Run, made: Path) -> None:
        one, other = (
            found(run_cli, made, "--draws", "300", "--seed", seed)["uncertainty"]
            for seed in ("1", "2")
        )
        assert (one["draws"], one["seed"], other["seed"]) == (300, 1, 2)
        assert one["saving_monthly_usd"] != other["saving_monthly_usd"]

    def test_the_first_flip_is_that_of_the_flips_table(self, run_cli: Run, made: Path) -> None:
        report = found(run_cli, made)
        first = report["uncertainty"]["first_flip"]
        flips = {each["input"]: each for each in report["flips"]}
        assert first["input"] == report["uncertainty"]["swings"][0]["input"] == "volume"
        assert first["at_flip"] == flips["volume"]["at_flip"]
        assert first["probability"] == flips["volume"]["probability"]
        assert 0 < first["probability"] < 1

    def test_text_has_the_section_and_wide_its_sources(self, run_cli: Run, made: Path) -> None:
        text = run_cli("recommend", made, "-q").stdout
        assert "How sure that is" in text
        assert "First to flip it, by how far it moves the saving: volume, at" in text
        assert "ServeGen" not in text
        wide = run_cli("recommend", made, "-q", "--wide").stdout
        assert "ServeGen" in wide

    def test_the_plan_holds_it(self, run_cli: Run, made: Path, tmp_path: Path) -> None:
        run_cli("recommend", made, "-q", "--draws", "200", "--save", tmp_path / "plan.json")
        found = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))["uncertainty"]
        assert (found["draws"], found["verdict"]) == (200, "too close to call")
        assert set(found["monthly_cost_usd"]) == {"api", "steps"}


class TestFlips:
    def test_values_are_today_times_the_factor(self, run_cli: Run, made: Path) -> None:
        flips = {each["input"]: each for each in found(run_cli, made)["flips"]}
        # The API's $14 per 1M tokens makes $4,200; at $4,000 it draws level.
        api = flips["api_price"]
        assert (api["now"], api["at_flip"], api["unit"]) == (
            "14",
            "13.3333333333",
            "USD per 1M tokens",
        )
        assert api["to_option"] == "api"
        gpu = flips["gpu_price"]
        assert (gpu["now"], gpu["at_flip"], gpu["unit"]) == ("4000", "4200", "USD per month")
        volume = flips["volume"]
        assert (volume["now"], volume["at_flip"]) == ("300000", "300001")
        # A tenth less capacity needs a fifth unit.
        assert flips["capacity"]["factor"] == pytest.approx(1, abs=1e-6)
        assert flips["labour"] == {
            "input": "labour",
            "factor": None,
            "to_option": None,
            "unit": None,
            "of": None,
            "now": None,
            "at_flip": None,
            "searched": "1/20 to 20 times",
            "probability": None,
        }

    def test_a_gpu_price_is_by_the_hour(self, run_cli: Run) -> None:
        report = found(run_cli, SMALL, *DAY)
        flips = {each["input"]: each for each in report["flips"]}
        cheapest = next(each for each in report["options"] if each["instance_type"])
        assert flips["gpu_price"]["unit"] == "USD per hour"
        assert flips["gpu_price"]["of"] == f"{cheapest['name']} on {cheapest['instance_type']}"
        assert flips["capacity"]["unit"] == "requests per s and replica"


class TestSeveralScenarios:
    @pytest.fixture
    def two(self, tmp_path: Path) -> tuple[Path, Path]:
        return (
            write_scenario(tmp_path, API, STEPS, name="first"),
            write_scenario(tmp_path, API, requests_per_day="1000", name="second"),
        )

    def test_json_holds_each_and_the_portfolio(self, run_cli: Run, two: tuple[Path, Path]) -> None:
        report = found(run_cli, *two)
        assert [each["scenario"]["id"] for each in report["scenarios"]] == ["first", "second"]
        whole = report["portfolio"]
        # $4,000 for the machines of `first`, $420 for the tokens of `second`; nothing is alike.
        assert whole["alone_monthly_cost_usd"] == whole["total_monthly_cost_usd"] == "4420"
        assert whole["alone_bill_monthly_usd"] == "4420"
        assert whole["is_floor"] is False
        assert whole["options_by_arm"] == {"api_frontier": 1, "selfhost_ondemand": 1}
        assert whole["undecided"] == []
        assert [each["together"] for each in whole["scenarios"]] == ["steps", "api"]
        low, high = (float(whole["total_range"][edge]) for edge in ("low", "high"))
        assert low < 4420 < high

    def test_text_ends_with_the_table_of_all(self, run_cli: Run, two: tuple[Path, Path]) -> None:
        text = run_cli("recommend", *two, "-q").stdout
        assert text.startswith("first\n=====\nSelf-host steps")
        tail = text.split("All scenarios\n=============\n")[1]
        said = "2 scenarios, each decided by itself, cost $4,420 a month; they have nothing"
        assert " ".join(tail.split()).startswith(said)
        rows = [line.split() for line in tail.splitlines()]
        share = found(run_cli, *two)["portfolio"]["scenarios"][0]["p_choice_cheaper"]
        sure = ["too", "close", "to", "call,", f"{100 * share:.1f}", "%"]
        assert ["first", "steps", "$4,000.00", "as", "alone", *sure] in rows
        assert ["2", "scenarios", "$4,420.00"] in rows

    def test_no_draws_no_interval(self, run_cli: Run, two: tuple[Path, Path]) -> None:
        report = found(run_cli, *two, "--draws", "0")
        assert report["portfolio"]["total_range"] is None

    def test_csv_has_the_options_of_all(self, run_cli: Run, two: tuple[Path, Path]) -> None:
        rows = run_cli("recommend", *two, "--format", "csv", "-q").stdout.splitlines()
        assert [row.split(",")[0] for row in rows] == ["scenario", "first", "first", "second"]

    def test_one_without_a_feasible_option_decides_the_exit_code(
        self, run_cli: Run, two: tuple[Path, Path], tmp_path: Path
    ) -> None:
        none = write_scenario(
            tmp_path, ManualSelf("small", "1", capacity="10", most=1), name="third"
        )
        report = found(run_cli, two[0], none, code=1)
        assert report["portfolio"]["undecided"] == ["third"]
        assert report["portfolio"]["is_floor"] is True
        assert report["scenarios"][1]["recommendation"]["arm"] is None

    def test_problems_of_all_files_come_at_once_and_nothing_is_written(
        self, run_cli: Run, tmp_path: Path
    ) -> None:
        for name in ("a", "b"):
            (tmp_path / f"{name}.yaml").write_text("version: 1\nid: 7\n", encoding="utf-8")
        result = run_cli("recommend", tmp_path / "a.yaml", tmp_path / "b.yaml")
        assert (result.code, result.stdout) == (2, "")
        assert "a.yaml:2:5: error: id:" in result.stderr
        assert "b.yaml:2:5: error: id:" in result.stderr

    def test_the_same_id_twice_is_refused(self, run_cli: Run, made: Path, tmp_path: Path) -> None:
        copy = tmp_path / "copy.yaml"
        copy.write_text(made.read_text(encoding="utf-8"), encoding="utf-8")
        result = run_cli("recommend", made, copy)
        assert result.code == 2
        assert f"its id `made` is that of {made} too" in result.stderr


class TestManyScenarios:
    """More than 20 files: answers in short, by several processes."""

    @pytest.fixture
    def many(self, tmp_path: Path) -> list[Path]:
        return [
            write_scenario(tmp_path, API, STEPS, requests_per_day=str(900 + n), name=f"s{n:02}")
            for n in range(21)
        ]

    def test_each_answer_is_that_of_its_own_report(self, run_cli: Run, many: list[Path]) -> None:
        report = found(run_cli, *many)
        parts = {"scenario", "recommendation", "uncertainty"}
        assert [set(each) for each in report["scenarios"]] == [parts] * 21
        # 500 draws are a portfolio's.
        alone = found(run_cli, many[3], "--draws", "500")
        assert report["scenarios"][3]["recommendation"] == alone["recommendation"]
        sure = report["scenarios"][3]["uncertainty"]
        assert 0 < sure["p_choice_cheaper"] <= 1
        assert sure == {name: alone["uncertainty"][name] for name in sure}
        member = report["portfolio"]["scenarios"][3]
        assert member["p_choice_cheaper"] == sure["p_choice_cheaper"]
        assert member["confidence"] == alone["uncertainty"]["verdict"]
        assert report["scenarios"][3]["scenario"]["id"] == "s03"
        total = sum(Decimal(s["recommendation"]["monthly_cost_usd"]) for s in report["scenarios"])
        assert Decimal(report["portfolio"]["alone_monthly_cost_usd"]) == total

    def test_the_number_of_processes_changes_no_byte(self, run_cli: Run, many: list[Path]) -> None:
        one, two = (
            run_cli("recommend", *many, "--jobs", jobs, "--format", "json", "-q").stdout
            for jobs in ("1", "2")
        )
        assert one == two

    def test_csv_has_a_row_each(self, run_cli: Run, many: list[Path]) -> None:
        rows = run_cli("recommend", *many, "--format", "csv", "-q").stdout.splitlines()
        assert rows[0] == (
            "scenario,arm,option,monthly_cost_usd,confidence,p_choice_cheaper,together,shared_by"
        )
        assert [row.split(",")[0] for row in rows[1:]] == [path.stem for path in many]

    def test_problems_of_all_files_come_at_once(self, run_cli: Run, many: list[Path]) -> None:
        for path in many[:2]:
            path.write_text("version: 1\nid: 7\n", encoding="utf-8")
        result = run_cli("recommend", *many, "--jobs", "2")
        assert (result.code, result.stdout) == (2, "")
        assert "s00.yaml:2:5: error: id:" in result.stderr
        assert "s01.yaml:2:5: error: id:" in result.stderr

    def test_the_same_id_twice_is_refused(self, run_cli: Run, many: list[Path]) -> None:
        many[1].write_text(many[0].read_text(encoding="utf-8"), encoding="utf-8")
        result = run_cli("recommend", *many)
        assert result.code == 2
        assert "its id `s00` is that of" in result.stderr

    def test_explanations_are_for_few(self, run_cli: Run, many: list[Path]) -> None:
        result = run_cli("recommend", *many, "--explain")
        assert result.code == 2
        assert "--explain is for 20 files at most, got 21" in result.stderr


class TestOutputs:
    def test_result_and_files_at_once(self, run_cli: Run, made: Path, tmp_path: Path) -> None:
        result = run_cli(
            "recommend", made, "-q", "--format", "csv",
            "--output", f"json={tmp_path / 'r.json'}",
            "--output", f"markdown={tmp_path / 'r.md'}",
            "--output", f"table={tmp_path / 'r.txt'}",
        )  # fmt: skip
        assert result.stdout.startswith("scenario,choice,")
        assert json.loads((tmp_path / "r.json").read_text())["schema_version"] == 1
        assert (tmp_path / "r.md").read_text().startswith("**Self-host steps")
        assert (tmp_path / "r.txt").read_text().startswith("Self-host steps")

    def test_out_takes_the_place_of_standard_output(
        self, run_cli: Run, made: Path, tmp_path: Path
    ) -> None:
        direct = run_cli("recommend", made, "-q").stdout
        result = run_cli("recommend", made, "-q", "--out", tmp_path / "r.txt")
        assert result.stdout == ""
        assert (tmp_path / "r.txt").read_text(encoding="utf-8") == direct

    def test_an_unknown_format_is_refused_before_anything_is_read(
        self, run_cli: Run, tmp_path: Path
    ) -> None:
        result = run_cli("recommend", tmp_path / "none.yaml", "--output", "pdf=x.pdf")
        assert result.code == 2
        assert result.stderr == (
            "error: --output pdf=x.pdf: no format `pdf` here; "
            "there are table, json, markdown, csv\n"
        )

    def test_a_narrow_ascii_terminal_gets_ascii(self, run_process: Run, made: Path) -> None:
        env = {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "COLUMNS": "80"}
        path = write_scenario(made.parent, API, STEPS, name="floors", complete=False)
        text = run_process("recommend", path, "-q", env=env).stdout
        assert text.isascii()
        assert ">= $4,000.00" in text
        assert max(map(len, text.splitlines())) <= 80 + len(str(path))

    def test_colour_only_when_asked(self, run_cli: Run, made: Path) -> None:
        assert "\x1b" not in run_cli("recommend", made, "-q").stdout
        assert "\x1b[1m" in run_cli("recommend", made, "-q", "--color", "always").stdout

    def test_same_bytes_in_every_process(self, run_process: Run) -> None:
        args = ("recommend", SMALL, "--format", "json", "-q", *DAY)
        first = run_process(*args, env={"PYTHONHASHSEED": "1"})
        second = run_process(*args, env={"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo"})
        assert first.code == 0
        assert first.stdout == second.stdout

    @pytest.mark.parametrize("moment", ["os.fsync", "os.replace"])
    @pytest.mark.parametrize("option", ["--out", "--save"])
    def test_killed_while_writing_leaves_the_old_file(
        self, root: Path, made: Path, moment: str, option: str
    ) -> None:
        target = made.parent / "old.json"
        target.write_text("old", encoding="utf-8")
        script = (
            "import os, signal, sys\n"
            f"{moment} = lambda *a: os.kill(os.getpid(), signal.SIGKILL)\n"
            "from planner.cli.app import main\n"
            "sys.exit(main(sys.argv[1:]))\n"
        )
        args = ["recommend", str(made), "-q", "--format", "json", option, str(target)]
        done = subprocess.run(
            [sys.executable, "-c", script, *args],
            env={**os.environ, "PYTHONPATH": str(root)},
            capture_output=True,
            check=False,
        )
        assert done.returncode == -9
        assert target.read_text(encoding="utf-8") == "old"


class TestPlan:
    def test_saved_plan_reads_back_with_its_hash(
        self, run_cli: Run, made: Path, tmp_path: Path
    ) -> None:
        from planner.decision import read_plan

        target = tmp_path / "plan.json"
        result = run_cli("recommend", made, "--save", target, *DAY)
        plan = read_plan(target)
        assert f"note: wrote {target} ({plan.plan_hash}): steps\n" in result.stderr
        assert plan.content["chosen"]["name"] == "steps"

    def test_another_arm_is_planned_when_asked(
        self, run_cli: Run, made: Path, tmp_path: Path
    ) -> None:
        from planner.decision import read_plan

        target = tmp_path / "plan.json"
        report = found(run_cli, made, "--arm", "api_frontier", "--save", target)
        assert read_plan(target).content["chosen"]["name"] == "api"
        assert report["recommendation"]["option"] == "api"
        assert report["recommendation"]["cheapest_option"] == "steps"
        assert [arm["name"] for arm in report["tco"]] == ["api", "steps"]
        assert report["flips"] == []

    def test_an_arm_without_a_feasible_option_fails(self, run_cli: Run, tmp_path: Path) -> None:
        path = write_scenario(tmp_path, API, ManualSelf("small", "1", capacity="10", most=1))
        result = run_cli("recommend", path, "--arm", "selfhost_ondemand")
        assert (result.code, result.stdout) == (1, "")
        assert "no option of `selfhost_ondemand` is feasible: small: month 0 needs" in result.stderr

    def test_an_arm_the_scenario_does_not_have(self, run_cli: Run, made: Path) -> None:
        result = run_cli("recommend", made, "--arm", "hybrid")
        assert result.code == 2
        assert "no option of the scenario is `hybrid`; it has api_frontier" in result.stderr

    def test_one_plan_needs_one_scenario(self, run_cli: Run, made: Path) -> None:
        result = run_cli("recommend", made, made, "--save", "plan.json")
        assert result.code == 2
        assert result.stderr == "error: --save writes one plan; give it one scenario file\n"

    def test_without_a_feasible_option_there_is_no_plan(self, run_cli: Run, tmp_path: Path) -> None:
        path = write_scenario(tmp_path, ManualSelf("small", "1", capacity="10", most=1))
        result = run_cli("recommend", path, "--save", tmp_path / "plan.json")
        assert result.code == 1
        assert "plan.json: not written, no option is feasible" in result.stderr
        assert not (tmp_path / "plan.json").exists()


class TestExplain:
    def test_formula_numbers_and_origins(self, run_cli: Run, root: Path) -> None:
        path = root / "scenarios" / "textbook.yaml"
        text = run_cli("recommend", path, "--explain-path", "chosen.api_usage", "-q").stdout
        block = text.split("Explanation\n-----------\n")[1].split("\n\n")[0]
        name = "chosen.api_usage.input_tokens"
        assert block.splitlines()[:3] == [
            f"{name} = N * rate per request",
            f"{' ' * len(name)} = 300,000 * $0.00125",
            f"{' ' * len(name)} = $375.00",
        ]
        assert "  N     300,000                   demand.requests_per_month" in block
        assert "500 tokens x $2.5 per 1M  gpt-4o: genai-prices" in block

    def test_where_the_volume_comes_from(self, run_cli: Run, made: Path) -> None:
        text = run_cli("recommend", made, "--explain", "-q").stdout
        assert "= 10,000 * 30\n" in text
        assert f"{made}:4" in text.split("Explanation")[1]
        changed = run_cli(
            "recommend", made, "--explain", "-q", "--set", "workload.requests_per_day=20000"
        ).stdout
        assert "--set workload.requests_per_day=20000" in changed

    @pytest.mark.parametrize(
        ("path", "line"),
        [
            ("chosen.infrastructure.cache", 31),
            ("chosen.engineering.running_engineering", 34),
            ("chosen.quality.LLM_judge", 38),
            ("runner_up.infrastructure.fixed", 22),
            ("runner_up.infrastructure.per_token", 23),
        ],
    )
    def test_where_a_given_cost_is_written(
        self, run_cli: Run, root: Path, path: str, line: int
    ) -> None:
        scenario = root / "scenarios" / "textbook.yaml"
        figure = found(run_cli, scenario, "--explain-path", path)["explain"][0]
        assert figure["inputs"][-1]["origin"].startswith(f"{scenario}:{line}: section 11.4")

    def test_the_sides_own_engineering_is_where_it_is_written(self, run_cli: Run) -> None:
        for path, line in (("chosen", 45), ("runner_up", 48)):
            wanted = f"{path}.engineering.set-up"
            figure = found(run_cli, SMALL, "--explain-path", wanted, *DAY)["explain"][0]
            assert figure["inputs"][-1]["origin"].startswith(f"{SMALL}:{line}: ")

    def test_whole_units(self, run_cli: Run, made: Path) -> None:
        text = run_cli("recommend", made, "--explain-path", "chosen.instances", "-q").stdout
        assert "= ceil(max(ceil(300,000 / 100,000) + 1, 1) / 1)\n" in text

    def test_both_sides_of_the_breakeven(self, run_cli: Run, made: Path) -> None:
        text = run_cli("recommend", made, "--explain-path", "breakeven", "-q").stdout
        # 428,571 x 0.014 = 5,999.994 and 428,572 x 0.014 = 6,000.008 around six replicas.
        assert "A(428,571)  $5,999.994000  api" in text
        assert "A(428,572)  $6,000.008000  api" in text
        assert text.count("$6,000.000000  steps") == 2

    def test_every_option_can_be_asked_for(self, run_cli: Run, made: Path) -> None:
        text = run_cli("recommend", made, "--explain-path", "options.1", "-q").stdout
        assert "options.1.total = mean of 12 months of the sum of all lines" in text
        assert "options.0" not in text

    def test_a_path_to_nothing_names_the_beginnings(self, run_cli: Run, made: Path) -> None:
        result = run_cli("recommend", made, "--explain-path", "tco", "-q")
        assert (result.code, result.stdout) == (2, "")
        assert result.stderr == (
            "error: nothing to explain at `tco`; paths begin with demand, chosen, runner_up, "
            "breakeven, options.0, options.1\n"
        )

    def test_json_carries_the_explanation(self, run_cli: Run, made: Path) -> None:
        report = found(run_cli, made, "--explain")
        paths = [each["path"] for each in report["explain"]]
        assert paths[0] == "demand.requests_per_month"
        assert "chosen.infrastructure.fixed" in paths
        assert "explain" not in found(run_cli, made)

    @pytest.mark.parametrize("option", ["options.0", "options.1", "options.4"])
    def test_lines_add_up_to_the_total_they_explain(self, run_cli: Run, option: str) -> None:
        # Without growth every month is the first month.
        figures = found(
            run_cli, SMALL, "--explain-path", option, *DAY,
            "--set", "workload.growth_per_month=0",
        )["explain"]  # fmt: skip
        total = next(each for each in figures if each["path"] == f"{option}.total")
        lines = [each for each in figures if each is not total and each["usd"] is not None]
        assert sum(Decimal(each["usd"]) for each in lines) == Decimal(total["usd"])


class TestExitCodes:
    def test_over_budget_fails_only_when_asked(self, run_cli: Run, tmp_path: Path) -> None:
        path = write_scenario(tmp_path, API, more="budget: {monthly_usd: 4000}\n")
        assert run_cli("recommend", path, "-q").code == 0
        assert run_cli("recommend", path, "-q", "--fail-over-budget").code == 1
        within = ("--set", "budget.monthly_usd=4200")
        assert run_cli("recommend", path, "-q", "--fail-over-budget", *within).code == 0

    def test_an_old_price_is_a_warning_and_a_gate_only_when_asked(
        self, run_cli: Run, tmp_path: Path
    ) -> None:
        # Two years after the snapshot every AWS price is old.
        late = ("--as-of", "2028-11-21")
        result = run_cli("recommend", SMALL, *late)
        assert result.code == 0
        assert "warning: instances prices: the oldest is" in result.stderr
        assert "run `planner prices refresh`" in result.stderr
        gated = run_cli(
            "recommend", SMALL, *late, "--max-price-age", "default", "--out", tmp_path / "r.txt"
        )
        assert gated.code == 3
        assert (tmp_path / "r.txt").read_text(encoding="utf-8").startswith("Use the API")

    def test_a_scenario_without_aws_or_token_prices_has_no_old_ones(
        self, run_cli: Run, made: Path
    ) -> None:
        result = run_cli("recommend", made, "--as-of", "2036-11-21", "--max-price-age", "1")
        assert (result.code, result.stderr) == (0, "")

    def test_ages_count_to_the_given_epoch(
        self, run_cli: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # 2027-11-21T00:00Z
        monkeypatch.setenv("SOURCE_DATE_EPOCH", "1826755200")
        assert "is 669 days old (2026-01-21)" in run_cli("recommend", SMALL).stderr

    def test_a_missing_price_under_the_choice_is_incomplete(
        self, run_cli: Run, tmp_path: Path
    ) -> None:
        # The same pinned prices without what the gateway's function costs.
        pinned = json.loads((SMALL.parent / "planner.prices.json").read_text(encoding="utf-8"))
        pinned["rows"] = [r for r in pinned["rows"] if r["item"] != "lambda_arm64_gb_second"]
        prices = tmp_path / "prices.json"
        prices.write_text(json.dumps(pinned), encoding="utf-8")
        args = ("recommend", SMALL, *DAY, "-q", "--prices", prices, "--format", "json")
        result = run_cli(*args)
        assert result.code == 3
        verdict = result.json()["recommendation"]
        assert (verdict["is_floor"], verdict["order_uncertain"]) == (True, True)
        assert "What is not priced could change the order of the first two." in verdict["why"]
        assert run_cli(*args, "--allow-unpriced").code == 0

    def test_a_failed_gate_comes_before_an_old_price(self, run_cli: Run) -> None:
        # The bill of the small scenario passes $100.
        result = run_cli(
            "recommend", SMALL, "-q", "--as-of", "2028-11-21", "--max-price-age", "1",
            "--fail-over-budget", "--set", "budget.monthly_usd=100",
        )  # fmt: skip
        assert result.code == 1

    def test_bad_input_comes_before_everything(self, run_cli: Run, made: Path) -> None:
        result = run_cli("recommend", made, "--set", "workload.requests_per_day=x", "-q")
        assert (result.code, result.stdout) == (2, "")

    def test_an_unknown_model_is_reported_with_its_line(self, run_cli: Run, tmp_path: Path) -> None:
        text = SMALL.read_text(encoding="utf-8").replace("gpt-6-luna", "gpt-6-lunar")
        path = tmp_path / "s.yaml"
        path.write_text(text, encoding="utf-8")
        result = run_cli("recommend", path)
        assert (result.code, result.stdout) == (2, "")
        assert f"{path}:22:33: error: options.api.0.model: " in result.stderr
        assert "gpt-6-luna" in result.stderr

    def test_no_feasible_option_gives_the_reasons(self, run_cli: Run, tmp_path: Path) -> None:
        path = write_scenario(tmp_path, ManualSelf("small", "1", capacity="10", most=1))
        result = run_cli("recommend", path, "-q")
        assert result.code == 1
        assert result.stdout.startswith("No option is feasible. small: month 0 needs 30000")


def test_a_quoted_price_flips_at_the_same_amount_in_both_tables(run_cli: Run, root: Path) -> None:
    report = found(run_cli, root / "scenarios" / "textbook.yaml")
    flips = next(each for each in report["flips"] if each["input"] == "gpu_price")
    swings = next(each for each in report["uncertainty"]["swings"] if each["input"] == "gpu_price")
    # $2,000 and 300,000 x 700 tokens at $0.10 per 1M, against $975 at the API.
    for row in (flips, swings):
        assert float(row["now"]) == 2021
        assert float(row["at_flip"]) == pytest.approx(975)
