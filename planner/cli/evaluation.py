"""What `recommend`, `tco` and `breakeven` begin with: from a scenario file to its evaluation."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from planner.cli import streams
from planner.errors import InputError, Problem, ScenarioError

if TYPE_CHECKING:
    from planner.catalog import PriceAge, PriceRow
    from planner.decision import Evaluated, Recommendation
    from planner.scenario import LoadedScenario

__all__ = ["Evaluation", "PriceOptions", "evaluate_files", "report_price_ages"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceOptions:
    """The options that say which prices to use, as of when, and how old they may be."""

    prices_file: Path | None
    as_of: date | None
    max_price_age: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A scenario as read, and what was found about it."""

    loaded: LoadedScenario
    recommendation: Recommendation


def evaluate_files(
    files: Sequence[Path], sets: Sequence[str], prices: PriceOptions
) -> tuple[Evaluation, ...]:
    """Read and evaluate each scenario; ScenarioError with the problems of all files at once."""
    problems: list[Problem] = []
    evaluations: list[Evaluation] = []
    for path in files:
        try:
            evaluations.append(_evaluate(path, sets, prices))
        except ScenarioError as error:
            problems.extend(error.problems)
    if problems:
        raise ScenarioError(tuple(problems))
    _refuse_same_ids(evaluations)
    return tuple(evaluations)


def _evaluate(path: Path, sets: Sequence[str], prices: PriceOptions) -> Evaluation:
    from planner.catalog import load_catalog
    from planner.catalog.references import reference_rules
    from planner.decision import recommend
    from planner.demand import build_demand
    from planner.scenario import load_scenario

    loaded = load_scenario(path, sets, rules=reference_rules(prices.prices_file))
    scenario = loaded.scenario
    try:
        demand = build_demand(scenario, loaded.base_dir)
        catalog = load_catalog(
            prices=scenario.prices,
            base_dir=loaded.base_dir,
            prices_file=prices.prices_file,
            as_of=prices.as_of,
        )
        recommendation = recommend(scenario, demand, catalog, base_dir=loaded.base_dir)
        return Evaluation(loaded=loaded, recommendation=recommendation)
    except ScenarioError as error:
        raise ScenarioError(loaded.locate(error.problems)) from error
    except InputError as error:
        raise InputError(_named(error.message, path), hint=error.hint) from error


def _named(message: str, path: Path) -> str:
    """``message`` with the scenario in front, unless it names a file already."""
    return message if str(path) in message else f"{path}: {message}"


def _refuse_same_ids(evaluations: Iterable[Evaluation]) -> None:
    first: dict[str, Path] = {}
    for evaluation in evaluations:
        name, path = evaluation.loaded.scenario.id, evaluation.loaded.path
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
    from planner.catalog import age_policy

    day = prices.as_of or _today(environ)
    policy = age_policy(prices.max_price_age)
    found: dict[str, PriceAge] = {}
    for evaluation in evaluations:
        recommendation = evaluation.recommendation
        used = _rows_in_use(recommendation)
        asks_llm = bool(recommendation.scenario.options.api)
        for age in recommendation.catalog.stale(day, policy, used):
            if asks_llm or age.price_class != "llm":
                found[f"{age.sentence}|{age.level}"] = age
    for age in found.values():
        streams.current().warn(age.sentence)
    return any(age.level == "fail" for age in found.values())


def _today(environ: Mapping[str, str]) -> date:
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
