"""From a plan to its drill: capture what the program registers, then replay."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from planner.decision import Plan
from planner.drill.calendar import drill_days
from planner.drill.registered import watch_of
from planner.drill.run import Drill
from planner.drill.subject import Subject, Watch, noise_of
from planner.drill.types import CaseResult, DrillReport
from planner.emit.build import serving_plan, stack_id_of
from planner.emit.capture import capture
from planner.emit.guard import budget_specs, calendar_month_usd, guard_plan, guard_set
from planner.emit.reading import Read
from planner.emit.serving_plan import DeploymentPart, PriceSnapshot, ServingPlan
from planner.emit.spend_part import spend_part
from planner.money import ZERO

__all__ = [
    "Rehearsal",
    "as_defined",
    "drill_plan",
    "rehearsal",
    "serving_for_drill",
    "subject_of",
]

# What the program asks for beside the plan: no alarm depends on the image that runs.
_ANY_DIGEST = f"sha256:{'0' * 64}"
_CONFIG = {
    "llm-serving:imageDigest": _ANY_DIGEST,
    "llm-serving:agentImageDigest": _ANY_DIGEST,
}
_AS_OF = "llm-serving:asOf"
# Whoever may call the endpoint, the alarms are the same.
_SOME_CLIENTS = {"client_cidrs": ["10.0.0.0/8"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What is drilled and by what; ``as_registered``: the program was run to see it."""

    serving: ServingPlan
    subject: Subject
    watch: Watch
    as_registered: bool
    note: str | None


def drill_plan(plan: Plan, *, seed: int, stack: str | None = None) -> DrillReport:
    """Thirty planned days and every fault the plan's kind can have.

    InputError when the program cannot be run; MissingExtra without pulumi.
    """
    prepared = rehearsal(plan, stack)
    run = Drill(prepared.subject, prepared.watch, seed=seed)
    cases, not_applicable = run.cases()
    limit = _max_overspend_usd(plan)
    return DrillReport(
        scenario_id=plan.content["scenario_id"],
        stack_id=prepared.serving.stack_id,
        kind=prepared.serving.kind,
        plan_hash=plan.plan_hash,
        as_registered=prepared.as_registered,
        note=prepared.note,
        seed=seed,
        alarms=len(prepared.watch.alarms) + len(prepared.watch.composites),
        budgets=len(prepared.watch.budgets),
        lag=run.lag,
        planned=run.planned(),
        cases=cases,
        not_applicable=not_applicable,
        max_overspend_usd=limit,
        over_limit=_over(cases, limit),
    )


def rehearsal(plan: Plan, stack: str | None = None) -> Rehearsal:
    """The plan's figures, and its alarms as the program registers them.

    For an option that no stack of ours deploys they are those that its figures would give.
    """
    serving = serving_for_drill(plan, stack or str(plan.content["scenario_id"]))
    chosen: Mapping[str, Any] = plan.content["chosen"]
    note = _over_budget(serving)
    deployable = bool(chosen["deployable"])
    if deployable:
        graph = capture(serving, config={**_CONFIG, _AS_OF: f"{_deployed(serving):%Y-%m-%d}"})
        watch = watch_of(graph)
    else:
        reason = chosen["deployable_reason"] or "no stack of ours deploys it"
        note = f"{chosen['name']}: {reason}; the alarms are those that its figures would give"
        watch = as_defined(serving)
    return Rehearsal(
        serving=serving,
        subject=subject_of(plan, serving),
        watch=watch,
        as_registered=deployable,
        note=note,
    )


def serving_for_drill(plan: Plan, stack: str) -> ServingPlan:
    """The plan as its stack would get it, with somebody who may call it."""
    if plan.content["chosen"]["deployable"]:
        return serving_plan(_callable(plan), stack)
    return _as_planned(plan, stack)


def as_defined(serving: ServingPlan) -> Watch:
    """The alarms and budgets of a plan, without running the program."""
    guards = guard_set(guard_plan(serving))
    return Watch(
        alarms=guards.alarms,
        composites=guards.composites,
        budgets=budget_specs(serving, f"{_deployed(serving):%Y-%m}"),
    )


def _over_budget(serving: ServingPlan) -> str | None:
    """A plan over the scenario's own budget is told of, and rightly."""
    limit = serving.spend.budget_monthly_usd
    days = drill_days(serving.timezone, serving.spend.months[0].month)
    months = sorted(
        {f"{days.starts:%Y-%m}", f"{days.timeline.at(days.timeline.minutes - 1):%Y-%m}"}
    )
    for month in months:
        usd = calendar_month_usd(serving, month)
        if limit is not None and usd > limit:
            return (
                f"The plan's AWS bill of ${usd:,.2f} in {month} is over budget.monthly_usd, "
                f"${limit:,.2f}: its budget tells, and rightly"
            )
    return None


def _deployed(serving: ServingPlan) -> datetime.datetime:
    """The first day of the run."""
    return drill_days(serving.timezone, serving.spend.months[0].month).timeline.start


def subject_of(plan: Plan, serving: ServingPlan) -> Subject:
    """The figures that the traffic is made from."""
    spend = serving.spend
    on_aws = serving.kind == "bedrock"
    # Instances are billed by AWS; what a provider bills is not on that invoice.
    usage = spend.api_usage_hourly_usd_utc
    aws = [
        usd if on_aws else max(usd - used, ZERO)
        for usd, used in zip(spend.hourly_usd_utc, usage, strict=True)
    ]
    return Subject(
        guard=guard_plan(serving),
        noise=noise_of(plan),
        aws_usd_utc=tuple(float(usd) for usd in aws),
        api_on_aws=on_aws,
    )


def _callable(plan: Plan) -> Plan:
    """A plan that nobody may call yet cannot be emitted; it can be drilled."""
    deployment: Mapping[str, Any] = plan.content["deployment"]
    if deployment.get("client_cidrs") or deployment.get("client_security_group_ids"):
        return plan
    return replace(plan, content={**plan.content, "deployment": {**deployment, **_SOME_CLIENTS}})


def _as_planned(plan: Plan, name: str) -> ServingPlan:
    """Only what thresholds are made from."""
    read = Read(plan)
    prices = plan.content["prices"]
    return ServingPlan(
        plan_hash=plan.plan_hash,
        stack_id=stack_id_of(plan.content["scenario_id"], name),
        scenario_id=plan.content["scenario_id"],
        kind="api_gateway",
        arm=plan.content["chosen"]["arm"],
        region=plan.content["region"],
        timezone=plan.content["timezone"],
        price_snapshot=PriceSnapshot(
            id=prices["snapshot"], date=prices["as_of"], sha256=prices["snapshot_sha256"]
        ),
        deployment=DeploymentPart(),
        spend=spend_part(read),
        fixed_cost_monthly_usd=ZERO,
    )


def _max_overspend_usd(plan: Plan) -> Decimal | None:
    """The scenario's limit."""
    limit = plan.content["scenario"].get("drill", {}).get("max_overspend_usd")
    return None if limit is None else Decimal(str(limit))


def _over(cases: tuple[CaseResult, ...], limit: Decimal | None) -> tuple[str, ...]:
    if limit is None:
        return ()
    return tuple(case.case for case in cases if case.overspend_usd > limit)
