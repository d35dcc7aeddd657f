"""Every option of a scenario, priced: the arms that the decision compares."""

from __future__ import annotations

from collections.abc import Sequence

from planner.costs.api_option import api_option
from planner.costs.inputs import PricingInputs
from planner.costs.manual import manual_option
from planner.costs.types import Option

__all__ = ["price_options"]


def price_options(inputs: PricingInputs) -> tuple[Option, ...]:
    """All options in the order of the scenario: API, self-hosted by purchase, hybrid, manual.

    InputError when the catalog does not know an API model, an instance type or a region.
    """
    given = inputs.scenario.options
    apis = tuple(api_option(inputs, option) for option in given.api)
    return (
        *apis,
        *(_on_own_hardware(inputs, apis) if given.selfhost or given.hybrid else ()),
        *(manual_option(inputs, option) for option in given.manual),
    )


def _on_own_hardware(inputs: PricingInputs, apis: Sequence[Option]) -> tuple[Option, ...]:
    # What sizes and simulates replicas is a fifth of a start: imported where there are any.
    from planner.costs.hybrid_option import ApiChoice, hybrid_options
    from planner.costs.selfhost_option import selfhost_options

    given = inputs.scenario.options
    choices = [
        ApiChoice(given=api, option=option) for api, option in zip(given.api, apis, strict=True)
    ]
    return (
        *(bought for option in given.selfhost for bought in selfhost_options(inputs, option)),
        *(each for option in given.hybrid for each in hybrid_options(inputs, option, choices)),
    )
