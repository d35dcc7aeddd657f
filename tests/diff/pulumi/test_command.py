"""`planner diff --pulumi` and `--state`: exit codes, rules and prices of whole runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.diff.pulumi.engine_files import NAT, document, export, state, step
from tests.support import CliResult

Run = Callable[..., CliResult]
_NAT = state(NAT, "way-out", {"region": "us-east-1"})
_DATABASE = state("aws:rds/instance:Instance", "db")


@pytest.fixture
def preview(tmp_path: Path) -> Path:
    path = tmp_path / "preview.json"
    path.write_text(json.dumps(document([step("create", new=_NAT)])), encoding="utf-8")
    return path


@pytest.fixture
def unpriced(tmp_path: Path) -> Path:
    path = tmp_path / "unpriced.json"
    steps = [step("create", new=_NAT), step("create", new=_DATABASE)]
    path.write_text(json.dumps(document(steps)), encoding="utf-8")
    return path


def test_a_priced_preview_is_fine(preview: Path, run_cli: Run) -> None:
    done = run_cli("diff", "--pulumi", preview)
    assert done.code == 0
    assert "+$32.85" in done.stdout
    assert "dev" in done.stdout or "way-out" in done.stdout


def test_the_json_has_the_totals(preview: Path, run_cli: Run) -> None:
    found = run_cli("diff", "--pulumi", preview, "--format", "json").json()
    assert found["total"]["delta_monthly_usd"] == "32.85"
    assert found["total"]["is_floor"] is False
    assert found["lines"][0]["resource_type"] == NAT


def test_something_unpriced_is_incomplete(unpriced: Path, run_cli: Run) -> None:
    done = run_cli("diff", "--pulumi", unpriced)
    assert done.code == 3
    assert "no RDS price" in done.stdout


def test_something_unpriced_may_be_allowed(unpriced: Path, run_cli: Run) -> None:
    assert run_cli("diff", "--pulumi", unpriced, "--allow-unpriced").code == 0


def test_the_policy_beside_the_preview_forbids_it(unpriced: Path, run_cli: Run) -> None:
    policy = unpriced.parent / "planner.policy.yaml"
    policy.write_text("version: 1\nblock_unpriced: true\n", encoding="utf-8")
    assert run_cli("diff", "--pulumi", unpriced, "--allow-unpriced").code == 1


def test_a_limit_of_the_stack_holds(preview: Path, run_cli: Run) -> None:
    policy = preview.parent / "planner.policy.yaml"
    policy.write_text(
        'version: 1\nlimits:\n  - {id: cap, scope: {stack: dev}, max_monthly: "30"}\n',
        encoding="utf-8",
    )
    done = run_cli("diff", "--pulumi", preview)
    assert done.code == 1
    assert "cap" in done.stdout


def test_two_states_are_compared(tmp_path: Path, run_cli: Run) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text("", encoding="utf-8")
    new.write_text(export(_NAT), encoding="utf-8")
    done = run_cli("diff", "--state", old, new, "--format", "json")
    assert done.code == 0, done.stderr
    assert done.json()["total"]["delta_monthly_usd"] == "32.85"


def test_prices_of_a_file_are_used(preview: Path, run_cli: Run, tmp_path: Path) -> None:
    missing = tmp_path / "none.json"
    done = run_cli("diff", "--pulumi", preview, "--prices", missing)
    assert done.code == 2
    assert "none.json" in done.stderr


def test_prices_past_the_age_that_was_set_are_incomplete(preview: Path, run_cli: Run) -> None:
    # The price of a NAT gateway was seen on 2026-08-21.
    options = ("--as-of", "2026-11-22", "--max-price-age")
    assert run_cli("diff", "--pulumi", preview, *options, "30").code == 3
    assert run_cli("diff", "--pulumi", preview, *options, "100").code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("--pulumi", "p.json", "scenario.yaml"),
        ("--pulumi", "p.json", "--state", "a.json", "b.json"),
    ],
)
def test_a_preview_stands_alone(arguments: tuple[str, ...], run_cli: Run) -> None:
    done = run_cli("diff", *arguments)
    assert done.code == 2
    assert "stands alone" in done.stderr
