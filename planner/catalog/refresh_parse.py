"""What the answers of the AWS price APIs say, as rows; no calls, no clock.

Shapes are those of botocore 1.44.5's service models. ``Json`` is an answer as boto3 gives it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from statistics import median
from typing import Any

from planner.catalog.quotas import Quota
from planner.catalog.types import InstanceType, PriceRow, Purchase
from planner.money import ZERO, usd

__all__ = [
    "AmbiguousPrice",
    "Json",
    "list_price_rows",
    "quota_from_answer",
    "savings_plan_rows",
    "spot_rows",
    "updated_instance",
]

# Answers of boto3 are untyped; each function reads the few fields it names.
Json = Mapping[str, Any]

_HOURS_PER_YEAR = 8760
_RATE_STEP = Decimal("0.0000000001")
_RESERVED: dict[tuple[str, str], Purchase] = {
    ("1yr", "No Upfront"): "ri_1y_no_upfront",
    ("1yr", "Partial Upfront"): "ri_1y_partial_upfront",
    ("1yr", "All Upfront"): "ri_1y_all_upfront",
    ("3yr", "No Upfront"): "ri_3y_no_upfront",
    ("3yr", "Partial Upfront"): "ri_3y_partial_upfront",
    ("3yr", "All Upfront"): "ri_3y_all_upfront",
}
_SAVINGS_PLANS: dict[tuple[str, int], Purchase] = {
    ("Compute", 31_536_000): "sp_compute_1y",
    ("Compute", 94_608_000): "sp_compute_3y",
    ("EC2Instance", 31_536_000): "sp_ec2_1y",
    ("EC2Instance", 94_608_000): "sp_ec2_3y",
}
# Usage of a shared instance; UnusedBox and HostBoxUsage are other things at other times.
_SHARED_USAGE = re.compile(r"(^|-)BoxUsage:")


class AmbiguousPrice(ValueError):
    """An answer holds several prices for what should have one."""


def _row(
    name: str, region: str, purchase: Purchase, seen: date, source: str, price: Decimal | str
) -> PriceRow:
    """A row with a price, or with the reason (text) why there is none."""
    known = isinstance(price, Decimal)
    return PriceRow(
        kind="instance",
        region=region,
        item=name,
        purchase=purchase,
        unit="hour",
        usd=price if known else None,
        source=source,
        observed=seen,
        licence_note="AWS public price API",
        reason_null=None if known else price,
    )


# --- on-demand and Reserved ----------------------------------------------------------------------


def list_price_rows(
    price_list: Iterable[str], name: str, region: str, seen: date
) -> tuple[PriceRow, ...]:
    """On-demand and standard Reserved rows of one type from ``pricing.get_products``.

    No SKU gives rows without a price; more than one is AmbiguousPrice, naming them. A Reserved
    price with upfront money is per hour of the term: hourly fee plus upfront over 8,760 h a year.
    """
    products = [json.loads(text) for text in price_list]
    source = "AWS Price List (GetProducts)"
    if not products:
        reason = f"no SKU of {name} in {region} in the AWS Price List on {seen}"
        unsold: tuple[Purchase, ...] = ("on_demand", "ri_1y_no_upfront")
        return tuple(_row(name, region, p, seen, source, reason) for p in unsold)
    if len(products) > 1:
        skus = ", ".join(sorted(str(product["product"]["sku"]) for product in products))
        raise AmbiguousPrice(f"{len(products)} SKUs of {name} in {region}: {skus}")
    terms: Json = products[0].get("terms", {})
    source = f"{source}, SKU {products[0]['product']['sku']}"
    prices = {"on_demand": _on_demand(terms, name, region), **_reserved(terms)}
    prices.setdefault("ri_1y_no_upfront", f"no 1-year no-upfront term of {name} on {seen}")
    return tuple(
        _row(name, region, purchase, seen, source, price)
        for purchase, price in sorted(prices.items())
        if purchase in ("on_demand", *_RESERVED.values())
    )


def _on_demand(terms: Json, name: str, region: str) -> Decimal | str:
    offers = list(terms.get("OnDemand", {}).values())
    if not offers:
        return f"the SKU of {name} in {region} has no on-demand term"
    hourly = [_fees(offer)[0] for offer in offers]
    if len(set(hourly)) > 1:
        raise AmbiguousPrice(f"several on-demand prices of {name} in {region}: {sorted(hourly)}")
    if hourly[0] == 0:
        return f"the on-demand price of {name} in {region} is listed as 0"
    return hourly[0]


def _reserved(terms: Json) -> dict[Purchase, Decimal | str]:
    found: dict[Purchase, Decimal | str] = {}
    for offer in terms.get("Reserved", {}).values():
        attributes: Json = offer["termAttributes"]
        key = (attributes["LeaseContractLength"], attributes["PurchaseOption"])
        if attributes["OfferingClass"] == "standard" and key in _RESERVED:
            hourly, upfront = _fees(offer)
            hours = _HOURS_PER_YEAR * int(key[0].removesuffix("yr"))
            rate = hourly + upfront / hours
            found[_RESERVED[key]] = rate.quantize(_RATE_STEP) if upfront else rate
    return found


def _fees(offer: Json) -> tuple[Decimal, Decimal]:
    """USD per hour and USD once of an offer."""
    hourly, once = ZERO, ZERO
    for dimension in offer["priceDimensions"].values():
        price = usd(dimension["pricePerUnit"]["USD"])
        if dimension["unit"] == "Quantity":
            once += price
        else:
            hourly += price
    return hourly, once


# --- Savings Plans -------------------------------------------------------------------------------


def savings_plan_rows(
    results: Iterable[Json], names: Iterable[str], region: str, seen: date
) -> tuple[PriceRow, ...]:
    """Rates of no-upfront Savings Plans from ``describe_savings_plans_offering_rates``.

    AmbiguousPrice when a type has two rates for the same plan and term.
    """
    wanted = frozenset(names)
    rates: dict[tuple[str, Purchase], Decimal] = {}
    for result in results:
        offering: Json = result["savingsPlanOffering"]
        purchase = _SAVINGS_PLANS.get((offering["planType"], offering["durationSeconds"]))
        properties = {p["name"]: p["value"] for p in result.get("properties", ())}
        name = properties.get("instanceType")
        if (
            purchase is None
            or name not in wanted
            or properties.get("region", region) != region
            or result["unit"] != "Hrs"
            or not _SHARED_USAGE.search(result["usageType"])
        ):
            continue
        rate = usd(result["rate"])
        if rates.setdefault((name, purchase), rate) != rate:
            raise AmbiguousPrice(
                f"two {purchase} rates of {name} in {region}: {rates[name, purchase]} and {rate}"
            )
    source = "AWS Savings Plans offering rates, no upfront"
    return tuple(
        _row(name, region, purchase, seen, source, rate)
        for (name, purchase), rate in sorted(rates.items())
    )


# --- spot ----------------------------------------------------------------------------------------


def spot_rows(
    history: Iterable[Json], names: Iterable[str], region: str, seen: date
) -> tuple[PriceRow, ...]:
    """Median over availability zones of the latest price from ``describe_spot_price_history``.

    Local Zones are left out: they are other places with other prices.
    """
    zone_name = re.compile(re.escape(region) + "[a-z]")
    latest: dict[tuple[str, str], Json] = {}
    for record in history:
        key = (record["InstanceType"], record["AvailabilityZone"])
        known = latest.get(key)
        if zone_name.fullmatch(key[1]) and (
            known is None or record["Timestamp"] > known["Timestamp"]
        ):
            latest[key] = record
    return tuple(_spot_row(latest, name, region, seen) for name in sorted(names))


def _spot_row(
    latest: Mapping[tuple[str, str], Json], name: str, region: str, seen: date
) -> PriceRow:
    by_zone = {zone: usd(r["SpotPrice"]) for (item, zone), r in latest.items() if item == name}
    if not by_zone:
        reason = f"no spot price of {name} in {region} on {seen}"
        return _row(name, region, "spot_az_median", seen, "EC2 spot price history", reason)
    source = f"EC2 spot price history, median of {', '.join(sorted(by_zone))}"
    return _row(name, region, "spot_az_median", seen, source, median(by_zone.values()))


# --- instance types and quotas -------------------------------------------------------------------


def updated_instance(
    known: InstanceType, described: Json | None, offered: Mapping[str, bool], seen: date
) -> InstanceType:
    """The type with what EC2 says now: hardware if described, and where it is offered.

    ``offered`` has an entry for each region that was asked. Memory of Inferentia and Trainium
    devices stays as it was: EC2 reports a wrong figure for Trainium2.
    """
    regions = {region for region in known.regions if offered.get(region, True)}
    regions |= {region for region, is_offered in offered.items() if is_offered}
    updated = replace(known, regions=tuple(sorted(regions)))
    if described is None:
        return updated
    gpus = described.get("GpuInfo", {}).get("Gpus", ())
    if len(gpus) == 1:
        updated = replace(
            updated,
            accelerator_count=gpus[0]["Count"],
            accelerator_mem_mib=gpus[0]["MemoryInfo"]["SizeInMiB"],
        )
    return replace(
        updated,
        vcpu=described["VCpuInfo"]["DefaultVCpus"],
        mem_mib=described["MemoryInfo"]["SizeInMiB"],
        local_nvme_gb=described.get("InstanceStorageInfo", {}).get("TotalSizeInGB", 0),
        usage_classes=tuple(sorted(described["SupportedUsageClasses"])),
        source="EC2 DescribeInstanceTypes and DescribeInstanceTypeOfferings",
        observed=seen,
    )


def quota_from_answer(answer: Json, region: str, *, basis: str, seen: date) -> Quota:
    """The vCPU quota of ``service-quotas.get_service_quota`` or of the AWS default."""
    quota: Json = answer["Quota"]
    return Quota(
        region=region,
        code=quota["QuotaCode"],
        name=quota["QuotaName"],
        vcpu=int(quota["Value"]),
        basis=basis,
        observed=seen,
    )
