"""The planner against measured runs: each row predicted without its own kind, and the errors."""

from __future__ import annotations

from planner.serving.backtest.fitting import (
    CLASSES,
    ClassRule,
    Residual,
    fitted_band,
    half_width,
    residuals_of,
    weighted_quantile,
)
from planner.serving.backtest.predicting import (
    TRUSTED_UTILISATION,
    judge,
    model_providers,
    question_of,
    row_providers,
)
from planner.serving.backtest.pricing import on_demand_gpu_price
from planner.serving.backtest.reading import COLUMNS, OPTIONAL_COLUMNS, parse_rows, read_rows
from planner.serving.backtest.regret import Choice, Pick, RegretScore, picks, regret_score
from planner.serving.backtest.scoring import (
    ARRIVALS_SLICE,
    Score,
    Slice,
    informative,
    score,
    slices_of,
    summary_of,
)
from planner.serving.backtest.shipped import shipped_table
from planner.serving.backtest.types import METRICS, Judged, Metric, Prediction, Row, Unpredicted

__all__ = [
    "ARRIVALS_SLICE",
    "CLASSES",
    "COLUMNS",
    "METRICS",
    "OPTIONAL_COLUMNS",
    "TRUSTED_UTILISATION",
    "Choice",
    "ClassRule",
    "Judged",
    "Metric",
    "Pick",
    "Prediction",
    "RegretScore",
    "Residual",
    "Row",
    "Score",
    "Slice",
    "Unpredicted",
    "fitted_band",
    "half_width",
    "informative",
    "judge",
    "model_providers",
    "on_demand_gpu_price",
    "parse_rows",
    "picks",
    "question_of",
    "read_rows",
    "regret_score",
    "residuals_of",
    "row_providers",
    "score",
    "shipped_table",
    "slices_of",
    "summary_of",
    "weighted_quantile",
]
