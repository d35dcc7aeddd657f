"""The internal load balancer: the paths of the API that the engine's key guards, and no others.

vLLM's key is asked for under ``/v1`` only; its other paths stop, reload or tokenise without one.
So the listener answers 404 to all but the four paths that clients use.
"""

from __future__ import annotations

import json

import pulumi
import pulumi_aws as aws

from config import Settings
from engine_agents import ENGINE_PORT
from engine_storage import EngineStorage
from outputs import NetworkOutputs

__all__ = ["OPEN_PATHS", "EngineBalancer"]

_PART = "balancer"
OPEN_PATHS = ("/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/models")
_HTTPS_PORT = 443
_HTTP_PORT = 80
_TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
# AWS takes 1 to 4,000 s; a stream may be silent while a long prompt is read.
_LEAST_IDLE_S = 600
_MOST_IDLE_S = 4_000
_MOST_DEREGISTRATION_S = 3_600


class EngineBalancer(pulumi.ComponentResource):
    """Load balancer, target group, listener, and the two security groups around them."""

    balancer: aws.lb.LoadBalancer
    target_group: aws.lb.TargetGroup
    rule: aws.lb.ListenerRule
    security_group: aws.ec2.SecurityGroup
    task_security_group: aws.ec2.SecurityGroup
    port: int
    base_url: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        network: NetworkOutputs,
        storage: EngineStorage,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-serving:stacks:EngineBalancer", name, None, opts)
        gpu = settings.plan.gpu
        assert gpu is not None
        self._settings = settings
        self._tags = settings.tags.of(_PART)
        self._child = pulumi.ResourceOptions(parent=self)
        certificate = settings.plan.deployment.certificate_arn
        self.port = _HTTP_PORT if certificate is None else _HTTPS_PORT
        self.security_group = self._security_group("balancer", "Clients of the engine", network)
        self.task_security_group = self._security_group(
            "engine", "The engine: only its load balancer comes in", network
        )
        self._rules()
        self.balancer = aws.lb.LoadBalancer(
            settings.name("alb"),
            internal=True,
            load_balancer_type="application",
            drop_invalid_header_fields=True,
            idle_timeout=min(max(gpu.longest_generation_s, _LEAST_IDLE_S), _MOST_IDLE_S),
            security_groups=[self.security_group.id],
            subnets=list(network.private_subnet_ids),
            access_logs=aws.lb.LoadBalancerAccessLogsArgs(
                bucket=storage.access_logs.bucket, prefix="alb", enabled=True
            ),
            tags=self._tags,
            # Its creation tries to write to the bucket.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[storage.access_policy]),
        )
        self.target_group = aws.lb.TargetGroup(
            # Short: a name is at most 32 characters, with the eight that are appended to it.
            settings.name("tg"),
            port=ENGINE_PORT,
            protocol="HTTP",
            target_type="ip",
            vpc_id=network.vpc_id,
            # Answers differ a thousandfold in length, so turns would load replicas unevenly.
            load_balancing_algorithm_type="least_outstanding_requests",
            deregistration_delay=min(gpu.longest_generation_s, _MOST_DEREGISTRATION_S),
            health_check=aws.lb.TargetGroupHealthCheckArgs(
                path="/health",
                matcher="200",
                interval=15,
                timeout=5,
                healthy_threshold=2,
                unhealthy_threshold=3,
            ),
            tags=self._tags,
            opts=self._child,
        )
        self.rule = self._listener(certificate)
        scheme = "http" if certificate is None else "https"
        self.base_url = pulumi.Output.concat(scheme, "://", self.balancer.dns_name, "/v1")
        self.register_outputs({"baseUrl": self.base_url})

    def _security_group(
        self, part: str, description: str, network: NetworkOutputs
    ) -> aws.ec2.SecurityGroup:
        return aws.ec2.SecurityGroup(
            self._settings.name(part),
            description=description,
            vpc_id=network.vpc_id,
            tags=self._tags,
            opts=self._child,
        )

    def _rules(self) -> None:
        deployment = self._settings.plan.deployment
        for index, group in enumerate(deployment.client_security_group_ids):
            self._ingress(f"client-group-{index}", referenced_security_group_id=group)
        for index, cidr in enumerate(deployment.client_cidrs):
            self._ingress(f"client-cidr-{index}", cidr_ipv4=cidr)
        aws.vpc.SecurityGroupEgressRule(
            self._settings.name("balancer-to-engine"),
            security_group_id=self.security_group.id,
            referenced_security_group_id=self.task_security_group.id,
            ip_protocol="tcp",
            from_port=ENGINE_PORT,
            to_port=ENGINE_PORT,
            tags=self._tags,
            opts=self._child,
        )
        aws.vpc.SecurityGroupIngressRule(
            self._settings.name("engine-from-balancer"),
            security_group_id=self.task_security_group.id,
            referenced_security_group_id=self.security_group.id,
            ip_protocol="tcp",
            from_port=ENGINE_PORT,
            to_port=ENGINE_PORT,
            tags=self._tags,
            opts=self._child,
        )
        aws.vpc.SecurityGroupEgressRule(
            self._settings.name("engine-https"),
            security_group_id=self.task_security_group.id,
            description="S3 and CloudWatch",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4="0.0.0.0/0",
            tags=self._tags,
            opts=self._child,
        )

    def _ingress(
        self,
        part: str,
        *,
        cidr_ipv4: str | None = None,
        referenced_security_group_id: str | None = None,
    ) -> None:
        aws.vpc.SecurityGroupIngressRule(
            self._settings.name(part),
            security_group_id=self.security_group.id,
            cidr_ipv4=cidr_ipv4,
            referenced_security_group_id=referenced_security_group_id,
            ip_protocol="tcp",
            from_port=self.port,
            to_port=self.port,
            tags=self._tags,
            opts=self._child,
        )

    def _listener(self, certificate: str | None) -> aws.lb.ListenerRule:
        listener = aws.lb.Listener(
            self._settings.name("clients"),
            load_balancer_arn=self.balancer.arn,
            port=self.port,
            protocol="HTTP" if certificate is None else "HTTPS",
            certificate_arn=certificate,
            ssl_policy=None if certificate is None else _TLS_POLICY,
            default_actions=[
                aws.lb.ListenerDefaultActionArgs(
                    type="fixed-response",
                    fixed_response=aws.lb.ListenerDefaultActionFixedResponseArgs(
                        content_type="application/json",
                        status_code="404",
                        message_body=json.dumps({"error": {"message": "not found", "code": 404}}),
                    ),
                )
            ],
            tags=self._tags,
            opts=self._child,
        )
        return aws.lb.ListenerRule(
            self._settings.name("api"),
            listener_arn=listener.arn,
            priority=10,
            conditions=[
                aws.lb.ListenerRuleConditionArgs(
                    path_pattern=aws.lb.ListenerRuleConditionPathPatternArgs(
                        values=list(OPEN_PATHS)
                    )
                )
            ],
            actions=[
                aws.lb.ListenerRuleActionArgs(
                    type="forward", target_group_arn=self.target_group.arn
                )
            ],
            tags=self._tags,
            opts=self._child,
        )
