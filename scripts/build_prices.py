"""Make the shipped price data from three CSV tables.

    python scripts/build_prices.py TABLES --as-of 2026-11-21 [--out planner/catalog/data]

``TABLES`` is a folder with ``aws_gpu_prices.csv``, ``aws_gpu_specs_offerings.csv`` and
``aws_service_prices.csv``. Written: ``prices.json``, ``instances.json`` and
``free_allowances.json``. How the tables are read lies in ``instance_terms.yaml`` and
``service_items.yaml`` beside this script.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from planner.catalog.rows import RawRow
from planner.catalog.snapshot import snapshot_text
from planner.files import write_atomic
from planner.money import usd, usd_text

HERE = Path(__file__).parent
Line = Mapping[str, str]
Terms = Mapping[str, Any]

SERVICE_PRICE_REGION = "us-east-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The three CSV files as lists of lines."""

    prices: list[Line]
    specs: list[Line]
    services: list[Line]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where one figure comes from."""

    source: str
    observed: str | None
    licence_note: str


def read_tables(folder: Path) -> Tables:
    """The CSV files of a folder."""
    return Tables(
        prices=_read_csv(folder / "aws_gpu_prices.csv"),
        specs=_read_csv(folder / "aws_gpu_specs_offerings.csv"),
        services=_read_csv(folder / "aws_service_prices.csv"),
    )


def _read_csv(path: Path) -> list[Line]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def read_terms(name: str) -> Terms:
    """A YAML file beside this script."""
    return yaml.safe_load((HERE / name).read_text(encoding="utf-8"))


# --- instances -----------------------------------------------------------------------------------


def iso_or_none(text: str) -> str | None:
    """The text when it is a day; None for anything vaguer, such as a year or "early 2026"."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


def origin_of(line: Line, purchase: str, terms: Terms) -> Origin:
    """The newest source of a line that gives this kind of price."""
    found: list[Origin] = []
    for source, day in zip(line["source"].split(" + "), line["date"].split(" / "), strict=True):
        rule = next(r for r in terms["sources"] if re.search(r["pattern"], source))
        if purchase in rule["gives"]:
            note = rule["licence_note"]
            found.append(Origin(source=source, observed=iso_or_none(day), licence_note=note))
    if not found:
        raise ValueError(f"{line['instance_type']} {line['region']}: no source for {purchase}")
    return max(found, key=lambda origin: origin.observed or "")


def instance_rows(tables: Tables, terms: Terms) -> Iterator[RawRow]:
    """On-demand and one-year Reserved rows; offered pairs without a price are null rows."""
    lines = {(line["instance_type"], line["region"]): line for line in tables.prices}
    offered = {
        (spec["instance_type"], region)
        for spec in tables.specs
        for region in spec["regions"].split()
    }
    for pair in sorted(offered | _priced(lines.values())):
        for purchase, column in (
            ("on_demand", "on_demand_usd_h"),
            ("ri_1y_no_upfront", "ri_1yr_no_upfront_usd_h"),
        ):
            line = lines.get(pair)
            if line is not None and line[column]:
                yield _priced_row(line, purchase, column, terms, confirmed=pair in offered)
            else:
                yield _null_row(pair, purchase, column, tables, terms)


def _priced(lines: Iterable[Line]) -> set[tuple[str, str]]:
    return {(line["instance_type"], line["region"]) for line in lines if line["on_demand_usd_h"]}


def _priced_row(line: Line, purchase: str, column: str, terms: Terms, *, confirmed: bool) -> RawRow:
    origin = origin_of(line, purchase, terms)
    doubt = "" if confirmed else "; unconfirmed: the type is not offered in this region"
    return {
        "kind": "instance",
        "region": line["region"],
        "item": line["instance_type"],
        "purchase": purchase,
        "unit": "hour",
        "usd": usd_text(usd(line[column])),
        "source": origin.source + doubt,
        "observed": origin.observed,
        "licence_note": origin.licence_note,
        "reason_null": None,
    }


def _null_row(
    pair: tuple[str, str], purchase: str, column: str, tables: Tables, terms: Terms
) -> RawRow:
    name, region = pair
    return {
        "kind": "instance",
        "region": region,
        "item": name,
        "purchase": purchase,
        "unit": "hour",
        "usd": None,
        "source": terms["specs_source"],
        "observed": None,
        "licence_note": "",
        "reason_null": _why_null(name, region, purchase, column, tables),
    }


