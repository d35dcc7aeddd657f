"""What the catalog hands on: prices with their source and date, instances, accelerators, models."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

__all__ = [
    "Accelerator",
    "InstanceType",
    "LlmQuote",
    "LlmRate",
    "LlmRef",
    "ModelCard",
    "PriceRow",
    "Processing",
    "Purchase",
    "RateTier",
]

Purchase = Literal[
    "on_demand",
    "ri_1y_no_upfront",
    "ri_1y_partial_upfront",
    "ri_1y_all_upfront",
    "ri_3y_no_upfront",
    "ri_3y_partial_upfront",
    "ri_3y_all_upfront",
    "sp_compute_1y",
    "sp_compute_3y",
    "sp_ec2_1y",
    "sp_ec2_3y",
    "spot_az_median",
]
Processing = Literal["standard", "batch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRow:
    """One AWS price fact.

    ``kind`` is ``instance`` or ``service``; ``item`` an instance type (``g6e.xlarge``) or a
    service item id (``alb_hour``); ``usd`` the price of one ``unit``, None when it is not known,
    with the reason in ``reason_null``. ``observed`` is the day the price was seen; None when the
    source gives no usable date, which counts as expired.
    ``extrapolated_from`` names the region a service price was borrowed from.
    """

    kind: Literal["instance", "service"]
    region: str
    item: str
    purchase: str
    unit: str
    usd: Decimal | None
    source: str
    observed: date | None
    licence_note: str = ""
    reason_null: str | None = None
    extrapolated_from: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerator:
    """One kind of GPU (or Inferentia/Trainium device) from its data sheet.

    ``tflops_*`` are dense, without sparsity; None means no hardware support, or unknown
    for accelerators with ``servable`` False (no serving model exists for them).
    ``mem_mib`` is what EC2 reports. ``nvlink`` says whether tensor parallel runs over NVLink.
    """

    name: str
    mem_mib: int
    hbm_gb_per_s: float | None
    tflops_bf16: float | None
    tflops_fp16: float | None
    tflops_fp8: float | None
    nvlink: bool
    servable: bool
    source: str
    observed: date


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceType:
    """One EC2 instance type with accelerators; ``regions`` are those it is offered in."""

    name: str
    accelerator: str
    accelerator_count: int
    accelerator_mem_mib: int
    vcpu: int
    mem_mib: int
    local_nvme_gb: int
    arch: str
    usage_classes: tuple[str, ...]
    regions: tuple[str, ...]
    quota_code_on_demand: str
    quota_code_spot: str
    source: str
    observed: date | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """Architecture of an open-weight model, from its config.json (see ``architecture``).

    Parameters are counts: ``params`` of the whole checkpoint, vision tower included;
    ``active_params`` those one text token touches; ``expert_params`` those of all routed experts;
    ``unquantized_params`` those that stay at 2 bytes when the rest is quantised.
    ``native_precision`` is that of the published weights, ``native_weights_bytes`` their size.

    Cache at 2 bytes an element, summed over layers: ``kv_bytes_per_token_bf16`` of the layers that
    keep every token, ``window_kv_bytes_per_token_bf16`` of those that keep the last
    ``window_tokens``, ``state_bytes_per_sequence`` of those that keep a fixed state.
    ``kv_heads`` is how far the cache can be split over tensor-parallel ranks: 1 for latent
    attention. ``attention_flops_per_pair`` are the FLOPs for each pair of a token and one it
    attends to. ``kv_note`` says what was assumed.
    """

    id: str
    aliases: tuple[str, ...]
    params: float
    active_params: float
    layers: int
    hidden_size: int
    attention_heads: int
    kv_heads: int
    head_dim: int
    kv_bytes_per_token_bf16: float
    window_kv_bytes_per_token_bf16: float
    window_tokens: int
    state_bytes_per_sequence: float
    attention_flops_per_pair: float
    window_attention_flops_per_pair: float
    experts: int
    experts_per_token: int
    expert_params: float
    max_context_tokens: int
    native_precision: str
    unquantized_params: float
    native_weights_bytes: float
    license: str
    source: str
    observed: date
    kv_note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmRef:
    """An API model as the user names it; ``endpoint`` is a deployment zone such as datazone-eu."""

    provider: str
    model: str
    region: str | None = None
    endpoint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RateTier:
    """A rate that applies to the whole request when its input exceeds ``above_input_tokens``."""

    above_input_tokens: int
    usd_per_1m_tokens: Decimal


# The base rate has above_input_tokens -1, so that the last tier whose start lies strictly below
# the request's input is always defined.
LlmRate = tuple[RateTier, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmQuote:
    """What one API model charges at one moment.

    A rate is a tuple of tiers, ascending; None where the provider sells no such thing: a model
    without ``cache_read`` charges cached tokens as plain input.
    """

    ref: LlmRef
    resolved_id: str
    processing: Processing
    at: datetime
    input: LlmRate
    output: LlmRate
    cache_read: LlmRate | None
    cache_write: LlmRate | None
    cache_write_1h: LlmRate | None
    time_of_day: bool
    retires_on: date | None
    source: str
    observed: date
    notes: tuple[str, ...] = field(default=())
