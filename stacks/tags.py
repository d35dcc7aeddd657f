"""Tags of every resource, in the shapes that different resources want them in.

A budget filters on ``llm-planner:stack``, which never changes; the plan's hash changes with each
plan, and joins what was spent to what was planned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi_aws as aws

__all__ = ["COMPONENT_TAG", "PLAN_TAG", "STACK_TAG", "Tags"]

STACK_TAG = "llm-planner:stack"
PLAN_TAG = "llm-planner:plan"
COMPONENT_TAG = "llm-planner:component"

# What an instance brings along that can be tagged. Default tags of the provider reach none of it.
_LAUNCHED = ("instance", "volume", "network-interface")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """The three tags of ours, and those of the deployment."""

    stack_id: str
    plan_hash: str
    deployment: Mapping[str, str]

    def of(self, component: str) -> dict[str, str]:
        """For resources that take a map; ours win over the deployment's."""
        return {
            **self.deployment,
            STACK_TAG: self.stack_id,
            PLAN_TAG: self.plan_hash,
            COMPONENT_TAG: component,
        }

    def of_launched(self, component: str) -> list[aws.ec2.LaunchTemplateTagSpecificationArgs]:
        """For what a launch template launches."""
        return [
            aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=self.of(component))
            for kind in _LAUNCHED
        ]

    def of_group(self, component: str) -> list[aws.autoscaling.GroupTagArgs]:
        """For an Auto Scaling group; the launch template tags what it launches.

        ``AmazonECSManaged`` must be there and be passed on, or ECS cannot scale the group.
        """
        own = [
            aws.autoscaling.GroupTagArgs(key=key, value=value, propagate_at_launch=False)
            for key, value in sorted(self.of(component).items())
        ]
        managed = aws.autoscaling.GroupTagArgs(
            key="AmazonECSManaged", value="true", propagate_at_launch=True
        )
        return [managed, *own]
