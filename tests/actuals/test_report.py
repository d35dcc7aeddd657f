"""Reports from a store: table S and rows R37 to R40 of the textbook, bills, views, labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from planner.actuals import open_store
from planner.actuals.asking import answer, opened
from planner.actuals.budget_lines import BudgetLine, budget_lines
from planner.actuals.chosen import choose
from planner.actuals.queries import (
    AXES,
    Labelling,
    cells,
    hourly,
    labelled,
    spend_of,
    views,
)
from planner.actuals.report import ActualsReport, Question, build_report
from planner.actuals.spend import cells_of, grouped
from planner.catalog import Catalog, load_catalog
from planner.errors import InputError
from tests.actuals.simulated import START, simulation_rows
from tests.actuals.support import imported, plain_store

_DAY = START.date()


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(prices=None, base_dir=Path.cwd(), prices_file=None)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plain_store(tmp_path_factory.mktemp("s"), simulation_rows())


def report(store: Path, catalog: Catalog, since: date, until: date, **more: Any) -> ActualsReport:
    question = Question(since=since, until=until, only=more.pop("only", {}), **more)
    return build_report(open_store(store), question, catalog)


# --- R37, R38: the simulation as an import -----------------------------------------------------

# Table S: cost at six decimals, calls, input and output tokens.
_TABLE = {
    "model": {
        "claude-opus": ("1.925576", 77, 77_114, 21_777),
        "gpt-4o": ("0.667651", 55, 57_930, 15_118),
        "gpt-4o-mini": ("0.204113", 68, 70_992, 19_701),
    },
    "feature": {
        "extraction": ("0.815868", 54, 59_192, 16_651),
        "chat": ("0.731678", 54, 51_494, 14_087),
        "summarization": ("0.626257", 51, 48_179, 14_775),
        "classification": ("0.623537", 41, 47_171, 11_083),
    },
    "endpoint": {"unassigned": ("2.797340", 200, 206_036, 56_596)},
    "environment": {"unassigned": ("2.797340", 200, 206_036, 56_596)},
}


@pytest.fixture(scope="module")
def table_s(simulated: Path, catalog: Catalog) -> ActualsReport:
    return report(simulated, catalog, _DAY, _DAY)


@pytest.mark.parametrize("axis", AXES)
def test_table_s_by_each_axis_the_dearest_first(table_s: ActualsReport, axis: str) -> None:
    groups = table_s.spend.axes()[axis]  # type: ignore[index]
    found = {
        each.labels[0]: (
            f"{each.figures.usd:.6f}",
            each.figures.calls,
            each.figures.input_tokens,
            each.figures.output_tokens,
        )
        for each in groups
    }
    assert list(found.items()) == list(_TABLE[axis].items())


@pytest.mark.parametrize("axes", [*[(axis,) for axis in AXES], AXES[:3]])
def test_totals_are_the_same_on_every_axis(table_s: ActualsReport, axes: Sequence[Any]) -> None:
    groups = grouped(table_s.spend.cells, axes)
    assert sum(each.figures.usd for each in groups) == table_s.spend.figures.usd
    assert f"{table_s.spend.figures.usd:.6f}" == "2.797340"
    assert sum(each.figures.calls for each in groups) == 200


def test_table_s_by_model_and_feature(table_s: ActualsReport) -> None:
    groups = grouped(table_s.spend.cells, ("model", "feature"))
    found = {each.labels: (f"{each.figures.usd:.6f}", each.figures.calls) for each in groups}
    assert found["claude-opus", "extraction"] == ("0.586200", 21)
    assert found["gpt-4o", "classification"] == ("0.146737", 12)
    assert found["gpt-4o-mini", "chat"] == ("0.062480", 19)
    assert len(found) == 12


def test_steady_simulated_calls_stand_out_in_nothing(table_s: ActualsReport) -> None:
    assert not table_s.findings


# --- R39: budget lines -------------------------------------------------------------------------


def lines(store: Path, budgets: Mapping[tuple[str, str], str]) -> list[BudgetLine]:
    with opened(open_store(store), None, None) as records:
        every = labelled(records)
        rows = spend_of(every, choose(answer(views(hourly(every)))).usage_views)
        limits = {key: Decimal(usd) for key, usd in budgets.items()}
        return list(budget_lines(rows, cells_of(answer(cells(hourly(rows)))), limits))


def records_of(found: Sequence[BudgetLine]) -> dict[str, list[int | None]]:
    return {each.key[1] or each.key[0]: [a.record for a in each.alerts] for each in found}


def test_a_budget_that_is_far_off_gives_no_alert(simulated: Path) -> None:
    assert records_of(lines(simulated, {("total", ""): "50"})) == {"total": []}


def test_a_total_budget_alerts_once_at_the_record_that_passes_its_line(simulated: Path) -> None:
    (found,) = lines(simulated, {("total", ""): "3"})
    (alert,) = found.alerts
    assert (alert.record, f"{alert.spent_usd:.6f}") == (171, "2.406512")
    assert alert.at == START + timedelta(seconds=432 * 170)
    assert (found.line_usd, found.is_over) == (Decimal("2.40"), False)


def test_only_the_model_over_its_line_alerts(simulated: Path) -> None:
    budgets = {("model", "gpt-4o-mini"): "0.30", ("model", "gpt-4o"): "0.90"}
    found = lines(simulated, {**budgets, ("model", "claude-opus"): "2.00"})
    assert records_of(found) == {"gpt-4o-mini": [], "gpt-4o": [], "claude-opus": [150]}


def test_only_the_feature_over_its_line_alerts(simulated: Path) -> None:
    names = ("extraction", "chat", "summarization", "classification")
    found = lines(simulated, {("feature", name): "0.95" for name in names})
    expected: dict[str, list[int | None]] = {name: [] for name in names}
    assert records_of(found) == {**expected, "extraction": [194]}


def test_a_model_may_be_named_with_its_provider(simulated: Path) -> None:
    found = lines(simulated, {("model", "anthropic/claude-opus"): "2.00"})
    assert [alert.record for alert in found[0].alerts] == [150]


def _daily(days: Sequence[date], usd: str, **more: object) -> list[dict[str, object]]:
    return [
        {
            "timestamp": f"{day}T12:00:00Z",
            "request_id": f"{day}-{number}",
            "model": "gpt-4o",
            "input_tokens": 10,
            "output_tokens": 1,
            "cost_usd": usd,
            **more,
        }
        for day in days
        for number in range(2)
    ]


def test_each_later_day_over_the_line_alerts_once_and_the_next_month_starts_anew(
    tmp_path: Path,
) -> None:
    days = [date(2026, 10, 30), date(2026, 10, 31), date(2026, 11, 1)]
    store = plain_store(tmp_path, _daily(days, "1"))
    october, november = lines(store, {("total", ""): "2"})
    # The second record of 30 October passes $1.60; 31 October is over from its first one.
    assert [(each.day.day, each.record) for each in october.alerts] == [(30, 2), (31, None)]
    assert [(each.day.day, each.record) for each in november.alerts] == [(1, 2)]


# --- R40: the three detectors, from imports ----------------------------------------------------

_FIRST = date(2026, 11, 1)


def _call(at: datetime, number: int, **more: object) -> dict[str, object]:
    plain: dict[str, object] = {
        "timestamp": at.isoformat(),
        "request_id": f"r{number}",
        "model": "gpt-4o",
        "feature": "search",
        "input_tokens": 100,
        "output_tokens": 10,
        "cost_usd": "0.002",
        "calls": 1,
        "attempts": 1,
        "status": "ok",
        "prompt_version": "v1",
    }
    return plain | more


def test_a_prompt_that_grew_is_found_with_its_dollars(tmp_path: Path, catalog: Catalog) -> None:
    start = datetime(2026, 11, 1, 12, tzinfo=UTC)
    rows = [
        _call(
            start + timedelta(days=n),
            n,
            calls=10_000,
            attempts=10_000,
            input_tokens=10_000 * (193 if n == 7 else 32),
            prompt_version="v2" if n == 7 else "v1",
        )
        for n in range(8)
    ]
    store = plain_store(tmp_path, rows)
    (found,) = report(store, catalog, _FIRST, date(2026, 11, 8)).findings
    # 161 tokens x 10,000 calls x $2.50 per 1M, the list price of gpt-4o.
    assert (found.detector, found.usd_per_day) == ("prompt_regression", Decimal("4.025"))
    assert found.detail == ("prompt version v2: 10000 calls of 193.0 tokens",)


def test_days_before_the_first_one_shown_are_the_baseline(tmp_path: Path, catalog: Catalog) -> None:
    start = datetime(2026, 10, 25, 12, tzinfo=UTC)
    rows = [
        _call(start + timedelta(days=n), n, calls=100, input_tokens=100 * (300 if n == 7 else 100))
        for n in range(8)
    ]
    store = plain_store(tmp_path, rows)
    (found,) = report(store, catalog, _FIRST, _FIRST).findings
    assert found.days == (_FIRST,)


def test_a_retry_storm_costs_its_billed_attempts_before_the_last(
    tmp_path: Path, catalog: Catalog
) -> None:
    start = datetime(2026, 11, 1, 9, tzinfo=UTC)
    calls = [_call(start + timedelta(seconds=n * 0.29), n) for n in range(1000)]
    retries = [
        _call(start + timedelta(seconds=n * 0.29), 1000 + n, calls=0, status="error")
        for n in range(800)
    ]
    store = plain_store(tmp_path, [*calls, *retries])
    (found,) = report(store, catalog, _FIRST, _FIRST).findings
    assert (found.detector, found.first_seen) == ("retry_storm", start)
    assert found.evidence["attempts_per_call"] == 1.8
    assert found.usd_per_day == Decimal("1.600")


def test_evaluation_that_takes_a_fifth_of_the_spend_is_found(
    tmp_path: Path, catalog: Catalog
) -> None:
    start = datetime(2026, 11, 1, 9, tzinfo=UTC)
    rows = [_call(start, 0, cost_usd="8.00")]
    rows += [_call(start, n, cost_usd="0.01", feature="evals") for n in range(1, 201)]
    store = plain_store(tmp_path, rows)
    (found,) = report(store, catalog, _FIRST, _FIRST).findings
    assert (found.detector, found.evidence["share"]) == ("eval_sprawl", 0.2)
    assert found.usd_per_day == Decimal(2)


# --- Views, bills, labels ----------------------------------------------------------------------

_EXPORTS = Path(__file__).parent / "exports"


def _two_views(folder: Path, *, exported: datetime | None = None) -> Path:
    """LiteLLM's daily table of OpenAI calls, and what OpenAI bills for the same day."""
    store = folder / "store"
    for source, name in (
        ("litellm-daily", "litellm-daily.csv"),
        ("openai-costs", "openai-costs.json"),
    ):
        imported(store, source, [_EXPORTS / name], exported or datetime(2026, 11, 30, tzinfo=UTC))
    return store


