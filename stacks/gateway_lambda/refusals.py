"""Answers of the gateway's own that are not the provider's, in the shape OpenAI clients read."""

from __future__ import annotations

import json
from collections.abc import Mapping

__all__ = ["Refusal", "error_body"]


def error_body(message: str, kind: str, code: str | None, param: str | None = None) -> bytes:
    """An OpenAI error object as JSON."""
    error = {"message": message, "type": kind, "param": param, "code": code}
    return json.dumps({"error": error}).encode()


class Refusal(Exception):
    """A request that is answered with an error; ``retry`` False tells SDKs to give up."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        retry: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.body = error_body(message, kind, code, param)
        # The OpenAI SDKs retry 408, 409, 429 and 5xx unless this header says otherwise.
        stop = {} if retry else {"x-should-retry": "false"}
        self.headers = {"content-type": "application/json", **stop, **(headers or {})}
