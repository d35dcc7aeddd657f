"""``planner pareto``: the textbook's rows R11 to R15, scenarios, and bad files."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator

from scripts.build_report_schemas import schema
from tests.cli.scenario_texts import ManualApi, ManualSelf, write_scenario
from tests.support import CliResult

Run = Callable[..., CliResult]

FRONTIER = [
    "TF-IDF + LogReg",
    "Fine-tuned DistilBERT",
    "Fine-tuned BERT-base",
    "Hybrid (BERT + GPT-4o)",
    "GPT-4o (few-shot)",
    "Claude Opus (few-shot)",
]
HYBRID = "Hybrid (BERT + GPT-4o)"


@pytest.fixture
def classifiers(root: Path) -> Path:
    return root / "docs" / "examples" / "classifiers.csv"


def report(run_cli: Run, file: Path, *args: str) -> dict[str, Any]:
    result = run_cli("pareto", file, *args, "--format", "json", "-q")
    assert result.code == 0, result.stderr
    return result.json()


def points(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {point["name"]: point for point in found["points"]}


class TestTextbook:
    @pytest.mark.parametrize(
        ("args", "axes"),
        [
            (("--axis", "cost", "--axis", "quality"), ["cost_usd_per_request", "quality"]),
            ((), ["cost_usd_per_request", "quality", "latency_ms"]),
        ],
        ids=["r11", "r12"],
    )
    def test_r11_r12_six_are_on_the_frontier(
        self, run_cli: Run, classifiers: Path, args: tuple[str, ...], axes: list[str]
    ) -> None:
        found = report(run_cli, classifiers, *args)
        assert [axis["name"] for axis in found["axes"]] == axes
        assert found["frontier"] == FRONTIER

    def test_r13_each_beaten_point_has_all_that_beat_it(
        self, run_cli: Run, classifiers: Path
    ) -> None:
        found = points(report(run_cli, classifiers))
        beaten = {name: set(p["dominated_by"]) for name, p in found.items() if p["dominated_by"]}
        assert beaten == {
            "GPT-4o-mini (zero-shot)": {HYBRID},
            "GPT-4o-mini (few-shot)": {HYBRID},
            "GPT-4o (zero-shot)": {HYBRID},
            "Bad prompt (GPT-4o-mini)": {
                "Fine-tuned DistilBERT",
                "Fine-tuned BERT-base",
                "GPT-4o-mini (zero-shot)",
                HYBRID,
            },
        }

    def test_r14_ties_and_a_missing_latency(self, run_cli: Run, tmp_path: Path) -> None:
        file = tmp_path / "r.csv"
        file.write_text(
            "name,quality,cost_usd_per_request,latency_ms\n"
            "slow,.90,1,900\nfast,.90,2,50\nunknown,.95,3,\n",
            encoding="utf-8",
        )
        two = report(run_cli, file, "--axis", "cost", "--axis", "quality")
        assert two["frontier"] == ["slow", "unknown"]
        three = report(run_cli, file, "--axis", "cost", "--axis", "quality", "--axis", "latency")
        assert three["frontier"] == ["slow", "fast"]
        assert points(three)["unknown"]["standing"] == "not_comparable"
        default = report(run_cli, file)
        assert [axis["name"] for axis in default["axes"]] == ["cost_usd_per_request", "quality"]
        assert "1 of 3 has no value" in default["left_out"][0]["reason"]

    def test_r15_a_mix_beats_the_point_inside_the_hull(
        self, run_cli: Run, classifiers: Path
    ) -> None:
        found = points(report(run_cli, classifiers))
        mixes = {name: p["beaten_by_mix"] for name, p in found.items() if p["beaten_by_mix"]}
        assert list(mixes) == ["GPT-4o (few-shot)"]
        mix = mixes["GPT-4o (few-shot)"]
        assert {mix["a"], mix["b"]} == {HYBRID, "Claude Opus (few-shot)"}
        assert (mix["share_a"], mix["share_b"]) == (0.5, 0.5)
        assert Decimal(mix["cost_usd_per_request"]) == Decimal("0.011")
        assert (mix["quality"], mix["latency_ms"]) == (0.95, 510)

    def test_r15_five_times_cheaper_at_the_same_quality(
        self, run_cli: Run, classifiers: Path
    ) -> None:
        found = points(report(run_cli, classifiers))
        alone, hybrid = found["GPT-4o (zero-shot)"], found[HYBRID]
        assert alone["quality"] == hybrid["quality"] == 0.93
        cost = [Decimal(each["cost_usd_per_request"]) for each in (alone, hybrid)]
        assert cost[0] / cost[1] == 5

    def test_r15_intervals_of_a_hundred_trials_overlap(
        self, run_cli: Run, classifiers: Path
    ) -> None:
        found = points(report(run_cli, classifiers))
        expected = {
            HYBRID: (0.863, 0.966),
            "GPT-4o (few-shot)": (0.888, 0.978),
            "Claude Opus (few-shot)": (0.915, 0.990),
        }
        for name, ends in expected.items():
            point = found[name]
            assert (round(point["quality_low"], 3), round(point["quality_high"], 3)) == ends
            assert point["low_sample"] is True
        assert found["GPT-4o (few-shot)"]["overlaps"] == [HYBRID, "Claude Opus (few-shot)"]

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("TF-IDF + LogReg", "0.0000138889"),
            ("Fine-tuned DistilBERT", "0.000357143"),
            ("Fine-tuned BERT-base", "0.000574713"),
            ("GPT-4o-mini (zero-shot)", "0.00340909"),
            ("GPT-4o-mini (few-shot)", "0.00439560"),
            ("GPT-4o (zero-shot)", "0.0107527"),
            ("GPT-4o (few-shot)", "0.0126316"),
            ("Claude Opus (few-shot)", "0.0206186"),
            (HYBRID, "0.00215054"),
            ("Bad prompt (GPT-4o-mini)", "0.00448718"),
        ],
    )
    def test_cost_of_a_success(
        self, run_cli: Run, classifiers: Path, name: str, expected: str
    ) -> None:
        found = points(report(run_cli, classifiers))[name]
        assert float(found["usd_per_success"]) == pytest.approx(float(expected), rel=1e-5)


class TestCsv:
    def test_the_order_of_rows_changes_lines_only(
        self, run_cli: Run, classifiers: Path, tmp_path: Path
    ) -> None:
        header, *rows = classifiers.read_text(encoding="utf-8").splitlines()
        random.Random(5).shuffle(rows)
        other = tmp_path / "other.csv"
        other.write_text("\n".join([header, *rows]), encoding="utf-8")
        found, again = report(run_cli, classifiers), report(run_cli, other)
        for each in (found, again):
            each.pop("file")
            for point in each["points"]:
                point.pop("line")
        assert again == found

    def test_any_column_can_be_an_axis_with_its_sense(self, run_cli: Run, tmp_path: Path) -> None:
        file = tmp_path / "r.csv"
        file.write_text("name,tps,gb\na,10,5\nb,20,5\nc,20,9\n", encoding="utf-8")
        found = report(run_cli, file, "--axis", "tps:max", "--axis", "gb:min")
        assert found["frontier"] == ["b"]
        assert points(found)["c"]["dominated_by"] == ["b"]
        assert points(found)["a"]["values"] == {"gb": 5, "tps": 10}
        # The senses turned round.
        assert report(run_cli, file, "--axis", "tps:min", "--axis", "gb:max")["frontier"] == [
            "a",
            "c",
        ]

    def test_columns_by_other_names(self, run_cli: Run, tmp_path: Path) -> None:
        file = tmp_path / "r.csv"
        file.write_text("model,usd,passed,n\na,1,9,10\nb,2,10,10\n", encoding="utf-8")
        columns = ("name=model", "cost=usd", "successes=passed", "trials=n")
        args = [part for each in columns for part in ("--column", each)]
        found = report(run_cli, file, *args)
        assert found["frontier"] == ["a", "b"]
        assert points(found)["a"]["quality"] == 0.9

    def test_what_never_succeeds_has_no_cost_of_a_success(
        self, run_cli: Run, tmp_path: Path
    ) -> None:
        file = tmp_path / "r.csv"
        file.write_text("name,cost_usd_per_request,quality\na,1,0\n", encoding="utf-8")
        assert points(report(run_cli, file))["a"]["usd_per_success"] is None

    def test_all_problems_of_a_file_at_once(self, run_cli: Run, tmp_path: Path) -> None:
        file = tmp_path / "r.csv"
        file.write_text("name,quality\na,93%\na,0.5\nb,2,3\n", encoding="utf-8")
        result = run_cli("pareto", file)
        assert (result.code, result.stdout) == (2, "")
        assert f"{file}:2:3: error: quality: must be a number, got '93%'" in result.stderr
        assert f"{file}:3:1: error: name: `a` is the name of line 2 too" in result.stderr
        assert f"{file}:4:1: error: 3 cells, the header has 2" in result.stderr
        assert result.stderr.endswith("3 problems\n")


class TestScenario:
    def test_options_with_a_score_are_compared(self, run_cli: Run, tmp_path: Path) -> None:
        scenario = write_scenario(
            tmp_path,
            ManualApi("small", "0.001", quality="0.8"),
            ManualApi("large", "0.01", quality="0.9"),
            ManualSelf("own", "9000", quality="0.85"),
        )
        found = report(run_cli, scenario)
        # 300,000 requests a month: $9,000 is $0.03 each.
        by_name = points(found)
        cost = {name: Decimal(p["cost_usd_per_request"]) for name, p in by_name.items()}
        assert cost == {"small": Decimal("0.001"), "large": Decimal("0.01"), "own": Decimal("0.03")}
        assert found["frontier"] == ["small", "large"]
        assert by_name["own"]["dominated_by"] == ["large"]
        assert by_name["own"]["arm"] == "selfhost_ondemand"
        assert Decimal(by_name["small"]["usd_per_success"]) == Decimal("0.00125")

    def test_costs_that_do_not_split_are_not_mixed(self, run_cli: Run, tmp_path: Path) -> None:
        # By their costs alone, half of small and half of large would beat middle.
        scenario = write_scenario(
            tmp_path,
            ManualApi("small", "0.001", quality="0.8"),
            ManualApi("middle", "0.009", quality="0.85"),
            ManualApi("large", "0.010", quality="0.9"),
        )
        found = report(run_cli, scenario)
        assert found["frontier"] == ["small", "middle", "large"]
        assert all(point["beaten_by_mix"] is None for point in found["points"])
        assert found["mixes_searched"] is False
        assert "half of the traffic does not cost half" in found["reason_no_mixes"]

    def test_an_option_that_is_not_feasible_is_named_with_its_reason(
        self, run_cli: Run, tmp_path: Path
    ) -> None:
        scenario = write_scenario(
            tmp_path, ManualApi("api", "1"), ManualSelf("small", "1", capacity="10", most=1)
        )
        found = report(run_cli, scenario)
        assert list(points(found)) == ["api"]
        assert "max_units 1" in {e["name"]: e["reason"] for e in found["left_out"]}["small"]

    def test_nothing_feasible_is_nothing_to_compare(self, run_cli: Run, tmp_path: Path) -> None:
        scenario = write_scenario(tmp_path, ManualSelf("small", "1", capacity="10", most=1))
        result = run_cli("pareto", scenario)
        assert result.code == 2
        assert "no option is feasible, so there is nothing to compare: small: " in result.stderr

    def test_a_floor_is_marked(self, run_cli: Run, tmp_path: Path) -> None:
        scenario = write_scenario(tmp_path, ManualApi("api", "1"), complete=False)
        assert points(report(run_cli, scenario))["api"]["cost_is_floor"] is True
        assert "≥ $1.00000" in run_cli("pareto", scenario, "-q").stdout

    def test_the_quality_of_a_route_is_not_that_of_the_model_it_stands_in_for(
        self, run_cli: Run, root: Path
    ) -> None:
        found = report(run_cli, root / "scenarios" / "faq-assistant.yaml")
        # 0.7 x 0.91 + 0.3 x 0.93, as the scenario says.
        assert points(found)["openai/gpt-6.1-terra"]["quality"] == 0.916
        assert any("the quality of the answers used" in note for note in found["notes"])
        assert "cost is with the levers that count (`planner optimize`)" in found["notes"]

    def test_latency_of_own_hardware_is_predicted(self, run_cli: Run, root: Path) -> None:
        scenario = root / "scenarios" / "support-chat.yaml"
        found = report(run_cli, scenario, "--axis", "cost", "--axis", "latency")
        recommended = run_cli("recommend", scenario, "--format", "json", "-q").json()
        output = recommended["demand"]["output_tokens_mean"]
        capacity = {o["name"]: o["capacity"] for o in recommended["options"] if o["capacity"]}
        assert capacity
        for name, each in capacity.items():
            expected = each["ttft_ms"] + (output - 1) * each["tpot_ms"]
            assert points(found)[name]["latency_ms"] == pytest.approx(expected, rel=1e-9)
        assert points(found)["openai/gpt-6-luna"]["standing"] == "not_comparable"


class TestForms:
    @pytest.mark.parametrize("format_", ["table", "markdown", "csv", "json"])
    def test_every_form_has_every_configuration(
        self, run_cli: Run, classifiers: Path, format_: str
    ) -> None:
        text = run_cli("pareto", classifiers, "--format", format_).stdout
        for name in FRONTIER:
            assert name in text

    def test_the_table_says_what_beats_what(self, run_cli: Run, classifiers: Path) -> None:
        text = run_cli("pareto", classifiers).stdout
        assert "6 of 10 configurations are on the frontier of cost" in text
        assert "beaten by 2, 3, 4, 5" in text
        assert "50.0 % to Claude Opus (few-shot) and 50.0 % to Hybrid (BERT + GPT-4o)" in text
        assert "Low sample" in text
        (row,) = [x for x in text.splitlines() if "0.863–0.966" in x and "Hybrid" in x]
        assert row.split()[-3:] == ["against", "3,", "9"]
        assert max(map(len, text.splitlines())) <= 100

    def test_csv_has_a_row_for_each_point(self, run_cli: Run, classifiers: Path) -> None:
        lines = run_cli("pareto", classifiers, "--format", "csv").stdout.splitlines()
        assert lines[0].startswith("name,standing,cost_usd_per_request,usd_per_success,quality,")
        assert len(lines) == 11
        assert lines[1].startswith("TF-IDF + LogReg,frontier,0.00001,")

    def test_reports_keep_to_their_schema(
        self, run_cli: Run, classifiers: Path, tmp_path: Path
    ) -> None:
        validator = Draft202012Validator(schema("pareto"))
        scenario = write_scenario(tmp_path, ManualApi("api", "1"), ManualSelf("own", "1"))
        for file in (classifiers, scenario):
            errors = [error.message for error in validator.iter_errors(report(run_cli, file))]
            assert errors == []

    def test_the_drawing_of_the_documentation_is_current(
        self, run_cli: Run, classifiers: Path, tmp_path: Path
    ) -> None:
        # When this fails: planner pareto docs/examples/classifiers.csv --svg <that file>.
        drawn = tmp_path / "drawn.svg"
        run_cli("pareto", classifiers, "--svg", drawn)
        committed = classifiers.with_suffix(".svg").read_text(encoding="utf-8")
        assert drawn.read_text(encoding="utf-8") == committed

    def test_the_drawing_is_xml_that_names_every_configuration(
        self, run_cli: Run, tmp_path: Path
    ) -> None:
        file, drawn = tmp_path / "r.csv", tmp_path / "drawn.svg"
        file.write_text(
            'name,cost_usd_per_request,quality\n"<a> & ""b""",1,0.5\nc,2,0.6\n', encoding="utf-8"
        )
        assert run_cli("pareto", file, "--svg", drawn).code == 0
        texts = {element.text for element in ElementTree.parse(drawn).iter()}
        assert {'<a> & "b"', "c", "cost per request, USD", "quality"} <= texts


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--axis", "tps"), "is less of it better, or more? Write tps:min or tps:max"),
        (("--axis", "tps:up"), "write NAME, NAME:min or NAME:max"),
        (("--axis", "cost", "--axis", "cost_usd_per_request"), "is given twice"),
        (("--axis", "quality", "--svg", "x.svg"), "a chart needs two axes"),
        (("--column", "quality"), "write FIELD=COLUMN"),
        (("--column", "qualty=quality"), "no field `qualty` (did you mean `quality`?)"),
        (("--set", "a=1"), "--set changes a scenario"),
        (("--axis", "tps:max"), "no column `tps`"),
    ],
)
def test_options_that_cannot_be_used(
    run_cli: Run, classifiers: Path, args: tuple[str, ...], message: str
) -> None:
    result = run_cli("pareto", classifiers, *args)
    assert (result.code, result.stdout) == (2, "")
    assert message in result.stderr


def test_options_of_a_csv_file_are_no_options_of_a_scenario(run_cli: Run, root: Path) -> None:
    scenario = root / "scenarios" / "textbook.yaml"
    column = run_cli("pareto", scenario, "--column", "quality=a")
    assert (column.code, "is a scenario" in column.stderr) == (2, True)
    axis = run_cli("pareto", scenario, "--axis", "tps:max")
    assert (axis.code, "have cost, quality and latency only" in axis.stderr) == (2, True)


def test_a_file_without_a_value_to_compare_on(run_cli: Run, tmp_path: Path) -> None:
    file = tmp_path / "r.csv"
    file.write_text("name,quality\na,\n", encoding="utf-8")
    result = run_cli("pareto", file)
    assert result.code == 2
    assert "no value to compare on" in result.stderr
