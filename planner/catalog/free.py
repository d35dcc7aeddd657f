"""What AWS gives every account free each month, from ``data/free_allowances.json``.

Costs do not subtract these: an account that runs other things has used them up.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import cast

from planner.catalog.snapshot import DATA_DIR
from planner.files import read_text

__all__ = ["free_units_per_month"]


@cache
def free_units_per_month() -> Mapping[str, Decimal]:
    """Free units by service item, in the item's own unit."""
    raw = cast(list[dict[str, str]], json.loads(read_text(DATA_DIR / "free_allowances.json")))
    return {entry["item"]: Decimal(entry["free_units_per_month"]) for entry in raw}
