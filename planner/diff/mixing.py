"""Scenarios between two: each factor taken from one or the other, one option kept."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from planner.diff.factors import ARM, FACTORS, FIELDS, OPTION_FIELDS, Factor
from planner.diff.picks import Entry, Pick, counterpart
from planner.scenario import Scenario
from planner.scenario.fields import Section
from planner.scenario.levers import Levers
from planner.scenario.options import Options, SelfHostOption

__all__ = ["Change", "Mixture", "mixture_of"]

# With a trace, volume, lengths and shape come from one file.
_OF_TRACE: frozenset[Factor] = frozenset[Factor](
    ("request volume", "input length", "output length", "traffic shape")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A field that differs: its dotted path, and its value on both sides."""

    factor: Factor
    path: str
    before: object
    after: object


@dataclass(frozen=True, slots=True, kw_only=True)
class _Track:
    """One option as it stands before and after; fields in ``by_arm`` are the answer's own choice,
    not the scenario's.
    """

    before: Pick
    after: Pick
    by_arm: frozenset[str] = frozenset()

    def factor_of(self, field: str) -> Factor:
        return ARM if field in self.by_arm else OPTION_FIELDS.get(field, "model and route mix")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """What differs between two scenarios as far as their choices depend on it.

    ``tracks`` has one entry where both choose the same option, else the base's and the head's.
    """

    before: Scenario
    after: Scenario
    tracks: tuple[_Track, ...]
    changes: tuple[Change, ...]

    @property
    def factors(self) -> tuple[Factor, ...]:
        """The factors that differ, in order."""
        found = {change.factor for change in self.changes}
        if len(self.tracks) > 1:
            found.add(ARM)
        return tuple(factor for factor in FACTORS if factor in found)

    def scenario(self, taken: Set[Factor]) -> tuple[Scenario, Pick]:
        """The scenario with the factors ``taken`` from the head, and its only option."""
        track = self.tracks[-1 if ARM in taken else 0]
        pick = _mixed_pick(track, taken)
        top = {
            name: _side(self.before, self.after, self.factor_of("", name) in taken, name)
            for section, name in FIELDS
            if not section
        }
        # Files are named in full, whatever folder the scenario was in.
        sections = {
            name: self._section(name, taken) for name in ("workload", "levers", "limits", "prices")
        }
        options = self._options(pick, taken, with_apis=sections["levers"] is not None)
        return self.before.model_copy(update={**top, **sections, "options": options}), pick

    def _section(self, name: str, taken: Set[Factor]) -> Section | None:
        one: Section | None = getattr(self.before, name)
        other: Section | None = getattr(self.after, name)
        if one is None and other is None:
            return None
        fields = {
            field: _side(one, other, self.factor_of(section, field) in taken, field)
            for section, field in FIELDS
            if section == name
        }
        if name == "levers":
            return _levers(fields)
        assert one is not None  # Only levers may be missing.
        return one.model_copy(update=fields)

    def factor_of(self, section: str, field: str) -> Factor:
        """The factor of a field of the scenario."""
        factor = FIELDS[section, field]
        return "workload trace" if factor in _OF_TRACE and self._traces_differ else factor

    @property
    def _traces_differ(self) -> bool:
        return self.before.workload.trace != self.after.workload.trace

    def _options(self, pick: Pick, taken: Set[Factor], *, with_apis: bool) -> Options:
        """The one entry; levers and hybrids need the APIs beside it, too."""
        given = (self.after if "model and route mix" in taken else self.before).options
        apis = list(given.api) if with_apis or pick.kind == "hybrid" else []
        lists: dict[str, list[Any]] = {"api": apis, "selfhost": [], "hybrid": [], "manual": []}
        if pick.kind == "api":
            lists["api"] = [pick.entry, *(api for api in apis if _api_name(api) != pick.name)]
        else:
            lists[pick.kind] = [pick.entry]
        if pick.hosted is not None:
            lists["selfhost"] = [pick.hosted]
        return Options.model_construct(None, **lists)


def mixture_of(before: Scenario, after: Scenario, base: Pick, head: Pick) -> Mixture:
    """The mixture of two scenarios that choose ``base`` and ``head``."""
    tracks = _tracks(before, after, base, head)
    draft = Mixture(before=before, after=after, tracks=tracks, changes=())
    return Mixture(
        before=before, after=after, tracks=tracks, changes=(*_fields(draft), *_entries(draft))
    )


