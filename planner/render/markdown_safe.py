"""Text of strangers inside a comment on a code host: shown as it is, doing nothing.

What GitHub and GitLab make of plain text beside Markdown: HTML, entities (``&#64;name`` becomes a
mention), mentions, issue, merge request and commit references, links, formulas between dollars.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from planner.render.markdown import escape

__all__ = ["LONGEST_CELL", "marker_key", "safe"]

LONGEST_CELL = 300

_NOTHING = "\u200b"
# Controls, line and paragraph separators, direction overrides, zero-width characters.
_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
# `#12`, `GH-12`, `!12`, and names that GitLab marks with `&`, `%`, `$`; dollars before a digit are
# amounts, and no formula ends at one.
_REFERENCE = re.compile(r"([#!%])(?=\w)|\b(GH)(?=-\d)", re.IGNORECASE)
_LINK = re.compile(r"(://)|\b(www)(?=\.)|\b(mailto|xmpp)(?=:)", re.IGNORECASE)
_FORMULA = re.compile(r"\$(?!\d)")
_HEX_RUN = re.compile(r"\b([0-9a-f]{6})(?=[0-9a-f]{1,}\b)", re.IGNORECASE)
_KEY = re.compile(r"[^A-Za-z0-9._-]+")


@lru_cache(maxsize=16_384)
def safe(text: str) -> str:
    """``text`` on one line, at most ``LONGEST_CELL`` characters, with nothing in it that acts."""
    plain = "".join(
        " " if character in "\t\r\n" else character
        for character in text
        if character in "\t\r\n" or unicodedata.category(character) not in _UNSEEN
    )
    if len(plain) > LONGEST_CELL:
        plain = f"{plain[: LONGEST_CELL - 1]}…"
    escaped = escape(plain).replace("&", "&amp;")
    # As entities: no reader of the text finds a comment of HTML in it, rendered or not.
    escaped = escaped.replace("\\<", "&lt;").replace("\\>", "&gt;")
    escaped = _REFERENCE.sub(lambda found: f"{found[0]}{_NOTHING}", escaped)
    escaped = _LINK.sub(lambda found: f"{found[0]}{_NOTHING}", escaped)
    escaped = _HEX_RUN.sub(lambda found: f"{found[0]}{_NOTHING}", escaped)
    return _FORMULA.sub(r"\\$", escaped)


def marker_key(name: str) -> str:
    """A name inside an HTML comment: letters, digits and ``._-`` only, never empty.

    Two hyphens would end the comment in some readers.
    """
    cleaned = re.sub(r"-{2,}", "-", _KEY.sub("-", name))[:100].strip("-")
    return cleaned or "diff"
