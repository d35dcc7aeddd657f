"""`planner keys create|list|rotate|revoke`: keys of the API gateway's clients."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from planner.cli import streams
from planner.cli.options import FORMAT, Out
from planner.errors import InputError, MissingExtra

if TYPE_CHECKING:
    from planner.emit.key_table import KeyTable
    from planner.render.blocks import Block

__all__ = ["app"]

_SECONDS_PER_DAY = 86_400


def _parse_usd(text: str | Decimal) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise typer.BadParameter(f"{text!r} is not an amount, for example 250 or 12.50") from None


_Table = Annotated[
    str,
    typer.Option(
        "--table",
        metavar="NAME",
        show_default=False,
        help="Table of the gateway's keys: the stack's output keysTable.",
    ),
]
_Region = Annotated[
    str | None,
    typer.Option("--region", help="Region of the stack. Default: that of the AWS configuration."),
]
_Tenant = Annotated[
    str, typer.Option("--tenant", show_default=False, help="Team or application it is for.")
]
_CapMonth = Annotated[
    Decimal,
    typer.Option(
        "--cap-month-usd",
        parser=_parse_usd,
        metavar="USD",
        show_default=False,
        help="What it may spend in a calendar month (UTC).",
    ),
]
_CapDay = Annotated[
    Decimal | None,
    typer.Option(
        "--cap-day-usd", parser=_parse_usd, metavar="USD", help="What it may spend in a day (UTC)."
    ),
]
_Expires = Annotated[
    int | None, typer.Option("--expires-in-days", min=1, help="Days until it ends by itself.")
]
_OwnMetrics = Annotated[
    bool,
    typer.Option(
        "--own-metrics",
        help="Also meter its tenant in CloudWatch, which bills these as 8 metrics more.",
    ),
]
_KeyId = Annotated[str, typer.Argument(metavar="KEY_ID", help="Id from `planner keys list`.")]
_Overlap = Annotated[
    int, typer.Option("--overlap-hours", min=0, help="Hours for which the old key still works.")
]
_Format = Annotated[Literal["table", "json", "markdown"], FORMAT]

app = typer.Typer(
    no_args_is_help=True, help="Create, list, rotate or revoke the keys of a gateway's clients."
)


@app.command()
def create(
    table: _Table,
    tenant: _Tenant,
    cap_month_usd: _CapMonth,
    cap_day_usd: _CapDay = None,
    expires_in_days: _Expires = None,
    own_metrics: _OwnMetrics = False,
    region: _Region = None,
    format_: _Format = "table",
    out: Out = None,
) -> None:
    """Make a key for a client of the API gateway and show it once; needs the extra `aws`.

    The table keeps its SHA-256 only, with the tenant and the cap, which the gateway enforces
    before it forwards a request.

      planner keys create --table prod-gateway-keys --tenant search --cap-month-usd 200
      planner keys create --table prod-gateway-keys --tenant ci --cap-month-usd 20 --cap-day-usd 2
    """
    from planner.cli import keys_view as view
    from planner.emit import keys

    now = _now()
    key = keys.client_key(secrets.token_bytes(keys.KEY_BYTES))
    ends = None if expires_in_days is None else int(now) + expires_in_days * _SECONDS_PER_DAY
    record = keys.new_record(
        key,
        tenant=tenant,
        cap_month_usd=cap_month_usd,
        cap_day_usd=cap_day_usd,
        created_on=_day(now),
        expires_at_s=ends,
        own_metrics=own_metrics,
    )
    _key_table(table, region).add(record)
    _show(
        format_,
        out,
        blocks=lambda: view.made_blocks(key, record, now),
        payload=lambda: {"key": key, **view.key_json(record, now)},
    )


@app.command("list")
def list_keys(
    table: _Table,
    region: _Region = None,
    format_: _Format = "table",
    out: Out = None,
) -> None:
    """Show the keys of a gateway: whose they are, their caps and states.

    The keys themselves are nowhere; after a rotation an id has two rows.

      planner keys list --table prod-gateway-keys
    """
    from planner.cli import keys_view as view

    now = _now()
    records = _key_table(table, region).records()
    _show(
        format_,
        out,
        blocks=lambda: [view.keys_grid(records, now)],
        payload=lambda: {"keys": [view.key_json(record, now) for record in records]},
    )


@app.command()
def rotate(
    key_id: _KeyId,
    table: _Table,
    overlap_hours: _Overlap = 24,
    region: _Region = None,
    format_: _Format = "table",
    out: Out = None,
) -> None:
    """Make a new key in place of one, with its id and caps; the old one works a while longer.

    Both spend under one cap. An overlap of 0 hours ends the old key at once.

      planner keys rotate key_0123456789ab --table prod-gateway-keys --overlap-hours 48
    """
    from planner.cli import keys_view as view
    from planner.emit import keys

    now = _now()
    keeper = _key_table(table, region)
    active = [record for record in keeper.of_id(key_id) if record.state_at(now) == "active"]
    if not active:
        raise InputError(
            f"{key_id} has no active key to take over from; make one with `planner keys create`"
        )
    key = keys.client_key(secrets.token_bytes(keys.KEY_BYTES))
    made = [
        keys.rotated(old, key, created_on=_day(now), now_s=now, overlap_hours=overlap_hours)
        for old in active
    ]
    # The newest decides the caps; first the new key, so that no failure leaves none.
    newest = max(made, key=lambda pair: pair[1].created_on)[0]
    keeper.add(newest)
    for _, old in made:
        keeper.change(old)
    _show(
        format_,
        out,
        blocks=lambda: view.made_blocks(key, newest, now),
        payload=lambda: {"key": key, **view.key_json(newest, now)},
    )


@app.command()
def revoke(
    key_id: _KeyId,
    table: _Table,
    region: _Region = None,
    format_: _Format = "table",
    out: Out = None,
) -> None:
    """End a key now, and those it was rotated from.

    The gateway refuses the next request that is sent with any of them.

      planner keys revoke key_0123456789ab --table prod-gateway-keys
    """
    from planner.cli import keys_view as view

    now = _now()
    records = _key_table(table, region).revoke(key_id)
    _show(
        format_,
        out,
        blocks=lambda: [view.keys_grid(records, now)],
        payload=lambda: {"keys": [view.key_json(record, now) for record in records]},
    )


def _key_table(name: str, region: str | None) -> KeyTable:
    """The table through the user's own AWS configuration."""
    try:
        import boto3  # pyright: ignore[reportMissingTypeStubs]
        from botocore.exceptions import BotoCoreError  # pyright: ignore[reportMissingTypeStubs]
    except ImportError:
        raise MissingExtra("aws", "`planner keys`") from None
    from planner.emit.key_table import KeyTable

    try:
        # boto3 makes its clients at run time.
        client = cast("Any", boto3).client("dynamodb", region_name=region)
    except BotoCoreError as error:
        raise InputError(f"AWS configuration: {error}") from None
    return KeyTable(client, name)


def _show(
    format_: str,
    out: Any,
    *,
    blocks: Callable[[], Sequence[Block]],
    payload: Callable[[], dict[str, object]],
) -> None:
    from planner.cli.keys_view import as_json
    from planner.render.markdown import markdown_of
    from planner.render.text import TextStyle, text_of

    shown = streams.current()
    if format_ == "json":
        text = as_json(payload())
    elif format_ == "markdown":
        text = markdown_of(blocks())
    else:
        text = text_of(blocks(), TextStyle(width=shown.width, color=shown.color))
    shown.write_result(text, out)


def _now() -> float:
    return datetime.now(UTC).timestamp()


def _day(now_s: float) -> str:
    return datetime.fromtimestamp(now_s, UTC).date().isoformat()