def test_what_the_bill_has_beside_usage_is_one_line(tmp_path: Path, catalog: Catalog) -> None:
    found = report(_two_views(tmp_path), catalog, date(2026, 11, 20), date(2026, 11, 20))
    (bill,) = found.spend.bill.providers
    # Billed 0.0475 + 0.06; of the usage $0.0475 has a cost. The credit is listed and not counted.
    assert (bill.billed_usd, bill.usage_usd) == (Decimal("0.1075"), Decimal("0.0475"))
    assert bill.unattributed_usd == Decimal("0.06")
    assert found.spend.bill.listed == (("credit", Decimal(-5)),)
    assert found.spend.total_usd == found.spend.figures.usd + Decimal("0.06")


def test_days_of_a_bill_that_still_change_are_left_out(tmp_path: Path, catalog: Catalog) -> None:
    store = _two_views(tmp_path, exported=datetime(2026, 11, 21, 6, tzinfo=UTC))
    found = report(store, catalog, date(2026, 11, 20), date(2026, 11, 20))
    assert found.spend.bill.providers == ()
    assert found.spend.bill.unsettled_days == (date(2026, 11, 20),)


def _view(source: str, provider: str, kind: str = "request") -> dict[str, object]:
    return {
        "source": source,
        "provider": provider,
        "kind": kind,
        "rows": 1,
        "days": 1,
        "first_dt": _FIRST,
        "last_dt": _FIRST,
        "calls": 1,
        "input_tokens": 1,
        "output_tokens": 1,
        "cost_usd": Decimal(1),
    }


