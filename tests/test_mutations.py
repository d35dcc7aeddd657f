"""Broken scenario files give a message and an exit code, never a traceback.

A few hundred of them; `python tests/mutate.py --count 2000` runs more.
"""

from __future__ import annotations

import random

import pytest

from tests import mutate


@pytest.mark.parametrize("block", range(4))
def test_validate_survives_broken_files(block: int) -> None:
    failures, codes = mutate.run(100, seed=block, commands=["validate"])
    assert failures == []
    # Some mutations leave a file valid; most do not.
    assert set(codes) == {"validate: 0", "validate: 2"}


def test_a_defect_of_a_command_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr("planner.scenario.load.load_scenario", broken)
    failures, codes = mutate.run(2, seed=0, commands=["validate"])
    assert [failure.reason.partition(";")[0] for failure in failures] == [
        "exit 70: internal error: RuntimeError: planted"
    ] * 2
    assert codes == {"validate: 70": 2}


def test_the_same_seed_makes_the_same_files() -> None:
    text = mutate.sources()[0]
    made = [mutate.mutate(text, random.Random(f"1/{case}")) for case in range(50)]
    again = [mutate.mutate(text, random.Random(f"1/{case}")) for case in range(50)]
    assert made == again
    assert len({content for _, content in made}) > 40
