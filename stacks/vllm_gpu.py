"""vLLM on ECS with GPU instances, behind an internal load balancer.

Included: cluster, instances, task, service, load balancer, scaling, weights bucket, logs.
Needed: a network, and the weights in the bucket before ``weightsReady`` is set.
"""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from config import Settings, physical_name
from engine_balancer import EngineBalancer
from engine_host import EngineHost
from engine_roles import engine_roles
from engine_scaling import engine_scaling
from engine_service import engine_service
from engine_storage import EngineStorage
from engine_task import engine_task
from outputs import GpuOutputs, NetworkOutputs

__all__ = ["VllmGpu"]

# Limits of the names that are dimensions of metrics.
_MOST_NAME = 255


class VllmGpu(pulumi.ComponentResource):
    """The plan's ``gpu`` part, deployed."""

    outputs: GpuOutputs

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        network: NetworkOutputs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-serving:stacks:VllmGpu", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        cluster_name = service_name = physical_name(settings.base, _MOST_NAME)
        group_name = physical_name(settings.name("gpu"), _MOST_NAME)
        cluster = aws.ecs.Cluster(
            settings.name("cluster"),
            name=cluster_name,
            # What it would add is billed by the metric, and the service has it already.
            settings=[aws.ecs.ClusterSettingArgs(name="containerInsights", value="disabled")],
            tags=settings.tags.of("cluster"),
            opts=child,
        )
        storage = EngineStorage("storage", settings=settings, opts=child)
        roles = engine_roles(settings, cluster=cluster, storage=storage, parent=self)
        host = EngineHost(
            "host",
            settings=settings,
            network=network,
            cluster=cluster,
            cluster_name=cluster_name,
            group_name=group_name,
            role=roles.host,
            opts=child,
        )
        balancer = EngineBalancer(
            "balancer", settings=settings, network=network, storage=storage, opts=child
        )
        service = engine_service(
            settings,
            service_name=service_name,
            cluster=cluster,
            host=host,
            task=engine_task(settings, storage=storage, roles=roles, parent=self),
            balancer=balancer,
            network=network,
            parent=self,
        )
        engine_scaling(
            settings,
            cluster_name=cluster_name,
            service_name=service_name,
            service=service,
            parent=self,
        )
        self.outputs = GpuOutputs(
            cluster_name=cluster_name,
            service_name=service_name,
            group_name=group_name,
            balancer_dimension=balancer.balancer.arn_suffix,
            target_group_dimension=balancer.target_group.arn_suffix,
            balancer_security_group_id=balancer.security_group.id,
            balancer_port=balancer.port,
            base_url=balancer.base_url,
            weights_bucket=storage.weights_bucket,
            engine_secret_arn=storage.secret.arn,
        )
        self.register_outputs({"baseUrl": self.outputs.base_url})
