"""LiteLLM's daily tables: spend summed by day, key, model and one of user, team or tag.

Each table is a projection of the same spend. In the tag table a request counts once for every
tag, so that its rows give shares and never a total. `endpoint` is the route of the gateway, not
the application's. Columns as in LiteLLM 1.109.
"""

from __future__ import annotations

from collections.abc import Iterable

from planner.actuals.providers import provider_id
from planner.actuals.sources.litellm import trusted_spend
from planner.actuals.sources.spec import FileFacts, Parsed, SourceSpec, Stateless, labels_of
from planner.actuals.tokens import CacheWrites, split
from planner.actuals.types import RowError, Status, Usage
from planner.actuals.values import Row, count, first, instant, money, number, text
from planner.units import SECONDS_PER_DAY

__all__ = ["LITELLM_DAILY"]

# The column by which a table differs from the others, the most particular first.
_TABLES = {
    "tag": "tag",
    "team_id": "team",
    "organization_id": "organization",
    "end_user_id": "customer",
    "agent_id": "agent",
    "user_id": "user",
}
_KEY = ("date", "api_key", "model", "model_group", "custom_llm_provider", "endpoint")


def _fits(row: Row) -> bool:
    return {"date", "spend", "prompt_tokens"} <= set(row) and bool(
        {"api_requests", "successful_requests"} & set(row)
    )


def _parse(row: Row, facts: FileFacts) -> Iterable[Parsed]:
    column = next((name for name in _TABLES if name in row), None)
    if column is None:
        raise RowError("user_id", f"there is none of {', '.join(_TABLES)}: which table is this?")
    started_at = instant(row, "date")
    if started_at.time().isoformat() != "00:00:00":
        raise RowError("date", "is not a day")
    calls, failed = count(row, "api_requests"), count(row, "failed_requests")
    writes = CacheWrites(total=count(row, "cache_creation_input_tokens"))
    tokens = split(
        logical_input=count(row, "prompt_tokens"),
        output=count(row, "completion_tokens"),
        read=count(row, "cache_read_input_tokens"),
        writes=writes,
    )
    spend, notes = trusted_spend(money(row, "spend"), tokens["output_tokens"])
    if writes.all:
        notes.append("cache_ttl_unknown")
    tag = text(row, "tag")
    model = text(row, "model") or text(row, "model_group")
    yield Usage(
        native_id="\x1f".join((column, *(text(row, name) for name in (column, *_KEY)))),
        revised_at=None if first(row, "updated_at")[1] is None else instant(row, "updated_at"),
        kind="share" if column == "tag" else "bucket",
        view=f"daily:{_TABLES[column]}",
        started_at=started_at,
        bucket_s=SECONDS_PER_DAY,
        calls=calls,
        attempts=calls,
        failed_calls=failed,
        status=_status(calls, failed),
        provider=provider_id(text(row, "custom_llm_provider"), model),
        model_raw=model,
        **labels_of(row, facts, tags=(tag,) if tag else (), team=text(row, "team_id")),
        **tokens,
        latency_ms=_mean_ms(row),
        cost_source_usd=spend,
        cost_basis=None if spend is None else "gateway",
        line_item=tag,
        saved_compression_usd=money(row, "compression_savings_spend"),
        saved_prompt_caching_usd=money(row, "prompt_caching_savings_spend"),
        saved_gateway_caching_usd=money(row, "gateway_injected_caching_savings_spend"),
        saved_routing_usd=money(row, "autorouter_savings_spend"),
        notes=tuple(sorted(notes)),
    )


def _status(calls: int, failed: int) -> Status:
    if failed > calls:
        raise RowError("failed_requests", f"{failed} are more than the {calls} requests made")
    if failed:
        return "error" if failed == calls else "mixed"
    return "ok"


def _mean_ms(row: Row) -> float | None:
    timed = count(row, "timed_requests")
    total = number(row, "total_response_time_ms")
    return total / timed if timed and total is not None else None


LITELLM_DAILY = SourceSpec(
    name="litellm-daily",
    title="LiteLLM daily tables (LiteLLM_DailyUserSpend, …TeamSpend, …TagSpend)",
    example="planner actuals import litellm-daily daily_user_spend.csv",
    fields="date, model, prompt_tokens, completion_tokens, spend, api_requests, and user_id, "
    "team_id or tag",
    fits=_fits,
    parser=lambda facts: Stateless(_parse, facts),
)
