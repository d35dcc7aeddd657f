"""The statements that a report would put to Athena, for a copy of the store on S3."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from planner.actuals import queries
from planner.actuals.asking import answer, opened
from planner.actuals.chosen import choose
from planner.actuals.clusters import athena_sql, athena_table_sql, records_table
from planner.actuals.report import Question
from planner.actuals.store import Store
from planner.errors import InputError

__all__ = ["athena_statements"]

_HOURS_PER_DAY = 24
_EPOCH = date(1970, 1, 1).toordinal()


def athena_statements(store: Store, question: Question, location: str) -> Mapping[str, str]:
    """Statements by name, the one that makes the table first; InputError without records.

    Which of several views of the same spend count is decided by the store here.
    """
    with opened(store, question.since, question.until, spill=question.spill) as records:
        if records is None:
            raise InputError(
                f"{store.path}: no records from {question.since} to {question.until}; give other "
                "days with --from and --to"
            )
        choice = choose(answer(queries.views(_hours(records))), question.usage)
    there = records_table(question.since, question.until)
    every_row = queries.labelled(
        there, rules=question.rules, only=question.only, money=question.money
    )
    rows = queries.spend_of(every_row, choice.usage_views)
    hours = queries.hourly(rows)
    asked: dict[str, Any] = {
        "views": queries.views(_hours(there)),
        "cells": queries.cells(hours),
        "bill_lines": queries.bill_lines(there),
        "realised_savings": queries.realised_savings(there),
        "prompt_days": queries.prompt_days(hours),
        "suspect_hours": queries.suspect_hours(hours),
        "call_windows": queries.call_windows(rows, *_hours_between(question)),
        "hours_of_calls": queries.hours_of_calls(hours),
    }
    parts = store.parts()
    sources = sorted({part.source for part in parts})
    first = date.fromisoformat(min(part.dt for part in parts))
    return {
        "table": athena_table_sql(location, sources, first),
        **{name: athena_sql(expression) for name, expression in asked.items()},
    }


def _hours(records: Any) -> Any:
    return queries.hourly(queries.labelled(records))


def _hours_between(question: Question) -> tuple[int, int]:
    """The first and the last hour of the days asked for, since 1970 in UTC."""
    first, after = (day.toordinal() - _EPOCH for day in (question.since, question.until))
    return first * _HOURS_PER_DAY, (after + 1) * _HOURS_PER_DAY - 1
