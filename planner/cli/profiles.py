"""`planner profiles build|list|show|backtest`: measured step times of models on GPUs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from planner.cli import streams
from planner.cli.options import FORMAT, Out, Wide
from planner.cli.profiles_backtest import backtest
from planner.errors import InputError

if TYPE_CHECKING:
    from planner.cli.profiles_view import Choice
    from planner.render.blocks import Block
    from planner.serving.profile_build import Built, ModelSource
    from planner.serving.profiles import ProfileFile, ProfileStore

__all__ = ["app"]


class _Precision(StrEnum):
    """Precision of weights; typer takes no list of a Literal."""

    bf16 = "bf16"
    fp8 = "fp8"
    fp4 = "fp4"
    int4 = "int4"


class _KvCache(StrEnum):
    """Precision of a KV cache."""

    bf16 = "bf16"
    fp8 = "fp8"


_Models = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[MODEL...]",
        show_default=False,
        help="Hugging Face ids or names of `profiles list`. Default: all that are shipped.",
    ),
]
_Model = Annotated[
    str, typer.Argument(metavar="MODEL", help="Hugging Face id, or a name of `profiles list`.")
]
_Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="DIR", help="Folder with a config.json of one's own model."),
]
_Id = Annotated[
    str | None, typer.Option("--id", help="Id of the model in --config. Default: the folder.")
]
_Systems = Annotated[
    list[str] | None,
    typer.Option("--system", help="Only this GPU: H100, or h100_sxm. Repeatable."),
]
_Degrees = Annotated[
    list[int] | None,
    typer.Option("--tp", min=1, help="Only this tensor-parallel degree. Repeatable."),
]
_Precisions = Annotated[
    list[_Precision] | None,
    typer.Option("--precision", help="Only weights of this precision. Repeatable."),
]
_KvCaches = Annotated[
    list[_KvCache] | None,
    typer.Option("--kv-cache", help="Only caches of this precision. Repeatable."),
]
_OutFolder = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="Folder for the profile files.")
]
_Date = Annotated[
    str | None,
    typer.Option("--date", metavar="DATE", help="Day of the build in the files. Default: today."),
]
_Folder = Annotated[
    Path | None,
    typer.Option("--profiles", metavar="DIR", help="Folder of one's own profiles, asked first."),
]
_NoProfile = Annotated[
    bool, typer.Option("--no-profile", help="Show what has no profile, and why.")
]
# So many are named when a part of a name fits several.
_NAMED_MODELS = 4

_Grids = Annotated[bool, typer.Option("--grids", help="All times, not only some (JSON only).")]

app = typer.Typer(no_args_is_help=True, help="List, show, build or back-test measured step times.")


@app.command()
def build(
    models: _Models = None,
    config: _Config = None,
    model_id: _Id = None,
    system: _Systems = None,
    tp: _Degrees = None,
    precision: _Precisions = None,
    kv_cache: _KvCaches = None,
    out: _OutFolder = Path("profiles"),
    day: _Date = None,
    format_: Annotated[Literal["table", "json", "markdown"], FORMAT] = "table",
) -> None:
    """Build profiles from measured operator tables; needs the extra `profiles`.

    Every combination without tables, or whose weights do not fit, is listed with its reason. The
    files and their index go into one folder, which `--profiles` of other commands takes.

      planner profiles build Qwen/Qwen3-32B --system H100 --tp 2
      planner profiles build --config ./my-model --id acme/my-model --precision fp8
    """
    from planner.cli import profiles_view as view
    from planner.files import write_atomic, write_atomic_bytes
    from planner.serving.profile_build import BuildPlan, EngineSettings, build_profiles
    from planner.serving.profiles import INDEX_NAME, SUFFIX, index_text, packed

    sources = _sources(models or [], config, model_id)
    plan = BuildPlan(
        accelerators=_accelerators(system),
        precisions=tuple(each.value for each in precision) if precision else None,
        kv_caches=tuple(each.value for each in kv_cache or _KvCache),
        degrees=tuple(sorted(set(tp or (1, 2, 4, 8)))),
        built=_day(day).isoformat(),
        settings=EngineSettings(),
    )
    said = streams.current()
    built: list[Built] = []
    _make_folder(out)
    for source in sources:
        with tempfile.TemporaryDirectory() as scratch:
            done = build_profiles(source, plan, Path(scratch), said.note)
        if done.profiles:
            write_atomic_bytes(out / f"{done.stem}{SUFFIX}", packed(done.text))
        built.append(done)
    write_atomic(out / INDEX_NAME, index_text(out))
    text = _formatted(
        format_,
        blocks=lambda: view.built_blocks(built),
        payload=lambda: {"folder": str(out), "models": [view.built_json(each) for each in built]},
    )
    said.write_result(text)
    if not any(each.profiles for each in built):
        raise InputError("no profile could be built: the reasons are listed above")
    said.note(f"wrote {out}; read it with --profiles {out}")


@app.command("list")
def list_profiles(
    model: Annotated[str | None, typer.Argument(metavar="[MODEL]", show_default=False)] = None,
    system: _Systems = None,
    tp: _Degrees = None,
    precision: _Precisions = None,
    kv_cache: _KvCaches = None,
    no_profile: _NoProfile = False,
    profiles: _Folder = None,
    format_: Annotated[Literal["table", "json", "markdown", "csv"], FORMAT] = "table",
    out: Out = None,
    wide: Wide = False,
) -> None:
    """Show which models have measured step times, on which GPUs and in which precision.

    A model without its own times on a GPU is estimated from data sheets. MODEL may be a part of a
    name: all models that have it are listed.

      planner profiles list llama
      planner profiles list --system H100 --precision fp8
      planner profiles list Qwen/Qwen3-32B --no-profile
    """
    from planner.cli import profiles_view as view
    from planner.serving.profiles import profile_store

    store = profile_store(profiles)
    files = store.files() if model is None else _matching(store, model)
    chosen = _choice(system, precision, kv_cache, tp)
    text = _formatted(
        format_,
        blocks=lambda: view.list_blocks(files, chosen, no_profile=no_profile),
        payload=lambda: {"models": [view.file_json(each, chosen) for each in files]},
        csv_text=lambda: view.list_csv(files, chosen, no_profile=no_profile),
        wide=wide,
    )
    streams.current().write_result(text, out)


@app.command()
def show(
    model: _Model,
    system: _Systems = None,
    tp: _Degrees = None,
    precision: _Precisions = None,
    kv_cache: _KvCaches = None,
    grids: _Grids = False,
    profiles: _Folder = None,
    format_: Annotated[Literal["table", "json", "markdown"], FORMAT] = "table",
    out: Out = None,
    wide: Wide = False,
) -> None:
    """Show a model's step times, KV cache and where they come from.

    Decode is one step for 1 sequence at 1,024 tokens of context and for 64 at 2,048; prefill is
    2,048 tokens. `measured` is the share of step time read from tables of that very operator.

      planner profiles show meta-llama/Llama-3.1-8B-Instruct --system H100
      planner profiles show openai/gpt-oss-120b --format json --grids
    """
    from planner.cli import profiles_view as view
    from planner.serving.profiles import profile_store

    if grids and format_ != "json":
        raise InputError(
            f"--grids writes all times, which only JSON has room for, and the format is {format_}; "
            "add --format json, or leave --grids out"
        )
    found = _file(profile_store(profiles), model)
    chosen = _choice(system, precision, kv_cache, tp)
    rows = [found.profile(key) for key in found.keys if chosen.takes(key)]
    text = _formatted(
        format_,
        blocks=lambda: view.show_blocks(found, rows),
        payload=lambda: view.show_json(found, rows, grids=grids),
        wide=wide,
    )
    streams.current().write_result(text, out)


app.command()(backtest)


# --- shared by the commands ----------------------------------------------------------------------


def _sources(
    models: Sequence[str], config: Path | None, model_id: str | None
) -> tuple[ModelSource, ...]:
    from planner.serving.profile_build import model_source, model_stems, own_source

    if config is not None:
        if models:
            raise InputError("give model names or --config, not both")
        return (own_source(config, model_id),)
    if model_id is not None:
        raise InputError("--id names the model of a folder: give that with --config")
    return tuple(model_source(name) for name in (models or model_stems()))


def _accelerators(named: Sequence[str] | None) -> tuple[str, ...]:
    """Accelerators by their own name or the library's; InputError for another name."""
    import difflib

    from planner.serving.profile_build import systems

    known = systems()
    if not named:
        return tuple(known)
    found: list[str] = []
    for name in named:
        matches = [
            each.accelerator
            for each in known.values()
            if name.casefold() in (each.accelerator.casefold(), each.system.casefold())
        ]
        if not matches:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
            hint = f" (did you mean `{near[0]}`?)" if near else ""
            raise InputError(
                f"no profiles for a GPU named {name!r}{hint}; there are: {', '.join(known)}"
            )
        found += matches
    return tuple(dict.fromkeys(found))


