"""The API gateway: a REST API, the function behind it, and what the function keeps and knows.

Its price at rest is a few dollars a month, so that it hardly moves the break-even; provider keys
lie in no image; and the cap is in the path of each request.
"""

from __future__ import annotations

import pulumi

from config import ConfigError, Settings
from gateway_api import GatewayApi
from gateway_function import GatewayFunctions
from gateway_network import GatewayNetwork
from gateway_rules import SELFHOST
from gateway_storage import GatewayStorage
from outputs import GatewayOutputs, GpuOutputs, NetworkOutputs

__all__ = ["ApiGateway"]


class ApiGateway(pulumi.ComponentResource):
    """The plan's ``gateway`` part, deployed. With ``network`` and ``gpu`` the function is inside
    the network, and sends what the own GPUs cannot hold to the providers."""

    outputs: GatewayOutputs

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        network: NetworkOutputs | None = None,
        gpu: GpuOutputs | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-serving:stacks:ApiGateway", name, None, opts)
        part = settings.plan.gateway
        assert part is not None
        child = pulumi.ResourceOptions(parent=self)
        inside: GatewayNetwork | None = None
        if network is not None:
            if gpu is None:
                raise ConfigError("a gateway inside a network is for plans with GPUs of their own")
            inside = GatewayNetwork(
                "gateway-network", settings=settings, network=network, gpu=gpu, opts=child
            )
        storage = GatewayStorage(
            "gateway-storage",
            settings=settings,
            engine_secret_arn=None if gpu is None else gpu.engine_secret_arn,
            opts=child,
        )
        functions = GatewayFunctions(
            "gateway-functions", settings=settings, storage=storage, network=inside, opts=child
        )
        api = GatewayApi("gateway-api", settings=settings, functions=functions, opts=child)
        self.outputs = GatewayOutputs(
            api_name=api.api_name,
            stage_name=api.stage_name,
            function_name=functions.gateway_name,
            base_url=api.base_url,
            keys_table=storage.keys.name,
            models=tuple(dict.fromkeys(r.model for r in part.routes if r.provider != SELFHOST)),
            closed_parameter_name=storage.switch_name,
            provider_secret_arns=storage.secret_arns,
        )
        self.register_outputs({"baseUrl": api.base_url})
