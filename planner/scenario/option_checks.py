"""Rules over the ways of buying, scaling and combining options."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from planner.scenario.given import Given, Rule
from planner.scenario.scalars import shown
from planner.scenario.shape import did_you_mean
from planner.scenario.yaml_marks import Finding

__all__ = ["OPTION_RULES"]


def _selfhost(scenario: Given) -> list[Given]:
    return scenario.sections("options", "selfhost")


def _texts(option: Given, key: str) -> list[str]:
    return [text for _, text in option.texts(key)]


def _spot(scenario: Given) -> Iterator[Finding]:
    for option in _selfhost(scenario):
        if not option.has("spot"):
            continue
        types, spot = _texts(option, "instance_types"), option.section("spot")
        types = [] if types == ["any"] else types
        given = spot.text("instance_type")
        if given is not None and types and given not in types:
            yield spot.find(
                f"{shown(given)} is not among `instance_types`{did_you_mean(given, types)}; its "
                "price would be used for none of them",
                "instance_type",
            )
        if option.has("spot", "instance_type"):
            continue
        if len(types) != 1:
            yield option.find(
                "is the price of one EC2 type, and several are considered; say which with "
                "`instance_type`",
                "spot",
            )


def _savings_plan(scenario: Given) -> Iterator[Finding]:
    for option in _selfhost(scenario):
        plan = option.section("savings_plan")
        if "savings_plan" in _texts(option, "purchase") and not option.has("savings_plan"):
            yield option.find(
                "has `savings_plan`, but no rate is given; add `savings_plan: {percent_off: …, "
                "source: …, observed: …}`",
                "purchase",
            )
        if plan.has("percent_off"):
            missing = [key for key in ("source", "observed") if not plan.has(key)]
            if missing:
                names = " and ".join(f"`{key}`" for key in missing)
                yield plan.find(f"needs {names}: a rate says where and when it was read")


def _scaling(scenario: Given) -> Iterator[Finding]:
    for option in _selfhost(scenario):
        if "hourly" in _texts(option, "scaling") and option.has("fixed_replicas"):
            yield option.find(
                "has `hourly`, but `fixed_replicas` pins the number; remove one of them", "scaling"
            )


def _variants(scenario: Given) -> Iterator[Finding]:
    for option in _selfhost(scenario):
        seen = {option.text("precision") or "native"}
        for variant in option.sections("variants"):
            precision = variant.text("precision")
            if precision in seen:
                yield variant.find(
                    f"{shown(precision)} is there already; keep one of them", "precision"
                )
            if precision is not None:
                seen.add(precision)
            if scenario.has("quality") and not variant.has("quality"):
                yield variant.find(
                    "has no `quality`, which the floor of `quality.floor` is compared with; "
                    "add `quality: {score: …, source: …}`"
                )


def _imported(scenario: Given) -> Iterator[Finding]:
    for option in scenario.sections("options", "api"):
        if option.has("custom_model_import") and option.text("provider") not in (None, "aws"):
            yield option.find(
                f"is sold by aws, not by {shown(option.text('provider'))}; write `provider: aws`",
                "custom_model_import",
            )


def _hybrid(scenario: Given) -> Iterator[Finding]:
    own = {name: option for option in _selfhost(scenario) for name in _selfhost_names(option)}
    apis = _api_names(scenario)
    for hybrid in scenario.sections("options", "hybrid"):
        name, overflow = hybrid.text("selfhost"), hybrid.text("overflow")
        if name is not None and name not in own:
            yield hybrid.find(
                f"{shown(name)} is no self-hosted option{did_you_mean(name, own)}; give its "
                "`name`, or its model where it has none",
                "selfhost",
            )
        if overflow is not None and overflow not in apis:
            yield hybrid.find(
                f"{shown(overflow)} is no API option{did_you_mean(overflow, apis)}; give its "
                "`name`, or provider/model where it has none",
                "overflow",
            )
        if not apis:
            yield hybrid.find("needs an API for what is above its instances; add one under `api`")
        yield from _hybrid_purchases(hybrid, own.get(name or ""))
    yield from _hybrids_alike(scenario.sections("options", "hybrid"))


def _hybrids_alike(hybrids: Sequence[Given]) -> Iterator[Finding]:
    """Two that would be the same option."""
    seen: set[tuple[str | None, ...]] = set()
    for hybrid in hybrids:
        name = hybrid.text("name")
        what = (name,) if name else (None, hybrid.text("selfhost"), hybrid.text("overflow"))
        ways = {
            (*what, purchase, scaling)
            for purchase in _texts(hybrid, "purchase") or ["on_demand"]
            for scaling in _texts(hybrid, "scaling") or ["fixed"]
        }
        if ways & seen:
            yield hybrid.find(
                "is there already, bought and scaled alike; keep one of them, or give each a "
                "`name` of its own",
                "name" if name else "selfhost",
            )
        seen |= ways


def _hybrid_purchases(hybrid: Given, own: Given | None) -> Iterator[Finding]:
    if (
        own is not None
        and "savings_plan" in _texts(hybrid, "purchase")
        and not own.has("savings_plan")
    ):
        yield hybrid.find(
            "has `savings_plan`, but its self-hosted option gives no rate; add one there",
            "purchase",
        )
    if own is not None and own.has("fixed_replicas"):
        yield hybrid.find(
            "names an option with `fixed_replicas`, but a hybrid chooses its number of instances; "
            "add a self-hosted option without it",
            "selfhost",
        )


def _selfhost_names(option: Given) -> list[str]:
    name = option.text("name") or option.text("model")
    if name is None:
        return []
    precisions = [variant.text("precision") for variant in option.sections("variants")]
    return [name, *(f"{name} {precision}" for precision in precisions if precision)]


def _api_names(scenario: Given) -> list[str]:
    found: list[str] = []
    for option in scenario.sections("options", "api"):
        provider, model = option.text("provider"), option.text("model")
        name = option.text("name") or (f"{provider}/{model}" if provider and model else None)
        if name is not None:
            found.append(name)
    return found


OPTION_RULES: tuple[Rule, ...] = (_spot, _savings_plan, _scaling, _variants, _imported, _hybrid)
