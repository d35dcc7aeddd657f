"""Prompt templates: text with ``{{name}}`` or ``{name}`` where a value of the request goes.

A template that has a name in double braces uses those only, so that JSON in it may keep its
single ones. What is in braces and is no name (``{"label": 1}``, ``{}``) is always text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

__all__ = ["fill", "template_variables"]

_DOUBLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
_SINGLE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


def template_variables(template: str) -> tuple[str, ...]:
    """The names a template asks for, each once, in the order of their first use."""
    return tuple(dict.fromkeys(_pattern(template).findall(template)))


def fill(template: str, values: Mapping[str, object]) -> str:
    """The template with its names replaced; braces inside a value stay as they are.

    ValueError, in words for the user, for names that ``values`` lacks or has no text for.
    """
    missing = [name for name in template_variables(template) if name not in values]
    if missing:
        wanted = ", ".join(f"`{name}`" for name in missing)
        has = ", ".join(f"`{name}`" for name in values) or "nothing"
        raise ValueError(f"the template asks for {wanted}; this sample has {has}")
    return _pattern(template).sub(lambda found: _text(found[1], values[found[1]]), template)


def _pattern(template: str) -> re.Pattern[str]:
    return _DOUBLE if _DOUBLE.search(template) else _SINGLE


def _text(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return str(value)
    kind = "empty" if value is None else f"a {type(value).__name__}"
    raise ValueError(f"`{name}` is {kind}; give it as the text that the prompt gets")
