"""The GPU stack: every trap of ECS, vLLM and their scaling that its registrations must avoid."""

from __future__ import annotations

import base64
import json
import sys
from typing import Any

import pytest

from planner.emit.capture import CapturedGraph, CapturedResource, CaptureError, capture
from tests.stacks.graphs import graph, plan_of
from tests.stacks.program_path import STACKS
from tests.stacks.sample_plans import sample_plan

sys.path.append(str(STACKS))

from engine_scaling import hour_runs
from engine_service import deployment_percents

DIGEST = "sha256:" + "cd" * 32
READY = {"llm-serving:weightsReady": "true"}


@pytest.fixture(scope="module")
def ready() -> CapturedGraph:
    return capture(plan_of("vllm_gpu"), config=READY)


@pytest.fixture(scope="module")
def special() -> CapturedGraph:
    """What the usual plan has not: own bucket, two ranks, three zones, one floor for all hours."""
    plan = sample_plan(
        "vllm_gpu",
        network={"zones": 3, "way_out": "nat"},
        gpu__zones=3,
        gpu__tensor_parallel_size=2,
        gpu__shared_memory_mib=8192,
        gpu__instances_by_hour_utc=None,
        gpu__min_instances=2,
        gpu__rolling_update="gap",
        gpu__weights={"model": "m", "bucket": "models", "prefix": "llama/8b", "bytes": 1},
    )
    config = {
        **READY,
        "llm-serving:capacityReservationId": "cr-0123456789abcdef0",
        "llm-serving:imageDigest": DIGEST,
    }
    return capture(plan, config=config)


def only(found: CapturedGraph, token: str, name: str = "") -> CapturedResource:
    resources = [each for each in found.of_type(token) if each.name.endswith(name)]
    assert len(resources) == 1, [each.name for each in resources]
    return resources[0]


def containers(found: CapturedGraph) -> dict[str, dict[str, Any]]:
    task = only(found, "aws:ecs/taskDefinition:TaskDefinition")
    return {each["name"]: each for each in json.loads(task.inputs["containerDefinitions"])}


def user_data(found: CapturedGraph) -> str:
    template = only(found, "aws:ec2/launchTemplate:LaunchTemplate")
    return base64.b64decode(template.inputs["userData"]).decode()


class TestUntilTheWeightsAreThere:
    def test_nothing_runs_and_nothing_scales_up(self) -> None:
        found = graph("vllm_gpu")
        assert only(found, "aws:ecs/service:Service").inputs["desiredCount"] == 0
        assert only(found, "aws:autoscaling/group:Group").inputs["minSize"] == 0
        target = only(found, "aws:appautoscaling/target:Target").inputs
        assert (target["minCapacity"], target["maxCapacity"]) == (0, 0)
        assert found.of_type("aws:appautoscaling/scheduledAction:ScheduledAction") == ()

    def test_afterwards_the_plan_s_floor_runs(self, ready: CapturedGraph) -> None:
        gpu = plan_of("vllm_gpu").gpu
        assert gpu is not None
        service = only(ready, "aws:ecs/service:Service")
        assert service.inputs["desiredCount"] == gpu.min_instances * gpu.replicas_per_instance
        assert service.ignore_changes == ("desiredCount",)
        target = only(ready, "aws:appautoscaling/target:Target").inputs
        assert target["maxCapacity"] == gpu.max_instances * gpu.replicas_per_instance


