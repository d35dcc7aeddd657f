"""Deploys the plan in the stack's configuration, with the guardrails that its projection implies.

``planner emit FILE --stack NAME`` writes that plan. The program decides nothing about cost: sizes,
prices and thresholds are all in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from config import ConfigError, read_settings
from kinds import refuse_change_of_kind
from program import deploy

try:
    settings = read_settings()
    refuse_change_of_kind(settings)
    outputs: Mapping[str, Any] = deploy(settings)
except ConfigError as error:
    # A run error is shown as its message, without a traceback.
    raise pulumi.RunError(str(error)) from None

for key, value in outputs.items():
    pulumi.export(key, value)