def test_two_views_of_a_providers_calls_are_never_added() -> None:
    rows = [_view("openai-usage", "openai", "bucket"), _view("litellm", "openai")]
    found = choose(rows)
    assert [each.source for each in found.usage] == ["litellm"]
    assert [each.source for each in found.left_out] == ["openai-usage"]
    other = choose(rows, ["openai-usage"])
    assert [each.source for each in other.usage] == ["openai-usage"]


def test_a_provider_with_a_bill_alone_is_told_by_it() -> None:
    found = choose([_view("anthropic-cost", "anthropic", "bill"), _view("otel", "openai")])
    assert [each.source for each in found.usage] == ["anthropic-cost", "otel"]


def test_asking_for_two_views_of_one_provider_is_refused() -> None:
    rows = [_view("openai-usage", "openai", "bucket"), _view("litellm", "openai")]
    with pytest.raises(InputError, match="count them twice"):
        choose(rows, ["litellm", "openai-usage"])
    with pytest.raises(InputError, match="no rows of it here"):
        choose(rows, ["otel"])


def test_the_first_rule_that_matches_names_a_call(tmp_path: Path, catalog: Catalog) -> None:
    start = datetime(2026, 11, 1, 9, tzinfo=UTC)
    routes = ["/v1/rag/ask", "/v1/rag+", "/v1/chat", "/v2"]
    rows = [_call(start, n, endpoint=route) for n, route in enumerate(routes)]
    rules = (
        Labelling(match={"endpoint": "/v1/rag/*"}, labels={"feature": "rag", "team": "search"}),
        Labelling(match={"endpoint": "/v1/rag+", "model": "gpt-*"}, labels={"feature": "plus"}),
        Labelling(match={"endpoint": "/v1/*"}, labels={"feature": "other"}),
    )
    found = report(plain_store(tmp_path, rows), catalog, _FIRST, _FIRST, rules=rules)
    features = {each.endpoint: each.feature for each in found.spend.cells}
    assert features == {
        "/v1/rag/ask": "rag",
        "/v1/rag+": "plus",
        "/v1/chat": "other",
        "/v2": "search",
    }


