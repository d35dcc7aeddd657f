"""Bands from measured ÷ predicted figures, one class of models and hardware at a time.

A band is symmetric in the logarithm around 1: its half-width w is the 80 % quantile of |ln ratio|,
where each group (model, precision, GPU) weighs the same, however many rows it has. One parameter
holds better for models left out of the fit than two separate quantiles do, and a factor on the
prediction, fitted on other models, makes left-out ones worse (``docs/serving_accuracy.md``).

For a model without rows w grows by √(1 + 1 ÷ models), the standard deviation of a new draw next to
the mean of so many; for GPUs without rows by 1 ÷ GPUs under the root as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from planner.serving.backtest.scoring import informative
from planner.serving.backtest.types import METRICS, Judged, Metric
from planner.serving.calibration import Band
from planner.serving.measured.rows import weights_family

__all__ = [
    "CLASSES",
    "ClassRule",
    "Residual",
    "fitted_band",
    "half_width",
    "residuals_of",
    "weighted_quantile",
]

COVERAGE = 0.8
# Fewer models than that tell nothing of another one.
_LEAST_MODELS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Residual:
    """Measured ÷ predicted of one row for one figure, and what it belongs to."""

    model: str
    precision: str
    accelerator: str
    band_class: str
    metric: Metric
    ratio: float

    @property
    def group(self) -> tuple[str, str, str]:
        """What weighs as one in a fit."""
        return self.model, self.precision, self.accelerator


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassRule:
    """How the bands of a class are fitted: on residuals of these classes from this chain.

    ``new_models`` and ``new_gpus``: it is used for models, for GPUs without rows.
    """

    chain: str
    pooled: tuple[str, ...]
    new_models: bool
    new_gpus: bool = False


_DENSE = ("profile_dense", "profile_unseen_dense")
_MOE = ("profile_moe", "profile_unseen_moe")
CLASSES: Mapping[str, ClassRule] = {
    "profile_dense": ClassRule(chain="profile", pooled=_DENSE, new_models=False),
    "profile_moe": ClassRule(chain="profile", pooled=_MOE, new_models=False),
    "profile_unseen_dense": ClassRule(chain="profile", pooled=_DENSE, new_models=True),
    "profile_unseen_moe": ClassRule(chain="profile", pooled=_MOE, new_models=True),
    **{
        name: ClassRule(chain="profile", pooled=(name,), new_models=True)
        for name in ("profile_a100", "profile_derived", "profile_transferred")
    },
    **{
        name: ClassRule(chain="roofline", pooled=(name,), new_models=True, new_gpus=True)
        for name in ("roofline_dense", "roofline_moe", "roofline_derived")
    },
}


def residuals_of(judged: Iterable[Judged]) -> tuple[Residual, ...]:
    """The residuals of every figure that says something of the engine."""
    return tuple(
        Residual(
            model=weights_family(each.row.model.partition("(")[0].strip()),
            precision=each.row.precision,
            accelerator=each.prediction.accelerator,
            band_class=each.prediction.band_class,
            metric=metric,
            ratio=1.0 / ratio,
        )
        for each in judged
        for metric in METRICS
        if informative(each, metric) and (ratio := each.ratio(metric)) is not None
    )


def fitted_band(
    rule: ClassRule,
    residuals: Mapping[str, Sequence[Residual]],
    metric: Metric,
    *,
    keep: Callable[[Residual], bool] = lambda residual: True,
    new_model: bool | None = None,
) -> Band | None:
    """The band of a class from its chain's residuals; None with rows of fewer than two models.

    ``keep`` leaves residuals out; ``new_model`` overrides the rule's, for judging a left-out model.
    """
    found = [
        each
        for each in residuals[rule.chain]
        if each.metric == metric and each.band_class in rule.pooled and keep(each)
    ]
    models = {each.model for each in found}
    if len(models) < _LEAST_MODELS:
        return None
    spread = 1.0
    if rule.new_models if new_model is None else new_model:
        spread += 1.0 / len(models)
    if rule.new_gpus:
        spread += 1.0 / len({each.accelerator for each in found})
    width = half_width(found) * math.sqrt(spread)
    return Band(low=math.exp(-width), high=math.exp(width))


def half_width(residuals: Sequence[Residual], share: float = COVERAGE) -> float:
    """The quantile of |ln ratio| below which ``share`` lie, each group weighing the same."""
    sizes: dict[tuple[str, str, str], int] = {}
    for each in residuals:
        sizes[each.group] = sizes.get(each.group, 0) + 1
    return weighted_quantile(
        [(abs(math.log(each.ratio)), 1.0 / sizes[each.group]) for each in residuals], share
    )


def weighted_quantile(values: Sequence[tuple[float, float]], share: float) -> float:
    """A quantile of (value, weight) pairs, on straight lines between the middles of the weights."""
    ordered = sorted(values)
    total = math.fsum(weight for _, weight in ordered)
    points: list[tuple[float, float]] = []
    passed = 0.0
    for value, weight in ordered:
        points.append((passed + weight / 2.0, value))
        passed += weight
    wanted = share * total
    if wanted <= points[0][0]:
        return points[0][1]
    for (left, low), (right, high) in pairwise(points):
        if wanted <= right:
            return low + (high - low) * (wanted - left) / (right - left)
    return points[-1][1]
