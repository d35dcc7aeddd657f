"""What the planner says of a measured run, through the same chain of providers as the search.

The chain gives step times, leaving out what was measured by the row's own source; the simulator
plays the row's load on them. It is used for all kinds of load, because a benchmark is a finite run
with a beginning and an end, which the analytic model of a steady state does not know. Where there
is a steady state the two agree (``docs/data/queue_grid.json``).

Throughput of a closed loop is load · output ÷ mean time of a request (Little's law), whatever the
number of requests; of the others what the run puts out from its first arrival to its last answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from planner.errors import InputError
from planner.serving.backtest.engine import limits_of
from planner.serving.backtest.load import workload_of
from planner.serving.backtest.naming import gpu_of, known_as, source_name
from planner.serving.backtest.types import Judged, Metric, Prediction, Row, Unpredicted
from planner.serving.batching import Replica
from planner.serving.calibration import calibration
from planner.serving.measured import Run, ShippedRowsProvider, run_replica
from planner.serving.memory import split_reason
from planner.serving.queueing import full_state
from planner.serving.search import PROVIDERS
from planner.serving.simulate import Engine, Sample, SimResult, simulate
from planner.serving.steps import Answer, Provider, Question, ask
from planner.units import MS_PER_S

__all__ = ["TRUSTED_UTILISATION", "judge", "model_providers", "question_of", "row_providers"]

# Above it waits depend on bursts and on the run's length more than on the engine.
TRUSTED_UTILISATION = 0.85
_FP8_SCALE = 0.5


def model_providers() -> tuple[Provider, ...]:
    """The chain without measured runs."""
    return tuple(each for each in PROVIDERS if not isinstance(each, ShippedRowsProvider))


def row_providers(row: Row) -> tuple[Provider, ...]:
    """The chain without the shipped runs of the row's own source.

    It offers runs of the same model, precision, GPU and degree only, so that those left out are
    all rows of the same (source, model, precision, accelerator, tensor parallel).
    """
    own, models = source_name(row.source), model_providers()

    def foreign(run: Run) -> bool:
        return source_name(run.source) != own and run.id != row.id

    return (ShippedRowsProvider(rest=models, keep=foreign), *models)


def judge(
    row: Row, providers: Sequence[Provider], *, host_ms: float | None = None
) -> Judged | Unpredicted:
    """The row with its prediction, or the reason why there is none.

    ``host_ms`` is the host overhead per sequence and step; default the calibrated one of the row's
    accelerator and engine version.
    """
    question = question_of(row)
    if isinstance(question, str):
        return Unpredicted(row=row, reason=question)
    answer = ask(question, providers)
    if answer is None:
        return Unpredicted(row=row, reason=f"no data: no serving model for {row.gpu}")
    if host_ms is None:
        host_ms = _host_ms(row, question, answer)
    replica = replace(_replica(row, question, answer), host_ms_per_sequence=host_ms)
    workload, cutoff = workload_of(row)
    try:
        result = simulate(workload, answer.steps, _engine(replica), cutoff=cutoff)
    except InputError as error:
        return Unpredicted(row=row, reason=error.message)
    prediction = _prediction(row, question, answer, full_state(replica).rate_rps, result)
    return Judged(row=row, prediction=prediction)


def question_of(row: Row) -> Question | str:
    """What the chain is asked for a row, or the reason why it cannot be asked."""
    degree = row.tensor_parallel_size
    if row.engine.casefold() != "vllm":
        return f"engine {row.engine}: only vLLM is modelled"
    if row.gpu_count != degree:
        return f"{row.gpu_count} GPUs with tensor parallel {degree}: not one replica"
    gpu = gpu_of(row.gpu, degree)
    if isinstance(gpu, str):
        return gpu
    known = known_as(row.model, row.precision, gpu)
    if isinstance(known, str):
        return known
    card, weights = known
    split = split_reason(card, degree)
    if split is not None:
        return f"tensor parallel {degree}: {split}"
    limits = limits_of(row, gpu)
    return Question(
        card=card,
        accelerator=gpu,
        tensor_parallel_size=degree,
        weights=weights,
        kv_scale=_FP8_SCALE if limits.kv_cache_dtype == "fp8" else 1.0,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
    )


def _host_ms(row: Row, question: Question, answer: Answer) -> float:
    # Scaled steps hold the overhead they were scaled with, that of the newest engine.
    version = "" if answer.provider == "measured" else row.engine_version
    return calibration().host_ms(question.accelerator.name, version)


def _replica(row: Row, question: Question, answer: Answer) -> Replica:
    """The replica the row was measured on."""
    run = Run(
        id=row.id,
        source=row.source,
        model=row.model,
        precision=row.precision,
        accelerator=question.accelerator.name,
        tensor_parallel_size=row.tensor_parallel_size,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        load_kind=row.load_kind,
        load=row.load,
        # Nothing that was measured may go into a prediction.
        output_tokens_per_s=1.0,
        tpot_ms=None,
    )
    return run_replica(question, answer.steps, run, limits_of(row, question.accelerator))


def _engine(replica: Replica) -> Engine:
    limits = replica.limits
    engine = Engine(
        max_num_seqs=limits.max_num_seqs,
        max_num_batched_tokens=limits.max_num_batched_tokens,
        kv_cache_tokens=int(limits.kv_cache_tokens),
        host_ms_per_sequence=replica.host_ms_per_sequence,
        front_end_ms=replica.front_end_ms,
    )
    # A run that was made did fit: room for its longest request in whole blocks, and the one that
    # is being filled.
    longest = replica.lengths.sequence_tokens + 2 * engine.block_tokens
    return replace(engine, kv_cache_tokens=max(engine.kv_cache_tokens, int(longest)))


def _prediction(
    row: Row, question: Question, answer: Answer, most_rps: float, result: SimResult
) -> Prediction:
    rate = _rate_rps(row, result)
    load_rps = row.load if row.load_kind == "open" else rate
    utilisation = 1.0 if row.load_kind == "burst" else min(load_rps / most_rps, 1.0)
    found: dict[Metric, float | None] = {
        "throughput": rate * row.output_tokens,
        "tpot": _at(result.tpot_ms, row.tpot_percentile),
        "ttft": _at(result.ttft_ms, row.ttft_percentile),
    }
    untrusted: dict[Metric, str] = {}
    if found["tpot"] is None:
        untrusted["tpot"] = "one output token: there is no time per further one"
    if utilisation > TRUSTED_UTILISATION:
        found["ttft"] = None
        untrusted["ttft"] = (
            f"not predicted: utilisation {utilisation:.2f} is above {TRUSTED_UTILISATION}, where "
            "waits depend on bursts and on how long the load lasts"
        )
    bands = calibration().bands[answer.band_class]
    return Prediction(
        provider=answer.provider,
        band_class=answer.band_class,
        accelerator=question.accelerator.name,
        is_moe=bool(question.card.experts),
        values={metric: value for metric, value in found.items() if value is not None},
        bands={"throughput": answer.band, "tpot": bands.tpot, "ttft": bands.ttft},
        untrusted=untrusted,
        utilisation=utilisation,
        source_ids=answer.source_ids,
        warnings=(*question.weights.warnings, *answer.warnings),
    )


def _rate_rps(row: Row, result: SimResult) -> float:
    """Requests per second; see the module."""
    if row.load_kind != "closed":
        return result.output_tokens_per_s / row.output_tokens
    stay_ms = result.e2e_ms.mean
    # The simulator refuses a run without a completed request.
    assert stay_ms is not None
    return row.load / stay_ms * MS_PER_S


def _at(sample: Sample, percentile: float | None) -> float | None:
    return sample.mean if percentile is None else sample.at(percentile)
