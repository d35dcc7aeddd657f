"""Short ways to make resources and price them at the shipped prices."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from planner.catalog import Catalog, load_catalog
from planner.catalog.resource_prices import (
    PricingContext,
    ResourceInputs,
    ResourcePrice,
    price_resource,
)

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
GROUP = "aws:autoscaling/group:Group"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"


@cache
def shipped() -> Catalog:
    """The catalog of this version, without a scenario's own prices."""
    return load_catalog(prices=None, base_dir=Path())


def resource(
    token: str,
    inputs: dict[str, Any] | None = None,
    *,
    name: str = "it",
    region: str | None = "us-east-1",
    links: dict[str, list[str]] | None = None,
    id: str | None = None,
) -> ResourceInputs:
    """A resource of a stack, by its type token."""
    return ResourceInputs(
        urn=f"urn:pulumi:dev::app::{token}::{name}",
        type=token,
        inputs=inputs or {},
        region=region,
        property_dependencies=links or {},
        id=id,
    )


def price(
    token: str, inputs: dict[str, Any] | None = None, *, region: str | None = "us-east-1"
) -> ResourcePrice:
    """The price of one resource on its own."""
    return price_resource(resource(token, inputs, region=region), PricingContext(prices=shipped()))


def template(**inputs: Any) -> ResourceInputs:
    """A launch template of one GPU instance with an 80 GB volume."""
    made: dict[str, Any] = {
        "instanceType": "g6e.xlarge",
        "blockDeviceMappings": [{"ebs": {"volumeType": "gp3", "volumeSize": 80}}],
    }
    return resource(TEMPLATE, {**made, **inputs}, name="host", id="lt-1")


def group(**inputs: Any) -> ResourceInputs:
    """A group of 1 to 4 such instances, linked as the engine links them on create."""
    made: dict[str, Any] = {"minSize": 1, "maxSize": 4, "launchTemplate": {"id": UNKNOWN}}
    return resource(
        GROUP, {**made, **inputs}, name="hosts", links={"launchTemplate": [template().urn]}
    )
