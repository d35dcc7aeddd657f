"""The gateway function and its authorizer: one package, two entry points, two roles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws

from config import ConfigError, Settings, physical_name
from gateway_network import GatewayNetwork
from gateway_rules import concurrent_executions
from gateway_storage import GatewayStorage
from gateway_zip import build_zip, write_zip
from policies import Statement, role

__all__ = ["GatewayFunctions"]

_RUNTIME = "python3.13"
_MOST_NAME = 64
_MOST_TIMEOUT_S = 900
_AUTHORIZER_TIMEOUT_S = 10
_AUTHORIZER_MB = 128
_PORT = "8080"
_PUT_LOG = ("logs:CreateLogStream", "logs:PutLogEvents")


class GatewayFunctions(pulumi.ComponentResource):
    """``gateway`` streams answers through the web adapter; ``authorizer`` checks keys."""

    gateway: aws.lambda_.Function
    authorizer: aws.lambda_.Function
    gateway_name: str

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        storage: GatewayStorage,
        network: GatewayNetwork | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-serving:stacks:GatewayFunctions", name, None, opts)
        part = settings.plan.gateway
        assert part is not None
        self._settings = settings
        self._child = pulumi.ResourceOptions(parent=self)
        package = build_zip()
        if part.function_sha256 not in (None, package.sha256):
            raise ConfigError(
                "the gateway function differs from the one the plan was emitted for; write the "
                "plan again with planner emit, of the version that these stacks belong to"
            )
        # Relative, so that the stack's state is the same whoever deploys it.
        self._common: dict[str, Any] = {
            "runtime": _RUNTIME,
            "architectures": ["arm64"],
            "code": pulumi.FileArchive(_relative(write_zip(package))),
            "source_code_hash": package.source_code_hash,
            "kms_key_arn": settings.kms_key_arn,
        }
        self.gateway_name = physical_name(settings.name("gateway"), _MOST_NAME)
        self.gateway = self._gateway(storage, network)
        self.authorizer = self._authorizer(storage)
        self.register_outputs({"function": self.gateway.name})

    def _gateway(
        self, storage: GatewayStorage, network: GatewayNetwork | None
    ) -> aws.lambda_.Function:
        settings = self._settings
        part = settings.plan.gateway
        assert part is not None
        log = self._log("gateway")
        found = role(
            "gateway",
            settings=settings,
            component="gateway",
            service="lambda.amazonaws.com",
            statements=[
                Statement(actions=_PUT_LOG, resources=[pulumi.Output.concat(log.arn, ":*")]),
                *_storage_statements(storage),
                *_decrypt(settings),
                *([] if network is None else network.statements),
            ],
            parent=self,
        )
        headroom = float(settings.plan.spend.headroom_ratio)
        reserved = concurrent_executions(part, headroom) if settings.reserve_concurrency else None
        return aws.lambda_.Function(
            settings.name("gateway"),
            name=self.gateway_name,
            description="Passes requests on to LLM APIs; meters and caps them",
            role=found.arn,
            # Started by the adapter, which also turns a plain HTTP response into a stream.
            handler="run.sh",
            layers=[_adapter_layer(settings.plan.region)],
            memory_size=part.memory_mb,
            timeout=_MOST_TIMEOUT_S,
            reserved_concurrent_executions=reserved,
            environment=aws.lambda_.FunctionEnvironmentArgs(variables=_variables(storage, network)),
            logging_config=_logging(log),
            vpc_config=None if network is None else network.vpc_config,
            tags=settings.tags.of("gateway"),
            opts=self._child,
            **self._common,
        )

    def _authorizer(self, storage: GatewayStorage) -> aws.lambda_.Function:
        settings = self._settings
        log = self._log("authorizer")
        found = role(
            "authorizer",
            settings=settings,
            component="authorizer",
            service="lambda.amazonaws.com",
            statements=[
                Statement(actions=_PUT_LOG, resources=[pulumi.Output.concat(log.arn, ":*")]),
                Statement(actions=["dynamodb:GetItem"], resources=[storage.keys.arn]),
                *_decrypt(settings),
            ],
            parent=self,
        )
        return aws.lambda_.Function(
            settings.name("authorizer"),
            name=physical_name(settings.name("authorizer"), _MOST_NAME),
            description="Checks the key of a request before the gateway starts",
            role=found.arn,
            handler="gateway_lambda.authorizer.handler",
            memory_size=_AUTHORIZER_MB,
            timeout=_AUTHORIZER_TIMEOUT_S,
            environment=aws.lambda_.FunctionEnvironmentArgs(
                variables={"KEYS_TABLE": storage.keys.name}
            ),
            logging_config=_logging(log),
            tags=settings.tags.of("authorizer"),
            opts=self._child,
            **self._common,
        )

    def _log(self, part: str) -> aws.cloudwatch.LogGroup:
        settings = self._settings
        return aws.cloudwatch.LogGroup(
            settings.name(part),
            retention_in_days=settings.log_retention_days,
            kms_key_id=settings.kms_key_arn,
            tags=settings.tags.of(part),
            opts=self._child,
        )


def _relative(path: Path) -> str:
    """From the program's folder, where the engine looks for it; else as it is."""
    here = Path(__file__).parent
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else str(path)