class TestHosts:
    def test_ecs_alone_scales_the_group(self, ready: CapturedGraph) -> None:
        group = only(ready, "aws:autoscaling/group:Group").inputs
        assert "desiredCapacity" not in group
        assert group["protectFromScaleIn"] is True
        assert group["forceDelete"] is True
        assert ready.of_type("aws:autoscaling/policy:Policy") == ()
        provider = only(ready, "aws:ecs/capacityProvider:CapacityProvider").inputs
        settings = provider["autoScalingGroupProvider"]
        assert settings["managedScaling"]["status"] == "ENABLED"
        assert settings["managedTerminationProtection"] == "ENABLED"
        assert settings["managedDraining"] == "ENABLED"
        assert "cluster" not in provider

    def test_ecs_s_own_tag_is_passed_on(self, ready: CapturedGraph) -> None:
        tags = only(ready, "aws:autoscaling/group:Group").inputs["tags"]
        managed = next(tag for tag in tags if tag["key"] == "AmazonECSManaged")
        assert managed["propagateAtLaunch"] is True

    def test_containers_get_gpus_and_no_credentials_of_the_host(self, ready: CapturedGraph) -> None:
        text = user_data(ready)
        assert "ECS_ENABLE_GPU_SUPPORT=true" in text
        assert "ECS_AWSVPC_BLOCK_IMDS=true" in text
        options = only(ready, "aws:ec2/launchTemplate:LaunchTemplate").inputs["metadataOptions"]
        assert options["httpPutResponseHopLimit"] == 1

    def test_no_host_has_a_public_address(self, ready: CapturedGraph) -> None:
        template = only(ready, "aws:ec2/launchTemplate:LaunchTemplate").inputs
        assert [each["associatePublicIpAddress"] for each in template["networkInterfaces"]] == [
            "false"
        ]
        private = [s for s in ready.of_type("aws:ec2/subnet:Subnet") if "private" in s.name]
        assert all(subnet.inputs["mapPublicIpOnLaunch"] is False for subnet in private)

    def test_gpu_metrics_are_read_on_the_host_for_the_group_as_a_whole(
        self, ready: CapturedGraph
    ) -> None:
        text = user_data(ready)
        config = json.loads(next(line for line in text.splitlines() if line.startswith('{"agent"')))
        gpu = config["metrics"]["metrics_collected"]["nvidia_gpu"]
        assert gpu["drop_original_metrics"] == gpu["measurement"]
        group = only(ready, "aws:autoscaling/group:Group").inputs["name"]
        assert gpu["append_dimensions"] == {"AutoScalingGroupName": group}
        assert config["metrics"]["aggregation_dimensions"] == [["AutoScalingGroupName"]]

    def test_spot_drains_and_rebalances_above_a_floor_on_demand(self) -> None:
        found = graph("spot")
        group = only(found, "aws:autoscaling/group:Group").inputs
        spread = group["mixedInstancesPolicy"]["instancesDistribution"]
        assert spread["onDemandPercentageAboveBaseCapacity"] == 0
        assert spread["spotAllocationStrategy"] == "price-capacity-optimized"
        assert group["capacityRebalance"] is True
        assert "launchTemplate" not in group and "warmPool" not in group
        assert "ECS_ENABLE_SPOT_INSTANCE_DRAINING=true" in user_data(found)

    def test_a_reservation_is_taken_by_its_id_and_never_made(self, special: CapturedGraph) -> None:
        template = only(special, "aws:ec2/launchTemplate:LaunchTemplate").inputs
        target = template["capacityReservationSpecification"]["capacityReservationTarget"]
        assert target == {"capacityReservationId": "cr-0123456789abcdef0"}
        assert not [r for r in special.resources if "apacityReservation" in r.type]


