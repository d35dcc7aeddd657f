"""Token counts without a network: tiktoken on rank files that ship with planner.

tiktoken would delete a rank file whose hash is wrong and download it again, without a timeout.
The files are therefore checked first, and tiktoken only ever sees the packaged folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from planner.errors import InputError

if TYPE_CHECKING:
    from tiktoken import Encoding

__all__ = [
    "EncodingChoice",
    "count_tokens",
    "encoding_for",
    "encoding_names",
    "load_encoding",
]

_DATA = Path(__file__).parent / "data"
_CACHE_VARIABLE = "TIKTOKEN_CACHE_DIR"
_LOCK = threading.Lock()
# tiktoken panics on a million spaces. A cut through a word adds about two tokens: 1 in 12,000 at
# this length, 1 in 150 at 1,000 characters (tiktoken 0.14.0, o200k_base, English, 2026-11-21).
_PIECE_CHARACTERS = 100_000

Basis = Literal["exact", "assumed", "approximate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodingChoice:
    """How the tokens of a model are counted.

    ``factor`` times the count of ``encoding`` estimates the model's own tokens; ``basis`` says
    whether that is exact, assumed for lack of a statement by the vendor, or approximate, within
    ``tolerance_share`` on English and code (None: not measured).
    """

    encoding: str
    basis: Basis
    factor: Decimal
    tolerance_share: Decimal | None
    source: str

    @property
    def label(self) -> str:
        """For reports: ``o200k_base``, or ``approximate (o200k_base x 1.10)``."""
        if self.basis == "exact":
            return self.encoding
        if self.basis == "assumed":
            return f"assumed {self.encoding}"
        return f"approximate ({self.encoding} x {self.factor})"

    def count(self, text: str) -> int:
        """Estimated tokens of ``text``, to the nearest whole one; InputError as count_tokens."""
        return self.estimate(count_tokens(text, self.encoding))

    def estimate(self, count: int) -> int:
        """Estimated tokens of a text that is ``count`` tokens in ``encoding``."""
        return int((count * self.factor).to_integral_value(rounding=ROUND_HALF_UP))


def count_tokens(text: str, encoding: str = "o200k_base") -> int:
    """Tokens of ``text`` as plain text: ``<|endoftext|>`` is seven, not one.

    InputError when ``encoding`` is not shipped or its rank file is damaged.
    """
    encoder = load_encoding(encoding)
    pieces = range(0, len(text), _PIECE_CHARACTERS)
    return sum(
        len(encoder.encode_ordinary(text[start : start + _PIECE_CHARACTERS])) for start in pieces
    )


def encoding_names() -> tuple[str, ...]:
    """Encodings that can be counted offline, sorted."""
    return tuple(sorted(_table()["ranks"]))


def encoding_for(provider: str | None, model: str) -> EncodingChoice:
    """How to count for a model, by its id as sent to the provider or its Hugging Face id.

    The longest known beginning of the id wins, path and vendor prefix left out; then the
    provider; a model nobody measured gets o200k_base, marked approximate.
    """
    table = _table()
    matches = [
        (len(start), rule)
        for rule in table["models"]
        for start in rule["starts"]
        if re.search(rf"(?:^|[/:]|[a-z]\.){re.escape(start)}", model.lower())
    ]
    if matches:
        return _choice(max(matches, key=lambda match: match[0])[1])
    owned = (rule for rule in table["models"] if provider in rule.get("providers", ()))
    return _choice(next(owned, table["other"]))


@cache
def load_encoding(name: str, folder: Path = _DATA / "tiktoken") -> Encoding:
    """The tiktoken encoding, read from ``folder`` once its file has the right hash.

    InputError when the encoding is not shipped, or its file is missing or damaged; the file is
    left as it is.
    """
    import tiktoken

    ranks = _table()["ranks"].get(name)
    if ranks is None:
        raise InputError(
            f"no token encoding `{name}` is shipped: use one of {', '.join(encoding_names())}"
        )
    _check_file(folder / ranks["file"], ranks["sha256"], name)
    with _LOCK:
        before = os.environ.get(_CACHE_VARIABLE)
        os.environ[_CACHE_VARIABLE] = str(folder)
        try:
            return tiktoken.get_encoding(name)
        finally:
            if before is None:
                del os.environ[_CACHE_VARIABLE]
            else:
                os.environ[_CACHE_VARIABLE] = before


def _check_file(path: Path, sha256: str, name: str) -> None:
    repair = "install llm-serving-planner again"
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(
            f"{path}: the token ranks of {name} cannot be read ({error.strerror}); {repair}"
        ) from error
    if found != sha256:
        raise InputError(
            f"{path}: the token ranks of {name} are damaged: sha256 is {found}, "
            f"not {sha256}; {repair}"
        )


def _choice(rule: dict[str, Any]) -> EncodingChoice:
    tolerance = rule.get("tolerance_share")
    return EncodingChoice(
        encoding=rule["encoding"],
        basis=rule["basis"],
        factor=Decimal(rule["factor"]),
        tolerance_share=None if tolerance is None else Decimal(tolerance),
        source=rule["source"],
    )


@cache
def _table() -> dict[str, Any]:
    """The packaged table, whose form a test checks, hence ``Any``."""
    return json.loads((_DATA / "encodings.json").read_bytes())
