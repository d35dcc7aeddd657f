"""A quoted figure beside the scenario's own, in words."""

from __future__ import annotations

from planner.render.numbers import percent
from planner.render.payload_levers import ClaimView

__all__ = ["claim_words"]


def claim_words(claim: ClaimView) -> str:
    """``quoted "semantic caching answers 30–60 % of calls": here 44.0 %, within``."""
    verdict = "not measured yet"
    if claim.figure is not None:
        place = "within" if claim.within else "outside"
        verdict = f"here {percent(claim.figure)}, {place}"
    return f"quoted “{claim.text}”: {verdict}"
