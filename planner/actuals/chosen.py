"""Which view of the spend is used where several sources tell of the same provider's calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import cast

from planner.actuals.queries import Row, View
from planner.actuals.types import SourceName
from planner.errors import InputError

__all__ = ["Choice", "ViewFacts", "choose"]

# Of two sources about one provider the first is used: single calls with their labels before
# buckets of the gateway, those before the providers' own reports.
_USAGE_ORDER: tuple[SourceName, ...] = (
    *("litellm", "otel", "langfuse", "bedrock", "plain", "litellm-daily"),
    *("openai-usage", "anthropic-usage", "vllm"),
)
_BILL_ORDER: tuple[SourceName, ...] = ("cur", "focus", "openai-costs", "anthropic-cost")


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewFacts:
    """What one source says about one provider; ``cost_usd`` is None where it tells no cost."""

    source: SourceName
    provider: str
    is_bill: bool
    rows: int
    days: int
    first_day: date
    last_day: date
    calls: int
    input_tokens: int
    output_tokens: int
    cost_usd: Decimal | None

    @property
    def view(self) -> View:
        """The view these are the facts of."""
        return View(self.source, self.provider)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The views in use: ``usage`` is what is added up, ``bills`` are what it is held against.

    A provider without usage is told by its bill: then the bill's lines of models are in ``usage``.
    ``left_out`` are further views of the same spend.
    """

    usage: tuple[ViewFacts, ...]
    bills: tuple[ViewFacts, ...]
    left_out: tuple[ViewFacts, ...]

    @property
    def usage_views(self) -> tuple[View, ...]:
        """The views whose rows are spend."""
        return tuple(each.view for each in self.usage)


def choose(rows: Sequence[Row], wanted: Sequence[str] = ()) -> Choice:
    """One view of usage and one bill for each provider; ``wanted`` sources come first.

    InputError when two wanted sources tell of the same provider's calls.
    """
    facts = [_facts(row) for row in rows if row["kind"] != "share"]
    _check(facts, wanted)
    usage: list[ViewFacts] = []
    bills: list[ViewFacts] = []
    left_out: list[ViewFacts] = []
    for provider in sorted({each.provider for each in facts}):
        mine = [each for each in facts if each.provider == provider]
        logs = _ordered([e for e in mine if not e.is_bill], _USAGE_ORDER, wanted)
        own = _ordered([e for e in mine if e.is_bill], _BILL_ORDER, wanted)
        usage += logs[:1] or own[:1]
        bills += own[:1]
        left_out += [*logs[1:], *own[1:]]
    return Choice(usage=tuple(usage), bills=tuple(bills), left_out=tuple(left_out))


def _ordered(
    facts: list[ViewFacts], order: Sequence[SourceName], wanted: Sequence[str]
) -> list[ViewFacts]:
    return sorted(facts, key=lambda each: (each.source not in wanted, order.index(each.source)))


def _check(facts: Sequence[ViewFacts], wanted: Sequence[str]) -> None:
    known = {each.source for each in facts}
    for source in wanted:
        if source not in known:
            there = ", ".join(sorted(known)) or "nothing"
            raise InputError(f"--usage {source}: no rows of it here; there are {there}")
    for provider in sorted({each.provider for each in facts}):
        both = [
            each.source
            for each in facts
            if each.provider == provider and each.source in wanted and not each.is_bill
        ]
        if len(both) > 1:
            raise InputError(
                f"--usage {' and '.join(both)}: both tell of calls to {provider or 'no provider'}, "
                "which would count them twice; name one of them"
            )


def _facts(row: Row) -> ViewFacts:
    return ViewFacts(
        source=cast(SourceName, row["source"]),
        provider=row["provider"],
        is_bill=row["kind"] == "bill",
        rows=int(row["rows"]),
        days=int(row["days"]),
        first_day=row["first_dt"],
        last_day=row["last_dt"],
        calls=int(row["calls"]),
        input_tokens=int(row["input_tokens"]),
        output_tokens=int(row["output_tokens"]),
        cost_usd=row["cost_usd"],
    )
