"""How many replicas run: by the hour as planned, and between the bounds by the queue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from config import Settings
from metrics import ENGINE
from planner.emit.serving_plan import GpuPart

__all__ = ["HourRun", "engine_scaling", "hour_runs"]

_DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_HOURS = 24
_NAMESPACE = "ecs"
_DIMENSION = "ecs:service:DesiredCount"
_IN_COOLDOWN_S = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class HourRun:
    """Hours of some days of the week, both ends included, with the same floor."""

    days: tuple[str, ...]
    first_hour: int
    last_hour: int
    instances: int

    @property
    def cron(self) -> str:
        """On the hour, each hour: whoever changed the floor by hand has it back an hour later."""
        hours = f"{self.first_hour}-{self.last_hour}"
        if self.first_hour == self.last_hour:
            hours = str(self.first_hour)
        return f"cron(0 {hours} ? * {','.join(self.days)} *)"


def hour_runs(instances_by_hour: Sequence[int]) -> tuple[HourRun, ...]:
    """The week as the fewest runs of hours, equal days together."""
    days: dict[tuple[int, int, int], list[str]] = defaultdict(list)
    for day, name in enumerate(_DAYS):
        hours = instances_by_hour[day * _HOURS : (day + 1) * _HOURS]
        first = 0
        for hour in range(1, _HOURS + 1):
            if hour == _HOURS or hours[hour] != hours[first]:
                days[(first, hour - 1, hours[first])].append(name)
                first = hour
    return tuple(
        HourRun(days=tuple(names), first_hour=first, last_hour=last, instances=instances)
        for (first, last, instances), names in sorted(days.items())
    )


def engine_scaling(
    settings: Settings,
    *,
    cluster_name: str,
    service_name: str,
    service: aws.ecs.Service,
    parent: pulumi.Resource,
) -> None:
    """Bounds, the schedule that keeps the floor, and tracking of the queue between them."""
    gpu = settings.plan.gpu
    assert gpu is not None
    ready = settings.weights_ready
    least = gpu.min_instances * gpu.replicas_per_instance if ready else 0
    most = gpu.max_instances * gpu.replicas_per_instance if ready else 0
    target = aws.appautoscaling.Target(
        settings.name("engine"),
        service_namespace=_NAMESPACE,
        scalable_dimension=_DIMENSION,
        resource_id=f"service/{cluster_name}/{service_name}",
        min_capacity=least,
        max_capacity=most,
        tags=settings.tags.of("engine"),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[service]),
    )
    _queue_tracking(settings, gpu, target, cluster_name, service_name, parent)
    if ready:
        _floors(settings, gpu, target, parent)


def _floors(
    settings: Settings, gpu: GpuPart, target: aws.appautoscaling.Target, parent: pulumi.Resource
) -> None:
    """A scheduled action sets only the bounds; a count below them rises to the lower one.

    It also starts the first replicas after ``weightsReady``: the count of a live service is left
    alone by updates, and without tasks the queue has no data to be tracked by.
    """
    # In the plan's zone where it says so: the load follows its clock, not UTC.
    local = gpu.instances_by_hour_local
    hours = gpu.instances_by_hour_utc if local is None else local
    zone = "UTC" if local is None else settings.plan.timezone
    if hours is None:
        schedules = [("floor", "rate(5 minutes)", gpu.min_instances)]
    else:
        schedules = [
            (f"floor-{index:02}", run.cron, run.instances)
            for index, run in enumerate(hour_runs(hours))
        ]
    for part, schedule, instances in schedules:
        aws.appautoscaling.ScheduledAction(
            settings.name(part),
            service_namespace=target.service_namespace,
            scalable_dimension=target.scalable_dimension,
            resource_id=target.resource_id,
            schedule=schedule,
            # AWS takes no zone for a rate.
            timezone=None if schedule.startswith("rate") else zone,
            scalable_target_action=aws.appautoscaling.ScheduledActionScalableTargetActionArgs(
                min_capacity=instances * gpu.replicas_per_instance,
                max_capacity=gpu.max_instances * gpu.replicas_per_instance,
            ),
            opts=pulumi.ResourceOptions(parent=parent),
        )


def _queue_tracking(
    settings: Settings,
    gpu: GpuPart,
    target: aws.appautoscaling.Target,
    cluster_name: str,
    service_name: str,
    parent: pulumi.Resource,
) -> None:
    """Waiting requests for each running task. GPU use would saturate long before the queue."""
    stack = {"Stack": settings.plan.stack_id}
    task = {"ClusterName": cluster_name, "ServiceName": service_name}
    aws.appautoscaling.Policy(
        settings.name("queue"),
        policy_type="TargetTrackingScaling",
        service_namespace=target.service_namespace,
        scalable_dimension=target.scalable_dimension,
        resource_id=target.resource_id,
        target_tracking_scaling_policy_configuration={
            "target_value": float(gpu.waiting_per_replica_target),
            "scale_in_cooldown": _IN_COOLDOWN_S,
            # A replica that is starting takes nothing from the queue yet.
            "scale_out_cooldown": gpu.grace_s,
            "customized_metric_specification": {
                "metrics": [
                    {
                        "id": "waiting",
                        "metric_stat": _stat(
                            ENGINE["waiting"].namespace, ENGINE["waiting"].name, "Sum", stack
                        ),
                        "return_data": False,
                    },
                    {
                        "id": "running",
                        # One sample a minute from each task; Container Insights would bill it.
                        "metric_stat": _stat("AWS/ECS", "CPUUtilization", "SampleCount", task),
                        "return_data": False,
                    },
                    {
                        "id": "per_task",
                        "label": "waiting requests for each running task",
                        "expression": "FILL(waiting, 0) / FILL(running, 1)",
                        "return_data": True,
                    },
                ]
            },
        },
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _stat(namespace: str, name: str, stat: str, dimensions: Mapping[str, str]) -> Any:
    """A metric as scaling policies write it; the types of its parts have names of 130 letters."""
    return {
        "stat": stat,
        "metric": {
            "namespace": namespace,
            "metric_name": name,
            "dimensions": [{"name": key, "value": value} for key, value in dimensions.items()],
        },
    }
