"""The flags of ``planner capacity`` as a scenario, so that both are checked and read alike."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING

from planner.errors import InputError, Problem, ScenarioError
from planner.units import SECONDS_PER_DAY

if TYPE_CHECKING:
    from planner.scenario import LoadedScenario

__all__ = ["Flags", "loaded_question", "located", "option_of", "renamed"]

_NAME = "planner capacity"
_OPTION = "options.selfhost.0"
_RATE = "workload.requests_per_day"
# Paths of the scenario -> the option that sets them. The first that a path begins with counts.
_OPTIONS = {
    f"{_OPTION}.model": "MODEL",
    f"{_OPTION}.instance_types": "--instance",
    f"{_OPTION}.tensor_parallel_sizes": "--tp",
    f"{_OPTION}.precision": "--precision",
    f"{_OPTION}.limits.kv_cache_dtype": "--kv-cache-dtype",
    f"{_OPTION}.limits.max_num_seqs": "--max-num-seqs",
    f"{_OPTION}.measured": "--measured",
    f"{_OPTION}.profiles": "--profiles",
    f"{_OPTION}.config": "--config",
    "region": "--region",
    "slo.ttft_ms": "--ttft-ms",
    "slo.tpot_ms": "--tpot-ms",
    "slo.redundancy": "--redundancy",
    _RATE: "--requests-per-second",
    "workload.input_tokens": "--input-tokens",
    "workload.output_tokens": "--output-tokens",
    "workload.traffic.peak_to_mean": "--peak-to-mean",
    "workload.traffic.burst_within_hour": "--burst",
}
# Without a rate: one that a single replica holds, so that no others share its arrivals.
_ONE_REQUEST_A_DAY = Decimal(1)

Value = None | int | str | Decimal | Sequence["Value"] | dict[str, "Value"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """What the command line says; None: nothing, the scenario's default holds.

    Figures are text, as typed: the scenario's own checks read them.
    """

    model: str | None
    input_tokens: str
    output_tokens: str
    ttft_ms: str | None = None
    tpot_ms: str | None = None
    instances: tuple[str, ...] = ()
    tensor_parallel_sizes: tuple[int, ...] = ()
    precision: str = "native"
    kv_cache_dtype: str = "auto"
    max_num_seqs: int | None = None
    region: str | None = None
    measured: Path | None = None
    profiles: Path | None = None
    config: Path | None = None
    requests_per_second: str | None = None
    peak_to_mean: str | None = None
    burst: str | None = None
    redundancy: str | None = None

    @property
    def given(self) -> frozenset[str]:
        """Paths of the scenario that the command line sets."""
        return frozenset(path for path, value in self.values().items() if value is not None)

    def values(self) -> dict[str, Value]:
        """Path of the scenario -> value; None where the default holds."""
        types = [name for each in self.instances for name in each.split(",") if name]
        return {
            f"{_OPTION}.model": self.model or (self.config and self.config.resolve().name),
            f"{_OPTION}.instance_types": types if types and types != ["any"] else None,
            f"{_OPTION}.tensor_parallel_sizes": list(self.tensor_parallel_sizes) or None,
            f"{_OPTION}.precision": None if self.precision == "native" else self.precision,
            f"{_OPTION}.limits.kv_cache_dtype": None
            if self.kv_cache_dtype == "auto"
            else self.kv_cache_dtype,
            f"{_OPTION}.limits.max_num_seqs": self.max_num_seqs,
            f"{_OPTION}.measured": _path(self.measured),
            f"{_OPTION}.profiles": _path(self.profiles),
            f"{_OPTION}.config": _path(self.config),
            "region": self.region,
            "slo.ttft_ms": _figure(self.ttft_ms),
            "slo.tpot_ms": _figure(self.tpot_ms),
            "slo.redundancy": self.redundancy,
            _RATE: _per_day(self.requests_per_second),
            "workload.input_tokens": _figure(self.input_tokens),
            "workload.output_tokens": _figure(self.output_tokens),
            "workload.traffic.peak_to_mean": _figure(self.peak_to_mean),
            "workload.traffic.burst_within_hour": _figure(self.burst),
        }


def loaded_question(flags: Flags, sets: Sequence[str], prices_file: Path | None) -> LoadedScenario:
    """The scenario of the flags with ``sets``, checked like a file.

    ScenarioError with every problem, each naming its option.
    """
    from planner.catalog.references import reference_rules
    from planner.scenario import parse_scenario
    from planner.scenario.outside import OUTSIDE_RULES

    if flags.model is None and flags.config is None:
        raise InputError(
            "no model is named; give a Hugging Face id, or a folder of a config.json with --config"
        )
    rules = (*OUTSIDE_RULES, *reference_rules(prices_file))
    try:
        return parse_scenario(_text(flags), path=Path(_NAME), sets=sets, rules=rules)
    except ScenarioError as error:
        raise ScenarioError(located(error.problems)) from error


def located(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Problems with the option they come from in place of a line of a file that is not there."""
    return tuple(map(_located, problems))


