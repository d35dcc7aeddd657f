"""The AWS resources of each kind of stack, priced: one list for costs, plan and deployment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any, Protocol

from planner.catalog.types import PriceRow
from planner.costs.quantities import Item, number, quantities
from planner.costs.terms import ONE, Fixed, Fleet, PerInstance, PerRequest, Term, Tiered
from planner.costs.types import CostLine, Resource
from planner.demand.types import Demand
from planner.scenario.deployment import Deployment
from planner.units import BYTES_PER_GB, SECONDS_PER_HOUR

__all__ = [
    "IMAGE_PULLS",
    "StackPrices",
    "api_gateway_lines",
    "bedrock_lines",
    "gateway_fixed_lines",
    "gateway_lines_of_route",
    "gateway_request_lines",
    "hybrid_request_lines",
    "internet_line",
    "provider_lines",
    "text_gb_per_request",
    "vllm_instance_lines",
    "vllm_shared_lines",
]


IMAGE_PULLS = "engine image pulls"


class ServicePrices(Protocol):
    """Where unit prices come from."""

    def service_price(self, item: str, region: str) -> PriceRow:
        """Price of a service item; its ``usd`` is None when unknown."""
        ...


class StackPrices:
    """Unit prices of one region, and the month they are paid for."""

    def __init__(self, prices: ServicePrices, region: str, hours_per_month: Decimal) -> None:
        self._prices = prices
        self._region = region
        self._rows: dict[str, PriceRow] = {}
        self.hours_per_month = hours_per_month

    def row(self, item: str) -> PriceRow:
        """The price row of a service item in this region."""
        row = self._rows.get(item)
        if row is None:
            row = self._rows[item] = self._prices.service_price(item, self._region)
        return row

    def line(
        self,
        spec: Item,
        *,
        units: Decimal,
        per: str,
        fleet: Fleet | None = None,
        count: int | None = None,
    ) -> CostLine:
        """One line: ``units`` of the item a month, per request, or per instance of ``fleet``."""
        row = self.row(spec["item"])
        term: Term | None = None
        if row.usd is not None:
            amount = row.usd * units
            if per == "request":
                term = PerRequest(amount)
            elif fleet is not None:
                term = PerInstance(fleet, amount)
            else:
                term = Fixed(amount)
        return self._line_of(spec, row, term, units=units, per=per, count=count)

    def tiered(self, spec: Item, tiers: list[list[Any]], units_per_request: Decimal) -> CostLine:
        """One line priced by monthly quantity, per request."""
        rows = [(number(start), self.row(item)) for start, item in tiers]
        first = rows[0][1]
        priced = tuple((start, row.usd) for start, row in rows if row.usd is not None)
        term = Tiered(units_per_request, priced) if len(priced) == len(rows) else None
        return self._line_of(spec, first, term, units=units_per_request, per="request", count=None)

    def _line_of(
        self,
        spec: Item,
        row: PriceRow,
        term: Term | None,
        *,
        units: Decimal,
        per: str,
        count: int | None,
    ) -> CostLine:
        price = "no price" if row.usd is None else f"${row.usd:f}"
        return CostLine(
            name=spec["component"],
            category="infrastructure",
            billed_by="aws",
            driver="other",
            term=term,
            formula=f"{units.normalize():f} {row.unit} x {price} per {per}",
            source=f"{row.source}; quantity: {spec['source']}",
            observed=row.observed,
            mark="^" if row.extrapolated_from else ("~" if spec["basis"] == "assumption" else ""),
            resource=Resource(
                component=spec["component"],
                aws_type=spec["type"],
                count=count,
                price_item=row.item,
                unit=row.unit,
                usd_per_unit=row.usd,
                units_per_month=units if per == "month" else None,
                units_each=units if per == "instance" else None,
            ),
            reason_unpriced=row.reason_null if row.usd is None else None,
        )


def _fixed(prices: StackPrices, specs: list[Item], times: int = 1) -> Iterator[CostLine]:
    for spec in specs:
        count = int(spec["count"]) * times
        hours = prices.hours_per_month if spec.get("hourly") else Decimal(1)
        yield prices.line(spec, units=count * hours, per="month", count=count)


def _per_request(
    prices: StackPrices, specs: list[Item], through: Decimal = ONE
) -> Iterator[CostLine]:
    for spec in specs:
        yield prices.line(spec, units=number(spec["quantity"]) * through, per="request")


def text_gb_per_request(demand: Demand) -> tuple[Decimal, Decimal]:
    """GB of prompt text and of streamed answer of a mean request."""
    shared = quantities()["shared"]
    sent = demand.input_tokens.mean * number(shared["bytes_per_input_token"]["value"])
    received = demand.output_tokens.mean * number(shared["bytes_per_output_token"]["value"])
    return sent / BYTES_PER_GB, received / BYTES_PER_GB


def _prompt_log(
    prices: StackPrices, demand: Demand, deployment: Deployment, through: Decimal = ONE
) -> Iterator[CostLine]:
    if deployment.log_prompts:
        tokens = demand.tokens_per_request
        size = tokens * number(quantities()["shared"]["bytes_per_input_token"]["value"])
        spec = {
            "component": "prompt logs",
            "type": "aws:cloudwatch/logGroup:LogGroup",
            "item": "logs_ingest_gb",
            "basis": "assumption",
            "source": "deployment.log_prompts: prompt and answer text, 4.5 bytes a token",
        }
        line = prices.line(spec, units=size * through / BYTES_PER_GB, per="request")
        yield replace(line, length_shares=demand.token_shares)


def api_gateway_lines(
    prices: StackPrices, demand: Demand, deployment: Deployment, *, through: Decimal = ONE
) -> tuple[CostLine, ...]:
    """Everything the gateway stack costs beside the provider's tokens.

    ``through`` is the share of the requests that pass the gateway; batch jobs go to the provider's
    batch endpoint directly, in files: their prompts leave the account, their answers come in.
    """
    sent, received = text_gb_per_request(demand)
    return (
        *gateway_fixed_lines(prices),
        *gateway_request_lines(prices, demand, deployment, through=through),
        internet_line(prices, sent, received * through),
    )


def gateway_fixed_lines(prices: StackPrices) -> tuple[CostLine, ...]:
    """What the gateway costs without any request."""
    return tuple(_fixed(prices, quantities()["api_gateway"]["fixed"]))


def gateway_lines_of_route(
    prices: StackPrices, *, models: int, providers: int
) -> tuple[CostLine, ...]:
    """Lines without any request that grow with the models behind the gateway, for these many."""
    further = {"per_further_model": models - 1, "per_further_provider": providers - 1}
    specs: list[Item] = [
        {**spec, "count": int(spec["count"]) + int(spec[name]) * more}
        for spec in quantities()["api_gateway"]["fixed"]
        for name, more in further.items()
        if name in spec
    ]
    return tuple(_fixed(prices, specs))


def gateway_request_lines(
    prices: StackPrices, demand: Demand, deployment: Deployment, *, through: Decimal
) -> tuple[CostLine, ...]:
    """What each request through the gateway costs there; ``through`` is their share of all."""
    stack = quantities()["api_gateway"]
    function = stack["function"]
    answering = number(function["seconds_per_output_token"]["value"]) * demand.output_tokens.mean
    seconds = number(function["seconds_before_first_token"]["value"]) + answering
    duration = {
        "component": "function duration",
        "type": "aws:lambda/function:Function",
        "item": function["item"],
        "basis": "assumption",
        "source": f"{seconds:.2f} s at 0.5 GB: {function['seconds_per_output_token']['source']}",
    }
    run = prices.line(
        duration, units=seconds * number(function["memory_gb"]["value"]) * through, per="request"
    )
    return (
        *_per_request(prices, stack["per_request"], through),
        replace(run, length_shares=_shares(Decimal(0), answering, seconds)),
        *_prompt_log(prices, demand, deployment, through),
    )


def hybrid_request_lines(prices: StackPrices, *, through: Decimal) -> tuple[CostLine, ...]:
    """What a request through the gateway costs more where it may go to GPUs of one's own."""
    return tuple(_per_request(prices, quantities()["hybrid"]["per_request"], through))


