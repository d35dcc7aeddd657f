"""Rules held against a comparison, on subjects made for each rule."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from planner.diff import DiffLine, Drift, Range, RuleResult, Side, Subject, diff_report
from planner.diff.gates import held_to
from planner.diff.policy import Limit, Policy, Scope, Waiver
from planner.errors import InputError

TODAY = date(2026, 11, 22)


def span(low: int | str, expected: int | str, high: int | str) -> Range:
    return Range(low=Decimal(low), expected=Decimal(expected), high=Decimal(high))


def subject(
    before: int | None,
    after: int | None,
    *,
    wide: int = 0,
    name: str = "chat",
    stack: str = "prod",
    drift: int | None = None,
    tokens: int = 1_000_000,
    unpriced: tuple[tuple[str, ...], tuple[str, ...]] = ((), ()),
    totals_known: bool = True,
) -> Subject:
    """A subject whose amounts lie within ``wide`` dollars."""

    def side(usd: int | None, names: tuple[str, ...]) -> Side | None:
        if usd is None:
            return None
        return Side(
            monthly_usd=span(usd - wide, usd, usd + wide),
            requests_per_month=Decimal(1000),
            tokens_per_month=Decimal(tokens),
            unpriced=names,
        )

    change = (after or 0) - (before or 0) - (drift or 0)
    return Subject(
        name=name,
        kind="scenario",
        status="changed",
        before=side(before, unpriced[0]),
        after=side(after, unpriced[1]),
        change_usd=span(change - wide, change, change + wide),
        drift=Drift(usd=None if drift is None else Decimal(drift)),
        stack=stack,
        file=f"{name}.yaml",
        line=4,
        totals_known=totals_known,
    )


def results(policy: Policy, *subjects: Subject) -> list[RuleResult]:
    return list(held_to(diff_report("made", subjects), policy, TODAY).rules)


def policy(*limits: Limit, **more: object) -> Policy:
    return Policy(name="p.yaml", limits=limits, **more)  # pyright: ignore[reportArgumentType]


def verdicts(found: list[RuleResult]) -> list[str]:
    return [each.verdict for each in found]


def usd(amount: int | str) -> Decimal:
    return Decimal(amount)


class TestIntervals:
    @pytest.mark.parametrize(
        ("after", "verdict"), [(1050, "ok"), (1110, "inconclusive"), (1111, "violated")]
    )
    def test_only_a_whole_range_past_the_limit_breaks_it(self, after: int, verdict: str) -> None:
        # The change lies 10 around: 40..60, 100..120, 101..121 against 100.
        step = policy(Limit(id="step", max_increase=usd(100)))
        assert verdicts(results(step, subject(1000, after, wide=10))) == [verdict]

    def test_a_cap_is_on_the_month_after(self) -> None:
        cap = policy(Limit(id="cap", max_monthly=usd(1000)))
        assert verdicts(results(cap, subject(900, 1000))) == ["ok"]
        assert verdicts(results(cap, subject(900, 1001))) == ["violated"]

    def test_a_percentage_is_of_the_base(self) -> None:
        pct = policy(Limit(id="pct", max_increase_pct=usd(15)))
        assert verdicts(results(pct, subject(1000, 1150))) == ["ok"]
        (found,) = results(pct, subject(1000, 1151))
        assert found.verdict == "violated"
        assert found.message == "15.1 % more, over the limit of 15.0 % more"

    def test_cost_of_a_million_tokens(self) -> None:
        unit = policy(Limit(id="unit", max_per_1m_tokens=usd("2.40")))
        assert verdicts(results(unit, subject(100, 2, tokens=1_000_000))) == ["ok"]
        assert verdicts(results(unit, subject(1, 3, tokens=1_000_000))) == ["violated"]


def either(*, both_needed: bool = False) -> Policy:
    """$100 or 50 % more."""
    combine = "all" if both_needed else "any"
    return policy(Limit(id="s", max_increase=usd(100), max_increase_pct=usd(50), combine=combine))


class TestTwoLimitsOnAnIncrease:
    @pytest.mark.parametrize(
        ("before", "after", "any_", "all_"),
        [
            (1000, 1200, "violated", "ok"),  # +$200, +20 %
            (100, 250, "violated", "violated"),  # +$150, +150 %
            (100, 160, "violated", "ok"),  # +$60, +60 %
            (1000, 1050, "ok", "ok"),
        ],
    )
    def test_any_or_all(self, before: int, after: int, any_: str, all_: str) -> None:
        made = subject(before, after)
        assert verdicts(results(either(), made)) == [any_]
        assert verdicts(results(either(both_needed=True), made)) == [all_]

    def test_a_percentage_of_nothing_needs_dollars_beside_it(self) -> None:
        with pytest.raises(InputError, match="a percentage of nothing"):
            results(policy(Limit(id="pct", max_increase_pct=usd(15))), subject(None, 500))
        assert verdicts(results(either(), subject(None, 500))) == ["violated"]


class TestOnlyNewViolations:
    CAP = Limit(id="cap", max_monthly=Decimal(1000))

    def test_a_cap_broken_before_is_a_warning(self) -> None:
        assert verdicts(results(policy(self.CAP), subject(1500, 1500))) == ["known"]
        assert verdicts(results(policy(self.CAP), subject(1500, 1400))) == ["known"]

    def test_unless_it_gets_worse_by_more_than_noise(self) -> None:
        noisy = policy(self.CAP, min_change=usd(25))
        assert verdicts(results(noisy, subject(1500, 1525))) == ["known"]
        assert verdicts(results(noisy, subject(1500, 1526))) == ["violated"]

    def test_what_prices_did_is_not_the_change(self) -> None:
        # 900 -> 1,500 of which 600 is drift: the base at today's prices is over as well.
        assert verdicts(results(policy(self.CAP), subject(900, 1500, drift=600))) == ["known"]
        step = policy(Limit(id="step", max_increase=usd(100)))
        assert verdicts(results(step, subject(900, 1500, drift=600))) == ["ok"]


class TestScopes:
    def test_without_a_scope_the_sum_counts(self) -> None:
        step = policy(Limit(id="step", max_increase=usd(100)))
        two = (subject(100, 180, name="a"), subject(100, 180, name="b"))
        (found,) = results(step, *two)
        assert (found.subject, found.verdict) == (None, "violated")

    def test_with_one_each_subject_by_itself(self) -> None:
        step = policy(Limit(id="step", scope=Scope(stack="prod"), max_increase=usd(100)))
        found = results(step, subject(1, 300), subject(1, 300, name="b", stack="dev"))
        assert [(each.subject, each.verdict) for each in found] == [("chat", "violated")]


class TestWaivers:
    STEP = Limit(id="step", max_increase=Decimal(100))

    def waiver(self, **changes: object) -> Waiver:
        given: dict[str, object] = {
            "rule": "step",
            "scope": Scope(),
            "up_to": Decimal(500),
            "reason": "launch",
            "expires": date(2026, 11, 22),
        }
        return Waiver(**{**given, **changes})  # pyright: ignore[reportArgumentType]

    def test_holds_up_to_its_bound_and_with_its_last_day(self) -> None:
        waived = policy(self.STEP, waivers=(self.waiver(),))
        (found,) = results(waived, subject(0, 500))
        assert found.verdict == "waived"
        assert not found.blocks
        assert found.waived_until == date(2026, 11, 22)
        assert verdicts(results(waived, subject(0, 501))) == ["violated"]

    def test_one_that_is_over_is_ignored_and_named(self) -> None:
        late = policy(self.STEP, waivers=(self.waiver(expires=date(2026, 11, 21)),))
        report = held_to(diff_report("made", [subject(0, 300)]), late, TODAY)
        assert verdicts(list(report.rules)) == ["violated"]
        assert report.policy_notes == (
            "the waiver of step expired on 2026-11-21 and is ignored: launch",
        )

    def test_covers_its_own_scope_only(self) -> None:
        limit = Limit(id="step", scope=Scope(stack="prod"), max_increase=Decimal(100))
        other = policy(limit, waivers=(self.waiver(scope=Scope(scenario="other")),))
        assert verdicts(results(other, subject(0, 300))) == ["violated"]


class TestUnpriced:
    BLOCK = Policy(name="p.yaml", block_unpriced=True)

    def test_a_new_gap_blocks_an_old_one_warns(self) -> None:
        assert verdicts(results(self.BLOCK, subject(1, 1, unpriced=((), ("nat",))))) == ["violated"]
        old = subject(1, 1, unpriced=(("nat",), ("nat",)))
        assert verdicts(results(self.BLOCK, old)) == ["known"]
        assert verdicts(results(self.BLOCK, subject(1, 1))) == ["ok"]

    def test_a_gap_of_a_stack_that_the_change_makes_is_new(self) -> None:
        # Both sides of a stack name what has no price; the line says which side it is on.
        name = "nat (aws:x:Y): unknown"
        line = DiffLine(
            component="nat",
            status="new",
            before_usd=None,
            after_usd=None,
            reason_unpriced="unknown",
        )
        made = subject(1, 1, unpriced=((name,), (name,)))
        stack = Subject(
            **{
                **{field: getattr(made, field) for field in Subject.__dataclass_fields__},
                "kind": "stack",
                "lines": (line,),
            }
        )
        assert verdicts(results(self.BLOCK, stack)) == ["violated"]

    def test_a_floor_within_a_limit_cannot_be_told_and_one_past_it_is_past(self) -> None:
        cap = policy(Limit(id="cap", max_monthly=usd(1000)))
        gap = ((), ("nat",))
        assert verdicts(results(cap, subject(1, 900, unpriced=gap))) == ["unpriced"]
        assert verdicts(results(cap, subject(1, 1001, unpriced=gap))) == ["violated"]

    def test_totals_that_are_not_known_break_no_cap(self) -> None:
        cap = policy(Limit(id="cap", max_monthly=usd(1000)))
        assert verdicts(results(cap, subject(1, 9000, totals_known=False))) == ["unpriced"]
