"""Which changed inputs make the aws provider replace a resource instead of updating it.

From the provider's resource documentation ("Changing this forces a new resource",
https://www.pulumi.com/registry/packages/aws/api-docs/, version 7.51, read 2026-11-22), for the
types that the stacks use. What is not listed is updated in place.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["REPLACED_BY", "replaced_by"]

# Most types cannot be renamed; these can.
_RENAMED_IN_PLACE = {
    "aws:apigateway/restApi:RestApi",
    "aws:apigateway/apiKey:ApiKey",
    "aws:apigateway/authorizer:Authorizer",
    "aws:apigateway/usagePlan:UsagePlan",
    "aws:costexplorer/anomalyMonitor:AnomalyMonitor",
}

REPLACED_BY: Mapping[str, frozenset[str]] = {
    token: frozenset(keys)
    for token, keys in {
        "aws:apigateway/deployment:Deployment": ("restApi", "triggers"),
        "aws:apigateway/integration:Integration": ("restApi", "resourceId", "httpMethod"),
        "aws:apigateway/method:Method": ("restApi", "resourceId", "httpMethod"),
        "aws:apigateway/resource:Resource": ("restApi",),
        "aws:apigateway/stage:Stage": ("restApi", "stageName"),
        "aws:apigateway/usagePlanKey:UsagePlanKey": ("keyId", "keyType", "usagePlanId"),
        "aws:appautoscaling/target:Target": (
            *("resourceId", "scalableDimension", "serviceNamespace"),
        ),
        "aws:bedrock/inferenceProfile:InferenceProfile": ("modelSource", "description"),
        "aws:cloudwatch/compositeAlarm:CompositeAlarm": ("alarmName",),
        "aws:cloudwatch/dashboard:Dashboard": ("dashboardName",),
        "aws:cloudwatch/logMetricFilter:LogMetricFilter": ("logGroupName",),
        "aws:dynamodb/table:Table": ("hashKey", "rangeKey"),
        "aws:ec2/natGateway:NatGateway": ("subnetId", "allocationId", "connectivityType"),
        "aws:ec2/route:Route": ("routeTableId", "destinationCidrBlock"),
        "aws:ec2/routeTable:RouteTable": ("vpcId",),
        "aws:ec2/routeTableAssociation:RouteTableAssociation": ("subnetId",),
        "aws:ec2/securityGroup:SecurityGroup": ("description", "vpcId"),
        "aws:ec2/subnet:Subnet": ("availabilityZone", "cidrBlock", "vpcId"),
        "aws:ec2/vpc:Vpc": ("cidrBlock", "instanceTenancy"),
        "aws:ec2/vpcEndpoint:VpcEndpoint": ("serviceName", "vpcEndpointType", "vpcId"),
        "aws:ecs/service:Service": ("cluster", "launchType", "schedulingStrategy"),
        "aws:ecs/taskDefinition:TaskDefinition": (
            *("family", "containerDefinitions", "cpu", "memory", "executionRoleArn"),
            *("taskRoleArn", "networkMode", "requiresCompatibilities", "volumes"),
        ),
        "aws:iam/rolePolicy:RolePolicy": ("role",),
        "aws:lambda/permission:Permission": (
            *("action", "function", "principal", "sourceArn", "statementId"),
        ),
        "aws:lb/loadBalancer:LoadBalancer": ("internal", "loadBalancerType"),
        "aws:lb/targetGroup:TargetGroup": ("port", "protocol", "targetType", "vpcId"),
        "aws:s3/bucket:Bucket": ("bucket",),
        "aws:sns/topicSubscription:TopicSubscription": ("topic", "protocol", "endpoint"),
        "aws:ssm/parameter:Parameter": ("dataType",),
        "aws:wafv2/webAcl:WebAcl": ("scope",),
    }.items()
}


def replaced_by(token: str, key: str) -> bool:
    """Whether a change of ``key`` replaces a resource of this type."""
    if key in ("name", "namePrefix"):
        return token not in _RENAMED_IN_PLACE
    return key in REPLACED_BY.get(token, ())
