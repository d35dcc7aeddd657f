"""Laws of comparing two states, whatever is in them."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from planner.diff.types import Subject
from planner.money import ZERO
from tests.diff.pulumi.engine_files import EIP, INSTANCE, NAT, compared, export, state

_VOLUMES = st.fixed_dictionaries(
    {"type": st.sampled_from(["gp3", "gp2"]), "size": st.integers(1, 500)}
)
_INSTANCES = st.fixed_dictionaries(
    {"instanceType": st.sampled_from(["g5.xlarge", "g6e.xlarge", "g6e.2xlarge", "t3.micro"])}
)
_KINDS = st.one_of(
    st.tuples(st.just(NAT), st.just({})),
    st.tuples(st.just(EIP), st.just({})),
    st.tuples(st.just("aws:ebs/volume:Volume"), _VOLUMES),
    st.tuples(st.just(INSTANCE), _INSTANCES),
    st.tuples(st.just("aws:iam/role:Role"), st.just({})),
    st.tuples(st.just("aws:s3/bucket:Bucket"), st.just({})),
    st.tuples(st.just("aws:rds/instance:Instance"), st.just({})),
)
_REGIONS = st.sampled_from(["us-east-1", "sa-east-1"])
_STATES = st.dictionaries(st.sampled_from("abcdef"), st.tuples(_KINDS, _REGIONS), max_size=6)


def _export(resources: dict[str, Any]) -> str:
    return export(
        *(
            state(token, name, {"region": region, **inputs})
            for name, ((token, inputs), region) in resources.items()
        )
    )


def _change(subject: Subject) -> tuple[Any, Any, Any]:
    return subject.change_usd.low, subject.change_usd.expected, subject.change_usd.high


@settings(max_examples=60, deadline=None)
@given(one=_STATES, other=_STATES)
def test_the_way_back_is_the_negative_of_the_way(one: Any, other: Any) -> None:
    there, back = compared(_export(one), _export(other)), compared(_export(other), _export(one))
    low, expected, high = _change(there)
    assert _change(back) == (-high, -expected, -low)


@settings(max_examples=30, deadline=None)
@given(one=_STATES)
def test_a_state_and_itself_differ_by_nothing(one: Any) -> None:
    found = compared(_export(one), _export(one))
    assert _change(found) == (ZERO, ZERO, ZERO)
    assert {line.status for line in found.lines} <= {"unchanged"}


@settings(max_examples=60, deadline=None)
@given(one=_STATES, other=_STATES)
def test_everything_shown_adds_up_to_the_cent(one: Any, other: Any) -> None:
    found = compared(_export(one), _export(other))
    assert found.before is not None
    assert found.after is not None
    counted = [line for line in found.lines if line.reason_unpriced is None]
    before = sum((e.before_usd.expected for e in counted if e.before_usd), ZERO)
    after = sum((e.after_usd.expected for e in counted if e.after_usd), ZERO)
    assert before == found.before.monthly_usd.expected
    assert after == found.after.monthly_usd.expected
    assert after - before == found.change_usd.expected
    assert sum((part.delta_usd for part in found.parts), ZERO) == found.change_usd.expected


@settings(max_examples=60, deadline=None)
@given(one=_STATES, other=_STATES)
def test_a_total_is_a_floor_exactly_when_something_has_no_price(one: Any, other: Any) -> None:
    found = compared(_export(one), _export(other))
    assert found.after is not None
    assert found.after.is_floor == any(line.reason_unpriced for line in found.lines)
