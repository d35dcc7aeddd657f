"""Broken rows cost themselves and nothing else; ``tests.actuals.mutations`` runs many more."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.actuals import SOURCES, SourceName
from tests.actuals.mutations import check

_FILES_PER_SOURCE = 40


@pytest.mark.parametrize("source", SOURCES)
def test_a_broken_row_loses_no_other_row(source: SourceName, tmp_path: Path) -> None:
    for seed in range(_FILES_PER_SOURCE):
        check(source, seed, tmp_path)
