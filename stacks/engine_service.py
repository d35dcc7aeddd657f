"""The ECS service: how many tasks, where, and how a new version replaces the old one."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from config import Settings
from engine_agents import ENGINE_PORT
from engine_balancer import EngineBalancer
from engine_host import EngineHost
from engine_task import ENGINE_CONTAINER
from outputs import NetworkOutputs
from planner.emit.serving_plan import GpuPart

__all__ = ["deployment_percents", "engine_service"]

# Errors of the engine in two of three minutes while a version is rolled out: more than a few
# dropped streams, fewer than a broken version makes.
_ROLLBACK_ERRORS = 20


def engine_service(
    settings: Settings,
    *,
    service_name: str,
    cluster: aws.ecs.Cluster,
    host: EngineHost,
    task: aws.ecs.TaskDefinition,
    balancer: EngineBalancer,
    network: NetworkOutputs,
    parent: pulumi.Resource,
) -> aws.ecs.Service:
    """The service, without tasks until the weights are there."""
    gpu = settings.plan.gpu
    assert gpu is not None
    least, most = deployment_percents(gpu)
    alarm = _rollback_alarm(settings, balancer, parent)
    return aws.ecs.Service(
        settings.name("engine"),
        name=service_name,
        cluster=cluster.arn,
        task_definition=task.arn,
        desired_count=gpu.min_instances * gpu.replicas_per_instance
        if settings.weights_ready
        else 0,
        capacity_provider_strategies=[
            aws.ecs.ServiceCapacityProviderStrategyArgs(
                capacity_provider=host.provider.name, base=0, weight=1
            )
        ],
        ordered_placement_strategies=[
            aws.ecs.ServiceOrderedPlacementStrategyArgs(
                type="spread", field="attribute:ecs.availability-zone"
            ),
            aws.ecs.ServiceOrderedPlacementStrategyArgs(type="binpack", field="memory"),
        ],
        network_configuration=aws.ecs.ServiceNetworkConfigurationArgs(
            subnets=list(network.private_subnet_ids),
            security_groups=[balancer.task_security_group.id],
        ),
        load_balancers=[
            aws.ecs.ServiceLoadBalancerArgs(
                target_group_arn=balancer.target_group.arn,
                container_name=ENGINE_CONTAINER,
                container_port=ENGINE_PORT,
            )
        ],
        health_check_grace_period_seconds=gpu.grace_s,
        deployment_minimum_healthy_percent=least,
        deployment_maximum_percent=most,
        # Moving a task to another zone would want a second host at 100 per cent.
        availability_zone_rebalancing="DISABLED" if most == 100 else "ENABLED",
        deployment_circuit_breaker=aws.ecs.ServiceDeploymentCircuitBreakerArgs(
            enable=True, rollback=True
        ),
        alarms=aws.ecs.ServiceAlarmsArgs(alarm_names=[alarm], enable=True, rollback=True),
        propagate_tags="SERVICE",
        enable_ecs_managed_tags=True,
        force_delete=True,
        tags=settings.tags.of("engine"),
        opts=pulumi.ResourceOptions(
            parent=parent,
            # A service wants its target group behind a listener, and hosts it may ask for.
            depends_on=[balancer.rule, host.attached],
            ignore_changes=["desiredCount"],
            # Its name is given, so the old one must go first.
            delete_before_replace=True,
        ),
    )


def deployment_percents(gpu: GpuPart) -> tuple[int, int]:
    """Least healthy and most running tasks while a version rolls out, in per cent.

    Without a spare host a GPU must be given up before it is used again: one task at a time, so a
    single task is a gap.
    """
    if gpu.rolling_update == "spare_host":
        return 100, 200
    tasks = max(gpu.min_instances * gpu.replicas_per_instance, 1)
    return 100 * (tasks - 1) // tasks, 100


def _rollback_alarm(settings: Settings, balancer: EngineBalancer, parent: pulumi.Resource) -> str:
    """Name of the alarm that takes a new version back."""
    name = f"{settings.plan.stack_id}-deployment-errors"
    aws.cloudwatch.MetricAlarm(
        settings.name("deployment-errors"),
        name=name,
        alarm_description="The engine answers with errors: a version being rolled out is taken "
        "back",
        namespace="AWS/ApplicationELB",
        metric_name="HTTPCode_Target_5XX_Count",
        dimensions={
            "LoadBalancer": balancer.balancer.arn_suffix,
            "TargetGroup": balancer.target_group.arn_suffix,
        },
        statistic="Sum",
        period=60,
        evaluation_periods=3,
        datapoints_to_alarm=2,
        threshold=_ROLLBACK_ERRORS,
        comparison_operator="GreaterThanThreshold",
        treat_missing_data="notBreaching",
        tags=settings.tags.of("engine"),
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return name
