"""The files around the package agree with each other."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from planner import DISTRIBUTION, __version__

_LOCKS = ("base.txt", "dev.txt")


def _name(requirement: str) -> str:
    return re.split(r"[<>=\[;! ]", requirement, maxsplit=1)[0].lower()


def _locked(root: Path, lock: str) -> dict[str, str]:
    """Names and the text up to the next name, versions and hashes included."""
    text = (root / "requirements" / lock).read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)
    return {_name(block): block for block in blocks if block}


@pytest.mark.parametrize("lock", _LOCKS)
def test_a_lock_file_has_hashes_and_names_no_index(root: Path, lock: str) -> None:
    for block in _locked(root, lock).values():
        assert "--hash=sha256:" in block
        assert "://" not in block
        assert "index" not in block


@pytest.mark.parametrize(("lock", "groups"), [("base.txt", ["build"]), ("dev.txt", ["dev"])])
def test_a_lock_file_holds_every_declared_dependency(
    root: Path, lock: str, groups: list[str]
) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    declared: list[str] = [*project["project"]["dependencies"]]
    for group in groups:
        declared += [r for r in project["dependency-groups"][group] if isinstance(r, str)]
    assert {_name(requirement) for requirement in declared} <= set(_locked(root, lock))


def test_the_small_lock_file_is_part_of_the_large_one(root: Path) -> None:
    def first_line(block: str) -> str:
        return block.split("\n", 1)[0]

    large = {first_line(block) for block in _locked(root, "dev.txt").values()}
    assert {first_line(block) for block in _locked(root, "base.txt").values()} <= large


def test_the_entry_point_knows_the_distribution_by_its_name(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == DISTRIBUTION
    assert set(project["scripts"]) == {"planner", DISTRIBUTION}


def test_the_changelog_has_this_version(root: Path) -> None:
    assert f"\n## {__version__} " in (root / "CHANGELOG.md").read_text(encoding="utf-8")


def test_pulumi_uses_the_environment_that_make_creates(root: Path) -> None:
    settings = yaml.safe_load((root / "Pulumi.yaml").read_text(encoding="utf-8"))
    assert settings["main"] == "stacks"
    assert settings["runtime"]["options"] == {"toolchain": "pip", "virtualenv": ".venv"}
