"""Which AWS request creates a resource of each type that the stacks use.

Names as in the provider's and botocore's reference; what differs beyond case and plural is in
``rename``. A type that is not listed fails the value check.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from typing import Any

from tests.stacks.shapes import Call

__all__ = ["CALLS", "JSON_INPUTS", "NO_CALL"]

# Inputs of the provider itself: where a resource lives and how it is deleted, not what it is.
_PROVIDERS = frozenset(
    {"region", "tagsAll", "forceDestroy", "forceDelete", "waitForSteadyState", "skipDestroy"}
)


def _call(service: str, operation: str, *ignore: str, arrange: Any = None, **rename: str) -> Call:
    return Call(
        service=service,
        operation=operation,
        rename=rename,
        ignore=_PROVIDERS | set(ignore),
        arrange=arrange,
    )


def _budget(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    budget = {
        "budgetName": inputs.get("name"),
        "budgetType": inputs.get("budgetType"),
        "timeUnit": inputs.get("timeUnit"),
        "costTypes": inputs.get("costTypes"),
        "filterExpression": inputs.get("filterExpression"),
    }
    if "limitAmount" in inputs:
        budget["budgetLimit"] = {"amount": inputs["limitAmount"], "unit": inputs["limitUnit"]}
    if "plannedLimits" in inputs:
        budget["plannedBudgetLimits"] = {
            _epoch(row["startTime"]): {"amount": row["amount"], "unit": row["unit"]}
            for row in inputs["plannedLimits"]
        }
    if "costFilters" in inputs:
        budget["costFilters"] = {row["name"]: row["values"] for row in inputs["costFilters"]}
    if "metrics" in inputs:
        budget["metrics"] = [inputs["metrics"]]
    more = {k: v for k, v in inputs.items() if k not in _BUDGETS_OWN}
    return {
        "accountId": "123456789012",
        "budget": {key: value for key, value in budget.items() if value is not None},
        "notificationsWithSubscribers": [
            _notification(row) for row in inputs.get("notifications", [])
        ],
        "resourceTags": inputs.get("tags", {}),
        **more,
    }


def _epoch(start: str) -> str:
    """Months are keyed by the second they begin at; the provider turns its dates into that."""
    at = datetime.datetime.strptime(start, "%Y-%m-%d_%H:%M").replace(tzinfo=datetime.UTC)
    return str(int(at.timestamp()))


_BUDGETS_OWN = {
    *("name", "budgetType", "timeUnit", "costTypes", "filterExpression", "limitAmount"),
    *("limitUnit", "plannedLimits", "costFilters", "metrics", "notifications", "tags"),
}


def _notification(row: Mapping[str, Any]) -> Mapping[str, Any]:
    topics = [("SNS", arn) for arn in row.get("subscriberSnsTopicArns", [])]
    emails = [("EMAIL", address) for address in row.get("subscriberEmailAddresses", [])]
    own = ("comparisonOperator", "notificationType", "threshold", "thresholdType")
    others = {
        k: v
        for k, v in row.items()
        if k not in (*own, "subscriberSnsTopicArns", "subscriberEmailAddresses")
    }
    return {
        "notification": {key: row[key] for key in own if key in row} | others,
        "subscribers": [
            {"subscriptionType": kind, "address": address} for kind, address in topics + emails
        ],
    }


def _alarm(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    queries = [_metric_query(row) for row in inputs.get("metricQueries", [])]
    made = {k: v for k, v in inputs.items() if k not in ("metricQueries", "name")}
    if queries:
        made["metrics"] = queries
    return {"alarmName": inputs.get("name"), **made}


def _metric_query(row: Mapping[str, Any]) -> Mapping[str, Any]:
    if "metric" not in row:
        return row
    metric = row["metric"]
    return {
        **{key: value for key, value in row.items() if key != "metric"},
        "metricStat": {
            "metric": {
                "namespace": metric.get("namespace"),
                "metricName": metric.get("metricName"),
                "dimensions": metric.get("dimensions", {}),
            },
            **{
                key: value
                for key, value in metric.items()
                if key not in ("namespace", "metricName", "dimensions")
            },
        },
    }


def _container_definitions(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    text = inputs.get("containerDefinitions")
    known = isinstance(text, str) and text.startswith("[")
    return {**inputs, "containerDefinitions": json.loads(text) if known and text else text}


def _launch_template(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    own = {"name", "tags", "updateDefaultVersion", "description"}
    return {
        "launchTemplateName": inputs.get("name"),
        "versionDescription": inputs.get("description"),
        "launchTemplateData": {k: v for k, v in inputs.items() if k not in own},
        "tagSpecifications": [{"resourceType": "launch-template", "tags": inputs.get("tags", {})}],
    }


def _auto_scaling_group(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    zones = inputs.get("vpcZoneIdentifiers")
    joined = {"vPCZoneIdentifier": ",".join(zones)} if zones else {}
    return {k: v for k, v in inputs.items() if k != "vpcZoneIdentifiers"} | joined


def _table(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    schema = [{"attributeName": inputs["hashKey"], "keyType": "HASH"}]
    if "rangeKey" in inputs:
        schema.append({"attributeName": inputs["rangeKey"], "keyType": "RANGE"})
    names = {"name": "attributeName", "type": "attributeType"}
    attributes = [
        {names.get(key, key): value for key, value in row.items()}
        for row in inputs.get("attributes", [])
    ]
    other = {k: v for k, v in inputs.items() if k not in ("hashKey", "rangeKey", "attributes")}
    encryption = other.pop("serverSideEncryption", None)
    made = {**other, "keySchema": schema, "attributeDefinitions": attributes}
    if encryption is not None and encryption.get("kmsKeyArn"):
        made["sseSpecification"] = {
            "enabled": True,
            "sseType": "KMS",
            "kmsMasterKeyId": encryption["kmsKeyArn"],
        }
    return made


def _function(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    made = {k: v for k, v in inputs.items() if k not in ("code", "name")}
    return {"functionName": inputs.get("name"), **made, "code": {"zipFile": "code"}}


def _tags_for(resource_type: str) -> Any:
    """EC2 takes tags as specifications of the resource that is being made."""

    def arrange(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        made = {key: value for key, value in inputs.items() if key != "tags"}
        if "tags" in inputs:
            tags = [{"key": key, "value": value} for key, value in inputs["tags"].items()]
            made["tagSpecifications"] = [{"resourceType": resource_type, "tags": tags}]
        return made

    return arrange


def _ingress(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    made = _tags_for("security-group-rule")(inputs)
    names = ("ipProtocol", "fromPort", "toPort")
    permission = {key: made[key] for key in names if key in made}
    pairs = (
        ("cidrIpv4", "ipRanges", "cidrIp"),
        ("cidrIpv6", "ipv6Ranges", "cidrIpv6"),
        ("referencedSecurityGroupId", "userIdGroupPairs", "groupId"),
        ("prefixListId", "prefixListIds", "prefixListId"),
    )
    for key, ranges, name in pairs:
        if key in made:
            permission[ranges] = [{name: made[key], "description": made.get("description")}]
    gone = {*names, *(key for key, _, _ in pairs), "description", "securityGroupId"}
    rest = {key: value for key, value in made.items() if key not in gone}
    return {"groupId": made.get("securityGroupId"), "ipPermissions": [permission], **rest}


def _pool(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """A target group, whose slow settings are attributes in AWS's request."""
    attributes = {
        *("deregistrationDelay", "loadBalancingAlgorithmType", "slowStart", "stickiness"),
        *("connectionTermination", "preserveClientIp"),
    }
    made = {key: value for key, value in inputs.items() if key not in attributes}
    health: Mapping[str, Any] = made.pop("healthCheck", {})
    names: Mapping[str, str] = {
        "matcher": "matcher",
        "path": "healthCheckPath",
        "port": "healthCheckPort",
        "protocol": "healthCheckProtocol",
        "interval": "healthCheckIntervalSeconds",
        "timeout": "healthCheckTimeoutSeconds",
        "healthyThreshold": "healthyThresholdCount",
        "unhealthyThreshold": "unhealthyThresholdCount",
        "enabled": "healthCheckEnabled",
    }
    checks = {names.get(key, key): value for key, value in health.items()}
    if "matcher" in checks:
        checks["matcher"] = {"httpCode": checks["matcher"]}
    return {**made, **checks}


