"""planner: API against self-hosted LLM serving, priced from a workload scenario."""

from __future__ import annotations

__all__ = ["DISTRIBUTION", "__version__"]

# A constant and not importlib.metadata, which costs 36 ms at every start.
__version__ = "0.1.0"

# Another distribution installs a package of this name; the entry point looks for this mark.
DISTRIBUTION = "llm-serving-planner"