def _tracks(before: Scenario, after: Scenario, base: Pick, head: Pick) -> tuple[_Track, ...]:
    later, earlier = counterpart(after, base), counterpart(before, head)
    renamed = base.kind == head.kind and later is None and earlier is None
    if renamed or (base.kind == head.kind and base.key == head.key):
        return (_Track(before=base, after=head, by_arm=_chosen_fields(base, head)),)
    return (
        _Track(before=base, after=later or base),
        _Track(before=earlier or head, after=head),
    )


def _chosen_fields(base: Pick, head: Pick) -> frozenset[str]:
    """Fields in which both entries offer the same, so that the answer chose and not the edit."""
    offered = ("purchase", "scaling"), ("precision", "variants", "quality", "measured", "weights")
    found: set[str] = set()
    for fields in offered:
        names = [name for name in fields if hasattr(base.whole, name)]
        if all(getattr(base.whole, name) == getattr(head.whole, name, None) for name in names):
            found |= {*names}
    if "variants" in found:
        found.add("name")
    return frozenset(found)


def _mixed_pick(track: _Track, taken: Set[Factor]) -> Pick:
    one, other = track.before, track.after
    entry = _mixed_entry(track, one.entry, other.entry, taken)
    hosted = one.hosted
    if one.hosted is not None and other.hosted is not None:
        hosted = _mixed_entry(_Track(before=one, after=other), one.hosted, other.hosted, taken)
    if hosted is not None:
        hosted = hosted.model_copy(update={"name": _HOSTED})
        entry = entry.model_copy(update={"selfhost": _HOSTED})
    name = one.name if one.kind != "api" else _api_name(entry)
    assert hosted is None or isinstance(hosted, SelfHostOption)
    return Pick(kind=one.kind, key=one.key, name=name, entry=entry, whole=one.whole, hosted=hosted)


# What a hybrid's self-hosted entry is called while two of different names are mixed.
_HOSTED = "hosted"


def _mixed_entry(track: _Track, one: Entry, other: Entry, taken: Set[Factor]) -> Entry:
    return one.model_copy(
        update={
            field: getattr(other, field)
            for field in type(one).model_fields
            if track.factor_of(field) in taken
        }
    )


def _api_name(entry: Any) -> str:
    return entry.name or f"{entry.provider}/{entry.model}"


def _levers(fields: Mapping[str, object]) -> Levers | None:
    if all(value is None for value in fields.values()):
        return None
    return Levers.model_construct(None, **fields)


def _side(one: object, other: object, from_other: bool, field: str) -> Any:
    """A field of one side or the other; None where that side has no such section."""
    side = other if from_other else one
    return None if side is None else getattr(side, field)


def _fields(mixture: Mixture) -> list[Change]:
    found: list[Change] = []
    for section, field in FIELDS:
        one = getattr(mixture.before, section) if section else mixture.before
        other = getattr(mixture.after, section) if section else mixture.after
        before, after = _side(one, other, False, field), _side(one, other, True, field)
        if before != after:
            found.append(
                Change(
                    factor=mixture.factor_of(section, field),
                    path=f"{section}.{field}" if section else field,
                    before=before,
                    after=after,
                )
            )
    return found


def _entries(mixture: Mixture) -> list[Change]:
    """Fields of the options' entries, and of the APIs that levers or a hybrid choose from."""
    found: list[Change] = []
    for track in mixture.tracks:
        where = _entry_path(mixture.after, track.after)
        found += _entry_changes(track, where, track.before.entry, track.after.entry)
        if track.before.hosted is not None and track.after.hosted is not None:
            inside = f"{where} (its self-hosted option)"
            bare = _Track(before=track.before, after=track.after)
            found += _entry_changes(bare, inside, track.before.hosted, track.after.hosted)
    needs_apis = any(track.before.kind == "hybrid" for track in mixture.tracks)
    levers = mixture.before.levers is not None or mixture.after.levers is not None
    one, other = mixture.before.options.api, mixture.after.options.api
    if (levers or needs_apis) and one != other:
        found.append(
            Change(factor="model and route mix", path="options.api", before=one, after=other)
        )
    return found


def _entry_changes(track: _Track, where: str, one: Entry, other: Entry) -> list[Change]:
    """What the answer itself chose is told with the arms, not as a field."""
    return [
        Change(
            factor=track.factor_of(field),
            path=f"{where}.{field}",
            before=getattr(one, field),
            after=getattr(other, field),
        )
        for field in type(one).model_fields
        if getattr(one, field) != getattr(other, field)
    ]


def _entry_path(scenario: Scenario, pick: Pick) -> str:
    """``options.selfhost.0``; without a number for an entry of the other scenario."""
    entries: list[Entry] = getattr(scenario.options, pick.kind)
    places = [place for place, entry in enumerate(entries) if entry is pick.whole]
    return ".".join(("options", pick.kind, *map(str, places)))
