"""Instances for a load, and which hardware is worth a closer look."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.catalog import InstanceType, PriceRow
from planner.costs.selfhost import InstanceLimits, fleet_for, worth_pricing
from planner.scenario.economics import Slo
from planner.serving.types import Capacity, ServingOption


def serving(name: str, rps: float, replicas: int) -> ServingOption:
    return ServingOption(
        model_id="m",
        precision="bf16",
        kv_cache_dtype="auto",
        instance_type=name,
        accelerator="gpu",
        tensor_parallel_size=1,
        replicas_per_instance=replicas,
        max_model_len=4096,
        max_num_seqs=256,
        max_num_batched_tokens=8192,
        weights_bytes=16e9,
        kv_cache_tokens=100_000,
        capacity=Capacity(
            low_rps=rps,
            mid_rps=rps * 2,
            high_rps=rps * 3,
            ttft_ms=300.0,
            tpot_ms=20.0,
            concurrency=8.0,
            provider="test",
            band_low=0.5,
            band_high=1.5,
            source_ids=(),
        ),
        reason=None,
    )


def price(name: str, usd_per_hour: str) -> PriceRow:
    return PriceRow(
        kind="instance",
        region="us-east-1",
        item=name,
        purchase="on_demand",
        unit="hour",
        usd=Decimal(usd_per_hour),
        source="test",
        observed=date(2026, 11, 21),
    )


INSTANCE = InstanceType(
    name="g6e.12xlarge",
    accelerator="L40S",
    accelerator_count=4,
    accelerator_mem_mib=45776,
    vcpu=48,
    mem_mib=1,
    local_nvme_gb=1,
    arch="x86_64",
    usage_classes=("on-demand",),
    regions=("us-east-1",),
    quota_code_on_demand="L-DB2E81BA",
    quota_code_spot="L-3819A6DF",
    source="test",
    observed=None,
)
FREE = InstanceLimits(max_instances=None, vcpu_quota={})


def fleet(slo: Slo, *, limits: InstanceLimits = FREE, rps: float = 1.2, replicas: int = 1):
    found = fleet_for(
        serving("g6e.12xlarge", rps, replicas),
        INSTANCE,
        slo,
        limits,
        # Peak 2.0 x 1.5 over the mean of a 30-day month.
        peak_rps_per_monthly_request=3.0 / 2_592_000,
        fixed_replicas=None,
    )
    assert found is not None
    return found


class TestFleet:
    def test_three_million_requests_need_three_replicas_and_a_spare(self) -> None:
        # 1.1574 req/s mean, 3.4722 at the peak, 1.2 a replica: ceil(2.894) + 1.
        assert fleet(Slo(redundancy="n_plus_1")).replicas(Decimal(3_000_000)) == 4
        assert fleet(Slo(redundancy="none")).replicas(Decimal(3_000_000)) == 3

    def test_zones_need_an_instance_each(self) -> None:
        spread = fleet(Slo(redundancy="zones", zones=2), replicas=4)
        assert spread.instances(Decimal(1)) == 2

    def test_a_quota_counts_cpus(self) -> None:
        limits = InstanceLimits(max_instances=None, vcpu_quota={"L-DB2E81BA": 100})
        bounded = fleet(Slo(), limits=limits)
        assert bounded.max_instances == 2
        assert bounded.limit_name == "quota L-DB2E81BA of 100 vCPU (48 each)"

    def test_the_tightest_limit_counts(self) -> None:
        limits = InstanceLimits(max_instances=1, vcpu_quota={"L-DB2E81BA": 100})
        assert fleet(Slo(), limits=limits).limit_name == "max_instances 1"

    def test_a_replica_too_slow_for_a_request_a_month_is_none(self) -> None:
        none = fleet_for(
            serving("x", 1e-9, 1),
            INSTANCE,
            Slo(),
            FREE,
            peak_rps_per_monthly_request=1e-6,
            fixed_replicas=None,
        )
        assert none is None


@st.composite
def candidates(draw: st.DrawFn) -> list[tuple[ServingOption, PriceRow]]:
    count = draw(st.integers(1, 8))
    return [
        (
            serving(
                f"i{index}",
                draw(st.sampled_from([0.5, 1.0, 1.5])),
                draw(st.sampled_from([1, 2, 4, 8])),
            ),
            price(f"i{index}", str(draw(st.decimals("0.5", 20, places=2)))),
        )
        for index in range(count)
    ]


@given(candidates(), st.decimals(0, 2, places=2), st.integers(1, 10**8))
def test_what_is_left_out_is_never_the_cheapest(
    entries: list[tuple[ServingOption, PriceRow]], extras: Decimal, requests: int
) -> None:
    def cost(entry: tuple[ServingOption, PriceRow]) -> Decimal:
        option, row = entry
        assert option.capacity is not None
        assert row.usd is not None
        found = fleet(
            Slo(redundancy="n_plus_1"),
            rps=option.capacity.low_rps,
            replicas=option.replicas_per_instance,
        )
        return (row.usd + extras) * found.instances(Decimal(requests))

    kept = worth_pricing(entries, extras)
    assert min(map(cost, kept)) == min(map(cost, entries))


def test_the_same_gpu_in_a_larger_host_is_left_out() -> None:
    small = (serving("g6e.xlarge", 1.0, 1), price("g6e.xlarge", "1.861"))
    large = (serving("g6e.2xlarge", 1.0, 1), price("g6e.2xlarge", "2.242"))
    four = (serving("g6e.12xlarge", 1.0, 4), price("g6e.12xlarge", "10.493"))
    assert worth_pricing([large, four, small], Decimal("0.02")) == [small]


@pytest.mark.parametrize("usd", ["7.40", "7.44"])
def test_a_larger_instance_that_saves_is_kept(usd: str) -> None:
    small = (serving("small", 1.0, 1), price("small", "1.861"))
    four = (serving("four", 1.0, 4), price("four", usd))
    assert worth_pricing([small, four], Decimal(0)) == [small, four]
