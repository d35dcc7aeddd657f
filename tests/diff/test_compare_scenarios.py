"""Two versions of a scenario: exact parts, choices, lines, price drift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import given as for_all
from hypothesis import settings

from planner.decision import Recommendation
from planner.diff import Part, Range, Subject, diff_report
from planner.diff.exact import Pair, exact_usd
from planner.diff.game import _Pricer  # pyright: ignore[reportPrivateUsage]
from planner.diff.mixing import mixture_of
from planner.diff.picks import pick_of
from planner.diff.pricing import Answers, PriceBook
from planner.diff.scenarios import Draws, compare_scenarios
from planner.errors import InputError
from planner.money import ZERO
from planner.scenario import Scenario
from tests.diff.made import Made, book, compared, given, made_scenarios

FEW = settings(max_examples=15)
# With the gateway's own resources, whose prices are those of AWS services.
STACK = Made(stack=True, cluster=100_000)
TINY = Decimal("0.00001")


def usd(parts: Sequence[Part]) -> dict[str, Decimal]:
    return {part.factor: part.delta_usd for part in parts}


class TestLaws:
    @FEW
    @for_all(made_scenarios(), made_scenarios())
    def test_parts_and_lines_add_up_and_a_swap_negates_them(self, one: Made, other: Made) -> None:
        there, back = compared(one, other), compared(other, one)
        assert there.before is not None and there.after is not None
        before, after = there.before.monthly_usd.expected, there.after.monthly_usd.expected
        assert sum((part.delta_usd for part in there.parts), ZERO) == there.change_usd.expected
        assert before + there.change_usd.expected == after
        assert usd(back.parts) == {name: -value for name, value in usd(there.parts).items()}
        assert back.change_usd.expected == -there.change_usd.expected
        assert _sums(there) == (before, after)
        deltas = {line.component: line.delta_usd for line in there.lines}
        negated = {line.component: line.delta_usd for line in back.lines}
        assert {name: -(value or ZERO) for name, value in deltas.items()} == negated

    @FEW
    @for_all(made_scenarios())
    def test_the_same_scenario_twice_changes_nothing(self, made: Made) -> None:
        same = compared(made, replace(made, id="another-name"))
        assert same.change_usd == Range.point(ZERO)
        assert same.parts == ()
        assert not same.flipped
        assert {line.status for line in same.lines} == {"unchanged"}

    @FEW
    @for_all(made_scenarios(), made_scenarios())
    def test_the_ends_of_a_mixture_are_the_scenarios_themselves(
        self, one: Made, other: Made
    ) -> None:
        answers = Answers()
        pair = Pair.of("made", given(one), given(other), answers)
        assert pair.then.chosen is not None and pair.now.chosen is not None
        before, after = pair.before.scenario, pair.after.scenario
        base = pick_of(before, pair.then.chosen.option)
        head = pick_of(after, pair.now.chosen.option)
        assert base is not None and head is not None
        mixture = mixture_of(before, after, base, head)
        pricer = _Pricer(mixture, pair.after.book.catalog)
        assert pricer.cost(frozenset()) == exact_usd(pair.then)
        assert pricer.cost(frozenset(mixture.factors)) == exact_usd(pair.now)


def _sums(subject: Subject) -> tuple[Decimal, Decimal]:
    before = [line.before_usd.expected for line in subject.lines if line.before_usd is not None]
    after = [line.after_usd.expected for line in subject.lines if line.after_usd is not None]
    return sum(before, ZERO), sum(after, ZERO)


class TestByHand:
    def test_volume_and_length_share_what_both_do(self) -> None:
        # gpt-4o at $2.50 and $10.00 per 1M: 300,000 x (500 x 2.5 + 200 x 10) / 1e6 = $975, and
        # 600,000 x (1,000 x 2.5 + 200 x 10) / 1e6 = $2,700, still below the cluster. Volume first:
        # +975, last: +1,350; input first: 300,000 x 500 x 2.5 / 1e6 = +375, last: +750.
        found = compared(
            Made(cluster=100_000), Made(cluster=100_000, requests=20_000, input_tokens=1_000)
        )
        assert usd(found.parts) == {
            "request volume": Decimal("1162.50"),
            "input length": Decimal("562.50"),
        }
        assert found.change_usd.expected == Decimal(1725)
        assert [part.why for part in found.parts] == [
            "workload.requests_per_day 10000 → 20000",
            "workload.input_tokens 500 → 1000",
        ]

    def test_a_flip_is_a_factor_of_its_own(self) -> None:
        # At 10,000 a day the API is $975 against 2,000 + 21; at 40,000 it is 3,900 against
        # 2,000 + 84. Volume: with the API +2,925, with the cluster +63: mean 1,494. Arm: at the
        # old volume 2,021 - 975 = +1,046, at the new 2,084 - 3,900 = -1,816: mean -385.
        found = compared(Made(), Made(requests=40_000))
        assert found.flipped
        assert usd(found.parts) == {
            "request volume": Decimal(1494),
            "switch of arm": Decimal(-385),
        }
        assert found.choice_before is not None and found.choice_after is not None
        assert found.choice_before.arm == "api_frontier"
        assert found.choice_after.arm == "selfhost_ondemand"
        assert "300,000 → 1,200,000 requests" in found.flip_note

    def test_an_edited_model_is_no_flip(self) -> None:
        found = compared(Made(), Made(model="gpt-4o-mini"))
        # $975 -> 300,000 x (500 x 0.15 + 200 x 0.60) / 1e6 = $58.50
        assert not found.flipped
        assert usd(found.parts) == {"model and route mix": Decimal("-916.50")}

    def test_an_option_that_nobody_chose_has_no_part(self) -> None:
        found = compared(Made(), Made(cluster=3_000))
        assert found.change_usd.expected == 0
        assert found.parts == ()

    def test_cost_of_a_unit_falls_while_the_month_rises(self) -> None:
        found = compared(Made(hours=10), Made(hours=10, requests=20_000))
        assert found.before is not None and found.after is not None
        # (975 + 1,000) / 210 M tokens, (1,950 + 1,000) / 420 M
        assert found.before.per_1m_tokens_usd == pytest.approx(Decimal("9.40476"), abs=TINY)
        assert found.after.per_1m_tokens_usd == pytest.approx(Decimal("7.02381"), abs=TINY)
        assert found.after.per_request_usd == pytest.approx(Decimal("0.0049167"), abs=TINY)

    def test_a_new_scenario_is_all_change(self) -> None:
        found = compared(None, Made())
        assert found.status == "new"
        assert found.before is None
        assert usd(found.parts) == {"added scenarios": Decimal(975)}
        gone = compared(Made(), None)
        assert gone.status == "removed"
        assert usd(gone.parts) == {"removed scenarios": Decimal(-975)}

    def test_the_line_is_that_of_the_field_behind_most_of_the_change(self) -> None:
        text = Made().text().splitlines()
        found = compared(Made(), Made(hours=1, output_tokens=900))
        assert found.line is not None
        assert "output_tokens" in text[found.line - 1]

    def test_nothing_feasible_is_not_free(self) -> None:
        gone = replace(given(Made()), file="x.yaml")
        options = gone.scenario.options.model_copy(
            update={
                "api": [],
                "manual": [
                    each.model_copy(update={"capacity_requests_per_month": 1, "max_units": 1})
                    for each in gone.scenario.options.manual
                ],
            }
        )
        gone = replace(gone, scenario=gone.scenario.model_copy(update={"options": options}))
        found = compare_scenarios("made", given(Made()), gone, answers=Answers(), draws=Draws())
        assert found.after is not None
        assert found.after.unpriced == ("no feasible option",)
        assert found.flipped
        assert sum((part.delta_usd for part in found.parts), ZERO) == found.change_usd.expected


class TestRanges:
    def test_both_sides_see_the_same_draws(self) -> None:
        found = compared(Made(cluster=100_000), Made(cluster=100_000, hours=1), draws=200)
        assert found.before is not None
        before = found.before.monthly_usd
        # An hour of work lies between -30 % and +43 % in four cases of five, whatever the API's
        # own range, which two draws apart would bring in.
        assert before.high - before.low > 300
        assert Decimal(65) < found.change_usd.low < Decimal(100)
        assert Decimal(100) < found.change_usd.high < Decimal(150)

    def test_without_draws_every_range_is_a_point(self) -> None:
        found = compared(Made(), Made(requests=11_000))
        assert found.change_usd.is_point
        assert found.after is not None and found.after.monthly_usd.is_point

    def test_a_sum_is_drawn_together_and_not_the_sum_of_the_ends(self) -> None:
        # Loads of two scenarios are their own: some high, some low, so the sum spreads less.
        names = ("one", "two", "three")
        before, after = given(Made(cluster=100_000)), given(Made(cluster=100_000, requests=20_000))
        subjects = [
            compare_scenarios(name, before, after, answers=Answers(), draws=Draws(count=300))
            for name in names
        ]
        total = diff_report("sum", subjects).total.change_usd
        ends = [each.change_usd for each in subjects]
        assert total.expected == sum(each.expected for each in ends)
        assert total.high - total.low < sum(each.high - each.low for each in ends)
        alone = diff_report("alone", subjects[:1])
        assert alone.total.change_usd == subjects[0].change_usd


class TestDrift:
    def dearer(self, *, committed: bool = True) -> PriceBook:
        """Every AWS service at three times its price, as a committed snapshot."""
        plain = book().snapshot
        raw = {
            key: {**row, "usd": str(3 * Decimal(row["usd"]))}
            if key[0] == "service" and row["usd"]
            else row
            for key, row in plain.raw.items()
        }
        changed = replace(plain, name="dearer", sha256="dearer", raw=cast("Any", raw))
        return PriceBook(snapshot=changed, committed=committed)

    def subject(self, before: Made, after: Made, old: PriceBook, new: PriceBook) -> Subject:
        return compare_scenarios(
            "made", given(before, old), given(after, new), answers=Answers(), draws=Draws()
        )

    def test_the_same_committed_prices_drift_by_nothing(self) -> None:
        prices = book(committed=True)
        found = self.subject(Made(), Made(hours=1), prices, prices)
        assert found.drift.usd == 0

    def test_without_committed_prices_nobody_can_tell(self) -> None:
        found = self.subject(STACK, replace(STACK, hours=1), book(), self.dearer())
        assert found.drift.usd is None
        assert "not measurable" in found.drift.reason
        # Both sides have the head's prices.
        assert found.change_usd.expected == Decimal(100)

    def test_other_prices_alone_are_all_drift(self) -> None:
        found = self.subject(STACK, STACK, book(committed=True), self.dearer())
        assert found.before is not None
        services = found.before.monthly_usd.expected - Decimal(975)
        assert services > 1
        assert found.drift.usd == pytest.approx(2 * services, abs=Decimal("0.02"))
        assert found.change_usd.expected == 0
        assert all(part.delta_usd == 0 for part in found.parts)

    @pytest.mark.parametrize(
        "after", [replace(STACK, hours=3), replace(STACK, requests=20_000), Made(requests=90_000)]
    )
    def test_before_and_drift_and_change_make_after_and_negate(self, after: Made) -> None:
        old, new = book(committed=True), self.dearer()
        there = self.subject(STACK, after, old, new)
        back = self.subject(after, STACK, new, old)
        assert there.before is not None and there.after is not None
        whole = there.after.monthly_usd.expected - there.before.monthly_usd.expected
        assert there.drift.usd is not None and there.drift.usd > 0
        assert there.drift.usd + there.change_usd.expected == whole
        assert sum((part.delta_usd for part in there.parts), ZERO) == there.change_usd.expected
        assert back.drift.usd == -there.drift.usd
        assert usd(back.parts) == {name: -value for name, value in usd(there.parts).items()}

    def test_a_base_that_the_new_prices_cannot_price_is_not_measured(self) -> None:
        before, after = given(STACK, book(committed=True)), given(STACK, self.dearer())

        class Refusing(Answers):
            def of(self, scenario: Scenario, book: PriceBook) -> Recommendation:
                if scenario is before.scenario and book is after.book:
                    raise InputError("no such model at these prices")
                return super().of(scenario, book)

        found = compare_scenarios("made", before, after, answers=Refusing(), draws=Draws())
        assert found.drift.usd is None
        assert found.drift.reason == "not measurable: no such model at these prices"
        assert sum((part.delta_usd for part in found.parts), ZERO) == found.change_usd.expected


def test_a_report_sums_its_subjects_by_factor() -> None:
    one = compared(Made(), Made(requests=20_000))
    other = compared(Made(id="b"), Made(id="b", requests=5_000))
    report = diff_report("two", [one, other])
    assert report.total.change_usd.expected == Decimal("975") - Decimal("487.50")
    assert usd(report.parts) == {"request volume": Decimal("487.50")}
    assert report.parts[0].why == (
        "made: workload.requests_per_day 10000 → 20000; "
        "made: workload.requests_per_day 10000 → 5000"
    )
    assert report.total.before_usd is not None
    assert report.total.before_usd.expected == Decimal(1950)
    assert report.total.requests_before == 600_000
