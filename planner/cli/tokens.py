"""``planner tokens``: tokens of prompts, what a shorter one saves, and lengths of samples."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from planner.cli.evaluation import PriceOptions, report_llm_price_age
from planner.cli.options import (
    FORMAT,
    AsOf,
    MaxPriceAge,
    Out,
    Outputs,
    PricesFile,
    Sets,
    Wide,
)
from planner.cli.report_output import (
    Form,
    ReportOptions,
    check_forms,
    markdown_form,
    table_form,
    write_report,
)
from planner.errors import EXIT_INCOMPLETE, EXIT_OK, InputError

if TYPE_CHECKING:
    from planner.demand import EncodingChoice
    from planner.levers.tokens import Prompt, Sample
    from planner.render.blocks import Block
    from planner.render.payload_tokens import PricedScenario, SamplesReport, TokensReport

__all__ = ["command"]

_FORMATS = ("table", "json", "markdown", "csv")
_STDIN = "-"

_Prompts = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[A] [B]",
        show_default=False,
        help="Prompt files, the longer one first; `-` is standard input.",
    ),
]
_EncodingOption = Annotated[
    Literal["o200k_base", "cl100k_base"] | None,
    typer.Option("--encoding", help="Encoding of the main count. Default: o200k_base."),
]
_ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="[PROVIDER/]MODEL",
        help="Count as this model does; approximate where its tokenizer is not public.",
    ),
]
_ScenarioOption = Annotated[
    Path | None,
    typer.Option("--scenario", metavar="FILE", help="Price it for this scenario's volume."),
]
_OptionName = Annotated[
    str | None,
    typer.Option("--option", metavar="NAME", help="Only this API option. Default: all."),
]
_From = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="FILE",
        help="Samples, one JSON object a line: whole requests, or values for a template.",
    ),
]
_Template = Annotated[
    str | None,
    typer.Option(
        "--template", metavar="FILE", help="Prompt with {{name}} that the samples fill in."
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pricing:
    scenario: Path | None
    option: str | None
    sets: list[str]
    prices: PriceOptions


def command(
    prompts: _Prompts = None,
    encoding: _EncodingOption = None,
    model: _ModelOption = None,
    scenario: _ScenarioOption = None,
    option: _OptionName = None,
    sets: Sets = [],  # noqa: B006 - typer copies it
    from_: _From = None,
    template: _Template = None,
    format_: Annotated[Literal["table", "json", "markdown", "csv"], FORMAT] = "table",
    out: Out = None,
    outputs: Outputs = [],  # noqa: B006 - typer copies it
    wide: Wide = False,
    as_of: AsOf = None,
    prices_file: PricesFile = None,
    max_price_age: MaxPriceAge = None,
) -> int:
    """Count tokens, compare two prompts, price what the shorter one saves.

    Counts are tiktoken's, made offline. Models with a tokenizer of their own are approximate and
    say so. With --from and no prompt: the lengths of sampled requests, as YAML for the scenario's
    `workload`. With --from and prompts: both are templates, filled with each sample.

      planner tokens verbose.txt short.txt --scenario scenario.yaml
      planner tokens prompt.txt --model anthropic/claude-sonnet-5-5
      planner tokens --from samples.jsonl --template prompt.txt
      planner tokens long.txt short.txt --from samples.jsonl
    """
    options = ReportOptions(format=format_, out=out, outputs=outputs, wide=wide)
    check_forms(options, _FORMATS)
    names = prompts or []
    _check_inputs(names, from_, template)
    choice = _choice(encoding, model)
    if not names:
        assert from_ is not None
        _refuse_pricing(scenario, option, sets)
        write_report(_samples_forms(_samples_report(choice, from_, template)), options)
        return EXIT_OK
    prices = PriceOptions(prices_file=prices_file, as_of=as_of, max_price_age=max_price_age)
    pricing = _Pricing(scenario=scenario, option=option, sets=sets, prices=prices)
    return _compare(names, from_, choice, pricing, options)


def _check_inputs(names: list[str], from_: str | None, template: str | None) -> None:
    if len(names) > 2:
        raise InputError(f"got {len(names)} prompts; give one, or two to compare")
    if not names and from_ is None:
        raise InputError("nothing to count: name a prompt file, `-`, or --from FILE")
    if template is not None and from_ is None:
        raise InputError("--template needs --from FILE with the samples that fill it in")
    if template is not None and names:
        raise InputError(
            f"--template {template} and {names[0]}: with --from, prompts are templates themselves; "
            "give one or the other"
        )
    if [*names, from_, template].count(_STDIN) > 1:
        raise InputError("`-` stands twice; standard input can be read only once")


def _refuse_pricing(scenario: Path | None, option: str | None, sets: list[str]) -> None:
    given = {"--scenario": scenario, "--option": option, "--set": sets or None}
    wrong = [name for name, value in given.items() if value is not None]
    if wrong:
        raise InputError(
            f"{', '.join(wrong)} with --from alone: samples have lengths and no price; paste the "
            "YAML into the scenario and run `planner recommend`"
        )


def _choice(encoding: str | None, model: str | None) -> EncodingChoice:
    from planner.demand import encoding_for
    from planner.levers.tokens import plain_choice

    if model is None:
        return plain_choice(encoding or "o200k_base")
    if encoding is not None:
        raise InputError("--encoding and --model both say how to count; give one of them")
    provider, separator, name = model.partition("/")
    return encoding_for(provider, name) if separator else encoding_for(None, model)


def _compare(
    names: list[str],
    from_: str | None,
    choice: EncodingChoice,
    pricing: _Pricing,
    options: ReportOptions,
) -> int:
    from planner.levers.tokens import counted
    from planner.render.payload_tokens import tokens_report

    samples = None if from_ is None else _samples(from_)
    a, b = ([counted(_prompt(name, from_, samples)) for name in names] + [None])[:2]
    assert a is not None
    priced = None
    if pricing.scenario is not None:
        from planner.cli.tokens_pricing import priced_scenario

        priced = priced_scenario(
            pricing.scenario, pricing.option, pricing.sets, pricing.prices, (a, b)
        )
    elif pricing.option is not None or pricing.sets:
        raise InputError("--option and --set change how a scenario is priced: give --scenario FILE")
    report = tokens_report(choice, a, b, samples_file=from_, priced=priced)
    write_report(_tokens_forms(report), options)
    return EXIT_OK if priced is None else _exit_code(priced, pricing.prices)


def _exit_code(priced: PricedScenario, prices: PriceOptions) -> int:
    stale = report_llm_price_age(priced.catalog, prices)
    unpriced = any(each.saving is None for each in priced.options)
    return EXIT_INCOMPLETE if stale or unpriced else EXIT_OK


# --- Reading -------------------------------------------------------------------------------------


def _prompt(name: str, from_: str | None, samples: tuple[Sample, ...] | None) -> Prompt:
    from planner.levers.tokens import Prompt, filled

    text = _text(name)
    if from_ is None or samples is None:
        return Prompt(name=_shown(name), texts=(text,))
    return Prompt(name=_shown(name), texts=tuple(filled(name, text, from_, samples)))


def _samples(name: str) -> tuple[Sample, ...]:
    from planner.levers.tokens import read_samples

    return read_samples(_shown(name), _text(name))


def _samples_report(choice: EncodingChoice, from_: str, template: str | None) -> SamplesReport:
    from planner.levers.tokens import request_lengths, token_distribution
    from planner.render.payload_tokens import samples_report

    prompt = None if template is None else (_shown(template), _text(template))
    inputs, outputs = request_lengths(_shown(from_), _samples(from_), choice.count, prompt)
    return samples_report(
        choice,
        (_shown(from_), None if prompt is None else prompt[0]),
        token_distribution(inputs),
        None if outputs is None else token_distribution(outputs),
    )


def _shown(name: str) -> str:
    return "standard input" if name == _STDIN else name


def _text(name: str) -> str:
    from planner.files import decoded_text, read_text

    if name != _STDIN:
        return read_text(Path(name))
    return decoded_text(sys.stdin.buffer.read(), _shown(name))


# --- Writing -------------------------------------------------------------------------------------


def _tokens_forms(report: TokensReport) -> dict[str, Form]:
    def blocks() -> list[Block]:
        from planner.render.text_tokens import tokens_blocks

        return tokens_blocks(report)

    def csv_form(style: object) -> str:
        from planner.render.text_tokens import tokens_csv

        return tokens_csv(report)

    return {
        "table": table_form(blocks),
        "markdown": markdown_form(blocks),
        "json": lambda style: _json(report),
        "csv": csv_form,
    }


def _samples_forms(report: SamplesReport) -> dict[str, Form]:
    def blocks() -> list[Block]:
        from planner.render.text_tokens import samples_blocks

        return samples_blocks(report)

    def csv_form(style: object) -> str:
        from planner.render.text_tokens import samples_csv

        return samples_csv(report)

    return {
        "table": table_form(blocks),
        "markdown": markdown_form(blocks),
        "json": lambda style: _json(report),
        "csv": csv_form,
    }


def _json(report: object) -> str:
    from planner.render.json_ import json_text

    return json_text(report)
