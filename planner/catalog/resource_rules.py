"""How inputs become billed quantities: one rule for each type that needs more than a list.

A rule takes the readable inputs and what it may look up, and gives a ``Bill``; it raises Unpriced
where a value it needs is hidden or nobody knows the price.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, cast

from planner.catalog.resource_types import PlannedUse, Span
from planner.catalog.resource_values import Hidden, Unpriced, Value, flag, items, number, text
from planner.catalog.snapshot import DATA_DIR
from planner.files import read_text

__all__ = [
    "Bill",
    "Entry",
    "Rule",
    "Sight",
    "figure",
    "free_reason",
    "free_types",
    "resource_data",
    "rule_for",
    "volume_bill",
]

Inputs = Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Units a month of one price item.

    ``purchase`` is set for instances, with their type as the item; ``usd`` where the price is
    the plan's own and not the catalog's.
    """

    item: str
    units: Span
    purchase: str | None = None
    usd: Decimal | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """Fixed quantities, items billed by use, and parts that cannot be told."""

    entries: tuple[Entry, ...] = ()
    usage: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    free_because: str = ""

    def __add__(self, other: Bill) -> Bill:
        """Both together."""
        return Bill(
            entries=self.entries + other.entries,
            usage=self.usage + other.usage,
            missing=self.missing + other.missing,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What a rule may look at beside its own inputs.

    ``linked`` gives the inputs of the resources of a type that an input was made from, None
    where the link cannot be followed. ``planned`` is set when a plan applies to this stack.
    """

    hours: Decimal
    linked: Callable[[str, str], Inputs | None]
    planned: PlannedUse | None = None


Rule = Callable[[Inputs, Sight], Bill]


@cache
def resource_data() -> Mapping[str, Any]:
    """``data/resource_prices.yaml``, read once; tests check its structure."""
    import yaml

    body = read_text(DATA_DIR / "resource_prices.yaml")
    return yaml.load(body, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@cache
def free_types() -> Mapping[str, str]:
    """Why a type is free, by type token."""
    groups = cast(Mapping[str, list[str]], resource_data()["free"])
    return {token: reason for reason, tokens in groups.items() for token in tokens}


def free_reason(token: str) -> str | None:
    """Why resources of a type cost nothing; None when they are not listed as free."""
    packages = cast(Mapping[str, str], resource_data()["free_packages"])
    return free_types().get(token) or packages.get(token.split(":", 1)[0])


@cache
def figure(name: str) -> Decimal:
    """A figure of the data file."""
    return Decimal(str(resource_data()["figures"][name]["value"]))


def rule_for(name: str) -> Rule:
    """The rule of that name."""
    from planner.catalog.resource_fleet import FLEET_RULES

    return FLEET_RULES.get(name) or _RULES[name]


def hourly(item: str, sight: Sight, count: Decimal | int = 1, note: str = "") -> Entry:
    """So many of an item, each hour of the month."""
    return Entry(item=item, units=Span.point(Decimal(count) * sight.hours), note=note)


def monthly(item: str, count: Decimal | int = 1, note: str = "") -> Entry:
    """So many of an item a month."""
    return Entry(item=item, units=Span.point(count), note=note)


def _load_balancer(inputs: Inputs, sight: Sight) -> Bill:
    kind = text(inputs, "loadBalancerType", "application")
    if kind not in ("application", "network"):
        raise Unpriced(f"no price of a {kind} load balancer in the catalog")
    short = "alb" if kind == "application" else "nlb"
    found = Bill(entries=(hourly(f"{short}_hour", sight),), usage=(f"{short}_lcu_hour",))
    if flag(inputs, "internal"):
        return found
    zones = len(items(inputs, "subnets")) or len(items(inputs, "subnetMappings"))
    if not zones:
        return found + Bill(missing=("public addresses: the number of subnets is not set",))
    note = "one public address in each subnet"
    return found + Bill(entries=(hourly("public_ipv4_hour", sight, zones, note),))


def _endpoint(inputs: Inputs, sight: Sight) -> Bill:
    kind = text(inputs, "vpcEndpointType", "Gateway")
    if kind == "Gateway":
        return Bill(free_because="gateway endpoints are free")
    if kind not in ("Interface", "GatewayLoadBalancer"):
        raise Unpriced(f"no price of a {kind} endpoint in the catalog")
    zones = len(items(inputs, "subnetIds")) or len(items(inputs, "subnetConfigurations"))
    if not zones:
        raise Unpriced("subnetIds is not set: billed by zone")
    return Bill(
        entries=(hourly("interface_endpoint_hour", sight, zones),), usage=("interface_endpoint_gb",)
    )


def _metric_alarm(inputs: Inputs, sight: Sight) -> Bill:
    queries = _objects(inputs, "metricQueries")
    if not queries and inputs.get("metricName") is None:
        raise Unpriced("the alarm has neither metricName nor metricQueries")
    metrics = [_one_object(q["metric"]) for q in queries if q.get("metric") is not None]
    periods = [number(m, "period", Decimal(60)) for m in metrics] or [
        number(inputs, "period", Decimal(60))
    ]
    fast = any(period < figure("high_resolution_below_s") for period in periods)
    if any("ANOMALY_DETECTION_BAND" in (text(q, "expression") or "") for q in queries):
        speed = "_high_resolution" if fast else ""
        return Bill(entries=(monthly(f"cw_anomaly_alarm{speed}_month"),))
    item = "cw_alarm_high_resolution_metric_month" if fast else "cw_alarm_metric_month"
    return Bill(entries=(monthly(item, len(metrics) or 1, "each metric of an alarm is billed"),))


def _objects(inputs: Inputs, name: str) -> list[Mapping[str, Value]]:
    found = items(inputs, name)
    return [_one_object(each) for each in found]


def _one_object(value: Value) -> Mapping[str, Value]:
    if isinstance(value, Hidden):
        raise Unpriced(f"a part of it is {value.value}")
    if isinstance(value, list | tuple) and len(cast(list[Value], value)) == 1:
        value = cast(list[Value], value)[0]
    if not isinstance(value, Mapping):
        raise Unpriced("a part of it is not an object")
    return cast(Mapping[str, Value], value)


def _tracking_alarms(metrics: int) -> Bill:
    count = figure("scaling_alarms") * metrics
    return Bill(entries=(monthly("cw_alarm_metric_month", count, "alarms of target tracking"),))


def _scaling_policy(inputs: Inputs, sight: Sight) -> Bill:
    if text(inputs, "policyType", "StepScaling") != "TargetTrackingScaling":
        return Bill(free_because="step and predictive policies make no alarms of their own")
    target = _one_object(inputs.get("targetTrackingScalingPolicyConfiguration"))
    return _tracking_alarms(_tracked_metrics(target))


def _group_policy(inputs: Inputs, sight: Sight) -> Bill:
    if text(inputs, "policyType", "SimpleScaling") != "TargetTrackingScaling":
        return Bill(free_because="simple and step policies make no alarms of their own")
    return _tracking_alarms(
        _tracked_metrics(_one_object(inputs.get("targetTrackingConfiguration")))
    )


def _tracked_metrics(target: Inputs) -> int:
    custom = target.get("customizedMetricSpecification")
    if custom is None:
        return 1
    found = _objects(_one_object(custom), "metrics")
    return sum(1 for each in found if each.get("metricStat") is not None) or 1


def _capacity_provider(inputs: Inputs, sight: Sight) -> Bill:
    if inputs.get("managedInstancesProvider") is not None:
        raise Unpriced("no price of managed instances in the catalog")
    group = _one_object(inputs.get("autoScalingGroupProvider"))
    scaling = group.get("managedScaling")
    if scaling is None or text(_one_object(scaling), "status", "ENABLED") == "ENABLED":
        return _tracking_alarms(1)
    return Bill(free_because="without managed scaling it makes no alarms")


def _cluster(inputs: Inputs, sight: Sight) -> Bill:
    for setting in _objects(inputs, "settings"):
        if setting.get("name") == "containerInsights" and setting.get("value") != "disabled":
            return Bill(usage=("cw_custom_metric_month",))
    return Bill(free_because="clusters are billed by what runs in them")


def _budget_action(inputs: Inputs, sight: Sight) -> Bill:
    return Bill(entries=(monthly("budget_action_day", sight.hours / 24, "every day of the month"),))


def _api_stage(inputs: Inputs, sight: Sight) -> Bill:
    if flag(inputs, "cacheClusterEnabled"):
        raise Unpriced("no price of an API cache in the catalog")
    return Bill(free_because="billed by the requests of the API")


def _http_api(inputs: Inputs, sight: Sight) -> Bill:
    if text(inputs, "protocolType", "HTTP") != "HTTP":
        raise Unpriced("no price of WebSocket APIs in the catalog")
    return Bill(usage=("apigw_http_1m_requests", "egress_internet_gb_first_10tb"))


def _function(inputs: Inputs, sight: Sight) -> Bill:
    chips = items(inputs, "architectures")
    if any(isinstance(chip, Hidden) for chip in chips):
        raise Unpriced("architectures are not shown")
    seconds = "lambda_arm64_gb_second" if "arm64" in chips else "lambda_x86_gb_second"
    return Bill(usage=("lambda_1m_requests", seconds))


def _table(inputs: Inputs, sight: Sight) -> Bill:
    if text(inputs, "billingMode", "PROVISIONED") != "PAY_PER_REQUEST":
        raise Unpriced("no price of provisioned capacity in the catalog: use PAY_PER_REQUEST")
    if items(inputs, "replicas"):
        raise Unpriced("no price of replicated writes in the catalog")
    return Bill(usage=("dynamodb_1m_wru", "dynamodb_1m_rru", "dynamodb_gb_month"))


def _key(inputs: Inputs, sight: Sight) -> Bill:
    most = 1 + figure("most_key_rotations") if flag(inputs, "enableKeyRotation") else Decimal(1)
    units = Span(low=Decimal(1), expected=Decimal(1), high=most)
    note = "rotated keys cost more from the second year" if most > 1 else ""
    entry = Entry(item="kms_key_month", units=units, note=note)
    return Bill(entries=(entry,), usage=("kms_10k_requests",))


def _secret(inputs: Inputs, sight: Sight) -> Bill:
    copies = 1 + len(items(inputs, "replicas"))
    return Bill(entries=(monthly("secret_month", copies),), usage=("secrets_10k_calls",))


def _subscription(inputs: Inputs, sight: Sight) -> Bill:
    protocol = text(inputs, "protocol", "")
    if protocol in ("lambda", "sqs"):
        return Bill(free_because="deliveries to functions and queues are free")
    if protocol in ("email", "email-json"):
        return Bill(usage=("sns_email_100k_deliveries",))
    if protocol in ("http", "https"):
        return Bill(usage=("sns_https_100k_deliveries",))
    raise Unpriced(f"no price of deliveries by {protocol or 'an unnamed protocol'} in the catalog")


def _parameter(inputs: Inputs, sight: Sight) -> Bill:
    tier = text(inputs, "tier")
    if tier == "Intelligent-Tiering":
        # A secret's length is hidden as well: its text would decide.
        size = len((text(inputs, "value") or "").encode("utf-8"))
        tier = "Advanced" if size > figure("standard_parameter_bytes") else "Standard"
    if tier == "Advanced":
        usage = ("ssm_advanced_10k_interactions",)
        return Bill(entries=(monthly("ssm_advanced_parameter_month"),), usage=usage)
    return Bill(entries=(monthly("ssm_standard_parameter_month"),))


def _web_acl(inputs: Inputs, sight: Sight) -> Bill:
    if inputs.get("ruleJson") is not None:
        raise Unpriced("rules given as ruleJson are not counted")
    rules = len(items(inputs, "rules"))
    entries = (monthly("waf_acl_month"), *((monthly("waf_rule_month", rules),) if rules else ()))
    return Bill(entries=entries, usage=("waf_1m_requests",))


def _volume(inputs: Inputs, sight: Sight) -> Bill:
    return volume_bill(inputs, kind_key="type", size_key="size", what="volume")


def volume_bill(
    inputs: Inputs, *, kind_key: str = "volumeType", size_key: str = "volumeSize", what: str
) -> Bill:
    """GB, and IOPS and throughput beyond what is included, of one gp3 volume."""
    kind = text(inputs, kind_key)
    if kind != "gp3":
        raise Unpriced(f"{what}: no price of {kind or 'the default'} volumes in the catalog")
    entries = [monthly("ebs_gp3_gb_month", number(inputs, size_key), what)]
    for name, item, free in (
        ("iops", "ebs_gp3_iops_month", figure("gp3_free_iops")),
        ("throughput", "ebs_gp3_mibps_month", figure("gp3_free_mibps")),
    ):
        beyond = number(inputs, name, free) - free
        if beyond > 0:
            entries.append(monthly(item, beyond, what))
    return Bill(entries=tuple(entries))


_RULES: dict[str, Rule] = {
    "api_stage": _api_stage,
    "budget_action": _budget_action,
    "capacity_provider": _capacity_provider,
    "cluster": _cluster,
    "endpoint": _endpoint,
    "function": _function,
    "group_policy": _group_policy,
    "http_api": _http_api,
    "key": _key,
    "load_balancer": _load_balancer,
    "metric_alarm": _metric_alarm,
    "parameter": _parameter,
    "scaling_policy": _scaling_policy,
    "secret": _secret,
    "subscription": _subscription,
    "table": _table,
    "volume": _volume,
    "web_acl": _web_acl,
}
