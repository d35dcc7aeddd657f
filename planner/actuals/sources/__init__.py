"""Every source that can be imported, one module each."""

from __future__ import annotations

from planner.actuals.sources.catalogue import SPECS, fitting_sources, source_spec
from planner.actuals.sources.spec import LABELS, FileFacts, Parsed, RowParser, SourceSpec

__all__ = [
    "LABELS",
    "SPECS",
    "FileFacts",
    "Parsed",
    "RowParser",
    "SourceSpec",
    "fitting_sources",
    "source_spec",
]
