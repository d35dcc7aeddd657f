"""Counts of prompts, and what one saves against the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from planner.demand.tokenizer import EncodingChoice, count_tokens, encoding_names

__all__ = ["Comparison", "Prompt", "PromptCount", "compared", "counted", "plain_choice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A prompt by its file: one text as it is, or a template filled with each sample."""

    name: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptCount:
    """Characters and tokens of a prompt, means where it was filled with several samples.

    ``counts`` holds for each encoding the tokens of each text.
    """

    name: str
    texts: int
    characters: Decimal
    counts: Mapping[str, tuple[int, ...]]

    def tokens(self, choice: EncodingChoice) -> Decimal:
        """Mean tokens as a model counts them: whole for each text, estimated by its factor."""
        return _mean([choice.estimate(count) for count in self.counts[choice.encoding]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What prompt b saves against prompt a, in tokens a request.

    ``share`` of a's tokens is None when a is empty, ``ratio`` (a ÷ b) when b is.
    """

    saved_tokens: Decimal
    share: Decimal | None
    ratio: Decimal | None


def plain_choice(encoding: str) -> EncodingChoice:
    """The count of an encoding itself, without asking which model uses it."""
    return EncodingChoice(
        encoding=encoding,
        basis="exact",
        factor=Decimal(1),
        tolerance_share=None,
        source="tiktoken, ranks shipped with planner",
    )


def counted(prompt: Prompt) -> PromptCount:
    """Count every text of a prompt (at least one) in every shipped encoding.

    InputError when a rank file is damaged.
    """
    return PromptCount(
        name=prompt.name,
        texts=len(prompt.texts),
        characters=_mean([len(text) for text in prompt.texts]),
        counts={
            name: tuple(count_tokens(text, name) for text in prompt.texts)
            for name in encoding_names()
        },
    )


def compared(a: Decimal, b: Decimal) -> Comparison:
    """Compare two mean counts."""
    return Comparison(
        saved_tokens=a - b,
        share=(a - b) / a if a else None,
        ratio=a / b if b else None,
    )


def _mean(values: list[int]) -> Decimal:
    return Decimal(sum(values)) / len(values)
