"""Sends the first request to a deployed stack: ``python3 stacks/smoke.py STACK``.

Needs `pulumi` on PATH and, for keys that lie in Secrets Manager and for Bedrock, the AWS command
line. The endpoint of GPUs is inside the network: run this from a host that may reach it. The key
of a gateway comes from LLM_API_KEY (`planner keys create` prints one).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

_QUESTION = [{"role": "user", "content": "Answer with one word: which planet do we live on?"}]
_TIMEOUT_S = 120


def main(stack: str) -> int:
    outputs = json.loads(_run("pulumi", "stack", "output", "--json", "--stack", stack))
    profiles = outputs.get("inferenceProfiles")
    if profiles:
        return _bedrock(profiles[0])
    return _openai(outputs)


def _openai(outputs: Mapping[str, Any]) -> int:
    endpoint = outputs["endpoint"].rstrip("/")
    key = os.environ.get("LLM_API_KEY") or _engine_key(outputs)
    if not key:
        print("set LLM_API_KEY to a key that `planner keys create` printed", file=sys.stderr)
        return 2
    model = os.environ.get("LLM_MODEL") or outputs["model"]
    body = json.dumps({"model": model, "messages": _QUESTION, "max_tokens": 16}).encode()
    request = urllib.request.Request(
        f"{endpoint}/chat/completions",
        data=body,
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    started = time.monotonic()
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
            found = json.load(answer)
    except urllib.error.HTTPError as error:
        print(f"{endpoint} answered {error.code}: {error.read().decode(errors='replace')[:400]}")
        return 1
    except OSError as error:
        print(f"{endpoint} cannot be reached from here: {error}")
        return 1
    text = found["choices"][0]["message"]["content"]
    print(f"{model} answered in {time.monotonic() - started:.1f} s: {text!r}")
    print(f"usage: {json.dumps(found.get('usage'))}")
    return 0


def _engine_key(outputs: Mapping[str, Any]) -> str | None:
    secret = outputs.get("engineKeySecret")
    if "keysTable" in outputs or not secret:
        return None
    return _run(
        "aws",
        "secretsmanager",
        "get-secret-value",
        "--secret-id",
        secret,
        "--query",
        "SecretString",
        "--output",
        "text",
    ).strip()


def _bedrock(profile: str) -> int:
    messages = [{"role": "user", "content": [{"text": _QUESTION[0]["content"]}]}]
    print(
        _run(
            "aws",
            "bedrock-runtime",
            "converse",
            "--model-id",
            profile,
            "--messages",
            json.dumps(messages),
            "--inference-config",
            '{"maxTokens": 16}',
        )
    )
    return 0


def _run(*command: str) -> str:
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except FileNotFoundError:
        sys.exit(f"`{command[0]}` is not on PATH")
    except subprocess.CalledProcessError as error:
        sys.exit(f"`{' '.join(command[:3])}` failed: {error.stderr.strip()}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python3 stacks/smoke.py STACK")
    sys.exit(main(sys.argv[1]))
