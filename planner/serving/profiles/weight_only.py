"""Step times of weights with fewer bits than the GPU multiplies, from the bf16 profile.

    D_q(b, l) = D_bf16(b, l) − (W_bf16(b) − W_q(b)) ÷ (tp · peak bandwidth)
    P_q(n | p) = f · P_bf16(n | p)

W(b) are the weight bytes a step of b tokens reads: all of a dense model's, the touched experts of
a mixture. The bytes are credited at the peak bandwidth only and the unpacking costs f of compute,
because open A100 rows show it so: first-token-free latency 0.68x at one request a second (8B in
fp8), prefill 1.1-1.2x, but saturated output 0.85-0.90x (dense fp8) and 0.95-1.02x (AWQ). Latency
and memory are credited, dense throughput is not.
"""

from __future__ import annotations

from dataclasses import dataclass

from planner.serving.profiles.steps import ProfileSteps

__all__ = ["SavedBytes", "WeightOnlySteps"]

_BYTES_PER_MS_OF_GB_PER_S = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedBytes:
    """Weight bytes that fewer bits save in the whole model, and how many of them a step reads.

    ``dense`` are read by every step; of ``experts`` the share 1 − ``idle_share``^b that b tokens
    touch, where ``idle_share`` = 1 − experts per token ÷ experts.
    """

    dense: float
    experts: float = 0.0
    idle_share: float = 0.0

    def touched(self, tokens: float) -> float:
        """Bytes saved in a step of ``tokens`` decoded tokens."""
        if not self.experts:
            return self.dense
        return self.dense + self.experts * (1.0 - self.idle_share ** max(tokens, 1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightOnlySteps:
    """The formulas of the module, as ``planner.serving.steps.StepTimes``.

    ``bf16`` are the step times to derive from, ``bandwidth_gb_per_s`` the peak of one GPU (1e9
    bytes), ``compute_factor`` the f above. ``least_share`` is bytes left ÷ bytes in bf16: a step
    never gets shorter than that share of its bf16 time.
    """

    bf16: ProfileSteps
    saved: SavedBytes
    bandwidth_gb_per_s: float
    tensor_parallel_size: int
    compute_factor: float
    least_share: float

    def decode_ms(self, sequences: float, context_tokens: float) -> float:
        """D_q(b, l)."""
        whole = self.bf16.decode_ms(sequences, context_tokens)
        return max(whole - self._saved_ms(sequences), whole * self.least_share)

    def mixed_ms(
        self,
        prefill_tokens: float,
        attended_tokens: float,
        sequences: float,
        context_tokens: float,
    ) -> float:
        """A step that also prefills: the bytes are read once, so only the unpacking shows."""
        if prefill_tokens <= 0:
            return self.decode_ms(sequences, context_tokens)
        whole, cache = self.bf16.mixed_parts(
            prefill_tokens, attended_tokens, sequences, context_tokens
        )
        return self.compute_factor * (whole - cache) + cache

    def _saved_ms(self, sequences: float) -> float:
        rate = self.tensor_parallel_size * self.bandwidth_gb_per_s * _BYTES_PER_MS_OF_GB_PER_S
        return self.saved.touched(sequences) / rate
