"""The stack's own network: private subnets, and one way out of them.

Either a NAT gateway for each zone, or interface endpoints for the AWS services that instances
and tasks talk to; the plan has priced both and picked. S3 is reached through a gateway endpoint,
which is free, so weights do not pass NAT. With ``deployment.vpcId`` none of this is created.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from config import Settings
from outputs import NetworkOutputs

__all__ = ["INTERFACE_ENDPOINTS", "Network", "network_of"]

_PART = "network"
# What instances, tasks and their agents call; the registry is reached by both of its names.
INTERFACE_ENDPOINTS = (
    "ecr.api",
    "ecr.dkr",
    "ecs",
    "ecs-agent",
    "ecs-telemetry",
    "logs",
    "monitoring",
    "secretsmanager",
    "ssm",
)
# A load balancer wants two zones, even where the service needs one.
_LEAST_ZONES = 2
_SUBNET_BITS = 4
_ANYWHERE = "0.0.0.0/0"


class Network(pulumi.ComponentResource):
    """A VPC with a private subnet in each zone that offers the instance type."""

    outputs: NetworkOutputs

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-serving:stacks:Network", name, None, opts)
        part = settings.plan.network
        assert part is not None  # network_of asks before
        self._settings = settings
        self._tags = settings.tags.of(_PART)
        self._child = pulumi.ResourceOptions(parent=self)
        self._paid_zones = part.zones
        self._zones = max(part.zones, _LEAST_ZONES)
        self._vpc = aws.ec2.Vpc(
            settings.name("vpc"),
            cidr_block=settings.vpc_cidr,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags=self._named("vpc"),
            opts=self._child,
        )
        zone_names = _zone_names(settings)
        # Private ones take the first half of the blocks, public ones the second.
        self._blocks = _blocks(settings.vpc_cidr, 2 * self._zones)
        private = [self._subnet("private", i, zone_names, i) for i in range(self._zones)]
        tables = [self._table("private", i, private[i]) for i in range(self._zones)]
        if part.way_out == "nat":
            self._nat(zone_names, tables)
        elif part.way_out == "endpoints":
            self._interface_endpoints(private[: self._paid_zones])
        self._s3_endpoint(tables)
        self.outputs = NetworkOutputs(
            vpc_id=self._vpc.id, private_subnet_ids=[subnet.id for subnet in private]
        )
        self.register_outputs({"vpcId": self._vpc.id})

    def _named(self, part: str) -> dict[str, str]:
        """The console shows networks by this tag."""
        return {"Name": self._settings.name(part), **self._tags}

    def _subnet(
        self, kind: str, index: int, zone_names: pulumi.Output[Sequence[str]], block: int
    ) -> aws.ec2.Subnet:
        part = f"{kind}-{index}"
        return aws.ec2.Subnet(
            self._settings.name(part),
            vpc_id=self._vpc.id,
            cidr_block=self._blocks[block],
            availability_zone=zone_names.apply(lambda names: _zone(names, index)),
            map_public_ip_on_launch=False,
            tags=self._named(part),
            # A zone that starts to offer the type must not move the subnets of a live stack.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["availabilityZone"]),
        )

    def _table(self, kind: str, index: int, subnet: aws.ec2.Subnet) -> aws.ec2.RouteTable:
        part = f"{kind}-{index}"
        table = aws.ec2.RouteTable(
            self._settings.name(f"{part}-routes"),
            vpc_id=self._vpc.id,
            tags=self._named(f"{part}-routes"),
            opts=self._child,
        )
        aws.ec2.RouteTableAssociation(
            self._settings.name(f"{part}-routes"),
            route_table_id=table.id,
            subnet_id=subnet.id,
            opts=self._child,
        )
        return table

    def _nat(
        self, zone_names: pulumi.Output[Sequence[str]], private: Sequence[aws.ec2.RouteTable]
    ) -> None:
        """One gateway for each zone that the plan pays for; a further zone uses the first."""
        internet = aws.ec2.InternetGateway(
            self._settings.name("internet"),
            vpc_id=self._vpc.id,
            tags=self._named("internet"),
            opts=self._child,
        )
        gateways = [
            self._nat_gateway(internet, index, zone_names) for index in range(self._paid_zones)
        ]
        for index, table in enumerate(private):
            gateway = gateways[index if index < len(gateways) else 0]
            aws.ec2.Route(
                self._settings.name(f"private-{index}-out"),
                route_table_id=table.id,
                destination_cidr_block=_ANYWHERE,
                nat_gateway_id=gateway.id,
                opts=self._child,
            )

    def _nat_gateway(
        self,
        internet: aws.ec2.InternetGateway,
        index: int,
        zone_names: pulumi.Output[Sequence[str]],
    ) -> aws.ec2.NatGateway:
        public = self._subnet("public", index, zone_names, self._zones + index)
        table = self._table("public", index, public)
        route = aws.ec2.Route(
            self._settings.name(f"public-{index}-out"),
            route_table_id=table.id,
            destination_cidr_block=_ANYWHERE,
            gateway_id=internet.id,
            opts=self._child,
        )
        address = aws.ec2.Eip(
            self._settings.name(f"nat-{index}"),
            domain="vpc",
            tags=self._named(f"nat-{index}"),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[internet]),
        )
        return aws.ec2.NatGateway(
            self._settings.name(f"nat-{index}"),
            allocation_id=address.id,
            subnet_id=public.id,
            tags=self._named(f"nat-{index}"),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[route]),
        )

    def _interface_endpoints(self, subnets: Sequence[aws.ec2.Subnet]) -> None:
        group = aws.ec2.SecurityGroup(
            self._settings.name("endpoints"),
            description="AWS services, from inside the network",
            vpc_id=self._vpc.id,
            tags=self._named("endpoints"),
            opts=self._child,
        )
        aws.vpc.SecurityGroupIngressRule(
            self._settings.name("endpoints-https"),
            security_group_id=group.id,
            description="HTTPS from the network",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4=self._settings.vpc_cidr,
            tags=self._tags,
            opts=self._child,
        )
        region = self._settings.plan.region
        for service in INTERFACE_ENDPOINTS:
            part = f"to-{service.replace('.', '-')}"
            aws.ec2.VpcEndpoint(
                self._settings.name(part),
                vpc_id=self._vpc.id,
                service_name=f"com.amazonaws.{region}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=[subnet.id for subnet in subnets],
                security_group_ids=[group.id],
                tags=self._named(part),
                opts=self._child,
            )

    def _s3_endpoint(self, tables: Sequence[aws.ec2.RouteTable]) -> None:
        aws.ec2.VpcEndpoint(
            self._settings.name("to-s3"),
            vpc_id=self._vpc.id,
            service_name=f"com.amazonaws.{self._settings.plan.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id for table in tables],
            tags=self._named("to-s3"),
            opts=self._child,
        )


def network_of(settings: Settings, opts: pulumi.ResourceOptions | None = None) -> NetworkOutputs:
    """The network of the deployment, or one of the stack's own."""
    deployment = settings.plan.deployment
    if deployment.vpc_id is not None:
        return NetworkOutputs(
            vpc_id=pulumi.Output.from_input(deployment.vpc_id),
            private_subnet_ids=[
                pulumi.Output.from_input(subnet) for subnet in deployment.private_subnet_ids
            ],
        )
    return Network("network", settings=settings, opts=opts).outputs


