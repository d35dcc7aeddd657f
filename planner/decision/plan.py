"""The plan: the decision as a versioned, content-hashed file, which every other command reads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from planner import __version__
from planner.costs import AmountLine, CostLine, HourlyTerm, PerInstance
from planner.costs.hybrid_terms import HybridInstances, HybridMost
from planner.decision.plan_arms import arm_parts, hour_profile, payback_part, resource_count
from planner.decision.recommendation import Evaluated, Recommendation
from planner.decision.uncertainty.types import Range
from planner.errors import PlanFileError
from planner.files import read_text
from planner.money import usd_from_float, usd_text
from planner.scenario import Assumption
from planner.units import HOURS_PER_WEEK

if TYPE_CHECKING:
    from planner.serving.simulate import CapacityCheck

__all__ = ["PLAN_SCHEMA_VERSION", "Plan", "build_plan", "read_plan"]

PLAN_SCHEMA_VERSION = 1

# JSON objects of the file: text, numbers, lists and maps.
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A decision with all it was made from.

    ``content`` is JSON-able: money as decimal text, ratios as numbers. ``plan_hash`` is ``p-``
    and 12 hex digits of the SHA-256 of its canonical JSON; the content holds no clock value, so
    the same scenario and prices give the same hash.
    """

    plan_hash: str
    content: Json

    def to_json(self) -> str:
        """The file's text: keys sorted, two spaces of indent."""
        return (
            json.dumps({**self.content, "plan_hash": self.plan_hash}, indent=2, sort_keys=True)
            + "\n"
        )


def build_plan(recommendation: Recommendation, chosen: Evaluated) -> Plan:
    """The plan for one option, by default the recommended one."""
    scenario = recommendation.scenario
    catalog = recommendation.catalog
    content = {
        "schema_version": PLAN_SCHEMA_VERSION,
        "planner_version": __version__,
        "scenario_id": scenario.id,
        "stack_id": scenario.id,
        "kind": chosen.option.kind,
        "region": scenario.region,
        "timezone": scenario.timezone,
        "start_month": recommendation.months.priced_on[0].strftime("%Y-%m"),
        "scenario": _as_written(scenario.model_dump(exclude_none=True)),
        "prices": {
            "as_of": catalog.as_of.isoformat(),
            "snapshot": catalog.snapshot_name,
            "snapshot_sha256": catalog.snapshot_sha256,
        },
        "demand": _demand(recommendation),
        "chosen": {**_option(chosen), **arm_parts(recommendation, chosen)},
        "payback": payback_part(recommendation, chosen),
        "resources": [_resource(a, chosen) for a in chosen.months[0].lines if a.line.resource],
        "lines": [_line(a.line, a.usd) for a in chosen.mean.lines],
        "spend": _spend(recommendation, chosen),
        "alternatives": [_option(e) for e in recommendation.options if e is not chosen],
        "assumptions": [_assumption(a) for a in recommendation.assumptions],
        "uncertainty": _uncertainty(recommendation),
        "deployment": scenario.deployment.model_dump(mode="json", exclude_none=True),
        "budget": scenario.budget.model_dump(mode="json", exclude_none=True),
    }
    return Plan(plan_hash=_hash_of(content), content=content)


def read_plan(path: Path) -> Plan:
    """Read a saved plan; PlanFileError when it is no plan, or was changed by hand."""
    try:
        raw = json.loads(read_text(path))
    except ValueError as error:
        raise PlanFileError(f"{path}: not JSON ({error}); save one with recommend --save") from None
    if not isinstance(raw, dict) or "plan_hash" not in raw:
        raise PlanFileError(f"{path}: no plan of planner; save one with recommend --save")
    content = cast("dict[str, Any]", raw)
    stated = str(content.pop("plan_hash"))
    if content.get("schema_version") != PLAN_SCHEMA_VERSION:
        raise PlanFileError(
            f"{path}: plan schema version {content.get('schema_version')}, this planner reads "
            f"{PLAN_SCHEMA_VERSION}; save it again with recommend --save"
        )
    if _hash_of(content) != stated:
        raise PlanFileError(
            f"{path}: its content does not match its hash {stated}; "
            "change the scenario and save the plan again"
        )
    return Plan(plan_hash=stated, content=content)


def _as_written(value: Any) -> Any:
    """Input figures as JSON numbers, so that the text of the scenario reads back as a scenario.

    Results are decimal text; inputs are not, since JSON is YAML and the scenario reader takes no
    text for a number. A figure of more digits than a float holds stays text.
    """
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value)
        return {key: _as_written(item) for key, item in items.items()}
    if isinstance(value, list | tuple):
        return [_as_written(item) for item in cast("list[Any]", value)]
    if isinstance(value, Decimal):
        if value == value.to_integral_value():
            return int(value)
        return float(value) if Decimal(repr(float(value))) == value else str(value)
    return value.isoformat() if isinstance(value, date) else value


