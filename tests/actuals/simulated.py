"""The textbook's simulation of 200 calls (table S)."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

_MODELS = [("gpt-4o-mini", 0.003), ("gpt-4o", 0.012), ("claude-opus", 0.025)]
_FEATURES = ["classification", "summarization", "extraction", "chat"]
START = datetime(2026, 1, 15, tzinfo=UTC)


def simulation_rows() -> list[dict[str, object]]:
    """The draws of the textbook, in its order."""
    draws = random.Random(42)
    rows: list[dict[str, object]] = []
    for index in range(200):
        model, base = draws.choice(_MODELS)
        feature = draws.choice(_FEATURES)
        cost = base * (0.5 + draws.random())
        rows.append(
            {
                "timestamp": (START + timedelta(seconds=432 * index)).isoformat(),
                "model": model,
                "feature": feature,
                "cost_usd": cost,
                "input_tokens": draws.randint(100, 2000),
                "output_tokens": draws.randint(50, 500),
                "latency_ms": draws.uniform(50, 1000),
            }
        )
    return rows
