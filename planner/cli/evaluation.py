"""What `recommend`, `tco` and `breakeven` begin with: from a scenario file to its evaluation."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from planner.cli import streams
from planner.errors import InputError, Problem, ScenarioError

if TYPE_CHECKING:
    from planner.catalog import Catalog, PriceAge, PriceRow
    from planner.decision import Evaluated, Recommendation
    from planner.demand import Demand
    from planner.scenario import LoadedScenario

__all__ = [
    "Evaluation",
    "PriceOptions",
    "ReadScenario",
    "errors_of",
    "evaluate_file",
    "evaluate_files",
    "read_scenario",
    "refuse_same_ids",
    "report_aws_price_ages",
    "report_llm_price_age",
    "report_price_ages",
    "stale_prices",
    "today",
    "warn_of_ages",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceOptions:
    """The options that say which prices to use, as of when, and how old they may be."""

    prices_file: Path | None
    as_of: date | None
    max_price_age: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadScenario:
    """A scenario as read, its load, and the prices for it."""

    loaded: LoadedScenario
    demand: Demand
    catalog: Catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A scenario as read, and what was found about it."""

    loaded: LoadedScenario
    recommendation: Recommendation

    def with_arm(self, arm: str | None) -> Evaluation:
        """With ``arm`` in place of the cheapest, if one is named."""
        if arm is None:
            return self
        from planner.decision.arm_choice import for_arm

        return replace(self, recommendation=for_arm(self.recommendation, arm))

    def with_uncertainty(self, *, draws: int, seed: int, detail: bool = True) -> Evaluation:
        """With how sure the answer is; without ``detail`` of the choice and its rival only."""
        from planner.decision.uncertainty import with_uncertainty

        sure = with_uncertainty(self.recommendation, draws=draws, seed=seed, detail=detail)
        return replace(self, recommendation=sure)


def evaluate_files(
    files: Sequence[Path], sets: Sequence[str], prices: PriceOptions
) -> tuple[Evaluation, ...]:
    """Read and evaluate each scenario; ScenarioError with the problems of all files at once."""
    problems: list[Problem] = []
    evaluations: list[Evaluation] = []
    for path in files:
        try:
            evaluations.append(evaluate_file(path, sets, prices))
        except ScenarioError as error:
            problems.extend(error.problems)
    if problems:
        raise ScenarioError(tuple(problems))
    refuse_same_ids((each.loaded.scenario.id, each.loaded.path) for each in evaluations)
    return tuple(evaluations)


def evaluate_file(
    path: Path, sets: Sequence[str], prices: PriceOptions, *, detail: bool = True
) -> Evaluation:
    """Read and evaluate one scenario; InputError names the file and its lines.

    Without ``detail`` the recommendation has only what an answer in short needs.
    """
    from planner.decision import recommend

    read = read_scenario(path, sets, prices)
    loaded = read.loaded
    with errors_of(loaded):
        recommendation = recommend(
            loaded.scenario,
            read.demand,
            read.catalog,
            base_dir=loaded.base_dir,
            detail=detail,
        )
    return Evaluation(loaded=loaded, recommendation=recommendation)


def read_scenario(path: Path, sets: Sequence[str], prices: PriceOptions) -> ReadScenario:
    """Read a scenario, its load and the prices for it; errors name the file and its lines."""
    from planner.catalog import load_catalog
    from planner.catalog.references import reference_rules
    from planner.demand import build_demand
    from planner.scenario import load_scenario

    loaded = load_scenario(path, sets, rules=reference_rules(prices.prices_file))
    with errors_of(loaded):
        demand = build_demand(loaded.scenario, loaded.base_dir)
        catalog = load_catalog(
            prices=loaded.scenario.prices,
            base_dir=loaded.base_dir,
            prices_file=prices.prices_file,
            as_of=prices.as_of,
        )
    return ReadScenario(loaded=loaded, demand=demand, catalog=catalog)


@contextmanager
def errors_of(loaded: LoadedScenario) -> Generator[None]:
    """Inside the block, problems that only name a field get the scenario's file and line."""
    path = loaded.path
    try:
        yield
    except ScenarioError as error:
        raise ScenarioError(loaded.locate(error.problems)) from error
    except InputError as error:
        raise InputError(_named(error.message, path), hint=error.hint) from error