def _why_null(name: str, region: str, purchase: str, column: str, tables: Tables) -> str:
    what = "on-demand" if purchase == "on_demand" else "1-year no-upfront Reserved"
    sold_somewhere = any(line["instance_type"] == name and line[column] for line in tables.prices)
    if not sold_somewhere and purchase == "on_demand":
        return f"no on-demand price of {name} in any region: Capacity Blocks or spot only"
    if not sold_somewhere:
        return f"no {what} price of {name} in any region of the sources"
    if region not in {line["region"] for line in tables.prices}:
        return f"the price sources do not cover {region}"
    return f"offered in {region} without a known {what} price"


def instance_types(tables: Tables, terms: Terms) -> list[dict[str, object]]:
    """The instance types with their accelerators, memory, quotas and regions."""
    unpriced = {s["instance_type"] for s in tables.specs} - {n for n, _ in _priced(tables.prices)}
    offered = {s["instance_type"]: s["regions"].split() for s in tables.specs}
    unconfirmed: dict[str, list[str]] = {}
    for name, region in sorted(_priced(tables.prices)):
        if region not in offered[name]:
            unconfirmed.setdefault(name, []).append(region)
    return [
        _instance_type(spec, terms, unpriced, unconfirmed.get(spec["instance_type"], ()))
        for spec in sorted(tables.specs, key=lambda s: s["instance_type"])
    ]


def _instance_type(
    spec: Line, terms: Terms, unpriced: set[str], unconfirmed: Iterable[str]
) -> dict[str, object]:
    name, accelerator = spec["instance_type"], accelerator_name(spec, terms)
    family = name.split(".")[0]
    quota = next(q for q in terms["quotas"] if family in q["families"])
    memory = int(spec["mem_mib_each"])
    notes = [f"{region} has a price but no offering: unconfirmed" for region in unconfirmed]
    for correction in terms["memory_corrections"]:
        if correction["accelerator"] == accelerator:
            memory = correction["mem_mib"]
            notes.append(correction["note"])
    if name in unpriced:
        notes.append("no on-demand price in any region: Capacity Blocks or spot only")
    if "note" in quota:
        notes.append(quota["note"])
    return {
        "name": name,
        "accelerator": accelerator,
        "accelerator_count": int(spec["count"]),
        "accelerator_mem_mib": memory,
        "vcpu": int(spec["vcpu"]),
        "mem_mib": int(spec["mem_mib"]),
        # Empty means that the type has no instance store, which is a true zero.
        "local_nvme_gb": int(spec["local_nvme_gb"] or 0),
        "arch": spec["arch"],
        "usage_classes": spec["usage_classes"].split("/"),
        "regions": sorted(spec["regions"].split()),
        "quota_code_on_demand": quota["on_demand"],
        "quota_code_spot": quota["spot"],
        "source": terms["specs_source"],
        "observed": None,
        "notes": notes,
    }


def accelerator_name(spec: Line, terms: Terms) -> str:
    """The catalog's name of a line's accelerator; the two tables spell some differently."""
    names: Mapping[str, str] = terms["accelerators"]
    plain = spec["accelerator"]
    return names.get(plain) or names[f"{plain} {spec['mem_mib_each']}"]


# --- services ------------------------------------------------------------------------------------


def resolved_services(lines: list[Line]) -> list[dict[str, str]]:
    """The service lines with the source ``same`` replaced by that of the line above."""
    resolved: list[dict[str, str]] = []
    for line in lines:
        copy = dict(line)
        if copy["source"] == "same":
            copy["source"] = resolved[-1]["source"]
        resolved.append(copy)
    return resolved


def service_rows(tables: Tables, terms: Terms) -> Iterator[RawRow]:
    """One row per item of the terms and region."""
    lines = {(s["service"], s["item"]): s for s in resolved_services(tables.services)}
    for entry in terms["items"]:
        line = lines[entry["service"], entry["item"]]
        origin = _service_origin(line["source"], terms)
        for region in entry.get("regions", [SERVICE_PRICE_REGION]):
            yield _service_row(
                entry,
                region,
                price=usd_text(_service_price(entry, line)),
                source=line["source"],
                observed=origin.observed,
                licence_note=origin.licence_note,
            )
    for entry in terms["given"]:
        origin = _service_origin(entry["source"], terms)
        yield _service_row(
            entry,
            SERVICE_PRICE_REGION,
            price=usd_text(usd(entry["usd"])),
            source=entry["source"],
            observed=origin.observed,
            licence_note=origin.licence_note,
        )
    for entry in terms["unpriced"]:
        yield _service_row(
            entry, SERVICE_PRICE_REGION, source="AWS service price table", reason=entry["reason"]
        )


