"""The gateway as the program registers it: what streams, who may do what, what is limited."""

from __future__ import annotations

import json
from importlib.resources import files
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from planner.costs.quantities import quantities
from planner.emit.capture import CapturedGraph, CapturedResource, CaptureError, capture
from planner.emit.serving_plan import ServingPlan
from stacks.gateway_lambda import facts
from stacks.gateway_lambda.metrics import METRICS
from tests.stacks.graphs import graph
from tests.stacks.program_path import config, gateway_network, gateway_rules, gateway_zip
from tests.stacks.sample_plans import sample_plan

_FUNCTION = "aws:lambda/function:Function"


def _only(whole: CapturedGraph, token: str, part: str = "") -> CapturedResource:
    found = [resource for resource in whole.of_type(token) if resource.name.endswith(part)]
    assert len(found) == 1, [resource.name for resource in found]
    return found[0]


def _gateway_function(whole: CapturedGraph) -> CapturedResource:
    return _only(whole, _FUNCTION, "-gateway")


def _with_gateway(kind: str, **changes: Any) -> ServingPlan:
    plan = sample_plan(kind)
    assert plan.gateway is not None
    return plan.model_copy(update={"gateway": plan.gateway.model_copy(update=changes)})


def test_every_method_streams_from_the_streaming_address_of_the_function() -> None:
    whole = graph("api_gateway")
    integrations = whole.of_type("aws:apigateway/integration:Integration")
    assert len(integrations) == 4
    for integration in integrations:
        assert integration.inputs["responseTransferMode"] == "STREAM"
        assert integration.inputs["type"] == "AWS_PROXY"
        assert integration.inputs["integrationHttpMethod"] == "POST"
        assert integration.inputs["timeoutMilliseconds"] == 900_000
        uri = integration.inputs["uri"]
        assert "/2021-11-15/functions/" in uri
        assert uri.endswith("/response-streaming-invocations")


def test_the_api_is_regional_and_compresses_nothing() -> None:
    # Compressed responses cannot stream, and an edge stream may be silent for 30 s only.
    api = _only(graph("api_gateway"), "aws:apigateway/restApi:RestApi")
    assert api.inputs["endpointConfiguration"]["types"] == "REGIONAL"
    assert "minimumCompressionSize" not in api.inputs


def test_every_method_asks_the_authorizer() -> None:
    whole = graph("api_gateway")
    authorizer = _only(whole, "aws:apigateway/authorizer:Authorizer")
    assert authorizer.inputs["identitySource"] == "method.request.header.Authorization"
    assert authorizer.inputs["authorizerUri"].endswith("/invocations")
    for method in whole.of_type("aws:apigateway/method:Method"):
        assert method.inputs["authorization"] == "CUSTOM"
        assert method.inputs["authorizerId"] == authorizer.id


def test_a_change_of_methods_or_answers_is_deployed() -> None:
    deployment = _only(graph("api_gateway"), "aws:apigateway/deployment:Deployment")
    assert len(deployment.inputs["triggers"]["api"]) == 64
    made = {urn.rpartition("::")[0].rpartition("$")[2] for urn in deployment.dependencies}
    # It is a snapshot: what is made after it would be missing from it.
    assert {"aws:apigateway/integration:Integration", "aws:apigateway/method:Method"} <= made
    assert "aws:apigateway/response:Response" in made


def test_api_gateways_own_refusals_have_openais_shape() -> None:
    for response in graph("api_gateway").of_type("aws:apigateway/response:Response"):
        error = json.loads(response.inputs["responseTemplates"]["application/json"])["error"]
        assert set(error) == {"message", "type", "param", "code"}


def test_the_function_is_started_by_the_adapter_with_our_package() -> None:
    function = _gateway_function(graph("api_gateway"))
    variables = function.inputs["environment"]["variables"]
    assert variables["AWS_LAMBDA_EXEC_WRAPPER"] == "/opt/bootstrap"
    assert variables["AWS_LWA_INVOKE_MODE"] == "response_stream"
    assert (function.inputs["handler"], function.inputs["timeout"]) == ("run.sh", 900)
    assert function.inputs["architectures"] == ["arm64"]
    assert ":layer:LambdaAdapterLayerArm64:" in function.inputs["layers"][0]
    assert function.inputs["sourceCodeHash"] == gateway_zip.build_zip().source_code_hash
    assert function.inputs["loggingConfig"]["logFormat"] == "JSON"


