"""Figures are the us-east-1 price of the snapshot times a quantity worked out by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from planner.catalog.resource_prices import (
    PlannedInstances,
    PlannedUse,
    PricingContext,
    price_graph,
    price_resource,
)
from planner.catalog.resource_rules import free_types, resource_data
from tests.catalog.resource_support import (
    GROUP,
    TEMPLATE,
    UNKNOWN,
    group,
    price,
    resource,
    shipped,
    template,
)

_CONTEXT = PricingContext(prices=shipped())
_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
_METRIC = {"metric": {"metricName": "m", "period": 60}}


@pytest.mark.parametrize(
    ("token", "inputs", "usd"),
    [
        ("aws:ec2/natGateway:NatGateway", {}, "32.85"),  # 0.045 x 730
        ("aws:ec2/eip:Eip", {}, "3.65"),  # 0.005 x 730
        ("aws:lb/loadBalancer:LoadBalancer", {"internal": True}, "16.425"),  # 0.0225 x 730
        # ... and an address in each of two subnets: 2 x 0.005 x 730
        ("aws:lb/loadBalancer:LoadBalancer", {"subnets": ["a", "b"]}, "23.725"),
        (
            "aws:ec2/vpcEndpoint:VpcEndpoint",
            {"vpcEndpointType": "Interface", "subnetIds": [UNKNOWN, UNKNOWN]},
            "14.6",  # 0.01 x 2 zones x 730
        ),
        (_ALARM, {"metricName": "m", "period": 60}, "0.1"),
        (_ALARM, {"metricName": "m", "period": 10}, "0.3"),
        (_ALARM, {"metricQueries": [_METRIC, _METRIC, {"expression": "a/b"}]}, "0.2"),
        (_ALARM, {"metricQueries": [_METRIC, {"expression": "ANOMALY_DETECTION_BAND(a)"}]}, "0.3"),
        ("aws:cloudwatch/compositeAlarm:CompositeAlarm", {"alarmRule": UNKNOWN}, "0.5"),
        ("aws:cloudwatch/dashboard:Dashboard", {}, "3"),
        ("aws:secretsmanager/secret:Secret", {}, "0.4"),
        ("aws:secretsmanager/secret:Secret", {"replicas": [{"region": "eu-west-1"}]}, "0.8"),
        ("aws:kms/key:Key", {}, "1"),
        ("aws:ssm/parameter:Parameter", {"type": "String", "value": "x"}, "0"),
        ("aws:ssm/parameter:Parameter", {"tier": "Advanced", "value": UNKNOWN}, "0.05"),
        (
            "aws:ssm/parameter:Parameter",
            {"tier": "Intelligent-Tiering", "value": "x" * 4097},
            "0.05",
        ),
        ("aws:wafv2/webAcl:WebAcl", {"rules": [{}, {}]}, "7"),  # 5 + 2 x 1
        ("aws:ebs/volume:Volume", {"type": "gp3", "size": 100}, "8"),  # 0.08 x 100
        # ... 1,000 IOPS x 0.005 and 75 MiB/s x 0.04 above what is included
        (
            "aws:ebs/volume:Volume",
            {"type": "gp3", "size": 100, "iops": 4000, "throughput": 200},
            "16",
        ),
        # 1.861 x 730 + 100 x 0.08
        (
            "aws:ec2/instance:Instance",
            {
                "instanceType": "g6e.xlarge",
                "rootBlockDevice": {"volumeType": "gp3", "volumeSize": "100"},
            },
            "1366.53",
        ),
        # Two alarms for each of two metrics.
        (
            "aws:appautoscaling/policy:Policy",
            {
                "policyType": "TargetTrackingScaling",
                "targetTrackingScalingPolicyConfiguration": {
                    "customizedMetricSpecification": {
                        "metrics": [{"metricStat": {}}, {"metricStat": {}}, {"expression": "a/b"}]
                    }
                },
            },
            "0.4",
        ),
        (
            "aws:ecs/capacityProvider:CapacityProvider",
            {"autoScalingGroupProvider": {"managedScaling": {"status": "ENABLED"}}},
            "0.2",
        ),
        ("aws:eks/cluster:Cluster", {}, "73"),
        # 2 x 0.0128 x 730, and (1 + 1) x 2 x 0.016 x 730
        (
            "aws:elasticache/cluster:Cluster",
            {"nodeType": "cache.t4g.micro", "engine": "valkey", "numCacheNodes": 2},
            "18.688",
        ),
        (
            "aws:elasticache/replicationGroup:ReplicationGroup",
            {"nodeType": "cache.t4g.micro", "numNodeGroups": 2, "replicasPerNodeGroup": 1},
            "46.72",
        ),
    ],
)
def test_a_resource_costs_its_quantity_times_the_list_price(
    token: str, inputs: dict[str, Any], usd: str
) -> None:
    found = price(token, inputs)
    assert found.status == "priced"
    assert found.monthly_usd is not None
    assert found.monthly_usd.expected == Decimal(usd)
    assert not found.is_floor


@pytest.mark.parametrize(
    ("token", "inputs", "items"),
    [
        ("aws:s3/bucket:Bucket", {}, "s3_standard_gb_month"),
        ("aws:lambda/function:Function", {"architectures": ["arm64"]}, "lambda_arm64_gb_second"),
        ("aws:lambda/function:Function", {}, "lambda_x86_gb_second"),
        ("aws:dynamodb/table:Table", {"billingMode": "PAY_PER_REQUEST"}, "dynamodb_1m_wru"),
        ("aws:cloudwatch/logGroup:LogGroup", {}, "logs_ingest_gb"),
        ("aws:apigateway/restApi:RestApi", {}, "apigw_rest_1m_requests"),
        (
            "aws:sns/topicSubscription:TopicSubscription",
            {"protocol": "email"},
            "sns_email_100k_deliveries",
        ),
    ],
)
def test_what_only_use_is_billed_for_says_so(
    token: str, inputs: dict[str, Any], items: str
) -> None:
    found = price(token, inputs)
    assert found.status == "usage_priced"
    assert items in found.usage_items
    assert found.monthly_usd is None


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        ("aws:iam/role:Role", {}),
        ("aws:budgets/budget:Budget", {}),
        ("aws:ec2/vpcEndpoint:VpcEndpoint", {"serviceName": "s3"}),
        ("aws:ecs/service:Service", {"capacityProviderStrategies": [{"capacityProvider": "gpu"}]}),
        ("random:index/randomId:RandomId", {}),
    ],
)
def test_free_types_are_free_for_a_reason(token: str, inputs: dict[str, Any]) -> None:
    found = price(token, inputs)
    assert found.status == "free"
    assert found.reason
    assert not found.is_floor


@pytest.mark.parametrize(
    ("token", "inputs", "reason"),
    [
        ("aws:nosuch/thing:Thing", {}, "does not know"),
        ("gcp:compute/instance:Instance", {}, "does not know"),
        ("aws:rds/instance:Instance", {}, "no RDS price"),
        ("aws:sagemaker/endpoint:Endpoint", {}, "no SageMaker price"),
        ("aws:ec2/instance:Instance", {"instanceType": UNKNOWN}, "not known before"),
        ("aws:ec2/instance:Instance", {"instanceType": "t3.micro"}, "no price of t3.micro"),
        (
            "aws:ec2/instance:Instance",
            {"instanceType": "g6e.xlarge", "tenancy": "dedicated"},
            "dedicated tenancy",
        ),
        ("aws:lb/loadBalancer:LoadBalancer", {"loadBalancerType": "gateway"}, "gateway"),
        ("aws:ebs/volume:Volume", {"size": 10}, "the default volumes"),
        ("aws:ebs/volume:Volume", {"type": "gp3", "size": "[secret]"}, "a secret"),
        ("aws:ebs/volume:Volume", {"type": "gp3", "size": True}, "no number"),
        ("aws:ebs/volume:Volume", {"type": "gp3", "size": "NaN"}, "no number"),
        ("aws:ebs/volume:Volume", {"type": "gp3", "size": float("inf")}, "no plain value"),
        ("aws:ebs/volume:Volume", {"type": 'b"/w=="', "size": 1}, "type is no plain value"),
        (
            "aws:ebs/volume:Volume",
            {"type": "gp3", "size": {"8ad145fe-0d11-4827-bfd7-1abcbf086f5c": "Infinity"}},
            "no plain value",
        ),
        ("pulumi-python:dynamic:Resource", {}, "does not know"),
        ("aws:elasticache/cluster:Cluster", {"nodeType": "cache.m5.large"}, "m5_large"),
        ("aws:ebs/volume:Volume", {"type": "gp3", "size": -1}, "no number"),
        ("aws:dynamodb/table:Table", {}, "provisioned capacity"),
        ("aws:vpcEndpoint", {}, "does not know"),
        (
            "aws:ec2/vpcEndpoint:VpcEndpoint",
            {"vpcEndpointType": "Interface", "subnetIds": UNKNOWN},
            "subnetIds is not known",
        ),
        (_ALARM, {"metricQueries": UNKNOWN}, "metricQueries is not known"),
        (_ALARM, {}, "neither metricName nor metricQueries"),
        (GROUP, {"minSize": 1, "maxSize": 2}, "launch template cannot be told"),
    ],
)
def test_what_cannot_be_told_is_unknown_and_never_zero(
    token: str, inputs: dict[str, Any], reason: str
) -> None:
    found = price(token, inputs)
    assert found.status == "unknown"
    assert reason in found.reason
    assert found.monthly_usd is None
    assert found.is_floor


def test_an_unknown_price_row_is_a_charge_without_an_amount() -> None:
    found = price("aws:lb/loadBalancer:LoadBalancer", {"loadBalancerType": "network"})
    assert found.is_floor
    assert found.charges[0].reason is not None
    assert found.charges[0].monthly_usd is None


def test_a_price_borrowed_from_another_region_has_a_band() -> None:
    found = price("aws:ec2/natGateway:NatGateway", region="sa-east-1").monthly_usd
    assert found is not None
    # 32.85, times 0.9 and 1.5
    assert (found.low, found.expected, found.high) == (
        Decimal("29.565"),
        Decimal("32.85"),
        Decimal("49.275"),
    )


def test_without_a_region_there_is_no_price() -> None:
    assert price("aws:ec2/natGateway:NatGateway", region=None).reason == "its region is not known"


def test_a_rotated_key_may_cost_three() -> None:
    found = price("aws:kms/key:Key", {"enableKeyRotation": True}).monthly_usd
    assert found is not None
    assert (found.expected, found.high) == (1, 3)


def test_a_volume_left_to_the_image_makes_the_instance_a_floor() -> None:
    found = price("aws:ec2/instance:Instance", {"instanceType": "g6e.xlarge"})
    assert found.monthly_usd is not None
    assert found.missing
    assert found.is_floor


def test_a_group_costs_its_minimum_until_its_maximum() -> None:
    found = price_graph([template(), group()], _CONTEXT).monthly_usd
    # 1.861 x 730 + 80 x 0.08 = 1364.93 for each instance
    assert (found.low, found.expected) == (Decimal("1364.93"), Decimal("1364.93"))
    assert found.high == Decimal("5459.72")


def test_a_group_starts_at_its_desired_capacity() -> None:
    found = price_graph([template(), group(desiredCapacity=3)], _CONTEXT).monthly_usd
    assert found.expected == 3 * Decimal("1364.93")


def test_a_group_finds_its_template_by_id_too() -> None:
    known = resource(GROUP, {"minSize": 1, "maxSize": 1, "launchTemplate": {"id": "lt-1"}})
    assert price_graph([template(), known], _CONTEXT).monthly_usd.high == Decimal("1364.93")


def test_a_mixed_group_buys_its_base_on_demand_and_spot_has_no_price() -> None:
    mixed = resource(
        GROUP,
        {
            "minSize": 2,
            "maxSize": 2,
            "mixedInstancesPolicy": {
                "instancesDistribution": {
                    "onDemandBaseCapacity": 1,
                    "onDemandPercentageAboveBaseCapacity": 0,
                },
                "launchTemplate": {"overrides": [{"instanceType": "g6e.2xlarge"}]},
            },
        },
        links={"mixedInstancesPolicy": [template().urn]},
    )
    found = price_resource(mixed, _CONTEXT, [template()])
    bought = {charge.item: charge.units.expected for charge in found.charges}
    assert bought["g6e.2xlarge"] == 730
    assert [c.usd_per_unit is None for c in found.charges] == [False, True, False]
    assert found.is_floor


def test_detailed_monitoring_costs_seven_metrics_an_instance() -> None:
    watched = template(monitoring={"enabled": True})
    found = price_graph([watched, group()], _CONTEXT).monthly_usd
    assert found.expected == Decimal("1364.93") + 7 * Decimal("0.3")


def test_fargate_tasks_are_priced_by_their_definition() -> None:
    task = resource(
        "aws:ecs/taskDefinition:TaskDefinition", {"cpu": "1024", "memory": "2 GB"}, name="task"
    )
    service = resource(
        "aws:ecs/service:Service",
        {"launchType": "FARGATE", "desiredCount": 2},
        links={"taskDefinition": [task.urn]},
    )
    found = price_resource(service, _CONTEXT, [task]).monthly_usd
    # (0.04048 + 2 x 0.004445) x 2 x 730
    assert found is not None
    assert found.expected == Decimal("72.0802")


def _plan() -> PlannedUse:
    return PlannedUse(
        name="p-0123456789ab",
        instances=(
            PlannedInstances(
                instance_type="g6e.xlarge",
                usd_per_hour=Decimal("1.2"),
                hours_per_month=Decimal(1825),
                label="ri_1y_no_upfront",
            ),
        ),
        usage={("aws:s3/bucket:Bucket", "s3_standard_gb_month"): Decimal(100)},
    )


_TAGS = [{"key": "llm-planner:plan", "value": "p-0123456789ab", "propagateAtLaunch": True}]


def test_a_group_of_the_plan_costs_the_plans_mean_at_the_plans_price() -> None:
    context = PricingContext(prices=shipped(), planned=_plan())
    graph = [template(), group(tags=_TAGS), resource("aws:s3/bucket:Bucket")]
    found = price_graph(graph, context)
    # 1825 h x 1.2 + 2.5 instances x 80 GB x 0.08 + 100 GB x 0.023
    assert found.monthly_usd.expected == Decimal("2208.3")
    assert found.undeployed == ()


def test_a_group_without_the_plans_tag_is_not_the_plans() -> None:
    context = PricingContext(prices=shipped(), planned=_plan())
    found = price_graph([template(), group()], context)
    assert found.monthly_usd.expected == Decimal("1364.93")
    assert found.undeployed == (
        "instances of plan p-0123456789ab",
        "s3_standard_gb_month of aws:s3/bucket:Bucket",
    )


def test_another_instance_type_than_planned_is_at_list_price() -> None:
    context = PricingContext(prices=shipped(), planned=_plan())
    other = template(instanceType="g6e.2xlarge")
    found = price_graph([other, group(tags=_TAGS)], context)
    assert found.resources[1].charges[0].usd_per_unit != Decimal("1.2")


def test_every_listed_type_is_in_one_list_only() -> None:
    data = resource_data()
    listed = [*data["types"], *data["unknown"], *free_types()]
    assert len(listed) == len(set(listed))


def test_every_listed_item_has_a_price_row() -> None:
    for token, spec in resource_data()["types"].items():
        named = [*spec.get("usage", ()), *(each["item"] for each in spec.get("items", ()))]
        for item in named:
            assert shipped().service_price(item, "us-east-1").item == item, token


@pytest.mark.parametrize("token", [TEMPLATE, GROUP, "aws:lb/listener:Listener"])
def test_the_types_of_the_shipped_stacks_are_listed(token: str) -> None:
    data = resource_data()
    assert token in data["types"] or token in free_types()
