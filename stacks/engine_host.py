"""GPU instances for the engine: launch template, Auto Scaling group, capacity provider.

ECS scales the group by the tasks that want to run. Nothing else may: a second scaling policy on
the group would work against it.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from config import Settings
from engine_agents import host_agent_config
from outputs import NetworkOutputs

__all__ = ["EngineHost"]

_PART = "gpu-host"
# Amazon Linux 2023 with NVIDIA's driver; the AMI of Amazon Linux 2 is no longer maintained.
_AMI = "/aws/service/ecs/optimized-ami/amazon-linux-2023/gpu/recommended/image_id"
_ROOT_DEVICE = "/dev/xvda"
# How long a new instance counts as not yet there when ECS decides on more.
_WARM_UP_S = 300


class EngineHost(pulumi.ComponentResource):
    """The group and the capacity provider that tasks are placed through."""

    group: aws.autoscaling.Group
    provider: aws.ecs.CapacityProvider
    attached: aws.ecs.ClusterCapacityProviders

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        network: NetworkOutputs,
        cluster: aws.ecs.Cluster,
        cluster_name: str,
        group_name: str,
        role: aws.iam.Role,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-serving:stacks:EngineHost", name, None, opts)
        gpu = settings.plan.gpu
        assert gpu is not None
        self._settings = settings
        self._gpu = gpu
        self._child = pulumi.ResourceOptions(parent=self)
        group = aws.ec2.SecurityGroup(
            settings.name(_PART),
            description="GPU instances: nothing comes in",
            vpc_id=network.vpc_id,
            tags=settings.tags.of(_PART),
            opts=self._child,
        )
        aws.vpc.SecurityGroupEgressRule(
            settings.name(f"{_PART}-https"),
            security_group_id=group.id,
            description="Registry, ECS and CloudWatch",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4="0.0.0.0/0",
            tags=settings.tags.of(_PART),
            opts=self._child,
        )
        template = self._template(role, group, user_data(settings, cluster_name, group_name))
        self.group = self._group(group_name, template, network.private_subnet_ids)
        self.provider = self._capacity_provider()
        self.attached = aws.ecs.ClusterCapacityProviders(
            settings.name(_PART),
            cluster_name=cluster.name,
            capacity_providers=[self.provider.name],
            default_capacity_provider_strategies=[
                aws.ecs.ClusterCapacityProvidersDefaultCapacityProviderStrategyArgs(
                    capacity_provider=self.provider.name, base=0, weight=1
                )
            ],
            opts=self._child,
        )
        self.register_outputs({"groupName": self.group.name})

    def _template(
        self, role: aws.iam.Role, group: aws.ec2.SecurityGroup, text: str
    ) -> aws.ec2.LaunchTemplate:
        settings, gpu = self._settings, self._gpu
        profile = aws.iam.InstanceProfile(
            settings.name(_PART), role=role.name, tags=settings.tags.of(_PART), opts=self._child
        )
        ami = settings.ami_id or aws.ssm.get_parameter_output(name=_AMI).value
        return aws.ec2.LaunchTemplate(
            settings.name(_PART),
            image_id=ami,
            instance_type=gpu.instance_type,
            update_default_version=True,
            user_data=base64.b64encode(text.encode()).decode(),
            iam_instance_profile=aws.ec2.LaunchTemplateIamInstanceProfileArgs(arn=profile.arn),
            # A hop limit of 1 keeps containers from the instance's credentials.
            metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
                http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
            ),
            network_interfaces=[
                aws.ec2.LaunchTemplateNetworkInterfaceArgs(
                    associate_public_ip_address="false",
                    delete_on_termination="true",
                    security_groups=[group.id],
                )
            ],
            block_device_mappings=[
                aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
                    device_name=_ROOT_DEVICE,
                    ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                        volume_type="gp3",
                        volume_size=gpu.root_volume_gb,
                        encrypted="true",
                        kms_key_id=settings.kms_key_arn,
                        delete_on_termination="true",
                    ),
                )
            ],
            capacity_reservation_specification=self._reservation(),
            tag_specifications=settings.tags.of_launched(_PART),
            tags=settings.tags.of(_PART),
            opts=self._child,
        )

    def _reservation(self) -> aws.ec2.LaunchTemplateCapacityReservationSpecificationArgs | None:
        """One that exists already: creating it here would spend money on `pulumi up`."""
        reservation = self._settings.capacity_reservation_id
        if reservation is None:
            return None
        return aws.ec2.LaunchTemplateCapacityReservationSpecificationArgs(
            capacity_reservation_target=(
                aws.ec2.LaunchTemplateCapacityReservationSpecificationCapacityReservationTargetArgs(
                    capacity_reservation_id=reservation
                )
            )
        )

    def _group(
        self,
        name: str,
        template: aws.ec2.LaunchTemplate,
        subnets: Sequence[pulumi.Output[str]],
    ) -> aws.autoscaling.Group:
        settings, gpu = self._settings, self._gpu
        spot = gpu.purchase == "spot"
        spare = 1 if gpu.rolling_update == "spare_host" else 0
        return aws.autoscaling.Group(
            settings.name("gpu"),
            name=name,
            # No desired capacity: ECS sets it, and an update here would undo that.
            min_size=gpu.min_instances if settings.weights_ready else 0,
            max_size=gpu.max_instances + spare,
            vpc_zone_identifiers=list(subnets),
            protect_from_scale_in=True,
            # The protection above would otherwise make a destroy wait for ever.
            force_delete=True,
            health_check_type="EC2",
            health_check_grace_period=gpu.grace_s,
            enabled_metrics=[
                aws.autoscaling.Metric.GROUP_IN_SERVICE_INSTANCES,
                aws.autoscaling.Metric.GROUP_DESIRED_CAPACITY,
            ],
            metrics_granularity="1Minute",
            capacity_rebalance=True if spot else None,
            launch_template=None if spot else _template_version(template),
            mixed_instances_policy=_mixed(template, gpu.on_demand_base_instances) if spot else None,
            # Instances come when tasks want them, so there is nothing to wait for.
            wait_for_capacity_timeout="0",
            tags=settings.tags.of_group(_PART),
            opts=self._child,
        )

    def _capacity_provider(self) -> aws.ecs.CapacityProvider:
        settings = self._settings
        return aws.ecs.CapacityProvider(
            settings.name("gpu"),
            auto_scaling_group_provider=aws.ecs.CapacityProviderAutoScalingGroupProviderArgs(
                auto_scaling_group_arn=self.group.arn,
                managed_scaling=aws.ecs.CapacityProviderAutoScalingGroupProviderManagedScalingArgs(
                    status="ENABLED", target_capacity=100, instance_warmup_period=_WARM_UP_S
                ),
                managed_draining="ENABLED",
                managed_termination_protection="ENABLED",
            ),
            tags=settings.tags.of(_PART),
            opts=self._child,
        )


def user_data(settings: Settings, cluster_name: str, group_name: str) -> str:
    """The script of the first boot.

    ECS is configured first: an agent that cannot be installed costs metrics, not the service.
    """
    gpu = settings.plan.gpu
    assert gpu is not None
    ecs = {
        "ECS_CLUSTER": cluster_name,
        "ECS_ENABLE_GPU_SUPPORT": "true",
        "ECS_AWSVPC_BLOCK_IMDS": "true",
        # Images are named by digest, so what is there is what is meant.
        "ECS_IMAGE_PULL_BEHAVIOR": "prefer-cached",
        # The engine may finish what it has begun.
        "ECS_CONTAINER_STOP_TIMEOUT": f"{gpu.longest_generation_s}s",
        **({"ECS_ENABLE_SPOT_INSTANCE_DRAINING": "true"} if gpu.purchase == "spot" else {}),
    }
    lines = "\n".join(f"{key}={value}" for key, value in ecs.items())
    agent = "/opt/aws/amazon-cloudwatch-agent"
    return f"""#!/bin/bash
