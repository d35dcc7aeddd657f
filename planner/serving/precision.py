"""Weights of a model on a GPU: bytes, and the peak the GPU multiplies them at."""

from __future__ import annotations

from dataclasses import dataclass

from planner.catalog.types import Accelerator, ModelCard
from planner.serving.constants import constants

__all__ = ["Weights", "resolve_weights"]

_BYTES_BF16 = 2.0
_BITS_PER_BYTE = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Weights as an engine loads them.

    ``total_bytes`` of the whole checkpoint; ``dense_bytes`` that every step reads;
    ``expert_bytes`` of all routed experts; ``peak_tflops`` dense, of one GPU;
    ``compute_factor`` above 1 when weights are unpacked before they are multiplied.
    """

    precision: str
    total_bytes: float
    dense_bytes: float
    expert_bytes: float
    peak_tflops: float
    compute_factor: float
    warnings: tuple[str, ...] = ()


def resolve_weights(card: ModelCard, accelerator: Accelerator, wanted: str) -> Weights | str:
    """The weights for ``native`` or a named precision, or the reason why there are none."""
    precision = card.native_precision if wanted == "native" else wanted
    bits = constants().weight_bits
    if precision not in bits or card.native_precision not in bits:
        return f"precision {precision} of {card.id} ({card.native_precision}) is not known"
    if precision != "bf16" and bits[precision] > bits[card.native_precision]:
        return (
            f"{card.id} is published in {card.native_precision}; there is no {precision} "
            "checkpoint of it"
        )
    if precision in constants().no_kernel.get(accelerator.name, ()):
        return f"no {precision} kernel on {accelerator.name}"
    peak = _peak_tflops(accelerator, precision)
    if peak is None:
        return f"no data on the compute of {accelerator.name}"
    return _weights(card, accelerator, precision, peak)


def _weights(card: ModelCard, accelerator: Accelerator, precision: str, peak: float) -> Weights:
    each = _bytes_per_param(card, precision)
    plain = card.unquantized_params if precision != "bf16" else 0.0
    packed = card.params - plain
    # What every step reads: all but the vision tower and the experts. Of the weights kept at
    # 2 bytes, at most as many can be in that part.
    dense = card.active_params - card.expert_params * _routed_share(card)
    dense_plain = min(plain, dense)
    half = precision == "bf16" and accelerator.tflops_bf16 is None
    unpacked = _unpacks(accelerator, precision)
    return Weights(
        precision="fp16" if half else precision,
        total_bytes=plain * _BYTES_BF16 + packed * each,
        dense_bytes=dense_plain * _BYTES_BF16 + (dense - dense_plain) * each,
        expert_bytes=card.expert_params * each,
        peak_tflops=peak,
        compute_factor=constants().weight_only_compute_factor if unpacked else 1.0,
        warnings=_warnings(card, accelerator, precision, half=half, unpacked=unpacked),
    )


def _routed_share(card: ModelCard) -> float:
    return card.experts_per_token / card.experts if card.experts else 0.0


def _bytes_per_param(card: ModelCard, precision: str) -> float:
    """Bytes of one quantised weight; of the published checkpoint where it is that one."""
    if precision == "bf16":
        return _BYTES_BF16
    if precision == card.native_precision:
        packed = card.params - card.unquantized_params
        return (card.native_weights_bytes - card.unquantized_params * _BYTES_BF16) / packed
    return constants().weight_bits[precision] / _BITS_PER_BYTE


def _peak_tflops(accelerator: Accelerator, precision: str) -> float | None:
    half = accelerator.tflops_bf16 or accelerator.tflops_fp16
    if _unpacks(accelerator, precision) or precision == "bf16":
        return half
    return accelerator.tflops_fp8


def _unpacks(accelerator: Accelerator, precision: str) -> bool:
    """Whether weights are turned into 16 bits before they are multiplied."""
    match precision:
        case "bf16":
            return False
        case "fp8":
            return accelerator.tflops_fp8 is None
        case "fp4":
            return accelerator.name not in constants().fp4_compute
        case _:
            return True


def _warnings(
    card: ModelCard, accelerator: Accelerator, precision: str, *, half: bool, unpacked: bool
) -> tuple[str, ...]:
    said: list[str] = []
    if half:
        said.append(f"{accelerator.name} has no bf16: served in fp16")
    if unpacked:
        said.append(
            f"{accelerator.name} does not compute in {precision}: weight-only, memory and "
            "bandwidth are saved, compute is not"
        )
    if precision not in ("bf16", card.native_precision):
        said.append(f"needs a {precision} checkpoint of {card.id}, whose quality is not assumed")
    elif precision == "bf16" and card.native_precision != "bf16":
        said.append(f"needs the {card.native_precision} weights of {card.id} converted to bf16")
    return tuple(said)
