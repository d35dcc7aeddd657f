"""Bedrock models under profiles of the stack's own, which carry its cost tag and its metrics.

Clients call Bedrock themselves, with the profile's ARN as model id and the policy made here: the
spend is on the AWS bill, so budgets see it, and no function stands in between.
"""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from config import Settings, physical_name
from outputs import BedrockOutputs
from planner.emit.serving_plan import BedrockModel
from policies import Statement, policy_json

__all__ = ["Bedrock"]

_PART = "bedrock"
# Limit of a profile's name, and what Pulumi appends to it.
_MOST_NAME = 64 - 8
_ACTIONS = ("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream")
# Bedrock user guide, cross-region inference: profiles of AWS's own begin with where they route.
_ROUTED = ("us.", "us-gov.", "eu.", "apac.", "au.", "ca.", "jp.", "global.")


class Bedrock(pulumi.ComponentResource):
    """An inference profile for each model of the plan, and a policy to call them and no others."""

    outputs: BedrockOutputs

    def __init__(
        self, name: str, *, settings: Settings, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("llm-serving:stacks:Bedrock", name, None, opts)
        plan = settings.plan
        self._settings = settings
        self._tags = settings.tags.of(_PART)
        self._child = pulumi.ResourceOptions(parent=self)
        self._partition = "aws-cn" if plan.region.startswith("cn-") else "aws"
        profiles = [
            self._profile(number, model) for number, model in enumerate(plan.bedrock, start=1)
        ]
        policy = aws.iam.Policy(
            settings.name("invoke"),
            description="Calls the stack's Bedrock models through its profiles",
            policy=policy_json(
                [
                    statement
                    for model, profile in zip(plan.bedrock, profiles, strict=True)
                    for statement in self._may_invoke(model, profile)
                ]
            ),
            tags=self._tags,
            opts=self._child,
        )
        self.outputs = BedrockOutputs(
            # AWS/Bedrock counts what goes through a profile under the profile's id.
            model_ids=[profile.arn.apply(_last_part) for profile in profiles],
            profile_arns=[profile.arn for profile in profiles],
        )
        self.register_outputs({"invokePolicy": policy.arn})

    def _profile(self, number: int, model: BedrockModel) -> aws.bedrock.InferenceProfile:
        part = f"model-{number}"
        return aws.bedrock.InferenceProfile(
            physical_name(self._settings.name(part), _MOST_NAME),
            model_source=aws.bedrock.InferenceProfileModelSourceArgs(
                copy_from=self._source(model.model)
            ),
            tags=self._settings.tags.of(part),
            opts=self._child,
        )

    def _source(self, model: str) -> pulumi.Input[str]:
        prefix = f"arn:{self._partition}:bedrock:{self._settings.plan.region}:"
        if not model.startswith(_ROUTED):
            return f"{prefix}:foundation-model/{model}"
        account = aws.get_caller_identity_output().account_id
        return pulumi.Output.concat(prefix, account, f":inference-profile/{model}")

    def _may_invoke(
        self, model: BedrockModel, profile: aws.bedrock.InferenceProfile
    ) -> list[Statement]:
        """The profile, and behind it the model in the regions it may route to."""
        routed = next((each for each in _ROUTED if model.model.startswith(each)), "")
        region = "*" if routed else self._settings.plan.region
        base = model.model.removeprefix(routed)
        return [
            Statement(actions=_ACTIONS, resources=[profile.arn]),
            Statement(
                actions=_ACTIONS,
                resources=[f"arn:{self._partition}:bedrock:{region}::foundation-model/{base}"],
                conditions={"StringEquals": {"bedrock:InferenceProfileArn": profile.arn}},
            ),
        ]


def _last_part(arn: str) -> str:
    return arn.rpartition("/")[2]
