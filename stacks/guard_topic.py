"""The topic that alarms, budgets and anomaly detection publish to, and its key.

A topic under the key that AWS manages cannot be published to by other services, and one without a
key holds what is spent in plain text: so it has a customer key, whose policy allows the three.
"""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_aws as aws

from config import Settings

__all__ = ["GuardTopic"]

_PART = "spend-guard"
# Who publishes, and the ARN that its requests come from; None: the account is all it says.
_PUBLISHERS = {
    "cloudwatch.amazonaws.com": "arn:aws:cloudwatch:{region}:{account}:alarm:*",
    "budgets.amazonaws.com": "arn:aws:budgets::{account}:*",
    "costalerts.amazonaws.com": None,
}


class GuardTopic(pulumi.ComponentResource):
    """An encrypted SNS topic, with a subscription for each address of the plan.

    ``actions`` are the ARNs an alarm tells: this topic and those named in the scenario.
    """

    arn: pulumi.Output[str]
    actions: tuple[pulumi.Input[str], ...]

    def __init__(
        self, name: str, *, settings: Settings, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("llm-serving:stacks:GuardTopic", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        tags = settings.tags.of(_PART)
        region = settings.plan.region
        account = aws.get_caller_identity_output(
            opts=pulumi.InvokeOutputOptions(parent=self)
        ).account_id
        key = aws.kms.Key(
            settings.name("spend-key"),
            description=f"Messages about the spend of {settings.plan.stack_id}",
            enable_key_rotation=True,
            policy=account.apply(_key_policy),
            tags=tags,
            opts=child,
        )
        topic = aws.sns.Topic(
            settings.name("spend"),
            display_name=f"Spend of {settings.plan.stack_id}",
            kms_master_key_id=key.arn,
            tags=tags,
            opts=child,
        )
        aws.sns.TopicPolicy(
            settings.name("spend-publishers"),
            arn=topic.arn,
            policy=pulumi.Output.all(account, topic.arn).apply(
                lambda found: _topic_policy(found[0], region, found[1])
            ),
            opts=child,
        )
        for number, address in enumerate(settings.plan.spend.notify_emails, start=1):
            aws.sns.TopicSubscription(
                settings.name(f"spend-mail-{number}"),
                topic=topic.arn,
                protocol="email",
                endpoint=address,
                opts=child,
            )
        self.arn = topic.arn
        self.actions = (topic.arn, *_own_topics(settings))
        self.register_outputs({"arn": topic.arn})


def _own_topics(settings: Settings) -> tuple[str, ...]:
    """The scenario's topics of this region: an alarm tells no other, and five at most."""
    own = [
        arn
        for arn in settings.plan.spend.notify_sns_topic_arns
        if arn.split(":")[3] == settings.plan.region
    ]
    return tuple(own[:4])


def _key_policy(account: str) -> str:
    """In a key's policy the resource "*" is the key itself."""
    administer: dict[str, Any] = {
        "Sid": "Account",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    publishers = [
        {
            "Sid": _sid(service),
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:SourceAccount": account}},
        }
        for service in _PUBLISHERS
    ]
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [administer, *publishers]}, sort_keys=True
    )


def _topic_policy(account: str, region: str, topic_arn: str) -> str:
    statements = [
        {
            "Sid": _sid(service),
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sns:Publish",
            "Resource": topic_arn,
            "Condition": _condition(account, region, source),
        }
        for service, source in _PUBLISHERS.items()
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, sort_keys=True)


def _condition(account: str, region: str, source: str | None) -> dict[str, Any]:
    condition: dict[str, Any] = {"StringEquals": {"aws:SourceAccount": account}}
    if source is not None:
        arn = source.format(region=region, account=account)
        condition["ArnLike"] = {"aws:SourceArn": arn}
    return condition


def _sid(service: str) -> str:
    return service.split(".")[0].capitalize()
