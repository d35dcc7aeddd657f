"""``planner capacity``: what instance types serve of one model inside a service level."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from planner.cli.capacity_question import Flags, loaded_question, located, option_of, renamed
from planner.cli.evaluation import PriceOptions, report_aws_price_ages
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
from planner.errors import EXIT_GATE_FAILED, EXIT_INCOMPLETE, EXIT_OK, InputError, ScenarioError

if TYPE_CHECKING:
    from planner.catalog import Catalog, PriceRow
    from planner.decision.capacity import CapacityOffer
    from planner.render.blocks import Block
    from planner.render.payload_capacity import CapacityReport

__all__ = ["command"]

_FORMATS = ("table", "json", "markdown", "csv")

_LOAD = "Load options"
_HARDWARE = "Hardware and engine options"
_FLEET = "Fleet options, with --requests-per-second"

_Model = Annotated[
    str | None,
    typer.Argument(
        metavar="[MODEL]",
        show_default=False,
        help="Hugging Face id. With --config: the name to give it, default that of the folder.",
    ),
]
_Tokens = "Mean tokens of a request"
_InputTokens = Annotated[
    str,
    typer.Option(
        "--input-tokens", metavar="N", help=f"{_Tokens}, cached ones in.", rich_help_panel=_LOAD
    ),
]
_OutputTokens = Annotated[
    str, typer.Option("--output-tokens", metavar="N", help=f"{_Tokens}.", rich_help_panel=_LOAD)
]
_TtftMs = Annotated[
    str | None,
    typer.Option(
        "--ttft-ms",
        metavar="MS",
        help="Limit of the time to first token at its 95th percentile.",
        rich_help_panel=_LOAD,
    ),
]
_TpotMs = Annotated[
    str | None,
    typer.Option(
        "--tpot-ms",
        metavar="MS",
        help="Limit of the time per output token after the first, 95th percentile.",
        rich_help_panel=_LOAD,
    ),
]
_Instance = Annotated[
    list[str] | None,
    typer.Option(
        "--instance",
        metavar="TYPE[,TYPE...]|any",
        show_default=False,
        help="EC2 types to consider. Default: any.",
        rich_help_panel=_HARDWARE,
    ),
]
_Tp = Annotated[
    list[int] | None,
    typer.Option(
        "--tp",
        metavar="N",
        help="Only this tensor-parallel degree. Repeatable.",
        rich_help_panel=_HARDWARE,
    ),
]
_PrecisionOf = Annotated[
    Literal["native", "bf16", "fp8", "fp4", "int4"],
    typer.Option(
        "--precision",
        help="Precision of the weights; native: as published.",
        rich_help_panel=_HARDWARE,
    ),
]
_KvCache = Annotated[
    Literal["auto", "fp8"],
    typer.Option("--kv-cache-dtype", help="Precision of the KV cache.", rich_help_panel=_HARDWARE),
]
_MaxSeqs = Annotated[
    int | None,
    typer.Option(
        "--max-num-seqs",
        metavar="N",
        help="Sequences decoded together at most. Default: 256.",
        rich_help_panel=_HARDWARE,
    ),
]
_Region = Annotated[
    str | None,
    typer.Option("--region", help="AWS region. Default: us-east-1.", rich_help_panel=_HARDWARE),
]
_Measured = Annotated[
    Path | None,
    typer.Option(
        "--measured",
        metavar="FILE",
        help="Your own benchmark file or a folder of them; beats any model.",
        rich_help_panel=_HARDWARE,
    ),
]
_Profiles = Annotated[
    Path | None,
    typer.Option(
        "--profiles",
        metavar="DIR",
        help="Folder of your own profiles, asked before the shipped ones.",
        rich_help_panel=_HARDWARE,
    ),
]
_Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="DIR",
        help="Folder with the config.json of a model of your own.",
        rich_help_panel=_HARDWARE,
    ),
]
_Rate = Annotated[
    str | None,
    typer.Option(
        "--requests-per-second",
        metavar="R",
        help="Mean rate to hold: also show replicas and instances for its peak.",
        rich_help_panel=_FLEET,
    ),
]
_PeakToMean = Annotated[
    str | None,
    typer.Option(
        "--peak-to-mean",
        metavar="X",
        help="Busiest hour of the week as a multiple of the mean. Default: as in a scenario.",
        rich_help_panel=_FLEET,
    ),
]
_Burst = Annotated[
    str | None,
    typer.Option(
        "--burst",
        metavar="X",
        help="Busiest minute as a multiple of its hour. Default: as in a scenario.",
        rich_help_panel=_FLEET,
    ),
]
_Redundancy = Annotated[
    Literal["none", "n_plus_1", "zones"] | None,
    typer.Option("--redundancy", help="Spare replicas. Default: n_plus_1.", rich_help_panel=_FLEET),
]


def command(
    input_tokens: _InputTokens,
    output_tokens: _OutputTokens,
    model: _Model = None,
    ttft_ms: _TtftMs = None,
    tpot_ms: _TpotMs = None,
    instance: _Instance = None,
    tp: _Tp = None,
    precision: _PrecisionOf = "native",
    kv_cache_dtype: _KvCache = "auto",
    max_num_seqs: _MaxSeqs = None,
    region: _Region = None,
    measured: _Measured = None,
    profiles: _Profiles = None,
    config: _Config = None,
    requests_per_second: _Rate = None,
    peak_to_mean: _PeakToMean = None,
    burst: _Burst = None,
    redundancy: _Redundancy = None,
    sets: Sets = [],  # noqa: B006 - typer copies it
    format_: Annotated[Literal["table", "json", "markdown", "csv"], FORMAT] = "table",
    out: Out = None,
    outputs: Outputs = [],  # noqa: B006 - typer copies it
    wide: Wide = False,
    as_of: AsOf = None,
    prices_file: PricesFile = None,
    max_price_age: MaxPriceAge = None,
) -> int:
    """Show what instance types serve of a model inside a service level, and at which price.

    For each instance type and tensor-parallel degree: requests per second of one replica with the
    band of the prediction, latencies at that rate, KV cache, who predicted it, and USD per 1M
    tokens at full use. Cheapest per token first; what cannot serve comes last, with the reason.
    Everything else is as in a scenario and changes with --set, for example the spread of lengths.

    Exits with 1 when no candidate can serve the model inside the limits.

      planner capacity meta-llama/Llama-3.1-8B-Instruct --instance g6e.xlarge,p5.4xlarge \\
        --input-tokens 1000 --output-tokens 200 --ttft-ms 1000 --tpot-ms 50
      planner capacity openai/gpt-oss-120b --input-tokens 4000 --output-tokens 500 \\
        --ttft-ms 2000 --tpot-ms 40 --requests-per-second 20 --redundancy zones
      planner capacity acme/my-model --config ./my-model --profiles ./profiles \\
        --input-tokens 1000 --output-tokens 200 --set workload.input_tokens.cv=1.2
    """
    flags = Flags(
        model=model, input_tokens=input_tokens, output_tokens=output_tokens, ttft_ms=ttft_ms,
        tpot_ms=tpot_ms, instances=tuple(instance or ()), tensor_parallel_sizes=tuple(tp or ()),
        precision=precision, kv_cache_dtype=kv_cache_dtype, max_num_seqs=max_num_seqs,
        region=region, measured=measured, profiles=profiles, config=config,
        requests_per_second=requests_per_second, peak_to_mean=peak_to_mean, burst=burst,
        redundancy=redundancy,
    )  # fmt: skip
    options = ReportOptions(format=format_, out=out, outputs=outputs, wide=wide)
    prices = PriceOptions(prices_file=prices_file, as_of=as_of, max_price_age=max_price_age)
    return _run(flags, sets, prices, options)


def _run(flags: Flags, sets: Sequence[str], prices: PriceOptions, options: ReportOptions) -> int:
    check_forms(options, _FORMATS)
    _check_fleet(flags)
    report, catalog, offers = _answered(flags, sets, prices)
    write_report(_forms(report, wide=options.wide), options)
    stale = report_aws_price_ages(catalog, _rows(offers), prices)
    if not any(option.feasible for option in report.options):
        return EXIT_GATE_FAILED
    return EXIT_INCOMPLETE if stale else EXIT_OK


def _check_fleet(flags: Flags) -> None:
    """Without a rate there is no fleet, and what shapes one would change nothing."""
    given = {
        "--peak-to-mean": flags.peak_to_mean,
        "--burst": flags.burst,
        "--redundancy": flags.redundancy,
    }
    wrong = [name for name, value in given.items() if value is not None]
    if wrong and flags.requests_per_second is None:
        raise InputError(
            f"{', '.join(wrong)} shapes a fleet, and there is none without a rate; add "
            "--requests-per-second R"
        )


def _answered(
    flags: Flags, sets: Sequence[str], prices: PriceOptions
) -> tuple[CapacityReport, Catalog, tuple[CapacityOffer, ...]]:
    """The report, and the prices and offers behind it; errors name the options."""
    from planner.catalog import load_catalog
    from planner.decision.capacity import capacity_offers
    from planner.demand import build_demand
    from planner.render.payload_capacity import capacity_report

    loaded = loaded_question(flags, sets, prices.prices_file)
    scenario, base_dir = loaded.scenario, loaded.base_dir
    sized = flags.requests_per_second is not None
    try:
        demand = build_demand(scenario, base_dir)
        catalog = load_catalog(
            prices=scenario.prices,
            base_dir=base_dir,
            prices_file=prices.prices_file,
            as_of=prices.as_of,
        )
        offers = capacity_offers(scenario, demand, catalog, base_dir=base_dir, sized=sized)
    except ScenarioError as error:
        raise ScenarioError(located(loaded.locate(error.problems))) from error
    except InputError as error:
        raise InputError(renamed(error.message), hint=error.hint) from error
    report = capacity_report(
        scenario,
        demand,
        catalog,
        offers,
        sized=sized,
        written_at=lambda path: option_of(path, flags, sets),
    )
    return report, catalog, offers


def _rows(offers: Sequence[CapacityOffer]) -> tuple[PriceRow, ...]:
    """The prices behind the offers that can serve."""
    rows = (o.price for o in offers if o.price is not None and o.usd_per_1m_tokens is not None)
    return tuple({row.item: row for row in rows}.values())


def _forms(report: CapacityReport, *, wide: bool) -> dict[str, Form]:
    def blocks() -> list[Block]:
        from planner.render.text_capacity import capacity_blocks

        return capacity_blocks(report, wide=wide)

    def json_form(style: object) -> str:
        from planner.render.json_ import json_text

        return json_text(report)

    def csv_form(style: object) -> str:
        from planner.render.csv_capacity import capacity_csv

        return capacity_csv(report)

    return {
        "table": table_form(blocks),
        "markdown": markdown_form(blocks),
        "json": json_form,
        "csv": csv_form,
    }