def _balancer(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    kept = {"name", "subnets", "securityGroups", "loadBalancerType", "tags", "ipAddressType"}
    made = {key: value for key, value in inputs.items() if key in kept}
    scheme = "internal" if inputs.get("internal") else "internet-facing"
    return {**made, "scheme": scheme}


def _listener(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    made = {key: value for key, value in inputs.items() if key != "certificateArn"}
    if "certificateArn" in inputs:
        made["certificates"] = [{"certificateArn": inputs["certificateArn"]}]
    return made


def _rule(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    fields = {
        "pathPattern": "path-pattern",
        "hostHeader": "host-header",
        "httpHeader": "http-header",
        "httpRequestMethod": "http-request-method",
        "queryStrings": "query-string",
        "sourceIp": "source-ip",
    }
    conditions = [
        {"field": fields.get(key, key), f"{key}Config": value}
        for row in inputs.get("conditions", [])
        for key, value in row.items()
    ]
    return {**inputs, "conditions": conditions}


def _bucket_block(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    own = {key: value for key, value in inputs.items() if key != "bucket"}
    return {"bucket": inputs.get("bucket"), "publicAccessBlockConfiguration": own}


def _topic(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    made = {"name": inputs.get("name"), "tags": inputs.get("tags", {})}
    key = inputs.get("kmsMasterKeyId")
    return made | ({"attributes": {"KmsMasterKeyId": key}} if key is not None else {})


def _metric_filter(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    change = inputs.get("metricTransformation", {})
    names = {"name": "metricName", "namespace": "metricNamespace", "value": "metricValue"}
    made = {names.get(key, key): value for key, value in change.items()}
    if isinstance(made.get("defaultValue"), str):
        made["defaultValue"] = float(made["defaultValue"])
    own = {key: value for key, value in inputs.items() if key != "metricTransformation"}
    return {**own, "metricTransformations": [made]}


def _method_settings(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"restApiId": inputs.get("restApi"), "stageName": inputs.get("stageName")}


def _mute(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    made = dict(inputs)
    for key in ("rules", "rule", "muteTargets"):
        value = made.get(key)
        if isinstance(value, list) and len(value) == 1:
            made[key] = value[0]
    return made


CALLS: Mapping[str, Call] = {
    "aws:apigateway/apiKey:ApiKey": _call("apigateway", "CreateApiKey"),
    "aws:apigateway/authorizer:Authorizer": _call(
        "apigateway", "CreateAuthorizer", restApi="restApiId"
    ),
    "aws:apigateway/deployment:Deployment": _call(
        "apigateway", "CreateDeployment", "triggers", restApi="restApiId"
    ),
    "aws:apigateway/integration:Integration": _call(
        "apigateway",
        "PutIntegration",
        restApi="restApiId",
        timeoutMilliseconds="timeoutInMillis",
    ),
    "aws:apigateway/method:Method": _call(
        "apigateway", "PutMethod", restApi="restApiId", authorization="authorizationType"
    ),
    "aws:apigateway/methodSettings:MethodSettings": _call(
        "apigateway", "UpdateStage", arrange=_method_settings
    ),
    "aws:apigateway/resource:Resource": _call("apigateway", "CreateResource", restApi="restApiId"),
    "aws:apigateway/response:Response": _call(
        "apigateway", "PutGatewayResponse", restApiId="restApiId"
    ),
    "aws:apigateway/restApi:RestApi": _call("apigateway", "CreateRestApi"),
    "aws:apigateway/stage:Stage": _call(
        *("apigateway", "CreateStage", "accessLogSettings"),
        restApi="restApiId",
        deployment="deploymentId",
        xrayTracingEnabled="tracingEnabled",
    ),
    "aws:apigateway/usagePlan:UsagePlan": _call(
        *("apigateway", "CreateUsagePlan"),
        throttleSettings="throttle",
        quotaSettings="quota",
    ),
    "aws:apigateway/usagePlanKey:UsagePlanKey": _call("apigateway", "CreateUsagePlanKey"),
    "aws:appautoscaling/policy:Policy": _call(
        "application-autoscaling", "PutScalingPolicy", name="PolicyName"
    ),
    "aws:appautoscaling/scheduledAction:ScheduledAction": _call(
        "application-autoscaling", "PutScheduledAction", name="ScheduledActionName"
    ),
    "aws:appautoscaling/target:Target": _call("application-autoscaling", "RegisterScalableTarget"),
    "aws:autoscaling/group:Group": _call(
        *("autoscaling", "CreateAutoScalingGroup", "enabledMetrics", "metricsGranularity"),
        *("warmPool", "waitForCapacityTimeout", "instanceRefresh", "suspendedProcesses"),
        arrange=_auto_scaling_group,
        name="AutoScalingGroupName",
        protectFromScaleIn="NewInstancesProtectedFromScaleIn",
        id="LaunchTemplateId",
    ),
    "aws:bedrock/inferenceProfile:InferenceProfile": _call(
        "bedrock", "CreateInferenceProfile", name="inferenceProfileName"
    ),
    "aws:budgets/budget:Budget": _call("budgets", "CreateBudget", arrange=_budget),
    "aws:budgets/budgetAction:BudgetAction": _call("budgets", "CreateBudgetAction"),
    "aws:cloudwatch/alarmMuteRule:AlarmMuteRule": _call(
        "cloudwatch", "PutAlarmMuteRule", arrange=_mute
    ),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": _call("cloudwatch", "PutCompositeAlarm"),
    "aws:cloudwatch/dashboard:Dashboard": _call("cloudwatch", "PutDashboard"),
    "aws:cloudwatch/logGroup:LogGroup": _call(
        "logs", "CreateLogGroup", "retentionInDays", name="logGroupName"
    ),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": _call(
        *("logs", "PutMetricFilter"),
        arrange=_metric_filter,
        name="filterName",
        pattern="filterPattern",
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": _call("cloudwatch", "PutMetricAlarm", arrange=_alarm),
    "aws:costexplorer/anomalyMonitor:AnomalyMonitor": _call(
        "ce", "CreateAnomalyMonitor", arrange=lambda i: _monitor(i)
    ),
    "aws:costexplorer/anomalySubscription:AnomalySubscription": _call(
        "ce", "CreateAnomalySubscription", arrange=lambda i: _subscription(i)
    ),
    "aws:costexplorer/costAllocationTag:CostAllocationTag": _call(
        *("ce", "UpdateCostAllocationTagsStatus"),
        arrange=lambda i: {"costAllocationTagsStatus": [i]},
    ),
    "aws:dynamodb/table:Table": _call(
        *("dynamodb", "CreateTable", "ttl", "pointInTimeRecovery"),
        arrange=_table,
        name="TableName",
    ),
    "aws:ec2/eip:Eip": _call("ec2", "AllocateAddress", arrange=_tags_for("elastic-ip")),
    "aws:ec2/internetGateway:InternetGateway": _call(
        "ec2", "CreateInternetGateway", "vpcId", arrange=_tags_for("internet-gateway")
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": _call(
        "ec2",
        "CreateLaunchTemplate",
        arrange=_launch_template,
        securityGroups="Groups",
        vpcSecurityGroupIds="SecurityGroupIds",
    ),
    "aws:ec2/natGateway:NatGateway": _call(
        "ec2", "CreateNatGateway", arrange=_tags_for("natgateway")
    ),
    "aws:ec2/route:Route": _call("ec2", "CreateRoute"),
    "aws:ec2/routeTable:RouteTable": _call(
        "ec2", "CreateRouteTable", "routes", arrange=_tags_for("route-table")
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _call("ec2", "AssociateRouteTable"),
    "aws:ec2/securityGroup:SecurityGroup": _call(
        *("ec2", "CreateSecurityGroup", "revokeRulesOnDelete"),
        arrange=_tags_for("security-group"),
        name="GroupName",
    ),
    "aws:ec2/subnet:Subnet": _call(
        "ec2", "CreateSubnet", "mapPublicIpOnLaunch", arrange=_tags_for("subnet")
    ),
    "aws:ec2/vpc:Vpc": _call(
        *("ec2", "CreateVpc", "enableDnsHostnames", "enableDnsSupport"),
        arrange=_tags_for("vpc"),
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _call(
        "ec2", "CreateVpcEndpoint", arrange=_tags_for("vpc-endpoint"), policy="PolicyDocument"
    ),
    "aws:ecs/capacityProvider:CapacityProvider": _call("ecs", "CreateCapacityProvider"),
    "aws:ecs/cluster:Cluster": _call("ecs", "CreateCluster", name="clusterName"),
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": _call(
        *("ecs", "PutClusterCapacityProviders"),
        clusterName="cluster",
        defaultCapacityProviderStrategies="defaultCapacityProviderStrategy",
    ),
    "aws:ecs/service:Service": _call(
        *("ecs", "CreateService", "deploymentCircuitBreaker", "alarms"),
        *("deploymentMinimumHealthyPercent", "deploymentMaximumPercent"),
        arrange=lambda inputs: _service(inputs),
        name="serviceName",
        orderedPlacementStrategies="placementStrategy",
    ),
    "aws:ecs/taskDefinition:TaskDefinition": _call(
        "ecs", "RegisterTaskDefinition", arrange=_container_definitions
    ),
    "aws:iam/instanceProfile:InstanceProfile": _call(
        "iam", "CreateInstanceProfile", "role", name="InstanceProfileName"
    ),
    "aws:iam/policy:Policy": _call(
        "iam", "CreatePolicy", name="PolicyName", policy="PolicyDocument"
    ),
    "aws:iam/role:Role": _call(
        *("iam", "CreateRole", "managedPolicyArns", "inlinePolicies", "forceDetachPolicies"),
        name="RoleName",
        assumeRolePolicy="AssumeRolePolicyDocument",
    ),
    "aws:iam/rolePolicy:RolePolicy": _call(
        "iam", "PutRolePolicy", name="PolicyName", role="RoleName", policy="PolicyDocument"
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _call(
        "iam", "AttachRolePolicy", role="RoleName"
    ),
    "aws:kms/key:Key": _call("kms", "CreateKey", "enableKeyRotation", "deletionWindowInDays"),
    "aws:lambda/alias:Alias": _call("lambda", "CreateAlias"),
    "aws:lambda/function:Function": _call(
        *("lambda", "CreateFunction", "sourceCodeHash", "reservedConcurrentExecutions"),
        arrange=_function,
    ),
    "aws:lambda/layerVersion:LayerVersion": _call(
        "lambda",
        "PublishLayerVersion",
        arrange=lambda i: {**i, "content": {"zipFile": "code"}, "code": None},
    ),
    "aws:lambda/permission:Permission": _call(
        *("lambda", "AddPermission"),
        # The provider makes the id up where there is none.
        arrange=lambda i: {"statementId": "made-up", **i},
        function="FunctionName",
    ),
    "aws:lb/listener:Listener": _call(
        "elbv2", "CreateListener", arrange=_listener, fixedResponse="FixedResponseConfig"
    ),
    "aws:lb/listenerRule:ListenerRule": _call("elbv2", "CreateRule", arrange=_rule),
    "aws:lb/loadBalancer:LoadBalancer": _call(
        "elbv2", "CreateLoadBalancer", arrange=_balancer, loadBalancerType="Type"
    ),
    "aws:lb/targetGroup:TargetGroup": _call("elbv2", "CreateTargetGroup", arrange=_pool),
    "aws:s3/bucket:Bucket": _call("s3", "CreateBucket", "tags"),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _call(
        "s3", "PutPublicAccessBlock", arrange=_bucket_block
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _call(
        "s3",
        "PutBucketLifecycleConfiguration",
        arrange=lambda i: {
            "bucket": i.get("bucket"),
            "lifecycleConfiguration": {k: v for k, v in i.items() if k != "bucket"},
        },
    ),
    "aws:s3/bucketPolicy:BucketPolicy": _call("s3", "PutBucketPolicy"),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _call(
        "s3",
        "PutBucketEncryption",
        arrange=lambda i: {
            "bucket": i.get("bucket"),
            "serverSideEncryptionConfiguration": {k: v for k, v in i.items() if k != "bucket"},
        },
        sseAlgorithm="SSEAlgorithm",
        kmsMasterKeyId="KMSMasterKeyID",
    ),
    "aws:secretsmanager/secret:Secret": _call(
        "secretsmanager", "CreateSecret", "recoveryWindowInDays"
    ),
    "aws:sns/topic:Topic": _call("sns", "CreateTopic", arrange=_topic),
    "aws:sns/topicPolicy:TopicPolicy": _call(
        "sns",
        "SetTopicAttributes",
        arrange=lambda i: {
            "topicArn": i.get("arn"),
            "attributeName": "Policy",
            "attributeValue": i.get("policy"),
        },
    ),
    "aws:sns/topicSubscription:TopicSubscription": _call("sns", "Subscribe", topic="TopicArn"),
    "aws:ssm/parameter:Parameter": _call("ssm", "PutParameter"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _call(
        "ec2", "AuthorizeSecurityGroupEgress", arrange=_ingress
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _call(
        "ec2", "AuthorizeSecurityGroupIngress", arrange=_ingress
    ),
    "aws:wafv2/webAcl:WebAcl": _call("wafv2", "CreateWebACL"),
    "aws:wafv2/webAclAssociation:WebAclAssociation": _call("wafv2", "AssociateWebACL"),
}

# Types that are no request of their own, with the reason.
NO_CALL: Mapping[str, str] = {}

# Inputs that are JSON text: which document each of them is.
JSON_INPUTS: Mapping[tuple[str, str], str] = {
    ("aws:cloudwatch/dashboard:Dashboard", "dashboardBody"): "dashboard",
    ("aws:costexplorer/anomalyMonitor:AnomalyMonitor", "monitorSpecification"): "expression",
    ("aws:ec2/vpcEndpoint:VpcEndpoint", "policy"): "policy",
    ("aws:ecs/taskDefinition:TaskDefinition", "containerDefinitions"): "containers",
    ("aws:iam/policy:Policy", "policy"): "policy",
    ("aws:iam/role:Role", "assumeRolePolicy"): "policy",
    ("aws:iam/rolePolicy:RolePolicy", "policy"): "policy",
    ("aws:kms/key:Key", "policy"): "policy",
    ("aws:s3/bucketPolicy:BucketPolicy", "policy"): "policy",
    ("aws:sns/topicPolicy:TopicPolicy", "policy"): "policy",
}


def _monitor(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    text = inputs.get("monitorSpecification")
    known = isinstance(text, str) and text.startswith("{")
    specification = json.loads(text) if known and text else text
    if isinstance(specification, dict):
        specification = {k: v for k, v in specification.items() if v is not None}
    own = {
        "monitorName": inputs.get("name"),
        "monitorType": inputs.get("monitorType"),
        "monitorDimension": inputs.get("monitorDimension"),
        "monitorSpecification": specification,
    }
    return {
        "anomalyMonitor": {k: v for k, v in own.items() if v is not None},
        "resourceTags": inputs.get("tags", {}),
    }


def _subscription(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    own = {
        "subscriptionName": inputs.get("name"),
        "monitorArnList": inputs.get("monitorArnLists"),
        "subscribers": inputs.get("subscribers"),
        "frequency": inputs.get("frequency"),
        "thresholdExpression": inputs.get("thresholdExpression"),
    }
    return {
        "anomalySubscription": {k: v for k, v in own.items() if v is not None},
        "resourceTags": inputs.get("tags", {}),
    }


def _service(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    configuration = {
        "maximumPercent": inputs.get("deploymentMaximumPercent"),
        "minimumHealthyPercent": inputs.get("deploymentMinimumHealthyPercent"),
        "deploymentCircuitBreaker": inputs.get("deploymentCircuitBreaker"),
        "alarms": inputs.get("alarms"),
    }
    made = {key: value for key, value in inputs.items() if key != "networkConfiguration"}
    network = inputs.get("networkConfiguration")
    if network is not None:
        open_ip = network.get("assignPublicIp", False)
        settings = {**network, "assignPublicIp": "ENABLED" if open_ip else "DISABLED"}
        made["networkConfiguration"] = {"awsvpcConfiguration": settings}
    made["deploymentConfiguration"] = {k: v for k, v in configuration.items() if v is not None}
    return made
