"""Rules over several fields of a scenario. They run over the fields that are valid.

Each rule takes the written scenario and yields what it finds; none of them reads a price.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

from planner.scenario.deployment import MATCHED_FIELDS
from planner.scenario.given import Given, Rule
from planner.scenario.lever_checks import LEVER_RULES
from planner.scenario.option_checks import OPTION_RULES
from planner.scenario.scalars import shown
from planner.scenario.shape import did_you_mean
from planner.scenario.yaml_marks import Finding, Path

__all__ = ["RULES", "option_names"]

# A volume that grows more than a millionfold is a typing error (0.5 a month over 10 years).
_LARGEST_GROWTH = 1_000_000


def _lengths(scenario: Given) -> Iterator[Finding]:
    for name in ("input_tokens", "output_tokens"):
        lengths = scenario.section("workload", name)
        if not lengths.is_mapping():
            continue
        ways = [key for key in ("mean", "quantiles", "profile", "files") if lengths.has(key)]
        if len(ways) != 1:
            got = f"all of {', '.join(ways)}" if ways else "none of them"
            yield lengths.find(f"give exactly one of mean, quantiles, profile, files; got {got}")
        if lengths.has("cv") and ways != ["mean"]:
            yield lengths.find("needs `mean`: lengths spread around a mean only", "cv")
        if lengths.has("scale") and ways in (["mean"], ["quantiles"]):
            yield lengths.find(
                f"does not apply to `{ways[0]}`; write the scaled figures instead", "scale"
            )
        yield from _quantiles(lengths.section("quantiles"))


def _quantiles(quantiles: Given) -> Iterator[Finding]:
    levels: dict[str, Decimal] = {}
    for key in quantiles.written():
        level = quantile_level(key)
        if level is None:
            yield quantiles.find("is no percentile; write p0, p50, p99.9 and so on", key)
        elif level in levels.values():
            yield quantiles.find("means the same percentile as another key; keep one", key)
        else:
            levels[key] = level
    if not quantiles.is_mapping():
        return
    if missing := [f"p{level}" for level in (0, 100) if Decimal(level) not in levels.values()]:
        yield quantiles.find(f"must reach from p0 to p100; add {' and '.join(missing)}")
    ordered = sorted(levels, key=lambda key: levels[key])
    for low, high in pairwise(ordered):
        before, after = quantiles.number(low), quantiles.number(high)
        if before is not None and after is not None and after < before:
            yield quantiles.find(
                f"must not be below {low}: {after} is less than {before}; quantiles never fall",
                high,
            )


def quantile_level(key: str) -> Decimal | None:
    """``p99.9`` -> 99.9; None when the key is not a percentile."""
    digits = key[1:]
    plain = digits.isascii() and digits.replace(".", "", 1).isdigit() and len(digits) <= 8
    if key[:1] != "p" or not plain:
        return None
    level = Decimal(digits)
    return level if level <= 100 else None


def _traffic(scenario: Given) -> Iterator[Finding]:
    traffic = scenario.section("workload", "traffic")
    if traffic.has("profile") and traffic.has("weights"):
        yield traffic.find("`profile` and `weights` are both given; keep one of them")
    weights = traffic.value("weights")
    if isinstance(weights, list):
        if len(weights) not in (24, 168):
            yield traffic.find(
                "must have 24 numbers (hours of a day) or 168 (of a week from Monday 00:00), "
                f"got {len(weights)}",
                "weights",
            )
        elif not any(weights):
            yield traffic.find("are all zero; at least one hour must have traffic", "weights")
    ratio = traffic.number("peak_to_mean")
    if ratio is not None and traffic.text("profile") == "flat" and ratio != 1:
        yield traffic.find(
            f"is {ratio}, but a flat profile has 1; choose another profile or leave it out",
            "peak_to_mean",
        )


def _workload(scenario: Given) -> Iterator[Finding]:
    workload = scenario.section("workload")
    if not workload.is_mapping():
        return
    lengths = [key for key in ("input_tokens", "output_tokens") if not workload.has(key)]
    if not workload.has("trace"):
        rate = [] if workload.has("requests_per_day") else ["requests_per_day"]
        if missing := rate + lengths:
            yield workload.find(
                f"{', '.join(f'`{key}`' for key in missing)} missing; "
                "add them, or a `trace` to take them from"
            )
    elif len(lengths) == 1:
        yield workload.find(f"`{lengths[0]}` missing; with a trace, give both lengths or neither")


def _growth(scenario: Given) -> Iterator[Finding]:
    growth = scenario.number("workload", "growth_per_month")
    months = scenario.number("horizon", "months")
    if scenario.has("horizon", "months") and months is None:
        return
    months = 12 if months is None else months
    if growth is None or growth <= 0:
        return
    # In logarithms: the power itself would not fit.
    if float(months) * math.log1p(float(growth)) > math.log(_LARGEST_GROWTH):
        yield scenario.find(
            f"{growth} a month over {months} months grows the volume more than a millionfold; "
            "0.10 means +10 % a month",
            "workload",
            "growth_per_month",
        )


def _redundancy(scenario: Given) -> Iterator[Finding]:
    if scenario.text("slo", "redundancy") == "zones" and scenario.number("slo", "zones") == 1:
        yield scenario.find("is 1, but redundancy `zones` needs at least 2", "slo", "zones")


def _any_option(scenario: Given) -> Iterator[Finding]:
    options = scenario.section("options")
    written = [key for key in ("api", "selfhost", "manual") if options.has(key)]
    if options.is_mapping() and all(options.value(key) == [] for key in written):
        yield options.find("no option to choose from; add one under `api`, `selfhost` or `manual`")


def option_names(scenario: Given) -> list[tuple[Given, str]]:
    """Each option with the name reports show: its own, else provider/model or the model."""
    named: list[tuple[Given, str]] = []
    for kind in ("api", "selfhost", "hybrid", "manual"):
        for option in scenario.sections("options", kind):
            provider, model = option.text("provider"), option.text("model")
            own = option.text("name")
            if own is None and kind == "api" and provider and model:
                own = f"{provider}/{model}"
            elif own is None and kind == "selfhost":
                own = model
            if own is not None:
                named.append((option, own))
    return named


def _names(scenario: Given) -> Iterator[Finding]:
    first: dict[str, Path] = {}
    for option, name in option_names(scenario):
        if name in first:
            other = ".".join(str(part) for part in first[name])
            message = f"the name {shown(name)} is that of {other} too; give each its own `name`"
            yield option.find(message, *(("name",) if option.has("name") else ()))
        first.setdefault(name, option.path)


def _manual(scenario: Given) -> Iterator[Finding]:
    for option in scenario.sections("options", "manual"):
        if option.has("max_units") and not option.has("capacity_requests_per_month"):
            yield option.find(
                "needs `capacity_requests_per_month`: without it one unit serves any volume",
                "max_units",
            )


def _same_weights(scenario: Given) -> Iterator[Finding]:
    selfhost = scenario.section("options").has("selfhost") or any(
        (option.text("arm") or "selfhost").startswith(("selfhost", "hybrid"))
        for option in scenario.sections("options", "manual")
    )
    for option in scenario.sections("options", "api"):
        if option.text("role") == "same_weights" and not selfhost:
            yield option.find(
                "is same_weights, but no self-hosted option has weights to be the same as; "
                "add one under `selfhost`, or write `role: frontier`",
                "role",
            )


def _quality(scenario: Given) -> Iterator[Finding]:
    if not scenario.has("quality"):
        return
    for kind in ("api", "selfhost", "manual"):
        for option in scenario.sections("options", kind):
            if not option.has("quality"):
                yield option.find(
                    "has no `quality`, which the floor of `quality.floor` is compared with; "
                    "add `quality: {score: …, source: …}`"
                )


def _budgets(scenario: Given) -> Iterator[Finding]:
    models = {name for _, name in option_names(scenario)}
    for kind in ("api", "selfhost"):
        models |= {option.text("model") or "" for option in scenario.sections("options", kind)}
    for key in scenario.written("budget", "per_model_monthly_usd"):
        if key not in models:
            yield scenario.find(
                f"{shown(key)} is no model or name of an option{did_you_mean(key, models - {''})}",
                "budget",
                "per_model_monthly_usd",
                key,
            )


def _prices(scenario: Given) -> Iterator[Finding]:
    prices = scenario.section("prices")
    same = {
        "overrides": (
            "kind", "instance_type", "item", "region", "purchase", "provider", "model", "processing"
        ),
        "discounts": ("provider", "model", "instance_type"),
    }  # fmt: skip
    for name, keys in same.items():
        seen: dict[tuple[str | None, ...], Path] = {}
        for row in prices.sections(name):
            what = tuple(row.text(key) for key in keys)
            if what in seen:
                other = ".".join(str(part) for part in seen[what])
                yield row.find(f"prices the same thing as {other}; keep one of them")
            seen.setdefault(what, row.path)
    for discount in prices.sections("discounts"):
        provider = discount.text("provider")
        if discount.has("instance_type") and provider not in (None, "aws"):
            yield discount.find(
                f"is sold by aws, not by {shown(provider)}; write `provider: aws`", "instance_type"
            )


def _network(scenario: Given) -> Iterator[Finding]:
    deployment = scenario.section("deployment")
    subnets = deployment.value("private_subnet_ids")
    count = len(subnets) if isinstance(subnets, list) else None
    if deployment.has("vpc_id"):
        if (count is not None and count < 2) or not deployment.has("private_subnet_ids"):
            yield deployment.find(
                f"with `vpc_id`, at least two subnets are needed, got {count or 0}; "
                "list one for each zone",
                "private_subnet_ids",
            )
    elif count:
        yield deployment.find(
            "belong to a network that is not named; add `vpc_id`", "private_subnet_ids"
        )


def _actuals(scenario: Given) -> Iterator[Finding]:
    names = ("feature", "endpoint", "environment", "team")
    for rule in scenario.sections("actuals", "map"):
        if not any(rule.has(name) for name in names):
            yield rule.find(f"names nothing; add at least one of {', '.join(names)}")
        for field in rule.written("match"):
            if field not in MATCHED_FIELDS:
                yield rule.find(
                    f"is no field of an imported record{did_you_mean(field, MATCHED_FIELDS)}; "
                    f"there are {', '.join(MATCHED_FIELDS)}",
                    "match",
                    field,
                )


def _residency(scenario: Given) -> Iterator[Finding]:
    rule = scenario.section("limits", "data_residency")
    if rule.value("allow_bedrock") is True and rule.value("forbid_apis") is False:
        yield rule.find(
            "says nothing while `forbid_apis` is false; remove it, or set `forbid_apis: true`",
            "allow_bedrock",
        )


RULES: tuple[Rule, ...] = (
    _lengths,
    _traffic,
    _workload,
    _growth,
    _redundancy,
    _any_option,
    _names,
    _manual,
    _same_weights,
    _quality,
    _budgets,
    _prices,
    _network,
    _actuals,
    _residency,
    *LEVER_RULES,
    *OPTION_RULES,
)
