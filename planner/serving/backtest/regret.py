"""What it costs to pick the cheapest option by predicted instead of measured throughput.

Options are the measured runs of one model and one pair of lengths: a precision, GPU, degree of
tensor parallelism and load each. Dollars per million output tokens = price of the GPUs ÷
throughput. Regret is the measured figure of the option that is cheapest by prediction ÷ that of the
cheapest one − 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import fmean, median

from planner.serving.backtest.scoring import informative
from planner.serving.backtest.types import Judged
from planner.serving.measured.rows import weights_family
from planner.units import SECONDS_PER_HOUR, TOKENS_PER_MTOK

__all__ = ["Choice", "GpuPrice", "Pick", "RegretScore", "picks", "regret_score"]

# Price of one GPU-hour for an accelerator in groups of so many; None: no price.
GpuPrice = Callable[[str, int], Decimal | None]
_DIGITS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One option of a pick, in dollars per million output tokens."""

    judged: Judged
    measured_usd_per_1m: float
    predicted_usd_per_1m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """A choice among ``options``: ``chosen`` by prediction, ``best`` by measurement."""

    model: str
    input_tokens: int
    output_tokens: int
    options: int
    chosen: Choice
    best: Choice

    @property
    def regret_pct(self) -> float:
        """How much more the chosen option costs than the best, in percent."""
        ratio = self.chosen.measured_usd_per_1m / self.best.measured_usd_per_1m
        return (ratio - 1.0) * 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RegretScore:
    """Over ``picks`` choices, in percent; None without one."""

    picks: int
    median_pct: float | None
    mean_pct: float | None
    max_pct: float | None
    zero_share: float | None


def picks(
    judged: Iterable[Judged], price: GpuPrice, *, same_load: bool = False
) -> tuple[Pick, ...]:
    """A pick for each model and lengths (rounded to two digits) with options on different hardware.

    ``same_load`` compares only runs under the same load. Runs without a price or a throughput of
    their own, and streams the engine kept up with, are no options.
    """
    groups: dict[tuple[object, ...], list[Choice]] = {}
    for each in judged:
        choice = _choice(each, price)
        if choice is None:
            continue
        row = each.row
        model = weights_family(row.model.partition("(")[0].strip())
        key = (model, _rounded(row.input_tokens), _rounded(row.output_tokens))
        if same_load:
            key = (*key, row.load_kind, row.load)
        groups.setdefault(key, []).append(choice)
    found = [_pick(key, groups[key]) for key in sorted(groups, key=str)]
    return tuple(each for each in found if each is not None)


def regret_score(found: Sequence[Pick]) -> RegretScore:
    """Median, mean and maximum regret, and the share of picks that were the best."""
    if not found:
        return RegretScore(picks=0, median_pct=None, mean_pct=None, max_pct=None, zero_share=None)
    regrets = [each.regret_pct for each in found]
    return RegretScore(
        picks=len(regrets),
        median_pct=median(regrets),
        mean_pct=fmean(regrets),
        max_pct=max(regrets),
        zero_share=fmean(regret <= 0.0 for regret in regrets),
    )


def _choice(judged: Judged, price: GpuPrice) -> Choice | None:
    row = judged.row
    predicted = judged.prediction.values.get("throughput")
    measured = row.output_tokens_per_s
    if measured is None or predicted is None or not informative(judged, "throughput"):
        return None
    hourly = price(judged.prediction.accelerator, row.tensor_parallel_size)
    if hourly is None:
        return None
    usd_per_s = float(hourly) * row.tensor_parallel_size / SECONDS_PER_HOUR
    return Choice(
        judged=judged,
        measured_usd_per_1m=usd_per_s / measured * TOKENS_PER_MTOK,
        predicted_usd_per_1m=usd_per_s / predicted * TOKENS_PER_MTOK,
    )


def _pick(key: tuple[object, ...], choices: list[Choice]) -> Pick | None:
    hardware = {
        (
            each.judged.row.precision,
            each.judged.prediction.accelerator,
            each.judged.row.tensor_parallel_size,
        )
        for each in choices
    }
    if len(hardware) < 2:
        return None
    model, prompt, output = key[:3]
    assert isinstance(prompt, int)
    assert isinstance(output, int)
    return Pick(
        model=str(model),
        input_tokens=prompt,
        output_tokens=output,
        options=len(choices),
        chosen=min(choices, key=lambda each: (each.predicted_usd_per_1m, each.judged.row.id)),
        best=min(choices, key=lambda each: (each.measured_usd_per_1m, each.judged.row.id)),
    )


def _rounded(tokens: float) -> int:
    return int(float(f"{tokens:.{_DIGITS}g}"))
