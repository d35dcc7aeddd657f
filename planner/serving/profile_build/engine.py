"""The one place that calls aiconfigurator-core (extra ``profiles``), which is below version 1.

Every quantisation mode is passed on each call: left out, some are taken from the checkpoint, and
an FP8 checkpoint then silently gets an FP8 cache. Models are given as a folder with one
config.json, never by name, since an unknown name would be downloaded. Exceptions of the library
that mean "no data" or "not possible" become ``NoData``; anything else is a defect and passes.
"""

from __future__ import annotations

import importlib
import json
import logging
import re
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from planner.errors import MissingExtra

__all__ = [
    "BACKEND",
    "PACKAGE",
    "EngineSettings",
    "EngineTimes",
    "Memory",
    "Modes",
    "NoData",
    "NoMemoryModel",
    "Target",
    "bundled_config",
    "engine_version",
    "library_root",
    "memory_of",
    "open_engine",
    "table_version",
]

PACKAGE = "aiconfigurator-core"
BACKEND = "vllm"
_MODULE = "aiconfigurator_core"
_NEEDED_FOR = "`planner profiles build`"

# A capacity no GPU has, to read the memory breakdown of weights that do not fit.
_ROOMY_BYTES = 1 << 50
_NO_DATA_NAMES = frozenset(
    {
        "PerfDataNotAvailableError",
        "EmpiricalNotImplementedError",
        "InterpolationDataNotAvailableError",
        "MissingSystemFlopsError",
        "SolNotImplementedError",
    }
)
# What a message of the library holds -> our words for it.
_REASONS = (
    (r"needs 'fp4_tc_flops'", "the GPU does not multiply fp4"),
    (r"needs 'fp8_tc_flops'", "the GPU does not multiply fp8"),
    (
        r"Invalid quantized MoE configuration",
        "experts split over the GPUs do not fill whole blocks of 128",
    ),
    (
        r"num_heads (\d+) should be divisible by tp_size (\d+)",
        "{} attention heads do not divide by {}",
    ),
    (r"ep size cannot be larger than num_experts (\d+)", "only {} experts to spread over the GPUs"),
)
_NO_MEMORY_MODEL = "insufficient model metadata"
_PATH = re.compile(r"/\S+")
_LONGEST_REASON = 160


class NoData(Exception):
    """There is no table for what was asked, or the split is not possible; the text says what."""


class NoMemoryModel(NoData):
    """The library times the model's steps, but cannot sum up its memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Modes:
    """Quantisation and split, in the library's words; ``fmha`` is bfloat16 in every vLLM table.

    ``transfer`` lets an operator without a table be estimated from other shapes of its own kind.
    """

    gemm: str
    moe: str
    kv_cache: str
    tensor_parallel_size: int
    expert_parallel_size: int = 1
    transfer: bool = False

    @property
    def text(self) -> str:
        """The modes as provenance."""
        return f"gemm {self.gemm}, moe {self.moe}, kv {self.kv_cache}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A model's folder on a system of the library; the GPU memory is what EC2 gives.

    ``tables`` is a folder of system files in place of the library's own.
    """

    config_dir: Path
    system: str
    version: str
    gpu_bytes: int
    tables: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """Engine flags the memory is computed for."""

    gpu_memory_utilization: float = 0.9
    max_num_batched_tokens: int = 8192
    max_num_seqs: int = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Bytes on one GPU; ``cache_bytes`` below 0 when the rest does not fit."""

    gpu_bytes: int
    weights_bytes: int
    activation_bytes: int
    reserve_bytes: int
    cache_bytes: int
    tokens: int


class EngineTimes(Protocol):
    """Step times of one compiled model; NoData where a table has no such point."""

    def decode_ms(self, sequences: int, context_tokens: int) -> float:
        """One decode step."""
        ...

    def prefill_ms(self, tokens: int, past_tokens: int) -> float:
        """One prefill step of one sequence."""
        ...

    def mixed_ms(self, tokens: int, sequences: int, input_tokens: int, output_tokens: int) -> float:
        """The library's own composition of a mixed step, to check ours against."""
        ...

    def decode_shares(self, sequences: int, context_tokens: int) -> Mapping[str, float]:
        """Share of a decode step by where its operators' times are from."""
        ...

    def prefill_shares(self, tokens: int) -> Mapping[str, float]:
        """Share of a prefill step by where its operators' times are from."""
        ...


