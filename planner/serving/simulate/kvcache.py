"""Blocks of the KV cache: of decoded sequences, of prompts in prefill, of shared prefixes."""

from __future__ import annotations

from collections.abc import Iterable

from planner.serving.simulate.decoding import Decoding
from planner.serving.simulate.prefixes import Key, Prefixes

__all__ = ["KvCache"]


class KvCache:
    """``prompt_blocks`` are those of requests in prefill, taken as a whole at admission."""

    __slots__ = ("_decoding", "_total", "block_tokens", "prefixes", "prompt_blocks")

    def __init__(self, decoding: Decoding, *, tokens: int, block_tokens: int) -> None:
        self.block_tokens = block_tokens
        self.prefixes = Prefixes()
        self.prompt_blocks = 0
        self._decoding = decoding
        self._total = tokens // block_tokens

    def blocks_of(self, tokens: int) -> int:
        """Blocks that so many tokens of one sequence take."""
        return -(-tokens // self.block_tokens)

    def fits_alone(self, tokens: int) -> bool:
        """Whether a sequence of that length could be served with nothing beside it."""
        return self.blocks_of(tokens) <= self._total

    def beside_decoding(self) -> int:
        """Blocks that are not the decoded sequences' own."""
        return self.prompt_blocks + self.prefixes.tokens // self.block_tokens

    def most_used(self) -> int:
        """At least ``used()``, quickly."""
        return self._decoding.most_blocks(0) + self.beside_decoding()

    def used(self) -> int:
        """Blocks in use, unused prefixes included."""
        return self._decoding.blocks() + self.beside_decoding()

    def find_room(self, needed: int) -> bool:
        """Whether so many blocks are free beside the next decode step.

        Unused prefixes are thrown out for it, but only if that is enough.
        """
        decoding, limit = self._decoding, self._total - needed
        if decoding.most_blocks(1) + self.beside_decoding() <= limit:
            return True
        growing = decoding.blocks(1)
        over = growing + self.beside_decoding() - limit
        if over * self.block_tokens > self.prefixes.unused_tokens:
            return False
        while growing + self.beside_decoding() > limit:
            self.prefixes.evict()
        return True

    def steps_that_fit(self, most: int) -> int:
        """Decode steps, up to ``most``, for which blocks are free without throwing anything out."""
        decoding, room = self._decoding, self._total - self.beside_decoding()
        if decoding.most_blocks(most) <= room:
            return most
        return decoding.steps_that_fit(room - decoding.blocks(), most)

    def use_prefix(self, prefix: Key | None) -> int:
        """Tokens found of a prefix, which is in use from now on; 0 when it is not stored."""
        if prefix is None or prefix not in self.prefixes:
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

    def store_prefix(self, prefix: Key) -> int:
        """Turn a prompt's blocks into shared ones; how many."""
        blocks = prefix[1] // self.block_tokens
        self.prefixes.store(prefix)
        self.prompt_blocks -= blocks
        return blocks
