"""The request authorizer: API Gateway asks it before the gateway function, and keeps its answer.

The gateway function checks the key again with every request; this one keeps strangers from
starting it.
"""

from __future__ import annotations

import os
import time
from functools import cache
from typing import Any

from .keys import Keys

__all__ = ["handler", "policy_for"]


@cache
def _keys() -> Keys:
    import boto3

    return Keys(boto3.client("dynamodb"), os.environ["KEYS_TABLE"], time.time)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """The policy for the caller of ``event``; the exception means 401 to API Gateway."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    found = _keys().find(headers.get("authorization"))
    if found is None:
        # API Gateway answers 401 for exactly this word, and 500 for any other.
        raise Exception("Unauthorized")
    return policy_for(event["methodArn"], found.key_id, found.tenant)


def policy_for(method_arn: str, key_id: str, tenant: str) -> dict[str, Any]:
    """Allow for every method of the stage: the answer is kept per key, not per method."""
    api, stage = method_arn.split("/")[:2]
    statement = {
        "Action": "execute-api:Invoke",
        "Effect": "Allow",
        "Resource": f"{api}/{stage}/*",
    }
    return {
        "principalId": key_id,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"keyId": key_id, "tenant": tenant},
    }
