"""Which components a plan's kind consists of, and what the stack puts out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from config import ConfigError, Settings
from kinds import KIND_OUTPUT
from network import network_of
from outputs import BedrockOutputs, GatewayOutputs, GpuOutputs, GuardOutputs, NetworkOutputs

__all__ = ["deploy"]


def deploy(settings: Settings) -> Mapping[str, Any]:
    """Registers everything; the stack's outputs.

    Components are imported where they are used, so that a preview loads what its kind needs.
    """
    plan = settings.plan
    _check_parts(settings)
    network = network_of(settings) if plan.gpu is not None else None
    gpu = None if network is None else _gpu(settings, network)
    gateway = None
    if plan.gateway is not None:
        gateway = _gateway(settings, network if plan.gateway.in_vpc else None, gpu)
    bedrock = _bedrock(settings) if plan.kind == "bedrock" else None
    guard = _guard(settings, gpu, gateway, bedrock)
    return {
        KIND_OUTPUT: plan.kind,
        "planHash": plan.plan_hash,
        "alarmTopic": guard.topic_arn,
        "dashboard": _dashboard_url(settings, guard.dashboard_name),
        "model": _model(settings),
        **_endpoint(gpu, gateway, bedrock),
    }


_PARTS = {
    "vllm_gpu": ("gpu",),
    "api_gateway": ("gateway",),
    "bedrock": ("bedrock",),
    "hybrid": ("gpu", "gateway"),
}


def _check_parts(settings: Settings) -> None:
    """A plan says its kind twice: by name, and by the parts it has."""
    plan = settings.plan
    wanted = _PARTS[plan.kind]
    present = tuple(
        name
        for name, part in (
            ("gpu", plan.gpu),
            ("gateway", plan.gateway),
            ("bedrock", plan.bedrock or None),
        )
        if part is not None
    )
    if present != wanted:
        raise ConfigError(
            f"the plan is for {plan.kind}, which has {' and '.join(wanted)}; it has "
            f"{' and '.join(present) or 'none of them'}; write it again with planner emit"
        )
    if plan.gpu is not None and plan.network is None and plan.deployment.vpc_id is None:
        raise ConfigError(
            "the plan has neither a network nor deployment.vpcId; write it again with planner emit"
        )


def _gpu(settings: Settings, network: NetworkOutputs) -> GpuOutputs:
    from vllm_gpu import VllmGpu

    return VllmGpu("vllm", settings=settings, network=network).outputs


def _gateway(
    settings: Settings, network: NetworkOutputs | None, gpu: GpuOutputs | None
) -> GatewayOutputs:
    from api_gateway import ApiGateway

    return ApiGateway("gateway", settings=settings, network=network, gpu=gpu).outputs


def _bedrock(settings: Settings) -> BedrockOutputs:
    from bedrock import Bedrock

    return Bedrock("bedrock", settings=settings).outputs


def _guard(
    settings: Settings,
    gpu: GpuOutputs | None,
    gateway: GatewayOutputs | None,
    bedrock: BedrockOutputs | None,
) -> GuardOutputs:
    from spend_guard import SpendGuard

    return SpendGuard("guard", settings=settings, gpu=gpu, gateway=gateway, bedrock=bedrock).outputs


def _endpoint(
    gpu: GpuOutputs | None, gateway: GatewayOutputs | None, bedrock: BedrockOutputs | None
) -> Mapping[str, Any]:
    """Where clients go, and what must be put in place before they are answered."""
    found: dict[str, Any] = {}
    if gpu is not None:
        found |= {
            "endpoint": gpu.base_url,
            "weightsBucket": gpu.weights_bucket,
            "engineKeySecret": gpu.engine_secret_arn,
            "engineService": f"{gpu.cluster_name}/{gpu.service_name}",
        }
    if gateway is not None:
        found |= {
            "endpoint": gateway.base_url,
            "keysTable": gateway.keys_table,
            "providerKeySecrets": {
                provider: arn
                for provider, arn in gateway.provider_secret_arns.items()
                if provider != "selfhost"
            },
        }
    if bedrock is not None:
        found["inferenceProfiles"] = list(bedrock.profile_arns)
    return found


def _model(settings: Settings) -> str:
    """What the first request may name as its model."""
    plan = settings.plan
    if plan.gateway is not None:
        return plan.gateway.routes[0].name
    return plan.bedrock[0].model if plan.gpu is None else plan.gpu.served_model_name


def _dashboard_url(settings: Settings, name: str) -> str:
    region = settings.plan.region
    return (
        f"https://{region}.console.aws.amazon.com/cloudwatch/home"
        f"?region={region}#dashboards/dashboard/{name}"
    )
