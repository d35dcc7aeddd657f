"""The three roles of the engine: of the host, of what starts the task, and of the task itself."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from config import ConfigError, Settings
from engine_storage import EngineStorage
from metrics import ENGINE_NAMESPACE
from policies import Statement, role

__all__ = ["EngineRoles", "engine_roles"]

_ECR = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/([^@:]+)")
_PUT_LOG = ("logs:CreateLogStream", "logs:PutLogEvents")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRoles:
    """Roles by who takes them."""

    host: aws.iam.Role
    execution: aws.iam.Role
    task: aws.iam.Role


def engine_roles(
    settings: Settings,
    *,
    cluster: aws.ecs.Cluster,
    storage: EngineStorage,
    parent: pulumi.Resource,
) -> EngineRoles:
    """The roles, each with what its holder needs and no more."""
    return EngineRoles(
        host=role(
            "host",
            settings=settings,
            component="host",
            service="ec2.amazonaws.com",
            statements=_host(cluster),
            parent=parent,
        ),
        execution=role(
            "execution",
            settings=settings,
            component="engine",
            service="ecs-tasks.amazonaws.com",
            statements=_execution(settings, storage),
            parent=parent,
        ),
        task=role(
            "task",
            settings=settings,
            component="engine",
            service="ecs-tasks.amazonaws.com",
            statements=_task(settings, storage),
            parent=parent,
        ),
    )


def _host(cluster: aws.ecs.Cluster) -> list[Statement]:
    """What the ECS agent and the CloudWatch agent do; the managed policy allows more."""
    instances = cluster.arn.apply(
        lambda arn: f"{arn.replace(':cluster/', ':container-instance/')}/*"
    )
    return [
        Statement(actions=["ecs:DiscoverPollEndpoint"]),
        Statement(
            actions=[
                "ecs:DeregisterContainerInstance",
                "ecs:RegisterContainerInstance",
                "ecs:SubmitAttachmentStateChanges",
                "ecs:SubmitContainerStateChange",
                "ecs:SubmitTaskStateChange",
            ],
            resources=[cluster.arn],
        ),
        Statement(
            actions=["ecs:Poll", "ecs:StartTelemetrySession", "ecs:UpdateContainerInstancesState"],
            resources=[instances],
        ),
        Statement(
            actions=["cloudwatch:PutMetricData"],
            conditions={"StringEquals": {"cloudwatch:namespace": ENGINE_NAMESPACE}},
        ),
    ]


def _execution(settings: Settings, storage: EngineStorage) -> list[Statement]:
    found = [
        Statement(actions=_PUT_LOG, resources=[pulumi.Output.concat(storage.engine_log.arn, ":*")]),
        Statement(
            actions=["ssm:GetParameters"],
            resources=[storage.agent_config.arn, storage.scrape_config.arn],
        ),
        Statement(actions=["secretsmanager:GetSecretValue"], resources=[storage.secret.arn]),
    ]
    repositories = _repositories(settings)
    if repositories:
        found += [
            Statement(actions=["ecr:GetAuthorizationToken"]),
            Statement(
                actions=[
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer",
                ],
                resources=repositories,
            ),
        ]
    return [*found, *_decrypt(settings)]


def _task(settings: Settings, storage: EngineStorage) -> list[Statement]:
    gpu = settings.plan.gpu
    assert gpu is not None
    prefix = gpu.weights.prefix.strip("/")
    return [
        Statement(
            actions=["s3:GetObject"],
            resources=[pulumi.Output.concat(storage.weights_arn, f"/{prefix}/*")],
        ),
        # The engine looks for its files before it reads them.
        Statement(
            actions=["s3:ListBucket"],
            resources=[storage.weights_arn],
            conditions={"StringLike": {"s3:prefix": [f"{prefix}", f"{prefix}/*"]}},
        ),
        Statement(actions=_PUT_LOG, resources=[pulumi.Output.concat(storage.metric_log.arn, ":*")]),
        *_decrypt(settings),
    ]


def _decrypt(settings: Settings) -> list[Statement]:
    if settings.kms_key_arn is None:
        return []
    return [Statement(actions=["kms:Decrypt"], resources=[settings.kms_key_arn])]


def _repositories(settings: Settings) -> list[str]:
    """ARNs of the ECR repositories that the images are pulled from."""
    gpu = settings.plan.gpu
    assert gpu is not None
    found: set[str] = set()
    for image in (gpu.image, gpu.agent_image):
        if not image.mirrored:
            continue
        match = _ECR.match(image.uri)
        if match is None:
            raise ConfigError(
                f"{image.uri} is said to be a mirror and is no ECR repository; "
                "deployment.image_mirror is ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME"
            )
        account, region, name = match.groups()
        partition = "aws-cn" if region.startswith("cn-") else "aws"
        found.add(f"arn:{partition}:ecr:{region}:{account}:repository/{name}")
    return sorted(found)
