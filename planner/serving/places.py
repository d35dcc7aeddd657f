"""How many sequences an engine can hold at once: slots, cache, and room in a step.

- Step: with all M tokens of every step used, g·(1 − 1/O) sequences decode beside g·I ÷ O tokens of
  prompts, so g = M ÷ (1 + (I − 1) ÷ O).
- Slots: a request holds one for each of its O steps, and for each further step its prompt takes in
  chunks of what such steps leave it.
- Cache: a sequence holds what its context is on average, E[O·(I + O/2)] ÷ E[O], and half of a last
  block. What lies idle is what the next prompt still lacks: between nothing and all of it, a long
  prompt for longer, E[I²] ÷ 2E[I] on average. A full cache also takes in every token it frees at
  once, although those that are decoded need them later: for each request, prompts of I + O tokens
  are computed, those sent back again included.
"""

from __future__ import annotations

from dataclasses import dataclass

from planner.serving.lengths import Lengths

__all__ = ["Limits", "Places", "cache_tokens_for", "places_of"]

# vLLM's cache block; a sequence's last one is half empty on average.
_BLOCK_TOKENS = 16
_HALF_BLOCK = (_BLOCK_TOKENS - 1) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Engine limits of a replica; ``kv_cache_tokens`` without what shared prefixes take."""

    max_num_seqs: int
    max_num_batched_tokens: int
    kv_cache_tokens: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Most sequences by slots, by cache, and by the tokens of a step; a mean, not whole."""

    slots: float
    cache: float
    step: float

    @property
    def held(self) -> float:
        """Most that can be admitted, with whatever speed."""
        return min(self.slots, self.cache)

    @property
    def most(self) -> float:
        """Most that are kept up while requests come and go."""
        return min(self.slots, self.cache, self.step)

    @property
    def cache_bound(self) -> bool:
        """Whether the cache is full before the slots are."""
        return self.cache < self.slots


def places_of(lengths: Lengths, limits: Limits) -> Places:
    """See the module."""
    prompt, output = lengths.input_tokens, lengths.output_tokens
    step = limits.max_num_batched_tokens / (1.0 + (prompt - 1.0) / output)
    further = lengths.prompts.chunks_beyond_first(
        max(limits.max_num_batched_tokens - step * (1.0 - 1.0 / output), 1.0)
    )
    cache = max(limits.kv_cache_tokens - _idle(lengths), 0.0) / _each(lengths, further)
    return Places(
        slots=limits.max_num_seqs / (1.0 + further / output),
        # A cache that holds one whole sequence holds it, whatever lies idle beside it.
        cache=max(cache, min(limits.kv_cache_tokens / lengths.sequence_tokens, 1.0)),
        step=step,
    )


def _idle(lengths: Lengths) -> float:
    return lengths.input_tokens * (1.0 + lengths.input_cv2) / 2.0


def _each(lengths: Lengths, further_steps: float) -> float:
    """Tokens of cache for each sequence: in decode, and in its prompt's steps."""
    decoded = lengths.context_tokens - lengths.cached_tokens + _HALF_BLOCK
    prompts = lengths.input_tokens + lengths.output_tokens
    return (
        decoded * (1.0 - 1.0 / lengths.output_tokens)
        + prompts * (1.0 + further_steps) / lengths.output_tokens
    )


def cache_tokens_for(lengths: Lengths, sequences: float) -> float:
    """The smallest cache that holds so many sequences, with prompts of one step each."""
    return sequences * _each(lengths, 0.0) + _idle(lengths)
