"""Near names for names that are not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["did_you_mean"]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`` (did you mean `g5.xlarge`?)`` when a known name is close, else empty."""
    by_lower_case = {each.lower(): each for each in known}
    near = get_close_matches(name.lower(), by_lower_case, n=1, cutoff=0.6)
    return f" (did you mean `{by_lower_case[near[0]]}`?)" if near else ""
