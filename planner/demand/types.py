"""What demand hands on: a monthly volume, its week, and the lengths of its requests."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from planner.scenario.provenance import Assumption

__all__ = ["Demand", "LengthBucket", "LengthStats", "SharedPrefixDemand", "TraceWindow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthBucket:
    """A share of the requests with their mean lengths in tokens. Shares of a demand sum to 1."""

    share: Decimal
    input_tokens: Decimal
    output_tokens: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthStats:
    """Percentiles of one length in tokens, for limits and for service levels."""

    mean: Decimal
    p50: float
    p95: float
    p99: float
    maximum: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedPrefixDemand:
    """A prompt prefix shared by the requests, spread evenly over the distinct ones."""

    tokens: Decimal
    distinct_prefixes: int
    ttl_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceWindow:
    """Consecutive requests of a trace around its busiest minute, at the trace's own rate.

    ``seconds`` count from the first of them; ``duration_s`` reaches to the one that would be next.
    ``lengths`` are (input, output) tokens, None where the scenario gives lengths of its own.
    ``busiest_minute_rps`` is what the demand's ``peak_rps`` corresponds to.
    """

    seconds: tuple[float, ...]
    duration_s: float
    lengths: tuple[tuple[int, int], ...] | None
    busiest_minute_rps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """The load of a scenario in its first month.

    ``requests_per_month`` is the mean day times ``days_per_month``; ``mean_rps`` spreads it over
    those days. ``hour_weights`` are 168 rates relative to the mean (their mean is 1), hour 0 is
    Monday 00:00 in ``timezone``. ``peak_rps`` = mean_rps x the largest weight x
    ``burst_within_hour``. ``buckets`` keep input and output joint; a request's price is taken
    bucket by bucket, never from the mean, since price tiers are cliffs on one request's input.
    ``trace_window`` is set where the scenario names a trace.
    """

    requests_per_month: Decimal
    days_per_month: Decimal
    mean_rps: float
    timezone: str
    hour_weights: tuple[float, ...]
    burst_within_hour: float
    interarrival_cv: float
    buckets: tuple[LengthBucket, ...]
    input_tokens: LengthStats
    output_tokens: LengthStats
    growth_per_month: Decimal
    deferrable_share: Decimal
    shared_prefix: SharedPrefixDemand | None
    assumptions: tuple[Assumption, ...]
    trace_window: TraceWindow | None = None

    @property
    def peak_to_mean(self) -> float:
        """Busiest hour ÷ mean, without the burst inside the hour."""
        return max(self.hour_weights)

    @property
    def peak_rps(self) -> float:
        """Requests per second in the busiest minute of the week."""
        return self.mean_rps * self.peak_to_mean * self.burst_within_hour

    @property
    def tokens_per_request(self) -> Decimal:
        """Mean input plus output tokens of one request, cached input included."""
        return self.input_tokens.mean + self.output_tokens.mean

    @property
    def token_shares(self) -> tuple[float, float]:
        """Input and output as shares of the mean request's tokens; zeros without tokens."""
        total = self.tokens_per_request
        if not total:
            return 0.0, 0.0
        return float(self.input_tokens.mean / total), float(self.output_tokens.mean / total)
