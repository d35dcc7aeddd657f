"""What the function is told by its environment, and by AWS while it runs; cached, as it costs."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from .refusals import Refusal
from .rules import SELFHOST, Rules, parse_rules

__all__ = ["Cached", "Environment", "Secrets", "Switch", "environment", "read_parameters"]

_RULES_MAX_AGE_S = 60.0
_SECRET_MAX_AGE_S = 300.0
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Names of the stack's resources; no secret is among them."""

    rules_parameter: str
    switch_parameter: str
    keys_table: str
    counters_table: str
    # Secret ARNs by provider, and URLs that are known only once the stack exists.
    provider_secrets: Mapping[str, str]
    provider_urls: Mapping[str, str]


def environment(variables: Mapping[str, str]) -> Environment:
    """From the function's environment variables."""
    return Environment(
        rules_parameter=variables["RULES_PARAMETER"],
        switch_parameter=variables["SWITCH_PARAMETER"],
        keys_table=variables["KEYS_TABLE"],
        counters_table=variables["COUNTERS_TABLE"],
        provider_secrets=json.loads(variables.get("PROVIDER_SECRETS", "{}")),
        provider_urls=json.loads(variables.get("PROVIDER_URLS", "{}")),
    )


class Cached(Generic[_T]):
    """A value that is read anew when it is older than ``max_age_s``, and kept if that fails."""

    def __init__(
        self, read: Callable[[], _T], max_age_s: float, clock: Callable[[], float]
    ) -> None:
        self._read = read
        self._max_age_s = max_age_s
        self._clock = clock
        self._found: tuple[float, _T] | None = None
        self._lock = threading.Lock()

    def get(self) -> _T:
        """The value; the error of the first read when there is none yet."""
        with self._lock:
            now = self._clock()
            if self._found is not None and now - self._found[0] < self._max_age_s:
                return self._found[1]
            try:
                self._found = (now, self._read())
            except Exception:
                if self._found is None:
                    raise
                # Asked again after another age, not with every request.
                self._found = (now, self._found[1])
            return self._found[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """The rules, and whether the gateway is open."""

    rules: Rules
    is_open: bool


def read_parameters(ssm: Any, names: Environment, clock: Callable[[], float]) -> Cached[Switch]:
    """Rules and switch, both in one call. Any other word than `open` closes the gateway."""

    def read() -> Switch:
        wanted = [names.rules_parameter, names.switch_parameter]
        answer = ssm.get_parameters(Names=wanted)
        found = {row["Name"]: row["Value"] for row in answer["Parameters"]}
        return Switch(
            rules=parse_rules(found[names.rules_parameter]),
            is_open=found[names.switch_parameter].strip() == "open",
        )

    return Cached(read, _RULES_MAX_AGE_S, clock)


class Secrets:
    """The providers' keys, from Secrets Manager."""

    def __init__(
        self, secretsmanager: Any, arns: Mapping[str, str], clock: Callable[[], float]
    ) -> None:
        self._client = secretsmanager
        self._cached = {
            provider: Cached(self._reader(arn), _SECRET_MAX_AGE_S, clock)
            for provider, arn in arns.items()
        }

    def _reader(self, arn: str) -> Callable[[], str]:
        return lambda: str(self._client.get_secret_value(SecretId=arn)["SecretString"]).strip()

    def key_of(self, provider: str) -> str | None:
        """The provider's key; None for own GPUs without one. Refusal while none is stored."""
        if provider not in self._cached:
            if provider == SELFHOST:
                return None
            raise Refusal(503, f"no secret for {provider} in this stack", kind="api_error")
        try:
            return self._cached[provider].get()
        except Exception as error:
            raise Refusal(
                503,
                f"the key of {provider} cannot be read; store it with "
                "`aws secretsmanager put-secret-value` in the stack's secret",
                kind="api_error",
                code="provider_key_missing",
                retry=False,
            ) from error
