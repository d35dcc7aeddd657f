"""Scenarios of an API and a quoted cluster: cheap to price, and with costs worked out by hand."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from planner.catalog import load_snapshot
from planner.diff.pricing import Answers, Given, PriceBook
from planner.diff.scenarios import Draws, compare_scenarios
from planner.diff.types import Subject
from planner.scenario import parse_scenario

__all__ = ["Made", "book", "compared", "given", "made_scenarios"]


@dataclass(frozen=True, kw_only=True)
class Made:
    """One scenario by the fields that tests change; None leaves a field out."""

    requests: int = 10_000
    growth: str | None = None
    input_tokens: int = 500
    output_tokens: int = 200
    prefix: int | None = None
    deferrable: str | None = None
    model: str = "gpt-4o"
    hours: int = 0
    cluster: int = 2_000
    cluster_capacity: int | None = None
    months: int = 12
    discount: int | None = None
    stack: bool = False
    id: str = "made"

    def text(self) -> str:
        """The YAML of the scenario."""
        return "\n".join(
            (
                "version: 1",
                f"id: {self.id}",
                f"horizon: {{months: {self.months}}}",
                "workload:",
                f"  requests_per_day: {self.requests}",
                f"  input_tokens: {self.input_tokens}",
                f"  output_tokens: {self.output_tokens}",
                "  traffic: {profile: flat, burst_within_hour: 1}",
                *_given("  growth_per_month: {}", self.growth),
                *_given("  shared_prefix: {{tokens: {}}}", self.prefix),
                *_given("  deferrable_share: {}", self.deferrable),
                "options:",
                "  api:",
                f"    - {{provider: openai, model: {self.model}}}",
                "  manual:",
                "    - name: cluster",
                "      arm: selfhost_ondemand",
                f"      fixed_monthly_usd: {self.cluster}",
                "      marginal_usd_per_1m_tokens: 0.10",
                *_given("      capacity_requests_per_month: {}", self.cluster_capacity),
                "      source: quote",
                "tco:",
                f"  infrastructure: {{mode: {'add' if self.stack else 'replace'}}}",
                f"  engineering: {{usd_per_hour: 100, hours_per_month: {self.hours}}}",
                "  quality: {items: [{name: none, monthly_usd: 0}]}",
                "  operational: {items: [{name: none, monthly_usd: 0}]}",
                *_given(
                    "prices: {{discounts: [{{provider: openai, percent: {}, source: deal}}]}}",
                    self.discount,
                ),
                "",
            )
        )


def _given(line: str, value: object) -> list[str]:
    return [] if value is None else [line.format(value)]


def book(*, committed: bool = False, **changes: Any) -> PriceBook:
    """The shipped prices."""
    return PriceBook(snapshot=load_snapshot(None), committed=committed, **changes)


def given(made: Made, prices: PriceBook | None = None) -> Given:
    """The scenario as a side of a comparison."""
    loaded = parse_scenario(made.text(), path=Path("made.yaml"))
    return Given(
        scenario=loaded.scenario,
        file="made.yaml",
        book=prices or book(),
        lines={field: line for field, (line, _) in loaded.line_of.items()},
    )


def compared(before: Made | None, after: Made | None, *, draws: int = 0) -> Subject:
    """The subject of the two at the shipped prices."""
    return compare_scenarios(
        "made",
        None if before is None else given(before),
        None if after is None else given(after),
        answers=Answers(),
        draws=Draws(count=draws),
    )


def made_scenarios() -> st.SearchStrategy[Made]:
    """Random ones; the API is cheaper in some, the cluster in others."""
    values: dict[str, st.SearchStrategy[Any]] = {
        "requests": st.sampled_from((1, 333, 10_000, 50_000, 1_000_000)),
        "growth": st.sampled_from((None, "0.07", "-0.03")),
        "input_tokens": st.sampled_from((1, 500, 1777, 4096)),
        "output_tokens": st.sampled_from((1, 200, 999)),
        "prefix": st.sampled_from((None, 1)),
        "deferrable": st.sampled_from((None, "0.3", "1")),
        "model": st.sampled_from(("gpt-4o", "gpt-4o-mini", "gpt-6-luna")),
        "hours": st.sampled_from((0, 1, 33)),
        "cluster": st.sampled_from((1, 977, 2_000, 100_000)),
        "cluster_capacity": st.sampled_from((None, 1_000_000)),
        "months": st.sampled_from((1, 7, 12)),
        "discount": st.sampled_from((None, 12)),
    }
    assert set(values) == {field.name for field in fields(Made)} - {"id", "stack"}
    return st.builds(Made, **values)
