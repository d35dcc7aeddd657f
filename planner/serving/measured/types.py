"""What one benchmark run measured, wherever it was written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["LoadKind", "Run"]

# closed: so many requests in flight; open: requests a second arriving; burst: all at once.
LoadKind = Literal["closed", "open", "burst"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of one replica.

    ``load`` is requests in flight (closed), requests per second (open) or requests (burst).
    Lengths are means in tokens. ``output_tokens_per_s`` is that of the whole replica; ``tpot_ms``
    is (end-to-end − time to first token) ÷ (output tokens − 1), None when not recorded.
    ``ramp``: filling and draining are part of the measured time, so the throughput is biased low.
    ``accelerator`` is a name of the accelerator table; ``precision`` that of the weights.
    ``hardware_note`` says what differs from the accelerator on EC2, or is empty.
    """

    id: str
    source: str
    model: str
    precision: str
    accelerator: str
    tensor_parallel_size: int
    input_tokens: float
    output_tokens: float
    load_kind: LoadKind
    load: float
    output_tokens_per_s: float
    tpot_ms: float | None
    ramp: bool = False
    hardware_note: str = ""
