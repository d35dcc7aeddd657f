"""A small valid scenario and what reading it, changed, reports."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from planner.errors import Problem, ScenarioError
from planner.scenario.given import Rule
from planner.scenario.load import LoadedScenario, parse_scenario

SMALL = """\
version: 1
id: support-chat
workload:
  requests_per_day: 10000
  input_tokens: 500
  output_tokens: 200
options:
  api:
    - {provider: openai, model: gpt-6-luna}
  selfhost:
    - model: meta-llama/Llama-3.1-8B-Instruct
      instance_types: g6e.xlarge
"""

FILE = Path("chat/scenario.yaml")


def read(text: str = SMALL, *, sets: Sequence[str] = (), rules: Sequence[Rule] = ()):
    """The scenario in ``text``, as if it stood in ``FILE``."""
    loaded: LoadedScenario = parse_scenario(text, path=FILE, sets=sets, rules=rules)
    return loaded


def problems(
    text: str = SMALL, *, sets: Sequence[str] = (), rules: Sequence[Rule] = ()
) -> tuple[Problem, ...]:
    """All problems of ``text``; none when it is valid."""
    try:
        read(text, sets=sets, rules=rules)
    except ScenarioError as error:
        return error.problems
    return ()


def only(found: Sequence[Problem]) -> Problem:
    """The one problem there is."""
    assert len(found) == 1, "\n".join(f"{p.line}: {p.path}: {p.message}" for p in found)
    return found[0]


def with_line(old: str, new: str) -> str:
    """The small scenario with one piece of text replaced."""
    assert SMALL.count(old) == 1
    return SMALL.replace(old, new)
