"""The metrics that alarms look at, by meter; ``stacks/metrics.py`` says who emits them."""

from __future__ import annotations

from planner.emit.guard.types import MetricRef, Statistic

__all__ = [
    "API_NAME",
    "BALANCER",
    "GROUP",
    "STACK",
    "STAGE",
    "balancer_requests",
    "gateway",
    "gateway_count",
    "generated_tokens",
    "instances",
    "invocations",
    "prompt_tokens",
    "running",
    "tokens_of",
]

# Names that the stack fills in, and `<model1>`, `<model2>`, ... of Bedrock.
STACK = "<stack>"
GROUP = "<group>"
BALANCER = "<balancer>"
API_NAME = "<api>"
STAGE = "<stage>"


def gateway(id_: str, name: str, period_s: int) -> MetricRef:
    """A figure of the gateway's own metering, of the whole stack."""
    return _ref(id_, "LlmPlanner", name, {"Stack": STACK}, period_s)


def gateway_count(id_: str, period_s: int) -> MetricRef:
    """Requests as API Gateway counts them: there also when our metering is dead."""
    return _ref(id_, "AWS/ApiGateway", "Count", {"ApiName": API_NAME, "Stage": STAGE}, period_s)


def instances(id_: str, period_s: int) -> MetricRef:
    """Instances in service, one sample a minute: a Sum of 60 is an instance hour."""
    dimensions = {"AutoScalingGroupName": GROUP}
    return _ref(id_, "AWS/AutoScaling", "GroupInServiceInstances", dimensions, period_s)


def balancer_requests(id_: str, period_s: int) -> MetricRef:
    """Requests that reached the load balancer in front of the engines."""
    dimensions = {"LoadBalancer": BALANCER}
    return _ref(id_, "AWS/ApplicationELB", "RequestCount", dimensions, period_s)


def running(id_: str, period_s: int) -> MetricRef:
    """The most requests that any engine has in work."""
    return _engine(id_, "vllm:num_requests_running", period_s, "Maximum")


def prompt_tokens(id_: str, period_s: int) -> MetricRef:
    """Prompt tokens that the engines have read."""
    return _engine(id_, "vllm:prompt_tokens_total", period_s)


def generated_tokens(id_: str, period_s: int) -> MetricRef:
    """Tokens that the engines have generated."""
    return _engine(id_, "vllm:generation_tokens_total", period_s)


def tokens_of(number: int, period_s: int) -> tuple[MetricRef, MetricRef]:
    """Input and output tokens of the n-th Bedrock model, as ``i1`` and ``o1``."""
    dimensions = {"ModelId": f"<model{number}>"}
    return (
        _ref(f"i{number}", "AWS/Bedrock", "InputTokenCount", dimensions, period_s),
        _ref(f"o{number}", "AWS/Bedrock", "OutputTokenCount", dimensions, period_s),
    )


def invocations(number: int, period_s: int) -> MetricRef:
    """Requests to the n-th Bedrock model, as ``n1``."""
    dimensions = {"ModelId": f"<model{number}>"}
    return _ref(f"n{number}", "AWS/Bedrock", "Invocations", dimensions, period_s)


def _engine(id_: str, name: str, period_s: int, stat: Statistic = "Sum") -> MetricRef:
    return _ref(id_, "LlmPlanner/Engine", name, {"Stack": STACK}, period_s, stat)


def _ref(
    id_: str,
    namespace: str,
    name: str,
    dimensions: dict[str, str],
    period_s: int,
    stat: Statistic = "Sum",
) -> MetricRef:
    return MetricRef(
        id=id_,
        namespace=namespace,
        name=name,
        dimensions=dimensions,
        stat=stat,
        period_s=period_s,
    )
