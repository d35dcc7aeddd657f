"""The gateway's table of keys, through a DynamoDB client that is given."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from planner.catalog.names import did_you_mean
from planner.emit.keys import KeyRecord, item_of, record_of
from planner.errors import InputError

__all__ = ["KeyTable"]


class KeyTable:
    """Keys by id. Every method raises InputError for what AWS refuses."""

    def __init__(self, dynamodb: Any, name: str) -> None:
        # boto3 makes its clients' methods at run time.
        self._dynamodb = dynamodb
        self._name = name

    def records(self) -> tuple[KeyRecord, ...]:
        """All keys, by tenant, id and day; a gateway has few enough to read them all."""
        found: list[KeyRecord] = []
        request: dict[str, Any] = {"TableName": self._name, "ConsistentRead": True}
        with self._refusals():
            while True:
                page = self._dynamodb.scan(**request)
                found += [record_of(item) for item in page["Items"]]
                if "LastEvaluatedKey" not in page:
                    break
                request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
        order = sorted(
            found, key=lambda key: (key.tenant, key.key_id, key.created_on, key.key_hash)
        )
        return tuple(order)

    def of_id(self, key_id: str) -> tuple[KeyRecord, ...]:
        """The keys of one id, more than one after a rotation; InputError when there is none."""
        records = self.records()
        found = tuple(record for record in records if record.key_id == key_id)
        if not found:
            known = tuple(dict.fromkeys(record.key_id for record in records))
            raise InputError(
                f"{self._name} has no key `{key_id}`{did_you_mean(key_id, known)}; "
                "`planner keys list` shows them"
            )
        return found

    def add(self, record: KeyRecord) -> None:
        """Store a key that is not there yet."""
        with self._refusals():
            self._dynamodb.put_item(
                TableName=self._name,
                Item=item_of(record),
                ConditionExpression="attribute_not_exists(key_hash)",
            )

    def change(self, record: KeyRecord) -> None:
        """Store a key that is there in its new state."""
        with self._refusals():
            self._dynamodb.put_item(
                TableName=self._name,
                Item=item_of(record),
                ConditionExpression="attribute_exists(key_hash)",
            )

    def revoke(self, key_id: str) -> tuple[KeyRecord, ...]:
        """Revoke every key of an id; the gateway refuses them with the next request."""
        revoked = tuple(replace(record, state="revoked") for record in self.of_id(key_id))
        for record in revoked:
            self.change(record)
        return revoked

    @contextmanager
    def _refusals(self) -> Generator[None]:
        from botocore.exceptions import (  # pyright: ignore[reportMissingTypeStubs]
            BotoCoreError,
            ClientError,
        )

        try:
            yield
        except ClientError as error:
            # The response is a map of AWS's own.
            response: Any = error.response
            code, message = response["Error"]["Code"], response["Error"]["Message"]
            if code == "ResourceNotFoundException":
                raise InputError(
                    f"there is no table {self._name} in this account and region; --table takes "
                    "what `pulumi stack output keysTable` shows, --region where it is"
                ) from None
            raise InputError(f"AWS refused the key table {self._name}: {code}: {message}") from None
        except BotoCoreError as error:
            raise InputError(f"AWS could not be asked about {self._name}: {error}") from None
        except KeyError as error:
            raise InputError(
                f"{self._name} holds an item without {error}, so it is no table of gateway keys"
            ) from None
