"""What a saved plan says that actuals are held against: calls, tokens, machines, budgets."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from planner.actuals.coverage import CoveredDay
from planner.decision import Plan
from planner.errors import PlanFileError
from planner.money import ZERO
from planner.units import TOKENS_PER_MTOK

__all__ = ["PlannedCalls", "PlannedInstances", "PlannedSpend", "planned_spend"]

# As the token lines of an API option are named and explained: `openai/gpt-x: batch input tokens`.
_NAME = re.compile(r"(?:(?P<option>.+): )?(?P<batch>batch )?(?P<kind>input|output) tokens")
_FORMULA = re.compile(r"(?P<tokens>[\d,.]+) tokens x \$(?P<usd>[\d.]+) per 1M")
_CACHED = "when that is cheaper"
_HOURS_PER_DAY = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCalls:
    """Calls of one model: how many for each request of the workload, their tokens and prices.

    Prices are USD per 1M tokens as the plan's lines work out, input with what is cached inside.
    ``list_input_usd`` is the plain input price where a cache acts, else None.
    """

    model: str
    calls_per_request: Fraction
    input_tokens: Fraction
    output_tokens: Fraction
    input_usd: Fraction
    output_usd: Fraction
    list_input_usd: Fraction | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedInstances:
    """Hours a month of one instance type bought in one way."""

    instance_type: str
    purchase: str
    hours_per_month: Fraction
    usd_per_month: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSpend:
    """The parts of a plan that a bill can be compared with.

    ``weights`` are 168 hours from Monday 00:00 UTC, mean 1. ``requests`` are by month
    (`2026-11`), in order; months outside it take the nearest one's. ``other_monthly_usd`` is what
    AWS bills beside tokens and instances. ``budgets`` have the keys ("total", ""), ("model", id)
    and ("feature", name). ``quality_monthly_usd`` is None where the plan has none. ``providers``
    are those of the scenario's API options by model.
    """

    plan_hash: str
    scenario_id: str
    stack_id: str
    arm: str
    name: str
    priced_on: date
    calls: tuple[PlannedCalls, ...]
    instances: tuple[PlannedInstances, ...]
    other_monthly_usd: Decimal
    requests: Mapping[str, Decimal]
    weights: tuple[Fraction, ...]
    days_per_month: Fraction
    hours_per_month: Fraction
    budgets: Mapping[tuple[str, str], Decimal]
    quality_monthly_usd: Decimal | None
    providers: Mapping[str, str]

    def requests_in(
        self, day: date, first_hour: int = 0, end_hour: int = _HOURS_PER_DAY
    ) -> Fraction:
        """Planned requests of some UTC hours of a day."""
        per_hour = Fraction(self._month(day)) / (self.days_per_month * _HOURS_PER_DAY)
        start = day.weekday() * _HOURS_PER_DAY
        hours = self.weights[start + first_hour : start + end_hour]
        return per_hour * sum(hours, Fraction(0))

    def _month(self, day: date) -> Decimal:
        months = list(self.requests)
        month = f"{day:%Y-%m}"
        return self.requests[min(max(month, months[0]), months[-1])]

    def covers(self, day: date) -> bool:
        """Whether the plan has a month for the day."""
        return f"{day:%Y-%m}" in self.requests

    def requests_of(self, days: Sequence[CoveredDay]) -> Fraction:
        """Planned requests of covered hours."""
        return sum(
            (self.requests_in(each.day, each.first_hour, each.end_hour) for each in days),
            Fraction(0),
        )

    @property
    def token_usd_per_request(self) -> Fraction:
        """USD of tokens for one request of the workload."""
        return sum(
            (
                each.calls_per_request
                * (each.input_tokens * each.input_usd + each.output_tokens * each.output_usd)
                / TOKENS_PER_MTOK
                for each in self.calls
            ),
            Fraction(0),
        )

    @property
    def fixed_monthly_usd(self) -> Fraction:
        """Instances and other AWS resources: known whatever requests come."""
        machines = sum((each.usd_per_month for each in self.instances), ZERO)
        return Fraction(machines + self.other_monthly_usd)

    def fixed_usd(self, hours: int) -> Fraction:
        """The fixed part of so many hours."""
        return self.fixed_monthly_usd * hours / self.hours_per_month


def planned_spend(plan: Plan) -> PlannedSpend:
    """The comparable parts of a plan; PlanFileError when it lacks one."""
    content = plan.content
    try:
        return _planned(plan, content)
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise PlanFileError(
            f"plan {plan.plan_hash}: lacks what actuals are compared with ({error}); save it again "
            "with recommend --save"
        ) from error


def _planned(plan: Plan, content: Mapping[str, Any]) -> PlannedSpend:
    scenario, budget = content["scenario"], content["budget"]
    conventions = scenario["conventions"]
    months = {each["month"]: Decimal(each["requests"]) for each in content["spend"]["by_month"]}
    mean_requests = Fraction(sum(months.values(), ZERO)) / len(months)
    instances = _instances(content)
    calls = _calls(content, mean_requests)
    billed = [each for each in content["lines"] if each["billed_by"] in ("aws", "provider")]
    others = [
        Decimal(each["monthly_usd"])
        for each in billed
        if each["monthly_usd"] is not None
        and not (_NAME.fullmatch(each["name"]) and each["category"] == "api_usage")
    ]
    machines = sum((each.usd_per_month for each in instances), ZERO)
    return PlannedSpend(
        plan_hash=plan.plan_hash,
        scenario_id=content["scenario_id"],
        stack_id=content["stack_id"],
        arm=content["chosen"]["arm"],
        name=content["chosen"]["name"],
        priced_on=date.fromisoformat(content["prices"]["as_of"]),
        calls=calls,
        instances=instances,
        other_monthly_usd=sum(others, ZERO) - machines,
        requests=months,
        weights=_weights(content["demand"]["hour_weights_utc"]),
        days_per_month=Fraction(str(conventions["days_per_month"])),
        hours_per_month=Fraction(str(conventions["hours_per_month"])),
        budgets=_budgets(budget),
        quality_monthly_usd=_quality(content["lines"]),
        providers=_providers(content),
    )


def _weights(given: Sequence[float]) -> tuple[Fraction, ...]:
    """The hours' weights with a mean of exactly 1."""
    exact = [Fraction(str(each)) for each in given]
    mean = sum(exact, Fraction(0)) / len(exact)
    return tuple(each / mean for each in exact)


