"""Price files: one hash over their content, errors that name the row, which file is taken."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

import pytest

from planner.catalog.llm import shipped_digest
from planner.catalog.snapshot import (
    DATA_DIR,
    find_snapshot,
    load_snapshot,
    snapshot_from_text,
)
from planner.errors import PriceFileError
from planner.files import read_text
from tests.catalog.price_support import file_text, raw, snapshot

_OTHER = raw(item="g5.xlarge", usd="1.006")
_LLM = {"provider": "openai", "model": "gpt-4o", "observed": "2026-11-09"}


def test_the_hash_is_that_of_the_canonical_json() -> None:
    canonical = json.dumps(
        {"llm": [_LLM], "rows": [_OTHER, raw()]}, sort_keys=True, separators=(",", ":")
    )
    expected = hashlib.sha256(canonical.encode()).hexdigest()
    assert snapshot(raw(), _OTHER, llm=[_LLM]).sha256 == expected


def test_order_layout_and_number_form_do_not_change_the_hash() -> None:
    document = {
        "rows": [dict(reversed(raw(usd="1.8610").items())), _OTHER],
        "meta": {"as_of": "2030-01-01"},
        "format": 1,
    }
    other_form = snapshot_from_text(json.dumps(document, indent=4), "test.json")
    assert other_form.sha256 == snapshot(raw(), _OTHER).sha256


@pytest.mark.parametrize(
    "changed",
    [
        raw(usd="1.862"),
        raw(observed="2026-01-22"),
        raw(source="another list"),
        raw(usd=None, reason_null="unknown"),
    ],
)
def test_every_field_is_in_the_hash(changed: dict[str, str | None]) -> None:
    assert snapshot(changed, _OTHER).sha256 != snapshot(raw(), _OTHER).sha256


def test_llm_rows_instances_and_quotas_are_in_the_hash() -> None:
    hashes = {
        snapshot().sha256,
        snapshot(llm=[]).sha256,
        snapshot(llm=[_LLM]).sha256,
        snapshot(llm=[{**_LLM, "observed": "2026-11-10"}]).sha256,
        snapshot(llm=[_LLM], instances=[{"name": "g5.xlarge"}]).sha256,
        snapshot(llm=[_LLM], quotas=[{"code": "L-1"}]).sha256,
    }
    assert len(hashes) == 6


def test_a_file_without_llm_rows_hashes_the_installed_ones_too() -> None:
    without = snapshot()
    expected = hashlib.sha256(f"{without.file_sha256} {shipped_digest()}".encode()).hexdigest()
    assert without.sha256 == expected
    assert without.llm_rows is None


def test_dates_are_those_of_priced_rows() -> None:
    found = snapshot(
        raw(),
        raw(item="g5.xlarge", observed="2026-07-20"),
        raw(item="g5.2xlarge", observed=None),
        raw(item="g5.4xlarge", observed="2020-01-01", usd=None, reason_null="unknown"),
    )
    assert (found.oldest_observed, found.newest_observed) == (date(2026, 1, 21), date(2026, 7, 20))
    assert found.as_of == date(2026, 7, 20)
    assert snapshot(meta={"as_of": "2026-11-21"}).as_of == date(2026, 11, 21)


def test_a_repeated_fact_names_the_file_and_both_rows() -> None:
    text = json.dumps({"format": 1, "rows": [raw(), _OTHER, raw(usd="2")]})
    message = r"x.json: row 3 \(instance us-east-1 g6e.xlarge on_demand\) repeats row 1"
    with pytest.raises(PriceFileError, match=message):
        snapshot_from_text(text, "x.json")


def test_a_bad_row_names_the_file_and_the_row() -> None:
    text = json.dumps({"format": 1, "rows": [raw(), {**_OTHER, "usd": "cheap"}]})
    message = r"x.json: row 2 \(instance us-east-1 g5.xlarge on_demand\): not a price: 'cheap'"
    with pytest.raises(PriceFileError, match=message):
        snapshot_from_text(text, "x.json")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "JSON object with `rows`"),
        ('{"rows": []}', "format is None, this version reads 1"),
        ('{"format": 2, "rows": []}', "format is 2"),
        ('{"format": 1, "prices": [], "rows": []}', "unknown key 'prices'"),
        ('{"format": 1}', "`rows` must be a list"),
        ('{"format": 1, "rows": [], "meta": 1}', "`meta` must be an object"),
        ('{"format": 1, "rows": []}', "no price in it has a date"),
        ('{"format": 1, "rows": [1]}', "row 1: not an object"),
    ],
)
def test_another_file_is_refused(text: str, says: str) -> None:
    with pytest.raises(PriceFileError, match=says):
        snapshot_from_text(text, "x.json")


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ({"llm": {}}, "`llm` must be a list"),
        ({"llm": [1]}, "llm 1: not an object"),
        ({"meta": {"as_of": "soon"}}, "meta: as_of is 'soon', not a day"),
        ({"meta": {"as_of": 2026}}, "meta: as_of is 2026, not text"),
    ],
)
def test_a_bad_section_is_named(section: dict[str, object], says: str) -> None:
    with pytest.raises(PriceFileError, match=says):
        snapshot_from_text(json.dumps({"format": 1, "rows": [raw()], **section}), "x.json")


def test_a_written_file_has_one_fact_a_line_and_reads_back_the_same() -> None:
    text = file_text(raw(), _OTHER, llm=[_LLM], meta={"as_of": "2026-11-21"})
    assert sum(line.startswith('{"kind"') for line in text.splitlines()) == 2
    found = snapshot_from_text(text, "x.json")
    assert found.file_sha256 == json.loads(text)["meta"]["sha256"]
    assert found.llm_rows == (_LLM,)
    assert [row.item for row in found.rows()] == ["g5.xlarge", "g6e.xlarge"]


def test_the_shipped_file_is_sound_and_its_recorded_hash_is_right() -> None:
    checked = snapshot_from_text(read_text(DATA_DIR / "prices.json"), "shipped")
    trusted = load_snapshot(None)
    assert checked == trusted


# --- which file ----------------------------------------------------------------------------------


def test_the_option_wins_over_the_scenario_and_what_lies_above(tmp_path: Path) -> None:
    (tmp_path / "planner.prices.json").write_text("{}")
    given = Path("given.json")
    assert find_snapshot(given, "own.json", tmp_path) == (given, "given.json")


def test_the_scenarios_own_file_is_relative_to_its_folder(tmp_path: Path) -> None:
    (tmp_path / "planner.prices.json").write_text("{}")
    assert find_snapshot(None, "own.json", tmp_path) == (tmp_path / "own.json", "own.json")


def test_a_file_above_is_found_and_named_from_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "planner.prices.json").write_text("{}")
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    found, name = find_snapshot(None, None, folder)
    assert found == tmp_path.resolve() / "planner.prices.json"
    assert name == "../../planner.prices.json"


def test_the_nearest_file_above_is_taken(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    for place in (tmp_path, folder):
        (place / "planner.prices.json").write_text("{}")
    assert find_snapshot(None, None, folder) == (
        folder.resolve() / "planner.prices.json",
        "planner.prices.json",
    )


def test_without_a_file_the_shipped_prices_are_taken(tmp_path: Path) -> None:
    assert find_snapshot(None, None, tmp_path) == (None, None)
    assert load_snapshot(None).name == "shipped"


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"gone\.json: cannot read"):
        load_snapshot(tmp_path / "gone.json")
