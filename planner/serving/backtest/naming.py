"""Names in files of runs: GPUs, precisions, sources; what a file leaves unsaid."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, cast

from planner.catalog.hardware import accelerators
from planner.catalog.models import model_card, model_cards
from planner.catalog.types import Accelerator, ModelCard
from planner.files import read_text
from planner.serving.measured.rows import weights_family
from planner.serving.precision import Weights, resolve_weights

__all__ = ["Conventions", "conventions", "gpu_of", "known_as", "source_name", "spread_of"]

_FILE = Path(__file__).parent / "data/rows.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conventions:
    """``data/rows.yaml``; see there."""

    gpus: tuple[Mapping[str, Any], ...]
    precisions: Mapping[str, str]
    load_kinds: Mapping[str, str]
    sources: tuple[Mapping[str, Any], ...]
    heavy_tailed: Mapping[str, Any]
    engine_defaults: Mapping[str, Any]
    requests_per_slot: int
    open_loop_requests: int


@cache
def conventions() -> Conventions:
    """The conventions of this version."""
    import yaml

    raw = cast(dict[str, Any], yaml.safe_load(read_text(_FILE)))
    return Conventions(
        **{name: value for name, value in raw.items() if not name.endswith("_source")}
    )


def gpu_of(name: str, tensor_parallel_size: int) -> Accelerator | str:
    """The accelerator a card stands for, or the reason why there is none."""
    plain = re.sub(r"[\s_-]+", " ", name).casefold()
    for entry in conventions().gpus:
        if re.search(entry["name"], plain) is None:
            continue
        if "reason" in entry:
            return f"{name}: {entry['reason']}"
        found = accelerators()[entry["accelerator"]]
        if "joined" in entry and tensor_parallel_size > 1:
            return replace(found, name=name, nvlink=False, **entry["joined"])
        return found
    return f"{name}: no such GPU in the accelerator table"


def known_as(model: str, precision: str, gpu: Accelerator) -> tuple[ModelCard, Weights] | str:
    """The card and weights a row was run with, or the reason why they are not known.

    A remark in parentheses after the id is not read. Where the named checkpoint cannot have the
    precision, another one of the same weights that has it is taken.
    """
    name = model.partition("(")[0].strip()
    wanted = conventions().precisions.get(precision.casefold(), precision.casefold())
    named = model_card(name)
    family = weights_family(name)
    others = [
        card
        for card in model_cards()
        if any(weights_family(each) == family for each in (card.id, *card.aliases))
    ]
    found: Weights | str = f"{name}: no model card"
    for card in ([named] if named else []) + others:
        found = resolve_weights(card, gpu, wanted)
        if not isinstance(found, str):
            return card, found
    return found


def source_name(source: str) -> str:
    """The one name of a source that files call differently."""
    for entry in conventions().sources:
        if re.search(entry["match"], source, re.IGNORECASE):
            return str(entry["name"])
    return source.casefold().strip()


def spread_of(source: str) -> tuple[float, float] | None:
    """Shares of the lengths in the file that a source draws evenly between; None: fixed ones."""
    for entry in conventions().sources:
        if re.search(entry["match"], source, re.IGNORECASE) and "lengths" in entry:
            low, high = entry["lengths"]
            return float(low), float(high)
    return None
