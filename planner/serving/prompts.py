"""Prompt tokens that come within one engine step: a random number of prompts of random lengths.

Requests come in clusters, those of a step being a Poisson number of them. The distribution of their
tokens is that of a compound Poisson variable (Panjer's recursion on a grid of tokens), kept as a
few nodes: the mean tokens within each of some ranges of chance. What a step costs is not linear in
them, since the first tokens only use multiplications that wait for memory anyway.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

__all__ = ["StepPrompts"]

_BINS = 48
# Ranges of chance, given that any prompt comes.
_EDGES = (0.0, 0.35, 0.7, 0.93, 1.0)
_PARTS = tuple(high - low for low, high in itertools.pairwise(_EDGES))
# Clusters in a step for which nodes are kept: 2^-10 to 2^6, two to a doubling.
_PER_DOUBLING = 2
_FEWEST, _MOST = -10 * _PER_DOUBLING, 6 * _PER_DOUBLING
_SPREADS = 5.0
_NONE = 1e-9


@dataclass(frozen=True, slots=True)
class StepPrompts:
    """Prompts by (share of requests, tokens), shortest first."""

    prompts: tuple[tuple[float, float], ...]
    mean_tokens: float
    _nodes: _Nodes = field(compare=False, repr=False)

    @classmethod
    def of(cls, prompts: Sequence[tuple[float, float]]) -> StepPrompts:
        """Prompts of equal length become one."""
        shares: dict[float, float] = {}
        for share, tokens in prompts:
            shares[tokens] = shares.get(tokens, 0.0) + share
        rows = tuple((share, tokens) for tokens, share in sorted(shares.items()))
        mean = math.fsum(share * tokens for share, tokens in rows)
        return cls(rows, mean, _nodes_of(tuple((share, tokens / mean) for share, tokens in rows)))

    def chunks_beyond_first(self, budget_tokens: float) -> float:
        """Mean number of steps a prompt takes beyond its first one."""
        if self.prompts[-1][1] <= budget_tokens:
            return 0.0
        return math.fsum(
            share * (math.ceil(tokens / budget_tokens) - 1)
            for share, tokens in self.prompts
            if tokens > budget_tokens
        )

    def in_a_step(self, mean: float, cluster: float) -> list[tuple[float, float]]:
        """(chance, tokens) of steps with prompts, ``mean`` of them a step, ``cluster`` at a time.

        Chances add up to that of any prompt, chances × tokens to the mean tokens in a step.
        """
        clusters = mean / cluster
        place = min(max(math.log2(max(clusters, _NONE)) * _PER_DOUBLING, _FEWEST), _MOST)
        low = min(math.floor(place), _MOST - 1)
        part = place - low
        some = -math.expm1(-clusters)
        scale = mean * self.mean_tokens / some
        return [
            (chance * some, (below + (above - below) * part) * scale)
            for chance, below, above in zip(
                _PARTS, self._nodes.at(low), self._nodes.at(low + 1), strict=True
            )
        ]


class _Nodes:
    """Nodes for prompts with a mean of 1, in mean tokens of a step with any."""

    __slots__ = ("_known", "_prompts")

    def __init__(self, prompts: tuple[tuple[float, float], ...]) -> None:
        self._prompts = prompts
        self._known: dict[int, tuple[float, ...]] = {}

    def at(self, place: int) -> tuple[float, ...]:
        """For 2^(place ÷ 2) clusters a step."""
        nodes = self._known.get(place)
        if nodes is None:
            chances = _compound(self._prompts, 2.0 ** (place / _PER_DOUBLING))
            nodes = self._known[place] = _cut(chances)
        return nodes


@lru_cache(maxsize=256)
def _nodes_of(prompts: tuple[tuple[float, float], ...]) -> _Nodes:
    return _Nodes(prompts)


def _compound(prompts: tuple[tuple[float, float], ...], rate: float) -> list[float]:
    """Chances of 0, 1, 2 … bins of tokens in a step with any, for a Poisson number of prompts."""
    second = math.fsum(share * tokens * tokens for share, tokens in prompts)
    longest = prompts[-1][1]
    width = (rate + _SPREADS * math.sqrt(rate * second) + longest) / _BINS
    jumps = [0.0] * (_BINS + 2)
    for share, tokens in prompts:
        place = tokens / width
        low = int(place)
        jumps[low] += share * (low + 1 - place)
        jumps[low + 1] += share * (place - low)
    weights = [(n, n * jump) for n, jump in enumerate(jumps) if n and jump]
    chances = [math.exp(-rate * (1.0 - jumps[0]))]
    for n in range(1, _BINS + 1):
        found = sum(weight * chances[n - back] for back, weight in weights if back <= n)
        chances.append(rate * found / n)
    chances[0] = max(chances[0] - math.exp(-rate), 0.0)
    return chances


def _cut(chances: list[float]) -> tuple[float, ...]:
    """Mean tokens within each range of chance, in mean tokens over all of them."""
    total = math.fsum(chances)
    mean = math.fsum(place * chance for place, chance in enumerate(chances)) / total
    nodes: list[float] = []
    place, left = 0, chances[0]
    for part in _PARTS:
        need, moment = part * total, 0.0
        while place < len(chances) - 1 and left < need:
            moment += left * place
            need -= left
            place += 1
            left = chances[place]
        moment += need * place
        left -= need
        nodes.append(moment / (part * total * mean))
    return tuple(nodes)