def _named(message: str, path: Path) -> str:
    """``message`` with the scenario in front, unless it names a file already."""
    return message if str(path) in message else f"{path}: {message}"


def refuse_same_ids(scenarios: Iterable[tuple[str, Path]]) -> None:
    """InputError when two of these (id, file) have the same id."""
    first: dict[str, Path] = {}
    for name, path in scenarios:
        if name in first:
            raise InputError(
                f"{path}: its id `{name}` is that of {first[name]} too; give each scenario its own"
            )
        first[name] = path


def report_price_ages(
    evaluations: Iterable[Evaluation], prices: PriceOptions, environ: Mapping[str, str] = os.environ
) -> bool:
    """Tell on stderr which prices in use are old; True when the gate that was asked for fails.

    Ages count to ``--as-of``, else to SOURCE_DATE_EPOCH, else to today: they never enter a report.
    """
    return warn_of_ages(
        age
        for evaluation in evaluations
        for age in stale_prices(evaluation.recommendation, prices, environ)
    )


def stale_prices(
    recommendation: Recommendation, prices: PriceOptions, environ: Mapping[str, str] = os.environ
) -> tuple[PriceAge, ...]:
    """The prices in use that are old."""
    from planner.catalog import age_policy

    day, policy = prices.as_of or today(environ), age_policy(prices.max_price_age)
    asks_llm = bool(recommendation.scenario.options.api)
    ages = recommendation.catalog.stale(day, policy, _rows_in_use(recommendation))
    return tuple(age for age in ages if asks_llm or age.price_class != "llm")


def warn_of_ages(ages: Iterable[PriceAge]) -> bool:
    """Tell each on stderr once; True when the gate that was asked for fails."""
    found = {f"{age.sentence}|{age.level}": age for age in ages}
    for age in found.values():
        streams.current().warn(age.sentence)
    return any(age.level == "fail" for age in found.values())


def report_llm_price_age(
    catalog: Catalog, prices: PriceOptions, environ: Mapping[str, str] = os.environ
) -> bool:
    """As ``report_price_ages``, for an answer that rests on token prices alone."""
    from planner.catalog import age_policy

    ages = catalog.stale(prices.as_of or today(environ), age_policy(prices.max_price_age), used=())
    for age in ages:
        streams.current().warn(age.sentence)
    return any(age.level == "fail" for age in ages)


def report_aws_price_ages(
    catalog: Catalog,
    used: Sequence[PriceRow],
    prices: PriceOptions,
    environ: Mapping[str, str] = os.environ,
) -> bool:
    """As ``report_price_ages``, for an answer that rests on these AWS prices alone."""
    from planner.catalog import age_policy

    stale = catalog.stale(prices.as_of or today(environ), age_policy(prices.max_price_age), used)
    ages = [age for age in stale if age.price_class != "llm"]
    for age in ages:
        streams.current().warn(age.sentence)
    return any(age.level == "fail" for age in ages)


def today(environ: Mapping[str, str] = os.environ) -> date:
    """The day that ages and expiries count to: SOURCE_DATE_EPOCH, else the clock's, in UTC."""
    epoch = environ.get("SOURCE_DATE_EPOCH", "")
    if epoch.isascii() and epoch.isdigit():
        return datetime.fromtimestamp(int(epoch), UTC).date()
    return datetime.now(UTC).date()


def _rows_in_use(recommendation: Recommendation) -> tuple[PriceRow, ...]:
    """The AWS prices behind the options that have a cost."""
    rows = (
        row
        for evaluated in recommendation.options
        for row in _rows_of(evaluated, recommendation.scenario.region)
    )
    return tuple({(row.item, row.purchase): row for row in rows}.values())


def _rows_of(evaluated: Evaluated, region: str) -> Iterable[PriceRow]:
    from planner.catalog import PriceRow

    for amount in evaluated.mean.lines:
        line, resource = amount.line, amount.line.resource
        if resource is None:
            continue
        is_instance = line.driver == "gpu_price"
        purchase = evaluated.option.purchase if is_instance else None
        yield PriceRow(
            kind="instance" if is_instance else "service",
            region=region,
            item=resource.price_item,
            purchase=purchase or "on_demand",
            unit=resource.unit,
            usd=resource.usd_per_unit,
            source=line.source,
            observed=line.observed,
        )
