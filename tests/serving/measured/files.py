"""Benchmark files as the tools write them, cut to the keys that are read."""

from __future__ import annotations

from typing import Any

LLAMA = "meta-llama/Llama-3.1-8B-Instruct"


def vllm(**changes: Any) -> dict[str, Any]:
    """`vllm bench serve`, 64 in flight: 1,000 + 200 tokens, 2,000 tokens/s."""
    return {
        "date": "20261120-101500",
        "backend": "vllm",
        "model_id": LLAMA,
        "num_prompts": 1000,
        "request_rate": "inf",
        "max_concurrency": 64,
        "duration": 100.0,
        "completed": 1000,
        "failed": 0,
        "total_input_tokens": 1_000_000,
        "total_output_tokens": 200_000,
        "request_throughput": 10.0,
        "output_throughput": 2000.0,
        "mean_ttft_ms": 400.0,
        "mean_tpot_ms": 30.0,
        "median_tpot_ms": 29.0,
        **changes,
    }


def aiperf(**changes: Any) -> dict[str, Any]:
    """AIPerf's `profile_export_aiperf.json`, 64 in flight."""
    return {
        "schema_version": "1.0",
        "aiperf_version": "0.6.0",
        "request_throughput": {"unit": "requests/sec", "avg": 10.0},
        "request_latency": {"unit": "ms", "avg": 6400.0, "p50": 6300.0, "p99": 8000.0},
        "request_count": {"unit": "requests", "avg": 1000.0},
        "error_request_count": {"unit": "requests", "avg": 0.0},
        "time_to_first_token": {"unit": "ms", "avg": 400.0},
        "inter_token_latency": {"unit": "ms", "avg": 30.0},
        "output_token_throughput": {"unit": "tokens/sec", "avg": 2000.0},
        "output_sequence_length": {"unit": "tokens", "avg": 200.0},
        "input_sequence_length": {"unit": "tokens", "avg": 1000.0},
        "benchmark_duration": {"unit": "sec", "avg": 100.0},
        "input_config": {
            "endpoint": {"model_names": [LLAMA]},
            "loadgen": {"concurrency": 64},
        },
        **changes,
    }


def _mean(value: float) -> dict[str, Any]:
    return {"successful": {"mean": value}, "errored": {"mean": 0.0}}


def guidellm_run(
    strategy: dict[str, Any] | None = None, *, completed: int = 1000, errored: int = 0
) -> dict[str, Any]:
    return {
        "type_": "generative_benchmark",
        "config": {
            "strategy": strategy or {"type_": "concurrent", "streams": 64, "max_concurrency": 64},
            "backend": {"model": LLAMA},
        },
        "duration": 100.0,
        "metrics": {
            "request_totals": {"successful": completed, "errored": errored, "incomplete": 3},
            "request_latency": _mean(6.4),
            "request_concurrency": _mean(61.5),
            "prompt_token_count": _mean(1000.0),
            "output_token_count": _mean(200.0),
            "output_tokens_per_second": _mean(2000.0),
            "time_per_output_token_ms": _mean(32.0),
            "inter_token_latency_ms": _mean(30.0),
            "time_to_first_token_ms": _mean(400.0),
        },
    }


def guidellm(*runs: dict[str, Any], version: object = 1) -> dict[str, Any]:
    """A GuideLLM report."""
    return {
        "metadata": {"version": version, "guidellm_version": "0.6.0"},
        "args": {"model": LLAMA, "profile": "concurrent", "rate": [64.0]},
        "benchmarks": list(runs) or [guidellm_run()],
    }
