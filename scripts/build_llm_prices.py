"""Write the shipped LLM prices from genai-prices and the overlay.

    python scripts/build_llm_prices.py --as-of 2026-11-21 [--check]

Run it after raising the genai-prices version or changing data/llm_overlay.yaml, on the day given
by --as-of. It writes planner/catalog/data/llm_prices/<provider>.json, llm_overlay.json and
model_index.json, the same bytes on every run; --check writes nothing and exits 1 when a file
differs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from planner.catalog import genai
from planner.catalog.llm_overlay_schema import checked_overlay
from planner.catalog.llm_rows import LlmRow, row_to_json
from planner.files import write_atomic

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo

DATA = Path(__file__).resolve().parents[1] / "planner" / "catalog" / "data"
# Prices before this day are asked of genai-prices itself.
SINCE = date(2026, 10, 1)
# Zones that Bedrock puts before a model id, where the data fold them into one `regional.` entry.
ZONES = ("", "us.", "eu.", "jp.", "apac.", "au.", "us-gov.")

Json = dict[str, object]


def main() -> int:
    """Write or check every file; 1 when --check finds a difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--as-of", type=date.fromisoformat, required=True)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    files = build(arguments.as_of)
    stale = sorted({p.name for p in (DATA / "llm_prices").glob("*.json")} - {n.name for n in files})
    changed = [p for p, text in files.items() if not p.exists() or p.read_text("utf-8") != text]
    if arguments.check:
        sys.stdout.writelines(f"differs: {p.name}\n" for p in changed)
        sys.stdout.writelines(f"left over: {name}\n" for name in stale)
        return 1 if changed or stale else 0
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, files[path])
    for name in stale:
        (DATA / "llm_prices" / name).unlink()
    return 0


def build(as_of: date) -> dict[Path, str]:
    """Text of every file by its path."""
    observed = genai.newest_change(as_of)
    files = {DATA / "llm_overlay.json": overlay_json()}
    providers: dict[str, Json] = {}
    for provider in sorted(genai.provider_ids()):
        models = provider_models(provider, observed)
        if not models:
            continue
        files[DATA / "llm_prices" / f"{provider}.json"] = provider_json(provider, observed, models)
        names = {p.id: p.name for p in genai.snapshot().providers}
        ids = sorted({i for ids in models for i in ids})
        providers[provider] = {"name": names[provider], "models": ids}
    files[DATA / "model_index.json"] = index_json(as_of, observed, providers, digest(files))
    return files


def digest(files: Mapping[Path, str]) -> str:
    """SHA-256 over the files' names and bytes in the order of their names."""
    total = hashlib.sha256()
    for path in sorted(files, key=lambda p: p.name):
        total.update(f"{path.name}\n{hashlib.sha256(files[path].encode()).hexdigest()}\n".encode())
    return total.hexdigest()


def overlay_json() -> str:
    """The overlay, checked, as JSON."""
    source = DATA / "llm_overlay.yaml"
    rows = checked_overlay(yaml.safe_load(source.read_text("utf-8")), source.name)
    return lines([json.dumps(row, sort_keys=True) for row in rows])


def provider_models(provider: str, observed: date) -> dict[tuple[str, ...], tuple[LlmRow, ...]]:
    """Rows of each text model of a provider under all the ids that mean exactly this model."""
    found: dict[tuple[str, ...], tuple[LlmRow, ...]] = {}
    for model in resolvable(provider):
        ids = exact_ids(provider, model)
        if not ids:
            continue
        try:
            found[ids] = genai.build_rows(provider, ids[0], since=SINCE, observed=observed)
        except genai.NotATextModel:
            continue
    return found


def resolvable(provider: str) -> Iterator[ModelInfo]:
    """A provider's own models, then those it borrows from the lists of others."""
    by_id = {p.id: p for p in genai.snapshot().providers}
    yield from by_id[provider].models
    for lender in by_id[provider].fallback_model_providers or ():
        yield from by_id[lender].models


def exact_ids(provider: str, model: ModelInfo) -> tuple[str, ...]:
    """Literal ids of a model that resolve to this very model at this provider, sorted."""
    candidates = {model.id, *(text for kind, text in clauses(model.match) if kind == "equals")}
    zoned = model.id.removeprefix("regional.")
    if zoned != model.id:
        starts = [text for _, text in clauses(model.match)]
        candidates |= {
            zone + zoned for zone in ZONES if any((zone + zoned).startswith(s) for s in starts)
        }
    return tuple(sorted(i for i in candidates if resolves_to(provider, i, model)))


def resolves_to(provider: str, model_id: str, model: ModelInfo) -> bool:
    """Whether genai-prices answers this id of this provider with this model."""
    try:
        return genai.find_model(provider, model_id)[1] is model
    except LookupError:
        return False


def clauses(match: object) -> Iterator[tuple[str, str]]:
    """(kind, text) of each literal in a match expression."""
    for kind in ("equals", "starts_with", "contains"):
        if hasattr(match, kind):
            yield kind, getattr(match, kind)
    for inner in getattr(match, "or_", ()):
        yield from clauses(inner)


def provider_json(
    provider: str, observed: date, models: Mapping[tuple[str, ...], tuple[LlmRow, ...]]
) -> str:
    """One line per model; what the rows of a model share stands once."""
    head = {
        "provider": provider,
        "source": f"genai-prices {genai.installed_version()}",
        "licence": "MIT, https://github.com/pydantic/genai-prices",
        "unit": "USD per 1M tokens",
        "since": SINCE.isoformat(),
        "observed": observed.isoformat(),
    }
    entries = sorted((entry(ids, rows) for ids, rows in models.items()), key=entry_key)
    body = lines([compact(item) for item in entries])
    return f'{compact(head)[:-1]},\n"models":{body.rstrip()}}}\n'


def entry(ids: tuple[str, ...], rows: tuple[LlmRow, ...]) -> Json:
    """One model: its ids and its rows, without the keys that hold the default."""
    resolved = rows[0].resolved_id
    shared: Json = {"resolved_id": resolved}
    if ids != (resolved,):
        shared["ids"] = list(ids)
    if rows[0].deprecated:
        shared["deprecated"] = True
    if rows[0].notes:
        shared["notes"] = list(rows[0].notes)
    dropped = {"provider", "model", "resolved_id", "source", "observed", "deprecated", "notes"}
    defaults: Json = {"processing": "standard", "valid_from": SINCE.isoformat()}
    shared["rows"] = [
        {
            key: value
            for key, value in row_to_json(row).items()
            if key not in dropped and value not in (None, [], defaults.get(key))
        }
        for row in rows
    ]
    return shared


def entry_key(item: Json) -> str:
    """Sort by the entry, then by its ids (two lists may use one name)."""
    return compact([item["resolved_id"], item.get("ids")])


def index_json(as_of: date, observed: date, providers: Mapping[str, Json], sha256: str) -> str:
    """Every provider with its model ids, one line each, and the stamp of the price files."""
    head = {
        "source": f"genai-prices {genai.installed_version()}",
        "as_of": as_of.isoformat(),
        "since": SINCE.isoformat(),
        "observed": observed.isoformat(),
        "llm_sha256": sha256,
    }
    body = ",\n".join(f"{compact(p)}:{compact(entry)}" for p, entry in sorted(providers.items()))
    return f'{compact(head)[:-1]},\n"providers":{{\n{body}\n}}}}\n'


def lines(items: list[str]) -> str:
    """A JSON list with one item per line."""
    return "[\n" + ",\n".join(items) + "\n]\n"


def compact(value: object) -> str:
    """JSON without spaces."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main())
