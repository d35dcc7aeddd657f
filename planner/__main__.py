"""``python -m planner`` is the command ``planner``."""

from __future__ import annotations

import sys

from planner._entry import main

if __name__ == "__main__":
    sys.exit(main())
