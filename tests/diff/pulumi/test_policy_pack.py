"""The policy pack: its functions alone, and its program with a stand-in for pulumi-policy."""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from planner.diff.pulumi.policy_pack import PlanSource, plain
from planner.errors import PlanFileError
from tests.catalog.resource_support import GROUP, TEMPLATE, UNKNOWN
from tests.stacks.sample_plans import sample_plan

_PACK = Path(__file__).resolve().parents[3] / "stacks" / "policy_pack"


class UnknownValueError(Exception):
    """As pulumi-policy raises it where a value is not known."""


class _Wrapped(Mapping[str, Any]):
    def __init__(self, inner: dict[str, Any]) -> None:
        self._inner = inner

    def __getitem__(self, key: str) -> Any:
        value = self._inner[key]
        if value == UNKNOWN:
            raise UnknownValueError
        return _wrapped(value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._inner)

    def __len__(self) -> int:
        return len(self._inner)


class _WrappedList(Sequence[Any]):
    def __init__(self, inner: list[Any]) -> None:
        self._inner = inner

    def __getitem__(self, index: Any) -> Any:
        return _wrapped(self._inner[index])

    def __len__(self) -> int:
        return len(self._inner)


def _wrapped(value: Any) -> Any:
    if isinstance(value, dict):
        return _Wrapped(value)
    return _WrappedList(value) if isinstance(value, list) else value


def _environ(plan: str | None = None) -> dict[str, str]:
    text = sample_plan("vllm_gpu").model_dump_json(by_alias=True) if plan is None else plan
    return {
        "PULUMI_PROJECT": "llm-serving",
        "PULUMI_CONFIG": json.dumps({"aws:region": "us-east-1", "llm-serving:plan": text}),
    }


@pytest.fixture
def pack(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[..., None]]:
    """The validators the pack registers, by policy name."""
    found: dict[str, Callable[..., None]] = {}

    def policy(*, name: str, description: str, validate: Callable[..., None]) -> str:
        assert description
        found[name] = validate
        return name

    def policy_pack(name: str, *, enforcement_level: str, policies: list[str]) -> None:
        assert (name, enforcement_level) == ("llm-serving-plan", "mandatory")
        assert policies == list(found)

    class Servicer:
        def ConfigureStack(self, request: Any, context: Any) -> str:
            return "answered"

    package, proxy = ModuleType("pulumi_policy"), ModuleType("pulumi_policy.proxy")
    module = ModuleType("pulumi_policy.policy")
    vars(module)["_PolicyAnalyzerServicer"] = Servicer
    vars(package).update(
        EnforcementLevel=SimpleNamespace(MANDATORY="mandatory"),
        PolicyPack=policy_pack,
        ResourceValidationPolicy=policy,
        StackValidationPolicy=policy,
        policy=module,
    )
    vars(proxy)["UnknownValueError"] = UnknownValueError
    monkeypatch.setitem(sys.modules, "pulumi_policy", package)
    monkeypatch.setitem(sys.modules, "pulumi_policy.proxy", proxy)
    monkeypatch.setitem(sys.modules, "pulumi_policy.policy", module)
    for name in _environ():
        monkeypatch.delenv(name, raising=False)
    runpy.run_path(str(_PACK / "__main__.py"), run_name="__main__")
    # What the engine does first.
    config = json.loads(_environ()["PULUMI_CONFIG"])
    request = SimpleNamespace(project="llm-serving", config=config)
    assert Servicer().ConfigureStack(request, None) == "answered"
    return found


def _messages(validate: Callable[..., None], token: str, inputs: dict[str, Any]) -> list[str]:
    said: list[str] = []
    validate(SimpleNamespace(resource_type=token, props=_wrapped(inputs)), said.append)
    return said


def test_the_pack_has_a_policy_for_each_rule(pack: dict[str, Callable[..., None]]) -> None:
    assert list(pack) == [
        "plan-instance-type",
        "plan-instance-count",
        "plan-purchase-option",
        "plan-alarm-threshold",
        "plan-instance-count-complete",
        "plan-alarm-threshold-complete",
    ]


def test_another_instance_type_is_reported_once(pack: dict[str, Callable[..., None]]) -> None:
    said = {
        name: _messages(check, TEMPLATE, {"instanceType": "p5.48xlarge"})
        for name, check in pack.items()
        if "complete" not in name
    }
    assert said["plan-instance-type"] == [
        "p5.48xlarge, planned is g6e.xlarge (plan p-0123456789ab)"
    ]
    assert sum(len(each) for each in said.values()) == 1


def test_what_is_not_known_yet_is_left_to_the_deployment(
    pack: dict[str, Callable[..., None]],
) -> None:
    inputs = {"minSize": UNKNOWN, "maxSize": 99, "tags": [{"key": "a", "value": "b"}]}
    assert _messages(pack["plan-instance-count"], GROUP, inputs) == []


def test_a_whole_stack_without_its_alarms_is_reported(
    pack: dict[str, Callable[..., None]],
) -> None:
    said: list[str] = []
    group = SimpleNamespace(resource_type=GROUP, props=_wrapped({"minSize": 1, "maxSize": 4}))
    pack["plan-alarm-threshold-complete"](SimpleNamespace(resources=[group]), said.append)
    assert any("sample-vllm-gpu-spend-day is planned and not there" in each for each in said)


def test_wrappers_are_taken_off_and_unknowns_marked() -> None:
    wrapped = _wrapped({"a": [{"b": 1}], "c": UNKNOWN, "d": "text"})
    assert plain(wrapped, UnknownValueError) == {"a": [{"b": 1}], "c": UNKNOWN, "d": "text"}


def test_a_stack_without_a_plan_has_nothing_to_be_held_to() -> None:
    assert PlanSource({"PULUMI_PROJECT": "other", "PULUMI_CONFIG": "{}"}).planned() is None


def test_older_engines_pass_the_plan_in_the_environment() -> None:
    planned = PlanSource(_environ()).planned()
    assert planned is not None
    assert planned.instance_type == "g6e.xlarge"


def test_a_newer_configuration_replaces_the_one_before() -> None:
    source = PlanSource(_environ())
    assert source.planned() is not None
    source.configure("llm-serving", {})
    assert source.planned() is None


def test_without_any_configuration_nothing_passes() -> None:
    with pytest.raises(PlanFileError, match="no plan is known"):
        PlanSource({}).planned()


@pytest.mark.parametrize("plan", ["not JSON", "{}"])
def test_a_plan_that_is_none_is_an_error(plan: str) -> None:
    with pytest.raises(PlanFileError, match="write it again with planner emit"):
        PlanSource(_environ(plan)).planned()
