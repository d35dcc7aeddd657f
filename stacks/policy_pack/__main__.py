"""The plan as a Pulumi policy pack: `pulumi preview --policy-pack stacks/policy_pack`.

The pack reads the plan from the stack's own configuration, where `planner emit` wrote it, and
holds every registered resource to it. The rules are plain functions of `planner.diff.pulumi`;
here is only what the engine calls. A stack without a plan passes.
"""

# pulumi-policy lies in the pack's own environment, not in that of the checks.
# pyright: reportMissingImports=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, cast

from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    ResourceValidationPolicy,
    StackValidationPolicy,
)
from pulumi_policy import policy as pulumi_policy_module
from pulumi_policy.proxy import UnknownValueError

from planner.diff.pulumi.plan_rules import RULES, Rule
from planner.diff.pulumi.policy_pack import (
    PlanSource,
    plain,
    resource_violations,
    stack_violations,
)

# Wrappers and reporters of pulumi-policy, which has no types here.
Report = Callable[[str], None]

_SOURCE = PlanSource(os.environ)
_SAYS: dict[Rule, str] = {
    "instance-type": "Instances are of the type the plan priced.",
    "instance-count": "No more and no fewer instances than the plan priced.",
    "purchase-option": "Instances are bought the way the plan priced.",
    "alarm-threshold": "Alarms fire at the plan's own projection.",
}


def _inputs(props: Any) -> Mapping[str, object]:
    return cast("Mapping[str, object]", plain(props, UnknownValueError))


def _resource_policy(rule: Rule) -> Any:
    def validate(args: Any, report: Report) -> None:
        for message in resource_violations(rule, args.resource_type, _inputs(args.props), _SOURCE):
            report(message)

    return ResourceValidationPolicy(name=f"plan-{rule}", description=_SAYS[rule], validate=validate)


def _stack_policy(rule: Rule) -> Any:
    def validate(args: Any, report: Report) -> None:
        resources = [(each.resource_type, _inputs(each.props)) for each in args.resources]
        for message in stack_violations(rule, resources, _SOURCE):
            report(message)

    return StackValidationPolicy(
        name=f"plan-{rule}-complete", description=_SAYS[rule], validate=validate
    )


def _listen() -> None:
    """Keep the configuration the engine sends: pulumi-policy 1.21 takes only the tags of it."""
    servicer: Any = pulumi_policy_module._PolicyAnalyzerServicer  # pyright: ignore[reportPrivateUsage]
    original = servicer.ConfigureStack

    def configure(self: Any, request: Any, context: Any) -> Any:
        _SOURCE.configure(request.project, dict(request.config))
        return original(self, request, context)

    servicer.ConfigureStack = configure


_listen()
PolicyPack(
    "llm-serving-plan",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[
        *(_resource_policy(rule) for rule in RULES),
        _stack_policy("instance-count"),
        _stack_policy("alarm-threshold"),
    ],
)
