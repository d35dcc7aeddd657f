"""Which policy a comparison is held to: the base's, with a word about one that changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path

from planner.cli.diff_sources import Place
from planner.diff.policy import POLICY_FILE, Limit, Policy, parse_policy
from planner.errors import InputError
from planner.files import read_text

__all__ = ["FAIL_ABOVE", "Rules", "rules_of"]

# The rule that `--fail-above` makes.
FAIL_ABOVE = "fail-above"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules in force, None without any; ``notes`` say what happens to the policy file."""

    policy: Policy | None
    notes: tuple[str, ...] = ()


def rules_of(
    base: Place, head: Place, *, policy_file: Path | None, fail_above: str | None
) -> Rules:
    """The base's policy and `--fail-above`; ScenarioError when any of the files is malformed.

    ``policy_file`` is the option: from another revision where that knows it, else as it is here.
    """
    old, new = _found(base, policy_file), _found(head, policy_file)
    if policy_file is not None and new is None:
        raise InputError(f"--policy {policy_file}: no such file")
    outside = policy_file is not None and not _is_of_revision(base, policy_file)
    if outside:
        old = new
    # Both are read: a policy that is malformed after the merge would block everything.
    parsed = None if old is None else parse_policy(*old)
    if new is not None:
        parse_policy(*new)
    policy = parsed
    if fail_above is not None:
        limit = Limit(id=FAIL_ABOVE, max_increase=_usd(fail_above))
        policy = policy or Policy(name="--fail-above")
        policy = replace(policy, limits=(*policy.limits, limit))
    return Rules(policy=policy, notes=_notes(old, new))


def _is_of_revision(base: Place, policy_file: Path) -> bool:
    """Whether the base is another revision of the repository that the file lies in."""
    return (
        base.top is not None
        and base.repository is not None
        and (policy_file.resolve().is_relative_to(base.repository))
    )


def _found(place: Place, policy_file: Path | None) -> tuple[str, str] | None:
    """Text and name of the policy of one side."""
    path = place.upward(POLICY_FILE) if policy_file is None else policy_file
    if policy_file is not None and _is_of_revision(place, policy_file):
        assert place.top is not None and place.repository is not None
        path = place.top / policy_file.resolve().relative_to(place.repository)
    if path is None or not path.is_file():
        return None
    return read_text(path), place.name_of(path)


def _notes(old: tuple[str, str] | None, new: tuple[str, str] | None) -> tuple[str, ...]:
    if old == new or (old is not None and new is not None and old[0] == new[0]):
        return ()
    if old is None and new is not None:
        return (f"{new[1]} is new: its rules take effect after this change is merged",)
    if old is not None and new is None:
        return (f"{old[1]} is taken away: its rules hold until this change is merged",)
    assert new is not None
    return (f"{new[1]} changes: the base's rules hold, the new ones after it is merged",)


def _usd(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite() or value < 0:
        raise InputError(f"--fail-above {text}: must be an amount in USD such as 500")
    return value
