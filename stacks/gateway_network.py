"""The gateway function inside the network of the GPUs, for plans that have both."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from config import ConfigError, Settings
from gateway_rules import SELFHOST
from outputs import GpuOutputs, NetworkOutputs
from policies import Statement

__all__ = ["GatewayNetwork", "engine_url"]

_PART = "gateway"


class GatewayNetwork(pulumi.ComponentResource):
    """A security group that may go out by HTTPS and to the load balancer, and nothing may enter.

    Providers and AWS services are reached through the network's own way out.
    """

    vpc_config: aws.lambda_.FunctionVpcConfigArgs
    statements: Sequence[Statement]
    urls_json: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        network: NetworkOutputs,
        gpu: GpuOutputs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-serving:stacks:GatewayNetwork", name, None, opts)
        self._settings = settings
        self._tags = settings.tags.of(_PART)
        self._child = pulumi.ResourceOptions(parent=self)
        group = aws.ec2.SecurityGroup(
            settings.name("gateway"),
            description="The gateway function: nothing comes in",
            vpc_id=network.vpc_id,
            tags=self._tags,
            opts=self._child,
        )
        self._out("gateway-https", group, port=443, cidr_ipv4="0.0.0.0/0")
        self._out("gateway-to-engine", group, port=gpu.balancer_port, to=gpu)
        aws.vpc.SecurityGroupIngressRule(
            settings.name("engine-from-gateway"),
            security_group_id=gpu.balancer_security_group_id,
            referenced_security_group_id=group.id,
            description="The gateway function",
            ip_protocol="tcp",
            from_port=gpu.balancer_port,
            to_port=gpu.balancer_port,
            tags=self._tags,
            opts=self._child,
        )
        self.vpc_config = aws.lambda_.FunctionVpcConfigArgs(
            subnet_ids=list(network.private_subnet_ids), security_group_ids=[group.id]
        )
        self.statements = _interface_statements(settings)
        self.urls_json = pulumi.Output.json_dumps({SELFHOST: engine_url(settings, gpu)})
        self.register_outputs({"securityGroup": group.id})

    def _out(
        self,
        part: str,
        group: aws.ec2.SecurityGroup,
        *,
        port: int,
        cidr_ipv4: str | None = None,
        to: GpuOutputs | None = None,
    ) -> None:
        aws.vpc.SecurityGroupEgressRule(
            self._settings.name(part),
            security_group_id=group.id,
            cidr_ipv4=cidr_ipv4,
            referenced_security_group_id=None if to is None else to.balancer_security_group_id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            tags=self._tags,
            opts=self._child,
        )


def engine_url(settings: Settings, gpu: GpuOutputs) -> pulumi.Input[str]:
    """Where the function reaches the engine; under TLS by the name on the certificate."""
    if settings.engine_url is not None:
        return settings.engine_url
    if settings.plan.deployment.certificate_arn is not None:
        raise ConfigError(
            "the load balancer has a certificate, which is not for the name AWS gives it; set "
            "engineUrl to https://NAME/v1 with a name on the certificate that points to it"
        )
    return gpu.base_url


def _interface_statements(settings: Settings) -> list[Statement]:
    """Lambda makes the function's network interfaces with the function's own role."""
    account = aws.get_caller_identity_output().account_id
    region = settings.plan.region
    partition = "aws-cn" if region.startswith("cn-") else "aws"
    # Lambda developer guide, VPC: deletion must be allowed for all resource ids of the account.
    any_interface = pulumi.Output.concat(f"arn:{partition}:ec2:{region}:", account, ":*/*")
    return [
        Statement(
            actions=["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"],
            resources=[any_interface],
        ),
        Statement(actions=["ec2:DescribeNetworkInterfaces"]),
    ]
