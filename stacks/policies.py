"""Roles and their policies: exact ARNs, and a written reason wherever there is none."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from config import Settings

__all__ = ["ANY_RESOURCE", "Statement", "assumed_by", "policy_json", "role"]

# Actions that AWS does not let be narrowed to a resource, and what narrows them instead. A policy
# of ours with the resource "*" may hold these and no others; a test reads this table.
ANY_RESOURCE: Mapping[str, str] = {
    "cloudwatch:PutMetricData": "knows no resources; the condition names our namespace",
    "ecr:GetAuthorizationToken": "a token for the registry, not for a repository",
    "ec2:DescribeNetworkInterfaces": "knows no resources; it reads and changes nothing",
    "ecs:DiscoverPollEndpoint": "asked before the instance belongs to a cluster",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What may be done with which resources. Actions in ``ANY_RESOURCE`` take none."""

    actions: Sequence[str]
    resources: Sequence[pulumi.Input[str]] = ()
    conditions: Mapping[str, Mapping[str, pulumi.Input[Any]]] = field(
        default_factory=lambda: dict[str, Mapping[str, pulumi.Input[Any]]]()
    )


def policy_json(statements: Sequence[Statement]) -> pulumi.Output[str]:
    """A policy document; ValueError for a resource "*" that nothing explains."""
    return pulumi.Output.json_dumps(
        {"Version": "2012-10-17", "Statement": [_statement(each) for each in statements]},
        sort_keys=True,
    )


def _statement(statement: Statement) -> dict[str, Any]:
    unexplained = [action for action in statement.actions if action not in ANY_RESOURCE]
    if not statement.resources and unexplained:
        raise ValueError(f"{', '.join(unexplained)}: name the resources, or say why it cannot be")
    found: dict[str, Any] = {
        "Effect": "Allow",
        "Action": sorted(statement.actions),
        "Resource": list(statement.resources) or "*",
    }
    if statement.conditions:
        found["Condition"] = statement.conditions
    return found


def assumed_by(service: str) -> str:
    """The trust policy of a role for an AWS service."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": service},
                    "Action": "sts:AssumeRole",
                }
            ],
        },
        sort_keys=True,
    )


def role(
    part: str,
    *,
    settings: Settings,
    component: str,
    service: str,
    statements: Sequence[Statement],
    parent: pulumi.Resource,
) -> aws.iam.Role:
    """A role with one policy of its own, under the deployment's boundary."""
    opts = pulumi.ResourceOptions(parent=parent)
    found = aws.iam.Role(
        settings.name(part),
        assume_role_policy=assumed_by(service),
        permissions_boundary=settings.boundary,
        tags=settings.tags.of(component),
        opts=opts,
    )
    aws.iam.RolePolicy(
        settings.name(part), role=found.id, policy=policy_json(statements), opts=opts
    )
    return found
