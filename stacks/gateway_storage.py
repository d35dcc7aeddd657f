"""What the gateway reads and writes: keys, counters, rules, the switch, the providers' secrets."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from config import Settings, physical_name
from gateway_rules import paid_providers, rules_json

__all__ = ["GatewayStorage"]

_MOST_TABLE_NAME = 255


class GatewayStorage(pulumi.ComponentResource):
    """Tables, parameters and secrets. The secrets are created without values: those are set with
    the AWS command line and so lie in no program, configuration or state."""

    keys: aws.dynamodb.Table
    counters: aws.dynamodb.Table
    rules: aws.ssm.Parameter
    switch: aws.ssm.Parameter
    switch_name: str
    secret_arns: Mapping[str, pulumi.Output[str]]

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        engine_secret_arn: pulumi.Output[str] | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-serving:stacks:GatewayStorage", name, None, opts)
        plan = settings.plan
        assert plan.gateway is not None
        self._settings = settings
        self._child = pulumi.ResourceOptions(parent=self)
        # `planner keys` finds it by this name.
        self.keys = self._table("gateway-keys", "key_hash")
        self.counters = self._table("gateway-counters", "pk")
        path = f"/llm-planner/{settings.base}"
        self.rules = aws.ssm.Parameter(
            settings.name("gateway-rules"),
            name=f"{path}/gateway-rules",
            description="Routes, prices and caps of the gateway",
            type="String",
            tier="Standard",
            value=rules_json(plan),
            tags=settings.tags.of("gateway-rules"),
            opts=self._child,
        )
        self.switch_name = f"{path}/gateway-switch"
        self.switch = aws.ssm.Parameter(
            settings.name("gateway-switch"),
            name=self.switch_name,
            description="`open`, or anything else to refuse all requests within a minute",
            type="String",
            tier="Standard",
            value="open",
            tags=settings.tags.of("gateway-switch"),
            # An update must not open what an alarm or a person has closed.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["value"]),
        )
        self.secret_arns = {each: self._secret(each) for each in paid_providers(plan.gateway)}
        if engine_secret_arn is not None:
            self.secret_arns = {**self.secret_arns, "selfhost": engine_secret_arn}
        self.register_outputs({"keysTable": self.keys.name})

    def _table(self, part: str, key: str) -> aws.dynamodb.Table:
        settings = self._settings
        encryption = (
            None
            if settings.kms_key_arn is None
            else aws.dynamodb.TableServerSideEncryptionArgs(
                enabled=True, kms_key_arn=settings.kms_key_arn
            )
        )
        return aws.dynamodb.Table(
            settings.name(part),
            name=physical_name(settings.name(part), _MOST_TABLE_NAME),
            attributes=[aws.dynamodb.TableAttributeArgs(name=key, type="S")],
            hash_key=key,
            billing_mode="PAY_PER_REQUEST",
            ttl=aws.dynamodb.TableTtlArgs(attribute_name="expires_at", enabled=True),
            point_in_time_recovery=aws.dynamodb.TablePointInTimeRecoveryArgs(enabled=True),
            server_side_encryption=encryption,
            tags=settings.tags.of(part),
            opts=self._child,
        )

    def _secret(self, provider: str) -> pulumi.Output[str]:
        settings = self._settings
        part = f"{provider}-key"
        return aws.secretsmanager.Secret(
            settings.name(part),
            description=f"API key of {provider}; set its value with the AWS CLI",
            kms_key_id=settings.kms_key_arn,
            tags=settings.tags.of("provider-key"),
            opts=self._child,
        ).arn

    @property
    def secrets_json(self) -> pulumi.Output[str]:
        """ARNs by provider."""
        return pulumi.Output.all(**self.secret_arns).apply(
            lambda arns: json.dumps(dict(sorted(arns.items())), separators=(",", ":"))
        )
