"""Shared prompt prefixes in the KV cache: whole blocks, kept until room is needed."""

from __future__ import annotations

__all__ = ["Prefixes"]

# A prefix by its number and the tokens of it that a request can share.
Key = tuple[int, int]


class Prefixes:
    """Stored prefixes. One in use by a running request stays; unused ones go when their blocks are
    needed, the one unused for longest first. ``tokens`` are those of all, ``unused_tokens`` those
    that could go.
    """

    __slots__ = ("_unused", "_users", "tokens", "unused_tokens")

    def __init__(self) -> None:
        self.tokens = 0
        self.unused_tokens = 0
        self._users: dict[Key, int] = {}
        self._unused: dict[Key, None] = {}

    def __contains__(self, prefix: Key) -> bool:
        return prefix in self._users

    def store(self, prefix: Key) -> None:
        """Keep a prefix that its first user has just computed."""
        self._users[prefix] = 1
        self.tokens += prefix[1]

    def use(self, prefix: Key) -> None:
        """One more running request reads it."""
        if not self._users[prefix]:
            del self._unused[prefix]
            self.unused_tokens -= prefix[1]
        self._users[prefix] += 1

    def release(self, prefix: Key) -> None:
        """A running request that read it has left."""
        self._users[prefix] -= 1
        if not self._users[prefix]:
            self._unused[prefix] = None
            self.unused_tokens += prefix[1]

    def evict(self) -> int:
        """Throw out the prefix unused for longest: its tokens, 0 if all are in use."""
        if not self._unused:
            return 0
        prefix = next(iter(self._unused))
        del self._unused[prefix], self._users[prefix]
        self.tokens -= prefix[1]
        self.unused_tokens -= prefix[1]
        return prefix[1]
