"""The constants' file: ranges, sources, and names that other tables know."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import get_args

import yaml

import planner.serving.constants as module
from planner.catalog.hardware import accelerators
from planner.scenario.options import SelfHostOption
from planner.serving.constants import constants

_FILE = Path(module.__file__).parent / "data/constants.yaml"


def test_every_block_names_its_source_and_date() -> None:
    for name, block in yaml.safe_load(_FILE.read_text(encoding="utf-8")).items():
        assert len(block["source"]) > 20, name
        assert isinstance(block["observed"], date), name


def test_figures_lie_in_the_ranges_their_sources_give() -> None:
    found = constants()
    assert 0.64 <= found.efficiency <= 0.80
    assert 10 <= found.front_end_ms <= 60
    assert 1.1 <= found.weight_only_compute_factor <= 1.2
    assert 1.0 <= found.reserve_least_gib < found.reserve_most_gib <= 3.5


def test_more_gpus_never_have_a_faster_link() -> None:
    for name, table in constants().links.items():
        assert sorted(table) == [2, 4, 8], name
        assert all(link.gb_per_s > 0 and link.start_ms >= 0 for link in table.values())
        assert table[2].gb_per_s > table[8].gb_per_s


def test_names_of_gpus_are_those_of_the_catalog() -> None:
    found = constants()
    named = {*found.fp4_compute, *found.no_kernel, *found.links} - {"nvlink", "pcie"}
    assert named <= set(accelerators())


def test_every_precision_of_a_scenario_has_its_bits() -> None:
    wanted = set(get_args(SelfHostOption.model_fields["precision"].annotation)) - {"native"}
    assert wanted <= set(constants().weight_bits)
