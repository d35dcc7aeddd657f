"""Reads prices, offerings and quotas from AWS into a snapshot: the only network code here.

Clients come in as an argument. What AWS refuses keeps its old rows and is reported; IAM:
``pricing:GetProducts``, ``savingsplans:DescribeSavingsPlansOfferingRates``,
``ec2:DescribeSpotPriceHistory``, ``ec2:DescribeInstanceTypes``,
``ec2:DescribeInstanceTypeOfferings``, ``servicequotas:GetServiceQuota``,
``servicequotas:GetAWSDefaultServiceQuota``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any, Literal, get_args

from planner.catalog.hardware import instances_of
from planner.catalog.names import did_you_mean
from planner.catalog.quotas import Quota
from planner.catalog.refresh_draft import Change, Draft, draft_of, row_changes
from planner.catalog.refresh_parse import (
    AmbiguousPrice,
    Json,
    list_price_rows,
    quota_from_answer,
    savings_plan_rows,
    spot_rows,
    updated_instance,
)
from planner.catalog.snapshot import Snapshot
from planner.catalog.types import InstanceType, PriceRow
from planner.errors import InputError

__all__ = [
    "KINDS",
    "Clients",
    "Refresh",
    "RefreshKind",
    "RefreshRequest",
    "planned_calls",
    "refresh",
]

RefreshKind = Literal["on_demand", "reserved", "savings_plans", "spot", "types"]
KINDS: tuple[RefreshKind, ...] = get_args(RefreshKind)

# The Price List answers from three regions only; Savings Plans from one.
_PRICING_REGION = "us-east-1"
# One SKU is left by these: Linux, shared, no software, not tied to a capacity reservation.
_PRODUCT_FILTERS = {
    "operatingSystem": "Linux",
    "tenancy": "Shared",
    "capacitystatus": "Used",
    "preInstalledSw": "NA",
    "marketoption": "OnDemand",
}

# (service, region) -> boto3 client; boto3 has no types.
Clients = Callable[[str, str], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshRequest:
    """What to read: types (empty: all the catalog knows), regions, kinds; ``now`` is aware."""

    instance_types: tuple[str, ...]
    regions: tuple[str, ...]
    kinds: tuple[RefreshKind, ...]
    quotas: bool
    now: datetime

    @property
    def seen(self) -> date:
        """The day the answers are dated with (that of ``now``)."""
        return self.now.date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """The new file, what is different in it, and what AWS would not say.

    ``confirmed`` counts prices that were read again and are the same. ``failures`` name what kept
    its old rows, and why; ``succeeded`` counts what was read.
    """

    text: str
    changes: tuple[Change, ...]
    confirmed: int
    succeeded: int
    failures: tuple[str, ...]


def planned_calls(base: Snapshot, request: RefreshRequest) -> int:
    """How many calls a refresh makes when every answer fits one page.

    InputError for types or regions the catalog does not know.
    """
    instances = instances_of(base)
    _check_names(instances, request)
    regions = len(request.regions)
    calls = 0
    if _wants_list_prices(request):
        calls += sum(len(_names(instances, request, region)) for region in request.regions)
    calls += regions * sum(kind in request.kinds for kind in ("savings_plans", "spot"))
    calls += 2 * regions * ("types" in request.kinds)
    if request.quotas:
        calls += regions * len(_quota_codes(instances, request))
    return calls


def refresh(base: Snapshot, request: RefreshRequest, clients: Clients) -> Refresh:
    """Read what is asked for and put it over ``base``.

    InputError for types or regions the catalog does not know.
    """
    draft = draft_of(base)
    _check_names(draft.instances, request)
    for label, step in _steps(draft, request, clients):
        _attempt(draft, label, step)
    changes, confirmed = row_changes(base.raw, draft.rows)
    return Refresh(
        text=draft.text(base, request.seen),
        changes=changes,
        confirmed=confirmed,
        succeeded=draft.succeeded,
        failures=tuple(draft.failures),
    )


def _check_names(instances: Mapping[str, InstanceType], request: RefreshRequest) -> None:
    regions = sorted({region for instance in instances.values() for region in instance.regions})
    for option, names, known in (
        ("--instance-types", request.instance_types, instances),
        ("--region", request.regions, regions),
    ):
        for name in names:
            if name not in known:
                raise InputError(
                    f"{option}: `{name}` is not in the catalog{did_you_mean(name, known)}; "
                    "`planner prices list --kind instance` shows what is"
                )


def _wants_list_prices(request: RefreshRequest) -> bool:
    return "on_demand" in request.kinds or "reserved" in request.kinds


def _names(
    instances: Mapping[str, InstanceType], request: RefreshRequest, region: str
) -> tuple[str, ...]:
    """Types to ask about in a region: those named, else those offered there."""
    if request.instance_types:
        return tuple(sorted(set(request.instance_types)))
    return tuple(sorted(name for name, known in instances.items() if region in known.regions))


def _quota_codes(instances: Mapping[str, InstanceType], request: RefreshRequest) -> tuple[str, ...]:
    chosen = request.instance_types or tuple(instances)
    codes = {
        code
        for name in chosen
        for code in (instances[name].quota_code_on_demand, instances[name].quota_code_spot)
    }
    return tuple(sorted(codes))


def _steps(
    draft: Draft, request: RefreshRequest, clients: Clients
) -> Iterator[tuple[str, Callable[[], None]]]:
    """What is read, region by region; each step changes the draft as its last act or not at all."""
    for region in request.regions:
        bound = partial(partial, draft=draft, request=request, clients=clients, region=region)
        if "types" in request.kinds:
            yield f"instance types in {region}", bound(_read_types)
        if _wants_list_prices(request):
            yield f"list prices in {region}", bound(_read_list_prices)
        if "savings_plans" in request.kinds:
            yield f"Savings Plan rates in {region}", bound(_read_savings_plans)
        if "spot" in request.kinds:
            yield f"spot prices in {region}", bound(_read_spot)
        if request.quotas:
            yield f"quotas in {region}", bound(_read_quotas)


def _attempt(draft: Draft, label: str, step: Callable[[], None]) -> None:
    # botocore has no types.
    from botocore.exceptions import (  # pyright: ignore[reportMissingTypeStubs]
        BotoCoreError,
        ClientError,
    )

    try:
        step()
    except (ClientError, BotoCoreError, AmbiguousPrice) as error:
        draft.failures.append(f"{label}: {error}; the old ones are kept")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        # An answer in another shape than botocore's model says; nothing of it is used.
        problem = f"{type(error).__name__}: {error}"
        draft.failures.append(f"{label}: unexpected answer ({problem}); the old ones are kept")
    else:
        draft.succeeded += 1


def _read_types(draft: Draft, request: RefreshRequest, clients: Clients, region: str) -> None:
    ec2 = clients("ec2", region)
    names = sorted(request.instance_types or draft.instances)
    by_name = [{"Name": "instance-type", "Values": names}]
    offerings = _pages(
        ec2, "describe_instance_type_offerings", LocationType="region", Filters=by_name
    )
    offered = {o["InstanceType"] for page in offerings for o in page["InstanceTypeOfferings"]}
    pages = _pages(ec2, "describe_instance_types", Filters=by_name)
    described = {i["InstanceType"]: i for page in pages for i in page["InstanceTypes"]}
    updated = {
        name: updated_instance(
            draft.instances[name], described.get(name), {region: name in offered}, request.seen
        )
        for name in names
    }
    draft.instances.update(updated)
    draft.instances_changed = True


def _read_list_prices(draft: Draft, request: RefreshRequest, clients: Clients, region: str) -> None:
    pricing = clients("pricing", _PRICING_REGION)
    prefixes = tuple(
        prefix
        for kind, prefix in (("on_demand", "on_demand"), ("reserved", "ri_"))
        if kind in request.kinds
    )
    found: dict[str, tuple[PriceRow, ...]] = {}
    unclear: list[str] = []
    for name in _names(draft.instances, request, region):
        fields = {"instanceType": name, "regionCode": region, **_PRODUCT_FILTERS}
        pages = _pages(
            pricing,
            "get_products",
            ServiceCode="AmazonEC2",
            FormatVersion="aws_v1",
            MaxResults=100,
            Filters=[{"Type": "TERM_MATCH", "Field": k, "Value": v} for k, v in fields.items()],
        )
        price_list = [text for page in pages for text in page["PriceList"]]
        try:
            found[name] = list_price_rows(price_list, name, region, request.seen)
        except AmbiguousPrice as error:
            unclear.append(f"list prices: {error}; the old ones are kept")
    for name, rows in found.items():
        draft.replace_rows(rows, (name,), region, prefixes)
    draft.failures.extend(unclear)


def _read_savings_plans(
    draft: Draft, request: RefreshRequest, clients: Clients, region: str
) -> None:
    client = clients("savingsplans", _PRICING_REGION)
    names = _names(draft.instances, request, region)
    query: dict[str, object] = {
        "savingsPlanTypes": ["Compute", "EC2Instance"],
        "savingsPlanPaymentOptions": ["No Upfront"],
        "products": ["EC2"],
        "serviceCodes": ["AmazonEC2"],
        "filters": [
            {"name": "region", "values": [region]},
            {"name": "instanceType", "values": list(names)},
            {"name": "productDescription", "values": ["Linux/UNIX"]},
            {"name": "tenancy", "values": ["shared"]},
        ],
    }
    results: list[Json] = []
    token = ""
    while True:  # this call has no paginator
        more = {"nextToken": token} if token else {}
        page = client.describe_savings_plans_offering_rates(**query, **more)
        results += page["searchResults"]
        token = page.get("nextToken") or ""
        if not token:
            break
    rows = savings_plan_rows(results, names, region, request.seen)
    draft.replace_rows(rows, names, region, ("sp_",))


def _read_spot(draft: Draft, request: RefreshRequest, clients: Clients, region: str) -> None:
    names = _names(draft.instances, request, region)
    pages = _pages(
        clients("ec2", region),
        "describe_spot_price_history",
        InstanceTypes=list(names),
        ProductDescriptions=["Linux/UNIX"],
        StartTime=request.now,
    )
    history = [record for page in pages for record in page["SpotPriceHistory"]]
    rows = spot_rows(history, names, region, request.seen)
    draft.replace_rows(rows, names, region, ("spot_",))


def _read_quotas(draft: Draft, request: RefreshRequest, clients: Clients, region: str) -> None:
    from botocore.exceptions import ClientError  # pyright: ignore[reportMissingTypeStubs]

    client = clients("service-quotas", region)
    found: dict[tuple[str, str], Quota] = {}
    for code in _quota_codes(draft.instances, request):
        basis = "applied"
        try:
            answer = client.get_service_quota(ServiceCode="ec2", QuotaCode=code)
        except ClientError as error:
            # Never raised for this account: AWS then has only the default.
            if error.response["Error"]["Code"] != "NoSuchResourceException":
                raise
            basis = "default"
            answer = client.get_aws_default_service_quota(ServiceCode="ec2", QuotaCode=code)
        found[region, code] = quota_from_answer(answer, region, basis=basis, seen=request.seen)
    draft.quotas.update(found)


def _pages(client: Any, operation: str, **query: object) -> list[Json]:
    return list(client.get_paginator(operation).paginate(**query))
