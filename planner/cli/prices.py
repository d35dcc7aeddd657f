"""`planner prices list|check|refresh|pin`: prices in use, their age, newer and committed ones."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from planner.cli import streams
from planner.cli.options import FORMAT, AsOf, MaxPriceAge, Offline, Out, PricesFile, Wide
from planner.errors import EXIT_INCOMPLETE, EXIT_OK, InputError, PriceError

if TYPE_CHECKING:
    from planner.catalog.snapshot import Snapshot
    from planner.render.blocks import Block

__all__ = ["app"]

# The name that is found upward from a scenario.
_SNAPSHOT_FILE = Path("planner.prices.json")

_PriceFileOut = Annotated[Path, typer.Option("--out", metavar="FILE", help="Price file to write.")]
_Kind = Annotated[
    Literal["instance", "service", "llm"] | None,
    typer.Option("--kind", help="Only this kind. `llm` shows token prices of API models."),
]
_RegionFilter = Annotated[
    list[str] | None, typer.Option("--region", help="Only this AWS region. Repeatable.")
]
_Item = Annotated[
    str | None,
    typer.Option("--item", help="Only this item; * is anything: `g6e.*`, `openai/gpt-6*`."),
]
_PurchaseFilter = Annotated[
    str | None, typer.Option("--purchase", help="Only this way to buy: `on_demand`.")
]
_InstanceTypes = Annotated[
    str | None,
    typer.Option("--instance-types", help="Types, comma-separated. Default: all known."),
]
_Regions = Annotated[
    list[str] | None,
    typer.Option("--region", help="AWS region. Repeatable. Default: us-east-1."),
]
_Kinds = Annotated[
    str,
    typer.Option(
        "--kinds",
        help="What to read, comma-separated: on_demand, reserved, savings_plans, spot, types.",
    ),
]
_Quotas = Annotated[bool, typer.Option("--quotas", help="Also read the account's vCPU quotas.")]
_Scenarios = Annotated[
    list[Path],
    typer.Argument(metavar="FILE...", show_default=False, help="Scenario files (YAML)."),
]

app = typer.Typer(no_args_is_help=True, help="List, check, refresh or pin the prices in use.")


@app.command("list")
def list_prices(
    kind: _Kind = None,
    region: _RegionFilter = None,
    item: _Item = None,
    purchase: _PurchaseFilter = None,
    format_: Annotated[Literal["table", "json", "markdown", "csv"], FORMAT] = "table",
    out: Out = None,
    prices_file: PricesFile = None,
    as_of: AsOf = None,
    wide: Wide = False,
) -> None:
    """Show the prices of the snapshot in use, each with its source and the day it was seen.

    Prices come from `--prices`, else from planner.prices.json found upward from here, else from
    the data shipped with planner. Unknown prices are shown with the reason.

      planner prices list --item 'g6e.*' --region eu-central-1
      planner prices list --kind service
      planner prices list --kind llm --item 'anthropic/claude-*'
    """
    from planner.catalog.free import free_units_per_month
    from planner.cli import prices_view as view
    from planner.cli.prices_select import matching_quotes, matching_rows

    snapshot = _snapshot(prices_file)
    day = as_of or snapshot.as_of
    about = {"snapshot": view.snapshot_json(snapshot, day)}
    _note_source(snapshot, day)
    if kind == "llm":
        if region or purchase:
            raise InputError("--region and --purchase are for AWS prices, not for --kind llm")
        quotes = matching_quotes(snapshot, day, item)
        text = _formatted(
            format_,
            blocks=lambda: [view.llm_grid(quotes)],
            payload=lambda: {**about, "llm": view.llm_json(quotes)},
            csv_text=lambda: view.llm_csv(quotes),
            wide=wide,
        )
    else:
        rows = matching_rows(snapshot, kind, region or (), item, purchase)
        text = _formatted(
            format_,
            blocks=lambda: [view.rows_grid(rows)],
            payload=lambda: {**about, "rows": view.rows_json(rows, free_units_per_month())},
            csv_text=lambda: view.rows_csv(rows),
            wide=wide,
        )
    streams.current().write_result(text, out)


@app.command()
def check(
    format_: Annotated[Literal["table", "json", "markdown"], FORMAT] = "table",
    out: Out = None,
    prices_file: PricesFile = None,
    as_of: AsOf = None,
    max_price_age: MaxPriceAge = None,
) -> int:
    """Show which prices are in use, how old each class of them is, and their hash.

    Ages are counted to today, or to `--as-of`. Old prices are a warning; they end with exit code 3
    only past a `--max-price-age` that is given.

      planner prices check
      planner prices check --max-price-age default
    """
    from planner.catalog.age import age_policy
    from planner.catalog.catalog import load_catalog
    from planner.cli import prices_view as view

    catalog = load_catalog(prices=None, base_dir=Path.cwd(), prices_file=prices_file)
    snapshot = catalog.snapshot
    day = as_of or _now().date()
    ages = catalog.ages(day, age_policy(max_price_age))
    about = {**view.snapshot_json(snapshot, snapshot.as_of), **_llm_versions()}
    edited = snapshot.meta.get("sha256") not in (None, snapshot.file_sha256)
    text = _formatted(
        format_,
        blocks=lambda: view.check_blocks(about, ages, day),
        payload=lambda: {
            "snapshot": about,
            "edited_by_hand": edited,
            "checked_on": day.isoformat(),
            "classes": [view.age_json(age) for age in ages],
        },
    )
    streams.current().write_result(text, out)
    _warn_of_age(about, [age.sentence for age in ages if age.level != "ok"], edited, day)
    return EXIT_INCOMPLETE if any(age.level == "fail" for age in ages) else EXIT_OK


@app.command()
def refresh(
    instance_types: _InstanceTypes = None,
    region: _Regions = None,
    kinds: _Kinds = "on_demand,reserved,savings_plans,spot,types",
    quotas: _Quotas = False,
    out: _PriceFileOut = _SNAPSHOT_FILE,
    format_: Annotated[Literal["table", "json", "markdown"], FORMAT] = "table",
    prices_file: PricesFile = None,
    offline: Offline = False,
) -> int:
    """Read instance prices from AWS into a file to review and commit; needs the extra `aws`.

    It begins with the file that is written to, else with the prices in use, and replaces what AWS
    answers. What AWS refuses keeps its old rows, is named, and ends with exit code 3.

    All calls are read-only: pricing:GetProducts, savingsplans:DescribeSavingsPlansOfferingRates,
    ec2:DescribeSpotPriceHistory, ec2:DescribeInstanceTypes, ec2:DescribeInstanceTypeOfferings, and
    for --quotas servicequotas:GetServiceQuota and servicequotas:GetAWSDefaultServiceQuota.

      planner prices refresh --region eu-central-1 --instance-types g6e.xlarge,g6e.12xlarge
      planner prices refresh --kinds spot --region us-east-1 --region us-west-2
    """
    from planner.catalog.refresh_aws import RefreshRequest, planned_calls
    from planner.catalog.refresh_aws import refresh as refresh_prices
    from planner.cli import prices_view as view
    from planner.cli.prices_aws import boto3_clients, kinds_of, words
    from planner.files import write_atomic
    from planner.render.blocks import Paragraph

    if offline:
        raise InputError("`prices refresh` asks AWS; leave out --offline")
    base = _snapshot(out if prices_file is None and out.exists() else prices_file)
    request = RefreshRequest(
        instance_types=words(instance_types or ""),
        regions=tuple(dict.fromkeys(region or ("us-east-1",))),
        kinds=kinds_of(kinds),
        quotas=quotas,
        now=_now(),
    )
    said = streams.current()
    said.note(f"about {planned_calls(base, request):,} read-only calls to AWS")
    result = refresh_prices(base, request, boto3_clients())
    for failure in result.failures:
        said.warn(failure)
    if not result.succeeded:
        raise PriceError(f"AWS answered nothing that was asked; {out} is not written")
    write_atomic(out, result.text)
    confirmed = Paragraph(f"{result.confirmed:,} prices were read again and are the same.")
    text = _formatted(
        format_,
        blocks=lambda: [*view.changes_blocks(result.changes), confirmed],
        payload=lambda: {
            "file": str(out),
            "changes": [view.change_json(change) for change in result.changes],
            "confirmed": result.confirmed,
            "failures": list(result.failures),
        },
    )
    said.write_result(text)
    said.note(f"wrote {out}; review it and commit it")
    return EXIT_INCOMPLETE if result.failures else EXIT_OK


@app.command()
def pin(
    files: _Scenarios,
    out: _PriceFileOut = _SNAPSHOT_FILE,
    format_: Annotated[Literal["table", "json", "markdown"], FORMAT] = "table",
    prices_file: PricesFile = None,
    as_of: AsOf = None,
) -> None:
    """Write the prices these scenarios need into one file to commit; needs no network.

    It holds the AWS rows of the scenarios' regions and the token prices of their API models, so
    that every install computes the same, and `diff` can tell price drift from other changes.

      planner prices pin scenarios/*.yaml
    """
    from planner import __version__
    from planner.catalog.pin import pin as pin_prices
    from planner.catalog.snapshot import find_snapshot, load_snapshot
    from planner.cli import prices_view as view
    from planner.files import write_atomic
    from planner.render.blocks import Paragraph
    from planner.scenario import load_scenario

    loaded = [load_scenario(path) for path in files]
    found, name = find_snapshot(prices_file, None, loaded[0].base_dir)
    current, shipped = load_snapshot(found, name), load_snapshot(None)
    result = pin_prices(
        [each.scenario for each in loaded],
        current=current,
        shipped=shipped,
        before=load_snapshot(out) if out.exists() else None,
        as_of=as_of or max(current.as_of, shipped.as_of),
        tool_version=__version__,
    )
    write_atomic(out, result.text)
    summary = Paragraph(
        f"Pinned {result.aws_rows:,} AWS rows for {', '.join(result.regions)} and "
        f"{result.llm_rows:,} token prices."
    )
    text = _formatted(
        format_,
        blocks=lambda: [summary, *view.changes_blocks(result.changes)],
        payload=lambda: {
            "file": str(out),
            "regions": list(result.regions),
            "aws_rows": result.aws_rows,
            "llm_rows": result.llm_rows,
            "changes": [view.change_json(change) for change in result.changes],
        },
    )
    said = streams.current()
    said.write_result(text)
    said.note(f"wrote {out}; commit it beside the scenarios")
    for each in loaded:
        own = each.scenario.prices.snapshot
        if own is not None and (each.base_dir / own).resolve() != out.resolve():
            said.warn(f"{each.path} reads its prices from {own}, not from {out}: use --out for it")


# --- shared by the commands ----------------------------------------------------------------------


def _snapshot(prices_file: Path | None) -> Snapshot:
    """The snapshot a command works on when no scenario says otherwise."""
    from planner.catalog.snapshot import find_snapshot, load_snapshot

    return load_snapshot(*find_snapshot(prices_file, None, Path.cwd()))


def _formatted(
    format_: str,
    *,
    blocks: Callable[[], Sequence[Block]],
    payload: Callable[[], dict[str, object]],
    csv_text: Callable[[], str] | None = None,
    wide: bool = False,
) -> str:
    """The result in the format asked for; only that one is made."""
    from planner.cli.prices_view import as_json
    from planner.render.markdown import markdown_of
    from planner.render.text import TextStyle, text_of

    if format_ == "json":
        return as_json(payload())
    if format_ == "markdown":
        return markdown_of(blocks())
    if format_ == "csv" and csv_text is not None:
        return csv_text()
    shown = streams.current()
    return text_of(blocks(), TextStyle(width=None if wide else shown.width, color=shown.color))


def _note_source(snapshot: Snapshot, as_of: date) -> None:
    streams.current().note(
        f"{snapshot.name} prices as of {as_of}, {len(snapshot.raw):,} AWS rows, "
        f"sha256 {snapshot.sha256[:12]}"
    )


def _now() -> datetime:
    """Now in UTC, or the moment SOURCE_DATE_EPOCH names."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    # Ten digits end in the year 2286; more is no moment of this program's life.
    if epoch.isascii() and epoch.isdigit() and len(epoch) <= 10:
        return datetime.fromtimestamp(int(epoch), UTC)
    return datetime.now(UTC)


# --- check ---------------------------------------------------------------------------------------


def _llm_versions() -> dict[str, object]:
    """Where the shipped token prices come from, and which genai-prices is installed."""
    from importlib.metadata import PackageNotFoundError, version

    from planner.catalog.llm import shipped_source

    source, observed = shipped_source()
    try:
        installed: str | None = version("genai-prices")
    except PackageNotFoundError:
        installed = None
    return {
        "llm_source": source,
        "llm_observed": observed.isoformat(),
        "genai_prices_installed": installed,
    }


def _warn_of_age(
    about: dict[str, object], sentences: Iterable[str], edited: bool, day: date
) -> None:
    from planner.catalog.llm_overlay_rows import overlay_warnings

    said = streams.current()
    for sentence in (*sentences, *overlay_warnings(day)):
        said.warn(sentence)
    if edited:
        said.warn("the file was changed after it was written: its content has another hash")
    installed = about["genai_prices_installed"]
    if installed is not None and str(about["llm_source"]) != f"genai-prices {installed}":
        said.warn(
            f"token prices come from {about['llm_source']}, {installed} is installed: "
            "models that are not in the shipped data are priced by the installed one"
        )