class TestTask:
    def test_gpus_are_assigned_as_many_as_ranks(self, ready: CapturedGraph) -> None:
        found = containers(ready)
        gpu = plan_of("vllm_gpu").gpu
        assert gpu is not None
        assert found["vllm"]["resourceRequirements"] == [
            {"type": "GPU", "value": str(gpu.tensor_parallel_size)}
        ]
        assert "resourceRequirements" not in found["cwagent"]

    def test_health_is_asked_without_curl_over_ipv4(self, ready: CapturedGraph) -> None:
        check = containers(ready)["vllm"]["healthCheck"]
        assert check["command"][:3] == ["CMD", "python3", "-c"]
        assert "http://127.0.0.1:8000/health" in check["command"][3]
        assert check["startPeriod"] <= 300 and check["retries"] <= 10 and check["interval"] <= 300

    def test_ranks_share_memory(self, special: CapturedGraph) -> None:
        engine = containers(special)["vllm"]
        assert engine["linuxParameters"]["sharedMemorySize"] == 8192

    def test_weights_are_streamed_from_the_bucket(self, ready: CapturedGraph) -> None:
        engine = containers(ready)["vllm"]
        bucket = only(ready, "aws:s3/bucket:Bucket", "weights").outputs["bucket"]
        gpu = plan_of("vllm_gpu").gpu
        assert gpu is not None
        assert engine["command"][0] == f"s3://{bucket}/{gpu.weights.prefix}"
        assert engine["entryPoint"] == ["vllm", "serve"]

    def test_weights_of_another_bucket_need_none_of_the_stack(self, special: CapturedGraph) -> None:
        assert containers(special)["vllm"]["command"][0] == "s3://models/llama/8b"
        buckets = [each.name for each in special.of_type("aws:s3/bucket:Bucket")]
        assert [name.rsplit("-", 1)[-1] for name in buckets] == ["logs"]
        task = only(special, "aws:iam/rolePolicy:RolePolicy", "-task")
        resources = [s["Resource"] for s in json.loads(task.inputs["policy"])["Statement"]]
        assert ["arn:aws:s3:::models/llama/8b/*"] in resources

    def test_the_key_comes_as_a_secret(self, ready: CapturedGraph) -> None:
        secret = only(ready, "aws:secretsmanager/secret:Secret", "engine-key").outputs["arn"]
        assert containers(ready)["vllm"]["secrets"] == [
            {"name": "VLLM_API_KEY", "valueFrom": secret}
        ]

    def test_the_agent_sends_allowed_metrics_of_its_own_task_by_stack(
        self, ready: CapturedGraph
    ) -> None:
        config = json.loads(
            only(ready, "aws:ssm/parameter:Parameter", "agent-config").inputs["value"]
        )
        emf = config["logs"]["metrics_collected"]["prometheus"]["emf_processor"]
        (declaration,) = emf["metric_declaration"]
        assert declaration["dimensions"] == [["Stack"]]
        assert "^vllm:num_requests_waiting$" in declaration["metric_selectors"]
        scrape = json.loads(
            only(ready, "aws:ssm/parameter:Parameter", "scrape-config").inputs["value"]
        )
        (job,) = scrape["scrape_configs"]
        assert job["static_configs"][0]["targets"] == ["127.0.0.1:8000"]
        # The sum of a level over a minute is the level over all tasks, at one sample a minute.
        assert scrape["global"]["scrape_interval"] == "60s"

    def test_an_image_without_a_digest_is_refused_with_the_command(self) -> None:
        image = {"uri": "vllm/vllm-openai", "compressed_bytes": 1}
        with pytest.raises(CaptureError, match=r"no digest.*pulumi config set imageDigest"):
            capture(sample_plan("vllm_gpu", gpu__image=image))

    def test_config_pins_an_image_over_the_plan(self, special: CapturedGraph) -> None:
        assert containers(special)["vllm"]["image"].endswith(f"@{DIGEST}")


