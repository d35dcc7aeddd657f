"""Sections on commitments, payback and falling prices, and a hybrid's verdict."""

from __future__ import annotations

from decimal import Decimal

from planner.decision.commitment import commitment_of
from planner.render.blocks import Bullets, Grid
from planner.render.payload_arms import (
    DeclineView,
    PaybackView,
    commitment_view,
    decline_views,
    overflow_view,
    payback_view,
)
from planner.render.payload_options import option_view
from planner.render.sentence import verdict
from planner.render.text_arms import commitment_blocks, time_blocks
from tests.costs.test_arms import PLAN, hybrid, on
from tests.costs.test_options import by_arm, decide


def bullets(payback: PaybackView | None, declines: tuple[DeclineView, ...] = ()) -> str:
    blocks = [block for block in time_blocks(payback, declines) if isinstance(block, Bullets)]
    return "\n".join(item for block in blocks for item in block.items)


def payback_of(**changes: object) -> PaybackView:
    plain = PaybackView(
        option="own",
        against="api",
        month=3,
        setup_usd=Decimal(1000),
        saved_usd=Decimal(3600),
        discounted=False,
    )
    return plain._replace(**changes)


class TestPayback:
    def test_months_are_counted_from_one(self) -> None:
        said = "own against api: its further set-up of $1,000.00 is paid back after 4 months."
        assert bullets(payback_of()) == said

    def test_not_inside_the_horizon(self) -> None:
        assert "is not paid back inside the horizon" in bullets(payback_of(month=None))

    def test_nothing_to_pay_back(self) -> None:
        said = bullets(payback_of(setup_usd=Decimal(0), saved_usd=Decimal(-5)))
        assert said.endswith("it loses $5.00 over the horizon.")

    def test_the_chosen_option_is_the_one_compared(self) -> None:
        found = decide(hybrid())
        view = payback_view(found)
        assert view is not None and found.chosen is not None
        assert view.option == found.chosen.option.name


class TestDeclines:
    def test_a_change_of_the_answer_is_said(self) -> None:
        declines = tuple(
            DeclineView(
                api="api",
                left_after_a_year=Decimal(left),
                api_monthly_usd=Decimal(usd),
                changes_the_answer=changes,
            )
            for left, usd, changes in (("0.5", 70, False), ("0.1", 40, True))
        )
        assert bullets(None, declines) == (
            "api would cost $70.00 if 50.0 % of its price is left after a year and $40.00 if "
            "10.0 % of its price is left after a year, which changes the answer (a sensitivity, "
            "not a forecast)."
        )

    def test_they_are_about_the_cheapest_api(self) -> None:
        assert {view.api for view in decline_views(decide(hybrid()))} == {"openai/gpt-4o"}


class TestCommitment:
    def test_what_to_buy_is_a_table(self) -> None:
        found = decide(on("savings_plan", savings_plan=PLAN))
        evaluated = by_arm(found, "selfhost_ri_1y")
        view = option_view(found, evaluated, None)
        grid = next(b for b in commitment_blocks([view]) if isinstance(b, Grid))
        (row,) = grid.rows
        assert row.cells[1] == f"{evaluated.instances} x g6e.xlarge, 12 months"
        assert row.cells[2] == "2026-11-21"
        assert row.cells[5] == "2027-08-10"

    def test_the_view_is_the_decision(self) -> None:
        found = decide(on("savings_plan", savings_plan=PLAN))
        evaluated = by_arm(found, "selfhost_ri_1y")
        view, decided = (
            commitment_view(found, evaluated),
            commitment_of(evaluated.option, found.months),
        )
        assert view is not None and decided is not None
        assert [buy.instances for buy in view.buys] == [buy.instances for buy in decided.buys]

    def test_without_a_commitment_there_is_no_section(self) -> None:
        found = decide(on("on_demand"))
        view = option_view(found, by_arm(found, "selfhost_ondemand"), None)
        assert commitment_blocks([view]) == []


class TestHybrid:
    def test_the_verdict_says_how_much_goes_where(self) -> None:
        found = decide(hybrid())
        sentence = verdict(found)
        assert sentence.startswith("Run the hybrid ")
        assert " Without the API beside it: self-hosting is cheaper for good from " in sentence
        assert "of the requests to openai/gpt-4o, and is cheaper than that API alone" in sentence

    def test_its_overflow_is_a_view(self) -> None:
        found = decide(hybrid())
        view = overflow_view(found, by_arm(found, "hybrid"))
        assert view is not None
        assert view.option == "openai/gpt-4o"
        assert 0 < view.share < 1
        assert overflow_view(found, by_arm(found, "api_frontier")) is None
