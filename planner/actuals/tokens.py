"""Token buckets that do not overlap, from counts that may contain each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from planner.actuals.types import RowError

__all__ = ["CacheWrites", "TokenFields", "split", "split_exclusive"]


class TokenFields(TypedDict):
    """The token fields of ``Usage``, to be passed on as keywords."""

    uncached_input_tokens: int
    cache_read_tokens: int
    cache_write_5m_tokens: int
    cache_write_30m_tokens: int
    cache_write_1h_tokens: int
    cache_write_12h_tokens: int
    cache_write_unknown_tokens: int
    output_tokens: int
    reasoning_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheWrites:
    """Written tokens by how long they live; ``total`` may hold more than the parts say."""

    m5: int = 0
    m30: int = 0
    h1: int = 0
    h12: int = 0
    total: int | None = None

    @property
    def known(self) -> int:
        """Tokens whose lifetime is known."""
        return self.m5 + self.m30 + self.h1 + self.h12

    @property
    def unknown(self) -> int:
        """Tokens whose lifetime is not known; RowError when the parts exceed the total."""
        if self.total is None:
            return 0
        if self.total < self.known:
            raise RowError(
                "cache_write", f"parts of {self.known} tokens exceed their total of {self.total}"
            )
        return self.total - self.known

    @property
    def all(self) -> int:
        """Every written token."""
        return self.known + self.unknown


NO_WRITES = CacheWrites()


def split(
    *,
    logical_input: int,
    output: int,
    read: int = 0,
    writes: CacheWrites = NO_WRITES,
    reasoning: int = 0,
    total: int | None = None,
) -> TokenFields:
    """Buckets of an input that contains its cached and written tokens.

    RowError when the parts exceed it: the source has taken the cache out already, and clamping
    to 0 would hide that.
    """
    uncached = logical_input - read - writes.all
    if uncached < 0:
        raise RowError(
            "input_tokens",
            f"{logical_input} input tokens are fewer than {read} read from and {writes.all} "
            "written to the cache: the source seems to leave the cache out of the input",
            tokens=logical_input + output,
        )
    return split_exclusive(
        uncached_input=uncached,
        output=output,
        read=read,
        writes=writes,
        reasoning=reasoning,
        total=total,
    )


def split_exclusive(
    *,
    uncached_input: int,
    output: int,
    read: int = 0,
    writes: CacheWrites = NO_WRITES,
    reasoning: int = 0,
    total: int | None = None,
) -> TokenFields:
    """Buckets of an input without cached and written tokens; RowError when they do not add up."""
    sum_of_all = uncached_input + read + writes.all + output
    if reasoning > output:
        raise RowError(
            "reasoning_tokens",
            f"{reasoning} reasoning tokens are more than the {output} output tokens they are in",
            tokens=sum_of_all,
        )
    if total is not None and total != sum_of_all:
        raise RowError(
            "total_tokens",
            f"input and output add up to {sum_of_all} tokens, the total says {total}",
            tokens=sum_of_all,
        )
    return TokenFields(
        uncached_input_tokens=uncached_input,
        cache_read_tokens=read,
        cache_write_5m_tokens=writes.m5,
        cache_write_30m_tokens=writes.m30,
        cache_write_1h_tokens=writes.h1,
        cache_write_12h_tokens=writes.h12,
        cache_write_unknown_tokens=writes.unknown,
        output_tokens=output,
        reasoning_tokens=reasoning,
    )
