"""``planner breakeven``: the textbook's rows R33 to R36, and cases worked out by hand."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.scenario_texts import ManualApi, ManualSelf, write_scenario
from tests.support import CliResult

Run = Callable[..., CliResult]


def report(run_cli: Run, scenario: Path, *args: str) -> Any:
    result = run_cli("breakeven", scenario, "--format", "json", "-q", *args)
    assert result.code == 0, result.stderr
    return result.json()


def alone(found: Any) -> dict[str, Any]:
    return {pair["selfhost"]: pair["breakeven"] for pair in found["pairs"]}


def won(pair: Any) -> list[tuple[int, int | None]]:
    return [
        (each["from_requests_per_month"], each["to_requests_per_month"])
        for each in pair["intervals"]
        if each["cheaper"] == "selfhost"
    ]


class TestTextbook:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            # 2,000 / (0.00325 - 0.00007) = 628,930.8; 2,000 / (0.00325 - 0.00035) = 689,655.2
            ("self-hosted at $0.10/M", 628_931),
            ("self-hosted at $0.50/M", 689_656),
        ],
    )
    def test_r33_fixed_cost_over_the_difference_a_request(
        self, run_cli: Run, root: Path, name: str, expected: int
    ) -> None:
        pair = alone(report(run_cli, root / "scenarios" / "textbook-breakeven.yaml"))[name]
        assert pair["status"] == "lasting"
        assert pair["lasting_requests_per_month"] == expected
        assert pair["first_crossing_requests_per_month"] == expected

    def test_r33_at_the_textbooks_volume_the_api_wins(self, run_cli: Run, root: Path) -> None:
        # At 300,000: $975 against 2,000 + 21 and 2,000 + 105.
        path = root / "scenarios" / "textbook-breakeven.yaml"
        found = run_cli("recommend", path, "--format", "json", "-q").json()
        costs = {each["name"]: Decimal(each["monthly_cost_usd"]) for each in found["options"]}
        assert costs == {
            "openai/gpt-4o": 975,
            "self-hosted at $0.10/M": 2021,
            "self-hosted at $0.50/M": 2105,
        }
        assert found["recommendation"]["arm"] == "api_frontier"

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            # 4,000 / 0.00318 = 1,257,861.6; 4,000 / 0.00290 = 1,379,310.3
            ("self-hosted at $0.10/M", 1_257_862),
            ("self-hosted at $0.50/M", 1_379_311),
        ],
    )
    def test_r34_labour_belongs_to_the_fixed_cost(
        self, run_cli: Run, root: Path, name: str, expected: int
    ) -> None:
        pair = alone(report(run_cli, root / "scenarios" / "textbook-ops-labour.yaml"))[name]
        assert pair["lasting_requests_per_month"] == expected

    def test_r35_the_factors_come_from_the_scenario(self, run_cli: Run, root: Path) -> None:
        path = root / "scenarios" / "textbook-ops-labour.yaml"
        api, own, _ = report(run_cli, path)["factors"]
        assert (api["fixed_monthly_usd"], own["fixed_monthly_usd"]) == ("0", "2000")
        assert (api["usage_usd_per_request"], own["usage_usd_per_request"]) == (
            "0.00325",
            "0.00007",
        )
        assert own["usage_usd_per_1m_tokens"] == "0.1"
        assert (api["labour_monthly_usd"], own["labour_monthly_usd"]) == (None, "2000")
        assert own["breakeven_requests_per_month"] == 1_257_862
        assert "openai" in api["access"]
        changed = report(run_cli, path, "--set", "options.manual.0.fixed_monthly_usd=3000")
        # It is now the dearer of the two, so it comes last: (3,000 + 2,000) / 0.00318.
        dearer = changed["factors"][2]
        assert dearer["fixed_monthly_usd"] == "3000"
        assert dearer["breakeven_requests_per_month"] == 1_572_328

    def test_r36_a_node_too_small_never_pays(self, run_cli: Run, root: Path) -> None:
        # A full node: 2,000 / 500,000 + 0.00007 = $0.00407 a request, above 0.00325.
        pair = report(run_cli, root / "scenarios" / "textbook-steps-500k.yaml")["breakeven"]
        assert (pair["status"], pair["lasting_requests_per_month"]) == ("never", None)
        assert won(pair) == []

    def test_r36_a_larger_node_wins_in_two_ranges(self, run_cli: Run, root: Path) -> None:
        path = root / "scenarios" / "textbook-steps-1m.yaml"
        found = report(run_cli, path, "--range", "1000000:1000001", "--points", "2")
        assert won(found["breakeven"]) == [(628_931, 1_000_000), (1_257_862, None)]
        assert found["breakeven"]["status"] == "lasting"
        full, one_more = found["curve"]["points"]
        assert full["cheaper"] == "selfhost"
        assert one_more["cheaper"] == "api"
        # A second node: 4,000 + 1,000,001 x 0.00007 against 1,000,001 x 0.00325.
        assert Decimal(one_more["selfhost_monthly_usd"]) == Decimal("4070.00007")
        assert Decimal(one_more["api_monthly_usd"]) == Decimal("3250.00325")
        assert (full["instances"], one_more["instances"]) == (1, 2)

    def test_r36_against_the_small_model(self, run_cli: Run, root: Path) -> None:
        # 2,000 / (0.000195 - 0.00007) = 16,000,000; at 0.50/M a request costs 0.00035.
        pairs = alone(report(run_cli, root / "scenarios" / "textbook-mini.yaml"))
        cheap, dear = pairs["self-hosted at $0.10/M"], pairs["self-hosted at $0.50/M"]
        assert cheap["lasting_requests_per_month"] == 16_000_000
        assert dear["status"] == "never"


# Requests of 1,000 tokens, so that 100 M tokens are 100,000 requests; one spare unit.
REPLICAS = ManualSelf("replicas", "1000", capacity="100000", spare=True)
AT_14 = ManualApi("api at $14/M", "0.014")


class TestByHand:
    def test_an_hour_against_requests(self, run_cli: Run, tmp_path: Path) -> None:
        # $2.50/h against $0.004: 625 requests/h. A month of 720 h: $1,800 and 450,000 requests.
        path = write_scenario(tmp_path, ManualApi("api", "0.004"), ManualSelf("hour", "1800"))
        pair = report(run_cli, path)["breakeven"]
        assert pair["lasting_requests_per_month"] == 450_000
        assert pair["lasting_requests_per_s"] * 3600 == pytest.approx(625)

    @pytest.mark.parametrize(
        ("usd_per_request", "tokens"), [("0.005", 140e6), ("0.0003", 2_333_334_000)]
    )
    def test_a_machine_against_a_token_price(
        self, run_cli: Run, tmp_path: Path, usd_per_request: str, tokens: float
    ) -> None:
        # $700 / $5.00 per M = 140 M tokens; $700 / $0.30 = 2,333.3 M, in whole requests of 1,000.
        path = write_scenario(
            tmp_path, ManualApi("api", usd_per_request), ManualSelf("machine", "700")
        )
        assert report(run_cli, path)["breakeven"]["lasting_tokens_per_month"] == tokens

    def test_steps_win_in_several_ranges(self, run_cli: Run, tmp_path: Path) -> None:
        # n + 1 replicas for n full steps: 4,000 / 14 = 285.71 M inside the third step, and so on.
        pair = report(run_cli, write_scenario(tmp_path, AT_14, REPLICAS))["breakeven"]
        assert won(pair) == [(285_715, 300_000), (357_143, 400_000), (428_572, None)]
        assert pair["lasting_requests_per_month"] == 428_572

    def test_a_price_below_the_cost_of_a_full_replica_is_never_met(
        self, run_cli: Run, tmp_path: Path
    ) -> None:
        # $1,000 / 100 M tokens = $10/M.
        path = write_scenario(tmp_path, ManualApi("api at $9/M", "0.009"), REPLICAS)
        assert report(run_cli, path)["breakeven"]["status"] == "never"

    def test_a_limit_is_named(self, run_cli: Run, tmp_path: Path) -> None:
        four = ManualSelf("replicas", "1000", capacity="100000", spare=True, most=4)
        # 5,000 requests a day are 150,000 a month, which four replicas can serve.
        path = write_scenario(tmp_path, AT_14, four, requests_per_day="5000")
        pair = report(run_cli, path)["breakeven"]
        assert won(pair) == [(285_715, 300_000)]
        assert (pair["status"], pair["limit"]) == ("capacity_exceeded", "max_units 4")

    def test_growth_reaches_the_lasting_volume(self, run_cli: Run, tmp_path: Path) -> None:
        # 200 M x 1.1^8 = 428.72 M tokens, the first month above 428.57 M.
        per_day = "6666.666666666666666666666667"
        path = write_scenario(tmp_path, AT_14, REPLICAS, requests_per_day=per_day)
        found = report(run_cli, path, "--set", "workload.growth_per_month=0.10")
        assert found["breakeven"]["reached_month"] == 8

    def test_without_growth_it_is_not_reached(self, run_cli: Run, tmp_path: Path) -> None:
        path = write_scenario(tmp_path, AT_14, REPLICAS, requests_per_day="6666")
        assert report(run_cli, path)["breakeven"]["reached_month"] is None

    def test_an_api_with_a_fixed_part_can_lose_in_one_range_only(
        self, run_cli: Run, tmp_path: Path
    ) -> None:
        # 500 + 0.001 v against 1,000 a step of 600,000: equal at 500,000; the second step costs
        # 2,000 while the API reaches 1,700 at its end.
        path = write_scenario(
            tmp_path,
            ManualApi("api", "0.001", fixed="500"),
            ManualSelf("node", "1000", capacity="600000"),
        )
        pair = report(run_cli, path)["breakeven"]
        assert (pair["status"], won(pair)) == ("intermittent", [(500_000, 600_000)])
        assert pair["lasting_requests_per_month"] is None

    def test_without_an_api_there_is_nothing_to_compare(self, run_cli: Run, tmp_path: Path) -> None:
        found = report(run_cli, write_scenario(tmp_path, ManualSelf("only", "10")))
        assert found["breakeven"]["status"] == "not_applicable"
        assert found["breakeven"]["reason"] == "no API option to compare with"
        assert (found["pairs"], found["factors"], found["curve"]["points"]) == ([], [], [])

    def test_an_option_that_is_out_says_why(self, run_cli: Run, tmp_path: Path) -> None:
        floor = "quality: {floor: 0.8, metric: exact match}\n"
        good, bad = ManualSelf("good", "10", quality="0.9"), ManualSelf("bad", "1", quality="0.5")
        api = ManualApi("api", "0.01", quality="0.9")
        pair = alone(report(run_cli, write_scenario(tmp_path, api, good, bad, more=floor)))["bad"]
        assert pair["status"] == "not_applicable"
        assert pair["reason"] == "quality 0.5 < floor 0.8 (exact match)"

    def test_every_api_has_its_own_breakeven(self, run_cli: Run, tmp_path: Path) -> None:
        path = write_scenario(
            tmp_path, ManualApi("cheap", "0.001"), ManualApi("dear", "0.01"), ManualSelf("m", "100")
        )
        found = report(run_cli, path)
        assert found["breakeven"]["api"] == "cheap"
        lasting = {each["api"]: each["lasting_requests_per_month"] for each in found["breakevens"]}
        assert lasting == {"cheap": 100_000, "dear": 10_000}
        assert report(run_cli, path, "--api", "dear")["breakeven"]["api"] == "dear"


class TestOptions:
    @pytest.fixture
    def scenario(self, tmp_path: Path) -> Path:
        return write_scenario(tmp_path, AT_14, REPLICAS)

    def test_an_unknown_api_names_the_nearest(self, run_cli: Run, scenario: Path) -> None:
        result = run_cli("breakeven", scenario, "--api", "api at $15/M", "-q")
        assert (result.code, result.stdout) == (2, "")
        assert result.stderr == (
            "error: no API option is named `api at $15/M` (did you mean `api at $14/M`?); "
            "it has api at $14/M\n"
        )

    @pytest.mark.parametrize("text", ["5", "9:5", "0:5", "a:b", "1:2:3", ":5", "-1:5"])
    def test_a_range_that_is_none_is_a_usage_error(
        self, run_cli: Run, scenario: Path, text: str
    ) -> None:
        result = run_cli("breakeven", scenario, f"--range={text}", "-q")
        assert result.code == 2
        assert "is not FROM:TO in the unit of the axis" in result.stderr

    def test_parts_of_requests_are_no_volume(self, run_cli: Run, scenario: Path) -> None:
        result = run_cli("breakeven", scenario, "--range", "1.5:3", "-q")
        assert result.code == 2
        assert "volumes are whole requests a month" in result.stderr

    def test_utilisation_beyond_all_is_refused(self, run_cli: Run, scenario: Path) -> None:
        result = run_cli("breakeven", scenario, "--axis", "utilisation", "--range", "0.5:2", "-q")
        assert result.code == 2
        assert "utilisation is a share" in result.stderr

    def test_another_axis_has_its_crossing_its_drawing_and_its_points(
        self, run_cli: Run, scenario: Path
    ) -> None:
        args = ("breakeven", scenario, "--axis", "api_price", "--points", "4", "-q")
        text = run_cli(*args).stdout
        assert "Cost over API price" in text
        assert "a API   s self-hosting" in text
        axis = run_cli(*args, "--format", "json").json()["axis"]
        assert (axis["axis"], axis["unit"]) == ("api_price", "USD per 1M tokens")
        assert len(axis["points"]) == 4
        rows = run_cli(*args, "--format", "csv").stdout.splitlines()
        assert rows[0].startswith("scenario,api,axis,unit,value,api_monthly_usd")
        assert len(rows) == 5

    def test_the_default_axis_is_volume_with_its_edges(self, run_cli: Run, scenario: Path) -> None:
        report = run_cli("breakeven", scenario, "--format", "json", "-q").json()
        edges = [span["from_requests_per_month"] for span in report["breakeven"]["intervals"][1:]]
        assert [float(c["value"]) for c in report["axis"]["crossings"]] == edges

    def test_the_curve_as_csv(self, run_cli: Run, scenario: Path) -> None:
        text = run_cli(
            "breakeven", scenario, "--range", "100,000:400000", "--points", "3",
            "--format", "csv", "-q",
        ).stdout  # fmt: skip
        rows = list(csv.DictReader(io.StringIO(text)))
        # Ends are exact, the middle is their geometric mean; a replica is spare.
        assert [(row["requests_per_month"], row["instances"]) for row in rows] == [
            ("100000", "2"),
            ("200000", "3"),
            ("400000", "5"),
        ]
        assert [row["selfhost_monthly_usd"] for row in rows] == ["2000", "3000", "5000"]
        assert [row["api_monthly_usd"] for row in rows] == ["1400", "2800", "5600"]
        assert [row["cheaper"] for row in rows] == ["api", "api", "selfhost"]

    def test_the_curve_beyond_a_limit_has_no_cost(self, run_cli: Run, tmp_path: Path) -> None:
        path = write_scenario(
            tmp_path, AT_14, ManualSelf("m", "1000", capacity="100000", most=1),
            requests_per_day="1000",
        )  # fmt: skip
        point = report(run_cli, path, "--range", "100001:100001")["curve"]["points"][0]
        assert (point["selfhost_monthly_usd"], point["cheaper"]) == (None, "api")
        text = run_cli("breakeven", path, "--range", "100001:100001", "-q").stdout
        assert "beyond limits" in text

    def test_the_table_says_the_sentence_first(self, run_cli: Run, scenario: Path) -> None:
        text = run_cli("breakeven", scenario, "-q").stdout
        assert text.startswith(
            "Against api at $14/M: self-hosting is cheaper for good from 428,572 requests a month"
        )

    def test_default_points_span_every_crossing(self, run_cli: Run, scenario: Path) -> None:
        points = report(run_cli, scenario)["curve"]["points"]
        volumes = [point["requests_per_month"] for point in points]
        assert len(volumes) == 16
        assert volumes[0] < 285_715 / 5 and volumes[-1] > 428_572 * 5
        assert volumes == sorted(set(volumes))
