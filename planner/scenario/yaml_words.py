"""The YAML parser's messages in words a user can act on."""

from __future__ import annotations

import yaml

__all__ = ["plain_words"]

# Part of the parser's message -> what it means; libyaml and PyYAML word some of them differently.
_MEANINGS = (
    (
        "mapping values are not allowed",
        "a second `: ` or a wrong indentation; write one `key: value` a line, quote text with `: `",
    ),
    (
        "could not find expected ':'",
        "neither `key: value` nor a list item; add the colon, or quote text over several lines",
    ),
    (
        "did not find expected key",
        "the indentation does not match the lines above; line it up with its neighbours",
    ),
    (
        "expected <block end>",
        "the indentation does not match the lines above; line it up with its neighbours",
    ),
    (
        "did not find expected '-' indicator",
        "a list item or a wrong indentation; start each item with `- ` in one column",
    ),
    ("block sequence entries are not allowed", "a list cannot start here; put `- ` on a new line"),
    (
        "did not find expected ',' or ']'",
        "a `[` is not closed; separate items by commas and end with `]`",
    ),
    ("expected ',' or ']'", "a `[` is not closed; separate items by commas and end with `]`"),
    (
        "did not find expected ',' or '}'",
        "a `{` is not closed; separate entries by commas and end with `}`",
    ),
    ("expected ',' or '}'", "a `{` is not closed; separate entries by commas and end with `}`"),
    ("unexpected end of stream", "a quote is opened and never closed; close it"),
    ("document separator", "a quote is opened and never closed; close it"),
    ("escape", "an escape that YAML does not know; use single quotes, or double the backslash"),
    (
        "expected <document start>",
        "text after the end of the document; check its indentation against the first line",
    ),
    (
        "did not find expected node content",
        "a bracket is opened and nothing follows; close it or write the value",
    ),
    ("tag", "a `!` starts a tag, which is not used here; put the text in quotes"),
    ("alphabetic or numeric", "`&` and `*` start anchors; put text that begins so in quotes"),
    ("directive", "a line that begins with `%` is a directive; indent or remove it"),
)


def plain_words(error: yaml.MarkedYAMLError, source_line: str, column: int) -> str:
    """What is wrong at ``column`` (1-based) of ``source_line`` and how to write it."""
    indentation = source_line[: len(source_line) - len(source_line.lstrip())]
    here = source_line[column - 1 : column]
    if "\t" in indentation or here == "\t":
        return "not YAML: a tab stands here; indent with spaces"
    problem = error.problem or ""
    if "cannot start any token" in problem:
        return f"not YAML: text cannot begin with {here or 'this character'}; put it in quotes"
    for part, meaning in _MEANINGS:
        if part in problem:
            return f"not YAML: {meaning}"
    return f"not YAML: {problem or error.context or 'cannot be read'}"
