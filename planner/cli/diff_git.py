"""Files of another revision, read with git and laid out in a folder as they were."""

from __future__ import annotations

import posixpath
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from planner.errors import InputError, PlannerError
from planner.files import decoded_text
from planner.scenario.scalars import Data
from planner.scenario.yaml_marks import compose

__all__ = ["Revision", "named_files", "revision_of"]

_LIMIT_S = 60
# Keys of a scenario whose values name files or folders beside it.
_FILE_KEYS = frozenset(("file", "files", "snapshot", "pairs", "measured", "profiles", "config"))
_PLAIN_FILES = ("100644", "100755")


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One commit of the repository at ``top``; ``name`` is what the user called it."""

    top: Path
    name: str
    commit: str

    def relative(self, path: Path) -> str:
        """``path`` as the repository names it; InputError when it lies outside."""
        try:
            found = path.resolve().relative_to(self.top.resolve())
        except ValueError:
            raise InputError(f"{path}: not inside the repository {self.top}") from None
        return "" if str(found) == "." else found.as_posix()

    def blobs(self, paths: Sequence[str]) -> dict[str, str]:
        """Repository path -> object id of each plain file at or below ``paths``."""
        wanted = [path or "." for path in paths]
        if not wanted:
            return {}
        listed = _git(self.top, "ls-tree", "-r", "-z", "--full-tree", self.commit, "--", *wanted)
        found: dict[str, str] = {}
        for entry in listed.split(b"\0"):
            head, tab, name = entry.partition(b"\t")
            if tab and head.split()[0].decode() in _PLAIN_FILES:
                found[name.decode("utf-8", "surrogateescape")] = head.split()[2].decode()
        return found

    def write(self, blobs: Mapping[str, str], into: Path) -> None:
        """Lay the files out below ``into`` under their repository paths."""
        if not blobs:
            return
        asked = "".join(f"{blob}\n" for blob in blobs.values()).encode()
        stream = _git(self.top, "cat-file", "--batch", given=asked)
        start = 0
        for path in blobs:
            end = stream.index(b"\n", start)
            size = int(stream[start:end].split()[2])
            target = into / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(stream[end + 1 : end + 1 + size])
            start = end + 1 + size + 1


def revision_of(near: Path, ref: str) -> Revision:
    """The commit ``ref`` names in the repository around ``near``; InputError without one."""
    folder = next((each for each in (near, *near.absolute().parents) if each.is_dir()), Path())
    top = _git(folder, "rev-parse", "--show-toplevel").decode().strip()
    asked = f"{ref}^{{commit}}"
    try:
        commit = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", asked)
    except PlannerError:
        raise InputError(
            f"--base {ref}: no such commit in {top}; fetch it first (a shallow checkout has no "
            "base branch), or name another"
        ) from None
    return Revision(top=Path(top), name=ref, commit=commit.decode().strip())


def named_files(path: str, content: bytes) -> list[str]:
    """Repository paths that the scenario at ``path`` may name; those above the top are not there.

    Nothing for text that is no YAML mapping: reading it later says so.
    """
    try:
        data = compose(decoded_text(content, path)).data
    except InputError:
        return []
    folder = posixpath.dirname(path)
    joined = (posixpath.normpath(posixpath.join(folder, name)) for name in _names(data, False))
    return sorted({name for name in joined if not name.startswith(("..", "/")) and name != "."})


def _names(data: Data, named: bool) -> Iterable[str]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _names(value, key in _FILE_KEYS)
    elif isinstance(data, list):
        for item in data:
            yield from _names(item, named)
    elif named and isinstance(data, str) and "\0" not in data:
        yield data


def _git(folder: Path, *args: str, given: bytes = b"") -> bytes:
    try:
        done = subprocess.run(
            ["git", *args], cwd=folder, input=given, capture_output=True, timeout=_LIMIT_S
        )
    except FileNotFoundError:
        raise InputError(
            "--base reads the other revision with git, which is not installed"
        ) from None
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise InputError(f"git {args[0]}: {error}") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise InputError(f"git {args[0]}: {said[-1] if said else 'failed'}")
    return done.stdout
