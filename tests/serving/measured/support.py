"""Questions and step times with round numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from planner.serving.calibration import Band
from planner.serving.measured.types import Run
from planner.serving.steps import Answer, Question
from tests.serving.support import LLAMA_8B, card, gpu, weights


@dataclass(frozen=True)
class LinearSteps:
    """Decode 10 ms and 0.06 ms a sequence; 0.02 ms more for each prompt token."""

    def decode_ms(self, sequences: float, context_tokens: float) -> float:
        return 10.0 + 0.06 * sequences

    def mixed_ms(
        self,
        prefill_tokens: float,
        attended_tokens: float,
        sequences: float,
        context_tokens: float,
    ) -> float:
        return 10.0 + 0.06 * sequences + 0.02 * prefill_tokens


@dataclass(frozen=True)
class Linear:
    """A provider that knows one kind of GPU."""

    accelerator: str = "H100"

    def answer(self, question: Question) -> Answer | None:
        if question.accelerator.name != self.accelerator:
            return None
        return Answer(
            steps=LinearSteps(),
            provider="linear",
            band=Band(low=0.5, high=2.0),
            source_ids=("linear",),
            warnings=("linear is rough",),
        )


def question(
    model: str = LLAMA_8B,
    accelerator: str = "H100",
    *,
    tensor_parallel_size: int = 1,
    precision: str = "native",
    input_tokens: float = 1000.0,
    output_tokens: float = 200.0,
) -> Question:
    device = gpu(accelerator)
    return Question(
        card=card(model),
        accelerator=device,
        tensor_parallel_size=tensor_parallel_size,
        weights=weights(model, device, precision),
        kv_scale=1.0,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
    )


def run(**changes: Any) -> Run:
    """64 in flight, 1,000 + 200 tokens, 2,000 tokens/s."""
    given: dict[str, Any] = {
        "id": "r1",
        "source": "test",
        "model": LLAMA_8B,
        "precision": "bf16",
        "accelerator": "H100",
        "tensor_parallel_size": 1,
        "input_tokens": 1000.0,
        "output_tokens": 200.0,
        "load_kind": "closed",
        "load": 64.0,
        "output_tokens_per_s": 2000.0,
        "tpot_ms": 30.0,
        **changes,
    }
    return Run(**given)
