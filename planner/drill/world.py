"""Minute by minute: requests, instances, dollars, and the metrics that a stack would emit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from planner.drill.model import Fault, traffic_figure
from planner.drill.subject import Subject
from planner.drill.windows import Timeline
from planner.emit.guard import MetricRef
from planner.units import HOURS_PER_WEEK

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Series = npt.NDArray[np.float64]
    Index = npt.NDArray[np.int64]
    Truth = npt.NDArray[np.bool_]

__all__ = ["World", "WorldMaker"]

_MINUTES_PER_HOUR = 60
_MINUTES_PER_DAY = 1_440
_ROUND_LOSS = 1e-9
_HALF = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One run. Series are per minute.

    ``total_usd`` is all that is spent, ``aws_usd`` what of it is on the AWS bill, ``waste_usd``
    what is spent without need though planned. ``capped`` marks minutes in which a cap bit.
    """

    metrics: Mapping[tuple[str, str], Series]
    total_usd: Series
    aws_usd: Series
    waste_usd: Series
    capped: Truth

    def samples(self, metric: MetricRef) -> Series | None:
        """By namespace and name: every metric of an alarm is of this stack."""
        return self.metrics.get((metric.namespace, metric.name))


class WorldMaker:
    """Runs of one subject over one timeline, all with the same noise."""

    def __init__(self, subject: Subject, timeline: Timeline, seed: int) -> None:
        import numpy as np

        self._subject = subject
        self._timeline = timeline
        self._seed = seed
        self._hour = _planned_hour(subject, timeline)
        rng = np.random.default_rng((seed, 0))
        rate = np.asarray(subject.guard.requests_utc)[self._hour] / _MINUTES_PER_HOUR
        self._rate = rate * self._minutes_noise(rng) * self._days_noise(rng)

    def run(self, fault: Fault | None, start: int, *, caps: bool = True) -> World:
        """The world with ``fault`` from minute ``start`` on; None: as planned."""
        return _Run(self._subject, self._timeline, self._hour, self._rate, self._seed).world(
            fault or Fault(name="planned", description=""), start, caps=caps
        )

    def _minutes_noise(self, rng: np.random.Generator) -> Series:
        import numpy as np

        shape = self._subject.noise.burst_shape
        if shape is None:
            return np.ones(self._timeline.minutes)
        return rng.standard_gamma(shape, self._timeline.minutes) / shape

    def _days_noise(self, rng: np.random.Generator) -> Series:
        import numpy as np

        cv = self._subject.noise.day_cv
        days = rng.normal(-cv * cv / 2, cv, self._timeline.minutes // _MINUTES_PER_DAY + 1)
        return np.repeat(np.exp(days), _MINUTES_PER_DAY)[: self._timeline.minutes]


def _planned_hour(subject: Subject, timeline: Timeline) -> Index:
    """The hour of the planned UTC week that each minute is like: people keep their local time."""
    import numpy as np

    guard = subject.guard
    year, month = (int(part) for part in guard.start_month.split("-"))
    zone_now = timeline.offsets_min(guard.timezone)
    planned = _offset_min(guard.timezone, year, month)
    at = np.arange(timeline.minutes) + timeline.start.weekday() * _MINUTES_PER_DAY
    return (at + zone_now - planned) // _MINUTES_PER_HOUR % HOURS_PER_WEEK


def _offset_min(timezone: str, year: int, month: int) -> int:
    """Of the plan's first day at noon, as the plan's weeks are made."""
    import datetime
    from zoneinfo import ZoneInfo

    noon = datetime.datetime(year, month, 1, 12, tzinfo=ZoneInfo(timezone))
    return int((noon.utcoffset() or datetime.timedelta(0)).total_seconds() // 60)


class _Run:
    """One run of a fault: what follows from what, in order."""

    def __init__(
        self, subject: Subject, timeline: Timeline, hour: Index, rate: Series, seed: int
    ) -> None:
        self._subject = subject
        self._timeline = timeline
        self._hour = hour
        self._rate = rate
        self._seed = seed

    def world(self, fault: Fault, start: int, *, caps: bool) -> World:
        """Everything of one run."""
        import numpy as np

        guard = self._subject.guard
        factor = _traffic_factor(fault, start, self._timeline.minutes)
        # The same numbers in every run: a fault changes what it changes and nothing else.
        rng = np.random.default_rng((self._seed, 1))
        requests = rng.poisson(self._rate * factor).astype(float)
        wanted_usd = self._api_usd(requests, factor, fault, start)
        blocked: Series = np.zeros_like(requests)
        spent = wanted_usd
        if caps and guard.cap_day_usd is not None and guard.cap_month_usd is not None:
            spent = _below_caps(wanted_usd, self._timeline, guard.cap_day_usd, guard.cap_month_usd)
            refused = np.divide(
                wanted_usd - spent, wanted_usd, out=np.zeros_like(spent), where=wanted_usd > 0
            )
            blocked = np.floor(requests * refused + _HALF)
        running, at_limit = self._instances(fault, start, factor, caps=caps)
        aws = self._planned_aws_usd(factor) + self._more_instances_usd(running)
        total = aws + spent
        if self._subject.api_on_aws:
            aws = total
        after = np.arange(len(requests)) >= start
        return World(
            metrics=self._metrics(requests, blocked, spent, running, fault, after),
            total_usd=total,
            aws_usd=aws,
            waste_usd=np.where(after & fault.waste, self._instances_usd(running), 0.0),
            capped=(wanted_usd - spent > _ROUND_LOSS * wanted_usd) | at_limit,
        )

    def _api_usd(self, requests: Series, factor: Series, fault: Fault, start: int) -> Series:
        """What is metered by use: the hour's planned cost of a request, scattered.

        In a hybrid the overflow grows faster than the traffic: what is above the plan all goes
        to the API.
        """
        import numpy as np

        guard = self._subject.guard
        planned_usd = np.asarray(guard.api_usd_utc)[self._hour]
        planned_requests = np.asarray(guard.requests_utc)[self._hour]
        unit = np.divide(
            planned_usd,
            planned_requests,
            out=np.zeros_like(planned_usd),
            where=planned_requests > 0,
        )
        if guard.api_share < 1:
            all_usd, all_requests = sum(guard.api_usd_utc), sum(guard.requests_utc)
            dearest = all_usd / (all_requests * guard.api_share) if guard.api_share else 0.0
            over = np.maximum(factor - 1, 0) / np.maximum(factor, 1)
            unit = unit * (1 - over) + dearest * over
        rng = np.random.default_rng((self._seed, 2))
        shape = 1 / max(self._subject.noise.cost_cv, 1e-3) ** 2
        cost = rng.standard_gamma(np.maximum(requests * shape, 1e-12)) / shape
        dearer = np.where(np.arange(len(requests)) >= start, fault.unit_cost, 1.0)
        return np.where(requests > 0, cost, 0.0) * unit * dearer

    def _instances(
        self, fault: Fault, start: int, factor: Series, *, caps: bool
    ) -> tuple[Series, Truth]:
        """Instances in service, which follow the load late and stay for a while; and where the
        group's limit, which caps what they cost, keeps more from coming."""
        import numpy as np

        gpu = self._subject.guard.gpu
        minutes = self._timeline.minutes
        at_limit = np.zeros(minutes, dtype=np.bool_)
        if gpu is None:
            return np.zeros(minutes), at_limit
        planned = np.asarray(gpu.instances_by_hour_utc)[self._hour]
        wanted = planned
        if fault.instances == "most":
            after = np.arange(minutes) >= start
            wanted = np.where(after, float(gpu.max_instances), planned)
        elif fault.instances == "follow":
            followed = np.ceil(planned * np.maximum(factor, 1) - _ROUND_LOSS)
            wanted = np.where(factor > 1, followed, planned)
            # A plan of parts of instances (a mean) may lie above the limit.
            limit = np.maximum(planned, float(gpu.max_instances))
            if caps:
                at_limit = wanted > limit
                wanted = np.minimum(wanted, limit)
        late = _window(wanted, int(traffic_figure("scale_up_minutes")), np.minimum)
        return _window(late, int(traffic_figure("scale_in_minutes")), np.maximum), at_limit

    def _planned_aws_usd(self, factor: Series) -> Series:
        """The planned AWS bill without what is metered by use: its flat part stays.

        Behind a gateway the rest follows requests. With instances nearly all is theirs.
        """
        import numpy as np

        guard = self._subject.guard
        bill = np.asarray(self._subject.aws_usd_utc)
        if self._subject.api_on_aws:
            bill = np.maximum(bill - np.asarray(guard.api_usd_utc), 0.0)
        hourly = bill[self._hour]
        if guard.gpu is None:
            flat = float(bill.min())
            hourly = flat + (hourly - flat) * factor
        return hourly / _MINUTES_PER_HOUR

    def _more_instances_usd(self, running: Series) -> Series:
        """Instances beyond the hour's plan, or fewer."""
        import numpy as np

        gpu = self._subject.guard.gpu
        if gpu is None:
            return np.zeros_like(running)
        return self._instances_usd(running - np.asarray(gpu.instances_by_hour_utc)[self._hour])

    def _instances_usd(self, running: Series) -> Series:
        gpu = self._subject.guard.gpu
        price = 0.0 if gpu is None else gpu.usd_per_instance_hour
        return running * price / _MINUTES_PER_HOUR

    def _metrics(
        self,
        requests: Series,
        blocked: Series,
        spent: Series,
        running: Series,
        fault: Fault,
        after: Truth,
    ) -> dict[tuple[str, str], Series]:
        import numpy as np

        dead = after & (not fault.metered)
        guard = self._subject.guard
        found: dict[tuple[str, str], Series] = {}
        if guard.kind in ("api_gateway", "hybrid"):
            # What the function writes, it writes with a request; what AWS counts, it counts.
            silent = dead | (requests == 0)
            found |= {
                ("LlmPlanner", "SpendUSD"): np.where(silent, np.nan, spent),
                ("LlmPlanner", "Requests"): np.where(silent, np.nan, requests),
                ("LlmPlanner", "Blocked"): np.where(silent, np.nan, blocked),
                ("AWS/ApiGateway", "Count"): requests,
            }
        if guard.kind == "bedrock":
            found |= self._bedrock(requests, spent, dead)
        if guard.gpu is not None:
            tokens = requests * guard.tokens_per_request
            in_work = requests / _MINUTES_PER_HOUR * traffic_figure("running_per_rps")
            found |= {
                ("AWS/AutoScaling", "GroupInServiceInstances"): np.where(dead, np.nan, running),
                ("AWS/ApplicationELB", "RequestCount"): requests,
                ("LlmPlanner/Engine", "vllm:num_requests_running"): np.ceil(in_work),
                ("LlmPlanner/Engine", "vllm:prompt_tokens_total"): tokens / 2,
                ("LlmPlanner/Engine", "vllm:generation_tokens_total"): tokens / 2,
            }
        return found

    def _bedrock(
        self, requests: Series, spent: Series, dead: Truth
    ) -> dict[tuple[str, str], Series]:
        """Tokens at which the model's prices come to what is spent, half of it for each."""
        import numpy as np

        silent = dead | (requests == 0)
        prices = self._subject.guard.models[0]
        tokens = {
            "InputTokenCount": prices.usd_per_input_token,
            "OutputTokenCount": prices.usd_per_output_token,
        }
        paid = [name for name, usd in tokens.items() if usd > 0]
        found = {
            ("AWS/Bedrock", name): np.where(
                silent, np.nan, spent / len(paid) / usd if usd > 0 else 0.0
            )
            for name, usd in tokens.items()
        }
        return {**found, ("AWS/Bedrock", "Invocations"): np.where(silent, np.nan, requests)}


def _traffic_factor(fault: Fault, start: int, minutes: int) -> Series:
    import numpy as np

    at = np.arange(minutes) - start
    days = np.maximum(at, 0) / _MINUTES_PER_DAY
    grown = fault.traffic * (1 + fault.growth_per_day) ** days
    return np.where(at >= 0, grown, 1.0)


def _window(values: Series, minutes: int, keep: np.ufunc) -> Series:
    """The least or largest of the last ``minutes`` values."""
    import numpy as np

    found = values.copy()
    for back in range(1, minutes):
        earlier = np.concatenate((np.full(back, values[0]), values))[: len(values)]
        found = keep(found, earlier)
    return found


def _below_caps(wanted: Series, timeline: Timeline, day_usd: float, month_usd: float) -> Series:
    """What goes through: nothing more of a UTC day or month once its cap is reached."""
    import datetime

    import numpy as np

    spent = wanted.copy()
    month = None
    used = 0.0
    for first in range(0, timeline.minutes, _MINUTES_PER_DAY):
        at = timeline.start + datetime.timedelta(minutes=first)
        if month != (at.year, at.month):
            month, used = (at.year, at.month), 0.0
        left = max(min(day_usd, month_usd - used), 0.0)
        day = spent[first : first + _MINUTES_PER_DAY]
        summed = np.minimum(np.cumsum(day), left)
        spent[first : first + _MINUTES_PER_DAY] = np.diff(summed, prepend=0.0)
        used += float(summed[-1])
    return spent
