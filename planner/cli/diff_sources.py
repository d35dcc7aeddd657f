"""Where the two sides of a comparison lie: the working tree, or a folder with another revision."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from planner.catalog.snapshot import SNAPSHOT_FILE
from planner.cli.diff_git import Revision, named_files, revision_of
from planner.diff.policy import POLICY_FILE
from planner.errors import InputError
from planner.files import read_text

__all__ = [
    "SCENARIO_ENDINGS",
    "Place",
    "files_below",
    "opened_revision",
    "opened_rules",
    "place_of",
]

SCENARIO_ENDINGS = (".yaml", ".yml")
# A folder may hold other YAML and JSON: a scenario has a workload or options at its top level.
_IS_SCENARIO = re.compile(r"^[\"']?(workload|options)[\"']?\s*:", re.MULTILINE)
_IS_PLAN = re.compile(r'"plan_hash"\s*:')


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One side on the disk, and what its files are called in reports.

    ``top`` bounds the search upward (None: up to the root of the disk); ``label`` stands before
    names of files from another revision of ``repository``. With ``optional`` nothing need be there.
    """

    path: Path
    shown: str
    top: Path | None = None
    label: str = ""
    repository: Path | None = None
    optional: bool = False

    def name_of(self, path: Path) -> str:
        """A file of this side as reports call it."""
        if self.top is not None and path.is_relative_to(self.top):
            return f"{self.label}{path.relative_to(self.top).as_posix()}"
        here = Path.cwd()
        return str(path.relative_to(here) if path.is_relative_to(here) else path)

    def holds(self, path: Path) -> bool:
        """Whether a file belongs to this side."""
        return self.top is None or path.resolve().is_relative_to(self.top)

    def upward(self, name: str) -> Path | None:
        """The nearest file of this name in the side's folder or above it."""
        start = (self.path if self.path.is_dir() else self.path.parent).absolute()
        for folder in (start, *start.parents):
            if not self.holds(folder):
                return None
            if (folder / name).is_file():
                return folder / name
        return None


def place_of(path: Path) -> Place:
    """A file or folder of the working tree."""
    return Place(path=path, shown=str(path))


def files_below(place: Place, skipped: list[str]) -> dict[str, Path]:
    """Scenarios and saved plans by their path below ``place``; "" for a single file.

    Names of other YAML files are added to ``skipped``. InputError when nothing is there.
    """
    if place.path.is_dir():
        every = sorted(each for each in place.path.rglob("*") if _is_input(place, each, skipped))
        return {each.relative_to(place.path).as_posix(): each for each in every}
    if place.path.exists():
        return {"": place.path}
    if not place.optional:
        raise InputError(f"{place.shown}: no such file or folder")
    return {}


def _is_input(place: Place, path: Path, skipped: list[str]) -> bool:
    below = path.relative_to(place.path).parts
    if path.suffix not in (*SCENARIO_ENDINGS, ".json") or path.name in (POLICY_FILE, SNAPSHOT_FILE):
        return False
    if any(part.startswith(".") for part in below) or not path.is_file():
        return False
    if path.suffix == ".json":
        return _IS_PLAN.search(read_text(path)) is not None
    if _IS_SCENARIO.search(read_text(path)):
        return True
    skipped.append(f"{place.name_of(path)}: no scenario (no `workload`), left out")
    return False


# --- Another revision --------------------------------------------------------------------------


@contextmanager
def opened_revision(path: Path, ref: str, policy_file: Path | None = None) -> Generator[Place]:
    """``path`` as it was at ``ref``, with the prices and policies above it, and ``policy_file``.

    Inside the block its files lie in a folder of their own. InputError without such a revision.
    """
    revision = revision_of(path, ref)
    asked = revision.relative(path)
    with tempfile.TemporaryDirectory(prefix="planner-base-") as folder:
        top = Path(folder).resolve()
        blobs = revision.blobs([asked])
        if asked not in blobs:
            kept = (*SCENARIO_ENDINGS, ".json")
            blobs = {name: blob for name, blob in blobs.items() if name.endswith(kept)}
        revision.write(blobs, top)
        _write_around(revision, sorted(blobs), asked, top)
        _write_policy(revision, policy_file, top)
        yield Place(
            path=top / asked,
            shown=f"{ref}:{asked}",
            top=top,
            label=f"{ref}:",
            repository=revision.top.resolve(),
            optional=True,
        )


@contextmanager
def opened_rules(near: Path, ref: str, policy_file: Path | None = None) -> Generator[Place]:
    """Only the policies at and above the folder ``near``, and ``policy_file``, as at ``ref``."""
    revision = revision_of(near, ref)
    asked = PurePosixPath(revision.relative(near))
    with tempfile.TemporaryDirectory(prefix="planner-base-") as folder:
        top = Path(folder).resolve()
        (top / asked).mkdir(parents=True, exist_ok=True)
        wanted = [(each / POLICY_FILE).as_posix() for each in (asked, *asked.parents)]
        revision.write(revision.blobs(wanted), top)
        _write_policy(revision, policy_file, top)
        yield Place(
            path=top / asked,
            shown=f"{ref}:{asked}",
            top=top,
            label=f"{ref}:",
            repository=revision.top.resolve(),
        )


def _write_policy(revision: Revision, policy_file: Path | None, top: Path) -> None:
    """A policy that is named; one outside of the repository is read where it lies."""
    if policy_file is not None and policy_file.resolve().is_relative_to(revision.top.resolve()):
        revision.write(revision.blobs([revision.relative(policy_file)]), top)


def _write_around(revision: Revision, names: Sequence[str], asked: str, top: Path) -> None:
    """What the scenarios name, and prices and policies in the folders above them."""
    wanted: set[str] = set()
    for name in names:
        if name.endswith(SCENARIO_ENDINGS):
            wanted.update(named_files(name, (top / name).read_bytes()))
    for name in (asked, *names):
        place = PurePosixPath(name)
        for folder in (place, *place.parents):
            wanted.update((folder / file).as_posix() for file in (SNAPSHOT_FILE, POLICY_FILE))
    more = revision.blobs(sorted(wanted))
    revision.write({name: blob for name, blob in more.items() if name not in names}, top)
