"""Files with one JSON object a line."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from planner.demand.problems import file_error

__all__ = ["is_jsonl", "json_objects"]


def is_jsonl(file: str) -> bool:
    """Whether the name says that the file holds one request a line."""
    return Path(file).suffix.lower() in (".jsonl", ".ndjson")


# Any: the values are the user's own and are checked where they are read.
def json_objects(file: str, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line numbers and objects; empty lines are left out. ScenarioError for any other line."""
    for number, line in enumerate(io.StringIO(text), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            where = f"{error.msg}, column {error.colno}"
            raise file_error(file, (number, f"not JSON: {where}")) from error
        except (ValueError, RecursionError) as error:
            raise file_error(file, (number, f"not JSON: {error}")) from error
        if not isinstance(row, dict):
            raise file_error(file, (number, "not a JSON object; one object a line is needed"))
        yield number, row