def engine_version() -> str:
    """The installed version; MissingExtra when there is none."""
    _library("sdk")
    from importlib.metadata import version

    return version(PACKAGE)


def library_root() -> Path:
    """Where the library and its data lie."""
    return Path(str(_library("").__file__)).parent


def bundled_config(model: str) -> dict[str, Any] | None:
    """The config.json the library carries for a Hugging Face id, or None."""
    path = library_root() / "model_configs" / f"{model.replace('/', '--')}_config.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def table_version(system: str) -> tuple[str, int]:
    """The version of a system's measured tables, and the GPU bytes its file names."""
    with _quiet():
        database = _library("sdk.perf_database")
        version = str(database.resolve_query_version(system, BACKEND, "current"))
        spec = database.get_database(system, BACKEND, version).system_spec
    return version, int(spec["gpu"]["mem_capacity"])


def memory_of(target: Target, modes: Modes, settings: EngineSettings) -> Memory:
    """What the library's memory model leaves for the cache on one GPU.

    NoMemoryModel where it has none (layers of different kinds, such as Nemotron Super).
    """

    def asked(gpu_bytes: int) -> dict[str, Any]:
        return _library("sdk").estimate_kv_cache(
            str(target.config_dir),
            target.system,
            BACKEND,
            target.version,
            max_num_tokens=settings.max_num_batched_tokens,
            max_batch_size=settings.max_num_seqs,
            memory_fraction_kind="of_total",
            memory_fraction_value=settings.gpu_memory_utilization,
            gpu_memory_capacity_bytes_override=gpu_bytes,
            systems_path=target.tables,
            **_split(modes),
        )

    with _quiet(), _no_data():
        parts = asked(_ROOMY_BYTES)["memory_breakdown"]
        used = sum(parts.values())
        left = int(settings.gpu_memory_utilization * target.gpu_bytes) - used
        real = asked(target.gpu_bytes) if left > 0 else None
    return Memory(
        gpu_bytes=target.gpu_bytes,
        weights_bytes=parts["weights_bytes"],
        activation_bytes=parts["activations_bytes"],
        reserve_bytes=parts["runtime_overhead_bytes"] + parts["comm_overhead_bytes"],
        cache_bytes=left if real is None else real["total_kv_size_bytes"],
        tokens=0 if real is None else real["total_kv_size_tokens"],
    )


def open_engine(target: Target, modes: Modes) -> EngineTimes:
    """The compiled model on a system; NoData when it cannot be built there."""
    with _quiet(), _no_data():
        if modes.transfer:
            return _Engine(_transferred(target, modes))
        compiled = _library("sdk").EngineHandle.compile(
            str(target.config_dir),
            target.system,
            BACKEND,
            backend_version=target.version,
            systems_path=target.tables,
            **_split(modes),
        )
    return _Engine(compiled)


def _transferred(target: Target, modes: Modes) -> Any:
    """The same through a view that fills missing shapes from other shapes of the same kernel."""
    engine, database = _library("sdk.engine"), _library("sdk.perf_database")
    split = _split(modes)
    config = _library("sdk.config_builders").build_model_config(
        pp_size=1, attention_dp_size=1, **split
    )
    model = _library("sdk.models").get_model(str(target.config_dir), config, BACKEND)
    view = database.get_database_view(
        target.system,
        BACKEND,
        target.version,
        database_mode="HYBRID",
        transfer_policy="conservative",
        **({} if target.tables is None else {"systems_paths": target.tables}),
    )
    spec = engine.build_engine_spec_json(
        model,
        model_path=str(target.config_dir),
        system=target.system,
        backend=BACKEND,
        backend_version=view.version,
        kv_block_size=None,
        systems_path=target.tables,
        nextn=0,
        database=view,
    )
    compiled = bytes(_library("").engine_spec_bincode_from_json(spec))
    return engine.EngineHandle(compiled, systems_path=target.tables)


