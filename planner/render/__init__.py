"""Reports: objects that become JSON, and the same objects as text, markdown and CSV.

Nothing is imported here: a command takes the modules of its own report only.
"""

from __future__ import annotations

__all__: list[str] = []
