"""The sentences of a comparison: verdict, recommendation, price drift; signed amounts."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from planner.diff import Choice, DiffReport, Subject
from planner.money import CENT, ZERO
from planner.render.numbers import count, money, money_in_words, percent, unit_cost
from planner.render.wording import and_list, plural
from planner.units import TOKENS_PER_MTOK

__all__ = [
    "VerdictKind",
    "recommendation_sentence",
    "relative",
    "signed",
    "verdict_sentence",
    "verdict_word",
]

VerdictKind = Literal[
    "no change", "within limits", "over limit", "waived", "inconclusive", "incomplete", "no limits"
]
_NAMED = 3


def signed(value: Decimal, *, in_words: bool = False, unit: bool = False) -> str:
    """``+$1,402``, ``-$0.08``, ``$0.00``: a change never has a sign of nothing."""
    shown = unit_cost if unit else money_in_words if in_words else money
    if value == 0:
        return money(ZERO)
    text = shown(abs(value))
    sign = "+" if value > 0 else "-"
    return f"{sign} {text}" if text.startswith("<") else f"{sign}{text}"


def relative(change: Decimal, base: Decimal | None) -> str:
    """``(+11.2 %)``; ``(new)`` from nothing; nothing where the base is not known."""
    if base is None or change == 0:
        return ""
    if base == 0:
        return " (new)"
    share = percent(abs(Fraction(change) / Fraction(base)))
    return f" ({'+' if change > 0 else '-'}{share})"


# --- Verdict -----------------------------------------------------------------------------------


def verdict_word(report: DiffReport) -> VerdictKind:
    """The worst that any rule says; without rules whether anything changed."""
    verdicts = {rule.verdict for rule in report.rules}
    if "violated" in verdicts:
        return "over limit"
    after = (each.after for each in report.subjects)
    if "unpriced" in verdicts or any(side is not None and side.unpriced for side in after):
        return "incomplete"
    if "inconclusive" in verdicts:
        return "inconclusive"
    if "waived" in verdicts:
        return "waived"
    if all(each.status == "unchanged" for each in report.subjects):
        return "no change"
    return "within limits" if report.rules else "no limits"


def verdict_sentence(report: DiffReport) -> str:
    """``+$1,402/month (+11.2 %), +$0.08 per 1M tokens: within limits``."""
    word = verdict_word(report)
    if word == "no change":
        return "No change of cost."
    return f"{_change_words(report)}: {_judgement(report, word)}."


def _change_words(report: DiffReport) -> str:
    total, change = report.total, report.total.change_usd.expected
    floor = "at least " if total.unpriced else ""
    said = "$0/month" if abs(change) < CENT else f"{signed(change, in_words=True)}/month"
    base = None if total.before_usd is None else total.before_usd.expected
    if base is not None:
        base += total.drift.usd or ZERO
    said = f"{floor}{said}{relative(change, base)}"
    unit = _unit_change(report)
    return said if unit is None else f"{said}, {unit} per 1M tokens"


def _unit_change(report: DiffReport) -> str | None:
    """Change of the cost of a million tokens; None where one side has no load."""
    total = report.total
    before, after = total.before_usd, total.after_usd
    if before is None or after is None or not total.tokens_before or not total.tokens_after:
        return None
    base = (before.expected + (total.drift.usd or ZERO)) / total.tokens_before
    change = (after.expected / total.tokens_after - base) * TOKENS_PER_MTOK
    return "$0.00" if abs(change) < Decimal("0.00005") else signed(change, unit=True)


def _judgement(report: DiffReport, word: VerdictKind) -> str:
    rules = _rules_with(report, {"over limit": "violated", "waived": "waived"}.get(word, word))
    if word == "over limit":
        return f"over limit {rules}"
    if word == "waived":
        return f"over limit {rules}, waived"
    if word == "inconclusive":
        return f"inconclusive, the range spans the limit of {rules}"
    if word == "incomplete":
        return "incomplete, not everything has a price"
    return "within limits" if word == "within limits" else "no limits are set"


def _rules_with(report: DiffReport, verdict: str) -> str:
    names = [rule.rule for rule in report.rules if rule.verdict == verdict]
    return and_list(list(dict.fromkeys(names)))


# --- Recommendation ----------------------------------------------------------------------------


def recommendation_sentence(subjects: Sequence[Subject]) -> str:
    """Kept or flipped, and at which volume it turns."""
    if len(subjects) == 1:
        return _of_one(subjects[0])
    decided = [each for each in subjects if each.choice_before and each.choice_after]
    if not decided:
        return ""
    flipped = [each.name for each in decided if each.flipped]
    if not flipped:
        return f"Recommendation kept in all {count(len(decided))} scenarios."
    named = and_list(flipped[:_NAMED])
    if len(flipped) > _NAMED:
        named = f"{', '.join(flipped[:_NAMED])} and {count(len(flipped) - _NAMED)} more"
    return f"Recommendation flipped in {count(len(flipped))} of {count(len(decided))}: {named}."


def _of_one(subject: Subject) -> str:
    before, after = subject.choice_before, subject.choice_after
    if after is None and before is None:
        return ""
    if after is None:
        gone = "Removed" if subject.after is None else "No option is feasible any more"
        return f"{gone}; the recommendation was {_named(before)}."
    if before is None:
        return f"Recommendation: {_named(after)}."
    if subject.flipped:
        return f"Recommendation flipped: {_named(before)} → {_named(after)}; {subject.flip_note}."
    said = f"Recommendation kept: {_named(after)}"
    if before.option != after.option:
        said = f"Recommendation kept, its option edited: {_named(before)} → {_named(after)}"
    elif before.hardware != after.hardware and before.hardware and after.hardware:
        said = (
            f"Recommendation kept: {after.arm} ({after.option}), on {before.hardware} before and "
        )
        said += f"{after.hardware} after"
    return f"{said}; {_turns(before, after, subject)}."


def _named(choice: Choice | None) -> str:
    if choice is None:
        return "nothing feasible"
    hardware = f" on {choice.hardware}" if choice.hardware else ""
    return f"{choice.arm} ({choice.option}{hardware})"


def _turns(before: Choice, after: Choice, subject: Subject) -> str:
    """Where self-hosting begins to be cheaper, now and before, beside what is planned."""
    now, then = after.breakeven_requests_per_month, before.breakeven_requests_per_month
    if now is None:
        was = "" if then is None else f" any more (before: from {count(then)} requests a month)"
        return f"no volume turns it{was}: {after.breakeven_note}"
    was = ""
    if then is None:
        was = " (before: at no volume)"
    elif then != now:
        was = f" (before {count(then)})"
    side = subject.after
    planned = ""
    if side is not None and side.requests_per_month is not None:
        planned = f", planned are {plural(int(side.requests_per_month), 'request')}"
    return f"self-hosting is cheaper from {count(now)} requests a month{was}{planned}"
