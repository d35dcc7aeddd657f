"""Where an option of the answer stands in its scenario, cut down to that one option."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from planner.costs import Option
from planner.scenario import Scenario
from planner.scenario.options import ApiOption, HybridOption, ManualOption, SelfHostOption

__all__ = ["Entry", "Pick", "counterpart", "pick_of"]

Kind = Literal["api", "selfhost", "hybrid", "manual"]
Entry = ApiOption | SelfHostOption | HybridOption | ManualOption


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """One option of a scenario.

    ``entry`` is its entry with one way of buying, scaling and precision only; ``whole`` the entry
    as written. ``key`` names the entry. ``hosted`` is the self-hosted entry of a hybrid.
    """

    kind: Kind
    key: str
    name: str
    entry: Entry
    whole: Entry
    hosted: SelfHostOption | None = None


def pick_of(scenario: Scenario, option: Option) -> Pick | None:
    """The pick that gave ``option``; None when the scenario has no such option."""
    return next((pick for pick in _picks(scenario, option) if pick.name == option.name), None)


def counterpart(scenario: Scenario, pick: Pick) -> Pick | None:
    """The option of another scenario that stands in the entry of the same name, bought alike."""
    for other in _entries(scenario, pick.kind):
        if _key(other) == pick.key:
            entry = _alike(other, pick)
            kept = {name: getattr(pick.entry, name) for name in _WAY.get(pick.kind, ())}
            return Pick(
                kind=pick.kind,
                key=pick.key,
                name=pick.name,
                entry=entry.model_copy(update=kept),
                whole=other,
                hosted=_hosted(scenario, other) if isinstance(other, HybridOption) else None,
            )
    return None


def _alike(other: Entry, pick: Pick) -> Entry:
    """The variant of the precision that was picked; the entry itself where that was no variant."""
    picked, whole = pick.entry, pick.whole
    if not (isinstance(other, SelfHostOption) and isinstance(picked, SelfHostOption)):
        return other
    if isinstance(whole, SelfHostOption) and picked.precision == whole.precision:
        return other
    from planner.costs.selfhost_option import variants_of

    found = (each for each in variants_of(other) if each.precision == picked.precision)
    return next(found, other)


# What an entry offers several of, and an option is one of.
_WAY: dict[Kind, tuple[str, ...]] = {
    "selfhost": ("purchase", "scaling", "variants"),
    "hybrid": ("purchase", "scaling"),
}


def _entries(scenario: Scenario, kind: Kind) -> tuple[Entry, ...]:
    return tuple(getattr(scenario.options, kind))


def _key(entry: Entry) -> str:
    if isinstance(entry, ApiOption):
        return entry.name or f"{entry.provider}/{entry.model}"
    if isinstance(entry, SelfHostOption):
        return entry.name or entry.model
    return entry.name or entry.selfhost if isinstance(entry, HybridOption) else entry.name


def _picks(scenario: Scenario, option: Option) -> Iterator[Pick]:
    given = scenario.options
    for api in given.api:
        yield Pick(kind="api", key=_key(api), name=_key(api), entry=api, whole=api)
    for manual in given.manual:
        yield Pick(kind="manual", key=manual.name, name=manual.name, entry=manual, whole=manual)
    if option.is_api or not (given.selfhost or given.hybrid):
        return
    for own in given.selfhost:
        yield from _hosted_picks(own)
    for hybrid in given.hybrid:
        yield from _hybrid_picks(scenario, hybrid, option)


def _hosted_picks(own: SelfHostOption) -> Iterator[Pick]:
    from planner.costs.purchases import ways_of
    from planner.costs.selfhost_option import variants_of

    for variant in variants_of(own):
        for way in ways_of(variant):
            only = {"purchase": [way.purchase], "scaling": [way.scaling], "variants": []}
            yield Pick(
                kind="selfhost",
                key=_key(own),
                name=f"{variant.name or variant.model} ({way.words})",
                entry=variant.model_copy(update=only),
                whole=own,
            )


def _hybrid_picks(scenario: Scenario, hybrid: HybridOption, option: Option) -> Iterator[Pick]:
    from planner.costs.purchases import Way

    for purchase in hybrid.purchase:
        for scaling in hybrid.scaling:
            words = Way(purchase=purchase, scaling=scaling).hybrid_words
            title = hybrid.name or f"{hybrid.selfhost} + {option.overflow}"
            yield Pick(
                kind="hybrid",
                key=_key(hybrid),
                name=f"{title} ({words})",
                entry=hybrid.model_copy(update={"purchase": [purchase], "scaling": [scaling]}),
                whole=hybrid,
                hosted=_hosted(scenario, hybrid),
            )


def _hosted(scenario: Scenario, hybrid: HybridOption) -> SelfHostOption | None:
    """The self-hosted entry that a hybrid names, as the variant that it names."""
    from planner.costs.selfhost_option import variants_of

    every = (each for own in scenario.options.selfhost for each in variants_of(own))
    found = next((own for own in every if hybrid.selfhost == (own.name or own.model)), None)
    # How it would be bought by itself does not matter to the hybrid.
    alone = {"purchase": ["on_demand"], "scaling": ["fixed"], "variants": []}
    return None if found is None else found.model_copy(update=alone)
