"""Two versions of a scenario compared: cost, choice, the causes of the change, price drift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from planner.decision import Recommendation
from planner.diff.exact import ExactChange, Pair, exact_change, exact_usd
from planner.diff.pricing import Answers, Given
from planner.diff.shapley import cents, rounded_parts
from planner.diff.sides import arms_of, assumptions_of, choice_of, flip_note, lines_of, side_of
from planner.diff.spread import around
from planner.diff.types import DrawnUsd, Drift, Part, Subject
from planner.diff.words import block_name, leaves, why_of
from planner.money import ZERO

__all__ = ["Draws", "compare_scenarios"]

ADDED = "added scenarios"
REMOVED = "removed scenarios"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """How many draws of the uncertain inputs stand behind a range; 0 for points."""

    count: int = 0
    seed: int = 1


def compare_scenarios(
    name: str, before: Given | None, after: Given | None, *, answers: Answers, draws: Draws
) -> Subject:
    """The subject of a scenario that is there before, after, or both.

    PlannerError when one of them has no answer at all (an unknown model, lengths that no trace
    has).
    """
    if before is not None and after is not None:
        pair = Pair.of(name, before, after, answers)
        return _subject(pair, exact_change(pair, answers), draws)
    given = after or before
    assert given is not None
    return _alone(name, given, answers.of_given(given, given.book), draws, is_new=after is given)


def _subject(pair: Pair, exact: ExactChange, draws: Draws) -> Subject:
    then, now = pair.then, pair.now
    base, head = cents(exact_usd(then)), cents(exact_usd(now))
    # What is shown adds up to the cent: before + drift + change = after.
    whole = {"drift": exact.drift or Fraction(0), "change": exact.change}
    shares = rounded_parts(whole, head - base)
    drawn = _drawn(pair, exact, draws)
    none = DrawnUsd(before=(), after=(), change=())
    usd = drawn or none
    parts = _parts(pair, exact, shares["change"])
    return Subject(
        name=pair.name,
        kind="scenario",
        status="unchanged" if _same(pair, exact) else "changed",
        before=side_of(then, around(usd.before, base)),
        after=side_of(now, around(usd.after, head)),
        change_usd=around(usd.change, shares["change"]),
        drift=Drift(
            usd=None if exact.drift is None else shares["drift"], reason=exact.drift_reason
        ),
        parts=parts,
        lines=lines_of(pair.name, then.chosen, now.chosen, base, head),
        choice_before=choice_of(then),
        choice_after=choice_of(now),
        flipped=exact.flipped,
        flip_note=flip_note(then, now) if exact.flipped else "",
        stack=pair.after.scenario.id,
        file=pair.after.file,
        line=_line(pair.after, exact, parts),
        arms=arms_of(then, now),
        assumptions=assumptions_of(now),
        prices=tuple(dict.fromkeys((str(pair.base_book), str(pair.after.book)))),
        notes=_notes(then, now),
        drawn=drawn,
    )


def _same(pair: Pair, exact: ExactChange) -> bool:
    return pair.then is pair.now or not (exact.changes or exact.change or exact.drift)


def _parts(pair: Pair, exact: ExactChange, change: Decimal) -> tuple[Part, ...]:
    """The largest first; a factor that differs and costs nothing has its line of 0."""
    then, now = pair.then.chosen, pair.now.chosen
    arms = None
    if then is not None and now is not None:
        arms = (f"{then.option.arm} {then.option.name}", f"{now.option.arm} {now.option.name}")
    shown = rounded_parts({block_name(block): usd for block, usd in exact.parts.items()}, change)
    parts = [
        Part(
            factor=block_name(block),
            delta_usd=shown[block_name(block)],
            why=why_of(block, exact.changes, arms),
        )
        for block in exact.parts
    ]
    return tuple(sorted(parts, key=lambda part: (-abs(part.delta_usd), part.factor)))


def _line(given: Given, exact: ExactChange, parts: Sequence[Part]) -> int | None:
    """The line of the field that is most of the change, else where the scenario begins."""
    for part in parts:
        for change in leaves(exact.changes):
            if change.factor in part.factor.split(" + "):
                found = _written(given, change.path)
                if found is not None:
                    return found
    return given.lines.get("id")


def _written(given: Given, path: str) -> int | None:
    """The line of a field, or of the nearest section around it that is written."""
    while path:
        if path in given.lines:
            return given.lines[path]
        path = path.rpartition(".")[0]
    return None


def _notes(then: Recommendation, now: Recommendation) -> tuple[str, ...]:
    return tuple(
        f"{when}: no option of the scenario is feasible, so what it costs is not known"
        for when, each in (("before", then), ("after", now))
        if each.chosen is None
    )


def _alone(
    name: str, given: Given, answer: Recommendation, draws: Draws, *, is_new: bool
) -> Subject:
    """A scenario of one side: all of it is change."""
    total = cents(exact_usd(answer))
    usd = _draws(answer, name, draws)
    nothing, signed = (0.0,) * len(usd), usd if is_new else tuple(-each for each in usd)
    side, choice = side_of(answer, around(usd, total)), choice_of(answer)
    change = around(signed, total if is_new else -total)
    then, now = (None, answer) if is_new else (answer, None)
    return Subject(
        name=name,
        kind="scenario",
        status="new" if is_new else "removed",
        before=None if is_new else side,
        after=side if is_new else None,
        change_usd=change,
        drift=Drift(usd=None, reason="it stands on one side only"),
        parts=(Part(factor=ADDED if is_new else REMOVED, delta_usd=change.expected, why=name),),
        lines=lines_of(
            name,
            None if then is None else then.chosen,
            None if now is None else now.chosen,
            ZERO if is_new else total,
            total if is_new else ZERO,
        ),
        choice_before=None if is_new else choice,
        choice_after=choice if is_new else None,
        stack=given.scenario.id,
        file=given.file,
        line=given.lines.get("id"),
        arms=arms_of(then, now),
        assumptions=assumptions_of(answer),
        prices=(str(given.book),),
        drawn=DrawnUsd(
            before=nothing if is_new else usd, after=usd if is_new else nothing, change=signed
        )
        if usd
        else None,
    )


# --- Ranges ------------------------------------------------------------------------------------


def _drawn(pair: Pair, exact: ExactChange, draws: Draws) -> DrawnUsd | None:
    """Both sides in the same draws, the change at the head's prices."""
    after, before = _draws(pair.now, pair.name, draws), _draws(pair.then, pair.name, draws)
    at_head = before
    if exact.base_now is not pair.then:
        at_head = _draws(exact.base_now, pair.name, draws)
    if not (after and before and at_head):
        return None
    change = tuple(head - base for head, base in zip(after, at_head, strict=True))
    return DrawnUsd(before=before, after=after, change=change)


def _draws(answer: Recommendation, name: str, draws: Draws) -> tuple[float, ...]:
    """The choice in each draw; the stream of its own inputs is named by the subject."""
    if draws.count == 0 or answer.chosen is None:
        return ()
    from planner.decision.portfolio import choice_draws

    return choice_draws(answer, draws=draws.count, seed=draws.seed, own=name)
