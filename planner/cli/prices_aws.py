"""What `planner prices refresh` needs of the command line: words, and clients of AWS."""

from __future__ import annotations

from typing import Any, cast

from planner.catalog.names import did_you_mean
from planner.catalog.refresh_aws import KINDS, Clients, RefreshKind
from planner.errors import InputError, MissingExtra

__all__ = ["boto3_clients", "kinds_of", "words"]


def words(text: str) -> tuple[str, ...]:
    """The comma-separated words of ``text``, each once."""
    return tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))


def kinds_of(text: str) -> tuple[RefreshKind, ...]:
    """The kinds named in ``text``, comma-separated; InputError for one there is not."""
    wanted = words(text)
    known = ", ".join(KINDS)
    for word in wanted:
        if word not in KINDS:
            raise InputError(
                f"--kinds: no kind `{word}`{did_you_mean(word, KINDS)}; there are {known}"
            )
    if not wanted:
        raise InputError(f"--kinds: name at least one of {known}")
    return tuple(kind for kind in KINDS if kind in wanted)


def boto3_clients(needed_for: str = "`planner prices refresh`") -> Clients:
    """Clients of the user's own AWS configuration, one per service and region."""
    try:
        import boto3  # pyright: ignore[reportMissingTypeStubs]
        from botocore.config import Config  # pyright: ignore[reportMissingTypeStubs]
        from botocore.exceptions import BotoCoreError  # pyright: ignore[reportMissingTypeStubs]
    except ImportError:
        raise MissingExtra("aws", needed_for) from None
    try:
        session = cast(Any, boto3).session.Session()
    except BotoCoreError as error:
        raise InputError(f"AWS configuration: {error}") from None
    config = cast(Any, Config)(retries={"mode": "standard", "max_attempts": 5})

    def client(service: str, region: str) -> Any:
        return session.client(service, region_name=region, config=config)

    return client
