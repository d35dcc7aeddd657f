"""What the components hand to each other: names and ARNs, nothing of their insides.

Each component has these as ``.outputs``. Names that alarms and dashboards are keyed by are given
by us, not made up by AWS, so that a preview shows the alarms complete.

The constructors that ``__main__`` calls::

    Network(name, settings=..., internet=..., opts=...).outputs            -> NetworkOutputs
    VllmGpu(name, settings=..., network=..., opts=...).outputs             -> GpuOutputs
    ApiGateway(name, settings=..., network=..., gpu=..., opts=...).outputs -> GatewayOutputs
    Bedrock(name, settings=..., opts=...).outputs                          -> BedrockOutputs
    SpendGuard(name, settings=..., gpu=..., gateway=..., bedrock=..., opts=...).outputs
                                                                           -> GuardOutputs

``settings`` is ``config.Settings``: the plan, the tags, and the choices of the stack's config.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pulumi import Input, Output

__all__ = [
    "BedrockOutputs",
    "GatewayOutputs",
    "GpuOutputs",
    "GuardOutputs",
    "NetworkOutputs",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkOutputs:
    """A network and its private subnets, one for each zone."""

    vpc_id: Output[str]
    private_subnet_ids: Sequence[Output[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuOutputs:
    """vLLM on instances behind an internal load balancer.

    ``balancer_dimension`` and ``target_group_dimension`` are the values of the dimensions
    ``LoadBalancer`` and ``TargetGroup`` of AWS/ApplicationELB. ``base_url`` ends in ``/v1``.
    Who calls it from inside the stack adds an ingress rule to ``balancer_security_group_id`` on
    ``balancer_port``.
    """

    cluster_name: str
    service_name: str
    group_name: str
    balancer_dimension: Output[str]
    target_group_dimension: Output[str]
    balancer_security_group_id: Output[str]
    balancer_port: int
    base_url: Output[str]
    weights_bucket: Output[str]
    engine_secret_arn: Output[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayOutputs:
    """The API gateway. ``models`` are the ``Model`` dimension values that its function meters.

    ``provider_secret_arns`` are the secrets of the providers' keys, whose values are set by hand.
    """

    api_name: str
    stage_name: str
    function_name: str
    base_url: Output[str]
    keys_table: Output[str]
    models: Sequence[str]
    closed_parameter_name: str
    provider_secret_arns: Mapping[str, Output[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class BedrockOutputs:
    """Bedrock models under inference profiles that carry the stack's tag.

    ``model_ids`` are the ``ModelId`` dimension values of AWS/Bedrock, in the order of the plan.
    """

    model_ids: Sequence[Input[str]]
    profile_arns: Sequence[Output[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardOutputs:
    """Where alarms go, and the page that shows plan against actual."""

    topic_arn: Output[str]
    dashboard_name: str
