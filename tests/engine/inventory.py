"""What stands in the made-up account, seen through boto3 and not through the provider."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.engine.account import Account

__all__ = ["alarms", "budgets", "left_in"]

# What -> service, operation, list in the answer, name in a row.
_LISTS: Mapping[str, tuple[str, str, str, str]] = {
    "alarms": ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    "dashboards": ("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    "functions": ("lambda", "list_functions", "Functions", "FunctionName"),
    "groups": ("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", ""),
    "balancers": ("elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerName"),
    "buckets": ("s3", "list_buckets", "Buckets", "Name"),
    "log groups": ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    "parameters": ("ssm", "describe_parameters", "Parameters", "Name"),
    "roles": ("iam", "list_roles", "Roles", "RoleName"),
    "profiles": ("iam", "list_instance_profiles", "InstanceProfiles", "InstanceProfileName"),
    "secrets": ("secretsmanager", "list_secrets", "SecretList", "Name"),
    "tables": ("dynamodb", "list_tables", "TableNames", ""),
    "templates": ("ec2", "describe_launch_templates", "LaunchTemplates", "LaunchTemplateName"),
    "topics": ("sns", "list_topics", "Topics", "TopicArn"),
    "addresses": ("ec2", "describe_addresses", "Addresses", "AllocationId"),
}
# In every account from the beginning.
_GIVEN: Mapping[str, Callable[[Any], bool]] = {
    "VpcId": lambda row: bool(row.get("IsDefault")),
    "GroupId": lambda row: row.get("GroupName") == "default",
    "SubnetId": lambda row: bool(row.get("DefaultForAz")),
}


def left_in(account: Account) -> dict[str, list[Any]]:
    """Everything that somebody made, by kind; empty in an account that was cleaned up."""
    found = {
        what: [row[name] if name else row for row in _rows(account, service, operation, key)]
        for what, (service, operation, key, name) in _LISTS.items()
    }
    found["budgets"] = sorted(budgets(account))
    for operation, key, name in (
        ("describe_vpcs", "Vpcs", "VpcId"),
        ("describe_security_groups", "SecurityGroups", "GroupId"),
        ("describe_subnets", "Subnets", "SubnetId"),
    ):
        rows = _rows(account, "ec2", operation, key)
        found[name] = [row[name] for row in rows if not _GIVEN[name](row)]
    # A cluster that was deleted is inactive, and known to moto's list still.
    client = account.client("ecs")
    arns = _rows(account, "ecs", "list_clusters", "clusterArns")
    clusters = client.describe_clusters(clusters=arns)["clusters"] if arns else []
    found["clusters"] = [row["clusterName"] for row in clusters if row["status"] != "INACTIVE"]
    # A gateway that was deleted stays listed as such for an hour.
    gateways = _rows(account, "ec2", "describe_nat_gateways", "NatGateways")
    found["nat gateways"] = [row for row in gateways if row["State"] != "deleted"]
    return {what: rows for what, rows in found.items() if rows}


def _rows(account: Account, service: str, operation: str, key: str) -> list[Any]:
    client = account.client(service)
    if client.can_paginate(operation):
        pages = client.get_paginator(operation).paginate()
        return [row for page in pages for row in page.get(key, [])]
    return getattr(client, operation)().get(key, [])


def budgets(account: Account) -> dict[str, Any]:
    """The account's budgets by name."""
    found = account.client("budgets").describe_budgets(AccountId=account.id)["Budgets"]
    return {each["BudgetName"]: each for each in found}


def alarms(account: Account) -> dict[str, Any]:
    """The account's metric alarms by name."""
    rows = _rows(account, "cloudwatch", "describe_alarms", "MetricAlarms")
    return {each["AlarmName"]: each for each in rows}
