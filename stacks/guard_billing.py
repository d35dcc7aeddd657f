"""What watches the AWS bill: budgets, and on request the account's own anomaly detection."""

from __future__ import annotations

import json

import pulumi
import pulumi_aws as aws

from config import Settings
from guard_topic import GuardTopic
from planner.emit.guard import BudgetNotice, BudgetSpec, budget_specs
from tags import STACK_TAG

__all__ = ["guard_anomaly_monitor", "guard_budgets"]

_PART = "spend-guard"
# Below this AWS does not report an anomaly.
_LEAST_ANOMALY_USD = "10"


def guard_budgets(
    settings: Settings, *, topic: GuardTopic, this_month: str, opts: pulumi.ResourceOptions
) -> None:
    """The plan's budgets; limits of months that have passed are left out."""
    for spec in budget_specs(settings.plan, this_month):
        _budget(spec, settings, topic, opts)


def _budget(
    spec: BudgetSpec, settings: Settings, topic: GuardTopic, opts: pulumi.ResourceOptions
) -> None:
    unit = "USD" if spec.budget_type == "COST" else "PERCENTAGE"
    # A budget filters on the stack, which stays, and never on the plan, which changes.
    tagged = aws.budgets.BudgetFilterExpressionArgs(
        tags=aws.budgets.BudgetFilterExpressionTagsArgs(
            key=STACK_TAG, values=[settings.plan.stack_id], match_options=["EQUALS"]
        )
    )
    aws.budgets.Budget(
        spec.name,
        name=spec.name,
        budget_type=spec.budget_type,
        time_unit="MONTHLY",
        limit_amount=spec.limit,
        limit_unit=None if spec.limit is None else unit,
        planned_limits=[
            aws.budgets.BudgetPlannedLimitArgs(
                start_time=f"{month}-01_00:00", amount=amount, unit=unit
            )
            for month, amount in spec.monthly_limits
        ]
        or None,
        filter_expression=tagged if spec.budget_type == "COST" else None,
        cost_filters=[
            aws.budgets.BudgetCostFilterArgs(name=name, values=list(values))
            for name, values in spec.filters
        ]
        or None,
        metrics=spec.metric,
        notifications=[_notification(notice, topic) for notice in spec.notices],
        tags=settings.tags.of(_PART),
        opts=opts,
    )


def _notification(notice: BudgetNotice, topic: GuardTopic) -> aws.budgets.BudgetNotificationArgs:
    return aws.budgets.BudgetNotificationArgs(
        comparison_operator="LESS_THAN" if notice.below else "GREATER_THAN",
        notification_type=notice.kind,
        threshold=notice.threshold_pct,
        threshold_type="PERCENTAGE",
        subscriber_sns_topic_arns=[topic.arn],
    )


def guard_anomaly_monitor(
    settings: Settings, *, topic: GuardTopic, opts: pulumi.ResourceOptions
) -> None:
    """Cost Anomaly Detection on the stack's tag, with ``costAnomalyMonitor: true``.

    ``activateCostTags: true`` makes the tag known to billing; both belong to the payer account.
    """
    config = pulumi.Config()
    if config.get_bool("activateCostTags"):
        aws.costexplorer.CostAllocationTag(
            settings.name("stack-tag"), tag_key=STACK_TAG, status="Active", opts=opts
        )
    if not config.get_bool("costAnomalyMonitor"):
        return
    monitor = aws.costexplorer.AnomalyMonitor(
        settings.name("cost-anomalies"),
        name=f"{settings.plan.stack_id}-cost-anomalies",
        monitor_type="CUSTOM",
        monitor_specification=_specification(settings.plan.stack_id),
        tags=settings.tags.of(_PART),
        opts=opts,
    )
    aws.costexplorer.AnomalySubscription(
        settings.name("cost-anomaly-news"),
        name=f"{settings.plan.stack_id}-cost-anomalies",
        # A topic can be told at once only; by the day or week it is mail.
        frequency="IMMEDIATE",
        monitor_arn_lists=[monitor.arn],
        subscribers=[
            aws.costexplorer.AnomalySubscriptionSubscriberArgs(type="SNS", address=topic.arn)
        ],
        threshold_expression=aws.costexplorer.AnomalySubscriptionThresholdExpressionArgs(
            dimension=aws.costexplorer.AnomalySubscriptionThresholdExpressionDimensionArgs(
                key="ANOMALY_TOTAL_IMPACT_ABSOLUTE",
                match_options=["GREATER_THAN_OR_EQUAL"],
                values=[_LEAST_ANOMALY_USD],
            )
        ),
        tags=settings.tags.of(_PART),
        opts=opts,
    )


def _specification(stack_id: str) -> str:
    """The members that are not used are written as null: the service adds them, and a
    specification without them would differ at each deployment."""
    return json.dumps(
        {
            "And": None,
            "CostCategories": None,
            "Dimensions": None,
            "Not": None,
            "Or": None,
            "Tags": {"Key": STACK_TAG, "MatchOptions": None, "Values": [stack_id]},
        },
        sort_keys=True,
    )
