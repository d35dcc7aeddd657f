"""Where in the scenario file the figure behind a cost line was written."""

from __future__ import annotations

from collections.abc import Iterator

from planner.costs import CostLine, Option
from planner.scenario import LoadedScenario

__all__ = ["place_of"]

_MANUAL_FIELDS = {
    "fixed": "fixed_monthly_usd",
    "per token": "marginal_usd_per_1m_tokens",
    "per request": "marginal_usd_per_request",
}


def place_of(loaded: LoadedScenario, option: Option, line: CostLine) -> str | None:
    """``scenario.yaml:12`` or ``--set a=1`` for a line the scenario gives, else None."""
    places = (loaded.place(path) for path in _paths(loaded, option, line))
    return next((place for place in places if place is not None), None)


def _paths(loaded: LoadedScenario, option: Option, line: CostLine) -> Iterator[str]:
    """Fields that may hold the figure; those of the option's own side come before common ones."""
    side = "tco.api" if option.is_api else "tco.selfhost"
    if line.category == "engineering":
        field = "setup_hours" if line.name == "set-up" else "hours_per_month"
        yield f"{side}.engineering.{field}"
        yield f"tco.engineering.{field}"
        return
    for index, manual in enumerate(loaded.scenario.options.manual):
        if manual.name == option.name and line.name in _MANUAL_FIELDS:
            yield f"options.manual.{index}.{_MANUAL_FIELDS[line.name]}"
    for base, names in _item_names(loaded, option, line):
        if line.name in names:
            yield f"{base}.items.{names.index(line.name)}"


def _item_names(
    loaded: LoadedScenario, option: Option, line: CostLine
) -> Iterator[tuple[str, list[str]]]:
    """Paths of the lists of items of the line's category, with the names in them."""
    tco = loaded.scenario.tco
    own, side = (tco.api, "tco.api") if option.is_api else (tco.selfhost, "tco.selfhost")
    lists = {
        "infrastructure": (own.infrastructure, tco.infrastructure),
        "quality": (own.quality, tco.quality),
        "operational": (own.operational, tco.operational),
    }
    for base, items in zip((side, "tco"), lists.get(line.category, ()), strict=False):
        if items is not None:
            yield f"{base}.{line.category}", [item.name for item in items.items]
