"""The role with which API Gateway writes logs, in accounts that have none yet."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from config import Settings
from policies import Statement, role

__all__ = ["api_gateway_account"]

# What API Gateway asks of this role (its developer guide, CloudWatch logging for REST APIs).
_ACTIONS = (
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:DescribeLogGroups",
    "logs:DescribeLogStreams",
    "logs:FilterLogEvents",
    "logs:GetLogEvents",
    "logs:PutLogEvents",
)


def api_gateway_account(settings: Settings, *, parent: pulumi.Resource) -> aws.apigateway.Account:
    """One per account and region: another stack that makes it too would take it over."""
    account = aws.get_caller_identity_output().account_id
    region = settings.plan.region
    partition = "aws-cn" if region.startswith("cn-") else "aws"
    found = role(
        "api-logs",
        settings=settings,
        component="gateway-api",
        service="apigateway.amazonaws.com",
        statements=[
            Statement(
                actions=_ACTIONS,
                resources=[pulumi.Output.concat(f"arn:{partition}:logs:{region}:", account, ":*")],
            )
        ],
        parent=parent,
    )
    return aws.apigateway.Account(
        settings.name("api-logs"),
        cloudwatch_role_arn=found.arn,
        opts=pulumi.ResourceOptions(parent=parent),
    )
