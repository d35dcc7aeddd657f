"""How old is too old, by class of price."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from planner.catalog.age import PriceAge, age_of_class, age_policy, ages_of_rows, price_class
from planner.catalog.rows import checked_row, price_row
from tests.catalog.price_support import raw

_AS_OF = date(2026, 11, 21)


def _age(name: str, days: int, policy: object = None) -> PriceAge:
    found = age_of_class(name, [_AS_OF - timedelta(days)], _AS_OF, policy)  # type: ignore[arg-type]
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "warn", "fail"),
    [
        ("instances", 180, 365),
        ("services", 365, 730),
        ("llm", 180, 365),
        ("spot_and_savings_plans", 7, 14),
    ],
)
def test_each_class_has_its_own_limits(name: str, warn: int, fail: int) -> None:
    assert _age(name, warn).level == "ok"
    assert _age(name, warn + 1).level == "warn"
    assert _age(name, fail, "default").level == "warn"
    assert _age(name, fail + 1, "default").level == "fail"


def test_without_a_policy_nothing_fails() -> None:
    assert _age("spot_and_savings_plans", 10_000).level == "warn"


def test_a_number_of_days_overrides_every_class() -> None:
    assert _age("services", 31, 30).level == "fail"
    assert _age("spot_and_savings_plans", 30, 30).level == "warn"


def test_a_price_without_a_date_is_expired() -> None:
    found = age_of_class("services", [_AS_OF, None], _AS_OF, 100_000)
    assert found is not None
    assert (found.level, found.undated, found.age_days) == ("fail", 1, 0)


def test_the_oldest_price_counts() -> None:
    found = age_of_class("llm", [_AS_OF, date(2026, 1, 1)], _AS_OF, None)
    assert found is not None
    # 31+28+31+30+31+30+31+31+30+31 = 304 days to 1 November, and 20 more.
    assert (found.oldest_observed, found.age_days) == (date(2026, 1, 1), 324)


def test_a_price_of_a_later_day_is_not_old() -> None:
    assert _age("instances", -40).age_days == 0


def test_a_class_without_prices_has_no_age() -> None:
    assert age_of_class("llm", [], _AS_OF, None) is None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, "instances"),
        ({"purchase": "ri_3y_all_upfront"}, "instances"),
        ({"purchase": "spot_az_median"}, "spot_and_savings_plans"),
        ({"purchase": "sp_compute_1y"}, "spot_and_savings_plans"),
        ({"kind": "service", "item": "alb_hour"}, "services"),
    ],
)
def test_rows_fall_into_classes(change: dict[str, str | None], expected: str) -> None:
    assert price_class(price_row(checked_row(raw(**change)))) == expected


def test_an_unknown_price_has_no_age() -> None:
    unknown = raw(usd=None, reason_null="not sold", observed=None, item="p5e.48xlarge")
    rows = [price_row(checked_row(row)) for row in (raw(), unknown)]
    (found,) = ages_of_rows(rows, _AS_OF, None)
    assert (found.price_class, found.undated, found.age_days) == ("instances", 0, 304)


def test_the_sentence_says_how_old_and_what_to_do() -> None:
    assert _age("instances", 304).sentence == (
        "instances prices: the oldest is 304 days old (2026-01-21); run `planner prices refresh`"
    )


def test_a_gate_stricter_than_the_warning_names_the_age_too() -> None:
    found = age_of_class("llm", [_AS_OF - timedelta(days=3)], _AS_OF, 0)
    assert found is not None
    assert found.level == "fail"
    assert "the oldest is 3 days old" in found.sentence


@pytest.mark.parametrize(("text", "policy"), [(None, None), ("default", "default"), ("90", 90)])
def test_the_option_is_read(text: str | None, policy: object) -> None:
    assert age_policy(text) == policy


@pytest.mark.parametrize("text", ["", "-1", "1.5", "soon", "٣"])
def test_another_option_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="neither default nor a number of days"):
        age_policy(text)
