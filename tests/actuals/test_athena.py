"""The SQL that Athena gets: the same questions, written without an engine at hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from planner.actuals.clusters import athena_sql, athena_table_sql, records_table
from tests.actuals.questions import QUESTIONS
from tests.actuals.support import EXPORTS, imported
from tests.support import CliResult


@pytest.mark.parametrize("name", QUESTIONS)
def test_sql_of_every_question(name: str, check_golden: Callable[[str, str], None]) -> None:
    records = records_table(date(2026, 11, 1), date(2026, 11, 30))
    check_golden(f"athena/{name}.sql", athena_sql(QUESTIONS[name](records)))


@pytest.mark.parametrize("name", QUESTIONS)
def test_only_the_days_asked_for_are_scanned(name: str) -> None:
    sql = athena_sql(QUESTIONS[name](records_table(date(2026, 11, 1), date(2026, 11, 30))))
    assert "DATE '2026-11-01'" in sql or "FROM_ISO8601_DATE('2026-11-01')" in sql
    assert "approx" not in sql.lower()
    # Only seconds go through a float, and are whole again: never money.
    assert all("started_at" in line or "/ 3600" in line for line in _lines_with(sql, "DOUBLE"))


def _lines_with(sql: str, word: str) -> list[str]:
    return [line for line in sql.splitlines() if word in line]


def test_table_has_every_column_and_its_partitions(
    check_golden: Callable[[str, str], None],
) -> None:
    sql = athena_table_sql("s3://acme-actuals/records", ["litellm", "cur"], date(2026, 10, 1))
    check_golden("athena/records.sql", sql)


def test_the_command_prints_the_table_and_every_question(
    tmp_path: Path, run_cli: Callable[..., CliResult]
) -> None:
    imported(tmp_path, "plain", [EXPORTS / "plain.csv"])
    result = run_cli("actuals", "sql", "--store", tmp_path, "--location", "s3://b/records")
    assert result.code == 0
    names = [line[3:] for line in result.stdout.splitlines() if line.startswith("-- ")]
    assert names[0] == "table"
    assert {"cells", "views", "bill_lines", "call_windows"} <= set(names)
    assert "'projection.source.values' = 'plain'" in result.stdout


def test_a_location_that_is_not_on_s3_is_refused(
    tmp_path: Path, run_cli: Callable[..., CliResult]
) -> None:
    imported(tmp_path, "plain", [EXPORTS / "plain.csv"])
    result = run_cli("actuals", "sql", "--store", tmp_path, "--location", "/data")
    assert result.code == 2
    assert "s3://" in result.stderr
