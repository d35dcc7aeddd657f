"""The sequences an engine decodes: tokens and cache blocks they hold, and when they end.

All of them take one token in each step, so a sequence is known by the step it ends at and by its
length minus the step number. Blocks are counted by the remainder of that difference: a sequence
needs a new block whenever its length is a multiple of the block.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush

__all__ = ["Decoding"]


class Decoding:
    """The set in decode. ``tokens`` is the sum of contexts in the cache, ``shared_tokens`` the part
    of it that lies in blocks of shared prefixes; ``step`` counts steps since the start; ``ends`` is
    a heap of the step each one ends at, with its request.
    """

    __slots__ = ("_block", "_remainders", "ends", "members", "shared_tokens", "step", "tokens")

    def __init__(self, block_tokens: int) -> None:
        self.members: dict[int, tuple[int, int, int]] = {}
        self.tokens = 0
        self.shared_tokens = 0
        self.step = 0
        self._block = block_tokens
        self._remainders = [0] * block_tokens
        self.ends: list[tuple[int, int]] = []

    def add(self, request: int, *, tokens: int, shared_tokens: int, left: int) -> None:
        """A sequence with so many tokens in the cache and ``left`` steps to go, the youngest."""
        end, base = self.step + left, tokens - self.step
        self.members[request] = (end, base, shared_tokens)
        self.tokens += tokens
        self.shared_tokens += shared_tokens
        self._remainders[base % self._block] += 1
        heappush(self.ends, (end, request))

    def _drop(self, member: tuple[int, int, int]) -> None:
        _, base, shared = member
        self.tokens -= base + self.step
        self.shared_tokens -= shared
        self._remainders[base % self._block] -= 1

    def pop_youngest(self) -> tuple[int, int, int]:
        """Take out the sequence added last: request, steps it had left, tokens of its own."""
        request, member = self.members.popitem()
        self._drop(member)
        end, base, shared = member
        self.ends.remove((end, request))
        heapify(self.ends)
        return request, end - self.step, base + self.step - shared

    def pop_ended(self) -> list[int]:
        """Take out the sequences whose last step is done, by request number."""
        ends = self.ends
        ended: list[int] = []
        while ends and ends[0][0] <= self.step:
            request = heappop(ends)[1]
            self._drop(self.members.pop(request))
            ended.append(request)
        return ended

    def steps_to_next_end(self) -> int:
        """Steps until one of them ends; there must be one."""
        return self.ends[0][0] - self.step

    def advance(self, steps: int) -> int:
        """One token more for each sequence in each step; the number of tokens."""
        decoded = steps * len(self.members)
        self.step += steps
        self.tokens += decoded
        return decoded

    def blocks(self, steps: int = 0) -> int:
        """Blocks of their own that they hold after so many more steps."""
        block, at = self._block, self.step + steps
        padding = 0
        for remainder, count in enumerate(self._remainders):
            if count:
                padding += count * (-(remainder + at) % block)
        tokens = self.tokens + steps * len(self.members)
        return (tokens - self.shared_tokens + padding) // block

    def most_blocks(self, steps: int) -> int:
        """At least ``blocks(steps)``, without looking at each remainder."""
        block = self._block
        padded = self.tokens - self.shared_tokens + (steps + block - 1) * len(self.members)
        return padded // block

    def steps_that_fit(self, free_blocks: int, most: int) -> int:
        """How many steps, up to ``most``, take no more than so many new blocks."""
        rounds = free_blocks // len(self.members)
        steps = rounds * self._block
        taken = rounds * len(self.members)
        while steps < most:
            taken += self._remainders[-(self.step + steps) % self._block]
            if taken > free_blocks:
                break
            steps += 1
        return min(steps, most)
