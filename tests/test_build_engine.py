"""Where the tests get their Pulumi engine from."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def script(root: Path) -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location(
        "build_engine_tested", root / "scripts" / "build_engine.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def _program(path: Path, says: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {says}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def built(script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a built engine would lie; nothing has been built."""
    path = tmp_path / "tools" / "pulumi"
    monkeypatch.setattr(script, "BUILT", path)
    return path


def test_the_version_is_pinned_once_in_the_tool_module(script: ModuleType) -> None:
    assert script._numbers(script.pinned_version()) >= script.OLDEST


def test_an_engine_on_the_path_is_used(script: ModuleType, built: Path, tmp_path: Path) -> None:
    installed = _program(tmp_path / "bin" / "pulumi", "v3.210.0")
    _program(built, script.pinned_version())
    assert script.find_engine(str(installed.parent)) == installed


def test_an_engine_that_is_too_old_gives_way_to_the_built_one(
    script: ModuleType, built: Path, tmp_path: Path
) -> None:
    installed = _program(tmp_path / "bin" / "pulumi", "v3.199.9")
    _program(built, script.pinned_version())
    assert script.find_engine(str(installed.parent)) == built


def test_a_built_engine_of_another_version_is_not_used(
    script: ModuleType, built: Path, tmp_path: Path
) -> None:
    _program(built, "v3.1.0")
    with pytest.raises(script.NoEngine, match="none in"):
        script.find_engine(str(tmp_path))


def test_without_an_engine_the_message_says_what_to_install(
    script: ModuleType, built: Path, tmp_path: Path
) -> None:
    with pytest.raises(script.NoEngine, match=r"install pulumi .* or run `make engine`"):
        script.find_engine(str(tmp_path))


def test_a_go_that_is_too_old_is_told(
    script: ModuleType, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _program(tmp_path / "go", "go1.20.3")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(script.NoEngine, match=r"needs Go 1\.26 or newer"):
        script.build_engine()
