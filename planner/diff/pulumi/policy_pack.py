"""What a Pulumi policy pack needs beside the rules: the plan in the stack's settings, plain values.

Nothing here imports ``pulumi_policy``: ``stacks/policy_pack`` hands on what that passes in.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import cast

from planner.diff.pulumi.plan_rules import (
    PlannedStack,
    Rule,
    departures_of,
    missing_from,
    planned_stack,
)
from planner.errors import PlanFileError

__all__ = ["PlanSource", "plain", "resource_violations", "stack_violations"]

# What the engine itself writes for a value that is not known yet.
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


class PlanSource:
    """The plan in the configuration of the stack that is being deployed.

    Engines send a pack the configuration in a call (``configure``), older ones in the environment.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._project = environ.get("PULUMI_PROJECT", "")
        given = environ.get("PULUMI_CONFIG")
        self._config = None if given is None else _object(given, "PULUMI_CONFIG")
        self._planned: PlannedStack | None = None
        self._read = False

    def configure(self, project: str, config: Mapping[str, object]) -> None:
        """Take what the engine sends before it asks anything."""
        self._project, self._config, self._read = project, config, False

    def planned(self) -> PlannedStack | None:
        """What the plan deploys; None for a stack without a plan.

        PlanFileError when ``<project>:plan`` is no plan, or no configuration came at all: a rule
        that nobody can check must not pass.
        """
        if self._config is None:
            raise PlanFileError(
                "the engine handed over no configuration, so no plan is known; "
                "use a newer pulumi and pulumi-policy"
            )
        if not self._read:
            self._planned = _planned(self._project, self._config)
            self._read = True
        return self._planned


def _planned(project: str, config: Mapping[str, object]) -> PlannedStack | None:
    from pydantic import ValidationError

    from planner.emit.serving_plan import ServingPlan

    found = config.get(f"{project}:plan")
    if found is None:
        return None
    try:
        plan = ServingPlan.model_validate_json(str(found))
    except ValidationError as error:
        raise PlanFileError(
            f"{project}:plan is not a plan ({error.error_count()} problems); "
            "write it again with planner emit"
        ) from None
    return planned_stack(plan, weights_ready=config.get(f"{project}:weightsReady") == "true")


def _object(text: str, name: str) -> Mapping[str, object]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise PlanFileError(f"{name} is not a JSON object; let the engine set it")
    return cast("Mapping[str, object]", found)


def plain(value: object, unknown_error: type[Exception]) -> object:
    """A value without the pack's wrappers, which raise ``unknown_error`` where nothing is known."""
    if isinstance(value, Mapping):
        mapping = cast("Mapping[str, object]", value)
        return {str(key): _at(mapping, key, unknown_error) for key in mapping}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        items = cast("Sequence[object]", value)
        return [_at(items, index, unknown_error) for index in range(len(items))]
    return value


def _at(holder: object, key: object, unknown_error: type[Exception]) -> object:
    try:
        found = holder[key]  # type: ignore[index]  # pyright: ignore[reportIndexIssue, reportUnknownVariableType]
    except unknown_error:
        return _UNKNOWN
    return plain(cast(object, found), unknown_error)


def resource_violations(
    rule: Rule, token: str, inputs: Mapping[str, object], source: PlanSource
) -> Iterator[str]:
    """What of one rule a resource breaks; what cannot be told before `up` is told then."""
    planned = source.planned()
    if planned is not None:
        for each in departures_of(token, inputs, planned):
            if each.rule == rule and each.certain:
                yield f"{each.message} (plan {planned.plan_hash})"


def stack_violations(
    rule: Rule,
    resources: Iterable[tuple[str, Mapping[str, object]]],
    source: PlanSource,
) -> Iterator[str]:
    """What of one rule the stack as a whole lacks."""
    planned = source.planned()
    if planned is not None:
        for each in missing_from(resources, planned):
            if each.rule == rule and each.certain:
                yield f"{each.message} (plan {planned.plan_hash})"
