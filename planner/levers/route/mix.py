"""Several models instead of one: a route asks one of them, a cascade one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

__all__ = ["Kind", "Mix", "MixModel", "mix_cost", "reaching_shares", "with_first_share"]

Kind = Literal["route", "cascade"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MixModel:
    """One model: the share (0-1) of requests whose answer it gives, and one request on it.

    USD of the input and the output tokens of a mean request, and what is asked for the request
    itself; ``latency_ms`` and ``quality`` (0-1) are None where they are not known.
    """

    name: str
    answered_share: Decimal
    input_usd: Decimal
    output_usd: Decimal
    request_usd: Decimal = Decimal(0)
    latency_ms: Decimal | None = None
    quality: Decimal | None = None

    @property
    def usd(self) -> Decimal:
        """One request."""
        return self.input_usd + self.output_usd + self.request_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """A mean request over all models: cost with the router, latency and expected quality."""

    input_usd: Decimal
    output_usd: Decimal
    request_usd: Decimal
    router_usd: Decimal
    latency_ms: Decimal | None
    quality: Decimal | None

    @property
    def usd(self) -> Decimal:
        """One request, router included."""
        return self.input_usd + self.output_usd + self.request_usd + self.router_usd


def reaching_shares(kind: Kind, answered: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """Share of the requests that each model is asked.

    On a route those it answers; in a cascade also those that a later model answers.
    """
    if kind == "route":
        return tuple(answered)
    return tuple(sum(answered[index:], Decimal(0)) for index in range(len(answered)))


def mix_cost(
    kind: Kind,
    models: Sequence[MixModel],
    *,
    router_usd: Decimal = Decimal(0),
    router_ms: Decimal | None = None,
) -> Mix:
    """Route: sum of w c + router. Cascade: c1 + p2 c2 + p3 c3 ... + router, p the share reached.

    Latency adds up in the same way. Quality is that of the answers used, sum of w q. Latency and
    quality are None unless every model that is asked has one.
    """
    answered = [model.answered_share for model in models]
    reached = reaching_shares(kind, answered)
    return Mix(
        input_usd=_weighted(reached, [m.input_usd for m in models]) or Decimal(0),
        output_usd=_weighted(reached, [m.output_usd for m in models]) or Decimal(0),
        request_usd=_weighted(reached, [m.request_usd for m in models]) or Decimal(0),
        router_usd=router_usd,
        latency_ms=_plus(_weighted(reached, [m.latency_ms for m in models]), router_ms),
        quality=_weighted(answered, [m.quality for m in models]),
    )


def _weighted(shares: Sequence[Decimal], values: Sequence[Decimal | None]) -> Decimal | None:
    total = Decimal(0)
    for share, value in zip(shares, values, strict=True):
        if share and value is None:
            return None
        total += share * (value or Decimal(0))
    return total


def _plus(value: Decimal | None, more: Decimal | None) -> Decimal | None:
    return None if value is None else value + (more or Decimal(0))


def with_first_share(models: Sequence[MixModel], share: Decimal) -> tuple[MixModel, ...]:
    """The mix with ``share`` on its first model, the others in the proportion they have.

    Where the others have nothing now, the last one takes the rest.
    """
    rest = sum((model.answered_share for model in models[1:]), Decimal(0))
    left = 1 - share
    shares = [share]
    for model in models[1:]:
        if rest:
            shares.append(left * model.answered_share / rest)
        else:
            shares.append(left if model is models[-1] else Decimal(0))
    return tuple(
        replace(model, answered_share=new) for model, new in zip(models, shares, strict=True)
    )
