"""Parts of the program in ``stacks/`` for tests: the folder is a program's, not a package's."""

from __future__ import annotations

import sys
from pathlib import Path

STACKS = Path(__file__).resolve().parents[2] / "stacks"
sys.path.append(str(STACKS))

import config  # noqa: E402
import gateway_network  # noqa: E402
import gateway_rules  # noqa: E402
import gateway_zip  # noqa: E402
import metrics  # noqa: E402
import policies  # noqa: E402
from fake_engine import answers, wire  # noqa: E402

__all__ = [
    "STACKS",
    "answers",
    "config",
    "gateway_network",
    "gateway_rules",
    "gateway_zip",
    "metrics",
    "policies",
    "wire",
]
