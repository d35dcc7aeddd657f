"""Lengths counted from the user's own prompt files.

A text file is one request. A ``.jsonl`` file has one request a line: its input is ``prompt`` or
``text`` (text) or ``messages`` (chat messages; the text of their contents, without the few tokens
a chat template adds), its output ``output_tokens`` (a number) or ``completion`` (text).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, cast

from planner.demand.json_lines import is_jsonl, json_objects
from planner.demand.problems import field_error, file_error
from planner.errors import InputError
from planner.files import read_text

__all__ = ["Side", "TokenCounter", "input_length", "output_length", "prompt_lengths"]

TokenCounter = Callable[[str, str], int]
Side = Literal["input", "output"]

_LARGEST_TOKENS = 10_000_000


def prompt_lengths(
    files: list[str],
    side: Side,
    base_dir: Path,
    count: Callable[[str], int],
    path: str,
) -> list[int]:
    """Tokens of each request of the files, in order; at least one.

    ``count`` counts one text. ``path`` is the scenario field that names the files. ScenarioError
    for a file that cannot be read, is empty, or has a line without the field that is needed.
    """
    lengths: list[int] = []
    for file in files:
        try:
            text = read_text(base_dir / file)
        except InputError as error:
            raise field_error(path, error.message) from error
        if not text.strip():
            raise file_error(file, (None, "the file is empty; give a prompt"), path=path)
        if is_jsonl(file):
            lengths.extend(_line_lengths(file, text, side, count))
        else:
            lengths.append(count(text))
    return lengths


def _line_lengths(file: str, text: str, side: Side, count: Callable[[str], int]) -> Iterator[int]:
    read = input_length if side == "input" else output_length
    for number, row in json_objects(file, text):
        try:
            yield read(row, count)
        except ValueError as error:
            raise file_error(file, (number, str(error))) from error


def input_length(row: dict[str, Any], count: Callable[[str], int]) -> int:
    """Input tokens of one request; ValueError, in words for the user, when it has none."""
    given = [name for name in ("prompt", "messages", "text") if name in row]
    if len(given) != 1:
        raise ValueError(
            f"a request needs exactly one of prompt, messages, text; it has "
            f"{', '.join(given) or 'none of them'}"
        )
    value = row[given[0]]
    if given[0] == "messages":
        return sum(count(text) for text in _message_texts(value))
    if not isinstance(value, str):
        raise ValueError(f"`{given[0]}` must be text")
    return count(value)


def _message_texts(messages: object) -> list[str]:
    if not isinstance(messages, list):
        raise ValueError("`messages` must be a list of chat messages")
    return [text for message in cast("list[object]", messages) for text in _texts(message)]


def _texts(message: object) -> list[str]:
    content = _entry(message, "content")
    parts: object = [{"text": content}] if isinstance(content, str) else content
    if not isinstance(parts, list):
        raise ValueError("each message needs a `content`: text, or a list of parts")
    texts = [_entry(part, "text") for part in cast("list[object]", parts)]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError(
            "a message part without text cannot be counted; give tokens as a distribution instead"
        )
    return cast("list[str]", texts)


def _entry(value: object, key: str) -> object:
    return cast("dict[str, object]", value).get(key) if isinstance(value, dict) else None


def output_length(row: dict[str, Any], count: Callable[[str], int]) -> int:
    """Output tokens of one request; ValueError, in words for the user, when it has none."""
    if "output_tokens" in row:
        tokens = row["output_tokens"]
        if isinstance(tokens, bool) or not isinstance(tokens, int):
            raise ValueError("`output_tokens` must be a whole number")
        if not 0 <= tokens <= _LARGEST_TOKENS:
            raise ValueError(f"`output_tokens` must be from 0 to {_LARGEST_TOKENS:,}")
        return tokens
    completion = row.get("completion")
    if not isinstance(completion, str):
        raise ValueError("an output length needs `output_tokens`, or `completion` as text")
    return count(completion)
