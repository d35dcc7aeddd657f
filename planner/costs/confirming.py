"""Picks of hardware, each replayed by the simulator before it may be recommended.

Where the service level is missed, one replica more is tried, at most three times, then the next
candidate. Where several kinds of hardware have missed it like that, further ones would too: then
the fewest replicas that keep it are looked for, on the kinds seen so far.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from planner.costs.inputs import PricingInputs
from planner.costs.terms import Fleet
from planner.costs.types import Option
from planner.serving.simulate import CapacityCheck, Share, check_capacity, enough_replicas
from planner.serving.types import ServingOption

__all__ = [
    "CONFIRM_SEED",
    "Confirmer",
    "Finding",
    "Pick",
    "candidate_label",
    "finding",
    "shares_to_try",
]

CONFIRM_SEED = 1
# Times that replicas are added before the next candidate is looked at: one each time, or a
# twentieth of a large fleet, in which one more would change nothing.
_TIMES = 3
_LARGE_FLEET = 20
# Kinds of hardware that may miss the service level so, before fleets are made much larger: in
# steps of a fifth, to at most four times the replicas.
_MOST_REFUSED = 3
_GROWTH = tuple(1.2**step for step in range(1, 9))

_NOT_SIMULATED = "not simulated: cheaper kinds of hardware miss the service level"

# GPU, degree and cache: what two instance types have in common that serve alike.
_Kind = tuple[str, int, int, bool]


def candidate_label(serving: ServingOption) -> str:
    """``g6e.12xlarge tp4``"""
    return f"{serving.instance_type} tp{serving.tensor_parallel_size}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is known of a candidate: replicas to add, or the reason to leave it out.

    ``extra_replicas`` are beyond what its capacity says; ``check`` is how that was found, None in
    answers in short.
    """

    extra_replicas: int
    reason: str | None
    check: CapacityCheck | None = None


# The option on its cheapest candidate in the light of the findings so far, by candidate.
Pick = Callable[[Mapping[str, Finding]], Option]


class Confirmer:
    """Confirms one model's hardware; each load on a kind is simulated once, however bought."""

    def __init__(self, inputs: PricingInputs) -> None:
        self._inputs = inputs
        self._known: dict[tuple[_Kind, tuple[tuple[int, Share], ...]], Finding | None] = {}

    def confirmed(self, pick: Pick) -> Option:
        """The option on the cheapest candidate that the simulator confirms, with its check.

        A candidate that needs more replicas is priced again and must still be the cheapest. Where
        there is nothing to simulate, or no number of replicas is enough, the option has no check;
        nor has it in answers in short.
        """
        refused: set[_Kind] = set()
        option, confirmed = self._search(pick, refused, grown=False)
        if not confirmed and refused:
            option, _ = self._search(pick, refused, grown=True)
        return option

    def _search(self, pick: Pick, refused: set[_Kind], *, grown: bool) -> tuple[Option, bool]:
        """The option, and whether it is confirmed.

        Adds to ``refused`` until there are enough; ``grown``: many replicas, on those only.
        """
        known: dict[str, Finding] = {}
        while True:
            option = pick(known)
            if option.serving is None or option.fleet is None:
                return option, False
            label, kind = candidate_label(option.serving), _kind(option.serving)
            if label in known:
                return replace(option, check=known[label].check), True
            if grown and kind not in refused:
                known[label] = Finding(extra_replicas=0, reason=_NOT_SIMULATED)
                continue
            found = self._found(option.serving, option.fleet, grown=grown)
            if found is None:
                return option, False
            known[label] = found
            if found.reason is None and not found.extra_replicas:
                return replace(option, check=found.check), True
            if found.reason is not None and not grown:
                refused.add(kind)
                if len(refused) == _MOST_REFUSED:
                    return option, False

    def _found(self, serving: ServingOption, fleet: Fleet, *, grown: bool) -> Finding | None:
        shares = shares_to_try(replace(fleet, extra_replicas=0), self._inputs, grown=grown)
        key = (_kind(serving), tuple(shares.items()))
        if key not in self._known:
            self._known[key] = finding(serving, self._inputs, shares)
        return self._known[key]


def finding(
    serving: ServingOption, inputs: PricingInputs, shares: Mapping[int, Share]
) -> Finding | None:
    """What simulation finds of a candidate; None where nothing is known of its step times."""
    demand, slo = inputs.demand, inputs.scenario.slo
    if inputs.brief:
        enough = enough_replicas(serving, demand, slo, shares, seed=CONFIRM_SEED)
        if enough is None:
            return None
        return Finding(extra_replicas=enough.extra_replicas, reason=enough.reason)
    check = check_capacity(serving, demand, slo, shares, seed=CONFIRM_SEED)
    if check is None:
        return None
    return Finding(extra_replicas=check.extra_replicas, reason=check.reason, check=check)


def _kind(serving: ServingOption) -> _Kind:
    return (
        serving.accelerator,
        serving.tensor_parallel_size,
        serving.kv_cache_tokens,
        serving.prefix_caching,
    )


def shares_to_try(fleet: Fleet, inputs: PricingInputs, *, grown: bool) -> dict[int, Share]:
    """The busiest moment by number of replicas more; a pinned number leaves only 0."""
    plain = _busiest_share(fleet, inputs)
    if fleet.fixed_replicas is not None:
        return {0: plain}
    most = _TIMES * math.ceil(plain.replicas / _LARGE_FLEET)
    few = range(0, most + 1, most // _TIMES)
    many = (math.ceil(plain.replicas * (growth - 1.0)) for growth in _GROWTH)
    return {
        extra: _busiest_share(replace(fleet, extra_replicas=extra), inputs)
        for extra in (sorted({extra for extra in many if extra > most}) if grown else few)
    }


def _busiest_share(fleet: Fleet, inputs: PricingInputs) -> Share:
    """Of all months the one whose working replicas have most to do; the spare does not count."""
    return max(
        (
            Share(
                load_rps=float(requests) * inputs.peak_rps_per_monthly_request,
                replicas=max(fleet.replicas(requests) - fleet.spare_replicas, 1),
            )
            for requests in dict.fromkeys(inputs.months.requests)
        ),
        key=lambda share: share.rate_rps,
    )
