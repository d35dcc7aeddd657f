"""One state of a store, whatever the order, overlap, repetition or interruption of imports."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import json
import random
import shutil
from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.actuals import import_files, open_store, source_spec
from planner.actuals import importing as importing_module
from planner.actuals import staging as staging_module
from planner.errors import InputError
from tests.actuals import support
from tests.actuals.support import EXPORTED, EXPORTS, imported, state, totals


def _row(number: int, **changes: object) -> dict[str, object]:
    """A LiteLLM row of one of three days; 100 input and 10 output tokens, $0.001."""
    return {
        "request_id": f"r{number}",
        "call_type": "acompletion",
        "startTime": f"2026-11-{18 + number % 3}T10:00:00Z",
        "endTime": f"2026-11-{18 + number % 3}T10:00:01Z",
        "spend": 0.001,
        "prompt_tokens": 100,
        "completion_tokens": 10,
        "total_tokens": 110,
        "model": "gpt-4o",
        "custom_llm_provider": "openai",
        "status": "success",
    } | changes


def _log(path: Path, numbers: Sequence[int], **changes: object) -> Path:
    path.write_text("".join(json.dumps(_row(n, **changes)) + "\n" for n in numbers))
    return path


def test_a_store_holds_what_the_file_says(tmp_path: Path) -> None:
    store = tmp_path / "store"
    result = imported(store, "litellm", [_log(tmp_path / "a.jsonl", range(7))])
    assert totals(store) == (7, 7, 700, 70, Decimal("0.007"))
    assert [file.records for file in result.imported] == [7]
    record = next(open_store(store).records())
    assert (record.source, record.source_line, record.exported_at) == ("litellm", 1, EXPORTED)
    assert (record.source_file, record.ingested_at) == (str(tmp_path / "a.jsonl"), support.NOW)


def test_days_and_sources_choose_what_is_read(tmp_path: Path) -> None:
    store = tmp_path / "store"
    imported(store, "litellm", [_log(tmp_path / "a.jsonl", range(7))])
    imported(store, "plain", [EXPORTS / "plain.csv"])
    opened = open_store(store)
    day = next(opened.records(["litellm"])).dt
    # Rows 0, 3 and 6 are of the first day.
    assert len(list(opened.records(["litellm"], until=day))) == 3
    assert len(list(opened.records(["litellm"], since=day + timedelta(days=1)))) == 4
    assert {record.source for record in opened.records(["plain"])} == {"plain"}
    assert len(opened.part_files(["litellm"])) == 3


def test_importing_twice_changes_nothing(tmp_path: Path) -> None:
    store, path = tmp_path / "store", _log(tmp_path / "a.jsonl", range(7))
    imported(store, "litellm", [path])
    before = state(store)
    again = imported(store, "litellm", [path, path])
    assert state(store) == before
    assert (again.imported, again.known) == ((), (path, path))


def test_the_same_rows_packed_and_plain_count_once(tmp_path: Path) -> None:
    store, path = tmp_path / "store", _log(tmp_path / "a.jsonl", range(7))
    packed = tmp_path / "a.jsonl.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    imported(store, "litellm", [path, packed])
    assert totals(store) == (7, 7, 700, 70, Decimal("0.007"))


@settings(max_examples=8)
@given(data=st.data())
def test_files_in_any_order_give_their_union(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("union")
    spans = data.draw(
        st.lists(st.tuples(st.integers(0, 12), st.integers(1, 8)), min_size=2, max_size=4)
    )
    files = [
        _log(folder / f"{index}.jsonl", range(first, first + count))
        for index, (first, count) in enumerate(spans)
    ]
    order = data.draw(st.permutations(files))
    one, other = folder / "one", folder / "other"
    imported(one, "litellm", files)
    for path in order:
        imported(other, "litellm", [path])
    union = {number for first, count in spans for number in range(first, first + count)}
    assert totals(one)[0] == len(union)
    assert state(one) == state(other)


@settings(max_examples=6)
@given(order=st.permutations(range(3)))
def test_of_two_versions_of_a_row_the_newer_counts_in_any_order(
    tmp_path_factory: pytest.TempPathFactory, order: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("versions")
    exports = [
        (_log(folder / "0.jsonl", range(6), spend=0.5), EXPORTED),
        (_log(folder / "1.jsonl", range(3, 9), spend=0.25), EXPORTED + timedelta(hours=1)),
        (_log(folder / "2.jsonl", range(2), spend=0.125), EXPORTED + timedelta(hours=2)),
    ]
    store = folder / "store"
    for index in order:
        path, exported_at = exports[index]
        imported(store, "litellm", [path], exported_at)
    # Row 2 is in the first export alone; 0 and 1 are in the last, 3 to 8 in the middle one.
    assert totals(store)[4] == Decimal("0.5") + 2 * Decimal("0.125") + 6 * Decimal("0.25")


def test_the_source_s_own_time_of_change_counts_before_the_export_s(tmp_path: Path) -> None:
    store = tmp_path / "store"
    revised = _log(tmp_path / "a.jsonl", [0], spend=2, endTime="2026-11-18T10:00:09Z")
    late = _log(tmp_path / "b.jsonl", [0], spend=1)
    imported(store, "litellm", [revised], EXPORTED)
    imported(store, "litellm", [late], EXPORTED + timedelta(days=1))
    assert totals(store)[4] == Decimal(2)


def test_rows_without_an_id_count_as_often_as_their_file_has_them(tmp_path: Path) -> None:
    header = "timestamp,model,input_tokens,output_tokens\n"
    row = "2026-11-20T10:00:00Z,gpt-4o,10,1\n"
    files = [tmp_path / f"{count}.csv" for count in (2, 3)]
    for path, count in zip(files, (2, 3), strict=True):
        path.write_text(header + row * count, encoding="utf-8")
    for index, order in enumerate((files, files[::-1])):
        store = tmp_path / f"store{index}"
        for path in order:
            imported(store, "plain", [path])
        # Twice in one file, three times in the other: the same three calls.
        assert totals(store)[:3] == (3, 3, 30)


def test_a_bucket_that_is_fetched_again_is_replaced_and_not_added(tmp_path: Path) -> None:
    text = (EXPORTS / "openai-usage.json").read_text(encoding="utf-8")
    early, late = tmp_path / "early.json", tmp_path / "late.json"
    early.write_text(
        text.replace('"num_model_requests": 10', '"num_model_requests": 4'), encoding="utf-8"
    )
    late.write_text(text, encoding="utf-8")
    for order in itertools.permutations([(early, EXPORTED), (late, EXPORTED + timedelta(hours=9))]):
        store = tmp_path / f"store-{order[0][0].stem}"
        for path, exported_at in order:
            imported(store, "openai-usage", [path], exported_at)
        assert totals(store)[:2] == (3, 21)


def test_two_groupings_of_the_same_days_are_refused(tmp_path: Path) -> None:
    store = tmp_path / "store"
    imported(store, "openai-usage", [EXPORTS / "openai-usage.json"])
    before = state(store)
    text = (EXPORTS / "openai-usage.json").read_text(encoding="utf-8")
    other = tmp_path / "by-key.json"
    other.write_text(text.replace('"api_key_id": null', '"api_key_id": "k"'), encoding="utf-8")
    with pytest.raises(InputError, match="both are the same spend"):
        imported(store, "openai-usage", [other])
    assert state(store) == before


def test_two_tables_of_litellm_s_days_are_refused_but_tags_may_come_along(tmp_path: Path) -> None:
    store = tmp_path / "store"
    imported(store, "litellm-daily", [EXPORTS / "litellm-daily.csv"])
    text = (EXPORTS / "litellm-daily.csv").read_text(encoding="utf-8")
    team, tag = tmp_path / "team.csv", tmp_path / "tag.csv"
    team.write_text(text.replace("user_id", "team_id"), encoding="utf-8")
    tag.write_text(text.replace("user_id", "tag"), encoding="utf-8")
    with pytest.raises(InputError, match="both are the same spend"):
        imported(store, "litellm-daily", [team])
    imported(store, "litellm-daily", [tag])
    kinds = [record.kind for record in open_store(store).records()]
    assert (kinds.count("bucket"), kinds.count("share")) == (4, 4)


# --- Bills ---------------------------------------------------------------------------------------


def _bill(path: Path, amount: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "BilledCost,EffectiveCost,BillingAccountId,BillingPeriodStart,ChargePeriodStart,"
        "ChargePeriodEnd\n"
        + f"{amount},{amount},1,2026-11-01T00:00:00Z,2026-11-20T00:00:00Z,2026-11-21T00:00:00Z\n"
        * 2,
        encoding="utf-8",
    )
    return path


def _in_any_order(tmp_path: Path, files: Sequence[tuple[Path, int]], total: str) -> None:
    """Import each file at its hour, in some orders, and find the total."""
    orders = list(itertools.permutations(files))
    for index, order in enumerate(orders[:: max(1, len(orders) // 4)]):
        store = tmp_path / f"store-{index}"
        for path, hour in order:
            imported(store, "focus", [path], EXPORTED + timedelta(hours=hour))
        assert totals(store)[4] == Decimal(total)


def test_a_later_delivery_of_a_month_replaces_the_earlier(tmp_path: Path) -> None:
    files = [(_bill(tmp_path / "monday.csv", "1"), 0), (_bill(tmp_path / "friday.csv", "1.5"), 9)]
    _in_any_order(tmp_path, files, "3")


def test_equal_lines_of_a_bill_all_count(tmp_path: Path) -> None:
    imported(tmp_path / "store", "focus", [_bill(tmp_path / "a.csv", "1")])
    assert totals(tmp_path / "store")[0] == 2


def test_numbered_files_of_a_delivery_are_one_bill(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    files = [
        (_bill(old / "cur-00001.csv", "1"), 0),
        (_bill(old / "cur-00002.csv", "2"), 0),
        (_bill(new / "cur-00001.csv", "3"), 9),
        (_bill(new / "cur-00002.csv", "4"), 9),
    ]
    # Two equal lines in each file: 2 * (3 + 4).
    _in_any_order(tmp_path, files, "14")


def test_the_delivery_named_by_its_folder_s_time_counts(tmp_path: Path) -> None:
    first = tmp_path / "2026-11-03T01:00:00.000Z-aaaa"
    second = tmp_path / "2026-11-04T01:00:00.000Z-bbbb"
    files = [
        (_bill(first / "cur-00001.csv", "1"), 9),
        (_bill(first / "cur-00002.csv", "2"), 9),
        (_bill(second / "cur-00001.csv", "3"), 0),
    ]
    # The later delivery has one file; its age on this disk does not matter.
    _in_any_order(tmp_path, files, "6")


def test_a_bill_that_breaks_off_is_refused(tmp_path: Path) -> None:
    packed = tmp_path / "bill.csv.gz"
    rows = "".join(_bill(tmp_path / "a.csv", str(n)).read_text() for n in range(300))
    packed.write_bytes(gzip.compress(rows.encode())[:-40])
    with pytest.raises(InputError, match="breaks off"):
        imported(tmp_path / "store", "focus", [packed])
    with pytest.raises(InputError, match="no actuals here"):
        open_store(tmp_path / "store")


# --- Spans within spans --------------------------------------------------------------------------


def _span(number: int, parent: int | None) -> dict[str, object]:
    return {
        "name": "chat",
        "context": {"trace_id": "t", "span_id": str(number)},
        "parent_id": None if parent is None else str(parent),
        "start_time": "2026-11-20T10:00:00Z",
        "attributes": {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.usage.input_tokens": 10,
            "gen_ai.usage.output_tokens": 1,
        },
    }


def test_a_model_call_around_another_one_is_a_share_of_it_in_any_order(tmp_path: Path) -> None:
    files: list[Path] = []
    for number, parent in ((1, None), (2, 1), (3, 2), (4, None)):
        path = tmp_path / f"{number}.jsonl"
        path.write_text(json.dumps(_span(number, parent)) + "\n", encoding="utf-8")
        files.append(path)
    for index, order in enumerate(itertools.permutations(files)):
        if index % 7:
            continue
        store = tmp_path / f"store-{index}"
        for path in order:
            imported(store, "otel", [path])
        kinds = {Path(r.source_file).stem: r.kind for r in open_store(store).records()}
        assert kinds == {"1": "share", "2": "share", "3": "request", "4": "request"}


# --- Stops ---------------------------------------------------------------------------------------


class _Stopped(BaseException):
    """As sudden as a kill: nothing in the package catches it."""


def _stopping(module: object, name: str, after: int, patch: pytest.MonkeyPatch) -> None:
    """Make a function stop the import at its ``after``-th call, before it does its work."""
    real: Callable[..., object] = getattr(module, name)
    calls = itertools.count(1)

    def stopping(*args: object, **kwargs: object) -> object:
        if next(calls) == after:
            raise _Stopped
        return real(*args, **kwargs)

    patch.setattr(module, name, stopping)


@pytest.mark.parametrize("after", range(1, 9))
@pytest.mark.parametrize("name", ["write_atomic", "staged_table"])
def test_an_import_stopped_while_it_reads_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, after: int
) -> None:
    monkeypatch.setattr(staging_module, "_CHUNK_ROWS", 4)
    files = [_log(tmp_path / "a.jsonl", range(14)), _log(tmp_path / "b.jsonl", range(9, 20))]
    store, whole = tmp_path / "store", tmp_path / "whole"
    imported(whole, "litellm", files)
    with monkeypatch.context() as patch:
        _stopping(staging_module, name, after, patch)
        with contextlib.suppress(_Stopped):
            imported(store, "litellm", files)
    imported(store, "litellm", files)
    assert state(store) == state(whole)


def test_what_was_read_before_a_stop_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging_module, "_CHUNK_ROWS", 4)
    path, store = _log(tmp_path / "a.jsonl", range(14)), tmp_path / "store"
    with monkeypatch.context() as patch:
        # The journal is written after 4, 8 and 12 rows; the third one never is.
        _stopping(staging_module, "write_atomic", 3, patch)
        with pytest.raises(_Stopped):
            imported(store, "litellm", [path])
    seen: list[int] = []
    spec = source_spec("litellm")
    real = support.NoPrices.price
    monkeypatch.setattr(
        support.NoPrices, "price", lambda self, usage: seen.append(1) or real(self, usage)
    )
    import_files(store, spec, [path], support.settings())
    assert (len(seen), totals(store)[0]) == (6, 14)


@pytest.mark.parametrize("after", range(1, 7))
@pytest.mark.parametrize("name", ["_placed", "_rewrite", "_scalar"])
def test_an_import_stopped_while_it_commits_leaves_the_old_state_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, after: int
) -> None:
    from planner.actuals import commit

    first = _log(tmp_path / "a.jsonl", range(14))
    second = _log(tmp_path / "b.jsonl", range(9, 20), spend=0.5)
    later = EXPORTED + timedelta(hours=1)
    store, whole = tmp_path / "store", tmp_path / "whole"
    for folder in (store, whole):
        imported(folder, "litellm", [first])
    before = state(store)
    imported(whole, "litellm", [second], later)
    with monkeypatch.context() as patch:
        _stopping(commit._Merge, name, after, patch)  # pyright: ignore[reportPrivateUsage]
        try:
            imported(store, "litellm", [second], later)
        except _Stopped:
            assert state(store) == before
    imported(store, "litellm", [second], later)
    assert state(store) == state(whole)
    # Nothing that is not live stays behind.
    live = set(open_store(store).part_files())
    assert set((store / "records").rglob("*.parquet")) == live
    assert list((store / "staging").iterdir()) == []


def test_an_import_stopped_before_it_deletes_old_parts_counts_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _log(tmp_path / "a.jsonl", range(14))
    second = _log(tmp_path / "b.jsonl", range(9, 20), spend=0.5)
    store = tmp_path / "store"
    imported(store, "litellm", [first])
    with monkeypatch.context() as patch:
        _stopping(Path, "unlink", 1, patch)
        with pytest.raises(_Stopped):
            imported(store, "litellm", [second], EXPORTED + timedelta(hours=1))
    assert totals(store)[0] == 20
    again = imported(store, "litellm", [second])
    assert (len(again.known), totals(store)[0]) == (1, 20)
    assert set((store / "records").rglob("*.parquet")) == set(open_store(store).part_files())


def test_a_file_is_read_anew_when_labels_are_mapped_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, store = _log(tmp_path / "a.jsonl", range(6), user="u"), tmp_path / "store"
    monkeypatch.setattr(staging_module, "_CHUNK_ROWS", 2)
    with monkeypatch.context() as patch:
        _stopping(staging_module, "write_atomic", 3, patch)
        with pytest.raises(_Stopped):
            imported(store, "litellm", [path])
    import_files(store, source_spec("litellm"), [path], support.settings(feature="user"))
    assert {record.feature for record in open_store(store).records()} == {"u"}


def test_many_files_are_committed_in_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing_module, "_COMMIT_FILES", 2)
    files = [_log(tmp_path / f"{n}.jsonl", [n, n + 1]) for n in range(5)]
    result = imported(tmp_path / "store", "litellm", files)
    assert (result.manifest.commits, totals(tmp_path / "store")[0]) == (3, 6)


# --- What is refused -----------------------------------------------------------------------------


def test_refused_rows_are_kept_with_their_place_and_reason_and_without_content(
    tmp_path: Path,
) -> None:
    store = tmp_path / "store"
    imported(store, "litellm", [EXPORTS / "litellm.jsonl"])
    (bad,) = open_store(store).quarantined()
    assert (bad.line, bad.field, bad.tokens) == (8, "total_tokens", 67)
    assert bad.reason == "input and output add up to 67 tokens, the total says 900"
    (file,) = open_store(store).files
    assert (file.records, file.quarantined, file.quarantined_tokens) == (7, 1, 67)


@pytest.mark.parametrize("source", ["otel", "litellm", "bedrock", "langfuse"])
def test_prompts_and_responses_are_nowhere_in_the_store(tmp_path: Path, source: str) -> None:
    store = tmp_path / "store"
    path = EXPORTS / f"{source}.jsonl"
    assert b"SECRET" in path.read_bytes()
    imported(store, source, [path])
    for file in store.rglob("*"):
        if file.suffix == ".parquet":
            import pyarrow.parquet as parquet

            assert "SECRET" not in repr(parquet.ParquetFile(file).read().to_pylist())
        elif file.is_file():
            assert b"SECRET" not in file.read_bytes()


def test_content_in_a_wrong_column_is_refused_and_not_quoted(tmp_path: Path) -> None:
    path, store = tmp_path / "log.csv", tmp_path / "store"
    path.write_text(
        "timestamp,model,input_tokens,output_tokens,feature\n"
        "2026-11-20T10:00:00Z,gpt-4o,Dear Ms SECRET,1,x\n"
        f"2026-11-20T10:00:00Z,gpt-4o,1,1,{'SECRET ' * 60}\n",
        encoding="utf-8",
    )
    imported(store, "plain", [path])
    bad = list(open_store(store).quarantined())
    assert [(row.line, row.field) for row in bad] == [(2, "input_tokens"), (3, "feature")]
    assert "SECRET" not in repr(bad)


def test_a_file_of_another_source_is_refused_with_the_name_of_its_own(tmp_path: Path) -> None:
    from planner.errors import ScenarioError

    with pytest.raises(ScenarioError) as caught:
        imported(tmp_path / "store", "otel", [EXPORTS / "litellm.jsonl", EXPORTS / "plain.csv"])
    messages = [problem.message for problem in caught.value.problems]
    assert "did you mean `litellm`" in messages[0]
    assert "did you mean `plain`" in messages[1]


@pytest.mark.parametrize("name", sorted(path.name for path in EXPORTS.iterdir() if path.is_file()))
def test_every_golden_file_is_taken_for_its_own_source(name: str) -> None:
    from planner.actuals.recognition import sample_rows
    from planner.actuals.sources import fitting_sources

    rows, reason = sample_rows(EXPORTS / name)
    assert reason == ""
    assert fitting_sources(rows)[0].name == name.partition(".")[0]


def test_an_empty_file_and_an_empty_page_are_no_mistake(tmp_path: Path) -> None:
    empty, page = tmp_path / "empty.jsonl", tmp_path / "page.json"
    empty.write_text("")
    page.write_text('{"data": [], "has_more": false}')
    result = imported(tmp_path / "store", "openai-usage", [empty, page])
    assert [(file.records, file.quarantined) for file in result.imported] == [(0, 0), (0, 0)]


def test_two_imports_at_once_are_refused(tmp_path: Path) -> None:
    from planner.actuals.lock import locked

    store = tmp_path / "store"
    store.mkdir()
    with locked(store), pytest.raises(InputError, match="another import"):
        imported(store, "litellm", [_log(tmp_path / "a.jsonl", range(2))])
    imported(store, "litellm", [tmp_path / "a.jsonl"])


def test_a_store_of_a_newer_planner_is_left_alone(tmp_path: Path) -> None:
    store = tmp_path / "store"
    imported(store, "litellm", [_log(tmp_path / "a.jsonl", range(2))])
    manifest = store / "manifest.json"
    text = manifest.read_text().replace('"schema_version": 1', '"schema_version": 2')
    manifest.write_text(text)
    with pytest.raises(InputError, match="newer planner"):
        imported(store, "litellm", [_log(tmp_path / "b.jsonl", range(3))])


def test_random_orders_of_all_sources_give_one_store(tmp_path: Path) -> None:
    files = sorted(path for path in EXPORTS.iterdir() if path.is_file())
    stores = [tmp_path / "one", tmp_path / "other"]
    for seed, store in enumerate(stores):
        order = files * 2
        random.Random(seed).shuffle(order)
        for path in order:
            imported(store, path.name.partition(".")[0], [path])
    assert state(stores[0]) == state(stores[1])
    shutil.rmtree(stores[0])