def provider_lines(prices: StackPrices, demand: Demand) -> tuple[CostLine, ...]:
    """A request from inside the network to a provider: through NAT both ways, the prompt out."""
    sent, received = text_gb_per_request(demand)
    spec = {
        "component": "provider traffic through NAT",
        "type": "aws:ec2/natGateway:NatGateway",
        "item": "nat_gateway_gb",
        "basis": "assumption",
        "source": "prompts to the provider and its streamed answers",
    }
    line = prices.line(spec, units=sent + received, per="request")
    out = internet_line(prices, sent, Decimal(0))
    return (
        replace(line, length_shares=_shares(sent, received, sent + received)),
        replace(out, name="prompts to the provider"),
    )


def internet_line(prices: StackPrices, sent_gb: Decimal, received_gb: Decimal) -> CostLine:
    """Transfer of a mean request: prompts to a provider, streamed answers to clients."""
    spec = {
        "component": "transfer to the internet",
        "type": "aws:apigateway/restApi:RestApi",
        "item": "egress_internet_gb_first_10tb",
        "basis": "assumption",
        "source": "prompts to the provider and streamed answers to clients",
    }
    moved = sent_gb + received_gb
    line = prices.tiered(spec, quantities()["shared"]["egress_tiers"]["value"], moved)
    return replace(line, length_shares=_shares(sent_gb, received_gb, moved))


def _shares(by_input: Decimal, by_output: Decimal, whole: Decimal) -> tuple[float, float]:
    """The parts of a quantity that go by input and by output tokens."""
    return (float(by_input / whole), float(by_output / whole)) if whole else (0.0, 0.0)


def bedrock_lines(prices: StackPrices) -> tuple[CostLine, ...]:
    """What watches Bedrock spend; clients call Bedrock themselves."""
    return tuple(_fixed(prices, quantities()["bedrock"]["fixed"]))


