"""What the columns of one's own log may be called, by what they hold."""

from __future__ import annotations

from planner.actuals.types import Status

__all__ = ["COST", "ID", "INPUT", "MODEL", "OUTPUT", "READ", "STATUSES", "TIME", "WRITE"]

TIME = ("timestamp", "ts", "started_at", "start_time", "time", "created_at")
MODEL = ("model", "model_name", "model_raw", "model_id")
INPUT = ("input_tokens", "prompt_tokens")
OUTPUT = ("output_tokens", "completion_tokens")
READ = ("cache_read_tokens", "cached_tokens", "cache_read_input_tokens", "cached_input_tokens")
WRITE = ("cache_write_tokens", "cache_creation_input_tokens", "cache_write_unknown_tokens")
COST = ("cost_usd", "cost", "spend", "total_cost", "cost_source_usd")
ID = ("request_id", "id", "call_id")
STATUSES: dict[str, Status] = {
    "": "ok",
    "ok": "ok",
    "success": "ok",
    "200": "ok",
    "error": "error",
    "failure": "error",
    "failed": "error",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "cache_hit": "cache_hit",
}
