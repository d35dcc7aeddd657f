"""What one replica of a model serves on an instance type: memory, step times, queue, band."""

from __future__ import annotations

from planner.serving.search import PROVIDERS, serving_options
from planner.serving.types import Capacity, ServingOption

__all__ = ["PROVIDERS", "Capacity", "ServingOption", "serving_options"]
