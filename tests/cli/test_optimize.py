"""``planner optimize``: rows R20 to R32 and R42 of the textbook through the command's JSON."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from scripts.build_report_schemas import schema
from tests.support import CliResult

Run = Callable[..., CliResult]


@pytest.fixture
def optimized(run_cli: Run, root: Path) -> Callable[..., Any]:
    """The JSON of a shipped textbook scenario, with ``--set`` and other options."""

    def run(name: str, *args: str) -> Any:
        path = root / "scenarios" / f"textbook-{name}.yaml"
        result = run_cli("optimize", path, "--format", "json", "-q", *args)
        assert result.code == 0, result.stderr
        return result.json()

    return run


def sets(*values: str) -> tuple[str, ...]:
    return tuple(part for value in values for part in ("--set", value))


def usd(rows: list[dict[str, Any]], key: str) -> list[Decimal]:
    return [Decimal(row[key]) for row in rows]


def decimals(*texts: str) -> list[Decimal]:
    return [Decimal(text) for text in texts]


class TestSemanticCache:
    """Table K: $0.003 a query, 10,000 a day."""

    def rows(self, report: Any) -> list[dict[str, Any]]:
        return report["cache"]["thresholds"]

    def test_r20_gross_saving_and_risk(self, optimized: Callable[..., Any]) -> None:
        report = optimized("cache")
        assert Decimal(report["baseline"]["monthly_usd"]) == 900
        assert usd(self.rows(report), "gross_saving_usd") == [558, 495, 450, 378, 252]
        assert [row["risk"] for row in self.rows(report)] == ["HIGH", "MEDIUM", *["LOW"] * 3]

    @pytest.mark.parametrize(
        ("basis", "wrong"),
        [("hits", [14880, 4950, 1500, 252, 0]), ("queries", [24000, 9000, 3000, 600, 0])],
    )
    def test_r21_wrong_answers_on_a_stated_basis(
        self, optimized: Callable[..., Any], basis: str, wrong: list[int]
    ) -> None:
        report = optimized("cache", *sets(f"levers.semantic_cache.false_hit_basis={basis}"))
        assert report["cache"]["false_hit_basis"] == basis
        assert usd(self.rows(report), "wrong_answers_per_month") == wrong

    @pytest.mark.parametrize(
        ("basis", "switches"),
        [
            ("hits", [0.0063444, 0.0130435, 0.0576923, 0.50]),
            ("queries", [0.0042, 0.0075, 0.03, 0.21]),
        ],
    )
    def test_r22_best_threshold_by_the_cost_of_a_wrong_answer(
        self, optimized: Callable[..., Any], basis: str, switches: list[float]
    ) -> None:
        report = optimized("cache", *sets(f"levers.semantic_cache.false_hit_basis={basis}"))
        spans = report["cache"]["best_by_error_cost"]
        assert [span["threshold"] for span in spans] == ["0.85", "0.9", "0.92", "0.95", "0.98"]
        ends = [float(span["to_usd_per_wrong_answer"]) for span in spans[:-1]]
        assert ends == pytest.approx(switches, abs=5e-8)
        assert spans[-1]["to_usd_per_wrong_answer"] is None

    def test_r23_net_of_look_up_and_store(self, optimized: Callable[..., Any]) -> None:
        report = optimized("cache", *sets("levers.semantic_cache.usd_per_wrong_answer=0"))
        assert usd(self.rows(report), "lookup_usd") == [3] * 5
        assert usd(self.rows(report), "net_saving_usd") == [505, 442, 397, 325, 199]

    def test_r23_net_of_wrong_answers(self, optimized: Callable[..., Any]) -> None:
        free = sets(
            "levers.semantic_cache.items=[]",
            "levers.semantic_cache.embedding.usd_per_1m_tokens=0",
        )
        report = optimized("cache", *free)
        expected = decimals("260.4", "396", "420", "372.96", "252")
        assert usd(self.rows(report), "net_saving_usd") == expected
        assert Decimal(report["cache"]["best_threshold"]) == Decimal("0.92")

    def test_r24_exact_bounds_of_the_sample(self, optimized: Callable[..., Any]) -> None:
        report = optimized("cache")
        by_threshold = {row["threshold"]: row["sample"] for row in self.rows(report)}
        assert round(Decimal(by_threshold["0.98"]["upper_95"]) * 100, 2) == Decimal("2.95")
        assert round(Decimal(by_threshold["0.92"]["upper_95"]) * 100, 2) == Decimal("4.66")
        assert by_threshold["0.95"] is None
        pairs = {row["limit"]: row["pairs"] for row in report["cache"]["certification"]}
        assert (pairs["0.01"], pairs["0.002"]) == (299, 1497)

    def test_r24_a_limit_that_no_sample_proves_leaves_exact_match_only(
        self, run_cli: Run, root: Path, optimized: Callable[..., Any]
    ) -> None:
        limit = sets("levers.semantic_cache.false_hit_limit=0.01")
        report = optimized("cache", *limit)
        assert report["cache"]["best_threshold"] is None
        assert not any(row["qualifies"] for row in self.rows(report))
        (step,) = report["waterfall"]["steps"]
        assert (step["applied"], Decimal(step["saves_usd"])) == (False, 0)
        assert step["setting"] == "not applied: the limit of 1 % is proved at no threshold"
        shown = run_cli(
            "optimize", root / "scenarios/textbook-cache.yaml", "--show", "cache", "-q", *limit
        )
        assert "exact match only" in shown.stdout

    def test_r25_two_layers(self, optimized: Callable[..., Any]) -> None:
        report = optimized(
            "cache",
            *sets(
                "levers.exact_cache={hit_rate: 0.2, basis: measured, source: test}",
                "levers.semantic_cache.thresholds="
                "[{threshold: 0.9, hit_rate: 0.3, false_hit_rate: 0}]",
                "levers.semantic_cache.lookup_ms={low: 5, high: 10}",
            ),
        )
        layers = report["cache"]["layers"]
        assert Decimal(layers["hit_rate"]) == Decimal("0.44")
        assert Decimal(layers["gross_saving_usd"]) == 396
        assert (layers["mean_added_ms_low"], layers["mean_added_ms_high"]) == ("4", "8")
        assert layers["claim"]["within"] is True
        # What the exact layer answers is not looked up.
        assert Decimal(report["cache"]["queries_per_month"]) == 240_000

    def test_wrong_answers_and_look_ups_are_inside_the_waterfall(
        self, optimized: Callable[..., Any]
    ) -> None:
        # 0.92: 450 - 3 - 50 - 1,500 x 0.02.
        step = optimized("cache")["waterfall"]["steps"][0]
        assert (step["lever"], Decimal(step["saves_usd"])) == ("semantic_cache", 367)
        assert (step["mark"], step["counts_in_recommend"]) == ("?", False)

    def test_the_semantic_layer_sees_only_what_the_exact_one_misses(
        self, optimized: Callable[..., Any]
    ) -> None:
        exact = "levers.exact_cache={hit_rate: 0.2, basis: measured, source: test}"
        steps = optimized("cache", *sets(exact))["waterfall"]["steps"]
        # 240,000 x (0.5 x 0.003 - 0.00001 a look-up - 0.5 x 0.01 wrong at 0.02) - 50 a month.
        assert usd(steps, "saves_usd") == decimals("180", "283.6")

    def test_pairs_of_the_user_replace_the_table(
        self, optimized: Callable[..., Any], tmp_path: Path
    ) -> None:
        pairs = tmp_path / "pairs.csv"
        pairs.write_text(
            "similarity,same,a,b\n0.96,1,hi,hello\n0.95,0,order 1,order 2\n"
            "0.93,0,red shoes,blue shoes\n0.2,0,a,b\n",
            encoding="utf-8",
        )
        report = optimized("cache", "--pairs", str(pairs))
        row = next(r for r in self.rows(report) if r["threshold"] == "0.92")
        assert report["cache"]["pairs_file"] == str(pairs)
        # One of one same pair; one of three different ones, the other is held back by the guard.
        assert (row["recall"], row["sample"]["wrong"], row["sample"]["pairs"]) == ("1", 1, 3)
        assert float(row["guard"]["wrong_prevented_share"]) == pytest.approx(1 / 3)


class TestBatch:
    @pytest.mark.parametrize(("share", "monthly"), [("0.2", "877.5"), ("1", "487.5")])
    def test_r26_discount_on_the_deferrable_share(
        self, run_cli: Run, root: Path, share: str, monthly: str
    ) -> None:
        path = root / "scenarios" / "textbook.yaml"
        args = sets(f"workload.deferrable_share={share}")
        report = run_cli("optimize", path, "--format", "json", "-q", *args).json()
        assert Decimal(report["batch"]["monthly_usd"]) == Decimal(monthly)
        assert Decimal(report["waterfall"]["left_usd"]) == Decimal(monthly)
        assert {row["discount_share"] for row in report["batch"]["components"]} == {"0.5"}

    def test_r26_fees_beside_tokens_have_no_discount(self, run_cli: Run, root: Path) -> None:
        path = root / "scenarios" / "textbook.yaml"
        args = sets(
            "workload.deferrable_share=1",
            "tco.api.infrastructure.items=[{name: web search, monthly_usd: 100}]",
        )
        batch = run_cli("optimize", path, "--format", "json", "-q", *args).json()["batch"]
        assert Decimal(batch["monthly_usd"]) == Decimal("587.5")
        assert batch["components"][-1]["discount_share"] == "0"

    def test_r27_and_r28_size_of_a_call(self, optimized: Callable[..., Any]) -> None:
        multi = optimized("batching")["batch"]["multi_item"]
        rows = {row["items_per_call"]: row for row in multi["sizes"]}
        four = [rows[size] for size in (1, 5, 10, 20)]
        assert usd(four, "usd_per_1000_items") == decimals("0.5025", "0.1425", "0.0975", "0.075")
        assert usd(four, "batch_usd_per_1000_items") == decimals(
            "0.25125", "0.07125", "0.04875", "0.0375"
        )
        fails = [round(Decimal(row["call_failure_share"]) * 100, 2) for row in four]
        assert fails == decimals("1.00", "4.90", "9.56", "18.21")
        factors = [round(Decimal(row["redo_call_factor"]), 4) for row in four]
        assert factors == decimals("1.0101", "1.0515", "1.1057", "1.2226")
        assert {round(Decimal(row["redo_item_factor"]), 4) for row in four} == {Decimal("1.0101")}
        assert multi["recommended_items_per_call"] == 20
        assert multi["cheapest_items_per_call"] == 25

    def test_a_price_by_the_request_is_a_line_of_its_own(
        self, optimized: Callable[..., Any]
    ) -> None:
        (row,) = optimized("cache")["batch"]["components"]
        assert (row["component"], row["standard_usd_per_1m_tokens"]) == ("requests", None)
        assert Decimal(row["monthly_usd"]) == 900

    def test_interactive_traffic_is_never_batched(self, run_cli: Run, root: Path) -> None:
        path = root / "scenarios" / "textbook.yaml"
        result = run_cli("optimize", path, "--show", "batch", "-q")
        assert "interactive traffic is never batched" in result.stdout.replace("\n", " ")


class TestRoute:
    """Table M: gpt-4o-mini, gpt-4o and Opus."""

    def test_r29_blended_price_of_the_figure(self, optimized: Callable[..., Any]) -> None:
        # The figure takes one price a model; the same for input and output here.
        rows = [("openai", "gpt-4o-mini", "0.60"), ("openai", "gpt-4o", "2.50")]
        values = [
            f"prices.overrides.{index}={{kind: llm, provider: {provider}, model: {model}, "
            f"input_usd_per_1m_tokens: {price}, output_usd_per_1m_tokens: {price}, "
            "source: figure, observed: 2026-11-21}"
            for index, (provider, model, price) in enumerate(
                [*rows, ("anthropic", "claude-opus", "15")]
            )
        ]
        view = optimized("router", *sets(*values))["route"]
        assert Decimal(view["route"]["prices"]["mix_usd_per_1m_tokens"]) == Decimal("2.61")
        opus = next(row for row in view["against"] if row["baseline"] == "anthropic/claude-opus")
        assert float(opus["saving_share"]) == pytest.approx(1 - 2.61 / 15, rel=1e-9)

    def test_r30_like_for_like_against_every_baseline(self, optimized: Callable[..., Any]) -> None:
        view = optimized("router")["route"]
        prices = view["route"]["prices"]
        assert Decimal(prices["input_usd_per_1m_tokens"]) == Decimal("2.34")
        assert Decimal(prices["output_usd_per_1m_tokens"]) == Decimal("10.86")
        assert float(prices["mix_usd_per_1m_tokens"]) == pytest.approx(4.7742857, abs=5e-8)
        assert Decimal(view["route"]["usd_per_request"]) == Decimal("0.003342")
        assert Decimal(view["route"]["monthly_usd"]) == Decimal("1002.6")
        by_name = {row["baseline"]: row for row in view["against"]}
        opus, large = by_name["anthropic/claude-opus"], by_name["openai/gpt-4o"]
        assert (Decimal(opus["monthly_usd"]), Decimal(large["monthly_usd"])) == (6750, 975)
        assert (view["baseline"], large["is_baseline"]) == ("openai/gpt-4o", True)
        shares = [opus[k] for k in ("input_saving_share", "output_saving_share", "saving_share")]
        assert [round(float(share) * 100, 2) for share in shares] == [84.4, 85.52, 85.15]
        assert float(opus["prices"]["mix_usd_per_1m_tokens"]) == pytest.approx(32.142857, abs=1e-6)
        assert round(float(large["saving_share"]) * 100, 1) == -2.8

    def test_r31_mean_latency(self, optimized: Callable[..., Any]) -> None:
        assert optimized("router")["route"]["route"]["latency_ms"] == "355"

    def test_r32_a_cascade_is_another_formula(self, optimized: Callable[..., Any]) -> None:
        view = optimized("router", *sets("levers.route.kind=cascade"))["route"]
        assert Decimal(view["route"]["usd_per_request"]) == Decimal("0.003342")
        assert Decimal(view["cascade"]["usd_per_request"]) == Decimal("0.003745")
        assert [row["asked_share"] for row in view["models"]] == ["1", "0.4", "0.1"]

    def test_r32_quoted_ranges_are_checks(self, optimized: Callable[..., Any]) -> None:
        saving, loss = optimized("router")["route"]["claims"]
        assert (saving["within"], loss["within"]) == (False, None)

    def test_r32_expected_quality_is_the_mix(self, optimized: Callable[..., Any]) -> None:
        scores = [
            f"levers.route.models.{index}.quality={{score: {score}, source: test}}"
            for index, score in enumerate(("0.9", "0.94", "0.97"))
        ]
        base = "options.api.0.quality={score: 0.93, source: test}"
        view = optimized("router", *sets(*scores, base))["route"]
        assert Decimal(view["route"]["quality"]) == Decimal("0.919")
        assert Decimal(view["against"][0]["quality_loss"]) == Decimal("0.011")
        assert view["claims"][1]["within"] is True

    def test_a_price_by_the_request_is_no_price_of_tokens(
        self, optimized: Callable[..., Any]
    ) -> None:
        hand = "levers.route.models.0={name: own, usd_per_request: 0.0001, answered_share: 0.6}"
        view = optimized("router", *sets(hand))["route"]
        assert view["models"][0]["prices"]["input_usd_per_1m_tokens"] is None
        assert view["route"]["prices"]["output_usd_per_1m_tokens"] is None
        assert view["against"][0]["input_saving_share"] is None
        # 0.6 x 0.0001 + 0.3 x 0.00325 + 0.1 x 0.0225
        assert Decimal(view["route"]["usd_per_request"]) == Decimal("0.003285")

    def test_the_shipped_example_measures_what_its_route_loses(
        self, run_cli: Run, root: Path
    ) -> None:
        path = root / "scenarios" / "faq-assistant.yaml"
        report = run_cli("optimize", path, "--format", "json", "-q").json()
        # 1 - (0.7 x 0.91 + 0.3 x 0.93) / 0.93
        loss = Decimal(report["route"]["against"][0]["quality_loss"])
        assert round(loss, 4) == Decimal("0.0140")
        assert report["checklist"][1]["status"] == "measured"

    def test_the_table_of_shares_holds_the_given_one(self, optimized: Callable[..., Any]) -> None:
        rows = optimized("router")["route"]["by_first_share"]
        given = next(row for row in rows if row["is_given"])
        assert (given["first_share"], Decimal(given["monthly_usd"])) == ("0.6", Decimal("1002.6"))
        assert Decimal(rows[-1]["monthly_usd"]) == Decimal("58.5")


class TestTogether:
    def test_r42_waterfall_with_its_checks(self, optimized: Callable[..., Any]) -> None:
        found = optimized("levers")["waterfall"]
        steps = found["steps"]
        assert [s["lever"] for s in steps] == ["route", "compress", "exact_cache", "batch"]
        assert usd(steps, "saves_usd") == decimals("549.90", "49.05", "188.025", "18.8025")
        assert usd(steps, "left_usd") == decimals("425.10", "376.05", "188.025", "169.2225")
        assert usd(steps, "stand_alone_usd") == decimals("549.90", "112.50", "487.50", "97.50")
        assert usd(steps, "last_in_usd") == decimals("218.9025", "22.0725", "169.2225", "18.8025")
        assert usd(steps, "shapley_usd") == decimals(
            "374.266875", "60.796875", "318.346875", "52.366875"
        )
        assert Decimal(found["saved_usd"]) == Decimal("805.7775")
        assert Decimal(found["base_usd"]) - Decimal(found["left_usd"]) == sum(
            usd(steps, "saves_usd")
        )
        assert sum(usd(steps, "reverse_usd")) == Decimal("805.7775")
        assert round(found["saved_share"] * 100, 1) == 82.6
        assert found["ranking"] == ["route", "exact_cache", "compress", "batch"]

    def test_only_the_levers_asked_for(self, optimized: Callable[..., Any]) -> None:
        found = optimized("levers", "--levers", "compress,exact_cache")["waterfall"]
        assert usd(found["steps"], "saves_usd") == decimals("112.50", "431.25")

    @pytest.mark.parametrize(
        ("change", "lever"),
        [
            ("levers.compress.reduction_share=0", "compress"),
            ("levers.exact_cache.hit_rate=0", "exact_cache"),
            ("workload.deferrable_share=0", "batch"),
        ],
    )
    def test_a_lever_at_zero_changes_nothing(
        self, optimized: Callable[..., Any], change: str, lever: str
    ) -> None:
        at_zero = optimized("levers", *sets(change))["waterfall"]
        others = "route,compress,exact_cache,batch".replace(lever, "").replace(",,", ",")
        without = optimized("levers", "--levers", others)["waterfall"]
        assert at_zero["left_usd"] == without["left_usd"]
        assert all(Decimal(s["saves_usd"]) == 0 for s in at_zero["steps"] if s["lever"] == lever)

    def test_all_on_the_baseline_is_no_route(self, optimized: Callable[..., Any]) -> None:
        same = "levers.route.models=[{provider: openai, model: gpt-4o, answered_share: 1}]"
        step = optimized("levers", *sets(same))["waterfall"]["steps"][0]
        assert (step["lever"], Decimal(step["saves_usd"])) == ("route", 0)

    def test_compression_below_the_shortest_prefix_cancels_prompt_caching(
        self, optimized: Callable[..., Any]
    ) -> None:
        shape = (
            "workload.input_tokens=2000",
            "workload.shared_prefix={tokens: 1200}",
            "workload.deferrable_share=0",
            "levers.route=null",
            "levers.exact_cache=null",
        )
        both = optimized("levers", *sets(*shape))
        steps = {s["lever"]: Decimal(s["saves_usd"]) for s in both["waterfall"]["steps"]}
        assert steps["prompt_cache"] == 0
        alone = {s["lever"]: Decimal(s["stand_alone_usd"]) for s in both["waterfall"]["steps"]}
        assert alone["prompt_cache"] > 0
        said = " ".join(both["waterfall"]["interactions"])
        assert "from 1,200 to 840 tokens" in said
        kept = optimized("levers", *sets(*shape, "levers.compress.acts_on=rest"))
        rest = {s["lever"]: Decimal(s["saves_usd"]) for s in kept["waterfall"]["steps"]}
        assert rest["prompt_cache"] == alone["prompt_cache"]

    def test_the_cost_of_a_lever_is_inside_its_saving(self, optimized: Callable[..., Any]) -> None:
        priced = sets(
            "levers.exact_cache.items=[{name: store, monthly_usd: 20}]",
            "levers.exact_cache.usd_per_request=0.0001",
            "levers.exact_cache.engineering="
            "{usd_per_hour: 100, hours_per_month: 1, setup_hours: 12}",
        )
        plain, dear = optimized("levers")["waterfall"], optimized("levers", *priced)["waterfall"]
        # 20 + 300,000 x 0.0001 + (1 + 12 / 12) x 100 = 250, more than the cache saves.
        saves = [Decimal(found["steps"][2]["saves_usd"]) for found in (plain, dear)]
        assert saves[0] - saves[1] == 250
        assert saves[1] < 0
        assert Decimal(dear["left_usd"]) - Decimal(plain["left_usd"]) == 250

    def test_an_assumed_lever_is_marked_and_left_out_of_what_counts(
        self, optimized: Callable[..., Any]
    ) -> None:
        found = optimized("levers", *sets("levers.exact_cache.basis=assumed"))["waterfall"]
        marks = {s["lever"]: s["mark"] for s in found["steps"]}
        assert (marks["exact_cache"], marks["route"]) == ("?", "")
        # 376.05 x 0.9
        assert Decimal(found["counted_left_usd"]) == Decimal("338.445")

    def test_compression_that_was_not_measured_takes_the_middle_of_the_range(
        self, optimized: Callable[..., Any]
    ) -> None:
        found = optimized("levers", *sets("levers.compress={basis: assumed, source: none}"))
        step = found["waterfall"]["steps"][1]
        assert (step["basis"], Decimal(step["stand_alone_usd"])) == ("assumed", Decimal("168.75"))

    def test_the_checklist_has_a_figure_or_says_so(self, optimized: Callable[..., Any]) -> None:
        steps = optimized("levers")["checklist"]
        assert [step["name"] for step in steps] == [
            "measure", "frontier", "route", "compress", "cache", "batch", "monitor",
        ]  # fmt: skip
        assert [step["status"] for step in steps if step["status"] == "not measured yet"] == [
            "not measured yet"
        ] * 2
        assert [step["usd"] for step in steps] == [
            "975", None, "549.9", "49.05", "188.025", "18.8025", None,
        ]  # fmt: skip


class TestPrices:
    def test_every_token_price_has_its_source_and_day(self, run_cli: Run, root: Path) -> None:
        path = root / "scenarios" / "faq-assistant.yaml"
        prices = run_cli("optimize", path, "--format", "json", "-q").json()["prices"]
        rows = {(row["option"], row["processing"], row["item"]): row for row in prices["tokens"]}
        row = rows["openai/gpt-6.1-terra", "standard", "input"]
        assert (row["usd_per_1m"], row["observed"]) == ("1", "2026-11-09")
        assert row["source"].startswith("genai-prices")
        assert rows["openai/gpt-6-luna", "batch", "output"]["usd_per_1m"] == "0.25"
        assert rows["openai/gpt-6-luna", "standard", "cache_read"]["usd_per_1m"] == "0.01"
        # Not AWS's: those of the prices in use.
        assert prices["oldest_observed"] == prices["newest_observed"] == "2026-11-09"
        embedding = rows["semantic cache", "standard", "embedding"]
        assert (embedding["source"], embedding["observed"]) == ("example: embedding price", None)

    @pytest.mark.parametrize("show", [(), ("--show", "cache"), ("--show", "batch")])
    def test_the_text_shows_them(self, run_cli: Run, root: Path, show: tuple[str, ...]) -> None:
        path = root / "scenarios" / "faq-assistant.yaml"
        shown = run_cli("optimize", path, "-q", "--wide", *show).stdout
        (row,) = [line for line in shown.splitlines() if "gpt-6-luna  " in line and "batch" in line
                  and "2026" in line]  # fmt: skip
        assert row.split()[:4] == ["openai/gpt-6-luna", "batch", "$0.05", "$0.25"]
        assert row.split()[-3:] == ["2026-11-09", "genai-prices", "0.2.3"]

    def test_prices_by_hand_have_the_scenario_as_their_source(
        self, optimized: Callable[..., Any]
    ) -> None:
        hand = "levers.route.models.0={name: own, usd_per_request: 0.0001, answered_share: 0.6}"
        rows = optimized("router", *sets(hand))["prices"]["tokens"]
        (own,) = [row for row in rows if row["option"] == "own"]
        assert (own["item"], own["usd_per_request"], own["usd_per_1m"]) == (
            "request",
            "0.0001",
            None,
        )
        assert own["source"] and own["observed"] is None


class TestForms:
    def test_a_cache_that_does_not_pay_behind_other_levers_is_not_applied(
        self, run_cli: Run, root: Path
    ) -> None:
        path = root / "scenarios" / "faq-assistant.yaml"
        said = " ".join(run_cli("optimize", path, "--show", "cache", "-q").stdout.split())
        assert "the semantic cache is not applied and saves $0 (does not pay here" in said
        assert "behind route, compress and exact cache ($0.00350 without any lever)" in said
        step = run_cli("optimize", path, "--format", "json", "-q").json()["waterfall"]["steps"][3]
        assert (step["lever"], step["applied"], Decimal(step["saves_usd"])) == (
            "semantic_cache",
            False,
            0,
        )
        assert "does not pay here" in step["setting"]

    def test_the_best_of_few_pairs_says_so_with_its_upper_bound(
        self, run_cli: Run, root: Path
    ) -> None:
        path = root / "scenarios" / "faq-assistant.yaml"
        alone = run_cli("optimize", path, "--show", "cache", "--levers", "semantic_cache", "-q")
        said = " ".join(alone.stdout.split())
        assert "the best threshold on these pairs is 0.90: it saves $79.04 a month net" in said
        # 0 of 24 proves 1 - 0.05^(1/24) = 11.73 %; of 60 % new questions in 1.2 million:
        # 84,489, at $0.05 each.
        assert "0 of 24 pairs: at 95 % up to 11.73 %, 84,489 wrong answers and $4,224.46" in said
        limit = ("--set", "levers.semantic_cache.false_hit_limit=0.2")
        proved = run_cli("optimize", path, "--show", "cache", *limit, "-q", "--levers",
                         "semantic_cache")  # fmt: skip
        assert "best threshold is 0.90" in " ".join(proved.stdout.split())

    @pytest.mark.parametrize(
        "show", [(), ("--show", "cache"), ("--show", "batch"), ("--show", "route")]
    )
    @pytest.mark.parametrize("name", ["levers", "cache", "router", "batching"])
    def test_table_and_markdown_of_every_view(
        self, run_cli: Run, root: Path, name: str, show: tuple[str, ...]
    ) -> None:
        path = root / "scenarios" / f"textbook-{name}.yaml"
        for form in ("table", "markdown"):
            result = run_cli("optimize", path, "--format", form, "-q", *show)
            assert (result.code, result.stderr) == (0, "")
            assert "Projection, not a bill" in result.stdout

    def test_a_scenario_without_an_api_has_nothing_to_optimise(
        self, run_cli: Run, tmp_path: Path
    ) -> None:
        from tests.cli.scenario_texts import ManualSelf, write_scenario

        path = write_scenario(tmp_path, ManualSelf("own", "100"))
        assert "Nothing to optimise" in run_cli("optimize", path, "-q").stdout
        report = run_cli("optimize", path, "--format", "json", "-q").json()
        assert (report["baseline"], report["waterfall"]) == (None, None)

    @pytest.mark.parametrize(
        ("args", "says"),
        [
            (("--levers", "compres"), "did you mean `compress`?"),
            (("--levers", "route,semantic_cache"), "asks for `semantic_cache`; in use in this"),
            (("--levers", ","), "asks for no lever at all; in use in this scenario: route,"),
            (("--pairs", "none.csv"), "--pairs calibrates `levers.semantic_cache`"),
        ],
    )
    def test_what_cannot_be_is_refused(
        self, run_cli: Run, root: Path, args: tuple[str, ...], says: str
    ) -> None:
        result = run_cli("optimize", root / "scenarios" / "textbook-levers.yaml", *args)
        assert result.code == 2
        assert says in result.stderr.replace("\n", " ")

    def test_a_saving_is_taken_apart(self, run_cli: Run, root: Path) -> None:
        path = root / "scenarios" / "faq-assistant.yaml"
        said = run_cli("optimize", path, "-q", "--explain-path", "waterfall.route").stdout
        assert "waterfall.route.saves_usd = left before - left after" in said
        assert "= $4,200.00 - $1,680.00" in said
        # 1.2 million x 2,600 tokens at $0.10 per 1M, asked of all.
        (line,) = [each for each in said.splitlines() if "gpt-6-luna: input tokens" in each]
        assert "$312.00" in line and "2,600 tokens x $0.1 per 1M" in line and "2026-11-09" in line
        report = run_cli("optimize", path, "-q", "--explain", "--format", "json").json()
        saves = {step["lever"]: step["saves_usd"] for step in report["waterfall"]["steps"]}
        told = {each["path"]: each["usd"] for each in report["explain"]}
        assert all(told[f"waterfall.{lever}.saves_usd"] == usd for lever, usd in saves.items())
        assert list(Draft202012Validator(schema("optimize")).iter_errors(report)) == []

    @pytest.mark.parametrize(
        "name", ["textbook-levers", "textbook-cache", "textbook-router", "textbook-batching",
                 "faq-assistant", "textbook"],
    )  # fmt: skip
    def test_the_json_keeps_to_its_schema(self, run_cli: Run, root: Path, name: str) -> None:
        validator = Draft202012Validator(schema("optimize"))
        path = root / "scenarios" / f"{name}.yaml"
        report = run_cli("optimize", path, "--format", "json", "-q").json()
        assert [error.message for error in validator.iter_errors(report)] == []
