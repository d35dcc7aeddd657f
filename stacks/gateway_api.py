"""The REST API in front of the gateway function. Only a REST API can stream what Lambda sends."""

from __future__ import annotations

import hashlib
import json

import pulumi
import pulumi_aws as aws

from config import Settings, physical_name
from gateway_function import GatewayFunctions
from gateway_rules import WAF_WINDOW_S, throttle, waf_limit

__all__ = ["GatewayApi"]

_PART = "gateway-api"
_STAGE = "live"
_MOST_NAME = 255
# Path, method. What is not here is answered 404 without starting the function.
_METHODS = (
    ("v1/chat/completions", "POST"),
    ("v1/completions", "POST"),
    ("v1/embeddings", "POST"),
    ("v1/models", "GET"),
)
_MOST_TIMEOUT_MS = 900_000
_KEY_CACHE_S = 300
# Gateway response -> status, error type, code, message.
_RESPONSES = {
    "UNAUTHORIZED": (
        "401",
        "authentication_error",
        "invalid_api_key",
        "no valid key: send Authorization: Bearer <key>",
    ),
    "ACCESS_DENIED": ("403", "authentication_error", "access_denied", "this key may not do that"),
    "MISSING_AUTHENTICATION_TOKEN": (
        "404",
        "invalid_request_error",
        "not_found",
        "no such path here",
    ),
    "THROTTLED": (
        "429",
        "rate_limit_error",
        "throttled",
        "more requests than the gateway is planned for",
    ),
    "WAF_FILTERED": (
        "429",
        "rate_limit_error",
        "address_rate",
        "too many requests from this address",
    ),
    "REQUEST_TOO_LARGE": (
        "413",
        "invalid_request_error",
        "too_large",
        "the request is larger than the gateway takes",
    ),
    "DEFAULT_5XX": (None, "api_error", "gateway_error", "the gateway failed"),
}
# No request text and no header: keys stay out of the log.
_ACCESS_LOG = {
    "requestId": "$context.requestId",
    "time": "$context.requestTimeEpoch",
    "method": "$context.httpMethod",
    "path": "$context.resourcePath",
    "status": "$context.status",
    "keyId": "$context.authorizer.keyId",
    "tenant": "$context.authorizer.tenant",
    "responseBytes": "$context.responseLength",
    "latencyMs": "$context.responseLatency",
    "error": "$context.error.responseType",
    "authorizerError": "$context.authorizer.error",
}


