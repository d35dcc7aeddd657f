"""Options priced by hand: a fixed amount per unit of capacity and a rate on what passes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from planner.costs.inputs import PricingInputs, below_floor, over_limit
from planner.costs.people import missing_categories, ownership_lines
from planner.costs.terms import Fixed, Fleet, PerInstance, PerRequest, Term
from planner.costs.types import CostLine, Option, StackKind
from planner.demand.types import Demand
from planner.money import usd_text
from planner.scenario.model import Scenario
from planner.scenario.options import Arm, ManualOption
from planner.scenario.provenance import Assumption
from planner.units import TOKENS_PER_MTOK

__all__ = ["manual_option"]


def manual_option(inputs: PricingInputs, option: ManualOption) -> Option:
    scenario = inputs.scenario
    own = scenario.tco.api if option.arm.startswith("api_") else scenario.tco.selfhost
    fleet = _fleet(option)
    lines = (
        *_lines(option, inputs.demand, fleet),
        *ownership_lines(scenario.tco, own, scenario.horizon.months),
    )
    kinds: dict[Arm, StackKind] = {"api_bedrock": "bedrock", "hybrid": "hybrid"}
    fallback: StackKind = "api_gateway" if option.arm.startswith("api_") else "vllm_gpu"
    priced = Option(
        arm=option.arm,
        name=option.name,
        kind=kinds.get(option.arm, fallback),
        feasible=True,
        reason=None,
        deployable=False,
        deployable_reason="priced by hand: no stack is known for it",
        provider_of_capacity="manual",
        lines_in_month=lambda month: lines,
        missing=missing_categories(scenario.tco, own),
        fleet=fleet,
        quality_score=None if option.quality is None else option.quality.score,
        assumptions=(
            Assumption(
                path=f"options.manual.{option.name}",
                value=f"${option.fixed_monthly_usd} a month fixed",
                origin="scenario",
                source=option.source,
            ),
        ),
    )
    ruled_out = below_floor(scenario, option.quality) or _residency_forbids(scenario, option)
    reason = ruled_out or over_limit(priced, inputs.months)
    hardware = (priced,) if ruled_out is None else ()
    return replace(priced, feasible=reason is None, reason=reason, hardware=hardware)


def _residency_forbids(scenario: Scenario, option: ManualOption) -> str | None:
    """A quote names no region: what leaves the own account is taken as outside."""
    rule = scenario.limits.data_residency
    leaves = option.arm.startswith("api_") or option.arm == "hybrid"
    if rule is None or not (leaves and rule.forbid_apis):
        return None
    return f"data residency forbids it: {rule.reason}"


def _fleet(option: ManualOption) -> Fleet | None:
    """Whole units of the stated capacity; None when capacity is not stated."""
    if option.capacity_requests_per_month is None:
        return None
    return Fleet(
        capacity_requests_per_month=option.capacity_requests_per_month,
        spare_replicas=1 if option.redundancy == "n_plus_1" else 0,
        max_instances=option.max_units,
        limit_name=None if option.max_units is None else f"max_units {option.max_units}",
    )


def _lines(option: ManualOption, demand: Demand, fleet: Fleet | None) -> tuple[CostLine, ...]:
    """The fixed line, and the lines proportional to requests and tokens."""
    fixed: Term = Fixed(option.fixed_monthly_usd)
    if fleet is not None:
        fixed = PerInstance(fleet, option.fixed_monthly_usd)
    units = "" if fleet is None else f" per unit of {usd_text(fleet.capacity_requests_per_month)}"
    lines = [_line(option, "fixed", fixed, f"${usd_text(option.fixed_monthly_usd)} a month{units}")]
    if option.marginal_usd_per_1m_tokens is not None:
        tokens = demand.tokens_per_request
        rate = option.marginal_usd_per_1m_tokens
        per_token = _line(
            option,
            "per token",
            PerRequest(tokens * rate / Decimal(TOKENS_PER_MTOK)),
            f"{usd_text(tokens)} tokens x ${usd_text(rate)} per 1M",
        )
        lines.append(replace(per_token, length_shares=demand.token_shares))
    if option.marginal_usd_per_request is not None:
        rate = option.marginal_usd_per_request
        lines.append(_line(option, "per request", PerRequest(rate), f"${usd_text(rate)} a request"))
    return tuple(lines)


def _line(option: ManualOption, name: str, term: Term, formula: str) -> CostLine:
    """Rates of an API arm are token use; everything else is infrastructure."""
    is_api = option.arm.startswith("api_")
    used = is_api and not isinstance(term, Fixed | PerInstance)
    return CostLine(
        name=name,
        category="api_usage" if used else "infrastructure",
        billed_by="other",
        driver="api_price" if is_api else "gpu_price",
        term=term,
        formula=formula,
        source=option.source,
    )
