"""SpendGuard: the alarms, budgets, topic and dashboard that a plan's projection implies.

Included: metric and composite alarms, AWS Budgets, an encrypted topic, a dashboard of plan against
actual. Needed: the components whose metrics it looks at. What it registers is decided in
``planner.emit.guard``, which ``planner drill`` reads back from the registered resources.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping

import pulumi

from config import ConfigError, Settings
from guard_alarms import GuardAlarms
from guard_billing import guard_anomaly_monitor, guard_budgets
from guard_dashboard import guard_dashboard
from guard_topic import GuardTopic
from outputs import BedrockOutputs, GatewayOutputs, GpuOutputs, GuardOutputs
from planner.emit.guard import guard_plan, guard_set

__all__ = ["SpendGuard"]


class SpendGuard(pulumi.ComponentResource):
    """What watches the spend of one stack, whatever its kind."""

    outputs: GuardOutputs

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        gpu: GpuOutputs | None,
        gateway: GatewayOutputs | None,
        bedrock: BedrockOutputs | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-serving:stacks:SpendGuard", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        now = deployed_at()
        names = dimension_values(settings, gpu=gpu, gateway=gateway, bedrock=bedrock)
        watched = guard_plan(settings.plan)
        guards = guard_set(watched)
        topic = GuardTopic("topic", settings=settings, opts=child)
        GuardAlarms(
            "alarms",
            settings=settings,
            guards=guards,
            names=names,
            topic=topic,
            deployed_at=now,
            opts=child,
        )
        guard_budgets(settings, topic=topic, this_month=f"{now:%Y-%m}", opts=child)
        guard_anomaly_monitor(settings, topic=topic, opts=child)
        dashboard_name = guard_dashboard(
            settings, plan=watched, guards=guards, names=names, opts=child
        )
        self.outputs = GuardOutputs(topic_arn=topic.arn, dashboard_name=dashboard_name)
        self.register_outputs({"topicArn": topic.arn, "dashboardName": dashboard_name})


def deployed_at() -> datetime.datetime:
    """The time of this deployment, in UTC: ``asOf`` of the configuration, or the clock.

    Only what cannot do without depends on it: the months that a budget may still have limits
    for, and the two weeks in which the anomaly alarm learns.
    """
    given = pulumi.Config().get("asOf")
    if given is None:
        return datetime.datetime.now(datetime.UTC)
    try:
        return datetime.datetime.fromisoformat(given).replace(tzinfo=datetime.UTC)
    except ValueError:
        raise ConfigError(f"asOf is {given!r}, which is no date; write it as 2026-11-22") from None


def dimension_values(
    settings: Settings,
    *,
    gpu: GpuOutputs | None,
    gateway: GatewayOutputs | None,
    bedrock: BedrockOutputs | None,
) -> Mapping[str, pulumi.Input[str]]:
    """What stands for the names in angle brackets of the alarms' metrics."""
    found: dict[str, pulumi.Input[str]] = {"<stack>": settings.plan.stack_id}
    if gpu is not None:
        found |= {"<group>": gpu.group_name, "<balancer>": gpu.balancer_dimension}
    if gateway is not None:
        found |= {"<api>": gateway.api_name, "<stage>": gateway.stage_name}
    if bedrock is not None:
        found |= {f"<model{n}>": model for n, model in enumerate(bedrock.model_ids, start=1)}
    return found