def _hash_of(content: Json) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"p-{hashlib.sha256(canonical.encode()).hexdigest()[:12]}"


def _demand(recommendation: Recommendation) -> Json:
    demand = recommendation.demand
    return {
        "requests_per_month": usd_text(demand.requests_per_month),
        "mean_rps": demand.mean_rps,
        "peak_rps": demand.peak_rps,
        "input_tokens_mean": usd_text(demand.input_tokens.mean),
        "output_tokens_mean": usd_text(demand.output_tokens.mean),
        "input_tokens_p99": _six(demand.input_tokens.p99),
        "output_tokens_p99": _six(demand.output_tokens.p99),
        "growth_per_month": usd_text(demand.growth_per_month),
        "hour_weights_utc": list(recommendation.hour_weights_utc),
    }


def _option(evaluated: Evaluated) -> Json:
    option = evaluated.option
    found: dict[str, Any] = {
        "arm": option.arm,
        "name": option.name,
        "kind": option.kind,
        "feasible": option.feasible,
        "reason": option.reason,
        "deployable": option.deployable,
        "deployable_reason": option.deployable_reason,
        "model": option.resolved_model,
        "purchase": option.purchase,
        "monthly_cost_usd": usd_text(evaluated.monthly_cost_usd) if option.feasible else None,
        "bill_monthly_usd": usd_text(evaluated.mean.bill_usd) if option.feasible else None,
        "is_floor": evaluated.mean.is_floor,
    }
    if option.fleet is not None:
        fleet = option.fleet
        found["fleet"] = {
            "capacity_requests_per_month": usd_text(fleet.capacity_requests_per_month),
            "replicas_per_instance": fleet.replicas_per_instance,
            "spare_replicas": fleet.spare_replicas,
            "extra_replicas": fleet.extra_replicas,
            "instances": evaluated.instances,
            "peak_instances": evaluated.peak_instances,
        }
    if option.serving is not None:
        serving = option.serving
        found["serving"] = {
            "model": serving.model_id,
            "precision": serving.precision,
            "kv_cache_dtype": serving.kv_cache_dtype,
            "instance_type": serving.instance_type,
            "accelerator": serving.accelerator,
            "tensor_parallel_size": serving.tensor_parallel_size,
            "max_model_len": serving.max_model_len,
            "max_num_seqs": serving.max_num_seqs,
            "max_num_batched_tokens": serving.max_num_batched_tokens,
            # At its capacity inside the service level; a gateway sends it no more than these.
            "sequences_decoded_together": None
            if serving.capacity is None
            else _six(serving.capacity.concurrency),
            "prefix_caching": serving.prefix_caching,
            "weights_bytes_per_accelerator": round(serving.weights_bytes),
        }
    if option.check is not None:
        found["capacity_check"] = _check(option.check)
    return found


def _check(check: CapacityCheck) -> Json:
    """Both answers about one replica at the busiest moment; times at the level's percentiles."""
    analytic, simulated = check.analytic, check.simulated
    predicted = analytic.predicts_ttft
    found = {each.metric: each.found_ms for each in simulated.checks}
    return {
        "load_rps": _six(check.share.load_rps),
        "working_replicas": check.share.replicas,
        "replicas_added": check.extra_replicas,
        "requests": simulated.result.measured,
        "seed": simulated.result.seed,
        "analytic": {
            "utilisation": _six(analytic.utilisation),
            "ttft_ms": _six(analytic.ttft_ms) if predicted else None,
            "tpot_ms": _six(analytic.tpot_ms),
        },
        "simulated": {
            "utilisation": _six(simulated.result.load_share),
            "ttft_ms": _six(found.get("TTFT")) if predicted else None,
            "tpot_ms": _six(found.get("TPOT")),
        },
    }


def _six(value: float | None) -> float | None:
    """Six significant digits: the last bits depend on the machine, and the hash must not."""
    return None if value is None else float(f"{value:.6g}")


def _resource(amount: AmountLine, chosen: Evaluated) -> Json:
    line = amount.line
    resource = line.resource
    assert resource is not None  # filtered by the caller
    count = resource.count
    if isinstance(line.term, PerInstance | HourlyTerm | HybridInstances | HybridMost):
        count = chosen.instances
    count = resource_count(amount, chosen) or count
    return {
        "component": resource.component,
        "aws_type": resource.aws_type,
        "count": count,
        "price_item": resource.price_item,
        "unit": resource.unit,
        "usd_per_unit": None if resource.usd_per_unit is None else usd_text(resource.usd_per_unit),
        "units_each": None if resource.units_each is None else usd_text(resource.units_each),
        "usage_based": line.follows_requests,
        # In the first month.
        "monthly_usd": None if amount.usd is None else usd_text(amount.usd),
    }


