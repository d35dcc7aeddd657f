"""The split itself, on value functions made up for it: laws of L. S. Shapley, 1953."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.diff.shapley import cents, rounded_parts, shapley_values

fractions = st.fractions(min_value=-(10**6), max_value=10**6, max_denominator=10**6)


@st.composite
def games(draw: st.DrawFn) -> tuple[int, list[Fraction]]:
    """A number of factors and a value for each set of them."""
    count = draw(st.integers(0, 4))
    return count, draw(st.lists(fractions, min_size=1 << count, max_size=1 << count))


class TestShapley:
    def test_glove_game(self) -> None:
        # One left glove (factor 0), two right ones; a pair is worth 1: 2/3, 1/6, 1/6.
        def worth(taken: int) -> Fraction:
            return Fraction(bool(taken & 1 and taken & 6))

        assert shapley_values(3, worth) == (Fraction(2, 3), Fraction(1, 6), Fraction(1, 6))

    def test_volume_times_price_shares_the_cross_term(self) -> None:
        # 10 x 2 -> 15 x 3: +25. Volume: (5 x 2 + 5 x 3) / 2; price: (10 x 1 + 15 x 1) / 2.
        def usd(taken: int) -> Fraction:
            return Fraction((15 if taken & 1 else 10) * (3 if taken & 2 else 2))

        assert shapley_values(2, usd) == (Fraction(25, 2), Fraction(25, 2))

    @given(games())
    def test_parts_sum_to_the_whole_exactly(self, game: tuple[int, list[Fraction]]) -> None:
        count, values = game
        parts = shapley_values(count, values.__getitem__)
        assert sum(parts, Fraction(0)) == values[-1] - values[0]

    @given(games())
    def test_swapping_the_sides_negates_each_part(self, game: tuple[int, list[Fraction]]) -> None:
        count, values = game
        everything = len(values) - 1
        parts = shapley_values(count, values.__getitem__)
        swapped = shapley_values(count, lambda taken: values[everything & ~taken])
        assert swapped == tuple(-part for part in parts)

    @given(games())
    def test_a_factor_without_effect_gets_exactly_nothing(
        self, game: tuple[int, list[Fraction]]
    ) -> None:
        count, values = game
        parts = shapley_values(count + 1, lambda taken: values[taken & ~(1 << count)])
        assert parts[-1] == 0
        assert parts[:-1] == shapley_values(count, values.__getitem__)

    @given(games())
    def test_each_set_is_asked_for_once(self, game: tuple[int, list[Fraction]]) -> None:
        count, values = game
        asked: list[int] = []

        def value(taken: int) -> Fraction:
            asked.append(taken)
            return values[taken]

        shapley_values(count, value)
        assert sorted(asked) == list(range(1 << count))


class TestCents:
    @pytest.mark.parametrize(
        ("exact", "shown"),
        [
            (Fraction(1, 200), "0.01"),
            (Fraction(-1, 200), "-0.01"),
            (Fraction(1, 201), "0.00"),
            (Fraction(1005, 1000), "1.01"),
            (Fraction(0), "0.00"),
        ],
    )
    def test_halves_go_away_from_nothing(self, exact: Fraction, shown: str) -> None:
        assert cents(exact) == Decimal(shown)

    @given(fractions)
    def test_negating_negates(self, exact: Fraction) -> None:
        assert cents(-exact) == -cents(exact)


class TestRoundedParts:
    def test_the_largest_remainders_get_the_cents_that_are_left(self) -> None:
        thirds = {name: Fraction(1, 3) for name in ("b", "a", "c")}
        shown = rounded_parts(thirds, Decimal("1.00"))
        assert shown == {"a": Decimal("0.34"), "b": Decimal("0.33"), "c": Decimal("0.33")}

    def test_a_part_of_nothing_stays_nothing(self) -> None:
        shown = rounded_parts({"none": Fraction(0), "all": Fraction(1, 3)}, Decimal("0.35"))
        assert shown == {"none": Decimal(0), "all": Decimal("0.35")}

    def test_a_total_without_a_part_is_refused(self) -> None:
        with pytest.raises(ValueError, match="no part"):
            rounded_parts({"none": Fraction(0)}, Decimal("0.01"))

    @given(st.dictionaries(st.sampled_from("abcdefg"), fractions, min_size=1), st.integers(-3, 3))
    def test_cents_sum_to_the_total_and_negate(self, parts: dict[str, Fraction], off: int) -> None:
        total = cents(sum(parts.values(), Fraction(0)))
        if any(parts.values()):
            # Where the total is a difference of two rounded sums it may be a few cents off.
            total += Decimal(off).scaleb(-2)
        elif total:
            return
        shown = rounded_parts(parts, total)
        assert sum(shown.values()) == total
        negated = rounded_parts({name: -part for name, part in parts.items()}, -total)
        assert negated == {name: -usd for name, usd in shown.items()}
        limit = Decimal("0.01") * (2 + abs(off))
        assert all(abs(usd - cents(parts[name])) <= limit for name, usd in shown.items())
