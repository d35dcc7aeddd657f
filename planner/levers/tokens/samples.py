"""Sampled requests from a file with one JSON object a line, and their token lengths."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from planner.demand.json_lines import json_objects
from planner.demand.problems import file_error
from planner.demand.prompts import input_length, output_length
from planner.errors import Problem, ScenarioError
from planner.levers.tokens.templates import fill, template_variables

__all__ = ["Sample", "filled", "read_samples", "request_lengths"]

# More are the same mistake again; a file may have a million lines.
_MOST_PROBLEMS = 20
_OUTPUT_FIELDS = ("output_tokens", "completion")

Count = Callable[[str], int]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One line of the file: its number and its fields, whose values are the user's own."""

    line: int
    # Any: checked where a value is read.
    fields: dict[str, Any]


def read_samples(file: str, text: str) -> tuple[Sample, ...]:
    """All samples of a file; ScenarioError with every line that is no JSON object.

    ``file`` is what messages call it. A file without a sample is an error too.
    """
    samples: list[Sample] = []
    problems: list[Problem] = []
    for number, line in enumerate(io.StringIO(text), start=1):
        try:
            found = [row for _, row in json_objects(file, line)]
        except ScenarioError as error:
            problems += [replace(problem, line=number) for problem in error.problems]
            continue
        samples += [Sample(line=number, fields=row) for row in found]
    _raise(file, problems)
    if not samples:
        raise file_error(file, (None, "the file has no sample; give one JSON object a line"))
    return tuple(samples)


def filled(template_file: str, template: str, file: str, samples: tuple[Sample, ...]) -> list[str]:
    """The template filled with each sample.

    ScenarioError for a template without a name to fill, and for every sample that lacks one.
    """
    if not template_variables(template):
        raise file_error(
            template_file,
            (None, "has no {{name}} to fill in, so every request would have the same length"),
        )
    return _each(file, samples, lambda sample: fill(template, sample.fields))


def request_lengths(
    file: str,
    samples: tuple[Sample, ...],
    count: Count,
    template: tuple[str, str] | None = None,
) -> tuple[list[int], list[int] | None]:
    """Input and output tokens of each sample; output None when no sample says it.

    ``template`` is the name and text of the prompt that the samples fill; without one a sample is
    a whole request with ``prompt``, ``text`` or ``messages``, as in the scenario's ``files``.
    Output is ``output_tokens``, or counted in ``completion``. ScenarioError for the samples that
    lack what is needed.
    """
    if template is None:
        inputs = _each(file, samples, lambda sample: input_length(sample.fields, count))
    else:
        inputs = [count(text) for text in filled(*template, file, samples)]
    used = () if template is None else template_variables(template[1])
    fields = [name for name in _OUTPUT_FIELDS if name not in used]
    if not any(name in sample.fields for sample in samples for name in fields):
        return inputs, None
    return inputs, _each(file, samples, lambda sample: output_length(sample.fields, count))


def _each(file: str, samples: tuple[Sample, ...], step: Callable[[Sample], T]) -> list[T]:
    results: list[T] = []
    problems: list[Problem] = []
    for sample in samples:
        try:
            results.append(step(sample))
        except ValueError as error:
            problems.append(Problem(file=file, line=sample.line, message=str(error)))
    _raise(file, problems)
    return results


def _raise(file: str, problems: list[Problem]) -> None:
    if not problems:
        return
    more = len(problems) - _MOST_PROBLEMS
    shown = problems[:_MOST_PROBLEMS]
    if more > 0:
        shown.append(Problem(file=file, message=f"and {more:,} more lines with problems"))
    raise ScenarioError(tuple(shown))