def _line(line: CostLine, usd: Decimal | None) -> Json:
    return {
        "name": line.name,
        "category": line.category,
        "billed_by": line.billed_by,
        "monthly_usd": None if usd is None else usd_text(usd),
        "formula": line.formula,
        "source": line.source,
        "observed": None if line.observed is None else line.observed.isoformat(),
        "mark": line.mark,
        "reason_unpriced": line.reason_unpriced,
    }


def _uncertainty(recommendation: Recommendation) -> Json | None:
    """How sure the choice is, and the range of each option; None when not assessed."""
    found = recommendation.uncertainty
    if found is None:
        return None
    return {
        "draws": found.draws,
        "seed": found.seed,
        "choice": found.choice,
        "rival": found.rival,
        "verdict": found.verdict,
        "p_choice_cheaper": found.p_choice_cheaper,
        "p_selfhost_cheaper": found.p_selfhost_cheaper,
        "saving_monthly_usd": None if found.saving is None else _range(found.saving),
        "monthly_cost_usd": {each.name: _range(each.monthly_usd) for each in found.arms},
    }


def _range(found: Range) -> Json:
    """Percentiles at nine significant digits: further ones depend on the machine."""
    percentiles = {"p10": found.p10, "p50": found.p50, "p90": found.p90}
    return {name: usd_text(Decimal(f"{usd:.9g}")) for name, usd in percentiles.items()}


def _assumption(assumption: Assumption) -> Json:
    return {
        "path": assumption.path,
        "value": assumption.value,
        "origin": assumption.origin,
        "source": assumption.source,
        "mark": assumption.mark,
    }


def _spend(recommendation: Recommendation, chosen: Evaluated) -> Json:
    """By month and invoice, and by hour of the week in the first month."""
    return {
        "by_month": [
            {
                "month": day.strftime("%Y-%m"),
                "requests": usd_text(ledger.requests_per_month),
                "aws_billed_usd": usd_text(ledger.billed_usd("aws")),
                "provider_billed_usd": usd_text(ledger.billed_usd("provider")),
                "total_usd": usd_text(ledger.total_usd),
            }
            for day, ledger in zip(recommendation.months.priced_on, chosen.months, strict=True)
        ],
        "hourly_usd_utc": [usd_text(v) for v in _hourly(recommendation, chosen, _is_billed)],
        "api_usage_hourly_usd_utc": [
            usd_text(v) for v in _hourly(recommendation, chosen, _is_api_usage)
        ],
        "headroom_ratio": usd_text(Decimal(recommendation.scenario.budget.headroom_ratio)),
    }


def _is_billed(line: CostLine) -> bool:
    """On an invoice of AWS or of a provider."""
    return line.billed_by in ("aws", "provider")


def _is_api_usage(line: CostLine) -> bool:
    """What a meter of requests and tokens sees, whoever bills it."""
    return line.category == "api_usage"


def _hourly(
    recommendation: Recommendation, chosen: Evaluated, counts: Callable[[CostLine], bool]
) -> list[Decimal]:
    """USD an hour of the lines that ``counts`` takes, Monday 00:00 UTC first.

    What is paid by the month is spread over ``hours_per_month``; what follows requests over the
    hours of ``days_per_month``, by their weights. Instances by the hour, and what overflows from
    them, lie where their hours do.
    """
    conventions = recommendation.scenario.conventions
    steady = used = Decimal(0)
    weights = recommendation.hour_weights_utc
    assert len(weights) == HOURS_PER_WEEK
    by_hour = [Decimal(0)] * HOURS_PER_WEEK
    paid_hours = Decimal(conventions.hours_per_month)
    volume_hours = Decimal(conventions.days_per_month) * 24
    for amount in chosen.months[0].lines:
        # A credit lowers the bill, not what is used: alarms watch use.
        if amount.usd is None or amount.line.is_credit or not counts(amount.line):
            continue
        profile = hour_profile(recommendation, chosen, amount)
        if profile is not None:
            hours = volume_hours if amount.line.follows_requests else paid_hours
            mean = amount.usd / hours
            by_hour = [
                usd + mean * usd_from_float(part)
                for usd, part in zip(by_hour, profile, strict=True)
            ]
        elif amount.line.follows_requests:
            used += amount.usd
        else:
            steady += amount.usd
    per_hour, usage = steady / paid_hours, used / volume_hours
    return [
        (per_hour + usage * usd_from_float(weight) + usd).quantize(Decimal("0.000001"))
        for weight, usd in zip(weights, by_hour, strict=True)
    ]
