"""How sure the answer is, as sentences and tables."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from planner.render.blocks import Block, Bullets, Column, Grid, Heading, Paragraph
from planner.render.numbers import (
    NOT_APPLICABLE,
    count,
    money,
    multiple,
    percent,
    probability,
    rate,
    unit_cost,
    volume,
)
from planner.render.payload_uncertainty import (
    ArmRangeView,
    FirstFlipView,
    LastingView,
    SpreadView,
    SwingView,
    UncertaintyView,
)

__all__ = ["first_flip_blocks", "input_words", "uncertainty_blocks"]

_INPUTS = {
    "volume": "volume",
    "growth": "growth",
    "input_tokens": "input tokens",
    "output_tokens": "output tokens",
    "peak": "peak to mean",
    "cache_hits": "cache hits",
    "throughput": "throughput",
    "api_price": "API price",
    "gpu_price": "GPU price",
    "spot_price": "spot price",
    "spot_interruptions": "spot interruptions",
    "labour": "labour",
}
_SHARES = ("growth",)
_ARM_COLUMNS = (
    Column(header="option, a month", is_name=True),
    Column(header="P10", align="decimal"),
    Column(header="P50", align="decimal"),
    Column(header="P90", align="decimal"),
    Column(header="beyond its fleet", align="decimal", priority=1),
)
_SWING_COLUMNS = (
    Column(header="input"),
    Column(header="now", align="right"),
    Column(header="P10 to P90", align="right", priority=2),
    Column(header="saving at P10", align="decimal"),
    Column(header="saving at P90", align="decimal"),
    Column(header="equal at", align="right"),
    Column(header="how likely", align="decimal"),
    Column(header="unit", wraps=True, priority=1),
)


def input_words(view: SwingView) -> str:
    """``API price (openai)``; what an input belongs to only where that says more."""
    words = _INPUTS[view.input]
    named = view.input == "api_price" or (view.input == "gpu_price" and view.of == "committed")
    return f"{words} ({view.of})" if named and view.of else words


def first_flip_blocks(view: UncertaintyView | None) -> list[Block]:
    """The input that moves the saving most among those that can flip the answer."""
    if view is None or view.rival is None:
        return []
    first = view.first_flip
    if first is None:
        searched = "a twentieth and twenty times its value"
        return [Paragraph(f"No input alone flips the answer between {searched}.")]
    chance = f"probability {probability(first.probability)}"
    if not first.probability:
        chance = "beyond what its range allows"
    fleets = "" if first.fleets == "chosen anew" else " with the fleets as planned"
    then = "" if first.to_option is None else f"; then {first.to_option} is the cheapest"
    return [
        Paragraph(
            f"First to flip it, by how far it moves the saving: {_INPUTS[first.input]}{fleets}, "
            f"at {_flip_words(first)}: {chance}{then}."
        )
    ]


def _flip_words(first: FirstFlipView) -> str:
    """``440,879,000 (0.59x), now 750,000,000 requests per month``"""
    factor = multiple(first.factor)
    if first.now is None or first.at_flip is None:
        return f"{factor} its value"
    if first.input in _SHARES:
        return f"{percent(first.at_flip)} a month, now {percent(first.now)}"
    at, now = (_amount(first, value) for value in (first.at_flip, first.now))
    return f"{at} ({factor}), now {now} {first.unit or ''}".rstrip()


def uncertainty_blocks(view: UncertaintyView | None, *, wide: bool) -> list[Block]:
    """Probability and saving, each option's range, each input's swing; sources with ``wide``."""
    if view is None:
        return []
    return [
        Heading("How sure that is"),
        Bullets(_findings(view)),
        Grid.of(_ARM_COLUMNS, [_arm_row(arm) for arm in view.arms]),
        *_swing_blocks(view.swings),
        *_spread_blocks(view.spreads, wide=wide),
    ]


def _findings(view: UncertaintyView) -> tuple[str, ...]:
    found = [
        f"{count(view.draws)} draws of all inputs, seed {view.seed}, the same for each option."
    ]
    if view.rival is not None and view.p_choice_cheaper is not None:
        error = percent(view.p_standard_error or 0.0)
        found.append(
            f"{view.choice} costs no more than {view.rival} in "
            f"{probability(view.p_choice_cheaper)} of them (standard error {error})."
        )
    if view.p_selfhost_cheaper is not None:
        found.append(f"Self-hosting is cheaper in {probability(view.p_selfhost_cheaper)}.")
    saving, expected = view.saving_monthly_usd, view.saving_expected_monthly_usd
    if saving is not None and expected is not None:
        found.append(
            f"It saves {money(expected)} a month at expected values; P10 {money(saving.p10)}, "
            f"P50 {money(saving.p50)}, P90 {money(saving.p90)}."
        )
    if view.lasting is not None:
        found.append(_lasting(view.lasting))
    return tuple(found)


def _lasting(lasting: LastingView) -> str:
    if lasting.exists_share == 0.0:
        return "No draw has a volume from which self-hosting stays cheaper."
    volumes = (
        ("P10", lasting.p10_requests_per_month),
        ("P50", lasting.p50_requests_per_month),
        ("P90", lasting.p90_requests_per_month),
    )
    shown = ", ".join(
        f"{name} {'never' if value is None else count(value)}" for name, value in volumes
    )
    share = "" if lasting.exists_share == 1.0 else f"; {percent(lasting.exists_share)} have one"
    return f"Lasting break-even volume in requests a month: {shown}{share}."


def _arm_row(arm: ArmRangeView) -> tuple[str, ...]:
    cost = arm.monthly_cost_usd
    missed = NOT_APPLICABLE if arm.missed_share == 0.0 else probability(arm.missed_share)
    return (arm.option, money(cost.p10), money(cost.p50), money(cost.p90), missed)


# --- One input at a time -----------------------------------------------------------------------


def _swing_blocks(swings: Sequence[SwingView]) -> list[Block]:
    shown = [each for each in swings if each.swing_monthly_usd or each.flip_factor is not None]
    if not shown:
        return []
    return [
        Paragraph(
            "One input at a time, the others at their medians, with the fleets as planned: what "
            "the choice saves a month, and where both options cost the same. Requests that a "
            "fleet does not hold are priced at the cheapest API that may be used, else at own "
            "capacity fully used."
        ),
        Grid.of(_SWING_COLUMNS, [_swing_row(each) for each in shown]),
    ]


def _swing_row(view: SwingView) -> tuple[str, ...]:
    equal = "never" if view.flip_factor is None else _at(view, view.at_flip, view.flip_factor)
    likely = NOT_APPLICABLE if view.flip_factor is None else probability(view.flip_probability)
    ends = (
        _at(view, view.at_p10, view.p10_factor),
        _at(view, view.at_p90, view.p90_factor),
    )
    return (
        input_words(view),
        NOT_APPLICABLE if view.now is None else _amount(view, view.now),
        " to ".join(ends),
        money(view.saving_at_p10_monthly_usd),
        money(view.saving_at_p90_monthly_usd),
        equal,
        likely,
        view.unit or "times its value",
    )


def _at(view: SwingView, value: Decimal | None, factor: float) -> str:
    return multiple(factor) if value is None else _amount(view, value)


def _amount(view: SwingView | FirstFlipView, value: Decimal) -> str:
    if view.input in _SHARES:
        return percent(value)
    if (view.unit or "").startswith("USD per month"):
        return money(value)
    if (view.unit or "").startswith("USD"):
        return unit_cost(value)
    whole = view.input in ("volume", "input_tokens", "output_tokens")
    return volume(value) if whole else rate(value)


# --- Ranges ------------------------------------------------------------------------------------


def _spread_blocks(spreads: Sequence[SpreadView], *, wide: bool) -> list[Block]:
    varied = [each for each in spreads if each.p10_factor != 1.0 or each.p90_factor != 1.0]
    if not wide:
        assumed = sum(each.basis == "assumption" for each in varied)
        return [
            Paragraph(
                f"{count(len(varied))} inputs vary, {count(assumed)} of them by assumed ranges; "
                "--wide lists each with its source. Give your own under `uncertainty`."
            )
        ]
    columns = (
        Column(header="input"),
        Column(header="P10", align="decimal"),
        Column(header="P90", align="decimal"),
        Column(header="basis"),
        Column(header="source"),
    )
    rows = [
        (
            each.input,
            f"{each.p10_factor:.3f}x",
            f"{each.p90_factor:.3f}x",
            each.basis,
            each.source if each.observed is None else f"{each.source} ({each.observed})",
        )
        for each in spreads
    ]
    return [Paragraph("Ranges, as multiples of each input's value:"), Grid.of(columns, rows)]
