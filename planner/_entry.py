"""What both console scripts call: checks that the package is ours, then starts the command line.

The distribution `llm-d-planner` installs files into the same ``planner/`` folder. Whichever of
the two is installed later replaces files of the other, and uninstalling it removes them. This
module's name is not among its files, so it is still ours when ``planner/__init__.py`` is not.
"""

from __future__ import annotations

import gc
import os
import sys

__all__ = ["main"]

_DISTRIBUTION = "llm-serving-planner"


def main() -> int:
    """Run the command line on ``sys.argv`` and return its exit code."""
    import planner

    if getattr(planner, "DISTRIBUTION", None) != _DISTRIBUTION:
        sys.stderr.write(
            f"error: another package has replaced files of {_DISTRIBUTION} in {sys.prefix}; "
            "install it in an environment of its own "
            f"(`uv tool install {_DISTRIBUTION}`, or a new virtual environment)\n"
        )
        return 2
    # Looking for pydantic plugins reads the metadata of every installed distribution: 18 ms.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # Threads for products of large matrices, of which there are none: 15 ms when numpy starts.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # A start makes a great many objects that stay: looking for unused ones takes a tenth of it.
    gc.set_threshold(50_000, 20, 20)
    try:
        from planner.cli.app import main as run

        return run()
    except KeyboardInterrupt:
        return 130
