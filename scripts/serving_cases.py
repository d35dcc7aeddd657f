"""Measured rows under every host overhead that is tried, and each judged by fits without it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from planner.serving.backtest import (
    CLASSES,
    METRICS,
    Judged,
    Metric,
    Residual,
    Row,
    fitted_band,
    half_width,
    judge,
    model_providers,
    question_of,
    residuals_of,
)
from planner.serving.calibration import Band
from planner.serving.measured import ShippedRowsProvider
from planner.serving.steps import Provider

# Milliseconds per sequence and step that are tried: the range that earlier fits of open rows span.
HOST_GRID = (0.02, 0.04, 0.06, 0.08, 0.10)
OWN_TABLES = (*CLASSES["profile_dense"].pooled, *CLASSES["profile_moe"].pooled, "profile_a100")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A row with what it is predicted as under each host overhead."""

    row: Row
    shipped: bool
    host_class: str
    by_host: Mapping[float, Judged]


# --- predictions ---------------------------------------------------------------------------------


def cases(rows: Iterable[tuple[Row, bool]], assumed: Mapping[str, Any]) -> list[Case]:
    """Every row under every host overhead, from profiles and the roofline alone."""
    found: list[Case] = []
    for row, shipped in rows:
        judged = {host: judge(row, model_providers(), host_ms=host) for host in HOST_GRID}
        if all(isinstance(each, Judged) for each in judged.values()):
            found.append(
                Case(
                    row=row,
                    shipped=shipped,
                    host_class=host_class(row, assumed),
                    by_host={h: each for h, each in judged.items() if isinstance(each, Judged)},
                )
            )
        else:
            print(f"no prediction: {row.id}", file=sys.stderr)
    return found


def host_class(row: Row, assumed: Mapping[str, Any]) -> str:
    """Which host overhead a row tells of: that of slow hosts, or of an engine version."""
    question = question_of(row)
    assert not isinstance(question, str)
    slow = tuple(assumed["slow_hosts"]["accelerators"])
    if question.accelerator.name.startswith(slow):
        return "slow"
    return engine_class(row.engine_version, assumed["engine_versions"])


def engine_class(version: str, known: Sequence[str]) -> str:
    """The newest of the first versions that is not newer; the newest when it is not said."""
    if not version:
        return known[0]
    parts = numbers(version)
    return next((first for first in known if parts >= numbers(first)), known[-1])


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def chained(rows: Iterable[Row], providers: Callable[[Row], Sequence[Provider]]) -> list[Judged]:
    """Rows with a prediction, with the calibrated host overhead."""
    found = (judge(row, providers(row)) for row in rows)
    return [each for each in found if isinstance(each, Judged)]


def twins(row: Row) -> Sequence[Provider]:
    """Shipped runs only, the row's own left out but not its source's."""
    return (ShippedRowsProvider(rest=model_providers(), keep=lambda run: run.id != row.id),)


# --- host overhead -------------------------------------------------------------------------------


def fitted_host(found: Iterable[Case]) -> float:
    """The overhead with the least median |ln ratio| of throughput, each group weighing the same."""
    kept = list(found)

    def loss(host: float) -> float:
        residuals = residuals_of(case.by_host[host] for case in kept)
        return half_width([r for r in residuals if r.metric == "throughput"], share=0.5)

    return min(HOST_GRID, key=loss)


def model_of(case: Case) -> str:
    return residuals_of([case.by_host[HOST_GRID[0]]])[0].model


def fitted_hosts(found: Iterable[Case]) -> dict[str, float]:
    """By host class, from rows whose step times come from tables of that very model and GPU."""
    members: dict[str, list[Case]] = {}
    for case in found:
        if case.by_host[HOST_GRID[0]].prediction.band_class in OWN_TABLES:
            members.setdefault(case.host_class, []).append(case)
    return {name: fitted_host(members[name]) for name in sorted(members)}


# --- cross-validation ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """What was left out, the host overheads fitted without it, and its rows judged without it."""

    left_out: str
    hosts: Mapping[str, float]
    judged: tuple[tuple[Case, Judged], ...]


def folds(
    found: Sequence[Case],
    residuals: Mapping[str, Sequence[Residual]],
    hosts: Mapping[str, float],
    assumed: Mapping[str, Any],
    *,
    by_model: bool,
) -> list[Fold]:
    """Every model, or GPU, judged by host overheads and bands fitted on the other ones."""

    def key(case: Case) -> str:
        if by_model:
            return model_of(case)
        return case.by_host[HOST_GRID[0]].prediction.accelerator

    done: list[Fold] = []
    for name in sorted({key(case) for case in found}):
        rest = [case for case in found if key(case) != name]
        # A class that only this one tells of keeps the shipped overhead.
        fold_hosts = {**hosts, **fitted_hosts(rest)}
        judged = [
            (case, rebanded(case, fold_hosts, residuals, assumed, name, by_model=by_model))
            for case in found
            if key(case) == name
        ]
        done.append(Fold(left_out=name, hosts=fold_hosts, judged=tuple(judged)))
    return done


def rebanded(
    case: Case,
    hosts: Mapping[str, float],
    residuals: Mapping[str, Sequence[Residual]],
    assumed: Mapping[str, Any],
    left_out: str,
    *,
    by_model: bool,
) -> Judged:
    """The case's row under the fold's host overhead, with the bands fitted without ``left_out``."""
    judged = case.by_host[hosts[case.host_class]]
    name = judged.prediction.band_class
    bands: dict[Metric, Band] = {}
    for metric in METRICS:
        if name in assumed["bands"]:
            bands[metric] = Band(**assumed["bands"][name][metric])
            continue

        def keep(residual: Residual) -> bool:
            return left_out != (residual.model if by_model else residual.accelerator)

        # A class that only these rows tell of is judged as a model without rows would be.
        kind = "moe" if judged.prediction.is_moe else "dense"
        tried = (name, f"profile_unseen_{kind}", "profile_unseen_moe")
        new_model = by_model or None
        bands[metric] = next(
            band
            for each in tried
            if (
                band := fitted_band(
                    CLASSES[each], residuals, metric, keep=keep, new_model=new_model
                )
            )
        )
    return replace(judged, prediction=replace(judged.prediction, bands=bands))


def by_chain(found: Iterable[Case], hosts: Mapping[str, float]) -> list[Judged]:
    """Every case under the fitted host overheads."""
    return [case.by_host[hosts[case.host_class]] for case in found]