def _service_row(
    entry: Terms,
    region: str,
    *,
    source: str,
    price: str | None = None,
    observed: str | None = None,
    licence_note: str = "",
    reason: str | None = None,
) -> RawRow:
    return {
        "kind": "service",
        "region": region,
        "item": entry["id"],
        "purchase": "on_demand",
        "unit": entry["unit"],
        "usd": price,
        "source": source,
        "observed": observed,
        "licence_note": licence_note,
        "reason_null": reason,
    }


def _service_price(entry: Terms, line: Line) -> Decimal:
    text = line["us_east_1_usd"]
    if "note" in entry:
        match = re.search(entry["note"], line["note"])
        if match is None:
            raise ValueError(f"{entry['id']}: {entry['note']!r} not in note {line['note']!r}")
        # A pattern without a group says that the line's own price holds there too.
        text = match[1] if match.groups() else text
    return usd(text) * entry.get("per", 1)


def _service_origin(source: str, terms: Terms) -> Origin:
    observed: str | None = None
    for rule in terms["source_dates"]:
        match = re.search(rule["pattern"], source)
        if match is not None:
            observed = match[1] if rule["observed"] == "match" else str(rule["observed"])
            break
    notes = [n["note"] for n in terms["licence_notes"] if re.search(n["pattern"], source)]
    return Origin(source=source, observed=observed, licence_note=notes[0] if notes else "")


def free_allowances(tables: Tables, terms: Terms) -> list[dict[str, object]]:
    """What AWS gives every account free each month, in the item's own unit."""
    lines = {(s["service"], s["item"]): s for s in resolved_services(tables.services)}
    found: list[dict[str, object]] = []
    for entry in terms["items"]:
        line = lines[entry["service"], entry["item"]]
        units = _free_units(entry, line)
        if units is not None:
            origin = _service_origin(line["source"], terms)
            found.append(
                {
                    "item": entry["id"],
                    "free_units_per_month": usd_text(units),
                    "unit": entry["unit"],
                    "source": line["source"],
                    "observed": origin.observed,
                }
            )
    return sorted(found, key=lambda f: str(f["item"]))


def _free_units(entry: Terms, line: Line) -> Decimal | None:
    if "free_units" in entry:
        return Decimal(str(entry["free_units"]))
    if "free" not in entry:
        return None
    match = re.search(entry["free"], line["note"])
    if match is None:
        raise ValueError(f"{entry['id']}: {entry['free']!r} not in note {line['note']!r}")
    return Decimal(match[1]) * entry.get("free_units_per_match", 1)


# --- files ---------------------------------------------------------------------------------------


def build(tables: Tables, as_of: date) -> dict[str, str]:
    """Text of each data file, by file name."""
    instances, services = read_terms("instance_terms.yaml"), read_terms("service_items.yaml")
    rows = [*instance_rows(tables, instances), *service_rows(tables, services)]
    return {
        "prices.json": snapshot_text(rows, meta={"as_of": as_of.isoformat()}),
        "instances.json": _json_lines(instance_types(tables, instances)),
        "free_allowances.json": _json_lines(free_allowances(tables, services)),
    }


def _json_lines(items: list[dict[str, object]]) -> str:
    return "[\n" + ",\n".join(json.dumps(item) for item in items) + "\n]\n"


def main(arguments: list[str]) -> int:
    """Write the data files."""
    parser = argparse.ArgumentParser(description="Make the shipped price data from CSV tables.")
    parser.add_argument("tables", type=Path, help="folder with the three CSV files")
    parser.add_argument("--as-of", type=date.fromisoformat, required=True)
    parser.add_argument("--out", type=Path, default=HERE.parent / "planner" / "catalog" / "data")
    options = parser.parse_args(arguments)
    for name, text in build(read_tables(options.tables), options.as_of).items():
        write_atomic(options.out / name, text)
        sys.stdout.write(f"{options.out / name}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