def test_only_matching_usage_is_counted(simulated: Path, catalog: Catalog) -> None:
    found = report(simulated, catalog, _DAY, _DAY, only={"model": "gpt-4o*", "feature": "chat"})
    assert found.spend.figures.calls == 13 + 19


def test_days_without_records_say_which_there_are(simulated: Path, catalog: Catalog) -> None:
    with pytest.raises(InputError, match=r"no spend from 2026-02-01.* from 2026-01-15 to"):
        report(simulated, catalog, date(2026, 2, 1), date(2026, 2, 2))


def test_usage_without_a_price_makes_a_floor(tmp_path: Path, catalog: Catalog) -> None:
    start = datetime(2026, 11, 1, 9, tzinfo=UTC)
    rows = [_call(start, 0), _call(start, 1, cost_usd="", model="gpt-9-unheard")]
    figures = report(plain_store(tmp_path, rows), catalog, _FIRST, _FIRST).spend.figures
    assert figures.is_floor
    assert (figures.usd, figures.unpriced_calls) == (Decimal("0.002"), 1)
    assert figures.unpriced_token_share == 0.5


def test_own_servers_cost_nothing_by_the_call(tmp_path: Path, catalog: Catalog) -> None:
    store = tmp_path / "store"
    imported(store, "vllm", [_EXPORTS / "vllm.prom"])
    figures = report(store, catalog, date(2026, 11, 1), date(2026, 11, 30)).spend.figures
    assert (figures.usd, figures.is_own) == (Decimal(0), True)


# --- Coverage ----------------------------------------------------------------------------------


@pytest.fixture
def two_days(tmp_path: Path) -> Iterator[Path]:
    moments = ["2026-11-19T05:30", "2026-11-19T23:00", "2026-11-20T00:10", "2026-11-20T03:59"]
    rows = [_call(datetime.fromisoformat(f"{at}+00:00"), n) for n, at in enumerate(moments)]
    yield plain_store(tmp_path, rows)


def test_records_cover_the_hours_from_the_first_to_the_last(
    two_days: Path, catalog: Catalog
) -> None:
    # Exported on the 21st: the 20th is known to its end.
    cover = report(two_days, catalog, date(2026, 11, 18), date(2026, 11, 20)).cover
    assert [(each.first_hour, each.end_hour) for each in cover.days] == [(5, 24), (0, 24)]
    assert (cover.hours, cover.all_hours) == (43, 72)
    assert cover.missing == (date(2026, 11, 18),)
    assert [each.is_complete for each in cover.days] == [False, True]
