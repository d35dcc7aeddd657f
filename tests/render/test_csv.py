"""Rows as CSV."""

from __future__ import annotations

from decimal import Decimal

from planner.render.csv_ import csv_text
from planner.render.json_ import jsonable


def test_rows_are_plain_and_unrounded() -> None:
    row = ("a,b", jsonable(Decimal("0.0335166666667")), None, True, 3)
    assert csv_text(("x", "usd", "none", "yes", "n"), [row]) == (
        'x,usd,none,yes,n\n"a,b",0.0335166666667,,true,3\n'
    )


def test_text_that_a_spreadsheet_would_run_is_disarmed() -> None:
    assert csv_text(("x",), [("=1+1",), ("@cmd",), ("-5.25",), ("+3",)]) == (
        "x\n'=1+1\n'@cmd\n-5.25\n+3\n"
    )