def test_nothing_secret_is_in_the_environment() -> None:
    variables = _gateway_function(graph("hybrid")).inputs["environment"]["variables"]
    arns = json.loads(variables["PROVIDER_SECRETS"])
    assert set(arns) == {"selfhost", *_paid("hybrid")}
    assert all(arn.startswith("arn:aws:secretsmanager:") for arn in arns.values())
    assert graph("hybrid").of_type("aws:secretsmanager/secretVersion:SecretVersion") == ()


def _paid(kind: str) -> tuple[str, ...]:
    part = sample_plan(kind).gateway
    assert part is not None
    return gateway_rules.paid_providers(part)


def test_no_powertools_service_can_add_a_dimension() -> None:
    variables = _gateway_function(graph("api_gateway")).inputs["environment"]["variables"]
    assert not [name for name in variables if name.startswith("POWERTOOLS")]


def test_the_function_may_read_keys_but_not_write_them() -> None:
    whole = graph("api_gateway")
    policy = _only(whole, "aws:iam/rolePolicy:RolePolicy", "-gateway")
    keys = _only(whole, "aws:dynamodb/table:Table", "gateway-keys").outputs["arn"]
    actions = {
        action
        for statement in json.loads(policy.inputs["policy"])["Statement"]
        if keys in statement["Resource"]
        for action in statement["Action"]
    }
    assert actions == {"dynamodb:GetItem"}


def test_the_authorizer_may_read_keys_and_nothing_else() -> None:
    whole = graph("api_gateway")
    policy = json.loads(
        _only(whole, "aws:iam/rolePolicy:RolePolicy", "authorizer").inputs["policy"]
    )
    services = {
        action.partition(":")[0]
        for statement in policy["Statement"]
        for action in statement["Action"]
    }
    assert services == {"dynamodb", "logs"}


def test_tables_expire_and_can_be_restored() -> None:
    for table in graph("api_gateway").of_type("aws:dynamodb/table:Table"):
        assert table.inputs["billingMode"] == "PAY_PER_REQUEST"
        assert table.inputs["ttl"] == {"attributeName": "expires_at", "enabled": True}
        assert table.inputs["pointInTimeRecovery"] == {"enabled": True}


def test_an_update_does_not_open_what_was_closed() -> None:
    switch = _only(graph("api_gateway"), "aws:ssm/parameter:Parameter", "gateway-switch")
    assert switch.inputs["value"] == "open"
    assert switch.ignore_changes == ("value",)


def test_throttles_reservation_and_web_acl_follow_the_planned_peak() -> None:
    whole, plan = graph("api_gateway"), sample_plan("api_gateway")
    assert plan.gateway is not None
    headroom = float(plan.spend.headroom_ratio)
    settings = _only(whole, "aws:apigateway/methodSettings:MethodSettings").inputs["settings"]
    rate, burst = gateway_rules.throttle(plan.gateway, headroom)
    assert (settings["throttlingRateLimit"], settings["throttlingBurstLimit"]) == (rate, burst)
    assert not settings["dataTraceEnabled"]
    reserved = _gateway_function(whole).inputs["reservedConcurrentExecutions"]
    assert reserved == gateway_rules.concurrent_executions(plan.gateway, headroom)
    rule = _only(whole, "aws:wafv2/webAcl:WebAcl").inputs["rules"][0]
    rated = rule["statement"]["rateBasedStatement"]
    assert rated["limit"] == gateway_rules.waf_limit(plan.gateway, headroom)
    assert rated["evaluationWindowSec"] in (60, 120, 300, 600)
    association = _only(whole, "aws:wafv2/webAclAssociation:WebAclAssociation")
    assert (
        association.inputs["resourceArn"]
        == _only(whole, "aws:apigateway/stage:Stage").outputs["arn"]
    )


def test_the_access_log_holds_no_key_and_no_text() -> None:
    stage = _only(graph("api_gateway"), "aws:apigateway/stage:Stage")
    written = stage.inputs["accessLogSettings"]["format"].lower()
    assert "authorization" not in written
    assert "input" not in written


def test_what_is_deployed_is_what_is_priced() -> None:
    whole, priced = graph("api_gateway"), quantities()["api_gateway"]
    counts = {row["component"]: row["count"] for row in priced["fixed"]}
    assert counts["provider key"] == len(whole.of_type("aws:secretsmanager/secret:Secret"))
    assert counts["web ACL"] == len(whole.of_type("aws:wafv2/webAcl:WebAcl"))
    acl = _only(whole, "aws:wafv2/webAcl:WebAcl")
    assert counts["web ACL rule"] == len(acl.inputs["rules"])
    # By stack, and by stack and model.
    assert counts["metrics"] == 2 * len(METRICS)
    memory_gb = priced["function"]["memory_gb"]["value"]
    assert _gateway_function(whole).inputs["memorySize"] == memory_gb * 1024


