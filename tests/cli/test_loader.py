"""What every command has in common: options, variables, help."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import pytest
import typer

from planner.cli import streams
from planner.cli.options import FORMAT, AsOf, MaxPriceAge, Out, OutputFile, Outputs, Sets
from tests.support import CliResult

Run = Callable[..., CliResult]
Register = Callable[..., None]


def test_every_command_has_the_common_options(run_cli: Run, register: Register) -> None:
    register(command=lambda: None)
    page = run_cli("probe", "--help").stdout
    section = page.split("Common options:\n")[1]
    for option in ("-q, --quiet", "-v, --verbose", "--color", "--offline", "--debug"):
        assert option in section


def test_subcommands_have_the_common_options_too(run_cli: Run, register: Register) -> None:
    app = typer.Typer()

    @app.command()
    def first() -> None:
        streams.current().note("not to be seen")

    @app.command()
    def second() -> None: ...

    register(app=app)
    assert run_cli("probe", "first", "--quiet") == CliResult(code=0, stdout="", stderr="")
    assert "Common options:" in run_cli("probe", "second", "--help").stdout


def test_common_options_configure_the_streams(run_cli: Run, register: Register) -> None:
    seen: list[streams.Streams] = []
    register(command=lambda: seen.append(streams.current()))
    run_cli("probe", "-q", "-v", "-v", "--color", "always")
    assert (seen[0].quiet, seen[0].verbosity, seen[0].color) == (True, 2, True)


def test_a_command_that_names_a_common_option_receives_it(run_cli: Run, register: Register) -> None:
    seen: list[bool] = []

    def command(*, offline: bool = False) -> None:
        seen.append(offline)

    register(command=command)
    run_cli("probe", "--offline")
    assert seen == [True]


@pytest.mark.parametrize(
    ("variable", "value"), [("PLANNER_AS_OF", "2026-01-02"), ("PLANNER_SET", "a=1 b.c=2")]
)
def test_every_option_can_be_set_by_a_variable_shown_in_help(
    run_cli: Run,
    register: Register,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
) -> None:
    seen: list[str] = []

    def command(as_of: AsOf = None, sets: Sets = []) -> None:  # noqa: B006
        seen.append(f"{as_of} {sets}")

    register(command=command)
    assert f"env var: {variable}" in " ".join(run_cli("probe", "--help").stdout.split())
    monkeypatch.setenv(variable, value)
    assert run_cli("probe").code == 0
    assert seen in (["2026-01-02 []"], ["None ['a=1', 'b.c=2']"])


def test_output_files_are_read_as_format_and_path(run_cli: Run, register: Register) -> None:
    seen: list[OutputFile] = []

    def command(outputs: Outputs = []) -> None:  # noqa: B006
        seen.extend(outputs)

    register(command=command)
    run_cli("probe", "--output", "json=a=b.json", "--output", "csv=c.csv")
    assert seen == [
        OutputFile(format="json", path=Path("a=b.json")),
        OutputFile(format="csv", path=Path("c.csv")),
    ]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--output", "json"), "'json' is not FORMAT=FILE, for example json=report.json"),
        (("--output", "=x"), "'=x' is not FORMAT=FILE"),
        (("--as-of", "21.11.2026"), "'21.11.2026' is not a date, for example 2026-11-21"),
        (("--as-of", "20261121"), "'20261121' is not a date"),
        (("--as-of", "2026-02-30"), "'2026-02-30' is not a date"),
        (("--max-price-age", "soon"), "'soon' is neither `default` nor a number of days"),
        (("--format", "xml"), "'xml' is not one of 'table', 'json'"),
    ],
)
def test_a_bad_value_is_a_usage_error_that_says_what_is_right(
    run_cli: Run, register: Register, args: tuple[str, ...], said: str
) -> None:
    def command(
        format_: Annotated[Literal["table", "json"], FORMAT] = "table",
        outputs: Outputs = [],  # noqa: B006
        as_of: AsOf = None,
        max_price_age: MaxPriceAge = None,
    ) -> None: ...

    register(command=command)
    result = run_cli("probe", *args)
    assert (result.code, result.stdout) == (2, "")
    assert said in result.stderr


def test_options_are_grouped_and_recipes_kept_as_written(run_cli: Run, register: Register) -> None:
    def command(file: Annotated[Path, typer.Argument()], out: Out = None) -> None:
        """Do one thing.

        Examples:
          planner probe one.yaml     # with a comment
          planner probe two.yaml --out a-file-with-a-rather-long-name.json --quiet
        """

    register(command=command)
    page = run_cli("probe", "--help").stdout
    assert "\n    planner probe one.yaml     # with a comment\n" in page
    headings = ["Arguments:\n", "\nOptions:\n", "Output options:\n  --out", "Common options:\n"]
    order = ["Do one thing.", *headings]
    assert sorted(order, key=page.index) == order
