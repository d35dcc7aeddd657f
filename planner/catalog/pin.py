"""Puts the prices a set of scenarios needs into one file that a repository can commit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

from planner.catalog.api_ref import api_ref
from planner.catalog.catalog import LIST_REGION
from planner.catalog.refresh_draft import Change, row_changes
from planner.catalog.rows import RawRow, RowKey
from planner.catalog.snapshot import Snapshot, snapshot_text
from planner.catalog.types import LlmRef
from planner.errors import InputError

if TYPE_CHECKING:
    from planner.scenario.model import Scenario

__all__ = ["Pin", "pin"]

_NOON_UTC = time(12, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """The file, what is in it, and how its AWS prices differ from the file it replaces."""

    text: str
    regions: tuple[str, ...]
    aws_rows: int
    llm_rows: int
    changes: tuple[Change, ...]


def pin(
    scenarios: Iterable[Scenario],
    *,
    current: Snapshot,
    shipped: Snapshot,
    before: Snapshot | None,
    as_of: date,
    tool_version: str,
) -> Pin:
    """AWS rows for the regions of the scenarios and LLM rows for their models; opens no network.

    Of ``current`` (the prices in use) and ``shipped``, the newer row is taken, so that a file
    pinned for fewer regions or by an older version is completed. ``before`` is the file that will
    be replaced. InputError for a model the price data do not know and no override prices.
    """
    wanted = list(scenarios)
    regions = _regions(wanted)
    rows = _rows(regions, current, shipped)
    llm_rows, source = _llm_rows(wanted, as_of)
    meta = {
        "as_of": as_of.isoformat(),
        "llm_source": source,
        "pinned_by": f"planner {tool_version}",
        "scenarios": sorted(scenario.id for scenario in wanted),
    }
    text = snapshot_text(
        rows.values(),
        meta=meta,
        llm=llm_rows,
        instances=current.instances,
        quotas=current.quotas,
    )
    changes, _ = row_changes({} if before is None else before.raw, rows)
    return Pin(
        text=text,
        regions=regions,
        aws_rows=len(rows),
        llm_rows=len(llm_rows),
        changes=changes,
    )


def _regions(scenarios: Iterable[Scenario]) -> tuple[str, ...]:
    found: set[str] = set()
    for scenario in scenarios:
        found.add(scenario.region)
        found |= {option.region for option in scenario.options.selfhost if option.region}
    return tuple(sorted(found))


def _rows(regions: Iterable[str], current: Snapshot, shipped: Snapshot) -> dict[RowKey, RawRow]:
    wanted = frozenset(regions)
    rows: dict[RowKey, RawRow] = {}
    for snapshot in (current, shipped):
        for key, row in snapshot.raw.items():
            kind, region = key[0], key[1]
            here = region in wanted or (kind == "service" and region == LIST_REGION)
            if here and (key not in rows or _newer(row, rows[key])):
                rows[key] = row
    return rows


def _newer(row: RawRow, than: RawRow) -> bool:
    """Days are ISO text, which sorts by time; a row without one is older than any."""
    return (row["observed"] or "") > (than["observed"] or "")


def _llm_rows(
    scenarios: Iterable[Scenario], as_of: date
) -> tuple[tuple[dict[str, object], ...], str]:
    from planner.catalog import llm

    at = datetime.combine(as_of, _NOON_UTC)
    refs: list[LlmRef] = []
    for scenario in scenarios:
        own = {
            (given.provider, given.model)
            for given in scenario.prices.overrides
            if given.kind == "llm"
        }
        for option in scenario.options.api:
            ref = api_ref(option, scenario.region)
            if (ref.provider, ref.model) not in own or _is_listed(ref):
                refs.append(ref)
    return llm.resolve_rows(refs, at=at), llm.shipped_source()[0]


def _is_listed(ref: LlmRef) -> bool:
    """Whether the price data know a model that has a price of its own in the scenario."""
    from planner.catalog import llm

    try:
        llm.check_known(ref)
    except InputError:
        return False
    return True
