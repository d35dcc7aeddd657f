"""Rules that compare the names in a scenario with the catalog: providers, models, hardware.

They read no price. A scenario with its own price snapshot may name hardware that only the
snapshot knows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import cast

from planner.catalog.hardware import parse_instances, shipped_instances
from planner.catalog.llm import check_known, known_models, known_providers
from planner.catalog.models import known_model_ids, model_card
from planner.catalog.snapshot import DATA_DIR, find_snapshot, load_snapshot
from planner.catalog.types import InstanceType, LlmRef
from planner.errors import InputError
from planner.scenario.given import Given, Rule
from planner.scenario.model import Scenario
from planner.scenario.shape import did_you_mean
from planner.scenario.yaml_marks import Finding

__all__ = ["known_regions", "reference_rules"]

_AWS = "aws"


@cache
def known_regions() -> tuple[str, ...]:
    """Ids of the AWS regions, sorted."""
    raw = json.loads((DATA_DIR / "aws_regions.json").read_bytes())
    return tuple(cast("list[str]", raw["regions"]))


def _api_models(scenario: Given) -> Iterator[Finding]:
    own = _own_llm_prices(scenario)
    asked = (*scenario.sections("options", "api"), *scenario.sections("levers", "route", "models"))
    for option in asked:
        provider, model = option.text("provider"), option.text("model")
        if provider is not None and (provider, model) not in own:
            yield from _api_model(option, provider, model)


def _api_model(option: Given, provider: str, model: str | None) -> Iterator[Finding]:
    try:
        known_models(provider)
    except InputError as error:
        yield option.find(error.message, "provider")
        return
    try:
        if model is not None:
            check_known(LlmRef(provider=provider, model=model))
    except InputError as error:
        yield option.find(error.message, "model")


def _own_llm_prices(scenario: Given) -> set[tuple[str | None, str | None]]:
    """Models with prices in the scenario itself: the price data need not know them."""
    return {
        (row.text("provider"), row.text("model"))
        for row in scenario.sections("prices", "overrides")
        if row.text("kind") == "llm"
    }


def _open_models(scenario: Given) -> Iterator[Finding]:
    for option in scenario.sections("options", "selfhost"):
        model = option.text("model")
        if model is not None and not option.has("config") and model_card(model) is None:
            yield option.find(
                f"no architecture is known for `{model}`{did_you_mean(model, known_model_ids())}; "
                "without it neither memory nor speed can be computed; name the folder of its "
                "config.json in options.selfhost[].config",
                "model",
            )


def _hardware(prices_file: Path | None, scenario: Given) -> Iterator[Finding]:
    priced = {
        (row.text("instance_type"), row.text("region"))
        for row in scenario.sections("prices", "overrides")
    }
    for option in scenario.sections("options", "selfhost"):
        region = _region(scenario, option)
        for path, name in option.texts("instance_types"):
            found = _instance(prices_file, scenario, name) if name != "any" else None
            if found is None and name != "any":
                yield Finding(path=path, message=_unknown_type(name))
            elif found is None or region is None or (name, region) in priced:
                continue
            elif region not in found.regions:
                yield Finding(path=path, message=_not_offered(found, region))


def _region(scenario: Given, option: Given) -> str | None:
    """Where an option runs; None when that is not a known region, which is reported by itself."""
    section = option if option.has("region") else scenario
    region = section.text("region")
    if not section.has("region"):
        region = str(Scenario.model_fields["region"].default)
    return region if region in known_regions() else None


def _price_rows(prices_file: Path | None, scenario: Given) -> Iterator[Finding]:
    for name in ("overrides", "discounts"):
        for row in scenario.sections("prices", name):
            wanted = row.text("instance_type")
            if wanted is not None and _instance(prices_file, scenario, wanted) is None:
                yield row.find(_unknown_type(wanted), "instance_type")
    for row in scenario.sections("prices", "overrides"):
        item = row.text("item")
        if item is None or row.text("kind") != "service":
            continue
        items = load_snapshot(None).items("service")
        if item not in items:
            yield row.find(
                f"no service item `{item}` in the catalog{did_you_mean(item, items)}; "
                "`planner prices list --kind service` shows them",
                "item",
            )


def _sellers(scenario: Given) -> Iterator[Finding]:
    known = {*known_providers(), _AWS} | {name for name, _ in _own_llm_prices(scenario) if name}
    for name in ("discounts", "credits"):
        for row in scenario.sections("prices", name):
            provider = row.text("provider")
            if provider is not None and provider not in known:
                yield row.find(
                    f"no provider `{provider}` sells anything here{did_you_mean(provider, known)}; "
                    "write `aws` or the provider id of an API option",
                    "provider",
                )


def _regions(scenario: Given) -> Iterator[Finding]:
    places = [(scenario, "region")]
    for kind in ("api", "selfhost"):
        places += [(option, "region") for option in scenario.sections("options", kind)]
    places += [(row, "region") for row in scenario.sections("prices", "overrides")]
    for section, key in places:
        for path, name in section.texts(key):
            yield from _unknown_region(path, name)
    for path, name in scenario.texts("limits", "data_residency", "allowed_regions"):
        yield from _unknown_region(path, name)


def _unknown_region(path: tuple[str | int, ...], name: str) -> Iterator[Finding]:
    if name not in known_regions():
        near = did_you_mean(name, known_regions())
        yield Finding(path=path, message=f"no AWS region `{name}` is known{near}")


def _quotas(scenario: Given) -> Iterator[Finding]:
    codes = sorted({code for i in shipped_instances().values() for code in _codes(i)})
    for key in scenario.written("limits", "vcpu_quota"):
        if key not in codes:
            near = did_you_mean(key, codes) or f"; known: {', '.join(codes)}"
            yield scenario.find(
                f"no EC2 vCPU quota has the code `{key}`{near}", "limits", "vcpu_quota", key
            )


def _codes(instance: InstanceType) -> tuple[str, ...]:
    return tuple(c for c in (instance.quota_code_on_demand, instance.quota_code_spot) if c)


def _price_file(scenario: Given) -> Iterator[Finding]:
    name = scenario.text("prices", "snapshot")
    if name is not None and (scenario.base_dir / name).is_file():
        try:
            load_snapshot(scenario.base_dir / name, name)
        except InputError as error:
            yield scenario.find(error.message, "prices", "snapshot")


def _instance(prices_file: Path | None, scenario: Given, name: str) -> InstanceType | None:
    """A type the shipped catalog knows, or else the price file in use."""
    found = shipped_instances().get(name)
    if found is not None:
        return found
    path, label = find_snapshot(prices_file, scenario.text("prices", "snapshot"), scenario.base_dir)
    if path is None or not path.is_file():
        return None
    try:
        snapshot = load_snapshot(path, label)
    except InputError:
        # Reported by a rule of its own, or when the prices are used.
        return None
    if snapshot.instances is None:
        return None
    return parse_instances(snapshot.instances, snapshot.name).get(name)


def _unknown_type(name: str) -> str:
    return (
        f"no instance type `{name}` in the catalog{did_you_mean(name, shipped_instances())}; "
        "`planner prices list --kind instance` shows them"
    )


def _not_offered(instance: InstanceType, region: str) -> str:
    offered = ", ".join(instance.regions[:6]) + (", …" if len(instance.regions) > 6 else "")
    return (
        f"{instance.name} is not offered in {region}; it is in {offered}, "
        f"or give its price in {region} under `prices.overrides`"
    )


def reference_rules(prices_file: Path | None = None) -> tuple[Rule, ...]:
    """The rules; ``prices_file`` is the price file of the command line, which wins."""
    return (
        _api_models,
        _open_models,
        _price_file,
        partial(_hardware, prices_file),
        partial(_price_rows, prices_file),
        _sellers,
        _regions,
        _quotas,
    )