def _located(problem: Problem) -> Problem:
    if problem.file.startswith("--set"):
        return problem
    option = _option(problem.path)
    message = renamed(problem.message)
    if option is None:
        return Problem(file=_NAME, path=problem.path, message=message)
    return replace(
        problem, file=option, path="", line=None, column=None, source_line=None, message=message
    )


def option_of(path: str, flags: Flags, sets: Sequence[str]) -> str | None:
    """``--set`` or the option that gave what stands at ``path`` of the scenario; None: nobody."""
    for text in sets:
        name = text.partition("=")[0].strip()
        if path == name or path.startswith(f"{name}.") or name.startswith(f"{path}."):
            return f"--set {name}"
    written = next((known for known in _OPTIONS if _begins(path, known)), None)
    return _OPTIONS[written] if written is not None and written in flags.given else None


def renamed(message: str) -> str:
    """A message about fields of a scenario in the names of the options."""
    for path, option in _OPTIONS.items():
        field = path.removeprefix(f"{_OPTION}.")
        message = message.replace(f"options.selfhost[].{field}", option)
    return message.replace("relative to the scenario's own folder", "relative to this folder")


def _option(path: str) -> str | None:
    return next((option for known, option in _OPTIONS.items() if _begins(path, known)), None)


def _begins(path: str, known: str) -> bool:
    return path == known or path.startswith(f"{known}.")


def _text(flags: Flags) -> str:
    """The scenario as YAML on one line."""
    whole: dict[str, Value] = {"version": 1, "id": "capacity"}
    option: dict[str, Value] = {}
    given = {path: value for path, value in flags.values().items() if value is not None}
    for path, value in ({_RATE: _ONE_REQUEST_A_DAY} | given).items():
        if path.startswith(_OPTION):
            _put(option, path.removeprefix(f"{_OPTION}."), value)
        else:
            _put(whole, path, value)
    whole["options"] = {"selfhost": [option]}
    return _yaml(whole)


def _put(section: dict[str, Value], path: str, value: Value) -> None:
    first, _, rest = path.partition(".")
    if not rest:
        section[first] = value
        return
    below = section.setdefault(first, {})
    assert isinstance(below, dict)
    _put(below, rest, value)


def _yaml(value: Value) -> str:
    match value:
        case dict():
            return f"{{{', '.join(f'{key}: {_yaml(item)}' for key, item in value.items())}}}"
        case list() | tuple():
            return f"[{', '.join(map(_yaml, value))}]"
        case Decimal():
            return f"{value:f}"
        case _:
            return json.dumps(value, ensure_ascii=False)


def _path(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _per_day(per_second: str | None) -> Decimal | str | None:
    rate = _figure(per_second)
    # What is wrong is shown as it was typed.
    return rate * SECONDS_PER_DAY if isinstance(rate, Decimal) and rate > 0 else rate


def _figure(text: str | None) -> Decimal | str | None:
    """The number typed; the text itself, for the scenario's check to refuse, when it is none."""
    if text is None:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    return value if value.is_finite() else text
