"""What several scenarios are to each other: plain data, so that processes can hand it on.

Money is USD a month, the mean over the horizon unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from planner.costs.types import StackKind
from planner.scenario.options import Arm

__all__ = [
    "Alone",
    "Choice",
    "Hardware",
    "Hosted",
    "Member",
    "Portfolio",
    "Saving",
    "ServiceKey",
    "SharedService",
    "SharedStack",
]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ServiceKey:
    """What two scenarios must have in common to be served by the same replicas.

    ``service_level`` are TTFT and TPOT limits with their percentiles; ``months`` the months that
    are priced, as their first days.
    """

    model: str
    precision: str
    kv_cache_dtype: str
    region: str
    purchase: str
    service_level: tuple[str, ...]
    months: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """One instance type and degree for a hosted model, and what its instances cost.

    ``capacity_requests_per_month`` is what one replica serves of a load with the scenario's shape.
    ``instance_usd`` is paid for each instance however it is bought (volume, metrics),
    ``purchase_usd`` for the instance itself, ``on_demand_usd`` for one of an option with a
    commitment that no whole term covers.
    """

    instance_type: str
    tensor_parallel_size: int
    capacity_requests_per_month: float
    spare_replicas: int
    min_replicas: int
    extra_replicas: int
    replicas_per_instance: int
    min_instances: int
    max_instances: int | None
    instance_usd: Decimal
    purchase_usd: Decimal
    on_demand_usd: Decimal

    @property
    def label(self) -> str:
        """``g6e.12xlarge tp4``"""
        return f"{self.instance_type} tp{self.tensor_parallel_size}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """A self-hosted option of a scenario that could share its replicas.

    ``picked`` is the hardware it runs on alone, one of ``hardware``.
    ``own_usd`` is what it pays alone in any case: what follows requests, and labour. ``fixed`` are
    the parts of the stack paid once however many use them, by name.
    """

    name: str
    key: ServiceKey
    commitment_months: int
    picked: Hardware
    hardware: tuple[Hardware, ...]
    own_usd: Decimal
    fixed: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An option as a scenario alone would deploy it; ``fixed`` as in ``Hosted``."""

    name: str
    arm: Arm
    kind: StackKind | None
    region: str
    monthly_cost_usd: Decimal
    bill_monthly_usd: Decimal
    is_floor: bool
    fixed: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One scenario of a portfolio.

    ``requests`` are those of each month; ``shape`` the load of the 168 UTC hours of the week ÷
    that of the busiest. ``choice`` is None when nothing is feasible. ``chosen_hosted`` names the
    entry of ``hosted`` that is the choice. ``draws_usd`` are the choice's monthly costs in the
    draws of the uncertainty, () without them.
    """

    id: str
    requests: tuple[float, ...]
    shape: tuple[float, ...]
    choice: Choice | None
    hosted: tuple[Hosted, ...]
    chosen_hosted: str | None = None
    draws_usd: Sequence[float] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedService:
    """Replicas that serve several scenarios.

    ``joined`` are those of ``members`` that alone would have chosen something else. Replicas and
    instances are those of the busiest month; ``*_alone`` the sums of what the members would run
    each by itself on the same hardware.
    """

    model: str
    precision: str
    region: str
    purchase: str
    hardware: str
    members: tuple[str, ...]
    joined: tuple[str, ...]
    replicas: int
    replicas_alone: int
    instances: int
    instances_alone: int
    monthly_cost_usd: Decimal
    alone_monthly_cost_usd: Decimal

    @property
    def saving_usd(self) -> Decimal:
        """What sharing these replicas saves a month."""
        return self.alone_monthly_cost_usd - self.monthly_cost_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedStack:
    """Parts of a stack (load balancer, NAT, dashboard, web ACL) paid once for several scenarios."""

    kind: StackKind
    region: str
    members: tuple[str, ...]
    monthly_cost_usd: Decimal
    alone_monthly_cost_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """One step from the sum of the scenarios to the portfolio; steps add up exactly."""

    step: str
    monthly_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """A scenario's own answer beside the one it has in the portfolio.

    ``together`` is the option it has there; ``shared_by`` how many scenarios are on its replicas,
    1 where they are its own.
    """

    id: str
    choice: Choice | None
    together: str | None
    shared_by: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """Several scenarios decided together.

    ``alone_usd`` is the sum of the answers of each by itself, ``total_usd`` that of the portfolio:
    ``alone_usd`` less ``savings``. ``not_shared`` says why a model that several host is not shared.
    ``low_usd`` and ``high_usd`` are the 10th and 90th percentile of the total over common draws,
    None without uncertainty.
    """

    scenarios: tuple[Alone, ...]
    alone_usd: Decimal
    total_usd: Decimal
    bill_alone_usd: Decimal
    is_floor: bool
    undecided: tuple[str, ...]
    services: tuple[SharedService, ...]
    stacks: tuple[SharedStack, ...]
    savings: tuple[Saving, ...]
    not_shared: tuple[str, ...]
    low_usd: Decimal | None = None
    high_usd: Decimal | None = None