def _matching(store: ProfileStore, model: str) -> tuple[ProfileFile, ...]:
    """The profiles of a model, else of all whose names contain the text; InputError for none."""
    text = model.casefold()
    files = tuple(
        file
        for file in store.files()
        if any(text in name.casefold() for name in (file.stem, *file.models))
    )
    exact = any(text == name.casefold() for file in files for name in (file.stem, *file.models))
    return (_file(store, model),) if exact or not files else files


def _file(store: ProfileStore, model: str) -> ProfileFile:
    """The profiles of a model by id, alias or stem; InputError when there are none."""
    import difflib

    from planner.catalog.models import model_card

    card = model_card(model)
    names = (model,) if card is None else (model, card.id, *card.aliases)
    found = store.file(names)
    if found is not None:
        return found
    known = {name.casefold(): name for file in store.files() for name in (file.stem, *file.models)}
    near = difflib.get_close_matches(model.casefold(), known, n=1, cutoff=0.6)
    near = near or [name for name in known if model.casefold() in name][:_NAMED_MODELS]
    hint = f" (did you mean {' or '.join(f'`{known[name]}`' for name in near)}?)" if near else ""
    raise InputError(f"no profiles of {model!r}{hint}; `planner profiles list` shows all")


def _choice(
    system: Sequence[str] | None,
    precision: Sequence[str] | None,
    kv_cache: Sequence[str] | None,
    tp: Sequence[int] | None,
) -> Choice:
    from planner.cli.profiles_view import Choice

    return Choice(
        accelerators=frozenset(_accelerators(system)) if system else None,
        precisions=frozenset(map(str, precision)) if precision else None,
        kv_caches=frozenset(map(str, kv_cache)) if kv_cache else None,
        degrees=frozenset(tp) if tp else None,
    )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot write: {error.strerror or error}") from error


def _day(text: str | None) -> date:
    if text is None:
        epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
        moment = datetime.fromtimestamp(int(epoch), UTC) if epoch.isdigit() else datetime.now(UTC)
        return moment.date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"--date {text!r} is not a date, for example 2026-11-21") from None


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
