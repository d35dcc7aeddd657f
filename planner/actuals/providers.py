"""Names of providers, from the words of each source to those of the price catalogue."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

__all__ = ["catalogue_model", "provider_id"]

_FILE = Path(__file__).parent / "data" / "providers.json"


@cache
def _data() -> tuple[dict[str, str], dict[str, str]]:
    raw = json.loads(_FILE.read_text(encoding="utf-8"))
    return raw["aliases"], raw["by_model_prefix"]


def provider_id(named: str, model: str = "") -> str:
    """The catalogue's id of a provider; the name itself, in lower case, when it has none.

    Without a name, the maker of a model whose id says it: `gpt-4o` is OpenAI's. Empty when
    nothing says who served the call.
    """
    aliases, by_prefix = _data()
    word = named.strip().lower()
    if word:
        return aliases.get(word, word)
    head, slash, _ = model.lower().partition("/")
    if slash and head in aliases:
        return aliases[head]
    return next((who for start, who in by_prefix.items() if model.lower().startswith(start)), "")


def catalogue_model(model: str) -> str:
    """A model id without the provider that gateways put before it: `bedrock/…`, `azure/…`."""
    head, slash, rest = model.partition("/")
    return rest if slash and head.lower() in _data()[0] else model
