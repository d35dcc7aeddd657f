"""What of a scenario's answer a portfolio may share."""

from __future__ import annotations

import pickle

from planner.decision.portfolio.member import Thrift, member_of
from tests.costs.test_options import decide, scenario, selfhost, workload
from tests.decision.portfolio.support import hardware, hosted, member, own_choice


def test_instances_that_follow_the_load_are_not_shared_by_the_month() -> None:
    options = selfhost(instance_types=["g6e.xlarge"], scaling=["fixed", "hourly"])
    day = [1.0] * 12 + [3.0] * 12
    found = decide(scenario(options=options, workload=workload(100_000, traffic={"weights": day})))
    own = [e.option.name for e in found.options if e.option.feasible and not e.option.is_api]
    assert len(own) == 2
    (shared,) = member_of(found).hosted
    assert shared.name == next(name for name in own if "autoscaled" not in name)
    assert shared.picked.purchase_usd > 0


def test_what_scenarios_from_elsewhere_have_in_common_is_kept_once() -> None:
    option = hosted(hardware(), own="5", fixed="16.43")
    one = member("a", 100.0, option, choice=own_choice(option, "1021.43"))
    thrift = Thrift()
    first, second = (thrift.member(pickle.loads(pickle.dumps(one))) for _ in range(2))
    assert first == second == one
    assert first.shape is second.shape
    assert first.hosted[0].key is second.hosted[0].key
    assert first.hosted[0].picked.purchase_usd is second.hosted[0].hardware[0].purchase_usd
