"""Real usage and spend: imported from any source into one store of records, and read from it.

Names are imported when they are first used, so that the command line starts without them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from planner.actuals.types import (
    RECORD_FIELDS,
    SOURCES,
    UNASSIGNED,
    QuarantinedRow,
    SourceName,
    Usage,
    UsageRecord,
)

if TYPE_CHECKING:
    from planner.actuals.importing import ImportResult, ImportSettings, import_files
    from planner.actuals.manifest import ImportedFile
    from planner.actuals.pricing import CataloguePricer, ListPrice, Pricer
    from planner.actuals.sources import LABELS, SPECS, SourceSpec, source_spec
    from planner.actuals.store import Store, open_store

__all__ = [
    "LABELS",
    "RECORD_FIELDS",
    "SOURCES",
    "SPECS",
    "UNASSIGNED",
    "CataloguePricer",
    "ImportResult",
    "ImportSettings",
    "ImportedFile",
    "ListPrice",
    "Pricer",
    "QuarantinedRow",
    "SourceName",
    "SourceSpec",
    "Store",
    "Usage",
    "UsageRecord",
    "import_files",
    "open_store",
    "source_spec",
]

_HOMES = {
    "CataloguePricer": "pricing",
    "ImportResult": "importing",
    "ImportSettings": "importing",
    "ImportedFile": "manifest",
    "LABELS": "sources",
    "ListPrice": "pricing",
    "Pricer": "pricing",
    "SPECS": "sources",
    "SourceSpec": "sources",
    "Store": "store",
    "import_files": "importing",
    "open_store": "store",
    "source_spec": "sources",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
