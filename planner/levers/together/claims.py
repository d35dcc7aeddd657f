"""Published figures set beside the scenario's own: a check, never an input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["Claim", "claim"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A quoted range of a share and this scenario's figure; ``within`` is None without one."""

    text: str
    low: Decimal | None
    high: Decimal | None
    figure: Decimal | None
    source: str

    @property
    def within(self) -> bool | None:
        """Whether the figure is in the range, ends included."""
        if self.figure is None:
            return None
        above = self.low is None or self.figure >= self.low
        return above and (self.high is None or self.figure <= self.high)


def claim(name: str, figure: Decimal | None) -> Claim:
    """A claim of ``data/claims.yaml`` with this scenario's figure, a share (0-1)."""
    data = _data()
    row = data["claims"][name]
    return Claim(
        text=row["text"],
        low=_share(row["low"]),
        high=_share(row["high"]),
        figure=figure,
        source=f"{data['source']}, {data['observed']}",
    )


def _share(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


@cache
def _data() -> Mapping[str, Any]:
    """The file's own structure: names, numbers and texts."""
    import yaml

    text = files("planner.levers.together").joinpath("data/claims.yaml").read_text("utf-8")
    return yaml.safe_load(text)
