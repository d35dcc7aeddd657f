"""The forms of benchmark files: `vllm bench serve`, AIPerf and GuideLLM results.

Keys as the tools write them: vLLM 0.6 to 0.2x (`vllm/benchmarks/serve.py`), AIPerf export schema
1.x (`profile_export_aiperf.json`), GuideLLM reports 1 and 2 (0.4 to 0.8), read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from planner.errors import InputError
from planner.serving.measured.fields import Fields
from planner.serving.measured.types import LoadKind

__all__ = ["FORMS", "RawRun", "runs_in"]

FORMS = "`vllm bench serve`, AIPerf (profile_export_aiperf.json) and GuideLLM"
_MS = {"ms": 1.0, "s": 1e3, "sec": 1e3, "seconds": 1e3, "us": 1e-3, "ns": 1e-6}
_GUIDELLM_VERSIONS = (1, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRun:
    """What a file says of one run. Times in ms and s, lengths in tokens, rates per second.

    ``tensor_parallel_size`` is None where the file does not carry it.
    """

    where: str
    model: str
    completed: float
    failed: float
    duration_s: float
    input_tokens: float
    output_tokens: float
    output_tokens_per_s: float
    tpot_ms: float | None
    latency_ms: float | None
    load_kind: LoadKind
    load: float
    tensor_parallel_size: int | None = None


def runs_in(document: Fields) -> Iterator[RawRun] | None:
    """The runs of a result file; None when it has none of the known forms."""
    data = document.data
    if "model_id" in data and "output_throughput" in data:
        return iter((_vllm(document),))
    if isinstance(data.get("output_token_throughput"), dict):
        return iter((_aiperf(document),))
    if isinstance(data.get("benchmarks"), list):
        return _guidellm(document)
    return None


# ------------------------------------------------------------------------------ vllm bench serve


def _vllm(file: Fields) -> RawRun:
    completed = file.number("completed")
    output = file.number("total_output_tokens") / max(completed, 1.0)
    tpot = file.optional("mean_tpot_ms", "median_tpot_ms")
    failed = file.optional("failed")
    if failed is None:
        failed = max((file.optional("num_prompts") or completed) - completed, 0.0)
    kind, load = _vllm_load(file, completed)
    return RawRun(
        where=file.where,
        model=file.text("model_id"),
        completed=completed,
        failed=failed,
        duration_s=file.positive("duration"),
        input_tokens=file.number("total_input_tokens") / max(completed, 1.0),
        output_tokens=output,
        output_tokens_per_s=file.positive("output_throughput"),
        tpot_ms=tpot,
        latency_ms=_latency_ms(
            file.optional("mean_e2el_ms"),
            file.optional("mean_ttft_ms", "median_ttft_ms"),
            tpot,
            output,
        ),
        load_kind=kind,
        load=load,
        tensor_parallel_size=_degree(file),
    )


def _vllm_load(file: Fields, completed: float) -> tuple[LoadKind, float]:
    """Bounded in flight, else by the rate, else everything at once.

    Under both bounds the one in flight counts when the rate was not kept up with.
    """
    rate = file.first("request_rate")
    flight = file.optional("max_concurrency")
    finite = rate is not None and str(rate).casefold() not in ("inf", "infinity")
    if finite:
        offered = file.positive("request_rate")
        if not flight or file.positive("request_throughput") >= 0.95 * offered:
            return "open", offered
    if flight:
        return "closed", min(flight, completed)
    return "burst", completed


def _degree(file: Fields) -> int | None:
    """From `--metadata tensor_parallel_size=2`, which is written as text."""
    found = file.first("tensor_parallel_size", "tensor_parallel", "tp")
    if found is None:
        return None
    if not str(found).isdecimal() or int(str(found)) < 1:
        raise InputError(
            f"{file.where}: `tensor_parallel_size` must be a whole number, got {found!r:.60}"
        )
    return int(str(found))


def _latency_ms(
    whole: float | None, first: float | None, tpot: float | None, output: float
) -> float | None:
    if whole is not None:
        return whole
    if first is None or tpot is None:
        return None
    return first + tpot * max(output - 1.0, 0.0)


# ---------------------------------------------------------------------------------------- AIPerf


def _aiperf(file: Fields) -> RawRun:
    version = file.first("schema_version")
    if version is not None and str(version).split(".")[0] != "1":
        raise InputError(
            f"{file.where}: `schema_version` {version!r:.40} of AIPerf is not known; 1.x is"
        )
    completed = file.number("request_count.avg")
    throughput = file.positive("request_throughput.avg")
    latency = _block_ms(file, "request_latency")
    kind, load = _aiperf_load(file, throughput, latency)
    duration = _block_ms(file, "benchmark_duration")
    return RawRun(
        where=file.where,
        model=_aiperf_model(file),
        completed=completed,
        failed=file.optional("error_request_count.avg") or 0.0,
        duration_s=duration / 1e3 if duration is not None else completed / throughput,
        input_tokens=file.number("input_sequence_length.avg"),
        output_tokens=file.number("output_sequence_length.avg"),
        output_tokens_per_s=file.positive("output_token_throughput.avg"),
        tpot_ms=_block_ms(file, "inter_token_latency"),
        latency_ms=latency,
        load_kind=kind,
        load=load,
    )


def _aiperf_model(file: Fields) -> str:
    names = file.first("input_config.endpoint.model_names", "input_config.models.items")
    if isinstance(names, list) and len(cast(list[object], names)) > 1:
        raise InputError(f"{file.where}: a run of several models; measure one at a time")
    return file.text(
        "input_config.endpoint.model_names.0",
        "input_config.models.items.0.name",
        "input_config.endpoint.model",
    )


def _aiperf_load(file: Fields, throughput: float, latency: float | None) -> tuple[LoadKind, float]:
    flight = file.optional("input_config.loadgen.concurrency")
    offered = file.optional("input_config.loadgen.request_rate")
    if offered and (not flight or throughput >= 0.95 * offered):
        return "open", offered
    if flight:
        return "closed", flight
    # What was in flight on average, by Little's law.
    measured = file.optional("effective_concurrency.avg")
    if measured is None and latency is not None:
        measured = throughput * latency / 1e3
    if not measured:
        raise InputError(
            f"{file.where}: `input_config.loadgen.concurrency` is missing, and so is "
            "`request_latency` to work it out"
        )
    return "closed", measured


def _block_ms(file: Fields, name: str) -> float | None:
    average = file.optional(f"{name}.avg")
    if average is None:
        return None
    unit = file.get(f"{name}.unit")
    if not isinstance(unit, str) or unit not in _MS:
        raise InputError(f"{file.where}: `{name}.unit` is {unit!r:.40}; known are {', '.join(_MS)}")
    return average * _MS[unit]


# -------------------------------------------------------------------------------------- GuideLLM


def _guidellm(file: Fields) -> Iterator[RawRun]:
    version = file.get("metadata.version")
    if version not in _GUIDELLM_VERSIONS:
        told = file.get("metadata.guidellm_version")
        raise InputError(
            f"{file.where}: `metadata.version` of the GuideLLM report is {version!r:.40}"
            + (f" (GuideLLM {told!s:.40})" if told else "")
            + "; 1 and 2 are known: measure again with GuideLLM 0.4 to 0.8"
        )
    entries = cast(list[object], file.get("benchmarks"))
    for number, entry in enumerate(entries):
        where = f"{file.where} benchmarks[{number}]"
        if not isinstance(entry, dict):
            raise InputError(f"{where}: must be an object, got {entry!r:.60}")
        yield _guidellm_run(file, Fields(data=cast(dict[str, object], entry), where=where))


def _guidellm_run(report: Fields, run: Fields) -> RawRun:
    """One benchmark of a report; ``time_per_output_token_ms`` counts the first token in, ITL not.

    A report without the model's name in the run has it in its own settings.
    """
    latency_s = run.optional("metrics.request_latency.successful.mean")
    kind, load = _guidellm_load(run)
    return RawRun(
        where=run.where,
        model=_guidellm_model(report, run),
        completed=run.number("metrics.request_totals.successful"),
        failed=run.optional("metrics.request_totals.errored") or 0.0,
        duration_s=run.positive("duration"),
        input_tokens=run.number("metrics.prompt_token_count.successful.mean"),
        output_tokens=run.number("metrics.output_token_count.successful.mean"),
        output_tokens_per_s=run.positive("metrics.output_tokens_per_second.successful.mean"),
        tpot_ms=run.optional("metrics.inter_token_latency_ms.successful.mean"),
        latency_ms=None if latency_s is None else latency_s * 1e3,
        load_kind=kind,
        load=load,
    )


def _guidellm_model(report: Fields, run: Fields) -> str:
    found = run.first("config.backend.model")
    if isinstance(found, str) and found.strip():
        return found.strip()
    return report.text(
        "args.model",
        "args.backend_kwargs.model",
        "config.backend.model",
        "config.spec.backend.model",
        "args.processor",
        "config.spec.tokenizer",
    )


def _guidellm_load(run: Fields) -> tuple[LoadKind, float]:
    strategy = run.first("config.strategy.type_", "config.strategy.kind")
    if strategy == "synchronous":
        return "closed", 1.0
    if strategy in ("constant", "poisson"):
        return "open", run.positive("config.strategy.rate")
    if strategy == "concurrent":
        return "closed", run.positive("config.strategy.streams", "config.strategy.max_concurrency")
    return "closed", run.positive("metrics.request_concurrency.successful.mean")
