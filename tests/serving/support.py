"""Builders for serving tests: demands, hardware, replicas, and the measured rows."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

from planner.catalog.hardware import accelerators
from planner.catalog.models import model_card
from planner.catalog.types import Accelerator, InstanceType, ModelCard
from planner.demand.types import Demand, LengthBucket, LengthStats, SharedPrefixDemand
from planner.scenario.economics import Slo
from planner.scenario.options import SelfHostOption
from planner.serving.batching import Limits, Replica, state_at
from planner.serving.constants import constants
from planner.serving.lengths import Lengths, fixed_lengths, lengths_of
from planner.serving.precision import Weights, resolve_weights
from planner.serving.roofline import RooflineSteps, roofline_steps
from planner.serving.steps import Question, StepTimes

LLAMA_8B = "meta-llama/Llama-3.1-8B"
LLAMA_70B = "meta-llama/Llama-3.1-70B"


def card(model: str = LLAMA_8B) -> ModelCard:
    found = model_card(model)
    assert found is not None, model
    return found


def gpu(name: str) -> Accelerator:
    return accelerators()[name]


def instance(name: str, accelerator: str, count: int) -> InstanceType:
    return InstanceType(
        name=name,
        accelerator=accelerator,
        accelerator_count=count,
        accelerator_mem_mib=gpu(accelerator).mem_mib,
        vcpu=8,
        mem_mib=65536,
        local_nvme_gb=0,
        arch="x86_64",
        usage_classes=("on-demand",),
        regions=("us-east-1",),
        quota_code_on_demand="L-DB2E81BA",
        quota_code_spot="L-3819A6DF",
        source="test",
        observed=date(2026, 11, 22),
    )


def demand(
    input_tokens: int = 1000,
    output_tokens: int = 200,
    *,
    cv: float = 1.0,
    prefix_tokens: int = 0,
    distinct_prefixes: int = 1,
    buckets: tuple[LengthBucket, ...] | None = None,
) -> Demand:
    def fixed(value: int) -> LengthStats:
        number = float(value)
        return LengthStats(mean=Decimal(value), p50=number, p95=number, p99=number, maximum=number)

    one = LengthBucket(
        share=Decimal(1),
        input_tokens=Decimal(input_tokens),
        output_tokens=Decimal(output_tokens),
    )
    shared = SharedPrefixDemand(
        tokens=Decimal(prefix_tokens), distinct_prefixes=distinct_prefixes, ttl_s=300
    )
    return Demand(
        requests_per_month=Decimal(2_592_000),
        days_per_month=Decimal(30),
        mean_rps=1.0,
        timezone="UTC",
        hour_weights=(1.0,) * 168,
        burst_within_hour=1.0,
        interarrival_cv=cv,
        buckets=buckets or (one,),
        input_tokens=fixed(input_tokens),
        output_tokens=fixed(output_tokens),
        growth_per_month=Decimal(0),
        deferrable_share=Decimal(0),
        shared_prefix=shared if prefix_tokens else None,
        assumptions=(),
    )


def slo(ttft_ms: int | None = 2000, tpot_ms: int | None = 100, **changes: object) -> Slo:
    return Slo.model_validate(
        {
            "ttft_ms": None if ttft_ms is None else Decimal(ttft_ms),
            "tpot_ms": None if tpot_ms is None else Decimal(tpot_ms),
            **changes,
        }
    )


def option(model: str = LLAMA_8B, **changes: object) -> SelfHostOption:
    return SelfHostOption.model_validate({"model": model, **changes})


def weights(model: str, accelerator: Accelerator, precision: str = "native") -> Weights:
    found = resolve_weights(card(model), accelerator, precision)
    assert isinstance(found, Weights), found
    return found


def steps(
    model: str = LLAMA_8B,
    accelerator: Accelerator | None = None,
    *,
    tensor_parallel_size: int = 1,
    precision: str = "native",
) -> RooflineSteps:
    device = accelerator or gpu("H100")
    return roofline_steps(
        Question(
            card=card(model),
            accelerator=device,
            tensor_parallel_size=tensor_parallel_size,
            weights=weights(model, device, precision),
            kv_scale=1.0,
            input_tokens=1000.0,
            output_tokens=200.0,
        )
    )


def lengths_with(rows: list[tuple[float, int, int]]) -> Lengths:
    """Lengths of requests by (share, input tokens, output tokens)."""
    buckets = tuple(
        LengthBucket(
            share=Decimal(str(share)), input_tokens=Decimal(prompt), output_tokens=Decimal(answer)
        )
        for share, prompt, answer in rows
    )
    return lengths_of(demand(buckets=buckets), ttft_percentile=95)


def replica(
    step_times: StepTimes | None = None,
    *,
    input_tokens: float = 1000.0,
    output_tokens: float = 200.0,
    max_num_seqs: int = 256,
    max_num_batched_tokens: int = 8192,
    kv_cache_tokens: float = 400_000.0,
    cv: float = 1.0,
) -> Replica:
    return Replica(
        steps=step_times or steps(),
        lengths=fixed_lengths(input_tokens, output_tokens),
        limits=Limits(
            max_num_seqs=max_num_seqs,
            max_num_batched_tokens=max_num_batched_tokens,
            kv_cache_tokens=kv_cache_tokens,
        ),
        arrival_cv2=cv * cv,
        host_ms_per_sequence=0.040,
        front_end_ms=constants().front_end_ms,
    )


# --------------------------------------------------------------------------------- measured rows

_ROWS = Path(__file__).parent / "fixtures/measurements.csv"
# InferenceX draws lengths uniformly between 0.8 and 1.0 of the nominal ones.
_INFERENCEX_LENGTHS = 0.9
_MODELS = {
    "meta-llama/Llama-3.1-70B (InferenceX runs Llama-3.3-70B)": "meta-llama/Llama-3.3-70B-Instruct"
}
_PRECISIONS = {"fp4": "native", "mxfp4": "native", "awq-int4": "int4"}
_GPUS = {"A100-SXM-80GB": "A100-80GB", "H100-SXM": "H100", "H100-SXM-80GB": "H100"} | {
    "H200-SXM": "H200",
    "L4": "L4",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRow:
    """One published run; rates in output tokens per second, times in ms."""

    id: str
    source: str
    model: str
    precision: str
    gpu: str
    tensor_parallel_size: int
    input_tokens: float
    output_tokens: float
    load_kind: str
    load: float
    tokens_per_s: float
    tpot_ms: float | None

    @property
    def dense(self) -> bool:
        return not card(self.model).experts


@cache
def measured_rows() -> tuple[MeasuredRow, ...]:
    with _ROWS.open(encoding="utf-8", newline="") as handle:
        return tuple(_row(raw) for raw in csv.DictReader(handle))


def _row(raw: dict[str, str]) -> MeasuredRow:
    scale = _INFERENCEX_LENGTHS if "InferenceX" in raw["source"] else 1.0
    return MeasuredRow(
        id=raw["id"],
        source=raw["source"],
        model=_MODELS.get(raw["model"], raw["model"]),
        precision=_PRECISIONS.get(raw["precision"], raw["precision"]),
        gpu=raw["gpu"],
        tensor_parallel_size=int(raw["tp"]),
        input_tokens=float(raw["isl"]) * scale,
        output_tokens=float(raw["osl"]) * scale,
        load_kind=raw["load_kind"],
        load=float(raw["load_value"]),
        tokens_per_s=float(raw["out_tok_s"]),
        tpot_ms=float(raw["tpot_ms"]) if raw["tpot_ms"] else None,
    )


def _device(name: str) -> Accelerator:
    if name == "A100-PCIe-80GB":
        # NVIDIA A100 PCIe data sheet: 1,935 GB/s; the cards of these runs have no bridge.
        return replace(gpu("A100-80GB"), name=name, hbm_gb_per_s=1935.0, nvlink=False)
    return gpu(_GPUS[name])


def _row_replica(row: MeasuredRow) -> Replica:
    step_times = steps(
        row.model,
        _device(row.gpu),
        tensor_parallel_size=row.tensor_parallel_size,
        precision=row.precision,
    )
    closed = row.load_kind == "closed_loop_concurrency"
    return replica(
        step_times,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        # The closed-loop runs raise the engine's default of 256 to their concurrency.
        max_num_seqs=1024 if closed else 256,
        kv_cache_tokens=1e9,
        cv=0.0 if closed else 1.0,
    )


def predicted(row: MeasuredRow) -> tuple[float, float]:
    """Output tokens per second and time per output token of a row's run."""
    subject = _row_replica(row)
    if row.load_kind == "closed_loop_concurrency":
        return _closed_loop(subject, row.load)
    states = [state_at(subject, 256 * n / 200) for n in range(1, 201)]
    most = max(state.rate_rps for state in states)
    rate = min(row.load, most)
    state = next(state for state in states if state.rate_rps >= rate * 0.9999)
    return rate * row.output_tokens, state.mean_step_ms


def _closed_loop(subject: Replica, concurrency: float) -> tuple[float, float]:
    """A fixed number of requests in flight: g = C·decode ÷ (TTFT + decode), damped iteration."""
    sequences = concurrency
    while True:
        state = state_at(subject, sequences)
        decode = state.mean_step_ms * (subject.lengths.output_tokens - 1)
        # A prompt waits half a step on average and takes one of its own.
        first = subject.front_end_ms + 1.5 * state.mixed_step_ms
        wanted = concurrency * decode / (first + decode)
        if math.isclose(sequences, wanted, rel_tol=1e-7):
            rate = concurrency * subject.lengths.output_tokens / (first + decode) * 1e3
            return rate, state.mean_step_ms
        sequences = (sequences + wanted) / 2
