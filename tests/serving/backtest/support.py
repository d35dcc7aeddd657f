"""Builders for tests of the back-test: files of rows, rows, judged rows, even step times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from planner.serving.backtest import METRICS, Judged, Prediction, Row
from planner.serving.calibration import Band
from planner.serving.steps import Answer, Question

HEADER: str = (
    "id,source,model,precision,gpu,tp,isl,osl,load_kind,load_value,out_tok_s,ttft_ms,ttft_stat,"
    "tpot_ms,tpot_stat,engine_version,notes"
)
LINE: str = (
    "a,my lab,meta-llama/Llama-3.1-8B-Instruct,bf16,H100-SXM,1,1000,200,closed_loop_concurrency,"
    "16,1500,80,mean,9.5,mean,0.18.0,"
)


def line(**changes: str) -> str:
    """The line above with some fields changed."""
    fields = dict(zip(HEADER.split(","), LINE.split(","), strict=True)) | changes
    return ",".join(fields[name] for name in HEADER.split(","))


def file_of(*lines: str, header: str = HEADER) -> str:
    return "\n".join((header, *lines)) + "\n"


def row(**changes: Any) -> Row:
    values: dict[str, Any] = {
        "line": 2,
        "id": "a",
        "source": "my lab",
        "model": "meta-llama/Llama-3.1-8B-Instruct",
        "precision": "bf16",
        "engine": "vllm",
        "engine_version": "",
        "gpu": "H100",
        "gpu_count": 1,
        "tensor_parallel_size": 1,
        "input_tokens": 1000.0,
        "output_tokens": 200.0,
        "spread": None,
        "load_kind": "closed",
        "load": 16.0,
        "output_tokens_per_s": 1000.0,
        "ttft_ms": 100.0,
        "ttft_percentile": None,
        "tpot_ms": 10.0,
        "tpot_percentile": None,
        "notes": "",
    } | changes
    return Row(**values)


def judged(predicted: float, *, low: float = 0.8, high: float = 1.25, **changes: Any) -> Judged:
    """A row measured at 1,000 tokens/s, predicted at ``predicted``, in all figures alike."""
    found = row(**changes)
    ratio = predicted / 1000.0
    return Judged(
        row=found,
        prediction=Prediction(
            provider=changes.get("provider", "profile"),
            band_class="profile_dense",
            accelerator=found.gpu,
            is_moe=False,
            values={
                metric: ratio * measured
                for metric in METRICS
                if (measured := found.measured(metric)) is not None
            },
            bands={metric: Band(low=low, high=high) for metric in METRICS},
            untrusted={},
            utilisation=0.5,
            source_ids=(),
            warnings=(),
        ),
    )


@dataclass(frozen=True, slots=True)
class Even:
    """Every step takes as long as every other."""

    step_ms: float

    def decode_ms(self, sequences: float, context_tokens: float) -> float:
        return self.step_ms

    def mixed_ms(
        self,
        prefill_tokens: float,
        attended_tokens: float,
        sequences: float,
        context_tokens: float,
    ) -> float:
        return self.step_ms

    def answer(self, question: Question) -> Answer:
        return Answer(
            steps=self,
            provider="even",
            band=Band(low=0.8, high=1.25),
            band_class="profile_dense",
            source_ids=("even",),
        )
