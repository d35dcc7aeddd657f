"""``planner validate``: every problem of scenario files at once, without a price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from planner.cli import streams
from planner.cli.options import FORMAT, Out, OutputFile, Outputs, ScenarioFiles, Sets
from planner.errors import Problem, ScenarioError

__all__ = ["command"]

_RULE = "scenario"
_RULE_DESCRIPTION = "A scenario file that planner cannot use as it stands"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checked:
    file: str
    problems: tuple[Problem, ...]


def command(
    files: ScenarioFiles,
    sets: Sets = [],  # noqa: B006 - typer copies it
    format_: Annotated[Literal["table", "json"], FORMAT] = "table",
    out: Out = None,
    outputs: Outputs = [],  # noqa: B006 - typer copies it
) -> None:
    """Report every problem of scenario files at once, each with its line and what would be right.

    Checks the YAML, the schema, rules over several fields, that named files exist, and that
    models, instance types and regions are known. Nothing is priced.

    Exits with 2 when there is a problem in any file.

      planner validate scenario.yaml
      planner validate scenarios/*.yaml --output sarif=problems.sarif
      planner validate scenario.yaml --set workload.requests_per_day=50000
    """
    for output in outputs:
        if output.format not in _FORMS:
            raise typer.BadParameter(
                f"no format {output.format!r} here; write {', '.join(_FORMS)}",
                param_hint="--output",
            )
    checked = [_check(file, sets) for file in files]
    stream = streams.current()
    stream.write_result(_text(format_, checked), out)
    _write_outputs(outputs, checked, stream)
    problems = tuple(problem for each in checked for problem in each.problems)
    if problems:
        raise ScenarioError(problems)


def _check(file: Path, sets: Sequence[str]) -> _Checked:
    from planner.catalog.references import reference_rules
    from planner.scenario.load import load_scenario

    try:
        load_scenario(file, sets, rules=reference_rules())
    except ScenarioError as error:
        return _Checked(file=str(file), problems=error.problems)
    return _Checked(file=str(file), problems=())


def _write_outputs(
    outputs: Sequence[OutputFile], checked: Sequence[_Checked], stream: streams.Streams
) -> None:
    for output in outputs:
        stream.write_result(_text(output.format, checked), output.path)


def _text(form: str, checked: Sequence[_Checked]) -> str:
    return _FORMS[form](checked)


def _table(checked: Sequence[_Checked]) -> str:
    return "\n".join(f"{each.file}: {_verdict(len(each.problems))}" for each in checked)


def _verdict(count: int) -> str:
    return f"{count} problem{'' if count == 1 else 's'}" if count else "ok"


def _json(checked: Sequence[_Checked]) -> str:
    from planner.render.json_ import json_text

    problems = [problem for each in checked for problem in each.problems]
    return json_text(
        {
            "schema_version": 1,
            "valid": not problems,
            "files": [{"file": c.file, "problems": len(c.problems)} for c in checked],
            "problems": [
                {
                    "file": problem.file,
                    "line": problem.line,
                    "column": problem.column,
                    "path": problem.path,
                    "message": problem.message,
                }
                for problem in problems
            ],
        }
    )


def _sarif(checked: Sequence[_Checked]) -> str:
    from planner.render.sarif import sarif_text

    problems = [problem for each in checked for problem in each.problems]
    return sarif_text(problems, rule=_RULE, rule_description=_RULE_DESCRIPTION)


_FORMS = {"table": _table, "json": _json, "sarif": _sarif}
