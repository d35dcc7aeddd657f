"""Short ways to make price rows, price files and AWS clients that answer from fixtures."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from planner.catalog.rows import RawRow
from planner.catalog.snapshot import Snapshot, snapshot_from_text, snapshot_text

FIXTURES = Path(__file__).parent / "fixtures"
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def fixture(name: str) -> Any:
    """A recorded answer."""
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


def raw(**changes: str | None) -> RawRow:
    """A sound row, with some fields changed."""
    row: RawRow = {
        "kind": "instance",
        "region": "us-east-1",
        "item": "g6e.xlarge",
        "purchase": "on_demand",
        "unit": "hour",
        "usd": "1.861",
        "source": "a list",
        "observed": "2026-01-21",
        "licence_note": "",
        "reason_null": None,
    }
    return row | changes


def file_text(*rows: RawRow, **sections: Any) -> str:
    """The text of a price file."""
    meta = sections.pop("meta", {})
    return snapshot_text(rows or (raw(),), meta=meta, **sections)


def snapshot(*rows: RawRow, **sections: Any) -> Snapshot:
    """A snapshot of these rows."""
    return snapshot_from_text(file_text(*rows, **sections), "test.json")


def usd(text: str) -> Decimal:
    """Money."""
    return Decimal(text)


@cache
def _client(service: str, region: str) -> Any:
    import boto3

    return boto3.Session().client(service, region_name=region)


class FakeAws:
    """AWS clients that give prepared answers and refuse every other call."""

    def __init__(self) -> None:
        self._stubbers: dict[tuple[str, str], Any] = {}

    def __call__(self, service: str, region: str) -> Any:
        """The client, as the code under test asks for it."""
        return self.stub(service, region).client

    def stub(self, service: str, region: str = "us-east-1") -> Any:
        """The stubber of a client; answers are given in the order they are added."""
        from botocore.stub import Stubber

        key = (service, region)
        if key not in self._stubbers:
            self._stubbers[key] = Stubber(_client(service, region))
            self._stubbers[key].activate()
        return self._stubbers[key]

    def close(self) -> None:
        """Give the clients back, and fail when a prepared answer was not asked for."""
        for stubber in self._stubbers.values():
            stubber.deactivate()
        for stubber in self._stubbers.values():
            stubber.assert_no_pending_responses()
