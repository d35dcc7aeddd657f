"""The rules a repository keeps about its cost: ``planner.policy.yaml``.

Reading fails closed: an unknown key, a number without quotes, another currency, a waiver without
a reason or an end is an error, never a rule that is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from planner.errors import ScenarioError
from planner.money import ZERO
from planner.scenario.problems import to_problems
from planner.scenario.scalars import Data, shown
from planner.scenario.shape import did_you_mean
from planner.scenario.yaml_marks import Document, Finding, Path, compose

__all__ = [
    "BLOCK_UNPRICED",
    "POLICY_FILE",
    "CommentMode",
    "Limit",
    "Policy",
    "Scope",
    "Waiver",
    "parse_policy",
]

POLICY_FILE = "planner.policy.yaml"
# The rule that `block_unpriced: true` makes.
BLOCK_UNPRICED = "block_unpriced"

CommentMode = Literal["update", "new", "hide-and-new", "delete-and-new"]
_MODES: tuple[CommentMode, ...] = ("update", "new", "hide-and-new", "delete-and-new")
_MOST_RULES = 200
_LONGEST_TEXT = 300
_DECIMAL = re.compile(r"[0-9]{1,12}(\.[0-9]{1,10})?")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TOP = (
    "version",
    "currency",
    "block_unpriced",
    "max_price_age_days",
    "comment",
    "limits",
    "waivers",
)
_AMOUNTS = ("max_monthly", "max_increase", "max_increase_pct", "max_per_1m_tokens")
_SCOPES = ("stack", "scenario", "file")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a rule is about; all None is everything together."""

    stack: str | None = None
    scenario: str | None = None
    file: str | None = None

    @property
    def is_total(self) -> bool:
        """Whether the rule holds for the sum of all."""
        return self.stack is None and self.scenario is None and self.file is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One limit, in USD a month, percent, and USD per 1M tokens.

    ``combine`` joins the two limits on an increase: broken when any, or only when all are passed.
    ``line`` is where it stands in the policy.
    """

    id: str
    scope: Scope = Scope()
    max_monthly: Decimal | None = None
    max_increase: Decimal | None = None
    max_increase_pct: Decimal | None = None
    combine: Literal["any", "all"] = "any"
    max_per_1m_tokens: Decimal | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """Leave to pass a rule up to a bound, until and with a day."""

    rule: str
    scope: Scope
    up_to: Decimal
    reason: str
    expires: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """All rules of one file; ``name`` is the file as the user knows it."""

    name: str
    block_unpriced: bool = False
    max_price_age_days: int | None = None
    min_change: Decimal = ZERO
    comment_mode: CommentMode = "update"
    limits: tuple[Limit, ...] = ()
    waivers: tuple[Waiver, ...] = ()


def parse_policy(text: str, name: str) -> Policy:
    """The policy in ``text``; ScenarioError with every problem and its line."""
    document = compose(text)
    reader = _Reader(document)
    policy = None
    if document.data is not None and not document.findings:
        policy = reader.policy(document.data, name)
    findings = [*document.findings, *reader.findings]
    if findings or policy is None:
        raise ScenarioError(tuple(to_problems(findings, document, name)))
    return policy


class _Reader:
    """Takes values of the right kind and remembers what is wrong with the others."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.findings: list[Finding] = []

    def policy(self, data: Mapping[str, Data], name: str) -> Policy:
        self._keys(data, (), _TOP)
        self._only(data, "version", 1, "write `version: 1`")
        self._only(data, "currency", "USD", "amounts are in USD: write `currency: USD`")
        comment = self._mapping(data.get("comment"), ("comment",), ("min_change", "mode"))
        limits = tuple(self._limit(each, ("limits", i)) for i, each in self._items(data, "limits"))
        known = [limit.id for limit in limits]
        self._unique([limit.id for limit in limits])
        waivers = tuple(
            waiver
            for i, each in self._items(data, "waivers")
            if (waiver := self._waiver(each, ("waivers", i), known)) is not None
        )
        return Policy(
            name=name,
            block_unpriced=self._flag(data, "block_unpriced"),
            max_price_age_days=self._days(data, "max_price_age_days"),
            min_change=self._amount(comment, ("comment",), "min_change") or ZERO,
            comment_mode=self._mode(comment),
            limits=limits,
            waivers=waivers,
        )

    # --- Rules ---

    def _limit(self, data: Data, path: Path) -> Limit:
        fields = self._mapping(data, path, ("id", "scope", *_AMOUNTS, "combine"))
        amounts = {name: self._amount(fields, path, name) for name in _AMOUNTS}
        if not any(name in fields for name in _AMOUNTS):
            self._find(path, f"limits nothing; add {' or '.join(_AMOUNTS)}")
        combine = self._choice(fields, path, "combine", ("any", "all")) or "any"
        both = amounts["max_increase"] is not None and amounts["max_increase_pct"] is not None
        if "combine" in fields and not both:
            self._find(
                (*path, "combine"),
                "joins max_increase and max_increase_pct; give both, or leave it out",
            )
        place = self._document.values.get(path)
        return Limit(
            id=self._id(fields, path, "id"),
            scope=self._scope(fields.get("scope"), (*path, "scope")),
            combine="all" if combine == "all" else "any",
            line=None if place is None else place.line,
            **amounts,
        )

    def _waiver(self, data: Data, path: Path, rules: list[str]) -> Waiver | None:
        fields = self._mapping(data, path, ("rule", "scope", "up_to", "reason", "expires"))
        for name in ("rule", "up_to", "reason", "expires"):
            if fields.get(name) is None:
                self._find(path, f"a waiver needs `{name}`")
        rule = self._id(fields, path, "rule")
        if rule and rule not in rules:
            self._find((*path, "rule"), f"no rule `{rule}`{did_you_mean(rule, rules)}")
        up_to, expires = self._amount(fields, path, "up_to"), self._day(fields, path, "expires")
        reason = self._text(fields, path, "reason")
        scope = self._scope(fields.get("scope"), (*path, "scope"))
        if up_to is None or expires is None or not reason:
            return None
        return Waiver(rule=rule, scope=scope, up_to=up_to, reason=reason, expires=expires)

    def _scope(self, data: Data, path: Path) -> Scope:
        if data is None:
            return Scope()
        fields = self._mapping(data, path, _SCOPES)
        if not fields:
            self._find(path, f"names nothing; write {', '.join(_SCOPES)} or leave it out")
        values = {name: self._text(fields, path, name) for name in _SCOPES if name in fields}
        return Scope(**values)

    def _unique(self, ids: Iterable[str]) -> None:
        seen: set[str] = {BLOCK_UNPRICED}
        for place, each in enumerate(ids):
            if each in seen:
                self._find(("limits", place, "id"), f"there is another rule `{each}`")
            seen.add(each)

    # --- Values ---

    def _find(self, path: Path, message: str) -> None:
        self.findings.append(Finding(path=path, message=message))

    def _keys(self, data: Mapping[str, Data], path: Path, known: tuple[str, ...]) -> None:
        for key in data:
            if key not in known:
                near = did_you_mean(key, known) or f"; known: {', '.join(known)}"
                self.findings.append(
                    Finding(path=(*path, key), message=f"unknown key{near}", at_key=True)
                )

    def _mapping(self, data: Data, path: Path, known: tuple[str, ...]) -> Mapping[str, Data]:
        if data is None:
            return {}
        if not isinstance(data, dict):
            self._find(path, f"must be a mapping of {', '.join(known)}, got {shown(data)}")
            return {}
        self._keys(data, path, known)
        return data

    def _items(self, data: Mapping[str, Data], key: str) -> list[tuple[int, Data]]:
        given = data.get(key)
        if given is None:
            return []
        if not isinstance(given, list) or len(given) > _MOST_RULES:
            self._find((key,), f"must be a list of at most {_MOST_RULES}, got {shown(given)}")
            return []
        return list(enumerate(given))

    def _only(self, data: Mapping[str, Data], key: str, value: object, advice: str) -> None:
        given = data.get(key)
        if given is None and key != "version":
            return
        if isinstance(given, bool) or given != value:
            self._find((key,) if given is not None else (), f"{key} is {shown(given)}; {advice}")

    def _flag(self, data: Mapping[str, Data], key: str) -> bool:
        given = data.get(key, False)
        if not isinstance(given, bool):
            self._find((key,), f"must be true or false, got {shown(given)}")
        return given is True

    def _days(self, data: Mapping[str, Data], key: str) -> int | None:
        given = data.get(key)
        if key not in data:
            return None
        if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= 99_999:
            self._find((key,), f"must be a whole number of days, got {shown(given)}")
            return None
        return given

    def _amount(self, data: Mapping[str, Data], path: Path, key: str) -> Decimal | None:
        """A decimal in quotes: no reader of YAML can make something else of it."""
        if key not in data:
            return None
        given = data[key]
        if not isinstance(given, str) or not _DECIMAL.fullmatch(given):
            self._find(
                (*path, key),
                f'must be a decimal number in quotes such as "500", got {shown(given)}',
            )
            return None
        return Decimal(given)

    def _text(self, data: Mapping[str, Data], path: Path, key: str) -> str | None:
        given = data.get(key)
        if given is None and key not in data:
            return None
        if not isinstance(given, str) or not 0 < len(given.strip()) <= _LONGEST_TEXT:
            self._find((*path, key), f"must be text, got {shown(given)}")
            return None
        return given

    def _id(self, data: Mapping[str, Data], path: Path, key: str) -> str:
        given = data.get(key)
        if not isinstance(given, str) or not _ID.fullmatch(given):
            at = (*path, key) if key in data else path
            self._find(at, f"`{key}` must be a name of letters, digits, . _ -, got {shown(given)}")
            return ""
        return given

    def _day(self, data: Mapping[str, Data], path: Path, key: str) -> date | None:
        given = data.get(key)
        if key not in data:
            return None
        if isinstance(given, str) and _DATE.fullmatch(given):
            try:
                return date.fromisoformat(given)
            except ValueError:
                pass
        self._find((*path, key), f"must be a day such as 2026-12-31, got {shown(given)}")
        return None

    def _choice(
        self, data: Mapping[str, Data], path: Path, key: str, known: tuple[str, ...]
    ) -> str | None:
        if key not in data:
            return None
        given = data[key]
        if not isinstance(given, str) or given not in known:
            self._find((*path, key), f"must be {' or '.join(known)}, got {shown(given)}")
            return None
        return given

    def _mode(self, comment: Mapping[str, Data]) -> CommentMode:
        given = self._choice(comment, ("comment",), "mode", _MODES)
        for mode in _MODES:
            if mode == given:
                return mode
        return "update"
