"""Cards of open-weight models, from ``data/models.json`` (made by ``scripts/build_models.py``)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, cast

from planner.catalog.types import ModelCard
from planner.errors import PriceFileError
from planner.files import read_text

__all__ = ["known_model_ids", "model_card", "model_cards"]

_CARDS = Path(__file__).parent / "data/models.json"
_FIELDS = frozenset(field.name for field in fields(ModelCard))


def model_card(model: str) -> ModelCard | None:
    """The card of a Hugging Face id or one of its aliases, in any case; None when not known."""
    return _by_name().get(model.casefold())


def known_model_ids() -> tuple[str, ...]:
    """Ids and aliases that have a card, sorted."""
    names = {name for card in model_cards() for name in (card.id, *card.aliases)}
    return tuple(sorted(names))


@cache
def model_cards() -> tuple[ModelCard, ...]:
    """All cards, sorted by id; PriceFileError when the file is damaged."""
    try:
        document = json.loads(read_text(_CARDS))
        return tuple(_card(raw) for raw in document["cards"])
    except (KeyError, TypeError, ValueError) as error:
        raise PriceFileError(f"{_CARDS}: cannot be read: {error}") from error


@cache
def _by_name() -> Mapping[str, ModelCard]:
    return {name.casefold(): card for card in model_cards() for name in (card.id, *card.aliases)}


def _card(raw: Mapping[str, Any]) -> ModelCard:
    odd = sorted(set(raw) ^ _FIELDS)
    if odd:
        raise ValueError(f"fields missing or unknown: {', '.join(odd)}")
    values: dict[str, Any] = {
        **raw,
        "aliases": tuple(cast(list[str], raw["aliases"])),
        "observed": date.fromisoformat(raw["observed"]),
    }
    return ModelCard(**values)
