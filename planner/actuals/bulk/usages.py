"""What a source makes of one batch: the fields of ``Usage`` as columns.

Any: pyarrow and numpy arrays of n rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from planner.actuals.bulk.columns import Words
from planner.actuals.engines import pyarrow_module

__all__ = ["BulkUsages"]

_DAY_US = 86_400 * 10**6


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkUsages:
    """One request a row. Fields that are not among the columns have the default of ``Usage``.

    ``words`` are text of few values; empty text among ``optional_words`` is no value. ``notes``
    are n flags each.
    """

    record_key: Any
    started_at: Any
    provider: Words
    model_raw: Words
    status: Words
    words: Mapping[str, Words]
    optional_words: Mapping[str, Words]
    numbers: Mapping[str, Any]
    notes: Mapping[str, Any]

    def number(self, name: str) -> Any:
        """n whole numbers; zeros where the source does not give them."""
        import numpy as np

        return self.numbers.get(name, np.zeros(len(self.started_at), dtype=np.int64))

    def arrow(self) -> dict[str, Any]:
        """The columns by name."""
        texts = {
            **self.words,
            "provider": self.provider,
            "model_raw": self.model_raw,
            "status": self.status,
            "notes": self._notes(),
        }
        return {
            "record_key": self.record_key,
            "started_at": self.started_at,
            **{name: _dictionary(words) for name, words in texts.items()},
            **{name: _or_null(words) for name, words in self.optional_words.items()},
            **self.numbers,
        }

    def days(self) -> Any:
        """n whole numbers: days since 1970 in UTC."""
        pa = pyarrow_module()
        return self.started_at.view(pa.int64()).fill_null(0).to_numpy() // _DAY_US

    def _notes(self) -> Words:
        """The names of the flags that are up, in order, joined."""
        import numpy as np

        names = sorted(self.notes)
        codes = np.zeros(len(self.started_at), dtype=np.int32)
        for place, name in enumerate(names):
            codes += self.notes[name].astype(np.int32) << place
        values = [
            ",".join(name for place, name in enumerate(names) if mask >> place & 1)
            for mask in range(1 << len(names))
        ]
        return Words(codes=codes, values=values)


def _dictionary(words: Words, mask: Any = None) -> Any:
    pa = pyarrow_module()
    codes = pa.array(words.codes, mask=mask)
    return pa.DictionaryArray.from_arrays(codes, pa.array(words.values, pa.string()))


def _or_null(words: Words) -> Any:
    return _dictionary(words, mask=words.where("".__eq__))
