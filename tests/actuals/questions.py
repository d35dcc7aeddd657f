"""Every question that is asked of a store, with some rules and views, for engines to answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from planner.actuals import queries

__all__ = ["QUESTIONS"]

_VIEWS = [
    queries.View("litellm", "openai"),
    queries.View("cur", "aws"),
    queries.View("bedrock", "aws"),
    queries.View("langfuse", "openai"),
]
_RULES = [
    queries.Labelling(match={"model": "*gpt*"}, labels={"feature": "chat"}),
    queries.Labelling(match={"service": "Amazon?Bedrock"}, labels={"team": "platform"}),
]


def _spend(records: Any) -> Any:
    return queries.spend_of(queries.labelled(records, rules=_RULES), _VIEWS)


def _hours(records: Any) -> Any:
    return queries.hourly(_spend(records))


QUESTIONS: dict[str, Callable[[Any], Any]] = {
    "views": lambda records: queries.views(queries.hourly(queries.labelled(records))),
    "bill_lines": queries.bill_lines,
    "realised_savings": queries.realised_savings,
    "cells": lambda records: queries.cells(_hours(records)),
    "prompt_days": lambda records: queries.prompt_days(_hours(records)),
    "call_windows": lambda records: queries.call_windows(_spend(records), 490_000, 500_000),
    "suspect_hours": lambda records: queries.suspect_hours(_hours(records)),
    "hours_of_calls": lambda records: queries.hours_of_calls(_hours(records)),
    "input_lengths": lambda records: queries.length_counts(_spend(records), "input_tokens"),
    "records_before": lambda records: queries.records_before(_spend(records), date(2026, 11, 20)),
    "first_record": lambda records: queries.first_record(_spend(records), {"feature": "chat"}),
    "crossing": lambda records: queries.crossing(
        _spend(records), date(2026, 11, 20), {}, Decimal(0), Decimal("0.0001")
    ),
}