class TestService:
    def test_checks_wait_as_long_as_the_bytes_take(self, ready: CapturedGraph) -> None:
        gpu = plan_of("vllm_gpu").gpu
        assert gpu is not None
        service = only(ready, "aws:ecs/service:Service").inputs
        group = only(ready, "aws:autoscaling/group:Group").inputs
        assert service["healthCheckGracePeriodSeconds"] == gpu.grace_s
        assert group["healthCheckGracePeriod"] == gpu.grace_s

    def test_placed_by_the_capacity_provider(self, ready: CapturedGraph) -> None:
        service = only(ready, "aws:ecs/service:Service").inputs
        assert "launchType" not in service
        assert service["capacityProviderStrategies"][0]["weight"] == 1

    @pytest.mark.parametrize(
        ("update", "instances", "percents"),
        [
            ("spare_host", 1, (100, 200)),
            ("gap", 1, (0, 100)),
            ("gap", 2, (50, 100)),
            ("gap", 3, (66, 100)),
        ],
    )
    def test_a_version_is_rolled_out_on_the_hosts_there_are(
        self, update: str, instances: int, percents: tuple[int, int]
    ) -> None:
        plan = sample_plan("vllm_gpu", gpu__rolling_update=update, gpu__min_instances=instances)
        assert plan.gpu is not None
        assert deployment_percents(plan.gpu) == percents

    def test_zones_are_evened_out_only_where_a_host_is_spare(
        self, ready: CapturedGraph, special: CapturedGraph
    ) -> None:
        found = [
            only(each, "aws:ecs/service:Service").inputs["availabilityZoneRebalancing"]
            for each in (ready, special)
        ]
        assert found == ["ENABLED", "DISABLED"]

    def test_a_broken_version_is_taken_back(self, ready: CapturedGraph) -> None:
        service = only(ready, "aws:ecs/service:Service").inputs
        assert service["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
        names = {a.inputs["name"] for a in ready.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")}
        assert set(service["alarms"]["alarmNames"]) <= names

    def test_the_service_waits_for_its_listener_and_its_hosts(self, ready: CapturedGraph) -> None:
        kinds = {
            urn.split("::")[2].split("$")[-1]
            for urn in only(ready, "aws:ecs/service:Service").dependencies
        }
        assert "aws:lb/listenerRule:ListenerRule" in kinds
        assert "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders" in kinds


class TestBalancer:
    def test_only_the_paths_behind_the_key_are_open(self, ready: CapturedGraph) -> None:
        rule = only(ready, "aws:lb/listenerRule:ListenerRule").inputs
        (condition,) = rule["conditions"]
        assert set(condition["pathPattern"]["values"]) == {
            "/v1/chat/completions",
            "/v1/completions",
            "/v1/embeddings",
            "/v1/models",
        }

    def test_internal_and_patient(self, ready: CapturedGraph) -> None:
        balancer = only(ready, "aws:lb/loadBalancer:LoadBalancer").inputs
        assert balancer["internal"] is True
        assert balancer["idleTimeout"] >= 600
        assert balancer["dropInvalidHeaderFields"] is True
        assert len(balancer["subnets"]) >= 2
        group = only(ready, "aws:lb/targetGroup:TargetGroup").inputs
        assert group["loadBalancingAlgorithmType"] == "least_outstanding_requests"
        gpu = plan_of("vllm_gpu").gpu
        assert gpu is not None
        assert group["deregistrationDelay"] >= gpu.longest_generation_s

    def test_the_engine_is_reached_through_it_alone(self, ready: CapturedGraph) -> None:
        rules = ready.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
        (rule,) = [each for each in rules if each.name.endswith("engine-from-balancer")]
        assert rule.inputs["fromPort"] == rule.inputs["toPort"] == 8000
        assert "cidrIpv4" not in rule.inputs

    @pytest.mark.parametrize(
        ("variant", "port", "protocol"), [("vllm_gpu", 80, "HTTP"), ("own_network", 443, "HTTPS")]
    )
    def test_https_with_a_certificate(self, variant: str, port: int, protocol: str) -> None:
        listener = only(graph(variant), "aws:lb/listener:Listener").inputs
        assert (listener["port"], listener["protocol"]) == (port, protocol)


class TestNetwork:
    def test_one_nat_for_each_zone_that_is_paid(self, special: CapturedGraph) -> None:
        for zones, found in ((1, graph("vllm_gpu")), (3, special)):
            assert len(found.of_type("aws:ec2/natGateway:NatGateway")) == zones
            assert len(found.of_type("aws:ec2/eip:Eip")) == zones
            # A load balancer wants two zones.
            private = [s for s in found.of_type("aws:ec2/subnet:Subnet") if "private" in s.name]
            assert len(private) == max(zones, 2)

    def test_endpoints_instead_of_nat(self) -> None:
        found = graph("endpoints")
        assert found.of_type("aws:ec2/natGateway:NatGateway") == ()
        assert found.of_type("aws:ec2/internetGateway:InternetGateway") == ()
        endpoints = found.of_type("aws:ec2/vpcEndpoint:VpcEndpoint")
        kinds = [each.inputs["vpcEndpointType"] for each in endpoints]
        # The nine that are priced, and the free one to S3.
        assert (kinds.count("Interface"), kinds.count("Gateway")) == (9, 1)

    def test_a_network_of_the_deployment_is_used_as_it_is(self) -> None:
        found = graph("own_network")
        for token in (
            "vpc:Vpc",
            "subnet:Subnet",
            "natGateway:NatGateway",
            "vpcEndpoint:VpcEndpoint",
        ):
            assert found.of_type(f"aws:ec2/{token}") == ()
        balancer = only(found, "aws:lb/loadBalancer:LoadBalancer").inputs
        assert balancer["subnets"] == list(plan_of("own_network").deployment.private_subnet_ids)

    def test_the_first_zones_are_those_that_offer_the_type(self) -> None:
        subnets = graph("vllm_gpu").of_type("aws:ec2/subnet:Subnet")
        assert {s.inputs["availabilityZone"] for s in subnets} <= {
            "us-east-1a",
            "us-east-1b",
            "us-east-1c",
        }
        assert all(s.ignore_changes == ("availabilityZone",) for s in subnets)


class TestScaling:
    def test_the_queue_for_each_running_task_is_tracked(self, ready: CapturedGraph) -> None:
        policy = only(ready, "aws:appautoscaling/policy:Policy").inputs
        config = policy["targetTrackingScalingPolicyConfiguration"]
        metrics = {m["id"]: m for m in config["customizedMetricSpecification"]["metrics"]}
        assert metrics["running"]["metricStat"]["stat"] == "SampleCount"
        assert [each["id"] for each in metrics.values() if each["returnData"]] == ["per_task"]

    def test_the_hours_of_the_plan_are_the_floor(self, ready: CapturedGraph) -> None:
        gpu = plan_of("vllm_gpu").gpu
        assert gpu is not None and gpu.instances_by_hour_utc is not None
        actions = ready.of_type("aws:appautoscaling/scheduledAction:ScheduledAction")
        floors = {
            a.inputs["schedule"]: a.inputs["scalableTargetAction"]["minCapacity"] for a in actions
        }
        assert floors["cron(0 8-17 ? * MON *)"] == 2 * gpu.replicas_per_instance
        assert {a.inputs["timezone"] for a in actions} == {"UTC"}

    def test_the_same_floor_all_week_is_kept_up_by_one_action(self, special: CapturedGraph) -> None:
        action = only(special, "aws:appautoscaling/scheduledAction:ScheduledAction")
        assert action.inputs["schedule"] == "rate(5 minutes)"
        assert "timezone" not in action.inputs

    def test_local_hours_follow_the_clock_of_the_plan_s_zone(self) -> None:
        found = only(
            graph_of_local_hours(), "aws:appautoscaling/scheduledAction:ScheduledAction", "floor-00"
        )
        assert found.inputs["timezone"] == "America/New_York"

    def test_runs_of_hours_cover_the_week_once(self) -> None:
        hours = [(hour * 7) % 5 for hour in range(168)]
        found: dict[int, int] = {}
        names = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
        for run in hour_runs(hours):
            for day in run.days:
                for hour in range(run.first_hour, run.last_hour + 1):
                    assert found.setdefault(names.index(day) * 24 + hour, run.instances) == (
                        run.instances
                    )
        assert [found[hour] for hour in range(168)] == hours


def graph_of_local_hours() -> CapturedGraph:
    plan = sample_plan(
        "vllm_gpu", timezone="America/New_York", gpu__instances_by_hour_local=[1] * 168
    )
    return capture(plan, config=READY)


class TestProgram:
    def test_another_region_than_the_plan_s_is_refused(self) -> None:
        with pytest.raises(CaptureError, match=r"aws:region is eu-west-1.*us-east-1"):
            capture(plan_of("bedrock"), config={"aws:region": "eu-west-1"})

    def test_a_plan_of_another_shape_names_the_field(self) -> None:
        with pytest.raises(CaptureError, match=r"kind: Input should be"):
            capture(plan_of("bedrock"), config={"llm-serving:plan": '{"kind": "lambda"}'})

    def test_a_live_stack_of_another_kind_is_refused(self) -> None:
        live = {"kind": "hybrid"}
        with pytest.raises(CaptureError, match=r"a live hybrid stack and the plan is for bedrock"):
            capture(plan_of("bedrock"), dry_run=True, deployed_outputs=live)
        allowed = {"llm-serving:allowKindChange": "true"}
        assert capture(
            plan_of("bedrock"), dry_run=True, config=allowed, deployed_outputs=live
        ).resources

    def test_an_update_of_the_same_kind_is_none(self) -> None:
        assert capture(
            plan_of("bedrock"), dry_run=True, deployed_outputs={"kind": "bedrock"}
        ).resources