def _zone_names(settings: Settings) -> pulumi.Output[Sequence[str]]:
    """Zones that offer the instance type, then the region's others."""
    zones = aws.get_availability_zones_output(
        state="available",
        filters=[
            aws.GetAvailabilityZonesFilterArgs(name="opt-in-status", values=["opt-in-not-required"])
        ],
    ).names
    gpu = settings.plan.gpu
    if gpu is None:
        return zones.apply(lambda names: sorted(names))
    offering = aws.ec2.get_instance_type_offerings_output(
        location_type="availability-zone",
        filters=[
            aws.ec2.GetInstanceTypeOfferingsFilterArgs(
                name="instance-type", values=[gpu.instance_type]
            )
        ],
    ).locations
    return pulumi.Output.all(zones, offering).apply(lambda found: _ordered(*found))


def _zone(names: Sequence[str], index: int) -> str:
    if index >= len(names):
        raise pulumi.RunError(
            f"the region has {len(names)} zones and the plan spreads over {index + 1} or more; "
            "lower slo.zones and emit the plan again"
        )
    return names[index]


def _ordered(names: Sequence[str], offering: Sequence[str]) -> list[str]:
    return sorted(names, key=lambda name: (name not in offering, name))


def _blocks(cidr: str, count: int) -> list[str]:
    """The first ``count`` blocks of equal size in a network."""
    network = ipaddress.ip_network(cidr)
    blocks = network.subnets(new_prefix=network.prefixlen + _SUBNET_BITS)
    return [str(block) for block, _ in zip(blocks, range(count), strict=False)]
