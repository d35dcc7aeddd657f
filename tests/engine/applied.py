"""How each type reaches moto: what its answer says of the new resource, and how it goes again."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.stacks.calls import CALLS
from tests.stacks.shapes import to_request

__all__ = ["APPLIED", "RECORDED", "Applied"]

Inputs = Mapping[str, Any]


def _same(request: dict[str, Any]) -> dict[str, Any]:
    return request


@dataclass(frozen=True, kw_only=True)
class Applied:
    """One type's ways into the account.

    ``after`` reads id and outputs from the answer to the create request. ``again``: an update
    is the create request once more. ``shape`` changes the request to what moto takes. ``create``
    replaces the one request where a type needs others.
    """

    after: Callable[[Any, Inputs], dict[str, Any]] | None = None
    delete: Callable[[Any, str, Any], None] | None = None
    update: Callable[[Any, str, Any, Inputs], None] | None = None
    read: Callable[[Any, str, Any], dict[str, Any]] | None = None
    create: Callable[[Any, Inputs, str], tuple[str, dict[str, Any]]] | None = None
    shape: Callable[[dict[str, Any]], dict[str, Any]] = _same
    again: bool = False


def _deletes(service: str, operation: str, **parameters: str) -> Any:
    """A delete request; ``{id}`` and ``{input}`` in the parameters are filled in."""

    def delete(account: Any, identity: str, record: Any) -> None:
        known = {**record.outputs, **record.inputs, "id": identity}
        filled = {key: text.format(**known) for key, text in parameters.items()}
        account.request(service, operation, filled)

    return delete


def _answer(*path: str, **outputs: str) -> Any:
    """Reads ``id`` and outputs from below ``path`` of an answer."""

    def after(response: Any, inputs: Inputs) -> dict[str, Any]:
        inner = response
        for step in path:
            inner = inner[int(step)] if step.isdigit() else inner[step]
        return {name: inner[key] for name, key in outputs.items()}

    return after


def _renew(delete: Any) -> Any:
    """An update for what moto can create and delete, but not change."""

    def update(account: Any, identity: str, record: Any, inputs: Inputs) -> None:
        delete(account, identity, record)
        account._apply(APPLIED[record.token], record.token, inputs, identity)

    return update


def _alarm_drift(account: Any, identity: str, record: Any) -> dict[str, Any]:
    """The threshold as it stands; KeyError when somebody has deleted the alarm."""
    found = account.client("cloudwatch").describe_alarms(AlarmNames=[identity])["MetricAlarms"]
    if not found:
        raise KeyError(identity)
    return {"threshold": found[0]["Threshold"]} if "threshold" in record.inputs else {}


def _group_update(account: Any, identity: str, record: Any, inputs: Inputs) -> None:
    account.request(
        "autoscaling",
        "UpdateAutoScalingGroup",
        {
            "AutoScalingGroupName": identity,
            "MinSize": inputs["minSize"],
            "MaxSize": inputs["maxSize"],
        },
    )


def _template_update(account: Any, identity: str, record: Any, inputs: Inputs) -> None:
    request, _ = to_request(CALLS[record.token], inputs)
    account.request(
        "ec2",
        "CreateLaunchTemplateVersion",
        {"LaunchTemplateId": identity, "LaunchTemplateData": request["LaunchTemplateData"]},
    )


def _profile(account: Any, inputs: Inputs, identity: str) -> tuple[str, dict[str, Any]]:
    name = inputs["name"]
    made = account.client("iam").create_instance_profile(InstanceProfileName=name)
    account.client("iam").add_role_to_instance_profile(
        InstanceProfileName=name, RoleName=inputs["role"]
    )
    return name, {"arn": made["InstanceProfile"]["Arn"]}


def _profile_gone(account: Any, identity: str, record: Any) -> None:
    client = account.client("iam")
    client.remove_role_from_instance_profile(
        InstanceProfileName=identity, RoleName=record.inputs["role"]
    )
    client.delete_instance_profile(InstanceProfileName=identity)


def _role(account: Any, inputs: Inputs, identity: str) -> tuple[str, dict[str, Any]]:
    name = inputs["name"]
    made = account.client("iam").create_role(
        RoleName=name, AssumeRolePolicyDocument=inputs["assumeRolePolicy"]
    )
    return name, {"arn": made["Role"]["Arn"]}


def _log_group(account: Any, inputs: Inputs, identity: str) -> tuple[str, dict[str, Any]]:
    client, name = account.client("logs"), inputs["name"]
    client.create_log_group(logGroupName=name, tags=inputs.get("tags", {}))
    _log_retention(account, name, None, inputs)
    return name, {"arn": f"arn:aws:logs:{account.region}:{account.id}:log-group:{name}"}


def _log_retention(account: Any, identity: str, record: Any, inputs: Inputs) -> None:
    if inputs.get("retentionInDays"):
        account.client("logs").put_retention_policy(
            logGroupName=identity, retentionInDays=inputs["retentionInDays"]
        )


def _gateway(account: Any, inputs: Inputs, identity: str) -> tuple[str, dict[str, Any]]:
    client = account.client("ec2")
    made = client.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    if "vpcId" in inputs:
        client.attach_internet_gateway(InternetGatewayId=made, VpcId=inputs["vpcId"])
    return made, {}


def _gateway_gone(account: Any, identity: str, record: Any) -> None:
    client = account.client("ec2")
    if "vpcId" in record.inputs:
        client.detach_internet_gateway(InternetGatewayId=identity, VpcId=record.inputs["vpcId"])
    client.delete_internet_gateway(InternetGatewayId=identity)


def _rule_made(response: Any, inputs: Inputs) -> dict[str, Any]:
    rules = response.get("SecurityGroupRules") or [{}]
    found = rules[0].get("SecurityGroupRuleId")
    return {"id": found} if found else {}


def _rule_gone(operation: str) -> Any:
    def delete(account: Any, identity: str, record: Any) -> None:
        request, _ = to_request(CALLS[record.token], record.inputs)
        wanted = {key: request[key] for key in ("GroupId", "IpPermissions")}
        account.request("ec2", operation, wanted)

    return delete


def _function_request(request: dict[str, Any]) -> dict[str, Any]:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("run.sh", "")
    # moto looks layers up, and the published ones are in other accounts.
    kept = {key: value for key, value in request.items() if key != "Layers"}
    return {**kept, "Code": {"ZipFile": content.getvalue()}}


def _function_update(account: Any, identity: str, record: Any, inputs: Inputs) -> None:
    request, _ = to_request(CALLS[record.token], inputs)
    names = ("Timeout", "MemorySize", "Environment", "Description")
    account.request(
        "lambda",
        "UpdateFunctionConfiguration",
        {"FunctionName": identity, **{n: request[n] for n in names if n in request}},
    )


def _dashboard(account: Any, identity: str, record: Any) -> None:
    name = record.inputs["dashboardName"]
    account.client("cloudwatch").delete_dashboards(DashboardNames=[name])


def _alarm_gone(account: Any, identity: str, record: Any) -> None:
    account.client("cloudwatch").delete_alarms(AlarmNames=[identity])


def _task_request(request: dict[str, Any]) -> dict[str, Any]:
    """AWS takes a soft limit alone on EC2; moto 5.2 does not."""
    containers = [
        {"memory": each["memoryReservation"], **each} if "memoryReservation" in each else each
        for each in request["containerDefinitions"]
    ]
    return {**request, "containerDefinitions": containers}


def _bucket_gone(account: Any, identity: str, record: Any) -> None:
    account.client("s3").delete_bucket(Bucket=identity)


def _secret_gone(account: Any, identity: str, record: Any) -> None:
    account.client("secretsmanager").delete_secret(
        SecretId=identity, ForceDeleteWithoutRecovery=True
    )


def _service_gone(account: Any, identity: str, record: Any) -> None:
    account.client("ecs").delete_service(
        cluster=record.inputs["cluster"], service=identity, force=True
    )


def _group_gone(account: Any, identity: str, record: Any) -> None:
    account.client("autoscaling").delete_auto_scaling_group(
        AutoScalingGroupName=identity, ForceDelete=True
    )


def _auto_scaling_request(request: dict[str, Any]) -> dict[str, Any]:
    """moto takes no reservation here."""
    return {k: v for k, v in request.items() if k != "CapacityReservationSpecification"}


APPLIED: Mapping[str, Applied] = {
    "aws:autoscaling/group:Group": Applied(
        shape=_auto_scaling_request, update=_group_update, delete=_group_gone
    ),
    "aws:budgets/budget:Budget": Applied(
        after=lambda _, inputs: {"id": f"123456789012:{inputs['name']}"},
        delete=_deletes("budgets", "DeleteBudget", AccountId="123456789012", BudgetName="{name}"),
        update=_renew(
            _deletes("budgets", "DeleteBudget", AccountId="123456789012", BudgetName="{name}")
        ),
    ),
    "aws:cloudwatch/dashboard:Dashboard": Applied(again=True, delete=_dashboard),
    "aws:cloudwatch/logGroup:LogGroup": Applied(
        create=_log_group,
        update=_log_retention,
        delete=_deletes("logs", "DeleteLogGroup", logGroupName="{id}"),
    ),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": Applied(
        again=True,
        delete=_deletes(
            *("logs", "DeleteMetricFilter"), logGroupName="{logGroupName}", filterName="{name}"
        ),
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Applied(
        again=True, delete=_alarm_gone, read=_alarm_drift
    ),
    "aws:dynamodb/table:Table": Applied(
        after=_answer("TableDescription", arn="TableArn"),
        delete=_deletes("dynamodb", "DeleteTable", TableName="{name}"),
    ),
    "aws:ec2/eip:Eip": Applied(
        after=_answer(id="AllocationId", publicIp="PublicIp", allocationId="AllocationId"),
        delete=_deletes("ec2", "ReleaseAddress", AllocationId="{id}"),
    ),
    "aws:ec2/internetGateway:InternetGateway": Applied(create=_gateway, delete=_gateway_gone),
    "aws:ec2/launchTemplate:LaunchTemplate": Applied(
        after=_answer("LaunchTemplate", id="LaunchTemplateId"),
        update=_template_update,
        delete=_deletes("ec2", "DeleteLaunchTemplate", LaunchTemplateId="{id}"),
    ),
    "aws:ec2/natGateway:NatGateway": Applied(
        after=_answer("NatGateway", id="NatGatewayId"),
        delete=_deletes("ec2", "DeleteNatGateway", NatGatewayId="{id}"),
    ),
    "aws:ec2/routeTable:RouteTable": Applied(
        after=_answer("RouteTable", id="RouteTableId"),
        delete=_deletes("ec2", "DeleteRouteTable", RouteTableId="{id}"),
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Applied(
        after=_answer(id="AssociationId"),
        delete=_deletes("ec2", "DisassociateRouteTable", AssociationId="{id}"),
    ),
    "aws:ec2/securityGroup:SecurityGroup": Applied(
        after=_answer(id="GroupId"),
        delete=_deletes("ec2", "DeleteSecurityGroup", GroupId="{id}"),
    ),
    "aws:ec2/subnet:Subnet": Applied(
        after=_answer("Subnet", id="SubnetId", arn="SubnetArn"),
        delete=_deletes("ec2", "DeleteSubnet", SubnetId="{id}"),
    ),
    "aws:ec2/vpc:Vpc": Applied(
        after=_answer("Vpc", id="VpcId"), delete=_deletes("ec2", "DeleteVpc", VpcId="{id}")
    ),
    "aws:ecs/capacityProvider:CapacityProvider": Applied(
        after=_answer("capacityProvider", id="capacityProviderArn", arn="capacityProviderArn"),
        delete=_deletes("ecs", "DeleteCapacityProvider", capacityProvider="{name}"),
    ),
    "aws:ecs/cluster:Cluster": Applied(
        after=_answer("cluster", id="clusterArn", arn="clusterArn"),
        delete=_deletes("ecs", "DeleteCluster", cluster="{id}"),
    ),
    "aws:ecs/service:Service": Applied(
        after=_answer("service", id="serviceArn", arn="serviceArn"), delete=_service_gone
    ),
    "aws:ecs/taskDefinition:TaskDefinition": Applied(
        shape=_task_request,
        after=_answer("taskDefinition", arn="taskDefinitionArn", revision="revision"),
        delete=_deletes("ecs", "DeregisterTaskDefinition", taskDefinition="{arn}"),
    ),
    "aws:iam/instanceProfile:InstanceProfile": Applied(create=_profile, delete=_profile_gone),
    "aws:iam/role:Role": Applied(
        create=_role, delete=_deletes("iam", "DeleteRole", RoleName="{name}")
    ),
    "aws:iam/rolePolicy:RolePolicy": Applied(
        after=lambda _, inputs: {"id": f"{inputs['role']}:{inputs['name']}"},
        again=True,
        delete=_deletes("iam", "DeleteRolePolicy", RoleName="{role}", PolicyName="{name}"),
    ),
    "aws:lambda/function:Function": Applied(
        shape=_function_request,
        after=_answer(arn="FunctionArn"),
        update=_function_update,
        delete=_deletes("lambda", "DeleteFunction", FunctionName="{name}"),
    ),
    "aws:lb/listener:Listener": Applied(
        after=_answer("Listeners", "0", id="ListenerArn", arn="ListenerArn"),
        delete=_deletes("elbv2", "DeleteListener", ListenerArn="{id}"),
    ),
    "aws:lb/loadBalancer:LoadBalancer": Applied(
        after=_answer(
            "LoadBalancers", "0", id="LoadBalancerArn", arn="LoadBalancerArn", dnsName="DNSName"
        ),
        delete=_deletes("elbv2", "DeleteLoadBalancer", LoadBalancerArn="{id}"),
    ),
    "aws:lb/targetGroup:TargetGroup": Applied(
        after=_answer("TargetGroups", "0", id="TargetGroupArn", arn="TargetGroupArn"),
        delete=_deletes("elbv2", "DeleteTargetGroup", TargetGroupArn="{id}"),
    ),
    "aws:s3/bucket:Bucket": Applied(delete=_bucket_gone),
    "aws:secretsmanager/secret:Secret": Applied(
        after=_answer(id="ARN", arn="ARN"), delete=_secret_gone
    ),
    "aws:sns/topic:Topic": Applied(
        after=_answer(id="TopicArn", arn="TopicArn"),
        delete=_deletes("sns", "DeleteTopic", TopicArn="{id}"),
    ),
    "aws:sns/topicPolicy:TopicPolicy": Applied(
        after=lambda _, inputs: {"id": inputs["arn"]}, again=True
    ),
    "aws:sns/topicSubscription:TopicSubscription": Applied(
        after=_answer(id="SubscriptionArn", arn="SubscriptionArn"),
        delete=_deletes("sns", "Unsubscribe", SubscriptionArn="{id}"),
    ),
    "aws:ssm/parameter:Parameter": Applied(
        shape=lambda request: {k: v for k, v in request.items() if k != "Overwrite"},
        update=lambda account, identity, record, inputs: account.client("ssm").put_parameter(
            Name=inputs["name"], Value=inputs["value"], Type=inputs["type"], Overwrite=True
        ),
        delete=_deletes("ssm", "DeleteParameter", Name="{name}"),
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Applied(
        after=_rule_made, delete=_rule_gone("RevokeSecurityGroupEgress")
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Applied(
        after=_rule_made, delete=_rule_gone("RevokeSecurityGroupIngress")
    ),
    "aws:appautoscaling/target:Target": Applied(
        again=True,
        delete=_deletes(
            *("application-autoscaling", "DeregisterScalableTarget"),
            ServiceNamespace="{serviceNamespace}",
            ResourceId="{resourceId}",
            ScalableDimension="{scalableDimension}",
        ),
    ),
}

_ABSENT = "moto has no such call"
_DROPPED = "moto keeps nothing of what matters"
_WIRING = "connects two resources that are applied"

# Kept as records; tests read them from the provider instead of through boto3.
RECORDED: Mapping[str, str] = {
    "aws:apigateway/apiKey:ApiKey": _WIRING,
    "aws:apigateway/authorizer:Authorizer": _WIRING,
    "aws:apigateway/deployment:Deployment": _DROPPED,
    "aws:apigateway/integration:Integration": "moto drops responseTransferMode",
    "aws:apigateway/method:Method": _WIRING,
    "aws:apigateway/methodSettings:MethodSettings": _DROPPED,
    "aws:apigateway/resource:Resource": _WIRING,
    "aws:apigateway/response:Response": _DROPPED,
    "aws:apigateway/restApi:RestApi": _WIRING,
    "aws:apigateway/stage:Stage": _DROPPED,
    "aws:apigateway/usagePlan:UsagePlan": _WIRING,
    "aws:apigateway/usagePlanKey:UsagePlanKey": _WIRING,
    "aws:appautoscaling/policy:Policy": _DROPPED,
    "aws:appautoscaling/scheduledAction:ScheduledAction": _DROPPED,
    "aws:bedrock/inferenceProfile:InferenceProfile": _ABSENT,
    "aws:budgets/budgetAction:BudgetAction": _ABSENT,
    "aws:cloudwatch/alarmMuteRule:AlarmMuteRule": _ABSENT,
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": _ABSENT,
    "aws:costexplorer/anomalyMonitor:AnomalyMonitor": _ABSENT,
    "aws:costexplorer/anomalySubscription:AnomalySubscription": _ABSENT,
    "aws:costexplorer/costAllocationTag:CostAllocationTag": _ABSENT,
    "aws:ec2/route:Route": _WIRING,
    "aws:ec2/vpcEndpoint:VpcEndpoint": _DROPPED,
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": _WIRING,
    "aws:iam/policy:Policy": _WIRING,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _WIRING,
    "aws:kms/key:Key": _DROPPED,
    "aws:lambda/alias:Alias": _WIRING,
    "aws:lambda/layerVersion:LayerVersion": _WIRING,
    "aws:lambda/permission:Permission": _WIRING,
    "aws:lb/listenerRule:ListenerRule": _WIRING,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _DROPPED,
    "aws:s3/bucketPolicy:BucketPolicy": _DROPPED,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _DROPPED,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        _DROPPED
    ),
    "aws:wafv2/webAcl:WebAcl": _DROPPED,
    "aws:wafv2/webAclAssociation:WebAclAssociation": _WIRING,
}