def test_a_function_outside_a_network_has_none() -> None:
    assert "vpcConfig" not in _gateway_function(graph("api_gateway")).inputs


def test_in_a_hybrid_the_function_reaches_the_engine_and_nothing_reaches_it() -> None:
    whole = graph("hybrid")
    function = _gateway_function(whole)
    (group,) = function.inputs["vpcConfig"]["securityGroupIds"]
    assert len(function.inputs["vpcConfig"]["subnetIds"]) >= 2
    ingress = whole.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert not [rule for rule in ingress if rule.inputs["securityGroupId"] == group]
    (entered,) = [r for r in ingress if r.inputs.get("referencedSecurityGroupId") == group]
    balancer = _only(whole, "aws:lb/loadBalancer:LoadBalancer")
    assert entered.inputs["securityGroupId"] in balancer.inputs["securityGroups"]
    urls = json.loads(function.inputs["environment"]["variables"]["PROVIDER_URLS"])
    assert urls == {"selfhost": f"http://{balancer.outputs['dnsName']}/v1"}


def test_own_models_are_no_dimension_of_the_gateways_metrics() -> None:
    part = sample_plan("hybrid").gateway
    assert part is not None
    assert [route.provider for route in part.routes].count("selfhost") == 1
    rules = json.loads(gateway_rules.rules_json(sample_plan("hybrid")))
    assert "selfhost" not in rules["providers"]


def test_a_load_balancer_with_a_certificate_needs_the_name_on_it() -> None:
    plan = sample_plan("hybrid")
    arn = "arn:aws:acm:us-east-1:123456789012:certificate/c"
    deployment = plan.deployment.model_copy(update={"certificate_arn": arn})
    secured = plan.model_copy(update={"deployment": deployment})
    # What the function reads of settings and outputs.
    gpu: Any = SimpleNamespace(base_url="http://alb/v1")
    without: Any = SimpleNamespace(plan=secured, engine_url=None)
    with pytest.raises(config.ConfigError, match="engineUrl"):
        gateway_network.engine_url(without, gpu)
    url = "https://llm.internal.example/v1"
    named: Any = SimpleNamespace(plan=secured, engine_url=url)
    assert gateway_network.engine_url(named, gpu) == url


def test_another_function_than_the_plans_is_not_deployed() -> None:
    with pytest.raises(CaptureError, match="differs from the one the plan was emitted for"):
        capture(_with_gateway("api_gateway", function_sha256="0" * 64))


def test_what_an_account_can_have_once_is_made_only_when_asked_for() -> None:
    # With the function that the plan names, too.
    plan = _with_gateway("api_gateway", function_sha256=gateway_zip.build_zip().sha256)
    chosen = {
        "llm-serving:apiGatewayAccount": "true",
        "llm-serving:reserveConcurrency": "false",
    }
    token = "aws:apigateway/account:Account"
    assert graph("api_gateway").of_type(token) == ()
    whole = capture(plan, config=chosen)
    account = _only(whole, token)
    assert account.urn in _only(whole, "aws:apigateway/stage:Stage").dependencies
    assert "reservedConcurrentExecutions" not in _gateway_function(whole).inputs


def test_bedrock_models_are_called_through_tagged_profiles_only() -> None:
    whole, plan = graph("bedrock"), sample_plan("bedrock")
    profiles = whole.of_type("aws:bedrock/inferenceProfile:InferenceProfile")
    assert len(profiles) == len(plan.bedrock)
    policy = json.loads(_only(whole, "aws:iam/policy:Policy").inputs["policy"])
    arns = {profile.outputs["arn"] for profile in profiles}
    for statement in policy["Statement"]:
        through = statement.get("Condition", {}).get("StringEquals", {})
        named = {*statement["Resource"], *through.values()}
        assert named & arns
        assert set(statement["Action"]) == {
            "bedrock:InvokeModel",
            "bedrock:InvokeModelWithResponseStream",
        }


def test_dialects_are_of_providers_that_there_are() -> None:
    text = files("planner.costs").joinpath("data/gateway_providers.yaml").read_text("utf-8")
    known = yaml.safe_load(text)["providers"]
    assert set(facts._facts()["dialects"]) <= set(known)
