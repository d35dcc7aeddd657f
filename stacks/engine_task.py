"""The task: vLLM with its GPUs, and the agent that reads its metrics."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws

from config import ConfigError, Settings
from engine_agents import ENGINE_PORT
from engine_roles import EngineRoles
from engine_storage import EngineStorage
from planner.emit.serving_plan import EngineImage, GpuPart

__all__ = ["ENGINE_CONTAINER", "engine_task"]

ENGINE_CONTAINER = "vllm"
_AGENT_CONTAINER = "cwagent"
_AGENT_MEMORY_MIB = 256
# The longest that ECS takes for these; the load balancer's grace covers a slower start.
_START_PERIOD_S = 300
_RETRIES = 10
# Neither curl in the image, nor a `localhost` that might be IPv6: vLLM listens on IPv4.
_HEALTH = (
    f"import urllib.request as r; r.urlopen('http://127.0.0.1:{ENGINE_PORT}/health', timeout=4)"
)


def engine_task(
    settings: Settings, *, storage: EngineStorage, roles: EngineRoles, parent: pulumi.Resource
) -> aws.ecs.TaskDefinition:
    """The task definition; ConfigError for an image without a digest."""
    gpu = settings.plan.gpu
    assert gpu is not None
    containers = pulumi.Output.json_dumps(
        [
            _engine(settings, gpu, storage),
            _agent(settings, gpu, storage),
        ],
        sort_keys=True,
    )
    return aws.ecs.TaskDefinition(
        settings.name("engine"),
        family=settings.name("engine"),
        network_mode="awsvpc",
        requires_compatibilities=["EC2"],
        execution_role_arn=roles.execution.arn,
        task_role_arn=roles.task.arn,
        container_definitions=containers,
        tags=settings.tags.of("engine"),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _engine(settings: Settings, gpu: GpuPart, storage: EngineStorage) -> dict[str, Any]:
    weights = pulumi.Output.concat(
        "s3://", storage.weights_bucket, "/", gpu.weights.prefix.strip("/")
    )
    return {
        "name": ENGINE_CONTAINER,
        "image": _by_digest(gpu.image, settings.image_digest, "imageDigest"),
        "essential": True,
        "entryPoint": ["vllm", "serve"],
        "command": [weights, "--host", "0.0.0.0", "--port", str(ENGINE_PORT), *gpu.engine_args],
        "environment": _pairs({"AWS_REGION": settings.plan.region, **gpu.engine_environment}),
        "secrets": [{"name": "VLLM_API_KEY", "valueFrom": storage.secret.arn}],
        "memoryReservation": gpu.replica_memory_mib,
        # A GPU reaches a container by this assignment and by nothing else.
        "resourceRequirements": [{"type": "GPU", "value": str(gpu.tensor_parallel_size)}],
        "linuxParameters": {
            "initProcessEnabled": True,
            # Ranks of one replica talk through it.
            **({"sharedMemorySize": gpu.shared_memory_mib} if gpu.shared_memory_mib else {}),
        },
        "portMappings": [{"containerPort": ENGINE_PORT, "protocol": "tcp"}],
        "healthCheck": {
            "command": ["CMD", "python3", "-c", _HEALTH],
            "interval": 30,
            "timeout": 5,
            "retries": _RETRIES,
            "startPeriod": _START_PERIOD_S,
        },
        "logConfiguration": _logs(settings, storage.engine_log),
    }


def _agent(settings: Settings, gpu: GpuPart, storage: EngineStorage) -> dict[str, Any]:
    return {
        "name": _AGENT_CONTAINER,
        "image": _by_digest(gpu.agent_image, settings.agent_image_digest, "agentImageDigest"),
        # Metrics may be lost without losing answers.
        "essential": False,
        "memoryReservation": _AGENT_MEMORY_MIB,
        "environment": _pairs({"AWS_REGION": settings.plan.region}),
        "secrets": [
            {"name": "CW_CONFIG_CONTENT", "valueFrom": storage.agent_config.arn},
            {"name": "PROMETHEUS_CONFIG_CONTENT", "valueFrom": storage.scrape_config.arn},
        ],
        "logConfiguration": _logs(settings, storage.engine_log),
    }


def _by_digest(image: EngineImage, digest: str | None, key: str) -> str:
    """The image pinned: config wins over the plan. A tag names other bytes tomorrow."""
    repository, _, planned = image.uri.partition("@")
    pinned = digest or planned
    if not pinned:
        raise ConfigError(
            f"{image.uri} has no digest in the plan, and a tag may move; pin it with: "
            f"pulumi config set {key} sha256:..."
        )
    return f"{repository}@{pinned}"


def _pairs(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in sorted(values.items())]


def _logs(settings: Settings, group: aws.cloudwatch.LogGroup) -> dict[str, Any]:
    return {
        "logDriver": "awslogs",
        "options": {
            "awslogs-group": group.name,
            "awslogs-region": settings.plan.region,
            "awslogs-stream-prefix": "task",
            # A log that cannot be written must not stop answers.
            "mode": "non-blocking",
            "max-buffer-size": "4m",
        },
    }
