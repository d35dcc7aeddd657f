"""A client's request, checked, with the bounds that its cost is reserved by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .facts import dialect_of, estimate
from .refusals import Refusal
from .rules import Route
from .usage import estimated_tokens

__all__ = ["PATHS", "Asked", "body_for", "cache_key", "read_request"]

# Paths that are forwarded, and whether their answer is generated token by token.
PATHS: Mapping[str, bool] = {
    "/v1/chat/completions": True,
    "/v1/completions": True,
    "/v1/embeddings": False,
}
# Tiers that cost no more than the prices the gateway meters at.
_TIERS = (None, "auto", "default", "flex", "on_demand", "standard", "standard_only")
_LIMIT_FIELDS = ("max_completion_tokens", "max_tokens")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request. ``input_bound`` and ``output_bound`` are tokens it cannot exceed."""

    path: str
    fields: Mapping[str, Any]
    model: str
    stream: bool
    wants_usage: bool
    has_tools: bool
    input_estimate: int
    input_bound: int
    # Tokens of one answer, and of all the answers asked for.
    max_tokens: int
    output_bound: int
    cacheable: bool


def read_request(path: str, raw: bytes, max_output_tokens: int) -> Asked:
    """The request in ``raw``; Refusal where no provider could answer it, or it asks too much."""
    try:
        fields = json.loads(raw)
    except ValueError:
        raise Refusal(400, "the body is not JSON") from None
    if not isinstance(fields, dict):
        raise Refusal(400, "the body is not a JSON object")
    model = fields.get("model")
    if not isinstance(model, str) or not model:
        raise Refusal(400, "`model` is missing: name a model, or `auto`", param="model")
    if fields.get("service_tier") not in _TIERS:
        raise Refusal(
            400,
            f"`service_tier` {fields['service_tier']!r} has prices this gateway does not meter",
            param="service_tier",
            code="service_tier_not_metered",
        )
    generates = PATHS[path]
    stream = bool(fields.get("stream")) and generates
    options = fields.get("stream_options")
    answers = max(_whole(fields, "n", 1), _whole(fields, "best_of", 1))
    limit = _output_limit(fields, max_output_tokens) if generates else 0
    has_tools = bool(fields.get("tools") or fields.get("functions"))
    text_bytes, media_parts = _size(fields)
    extra = estimate("media_part_tokens") * media_parts
    extra += estimate("tool_prompt_tokens") if has_tools else 0
    return Asked(
        path=path,
        fields=fields,
        model=model,
        stream=stream,
        wants_usage=isinstance(options, dict) and bool(options.get("include_usage")),
        has_tools=has_tools,
        input_estimate=estimated_tokens(text_bytes) + extra,
        # Byte-level tokenisers make at most one token of a byte, and the JSON around a message
        # is longer than the tokens a chat template puts there.
        input_bound=text_bytes + extra,
        max_tokens=limit,
        output_bound=limit * answers,
        cacheable=fields.get("temperature") == 0 and answers == 1,
    )


def _output_limit(fields: Mapping[str, Any], most: int) -> int:
    for name in _LIMIT_FIELDS:
        if fields.get(name) is None:
            continue
        asked = _whole(fields, name, most)
        if asked > most:
            raise Refusal(
                400,
                f"`{name}` is {asked}; this gateway allows at most {most} output tokens a request",
                param=name,
                code="max_tokens_over_limit",
            )
        return asked
    return most


def _whole(fields: Mapping[str, Any], name: str, default: int) -> int:
    value = fields.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise Refusal(400, f"`{name}` must be a whole number of at least 1", param=name)
    return value


def _size(fields: Mapping[str, Any]) -> tuple[int, int]:
    """Bytes of the request as JSON without its media, and how many media parts it has."""
    messages = fields.get("messages")
    media = 0
    kept: list[Any] = []
    for message in messages if isinstance(messages, list) else ():
        parts = message.get("content") if isinstance(message, dict) else None
        if not isinstance(parts, list):
            kept.append(message)
            continue
        text = [part for part in parts if isinstance(part, dict) and part.get("type") == "text"]
        media += len(parts) - len(text)
        kept.append({**message, "content": text})
    slim = {**fields, "messages": kept} if kept else fields
    return len(json.dumps(slim, ensure_ascii=False, separators=(",", ":")).encode()), media


def body_for(asked: Asked, route: Route) -> bytes:
    """What is sent to a route: its model, a bound on the output, and the wish for usage."""
    dialect = dialect_of(route.provider)
    fields = {**asked.fields, "model": route.model}
    if PATHS[asked.path]:
        for name in _LIMIT_FIELDS:
            fields.pop(name, None)
        chat = asked.path == "/v1/chat/completions"
        fields[dialect.max_tokens_field if chat else "max_tokens"] = asked.max_tokens
    if asked.stream:
        fields.pop("stream_options", None)
        if dialect.asks_for_stream_usage:
            given = asked.fields.get("stream_options")
            kept = given if isinstance(given, dict) else {}
            fields["stream_options"] = {**kept, "include_usage": True}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def cache_key(asked: Asked, tenant: str) -> str:
    """The same for two requests only when every field, the path and the tenant are the same."""
    canonical = json.dumps([tenant, asked.path, asked.fields], sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()