@dataclass(frozen=True, slots=True)
class _Engine:
    """The library's handle; its arguments are not what their names say (see the comments)."""

    handle: Any  # the library ships no types for it

    def decode_ms(self, sequences: int, context_tokens: int) -> float:
        # The context used is isl + osl // 2.
        return self._asked(lambda: self.handle.decode_step_latency(*_at(sequences, context_tokens)))

    def prefill_ms(self, tokens: int, past_tokens: int) -> float:
        # isl is the total, the prefix included.
        return self._asked(
            lambda: self.handle.predict_prefill_latency(1, past_tokens + tokens, past_tokens)
        )

    def mixed_ms(self, tokens: int, sequences: int, input_tokens: int, output_tokens: int) -> float:
        return self._asked(
            lambda: self.handle.mixed_step_latency(tokens, sequences, input_tokens, output_tokens)
        )

    def decode_shares(self, sequences: int, context_tokens: int) -> Mapping[str, float]:
        with _quiet(), _no_data():
            return _shares(self.handle.decode_step_per_op(*_at(sequences, context_tokens)))

    def prefill_shares(self, tokens: int) -> Mapping[str, float]:
        with _quiet(), _no_data():
            found = self.handle.run_static_per_op(
                batch_size=1, isl=tokens, osl=2, mode="static_ctx"
            )
            return _shares(found[0])

    def _asked(self, call: Callable[[], float]) -> float:
        with _no_data():
            return float(call())


def _at(sequences: int, context_tokens: int) -> tuple[int, int, int]:
    return sequences, context_tokens - 1, 2


def _shares(operators: list[tuple[str, float, float, str]]) -> dict[str, float]:
    """Operator rows are name, ms, energy and the kind of source."""
    total = sum(row[1] for row in operators)
    found: dict[str, float] = {}
    for _, spent_ms, _, source in operators:
        found[source] = found.get(source, 0.0) + spent_ms / total
    return found


def _split(modes: Modes) -> dict[str, Any]:
    degree, experts = modes.tensor_parallel_size, modes.expert_parallel_size
    return {
        "tp_size": degree,
        "moe_tp_size": degree // experts,
        "moe_ep_size": experts,
        "gemm_quant_mode": modes.gemm,
        "moe_quant_mode": modes.moe,
        "kvcache_quant_mode": modes.kv_cache,
        "fmha_quant_mode": "bfloat16",
    }


def _library(name: str) -> Any:
    """A module of the library: untyped, so that the rest of the package is not."""
    try:
        return importlib.import_module(f"{_MODULE}.{name}" if name else _MODULE)
    except ModuleNotFoundError as error:
        raise MissingExtra("profiles", _NEEDED_FOR) from error


@contextmanager
def _quiet() -> Generator[None]:
    """The library writes a log line for every query."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


@contextmanager
def _no_data() -> Generator[None]:
    try:
        yield
    except Exception as error:
        reason = _reason(error)
        if reason is None:
            raise
        unknown = reason.startswith(_NO_MEMORY_MODEL)
        raise (NoMemoryModel if unknown else NoData)(reason) from error


def _reason(error: Exception) -> str | None:
    """Why, in a few words, when the exception means that there is no data or no such split.

    Never with a path of this machine in it: reasons are part of the profile files.
    """
    text = " ".join(str(error.__cause__ or error).split())
    for pattern, words in _REASONS:
        found = re.search(pattern, text)
        if found is not None:
            return words.format(*found.groups())
    if type(error).__name__ in _NO_DATA_NAMES or "perf database error" in text:
        return f"no operator table: {_first_clause(text)}"
    if isinstance(error, ValueError | AssertionError):
        return _PATH.sub("...", text)[:_LONGEST_REASON] or "the model does not divide over the GPUs"
    return None


def _first_clause(text: str) -> str:
    """What is missing, without the library's keys and file paths."""
    bare = re.sub(r"^(?:perf database error: |empirical estimation not implemented: )+", "", text)
    words = re.split(r" (?:for|from|at) |[:(\[{]", bare, maxsplit=1)[0]
    return words.strip() or "data missing"
