"""The words for a probability, and the option that is easier to leave."""

from __future__ import annotations

from dataclasses import replace

import pytest

from planner.decision.uncertainty import smaller_lock_in, verdict_word
from tests.decision.options import api, stepped


@pytest.mark.parametrize(
    ("probability", "word"),
    [
        (1.0, "clearly"),
        (0.9, "clearly"),
        (0.8999, "likely"),
        (0.7, "likely"),
        (0.6999, "too close to call"),
        (0.3, "too close to call"),
        (0.2999, "likely not"),
        (0.1001, "likely not"),
        (0.1, "clearly not"),
        (0.0, "clearly not"),
    ],
)
def test_the_word_of_a_probability(probability: float, word: str) -> None:
    assert verdict_word(probability) == word


def test_an_api_binds_less_than_machines() -> None:
    machines, remote = stepped("1", 10), api("1")
    assert smaller_lock_in(machines, remote) is remote
    assert smaller_lock_in(remote, machines) is remote


def test_a_shorter_commitment_binds_less() -> None:
    free = stepped("1", 10, name="free")
    bound = replace(free, name="bound", commitment_months=12)
    assert smaller_lock_in(bound, free) is free


def test_of_two_alike_the_first_stays() -> None:
    one, other = api("1", name="one"), api("1", name="other")
    assert smaller_lock_in(one, other) is one
