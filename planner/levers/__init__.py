"""What can be done to a workload before it is priced: tokens, cache, batch, routing, frontier.

Nothing is imported here: a command takes the modules of its own lever only.
"""

from __future__ import annotations

__all__: list[str] = []
