"""Server-sent events on their way through: passed on as they are, and counted."""

from __future__ import annotations

import json
from typing import Any

from .usage import Usage, estimated_tokens, usage_of

__all__ = ["StreamTap"]

_BOUNDARIES = (b"\n\n", b"\r\n\r\n")


class StreamTap:
    """Takes the provider's bytes, gives back what the client gets, and remembers the usage.

    Whole events are passed on unchanged. Only an event that holds nothing but the usage is left
    out when ``hide_usage``, since then the gateway and not the client has asked for it.
    """

    def __init__(self, *, hide_usage: bool) -> None:
        self._hide_usage = hide_usage
        self._rest = b""
        self._text_bytes = 0
        self._text_events = 0
        self.usage: Usage | None = None
        self.done = False
        self.finished = False
        self.failed = False

    def feed(self, data: bytes) -> bytes:
        """What of the bytes so far can be passed on."""
        self._rest += data
        kept: list[bytes] = []
        while (end := self._event_end()) is not None:
            event, self._rest = self._rest[:end], self._rest[end:]
            if self._read(event):
                kept.append(event)
        return b"".join(kept)

    def rest(self) -> bytes:
        """What came after the last whole event."""
        event, self._rest = self._rest, b""
        return event if event and self._read(event) else b""

    def estimate(self, input_tokens: int) -> Usage:
        """Usage by what was received, for a provider that told none."""
        output = max(self._text_events, estimated_tokens(self._text_bytes))
        return Usage(input_tokens=input_tokens, output_tokens=output, estimated=True)

    def _event_end(self) -> int | None:
        ends = [
            found + len(boundary)
            for boundary in _BOUNDARIES
            if (found := self._rest.find(boundary)) >= 0
        ]
        return min(ends, default=None)

    def _read(self, event: bytes) -> bool:
        """Count one event; whether the client gets it."""
        data = b"".join(
            line[5:].strip() for line in event.splitlines() if line.startswith(b"data:")
        )
        if data == b"[DONE]":
            self.done = True
            return True
        try:
            chunk = json.loads(data)
        except ValueError:
            return True
        if not isinstance(chunk, dict):
            return True
        return self._count(chunk)

    def _count(self, chunk: dict[str, Any]) -> bool:
        if chunk.get("error"):
            self.failed = True
        choices = chunk.get("choices")
        if isinstance(choices, list) and choices:
            size = sum(_text_size(choice) for choice in choices)
            self._text_bytes += size
            self._text_events += 1 if size else 0
            self.finished = self.finished or any(
                isinstance(choice, dict) and choice.get("finish_reason") for choice in choices
            )
        found = chunk.get("usage")
        if not isinstance(found, dict):
            return True
        self.usage = usage_of(found)
        return bool(choices) or not self._hide_usage


def _text_size(choice: Any) -> int:
    """Bytes of generated text in a choice of a chunk: answer, reasoning, tool calls."""
    if not isinstance(choice, dict):
        return 0
    delta = choice.get("delta")
    parts = {**delta} if isinstance(delta, dict) else {"content": choice.get("text")}
    parts.pop("role", None)
    texts = [value for value in parts.values() if isinstance(value, str)]
    if parts.get("tool_calls"):
        texts.append(json.dumps(parts["tool_calls"], ensure_ascii=False))
    return sum(len(text.encode()) for text in texts)
