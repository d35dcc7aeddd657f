"""The generated pages are what the generators write today."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def test_the_command_page_is_what_the_help_pages_say(root: Path) -> None:
    # When this fails: `make docs`, and commit the page.
    spec = importlib.util.spec_from_file_location("docs", root / "scripts" / "build_cli_docs.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page()
