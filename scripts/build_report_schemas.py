"""Writes the JSON Schemas of the JSON reports to docs/schema; `make docs` runs it."""

from __future__ import annotations

import inspect
import json
import types
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from planner.files import write_atomic
from planner.render.explain import Explained
from planner.render.payload_actuals import ReportView
from planner.render.payload_actuals_forecast import ForecastView
from planner.render.payload_actuals_loop import LoopView
from planner.render.payload_breakeven_report import BreakevenReport
from planner.render.payload_capacity import CapacityReport
from planner.render.payload_diff_types import DiffReportView
from planner.render.payload_optimize import OptimizeReport
from planner.render.payload_pareto import ParetoReport
from planner.render.payload_portfolio import PortfolioReport
from planner.render.payload_recommend import RecommendReport
from planner.render.payload_tco_report import TcoReport
from planner.render.payload_tokens import SamplesReport, TokensReport
from planner.render.payload_types import SCHEMA_VERSION

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "schema"

# Report -> (what one run of the command can write, what the key `explain` holds then).
REPORTS: dict[str, tuple[type, ...]] = {
    "recommend": (RecommendReport, PortfolioReport),
    "tco": (TcoReport,),
    "breakeven": (BreakevenReport,),
    "capacity": (CapacityReport,),
    "optimize": (OptimizeReport,),
    "pareto": (ParetoReport,),
    "tokens": (TokensReport, SamplesReport),
    "diff": (DiffReportView,),
    "actuals-report": (ReportView,),
    "actuals-forecast": (ForecastView,),
}
# Those without a scenario to explain.
_UNEXPLAINED = ("capacity", "pareto", "tokens", "diff", "actuals-report", "actuals-forecast")

_PLAIN: dict[object, dict[str, Any]] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    date: {"type": "string", "format": "date"},
    datetime: {"type": "string", "format": "date-time"},
    Decimal: {
        "type": "string",
        "pattern": r"^-?[0-9]+(\.[0-9]+)?$",
        "description": "Decimal number as text, with all its digits.",
    },
    type(None): {"type": "null"},
}


def schema(name: str) -> dict[str, Any]:
    """The schema of one report."""
    defs: dict[str, Any] = {}
    roots = [_reference(root, defs) for root in REPORTS[name]]
    if name not in _UNEXPLAINED:
        _add_explanations(REPORTS[name], defs)
    if name == "recommend":
        # With `--actuals` only.
        measured = _reference(LoopView, defs)
        defs[RecommendReport.__name__]["properties"]["actuals"] = measured
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:llm-serving-planner:{name}-report:{SCHEMA_VERSION}",
        "title": f"planner {name.replace('-', ' ')} --format json",
        "anyOf": roots,
        "$defs": dict(sorted(defs.items())),
    }


def _add_explanations(reports: Sequence[type], defs: dict[str, Any]) -> None:
    explained = {"type": "array", "items": _schema_of(Explained, defs)}
    by_scenario = {"type": "object", "additionalProperties": explained}
    for root in reports:
        several = root is PortfolioReport
        defs[root.__name__]["properties"]["explain"] = by_scenario if several else explained


def text(name: str) -> str:
    """The file of one report."""
    return json.dumps(schema(name), indent=2, ensure_ascii=False) + "\n"


def _reference(view: type, defs: dict[str, Any]) -> dict[str, Any]:
    if view.__name__ not in defs:
        defs[view.__name__] = {}
        hints = get_type_hints(view)
        defs[view.__name__] = {
            "type": "object",
            "description": inspect.cleandoc(view.__doc__ or ""),
            "additionalProperties": False,
            "required": sorted(hints),
            "properties": {key: _schema_of(hint, defs) for key, hint in sorted(hints.items())},
        }
    return {"$ref": f"#/$defs/{view.__name__}"}


def _schema_of(hint: Any, defs: dict[str, Any]) -> dict[str, Any]:
    if hint in _PLAIN:
        return _PLAIN[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema_of(each, defs) for each in arguments]}
    if origin in (tuple, Sequence):
        return {"type": "array", "items": _schema_of(arguments[0], defs)}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _schema_of(arguments[1], defs)}
    if isinstance(hint, type) and hasattr(hint, "_fields"):
        return _reference(hint, defs)
    raise TypeError(f"no JSON form for {hint!r}")


def main() -> None:
    """Write every schema."""
    for name in REPORTS:
        write_atomic(FOLDER / f"{name}.schema.json", text(name))


if __name__ == "__main__":
    main()