cat >> /etc/ecs/ecs.config <<'END'
{lines}
END
cat > /tmp/cloudwatch-agent.json <<'END'
{host_agent_config(group_name)}
END
dnf install -y amazon-cloudwatch-agent \\
  && {agent}/bin/amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s \\
    -c file:/tmp/cloudwatch-agent.json
exit 0
"""


def _template_version(template: aws.ec2.LaunchTemplate) -> aws.autoscaling.GroupLaunchTemplateArgs:
    return aws.autoscaling.GroupLaunchTemplateArgs(
        id=template.id, version=template.latest_version.apply(str)
    )


def _mixed(
    template: aws.ec2.LaunchTemplate, on_demand_base: int
) -> aws.autoscaling.GroupMixedInstancesPolicyArgs:
    """The floor on demand and everything above it on spot; excludes a warm pool."""
    return aws.autoscaling.GroupMixedInstancesPolicyArgs(
        launch_template=aws.autoscaling.GroupMixedInstancesPolicyLaunchTemplateArgs(
            launch_template_specification=(
                aws.autoscaling.GroupMixedInstancesPolicyLaunchTemplateLaunchTemplateSpecificationArgs(
                    launch_template_id=template.id, version=template.latest_version.apply(str)
                )
            )
        ),
        instances_distribution=aws.autoscaling.GroupMixedInstancesPolicyInstancesDistributionArgs(
            on_demand_base_capacity=on_demand_base,
            on_demand_percentage_above_base_capacity=0,
            spot_allocation_strategy="price-capacity-optimized",
        ),
    )
