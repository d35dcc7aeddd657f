"""One line on stdout per request: CloudWatch reads metrics from it (embedded metric format)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

__all__ = ["METRICS", "NAMESPACE", "Metering", "metric_line"]

NAMESPACE = "LlmPlanner"
# Names and units. Each is billed once per dimension set: stack; stack and model; and stack and
# tenant for the keys that ask for it.
METRICS: Mapping[str, str] = {
    "SpendUSD": "None",
    "InputTokens": "Count",
    "OutputTokens": "Count",
    "CachedTokens": "Count",
    "Requests": "Count",
    "CacheHits": "Count",
    "Blocked": "Count",
    "UnsettledUSD": "None",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Metering:
    """What one request was and cost. ``facts`` go into the log line without being metrics."""

    stack: str
    # None on the stack's own GPUs, whose engine has metrics of its own.
    model: str | None
    tenant: str | None = None
    spend_usd: Decimal = Decimal(0)
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    requests: int = 0
    cache_hits: int = 0
    blocked: int = 0
    unsettled_usd: Decimal = Decimal(0)
    facts: Mapping[str, str | int] = field(default_factory=dict[str, str | int])


def metric_line(metering: Metering, timestamp_ms: int) -> str:
    """The line, without its end. No other dimension may join: alarms name exactly these sets."""
    names = {"Stack": metering.stack}
    sets = [["Stack"]]
    for name, value in (("Model", metering.model), ("Tenant", metering.tenant)):
        if value is not None:
            names[name] = value
            sets.append(["Stack", name])
    values = (
        float(metering.spend_usd),
        metering.input_tokens,
        metering.output_tokens,
        metering.cached_tokens,
        metering.requests,
        metering.cache_hits,
        metering.blocked,
        float(metering.unsettled_usd),
    )
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": sets,
        "Metrics": [{"Name": name, "Unit": unit} for name, unit in METRICS.items()],
    }
    line = {
        "_aws": {"Timestamp": timestamp_ms, "CloudWatchMetrics": [directive]},
        **names,
        **dict(zip(METRICS, values, strict=True)),
        **metering.facts,
    }
    return json.dumps(line, separators=(",", ":"))
