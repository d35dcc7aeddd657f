"""From files to a comparison held to its rules: the steps of ``planner diff``."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from planner.cli import streams
from planner.cli.diff_reading import Found, FoundPlan, FoundScenario, Reader
from planner.cli.diff_rules import Rules, rules_of
from planner.cli.diff_sources import Place, opened_revision, opened_rules, place_of
from planner.cli.evaluation import (
    PriceOptions,
    report_aws_price_ages,
    stale_prices,
    today,
    warn_of_ages,
)
from planner.diff import DiffReport, Subject, diff_report
from planner.diff.policy import Policy
from planner.diff.pricing import Answers, Given
from planner.errors import InputError

if TYPE_CHECKING:
    from planner.diff.scenarios import Draws

__all__ = ["Asked", "Compared", "compared_files", "compared_stacks"]

_TWO = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options that a comparison depends on."""

    prices: PriceOptions
    policy_file: Path | None
    fail_above: str | None
    draws: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A comparison, and what of its rules only the exit code shows."""

    report: DiffReport
    block_unpriced: bool
    stale: bool


def compared_files(paths: Sequence[Path], base: str | None, asked: Asked) -> Compared:
    """Two files or folders, or one with its version at ``base``."""
    with _places(paths, base, asked.policy_file) as (before, after):
        reader = Reader(prices_file=asked.prices.prices_file, as_of=asked.prices.as_of)
        found = reader.both(before, after)
        rules = rules_of(before, after, policy_file=asked.policy_file, fail_above=asked.fail_above)
        for note in (*dict.fromkeys(reader.skipped), *reader.notes):
            streams.current().note(note)
        answers = Answers()
        subjects = [_subject(each, answers, rules.policy, asked) for each in found]
        title = f"{before.shown} → {after.shown}"
        stale = _stale(found, answers, rules.policy, asked.prices)
    return _held(diff_report(title, subjects, notes=reader.notes), rules, asked, stale=stale)


@contextmanager
def _places(
    paths: Sequence[Path], base: str | None, policy_file: Path | None
) -> Generator[tuple[Place, Place]]:
    if base is None:
        if len(paths) != _TWO:
            raise InputError(f"give two files or folders, or one and --base REF; got {len(paths)}")
        yield place_of(paths[0]), place_of(paths[1])
        return
    if len(paths) != 1:
        raise InputError(f"--base REF compares one file or folder, got {len(paths)}")
    with opened_revision(paths[0], base, policy_file) as before:
        if not paths[0].exists() and not before.path.exists():
            raise InputError(f"{paths[0]}: no such file or folder, here or at {base}")
        yield before, replace(place_of(paths[0]), optional=True)


def compared_stacks(
    preview: Path | None,
    state: tuple[Path, Path] | None,
    plan: Path | None,
    base: str | None,
    asked: Asked,
) -> Compared:
    """Both sides of a preview, or two exported states; a plan's own rules come last.

    ``base`` is the revision that the policy is read from.
    """
    from planner.cli.diff_stacks import compare_stack

    found = compare_stack(preview, state, plan, asked.prices)
    here = place_of(found.file)
    with _rules_place(here, base, asked.policy_file) as place:
        rules = rules_of(place, here, policy_file=asked.policy_file, fail_above=asked.fail_above)
    prices = _with_age(asked.prices, rules.policy)
    stale = report_aws_price_ages(found.catalog, found.used, prices)
    held = _held(found.report, rules, asked, stale=stale)
    return replace(held, report=found.held(held.report))


@contextmanager
def _rules_place(here: Place, base: str | None, policy_file: Path | None) -> Generator[Place]:
    """Where the policy is looked for: beside the file, or there at another revision."""
    if base is None:
        yield here
        return
    with opened_rules(here.path.absolute().parent, base, policy_file) as place:
        yield place


# --- Steps -------------------------------------------------------------------------------------


def _subject(found: Found, answers: Answers, policy: Policy | None, asked: Asked) -> Subject:
    if isinstance(found, FoundPlan):
        return _plan_subject(found, answers, policy, asked)
    from planner.diff.scenarios import compare_scenarios

    draws = _draws(found.before, found.after, policy, asked)
    return compare_scenarios(found.name, found.before, found.after, answers=answers, draws=draws)


def _plan_subject(
    found: FoundPlan, answers: Answers, policy: Policy | None, asked: Asked
) -> Subject:
    """Split by cause where the plans can be worked out again, else by category of cost."""
    from planner.diff.plans import compare_plans, explained

    held = compare_plans(found.name, found.before, found.after, file=found.file)
    if found.given is None:
        return held
    draws = _draws(*found.given, policy, asked)
    return explained(held, *found.given, answers=answers, draws=draws)


def _draws(before: Given | None, after: Given | None, policy: Policy | None, asked: Asked) -> Draws:
    """Ranges cost more than all the rest: they are worked out where a rule looks at one."""
    from planner.diff.scenarios import Draws

    limits = () if policy is None else policy.limits
    same = before is not None and after is not None and before.scenario is after.scenario
    levels = any(each.max_monthly is not None or each.max_per_1m_tokens for each in limits)
    needed = levels or (bool(limits) and not same)
    return Draws(count=asked.draws if needed else 0, seed=asked.seed)


def _held(report: DiffReport, rules: Rules, asked: Asked, *, stale: bool) -> Compared:
    policy = rules.policy
    report = replace(report, policy_notes=rules.notes)
    if policy is not None:
        from planner.diff.gates import held_to

        report = held_to(report, policy, asked.prices.as_of or today())
    return Compared(
        report=report,
        block_unpriced=policy is not None and policy.block_unpriced,
        stale=stale,
    )


def _stale(
    found: Sequence[Found], answers: Answers, policy: Policy | None, prices: PriceOptions
) -> bool:
    """Tell which prices of the head are old; True when an age that was set is passed."""
    prices = _with_age(prices, policy)
    ages = [
        age
        for each in found
        if isinstance(each, FoundScenario) and each.after is not None
        for age in stale_prices(answers.of(each.after.scenario, each.after.book), prices)
    ]
    return warn_of_ages(ages)


def _with_age(prices: PriceOptions, policy: Policy | None) -> PriceOptions:
    """The policy's greatest age where the command line gives none."""
    if prices.max_price_age is not None or policy is None:
        return prices
    days = policy.max_price_age_days
    return replace(prices, max_price_age=None if days is None else str(days))
