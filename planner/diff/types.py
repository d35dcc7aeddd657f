"""What a comparison hands on: subjects with two sides, their lines, and rules about them.

A scenario, a saved plan or a deployed stack is a ``Subject``. All amounts of a subject are USD a
month rounded to the cent, so that what is shown adds up: lines to their side, parts to the change,
before + drift + change to after.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from planner.money import ZERO
from planner.units import TOKENS_PER_MTOK

__all__ = [
    "Choice",
    "DiffLine",
    "DiffReport",
    "DrawnUsd",
    "Drift",
    "Part",
    "Range",
    "RuleResult",
    "RuleVerdict",
    "Side",
    "Status",
    "Subject",
    "SubjectKind",
    "Total",
]

Status = Literal["new", "removed", "changed", "unchanged"]
SubjectKind = Literal["scenario", "plan", "stack"]
# ``known``: broken on the base already and not worse now. ``unpriced``: cannot be told.
RuleVerdict = Literal["ok", "violated", "waived", "known", "inconclusive", "unpriced"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """An amount in USD a month: its expected value between two that it is seldom outside of."""

    low: Decimal
    expected: Decimal
    high: Decimal

    @classmethod
    def point(cls, usd: Decimal) -> Range:
        """An amount whose spread is not known, or is none."""
        return cls(low=usd, expected=usd, high=usd)

    @property
    def is_point(self) -> bool:
        """Whether nothing is said about a spread."""
        return self.low == self.expected == self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of a subject.

    ``requests_per_month`` and ``tokens_per_month`` (logical input plus output) are those of the
    mean month, None where no load is known. ``is_floor`` says that something is missing from the
    total, ``unpriced`` names what has no price. ``order_uncertain``: an unknown price could
    change which option is the cheapest.
    """

    monthly_usd: Range
    requests_per_month: Decimal | None = None
    tokens_per_month: Decimal | None = None
    is_floor: bool = False
    unpriced: tuple[str, ...] = ()
    order_uncertain: bool = False

    @property
    def per_1m_tokens_usd(self) -> Decimal | None:
        """Cost of a million tokens; None without tokens."""
        if not self.tokens_per_month:
            return None
        return self.monthly_usd.expected * TOKENS_PER_MTOK / self.tokens_per_month

    @property
    def per_request_usd(self) -> Decimal | None:
        """Cost of a request; None without requests."""
        if not self.requests_per_month:
            return None
        return self.monthly_usd.expected / self.requests_per_month


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The option a side recommends, and the volume at which another would be cheaper.

    ``breakeven_requests_per_month`` is the volume from which self-hosting stays cheaper, None
    where there is none; ``breakeven_note`` says why in a few words.
    """

    arm: str
    option: str
    model: str | None = None
    hardware: str | None = None
    breakeven_requests_per_month: int | None = None
    breakeven_note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one factor adds to the change; ``why`` names the fields behind it."""

    factor: str
    delta_usd: Decimal
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What prices changed on their own; ``usd`` is None, with the reason, where nobody can tell."""

    usd: Decimal | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffLine:
    """One component before and after.

    A side is None where the component is not there, or has no price: then ``reason_unpriced``
    says why, and the totals are floors. ``counted`` False keeps a guess out of every total.
    ``resource_type`` and ``operation`` belong to deployed resources (``aws:ec2/instance:Instance``,
    ``replace``).
    """

    component: str
    status: Status
    before_usd: Range | None
    after_usd: Range | None
    subject: str = ""
    category: str = ""
    why: str = ""
    source: str = ""
    observed: date | None = None
    reason_unpriced: str | None = None
    counted: bool = True
    resource_type: str | None = None
    operation: str | None = None

    @property
    def delta_usd(self) -> Decimal | None:
        """The change in expected values; None when a side is not priced."""
        if self.reason_unpriced is not None:
            return None
        before = ZERO if self.before_usd is None else self.before_usd.expected
        after = ZERO if self.after_usd is None else self.after_usd.expected
        return after - before


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnUsd:
    """USD a month of both sides and of the change in each draw; all subjects see the same ones.

    They hold price drift in neither side's change; a side that is not there is 0 in every draw.
    """

    before: tuple[float, ...]
    after: tuple[float, ...]
    change: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One scenario, plan or stack of the comparison.

    ``before`` or ``after`` is None where it is new or removed. ``change_usd`` is the change
    without price drift, over the same draws on both sides; ``parts`` add up to its expected
    value. ``totals_known`` is False where only changes can be told (a preview without its
    unchanged resources). ``file`` and ``line`` are where a reviewer looks; ``stack`` is the name
    that rules and waivers may be scoped to. ``arms`` are the cheapest feasible option of each arm
    before and after. ``drawn`` is None where no range was asked for.
    """

    name: str
    kind: SubjectKind
    status: Status
    before: Side | None
    after: Side | None
    change_usd: Range
    drift: Drift
    parts: tuple[Part, ...] = ()
    lines: tuple[DiffLine, ...] = ()
    choice_before: Choice | None = None
    choice_after: Choice | None = None
    flipped: bool = False
    flip_note: str = ""
    stack: str | None = None
    file: str | None = None
    line: int | None = None
    totals_known: bool = True
    notes: tuple[str, ...] = ()
    arms: tuple[tuple[str, Decimal | None, Decimal | None], ...] = ()
    assumptions: tuple[str, ...] = ()
    prices: tuple[str, ...] = ()
    plan_hashes: tuple[str, ...] = ()
    drawn: DrawnUsd | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """All subjects together: ``before + drift + change = after``, drift counting 0 if not known.

    ``before_usd`` and ``after_usd`` are None where only the change is known.
    """

    before_usd: Range | None
    after_usd: Range | None
    change_usd: Range
    drift: Drift
    is_floor: bool
    unpriced: tuple[str, ...]
    requests_before: Decimal | None
    requests_after: Decimal | None
    tokens_before: Decimal | None
    tokens_after: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult:
    """One rule of the policy on one subject, or on all together (``subject`` None).

    ``value`` and ``limit`` are in the rule's own unit; ``base`` is the value before.
    ``waived_until`` and ``waiver_reason`` are set where a waiver covers it.
    """

    rule: str
    kind: str
    subject: str | None
    verdict: RuleVerdict
    message: str
    value: Range | None = None
    limit: Decimal | None = None
    base: Decimal | None = None
    waived_until: date | None = None
    waiver_reason: str | None = None
    file: str | None = None
    line: int | None = None

    @property
    def blocks(self) -> bool:
        """Whether it ends the command with exit code 1."""
        return self.verdict == "violated"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffReport:
    """A comparison with all its subjects, worst news first where it is shown.

    ``title`` names what was compared. ``parts`` are the subjects' parts summed by factor.
    ``policy_note`` tells of a changed, missing or expired rule. ``min_change_usd`` is the change
    below which nobody is told.
    """

    title: str
    subjects: tuple[Subject, ...]
    total: Total
    parts: tuple[Part, ...]
    rules: tuple[RuleResult, ...] = ()
    policy_file: str | None = None
    policy_notes: tuple[str, ...] = ()
    min_change_usd: Decimal = ZERO
    prices: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default_factory=tuple)

    @property
    def flipped(self) -> bool:
        """Whether any recommendation changed."""
        return any(each.flipped for each in self.subjects)

    @property
    def lines(self) -> tuple[DiffLine, ...]:
        """The lines of all subjects."""
        return tuple(line for each in self.subjects for line in each.lines)
