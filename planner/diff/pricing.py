"""A scenario and the prices it is compared at, and the answer they give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from planner.catalog import Catalog, Snapshot
from planner.catalog.catalog import catalog_of
from planner.decision import Recommendation, recommend
from planner.demand import build_demand
from planner.errors import InputError, ScenarioError
from planner.scenario import Scenario
from planner.scenario.economics import Prices

__all__ = ["Answers", "Given", "PriceBook"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceBook:
    """The prices of one side.

    ``committed`` says that they come from a file that stands beside the scenario, so that they
    are the prices of that side and not those of this installation. ``as_of`` None is their day.
    """

    snapshot: Snapshot
    committed: bool
    as_of: date | None = None

    @property
    def key(self) -> tuple[str, date]:
        """Equal for books with the same prices on the same day."""
        return self.snapshot.sha256, self.as_of or self.snapshot.as_of

    def catalog(self, prices: Prices) -> Catalog:
        """With a scenario's own prices and discounts."""
        return catalog_of(self.snapshot, prices, as_of=self.as_of)

    def __str__(self) -> str:
        sha, day = self.key
        return f"{self.snapshot.name} as of {day.isoformat()}, sha256 {sha[:12]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A scenario of one side: files in it are named in full. ``lines`` are its fields' lines."""

    scenario: Scenario
    file: str
    book: PriceBook
    lines: Mapping[str, int]


class Answers:
    """Recommendations for scenarios at prices, each worked out once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, tuple[str, date]], Recommendation] = {}
        # A scenario in the key must outlive it: another could get its identity.
        self._kept: list[Scenario] = []

    def of_given(self, given: Given, book: PriceBook) -> Recommendation:
        """As ``of``; errors name the file, and the line of their field."""
        try:
            return self.of(given.scenario, book)
        except ScenarioError as error:
            raise ScenarioError(
                tuple(
                    replace(each, file=given.file, line=given.lines.get(each.path))
                    for each in error.problems
                )
            ) from error
        except InputError as error:
            raise InputError(f"{given.file}: {error.message}", hint=error.hint) from error

    def of(self, scenario: Scenario, book: PriceBook) -> Recommendation:
        """The answer in short: no flips, one break-even. PlannerError when there is none."""
        key = (id(scenario), book.key)
        if key not in self._known:
            self._kept.append(scenario)
            self._known[key] = recommend(
                scenario,
                build_demand(scenario, Path()),
                book.catalog(scenario.prices),
                detail=False,
            )
        return self._known[key]
