"""`planner actuals import SOURCE FILES...`: usage and bills of any source into a store."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from planner.actuals.types import SOURCES
from planner.cli import streams
from planner.cli.options import FORMAT, Out, Outputs, PricesFile, Wide
from planner.cli.report_output import (
    Form,
    ReportOptions,
    check_forms,
    markdown_form,
    table_form,
    write_report,
)
from planner.errors import EXIT_BAD_INPUT, EXIT_OK, InputError

if TYPE_CHECKING:
    from planner.actuals import CataloguePricer, ImportResult, SourceSpec
    from planner.render.blocks import Block

__all__ = ["import_actuals", "import_time", "list_pricer"]

_FORMATS = ("table", "json", "markdown")
# What exports are called; other files of a folder (manifests, notes) are left alone.
_SUFFIXES = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".parquet", ".prom", ".txt")


def _complete_source(incomplete: str) -> list[str]:
    return [name for name in SOURCES if name.startswith(incomplete)]


_Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        show_default=False,
        help="What the files are: one of those above.",
        autocompletion=_complete_source,
    ),
]
_Files = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILES...",
        show_default=False,
        help="Exports, gzip too; a folder stands for the exports in it and below.",
    ),
]
_Store = Annotated[
    Path, typer.Option("--store", metavar="DIR", help="Folder of the imported records.")
]
_Map = Annotated[
    list[str],
    typer.Option(
        "--map",
        metavar="LABEL=PATH",
        show_default=False,
        help="Where a row holds feature, endpoint, environment, team or prompt_version: "
        "`feature=metadata.app`, or `feature=tag:app` for tags like `app:search`. Repeatable.",
    ),
]
_ExportedAt = Annotated[
    str | None,
    typer.Option(
        "--exported-at",
        metavar="TIME",
        help="When the files were exported: of two versions of a row the later counts. "
        "Default: each file's own time.",
    ),
]


def import_actuals(
    source: _Source,
    files: _Files,
    store: _Store = Path(".planner/actuals"),
    label_paths: _Map = [],  # noqa: B006 - typer copies it
    exported_at: _ExportedAt = None,
    format_: Annotated[Literal["table", "json", "markdown"], FORMAT] = "table",
    out: Out = None,
    outputs: Outputs = [],  # noqa: B006 - typer copies it
    wide: Wide = False,
    prices_file: PricesFile = None,
) -> int:
    """Import usage and bills of one source into a store of records.

    Sources, each with an example:

      otel             planner actuals import otel spans.jsonl.gz
      litellm          planner actuals import litellm spend_logs.jsonl.gz
      litellm-daily    planner actuals import litellm-daily daily_user_spend.csv
      openai-usage     planner actuals import openai-usage usage_page_*.json
      openai-costs     planner actuals import openai-costs costs_page_*.json
      anthropic-usage  planner actuals import anthropic-usage usage_report_*.json
      anthropic-cost   planner actuals import anthropic-cost cost_report_*.json
      bedrock          planner actuals import bedrock AWSLogs/
      cur              planner actuals import cur data/BILLING_PERIOD=2026-11/
      focus            planner actuals import focus focus-2026-11.csv.gz
      langfuse         planner actuals import langfuse observations_v2/
      vllm             planner actuals import vllm metrics-2026-11-21.prom
      plain            planner actuals import plain requests.csv

    Importing a file again, or files that overlap, in any order, gives the same records. An import
    that was stopped goes on where it was. Rows that cannot be taken are listed with their place
    and the reason, and the others come in. Prompts and responses are never stored. A log of one's
    own (`plain`) needs a timestamp, a model, and input_tokens and output_tokens; the input
    contains the cached tokens. Needs the extra `actuals`.
    """
    options = ReportOptions(format=format_, out=out, outputs=outputs, wide=wide)
    check_forms(options, _FORMATS)
    from planner.actuals import ImportSettings, import_files, source_spec
    from planner.actuals.engines import require_engines
    from planner.cli.actuals_progress import ProgressBar

    spec = source_spec(source)
    require_engines()
    settings = ImportSettings(
        now=import_time(),
        exported_at=_moment(exported_at),
        label_paths=_label_paths(label_paths),
        pricer=list_pricer(prices_file),
    )
    paths = _expanded(spec, files)
    with ProgressBar(streams.current(), len(paths)) as bar:
        result = import_files(store, spec, paths, settings, bar.show)
    write_report(_forms(spec, store, result), options)
    return _exit_code(result)


def _exit_code(result: ImportResult) -> int:
    """Bad input when a file gave nothing but rows that were refused."""
    said = streams.current()
    empty = [file.name for file in result.imported if file.quarantined and not file.records]
    for name in empty:
        said.warn(f"{name}: not one row could be taken; the reasons are listed above")
    for file in result.imported:
        if file.is_cut_off:
            said.warn(f"{file.name}: the file breaks off; rows before that were taken")
    return EXIT_BAD_INPUT if empty else EXIT_OK


def import_time() -> datetime:
    """Now, or the time of SOURCE_DATE_EPOCH."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    return datetime.fromtimestamp(int(epoch), UTC) if epoch.isdigit() else datetime.now(UTC)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"--exported-at {text!r} is not a time, for example 2026-11-21T06:00Z"
        ) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _label_paths(given: Sequence[str]) -> dict[str, str]:
    from planner.actuals import LABELS

    paths: dict[str, str] = {}
    for text in given:
        label, separator, path = text.partition("=")
        if not (separator and path) or label not in LABELS:
            raise InputError(
                f"--map {text!r} is not LABEL=PATH with one of the labels {', '.join(LABELS)}, for "
                "example feature=metadata.app"
            )
        paths[label] = path
    return paths


def list_pricer(prices_file: Path | None) -> CataloguePricer:
    """Prices records by the prices in use."""
    from planner.actuals import CataloguePricer
    from planner.catalog import load_catalog

    catalog = load_catalog(prices=None, base_dir=Path.cwd(), prices_file=prices_file)
    return CataloguePricer(catalog)


def _expanded(spec: SourceSpec, paths: Sequence[Path]) -> list[Path]:
    """Files as given, and those of the source in folders; InputError for a folder without any."""
    from planner.actuals.recognition import belongs

    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        inside = sorted(each for each in path.rglob("*") if _is_export(path, each))
        if not inside:
            raise InputError(f"{path}: no exports in this folder ({', '.join(_SUFFIXES)}, or .gz)")
        ours = [each for each in inside if belongs(spec, each)]
        if ours and len(ours) < len(inside):
            count = len(inside) - len(ours)
            streams.current().note(f"{path}: {count} files in it are not {spec.title}: left out")
        # Where none is, the import says what they are instead.
        found += ours or inside
    return found


def _is_export(folder: Path, path: Path) -> bool:
    name = path.name.lower().removesuffix(".gz")
    hidden = any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)
    is_manifest = name.endswith("manifest.json")
    return name.endswith(_SUFFIXES) and not hidden and not is_manifest and path.is_file()


def _forms(spec: SourceSpec, store: Path, result: ImportResult) -> dict[str, Form]:
    def blocks() -> list[Block]:
        from planner.cli.actuals_import_view import import_blocks

        return import_blocks(spec, store, result)

    def json_form(style: object) -> str:
        from planner.cli.actuals_import_view import import_json
        from planner.cli.prices_view import as_json

        return as_json(import_json(spec, store, result))

    return {"table": table_form(blocks), "markdown": markdown_form(blocks), "json": json_form}