def _logging(log: aws.cloudwatch.LogGroup) -> aws.lambda_.FunctionLoggingConfigArgs:
    # Metric lines are JSON and go through as they are.
    return aws.lambda_.FunctionLoggingConfigArgs(log_format="JSON", log_group=log.name)


def _variables(
    storage: GatewayStorage, network: GatewayNetwork | None
) -> Mapping[str, pulumi.Input[str]]:
    """Names and ARNs; nothing secret."""
    urls = {} if network is None else {"PROVIDER_URLS": network.urls_json}
    return {
        "AWS_LAMBDA_EXEC_WRAPPER": "/opt/bootstrap",
        "AWS_LWA_INVOKE_MODE": "response_stream",
        "AWS_LWA_PORT": _PORT,
        "AWS_LWA_READINESS_CHECK_PATH": "/health",
        # Otherwise the adapter's HTTP library puts the stage's name before the path.
        "AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH": "true",
        "KEYS_TABLE": storage.keys.name,
        "COUNTERS_TABLE": storage.counters.name,
        "RULES_PARAMETER": storage.rules.name,
        "SWITCH_PARAMETER": storage.switch.name,
        "PROVIDER_SECRETS": storage.secrets_json,
        **urls,
    }


def _storage_statements(storage: GatewayStorage) -> list[Statement]:
    return [
        Statement(actions=["dynamodb:GetItem"], resources=[storage.keys.arn]),
        Statement(
            actions=["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
            resources=[storage.counters.arn],
        ),
        Statement(actions=["ssm:GetParameters"], resources=[storage.rules.arn, storage.switch.arn]),
        Statement(
            actions=["secretsmanager:GetSecretValue"],
            resources=[arn for _, arn in sorted(storage.secret_arns.items())],
        ),
    ]


def _decrypt(settings: Settings) -> list[Statement]:
    """DynamoDB and Lambda use the deployment's key on behalf of the role."""
    if settings.kms_key_arn is None:
        return []
    actions = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"]
    return [Statement(actions=actions, resources=[settings.kms_key_arn])]


def _adapter_layer(region: str) -> str:
    """ARN of the published web adapter; ConfigError where there is none."""
    text = files("planner.catalog").joinpath("data/artifacts.json").read_text(encoding="utf-8")
    layer = json.loads(text)["layers"]["web_adapter_arm64"]
    partition = {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(
        region.rpartition("-")[0].rpartition("-")[0], "aws"
    )
    account = layer["accounts"].get(partition)
    if account is None:
        raise ConfigError(
            f"the gateway's web adapter is not published for arm64 in {region}; plan for a region "
            "of the commercial partition"
        )
    return f"arn:{partition}:lambda:{region}:{account}:layer:{layer['name']}:{layer['version']}"
