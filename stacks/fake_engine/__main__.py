"""Run a Pulumi program against the stand-in engine.

Reads one JSON request from standard input (``program``, ``project``, ``stack``, ``organization``,
``region``, ``account``, ``config``, ``config_secret_keys``, ``dry_run``) and writes one JSON
answer to standard output: the registered resources, the stack's outputs and what was logged, or
the error that ended the program. What the program itself prints goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def main() -> int:
    """Exit code 0: the program ran; 1: it failed, and the answer says how."""
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from fake_engine.run import run_program

    answer_stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    request = json.load(sys.stdin)
    answer = run_program(request)
    with answer_stream:
        json.dump(answer, answer_stream, sort_keys=True)
    return 1 if answer.get("error") else 0


if __name__ == "__main__":
    sys.exit(main())
