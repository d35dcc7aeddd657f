"""What of a scenario's answer a portfolio may share."""

from __future__ import annotations

from planner.decision.portfolio.member import member_of
from tests.costs.test_options import decide, scenario, selfhost, workload


def test_instances_that_follow_the_load_are_not_shared_by_the_month() -> None:
    options = selfhost(instance_types=["g6e.xlarge"], scaling=["fixed", "hourly"])
    day = [1.0] * 12 + [3.0] * 12
    found = decide(scenario(options=options, workload=workload(100_000, traffic={"weights": day})))
    own = [e.option.name for e in found.options if e.option.feasible and not e.option.is_api]
    assert len(own) == 2
    (shared,) = member_of(found).hosted
    assert shared.name == next(name for name in own if "autoscaled" not in name)
    assert shared.picked.purchase_usd > 0
