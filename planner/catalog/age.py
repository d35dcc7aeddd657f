"""How old prices are, by class: when to warn, when a gate fails."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from planner.catalog.types import PriceRow

__all__ = [
    "CLASSES",
    "AgePolicy",
    "PriceAge",
    "PriceClass",
    "age_of_class",
    "age_policy",
    "ages_of_rows",
    "price_class",
]

PriceClass = Literal["instances", "services", "llm", "spot_and_savings_plans"]
# None: warn only. "default": fail past the class's own limit. A number: fail past it, all classes.
AgePolicy = Literal["default"] | int | None

# Days to warn after, days to fail after with the default policy. List prices of instances and
# tokens move a few times a year, service prices hardly, spot prices daily.
CLASSES: dict[PriceClass, tuple[int, int]] = {
    "instances": (180, 365),
    "services": (365, 730),
    "llm": (180, 365),
    "spot_and_savings_plans": (7, 14),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceAge:
    """Age of the oldest price of a class.

    ``age_days`` is None when no price of the class has a date; ``undated`` counts the prices
    without one, which are taken as expired. ``level`` is ``fail`` only under a policy.
    """

    price_class: PriceClass
    oldest_observed: date | None
    age_days: int | None
    undated: int
    warn_after_days: int
    fail_after_days: int | None
    level: Literal["ok", "warn", "fail"]

    @property
    def sentence(self) -> str:
        """What is old, how old, and what to do."""
        parts: list[str] = []
        # The gate that was asked for may be stricter than what is warned of.
        limits = (self.warn_after_days, self.fail_after_days)
        limit = min(days for days in limits if days is not None)
        if self.age_days is not None and self.age_days > limit:
            parts.append(f"the oldest is {self.age_days} days old ({self.oldest_observed})")
        if self.undated:
            parts.append(f"{self.undated} without a date")
        label = self.price_class.replace("_", " ")
        if self.price_class == "llm":
            remedy = "update planner, or check the provider's page and give an override"
        elif self.price_class == "services":
            remedy = "check them on the AWS pricing page, or give an override"
        else:
            remedy = "run `planner prices refresh`"
        return f"{label} prices: {', '.join(parts) or 'up to date'}; {remedy}"


def age_policy(text: str | None) -> AgePolicy:
    """The policy of ``--max-price-age default|DAYS``; ValueError for anything else."""
    if text is None or text == "default":
        return text
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is neither default nor a number of days")
    return int(text)


def price_class(row: PriceRow) -> PriceClass:
    """The class a row's age is judged by."""
    if row.kind == "service":
        return "services"
    volatile = row.purchase.startswith(("spot", "sp_"))
    return "spot_and_savings_plans" if volatile else "instances"


def age_of_class(
    name: PriceClass, observed: Iterable[date | None], as_of: date, policy: AgePolicy
) -> PriceAge | None:
    """The age of a class from the days its prices were seen; None when it has no price."""
    days = list(observed)
    if not days:
        return None
    dated = sorted(day for day in days if day is not None)
    undated = len(days) - len(dated)
    # A price seen after the day that is asked for is not old.
    age = max((as_of - dated[0]).days, 0) if dated else None
    warn_after, fail_after = CLASSES[name]
    limit = fail_after if policy == "default" else policy
    level: Literal["ok", "warn", "fail"] = "ok"
    if _past(age, undated, warn_after):
        level = "warn"
    if limit is not None and _past(age, undated, limit):
        level = "fail"
    return PriceAge(
        price_class=name,
        oldest_observed=dated[0] if dated else None,
        age_days=age,
        undated=undated,
        warn_after_days=warn_after,
        fail_after_days=limit,
        level=level,
    )


def _past(age_days: int | None, undated: int, limit_days: int) -> bool:
    return undated > 0 or (age_days is not None and age_days > limit_days)


def ages_of_rows(rows: Iterable[PriceRow], as_of: date, policy: AgePolicy) -> tuple[PriceAge, ...]:
    """Ages of the classes that priced AWS rows fall into; a row without a price has no age."""
    days: dict[PriceClass, list[date | None]] = {}
    for row in rows:
        if row.usd is not None:
            days.setdefault(price_class(row), []).append(row.observed)
    ages = (age_of_class(name, days.get(name, ()), as_of, policy) for name in CLASSES)
    return tuple(age for age in ages if age is not None)
