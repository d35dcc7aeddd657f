"""How fast an option's replicas are, relative to what its plan counts on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from planner.costs import Option
from planner.decision.uncertainty.length_response import NO_RESPONSE, LengthResponse

if TYPE_CHECKING:
    from planner.decision.uncertainty.draws import Floats, World

__all__ = ["Pace", "throughput_input"]


def throughput_input(option: Option) -> str:
    """The name of the input that says how fast this option's replicas are.

    However they are bought, replicas of one model on the same accelerators are as fast.
    """
    serving = option.serving
    if serving is None:
        return f"throughput:{option.name}"
    on = f"{serving.accelerator} tp{serving.tensor_parallel_size}"
    return f"throughput:{serving.model_id} {serving.precision} on {on}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """``speed`` is the input for the throughput of the option's replicas."""

    speed: str
    response: LengthResponse = NO_RESPONSE
    follows_peak: bool = True

    def factor(self, world: World) -> Floats | float:
        """Requests that a replica sustains, as a multiple of the plan's, in each case."""
        speed = world.of(self.speed) * self.response.factor(world)
        return speed / world.of("peak") if self.follows_peak else speed