class GatewayApi(pulumi.ComponentResource):
    """API, methods, authorizer, stage, limits, web ACL and access log."""

    api_name: str
    stage_name: str
    base_url: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        functions: GatewayFunctions,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-serving:stacks:GatewayApi", name, None, opts)
        self._settings = settings
        self._functions = functions
        self._tags = settings.tags.of(_PART)
        self._child = pulumi.ResourceOptions(parent=self)
        self.api_name = physical_name(settings.name("api"), _MOST_NAME)
        self.stage_name = _STAGE
        # Without minimum_compression_size: compressed responses cannot stream.
        self._api = aws.apigateway.RestApi(
            settings.name("api"),
            name=self.api_name,
            description="OpenAI-compatible gateway",
            endpoint_configuration=aws.apigateway.RestApiEndpointConfigurationArgs(
                types="REGIONAL"
            ),
            tags=self._tags,
            opts=self._child,
        )
        authorizer = self._authorizer()
        self._may_invoke("gateway", functions.gateway)
        self._may_invoke("authorizer", functions.authorizer)
        made: list[pulumi.Resource] = [*self._methods(authorizer), *self._responses()]
        stage = self._stage(self._deployment(made))
        self._limits(stage)
        self._web_acl(stage)
        self.base_url = pulumi.Output.concat(stage.invoke_url, "/v1")
        self.register_outputs({"baseUrl": self.base_url})

    def _authorizer(self) -> aws.apigateway.Authorizer:
        return aws.apigateway.Authorizer(
            self._settings.name("keys"),
            rest_api=self._api.id,
            name="keys",
            type="REQUEST",
            identity_source="method.request.header.Authorization",
            authorizer_uri=self._functions.authorizer.invoke_arn,
            authorizer_result_ttl_in_seconds=_KEY_CACHE_S,
            opts=self._child,
        )

    def _may_invoke(self, part: str, function: aws.lambda_.Function) -> None:
        aws.lambda_.Permission(
            self._settings.name(f"api-to-{part}"),
            statement_id="api",
            action="lambda:InvokeFunction",
            function=function.name,
            principal="apigateway.amazonaws.com",
            source_arn=pulumi.Output.concat(self._api.execution_arn, "/*"),
            opts=self._child,
        )

    def _methods(self, authorizer: aws.apigateway.Authorizer) -> list[pulumi.Resource]:
        resources: dict[str, aws.apigateway.Resource] = {}
        made: list[pulumi.Resource] = []
        for path, verb in _METHODS:
            resource = self._resource(path, resources)
            part = f"{verb.lower()}-{path.replace('/', '-')}"
            method = aws.apigateway.Method(
                self._settings.name(part),
                rest_api=self._api.id,
                resource_id=resource.id,
                http_method=verb,
                authorization="CUSTOM",
                authorizer_id=authorizer.id,
                opts=self._child,
            )
            integration = aws.apigateway.Integration(
                self._settings.name(part),
                rest_api=self._api.id,
                resource_id=resource.id,
                http_method=method.http_method,
                type="AWS_PROXY",
                integration_http_method="POST",
                response_transfer_mode="STREAM",
                uri=self._functions.gateway.response_streaming_invoke_arn,
                timeout_milliseconds=_MOST_TIMEOUT_MS,
                opts=self._child,
            )
            made += [method, integration]
        return made

    def _resource(
        self, path: str, known: dict[str, aws.apigateway.Resource]
    ) -> aws.apigateway.Resource:
        if path not in known:
            parent, _, last = path.rpartition("/")
            above = self._resource(parent, known).id if parent else self._api.root_resource_id
            known[path] = aws.apigateway.Resource(
                self._settings.name(path.replace("/", "-")),
                rest_api=self._api.id,
                parent_id=above,
                path_part=last,
                opts=self._child,
            )
        return known[path]

    def _responses(self) -> list[pulumi.Resource]:
        """API Gateway's own refusals in the shape that OpenAI clients read."""
        return [
            aws.apigateway.Response(
                self._settings.name(f"answer-{kind.lower().replace('_', '-')}"),
                rest_api_id=self._api.id,
                response_type=kind,
                status_code=status,
                response_templates={
                    "application/json": json.dumps(
                        {"error": {"message": text, "type": error, "param": None, "code": code}}
                    )
                },
                opts=self._child,
            )
            for kind, (status, error, code, text) in _RESPONSES.items()
        ]

    def _deployment(self, made: list[pulumi.Resource]) -> aws.apigateway.Deployment:
        """A snapshot of the API; without a trigger that changes, changes are never deployed."""
        described = json.dumps(
            [_METHODS, _RESPONSES, _MOST_TIMEOUT_MS, _KEY_CACHE_S, self._functions.gateway_name]
        )
        return aws.apigateway.Deployment(
            self._settings.name("api"),
            rest_api=self._api.id,
            triggers={"api": hashlib.sha256(described.encode()).hexdigest()},
            opts=pulumi.ResourceOptions(parent=self, depends_on=made),
        )

    def _stage(self, deployment: aws.apigateway.Deployment) -> aws.apigateway.Stage:
        settings = self._settings
        log = aws.cloudwatch.LogGroup(
            settings.name("api-access"),
            retention_in_days=settings.log_retention_days,
            kms_key_id=settings.kms_key_arn,
            tags=self._tags,
            opts=self._child,
        )
        return aws.apigateway.Stage(
            settings.name("api"),
            rest_api=self._api.id,
            deployment=deployment.id,
            stage_name=_STAGE,
            access_log_settings=aws.apigateway.StageAccessLogSettingsArgs(
                destination_arn=log.arn, format=json.dumps(_ACCESS_LOG)
            ),
            tags=self._tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=self._account()),
        )

    def _account(self) -> list[pulumi.Resource]:
        """The role API Gateway logs with. There is one per account and region, so it is made only
        when asked for; without any, a stage with an access log cannot be created."""
        if not self._settings.api_gateway_account:
            return []
        from gateway_account import api_gateway_account

        return [api_gateway_account(self._settings, parent=self)]

    def _limits(self, stage: aws.apigateway.Stage) -> None:
        plan = self._settings.plan
        assert plan.gateway is not None
        rate, burst = throttle(plan.gateway, float(plan.spend.headroom_ratio))
        aws.apigateway.MethodSettings(
            self._settings.name("api"),
            rest_api=self._api.id,
            stage_name=stage.stage_name,
            method_path="*/*",
            settings=aws.apigateway.MethodSettingsSettingsArgs(
                throttling_rate_limit=rate,
                throttling_burst_limit=burst,
                metrics_enabled=True,
                data_trace_enabled=False,
                logging_level="OFF",
            ),
            opts=self._child,
        )

    def _web_acl(self, stage: aws.apigateway.Stage) -> None:
        plan = self._settings.plan
        assert plan.gateway is not None
        acl = aws.wafv2.WebAcl(
            self._settings.name("api"),
            description="Rate of requests of one address",
            scope="REGIONAL",
            default_action=aws.wafv2.WebAclDefaultActionArgs(
                allow=aws.wafv2.WebAclDefaultActionAllowArgs()
            ),
            rules=[
                aws.wafv2.WebAclRuleArgs(
                    name="rate",
                    priority=0,
                    action=aws.wafv2.WebAclRuleActionArgs(
                        block=aws.wafv2.WebAclRuleActionBlockArgs()
                    ),
                    statement=aws.wafv2.WebAclRuleStatementArgs(
                        rate_based_statement=aws.wafv2.WebAclRuleStatementRateBasedStatementArgs(
                            aggregate_key_type="IP",
                            limit=waf_limit(plan.gateway, float(plan.spend.headroom_ratio)),
                            evaluation_window_sec=WAF_WINDOW_S,
                        )
                    ),
                    visibility_config=aws.wafv2.WebAclRuleVisibilityConfigArgs(
                        cloudwatch_metrics_enabled=True,
                        metric_name="rate",
                        sampled_requests_enabled=False,
                    ),
                )
            ],
            visibility_config=aws.wafv2.WebAclVisibilityConfigArgs(
                cloudwatch_metrics_enabled=True,
                metric_name="gateway",
                sampled_requests_enabled=False,
            ),
            tags=self._tags,
            opts=self._child,
        )
        aws.wafv2.WebAclAssociation(
            self._settings.name("api"),
            resource_arn=stage.arn,
            web_acl_arn=acl.arn,
            opts=self._child,
        )
