"""``planner tco``: the textbook's rows R1 to R10, and figures worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.cli.scenario_texts import ManualApi, ManualSelf, write_scenario
from tests.support import CliResult

Run = Callable[..., CliResult]

CATEGORIES = ("api_usage", "infrastructure", "engineering", "quality", "operational")


def api_arm(run_cli: Run, scenario: Path, *args: str) -> dict[str, Any]:
    result = run_cli("tco", scenario, "--format", "json", "-q", *args)
    assert result.code == 0, result.stderr
    return next(arm for arm in result.json()["arms"] if arm["arm"] == "api_frontier")


def usd(arm: dict[str, Any], category: str) -> Decimal | None:
    value = arm["categories"][category]["monthly_usd"]
    return None if value is None else Decimal(value)


@pytest.fixture
def textbook(root: Path) -> Path:
    return root / "scenarios" / "textbook.yaml"


class TestTextbook:
    def test_r1_api_usage_is_volume_times_tokens_times_price(
        self, run_cli: Run, textbook: Path
    ) -> None:
        # 300,000 x (500 x 2.50 + 200 x 10.00) / 1e6
        assert usd(api_arm(run_cli, textbook), "api_usage") == Decimal(975)

    def test_r2_the_small_model_costs_a_tenth_of_that(self, run_cli: Run, root: Path) -> None:
        # 300,000 x (500 x 0.15 + 200 x 0.60) / 1e6 = 58.50; with the other 9,080 in all 9,138.50
        arm = api_arm(run_cli, root / "scenarios" / "textbook-mini.yaml")
        assert usd(arm, "api_usage") == Decimal("58.5")
        assert Decimal(arm["monthly_total_usd"]) == Decimal("9138.5")
        share = arm["categories"]["api_usage"]["share"]
        assert share == pytest.approx(58.5 / 9138.5, rel=1e-9)

    @pytest.mark.parametrize(
        ("category", "expected"),
        [
            # R3: 200 + 50 + 100 + 30; R4: 80 h x $100; R5: 500 + 200
            ("infrastructure", "380"),
            ("engineering", "8000"),
            ("quality", "700"),
        ],
    )
    def test_r3_to_r5_categories_are_sums_of_their_items(
        self, run_cli: Run, textbook: Path, category: str, expected: str
    ) -> None:
        assert usd(api_arm(run_cli, textbook), category) == Decimal(expected)

    def test_r6_the_category_that_is_not_given_is_named_and_makes_a_floor(
        self, run_cli: Run, textbook: Path
    ) -> None:
        arm = api_arm(run_cli, textbook)
        assert arm["categories"]["operational"] == {"monthly_usd": None, "share": None}
        assert arm["is_floor"] is True
        assert arm["missing"] == ["operational"]
        assert "operational_missing" in arm["notes"]

    def test_r7_total_and_shares(self, run_cli: Run, textbook: Path) -> None:
        arm = api_arm(run_cli, textbook)
        assert Decimal(arm["monthly_total_usd"]) == Decimal(10055)
        shares = [arm["categories"][name]["share"] for name in CATEGORIES[:4]]
        expected = [975 / 10055, 380 / 10055, 8000 / 10055, 700 / 10055]
        assert shares == pytest.approx(expected, rel=1e-9)
        known = [Fraction(usd(arm, name) or 0) for name in CATEGORIES]
        assert sum(part / Fraction(arm["monthly_total_usd"]) for part in known) == 1

    def test_r7_shown_with_one_decimal(self, run_cli: Run, textbook: Path) -> None:
        text = run_cli("tco", textbook, "-q").stdout
        row = next(x for x in text.splitlines() if x.startswith("openai/gpt-4o") and "%" in x)
        assert row.split()[1::2] == ["9.7", "3.8", "79.6", "7.0", "–"]

    def test_r8_cost_per_query(self, run_cli: Run, textbook: Path) -> None:
        # 10,055 / 300,000
        arm = api_arm(run_cli, textbook)
        assert Decimal(arm["usd_per_request"]) == Decimal("0.0335166666667")
        assert "$0.03352" in run_cli("tco", textbook, "-q").stdout

    def test_r9_shares_beside_the_typical_bands(self, run_cli: Run, textbook: Path) -> None:
        bands = {band["category"]: band for band in api_arm(run_cli, textbook)["bands"]}
        assert {name: bands[name]["verdict"] for name in CATEGORIES} == {
            "api_usage": "low",
            "infrastructure": "low",
            "engineering": "high",
            "quality": "low",
            "operational": "low",
        }
        assert bands["operational"]["is_missing"] is True
        assert (bands["api_usage"]["typical_low"], bands["api_usage"]["typical_high"]) == (
            0.25,
            0.40,
        )

    @pytest.mark.parametrize(
        ("factor", "per_day", "total", "share"),
        [
            (1, 10_000, "10055", 975 / 10055),
            (10, 100_000, "18830", 9750 / 18830),
            (100, 1_000_000, "106580", 97500 / 106580),
            (200, 2_000_000, "204080", 195000 / 204080),
        ],
    )
    def test_r10_share_of_the_api_over_volume(
        self, run_cli: Run, textbook: Path, factor: int, per_day: int, total: str, share: float
    ) -> None:
        volumes = {each["factor"]: each for each in api_arm(run_cli, textbook)["volumes"]}
        found = volumes[factor]
        assert found["requests_per_day"] == per_day
        assert Decimal(found["total_usd"]) == Decimal(total)
        assert found["api_share"] == pytest.approx(share, rel=1e-9)

    def test_r10_half_of_the_total(self, run_cli: Run, textbook: Path) -> None:
        # 9,080 / (30 x 0.00325) = 93,128.2 a day; by the month 9,080 / 0.00325 = 2,793,846.2
        half = api_arm(run_cli, textbook)["api_half"]
        assert half == {"requests_per_day": 93_129, "requests_per_month": 2_793_847}


class TestByHand:
    def test_cost_per_token_of_a_full_machine_and_of_an_idle_one(
        self, run_cli: Run, tmp_path: Path
    ) -> None:
        # $2.50/h for 720 h is $1,800. At 700 tokens/s a month of 2,592,000 s holds 1,814.4 M
        # tokens: 1800 / 1814.4 = $0.992/M; at a tenth of the load ten times that.
        machine = ManualSelf("machine", "1800", capacity="1814400")
        for per_day, expected in (("60480", 0.99206), ("6048", 9.9206)):
            path = write_scenario(tmp_path, machine, requests_per_day=per_day)
            arm = run_cli("tco", path, "--format", "json", "-q").json()["arms"][0]
            assert float(arm["usd_per_1m_tokens"]) == pytest.approx(expected, rel=1e-4)

    @pytest.mark.parametrize(
        ("tokens_per_s", "expected"), [("254.39", 4.0074), ("1235.88", 0.8249)]
    )
    def test_cost_per_token_of_measured_machines(
        self, run_cli: Run, tmp_path: Path, tokens_per_s: str, expected: float
    ) -> None:
        # $3.67/h x 720 h = $2,642.40; requests of 1,000 tokens: tokens/s x 86.4 a day.
        per_day = Decimal(tokens_per_s) * Decimal("86.4")
        path = write_scenario(tmp_path, ManualSelf("vcm", "2642.40"), requests_per_day=f"{per_day}")
        arm = run_cli("tco", path, "--format", "json", "-q").json()["arms"][0]
        assert float(arm["usd_per_1m_tokens"]) == pytest.approx(expected, rel=1e-4)

    def test_a_share_sent_on_to_an_api(self, run_cli: Run, tmp_path: Path) -> None:
        # $2.50/h at 2,950 requests/h, 4.2 % of them at $0.004: 0.00084746 + 0.000168.
        hybrid = ManualSelf(
            "hybrid", "1800", usd_per_request="0.000168", capacity="2124000", arm="hybrid"
        )
        path = write_scenario(tmp_path, hybrid, requests_per_day="70800")
        arm = run_cli("tco", path, "--format", "json", "-q").json()["arms"][0]
        assert float(arm["usd_per_request"]) == pytest.approx(0.0010155, rel=1e-4)

    def test_present_value_of_a_year(self, run_cli: Run, tmp_path: Path) -> None:
        # $1,000 at the end of each of 12 months at 10 % a year.
        path = write_scenario(
            tmp_path,
            ManualSelf("flat", "1000"),
            more="horizon: {months: 12, discount_rate_per_year: 0.10}\n",
        )
        arm = run_cli("tco", path, "--format", "json", "-q").json()["arms"][0]
        assert round(Decimal(arm["npv_usd"]), 2) == Decimal("11400.49")
        assert Decimal(arm["horizon_total_usd"]) == Decimal(12000)

    def test_growth_shows_month_by_month(self, run_cli: Run, tmp_path: Path) -> None:
        # 1,000 a day at $0.01 is $300; 50 % more each month: 300, 450, 675, mean 475.
        path = write_scenario(
            tmp_path,
            ManualApi("api", "0.01"),
            requests_per_day="1000",
            more="horizon: {months: 3}\n",
        )
        result = run_cli(
            "tco", path, "--set", "workload.growth_per_month=0.5", "--format", "json", "-q"
        )
        arm = result.json()["arms"][0]
        assert [Decimal(each["total_usd"]) for each in arm["months"]] == [300, 450, 675]
        assert Decimal(arm["monthly_total_usd"]) == 475
        text = run_cli(
            "tco", path, "--set", "workload.growth_per_month=0.5", "--months", "2", "-q"
        ).stdout
        assert "1 month more, use --months." in text

    def test_nothing_spent_has_no_shares(self, run_cli: Run, tmp_path: Path) -> None:
        path = write_scenario(tmp_path, ManualSelf("free", "0"))
        arm = run_cli("tco", path, "--format", "json", "-q").json()["arms"][0]
        assert all(part["share"] is None for part in arm["categories"].values())
        assert {band["verdict"] for band in arm["bands"]} == {"undefined"}

    def test_tokens_that_never_reach_half_have_no_such_volume(
        self, run_cli: Run, tmp_path: Path
    ) -> None:
        path = write_scenario(tmp_path, ManualApi("free tokens", "0", fixed="10"))
        arm = run_cli("tco", path, "--format", "json", "-q").json()["arms"][0]
        assert arm["api_half"] is None

    def test_exactly_half_is_half(self, run_cli: Run, tmp_path: Path) -> None:
        # 10,000 x $0.01 = the fixed $100.
        path = write_scenario(tmp_path, ManualApi("api", "0.01", fixed="100"))
        arm = run_cli("tco", path, "--format", "json", "-q").json()["arms"][0]
        assert arm["api_half"] == {"requests_per_day": 334, "requests_per_month": 10_000}

    def test_a_volume_beyond_the_limit_has_a_reason_and_no_cost(
        self, run_cli: Run, tmp_path: Path
    ) -> None:
        path = write_scenario(tmp_path, ManualSelf("small", "10", capacity="1000000", most=2))
        arm = run_cli("tco", path, "--format", "json", "-q").json()["arms"][0]
        ten = next(each for each in arm["volumes"] if each["factor"] == 10)
        assert (ten["total_usd"], ten["reason"]) == (None, "beyond max_units 2")

    def test_an_infeasible_option_has_a_reason_and_no_cost(
        self, run_cli: Run, tmp_path: Path
    ) -> None:
        path = write_scenario(
            tmp_path, ManualApi("api", "1"), ManualSelf("small", "10", capacity="1000", most=2)
        )
        arm = run_cli("tco", path, "--format", "json", "-q").json()["arms"][1]
        assert arm["feasible"] is False
        assert "max_units 2" in arm["reason"]
        assert arm["monthly_total_usd"] is None
        assert arm["categories"]["infrastructure"] == {"monthly_usd": None, "share": None}


class TestOptions:
    def test_one_arm_only(self, run_cli: Run, textbook: Path) -> None:
        found = run_cli("tco", textbook, "--arm", "selfhost_ondemand", "--format", "json", "-q")
        assert [arm["arm"] for arm in found.json()["arms"]] == ["selfhost_ondemand"]

    def test_an_arm_the_scenario_does_not_have(self, run_cli: Run, textbook: Path) -> None:
        result = run_cli("tco", textbook, "--arm", "hybrid", "-q")
        assert result.code == 2
        assert result.stderr == (
            "error: no option of the scenario is `hybrid`; it has api_frontier, selfhost_ondemand\n"
        )

    def test_csv_has_a_row_for_each_line(self, run_cli: Run, textbook: Path) -> None:
        text = run_cli("tco", textbook, "--format", "csv", "-q").stdout
        lines = text.splitlines()
        assert lines[0].startswith("scenario,arm,option,category,name,monthly_usd,")
        row = next(line for line in lines if ",input tokens," in line)
        assert row.startswith("textbook,api_frontier,openai/gpt-4o,api_usage,input tokens,375,")
