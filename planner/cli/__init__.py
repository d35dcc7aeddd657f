"""The command line: one module per command, loaded when the command runs.

Nothing below this folder imports it. ``planner.cli.registry`` lists the commands.
"""

from __future__ import annotations

__all__: list[str] = []