def vllm_shared_lines(
    prices: StackPrices,
    demand: Demand,
    deployment: Deployment,
    *,
    zones: int,
    weights_gb: Decimal,
    request_seconds: Decimal,
    needs_nat: bool = False,
) -> tuple[CostLine, ...]:
    """What the GPU stack costs whatever its instances are.

    ``weights_gb`` is the size of the checkpoint; ``request_seconds`` how long a request holds
    its connection; ``needs_nat`` where something else in the network must reach the internet.
    """
    stack = quantities()["vllm_gpu"]
    mirrored = deployment.image_mirror is not None
    return (
        *_fixed(prices, stack["fixed"]),
        *_way_out(prices, deployment, zones, needs_nat=needs_nat),
        *((_image_storage(prices, stack["image_storage"]),) if mirrored else ()),
        _weights_storage(prices, stack["weights_storage"], weights_gb),
        _load_balancer_units(prices, demand, request_seconds),
        *_per_request(prices, stack["per_request"]),
        *_prompt_log(prices, demand, deployment),
    )


def vllm_instance_lines(
    prices: StackPrices,
    deployment: Deployment,
    fleet: Fleet,
    *,
    zones: int,
    weights_gb: Decimal,
) -> tuple[CostLine, ...]:
    """What comes with every instance beside its own price: volume, metrics, image pulls."""
    stack = quantities()["vllm_gpu"]
    lines = tuple(_per_instance(prices, stack["per_instance"], fleet, weights_gb))
    # Without a mirror NAT is the only way out: no need to compare it with endpoints.
    through_nat = deployment.image_mirror is None or any(
        line.name == "NAT gateway" for line in _way_out(prices, deployment, zones)
    )
    if deployment.vpc_id is None and through_nat:
        return (*lines, _image_pulls(prices, fleet))
    return lines


def _way_out(
    prices: StackPrices, deployment: Deployment, zones: int, *, needs_nat: bool = False
) -> tuple[CostLine, ...]:
    """NAT gateways, or interface endpoints when the image is mirrored and they cost less.

    An existing network (``deployment.vpc_id``) brings its own way out. Without a mirror the
    engine image comes from a public registry, which only NAT reaches.
    """
    if deployment.vpc_id is not None:
        return ()
    stack = quantities()["vllm_gpu"]
    nat = tuple(_fixed(prices, stack["per_zone_nat"], zones))
    if deployment.image_mirror is None or needs_nat:
        return nat
    endpoints = tuple(_fixed(prices, stack["per_zone_endpoints"], zones))
    return min((endpoints, nat), key=_fixed_total)


def _fixed_total(lines: tuple[CostLine, ...]) -> Decimal:
    return sum((line.term.at(Decimal(1)) for line in lines if line.term is not None), Decimal(0))


def _per_instance(
    prices: StackPrices, specs: list[Item], fleet: Fleet, weights_gb: Decimal
) -> Iterator[CostLine]:
    for spec in specs:
        extra = number(spec.get("per_weights_gb", 0)) * weights_gb
        units = (number(spec["quantity"]) + extra).quantize(Decimal(1))
        yield prices.line(spec, units=units, per="instance", fleet=fleet)


def _image_pulls(prices: StackPrices, fleet: Fleet) -> CostLine:
    pull = quantities()["vllm_gpu"]["image_pull"]
    units = number(pull["image_gb"]["value"]) * number(pull["pulls_per_instance_month"]["value"])
    spec = {
        "component": IMAGE_PULLS,
        "type": "aws:ec2/natGateway:NatGateway",
        "item": "nat_gateway_gb",
        "basis": "assumption",
        "source": f"{pull['image_gb']['source']}; {pull['pulls_per_instance_month']['source']}",
    }
    return prices.line(spec, units=units, per="instance", fleet=fleet)


def _image_storage(prices: StackPrices, spec: Item) -> CostLine:
    named = {**spec, "component": "image mirror", "type": "aws:ecr/repository:Repository"}
    return prices.line(named, units=number(spec["gb"]), per="month", count=1)


def _weights_storage(prices: StackPrices, spec: Item, weights_gb: Decimal) -> CostLine:
    named = {**spec, "component": "weights", "type": "aws:s3/bucket:Bucket"}
    return prices.line(named, units=weights_gb, per="month", count=1)


def _load_balancer_units(prices: StackPrices, demand: Demand, request_seconds: Decimal) -> CostLine:
    """LCU-hours of one request: the largest of its share of the three dimensions."""
    units = quantities()["vllm_gpu"]["load_balancer_units"]
    sent, received = text_gb_per_request(demand)
    lcu_hours = max(
        1 / (number(units["new_connections_per_s"]) * SECONDS_PER_HOUR),
        request_seconds / (number(units["active_connections"]) * SECONDS_PER_HOUR),
        (sent + received) / number(units["gb_per_hour"]),
    )
    spec = {
        "component": "load balancer units",
        "type": "aws:lb/loadBalancer:LoadBalancer",
        "item": units["item"],
        "basis": "assumption",
        "source": "mean request's connection, duration and bytes",
    }
    return prices.line(spec, units=lcu_hours, per="request")
