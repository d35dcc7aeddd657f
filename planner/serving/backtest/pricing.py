"""Price of one GPU-hour, for comparing options: on demand in us-east-1."""

from __future__ import annotations

from decimal import Decimal

from planner.catalog.hardware import shipped_instances
from planner.catalog.snapshot import Snapshot
from planner.serving.backtest.regret import GpuPrice

__all__ = ["REGION", "on_demand_gpu_price"]

REGION = "us-east-1"


def on_demand_gpu_price(snapshot: Snapshot) -> GpuPrice:
    """For an accelerator and a degree: the least price ÷ GPUs of the types with enough GPUs."""

    def price(accelerator: str, degree: int) -> Decimal | None:
        found: list[Decimal] = []
        for instance in shipped_instances().values():
            if instance.accelerator != accelerator or instance.accelerator_count < degree:
                continue
            row = snapshot.row("instance", REGION, instance.name, "on_demand")
            if row is not None and row.usd is not None:
                found.append(row.usd / instance.accelerator_count)
        return min(found, default=None)

    return price
