"""The one list of metrics that something in a stack emits.

Alarms, scaling policies and the dashboard may use these and no others: a metric that nothing
emits has no data for ever, and an alarm on it never fires. A test proves it for each stack.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "ENGINE",
    "ENGINE_NAMESPACE",
    "GATEWAY_NAMESPACE",
    "HOST",
    "METRICS",
    "Emitter",
    "Metric",
    "engine_metric_names",
    "metrics_of",
]

# What in a stack emits a metric. A hybrid has the emitters of both.
Emitter = Literal["gpu", "gateway", "bedrock"]

GATEWAY_NAMESPACE = "LlmPlanner"
ENGINE_NAMESPACE = "LlmPlanner/Engine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric with the names of its dimensions. ``billed`` are custom metrics, paid by the month.

    ``counts`` is true where a sample is what happened since the one before, so that Sum is how
    many; false where it is a level, one sample a minute from each emitter.
    """

    namespace: str
    name: str
    dimensions: tuple[str, ...]
    emitter: Emitter
    counts: bool
    billed: bool = False


def _engine(name: str, *, counts: bool) -> Metric:
    return Metric(
        namespace=ENGINE_NAMESPACE,
        name=name,
        dimensions=("Stack",),
        emitter="gpu",
        counts=counts,
        billed=True,
    )


# vLLM's own, read by the agent beside it once a minute. The agent drops histograms and sends a
# counter as the difference to the scrape before (CloudWatch User Guide, Prometheus metric type
# conversion, 2026-11), so a restart of the engine is no negative number.
ENGINE: Mapping[str, Metric] = {
    "waiting": _engine("vllm:num_requests_waiting", counts=False),
    "running": _engine("vllm:num_requests_running", counts=False),
    "kv_cache": _engine("vllm:kv_cache_usage_perc", counts=False),
    "preemptions": _engine("vllm:num_preemptions_total", counts=True),
    "requests": _engine("vllm:request_success_total", counts=True),
    "prompt_tokens": _engine("vllm:prompt_tokens_total", counts=True),
    "generation_tokens": _engine("vllm:generation_tokens_total", counts=True),
    "prefix_queries": _engine("vllm:prefix_cache_queries_total", counts=True),
    "prefix_hits": _engine("vllm:prefix_cache_hits_total", counts=True),
}

# From the agent on the host: a container that reserves no GPU cannot see one.
HOST: Mapping[str, Metric] = {
    key: Metric(
        namespace=ENGINE_NAMESPACE,
        name=name,
        dimensions=("AutoScalingGroupName",),
        emitter="gpu",
        counts=False,
        billed=True,
    )
    for key, name in (
        ("gpu", "nvidia_smi_utilization_gpu"),
        ("gpu_memory", "nvidia_smi_utilization_memory"),
    )
}

_GATEWAY_NAMES = (
    "SpendUSD",
    "InputTokens",
    "OutputTokens",
    "CachedTokens",
    "Requests",
    "CacheHits",
    "Blocked",
    "UnsettledUSD",
)
_GATEWAY_DIMENSIONS = (("Stack",), ("Stack", "Model"))


def _gateway() -> tuple[Metric, ...]:
    return tuple(
        Metric(
            namespace=GATEWAY_NAMESPACE,
            name=name,
            dimensions=dimensions,
            emitter="gateway",
            counts=True,
            billed=True,
        )
        for dimensions in _GATEWAY_DIMENSIONS
        for name in _GATEWAY_NAMES
    )


def _aws(
    namespace: str,
    names: tuple[str, ...],
    dimensions: tuple[str, ...],
    emitter: Emitter,
    *,
    counts: bool,
) -> tuple[Metric, ...]:
    return tuple(
        Metric(
            namespace=namespace, name=name, dimensions=dimensions, emitter=emitter, counts=counts
        )
        for name in names
    )


METRICS: tuple[Metric, ...] = (
    *ENGINE.values(),
    *HOST.values(),
    # Enabled on the group, one sample a minute.
    *_aws(
        "AWS/AutoScaling",
        ("GroupInServiceInstances", "GroupDesiredCapacity"),
        ("AutoScalingGroupName",),
        "gpu",
        counts=False,
    ),
    # Its SampleCount over a minute is the number of running tasks.
    *_aws(
        "AWS/ECS",
        ("CPUUtilization", "MemoryUtilization"),
        ("ClusterName", "ServiceName"),
        "gpu",
        counts=False,
    ),
    *_aws(
        "AWS/ApplicationELB",
        ("RequestCount", "HTTPCode_ELB_5XX_Count", "RejectedConnectionCount"),
        ("LoadBalancer",),
        "gpu",
        counts=True,
    ),
    *_aws(
        "AWS/ApplicationELB",
        ("HTTPCode_Target_5XX_Count", "RequestCount"),
        ("LoadBalancer", "TargetGroup"),
        "gpu",
        counts=True,
    ),
    *_aws(
        "AWS/ApplicationELB",
        ("HealthyHostCount", "UnHealthyHostCount", "TargetResponseTime"),
        ("LoadBalancer", "TargetGroup"),
        "gpu",
        counts=False,
    ),
    *_gateway(),
    *_aws(
        "AWS/ApiGateway",
        ("Count", "4XXError", "5XXError"),
        ("ApiName", "Stage"),
        "gateway",
        counts=True,
    ),
    *_aws("AWS/ApiGateway", ("Latency",), ("ApiName", "Stage"), "gateway", counts=False),
    *_aws(
        "AWS/Lambda",
        ("Invocations", "Errors", "Throttles"),
        ("FunctionName",),
        "gateway",
        counts=True,
    ),
    *_aws(
        "AWS/Lambda",
        ("Duration", "ConcurrentExecutions"),
        ("FunctionName",),
        "gateway",
        counts=False,
    ),
    *_aws(
        "AWS/Bedrock",
        ("Invocations", "InputTokenCount", "OutputTokenCount", "InvocationThrottles"),
        ("ModelId",),
        "bedrock",
        counts=True,
    ),
)


def metrics_of(emitters: frozenset[Emitter]) -> tuple[Metric, ...]:
    """The metrics that exist where these emitters are deployed."""
    return tuple(metric for metric in METRICS if metric.emitter in emitters)


def engine_metric_names() -> tuple[str, ...]:
    """Names the agent beside the engine is allowed to send."""
    return tuple(sorted(metric.name for metric in ENGINE.values()))