def _budgets(budget: Mapping[str, Any]) -> dict[tuple[str, str], Decimal]:
    found: dict[tuple[str, str], Decimal] = {}
    if budget.get("monthly_usd") is not None:
        found["total", ""] = Decimal(budget["monthly_usd"])
    for axis in ("model", "feature"):
        limits: Mapping[str, str] = budget.get(f"per_{axis}_monthly_usd") or {}
        found |= {(axis, key): Decimal(usd) for key, usd in sorted(limits.items())}
    return found


def _providers(content: Mapping[str, Any]) -> dict[str, str]:
    """By model; the chosen one goes by the catalogue's id, which options may spell otherwise."""
    options = content["scenario"]["options"]["api"]
    found = {str(each["model"]): str(each["provider"]) for each in options}
    for line in content["lines"]:
        named = _NAME.fullmatch(line["name"])
        if named is not None and named["option"]:
            # A routed plan names its models by `provider/model` only here.
            provider, slash, _ = named["option"].partition("/")
            if slash:
                found.setdefault(str(line["source"]).partition(": ")[0], provider)
    chosen = content["chosen"]
    provider, slash, _ = str(chosen["name"]).partition("/")
    if slash and chosen.get("model") and provider in found.values():
        found[str(chosen["model"])] = provider
    return found


def _quality(lines: Sequence[Mapping[str, Any]]) -> Decimal | None:
    costs = [
        Decimal(each["monthly_usd"])
        for each in lines
        if each["category"] == "quality" and each["monthly_usd"] is not None
    ]
    return sum(costs, ZERO) if costs else None


def _calls(content: Mapping[str, Any], mean_requests: Fraction) -> tuple[PlannedCalls, ...]:
    """Token lines by model and processing; each has an input and an output line."""
    pairs: dict[tuple[str, bool], dict[str, Mapping[str, Any]]] = {}
    for line in content["lines"]:
        found = _NAME.fullmatch(line["name"])
        if found is None or line["category"] != "api_usage" or line["monthly_usd"] is None:
            continue
        model = str(line["source"]).partition(": ")[0]
        pairs.setdefault((model, bool(found["batch"])), {})[found["kind"]] = line
    return tuple(
        _one(model, pair["input"], pair["output"], mean_requests)
        for (model, _), pair in sorted(pairs.items())
        if len(pair) == 2
    )


def _one(
    model: str, sent: Mapping[str, Any], received: Mapping[str, Any], mean_requests: Fraction
) -> PlannedCalls:
    """Calls follow from the output line, which no cache changes: USD ÷ (tokens x price)."""
    input_tokens, list_input = _figures(sent["formula"])
    output_tokens, list_output = _figures(received["formula"])
    input_usd, output_usd = Fraction(sent["monthly_usd"]), Fraction(received["monthly_usd"])
    per_call = output_tokens * list_output / TOKENS_PER_MTOK
    calls = output_usd / per_call if per_call else mean_requests
    is_cached = _CACHED in sent["formula"]
    return PlannedCalls(
        model=model,
        calls_per_request=calls / mean_requests,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        input_usd=_rate(input_usd, calls * input_tokens),
        output_usd=_rate(output_usd, calls * output_tokens),
        list_input_usd=list_input if is_cached else None,
    )


def _figures(formula: str) -> tuple[Fraction, Fraction]:
    found = _FORMULA.match(formula)
    if found is None:
        raise ValueError(f"the formula {formula!r} of a token line")
    return Fraction(found["tokens"].replace(",", "")), Fraction(found["usd"])


def _rate(usd: Fraction, tokens: Fraction) -> Fraction:
    return usd * TOKENS_PER_MTOK / tokens if tokens else Fraction(0)


def _instances(content: Mapping[str, Any]) -> tuple[PlannedInstances, ...]:
    """Lines of instances and the resources they pay for come in the same order."""
    lines = [
        each
        for each in content["lines"]
        if each["name"].startswith("instances") and each["category"] == "infrastructure"
    ]
    machines = [
        each for each in content["resources"] if each["aws_type"] == "aws:autoscaling/group:Group"
    ]
    purchase = content["chosen"].get("purchase")
    found: list[PlannedInstances] = []
    for line, machine in zip(lines, machines, strict=False):
        if line["monthly_usd"] is None or machine["usd_per_unit"] is None:
            continue
        usd = Decimal(line["monthly_usd"])
        price = Fraction(machine["usd_per_unit"])
        found.append(
            PlannedInstances(
                instance_type=machine["price_item"],
                purchase=_purchase(purchase, line["name"]),
                hours_per_month=Fraction(usd) / price if price else Fraction(0),
                usd_per_month=usd,
            )
        )
    return tuple(found)


def _purchase(chosen: str | None, line: str) -> str:
    if chosen == "spot":
        return "on_demand" if line == "instances (floor)" else "spot"
    return "on_demand" if chosen in (None, "on_demand") else "committed"
