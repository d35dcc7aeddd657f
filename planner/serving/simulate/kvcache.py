"""Blocks of the KV cache: of decoded sequences, of prompts in prefill, of shared prefixes."""

from __future__ import annotations

from collections.abc import Iterable

from planner.serving.simulate.decoding import Decoding
from planner.serving.simulate.prefixes import Key, Prefixes

__all__ = ["KvCache"]


class KvCache:
    """``beside`` are the blocks that are not the decoded sequences' own: of requests in prefill,
    taken as a whole at admission, and of shared prefixes.
    """

    __slots__ = ("_decoding", "_total", "beside", "block_tokens", "prefixes")

    def __init__(self, decoding: Decoding, *, tokens: int, block_tokens: int) -> None:
        self.block_tokens = block_tokens
        self.prefixes = Prefixes()
        self.beside = 0
        self._decoding = decoding
        self._total = tokens // block_tokens

    def blocks_of(self, tokens: int) -> int:
        """Blocks that so many tokens of one sequence take."""
        return -(-tokens // self.block_tokens)

    def fits_alone(self, tokens: int) -> bool:
        """Whether a sequence of that length could be served with nothing beside it."""
        return self.blocks_of(tokens) <= self._total

    def used(self) -> int:
        """Blocks in use, unused prefixes included."""
        return self._decoding.blocks() + self.beside

    def peak(self, before: int) -> int:
        """The larger of ``before`` and ``used()``, which is counted only where it could be."""
        decoding, block = self._decoding, self.block_tokens
        padded = decoding.tokens - decoding.shared_tokens + (block - 1) * len(decoding.members)
        if padded // block + self.beside <= before:
            return before
        return max(before, self.used())

    def surely_fits(self, steps: int) -> bool:
        """Whether so many decode steps have room for certain, however their blocks lie."""
        return self._decoding.most_blocks(steps) + self.beside <= self._total

    def find_room(self, needed: int) -> bool:
        """Whether so many blocks are free beside the next decode step.

        Unused prefixes are thrown out for it, but only if that is enough.
        """
        decoding, limit = self._decoding, self._total - needed
        if decoding.most_blocks(1) + self.beside <= limit:
            return True
        growing = decoding.blocks(1)
        over = growing + self.beside - limit
        if over * self.block_tokens > self.prefixes.unused_tokens:
            return False
        while growing + self.beside > limit:
            self.evict()
        return True

    def evict(self) -> bool:
        """Throw out the prefix unused for longest; False if all are in use."""
        tokens = self.prefixes.evict()
        self.beside -= tokens // self.block_tokens
        return tokens > 0

    def steps_that_fit(self, most: int) -> int:
        """Decode steps, up to ``most``, for which blocks are free without throwing anything out."""
        decoding, room = self._decoding, self._total - self.beside
        if decoding.most_blocks(most) <= room:
            return most
        return decoding.steps_that_fit(room - decoding.blocks(), most)

    def use_prefix(self, prefix: Key) -> int:
        """Tokens found of a prefix, which is in use from now on; 0 when it is not stored."""
        if prefix not in self.prefixes:
            return 0
        self.prefixes.use(prefix)
        return prefix[1]

    def warm(self, prefixes: Iterable[Key]) -> None:
        """Store these prefixes, used by nobody yet, as many as fill half of the cache."""
        most = self._total // 2 * self.block_tokens
        for prefix in prefixes:
            if self.prefixes.tokens + prefix[1] > most:
                break
            self.prefixes.store(prefix)
            self.prefixes.release(prefix)
            self.beside += prefix[1] // self.block_tokens

    def store_prefix(self, prefix: Key) -> int:
        """Turn a prompt's blocks into shared ones; how many."""
        self.prefixes.store(prefix)
        return prefix[1] // self.block_tokens
