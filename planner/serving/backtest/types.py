"""Measured runs as a file gives them, and what the planner says of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from planner.serving.calibration import Band
from planner.serving.measured.types import LoadKind

__all__ = ["METRICS", "Judged", "Metric", "Prediction", "Row", "Unpredicted"]

Metric = Literal["throughput", "tpot", "ttft"]
METRICS: tuple[Metric, ...] = ("throughput", "tpot", "ttft")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measured run of one replica, on ``line`` of its file.

    ``gpu`` is as the file names it. Lengths are means in tokens, drawn evenly within ``spread``
    shares of them when given. ``load`` is requests in flight (closed), requests per second (open)
    or requests (burst). Measured figures are None where the file has none; ``percentile`` is that
    of a latency, None for its mean. ``engine_version`` is empty when not known.
    """

    line: int
    id: str
    source: str
    model: str
    precision: str
    engine: str
    engine_version: str
    gpu: str
    gpu_count: int
    tensor_parallel_size: int
    input_tokens: float
    output_tokens: float
    spread: tuple[float, float] | None
    load_kind: LoadKind
    load: float
    output_tokens_per_s: float | None
    ttft_ms: float | None
    ttft_percentile: float | None
    tpot_ms: float | None
    tpot_percentile: float | None
    notes: str

    def measured(self, metric: Metric) -> float | None:
        """The row's own figure."""
        match metric:
            case "throughput":
                return self.output_tokens_per_s
            case "tpot":
                return self.tpot_ms
            case "ttft":
                return self.ttft_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What the chain and the simulator say of a row.

    ``values`` and ``bands`` by metric; the band is of measured ÷ predicted. ``untrusted`` says of
    a metric that is not predicted why. ``utilisation`` is the load's share of the capacity.
    ``band_class`` names the class of models and hardware the bands were fitted on.
    """

    provider: str
    band_class: str
    accelerator: str
    is_moe: bool
    values: dict[Metric, float]
    bands: dict[Metric, Band]
    untrusted: dict[Metric, str]
    utilisation: float
    source_ids: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A row with its prediction."""

    row: Row
    prediction: Prediction

    def ratio(self, metric: Metric) -> float | None:
        """Predicted ÷ measured; None where one of them is missing."""
        measured = self.row.measured(metric)
        predicted = self.prediction.values.get(metric)
        if measured is None or predicted is None:
            return None
        return predicted / measured

    def in_band(self, metric: Metric) -> bool | None:
        """Whether the measured figure lies in the stated band."""
        ratio = self.ratio(metric)
        if ratio is None:
            return None
        band = self.prediction.bands[metric]
        return band.low <= 1.0 / ratio <= band.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpredicted:
    """A row the planner says nothing about, and why."""

    row: Row
    reason: str
