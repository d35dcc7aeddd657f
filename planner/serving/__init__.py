"""What one replica of a model serves on an instance type: memory, step times, queue, band."""

from __future__ import annotations

from planner.serving.search import PROVIDERS, providers_with, serving_options
from planner.serving.types import Capacity, ServingOption

__all__ = ["PROVIDERS", "Capacity", "ServingOption", "providers_with", "serving_options"]
