"""A local Spark gives the answers of DuckDB, to the last decimal, on the same Parquet files.

Not part of ``make test``: it needs Java and PySpark, 450 MB. ``make parity`` installs both packages
into an environment of their own and runs it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import date

import pytest

from planner.actuals.asking import answer, opened
from planner.actuals.store import Store, open_store
from tests.actuals.questions import QUESTIONS
from tests.actuals.support import EXPORTS, imported
from tests.support import CliResult

_SINCE, _UNTIL = date(2026, 1, 1), date(2026, 12, 31)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("store")
    for path in sorted(EXPORTS.iterdir()):
        imported(folder, path.name.partition(".")[0], [path])
    return open_store(folder)


@pytest.fixture(scope="module", autouse=True)
def small_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Two threads of this machine, by Spark's own settings file."""
    folder = tmp_path_factory.mktemp("spark")
    settings = {
        "spark.master": "local[2]",
        "spark.sql.shuffle.partitions": "4",
        "spark.ui.enabled": "false",
    }
    lines = [f"{name} {value}\n" for name, value in settings.items()]
    (folder / "spark-defaults.conf").write_text("".join(lines))
    before = os.environ.get("SPARK_CONF_DIR")
    os.environ["SPARK_CONF_DIR"] = str(folder)
    yield
    if before is None:
        del os.environ["SPARK_CONF_DIR"]
    else:
        os.environ["SPARK_CONF_DIR"] = before


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", QUESTIONS)
def test_spark_answers_as_duckdb_does(name: str, store: Store) -> None:
    with opened(store, _SINCE, _UNTIL) as records:
        expected = answer(QUESTIONS[name](records))
    with opened(store, _SINCE, _UNTIL, engine="spark") as records:
        found = answer(QUESTIONS[name](records))
    assert found == expected
    # No test of parity between two empty answers.
    assert expected or name in ("call_windows", "suspect_hours")


@pytest.mark.filterwarnings("ignore")
def test_the_report_is_the_same(store: Store, run_cli: Callable[..., CliResult]) -> None:
    command = ("actuals", "report", "--store", store.path, "--month", "2026-11")
    by_duckdb, by_spark = run_cli(*command), run_cli(*command, "--engine", "spark")
    assert by_spark.code == by_duckdb.code
    assert by_spark.stdout == by_duckdb.stdout
    assert "By model" in by_spark.stdout
