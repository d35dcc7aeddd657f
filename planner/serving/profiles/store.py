"""Finds profiles by model: an index, then one file, then one line of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, cast

from planner.errors import InputError
from planner.serving.profiles.format import SUFFIX, ProfileFile, read_profiles, unpacked
from planner.serving.profiles.types import Profile, ProfileKey

__all__ = ["INDEX_NAME", "ProfileStore", "index_text", "profile_store", "shipped_profiles"]

INDEX_NAME = "index.json"
_INDEX_VERSION = 1
_SHIPPED = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileStore:
    """Profile files of some folders; a model is looked for in the first folder first.

    ``paths`` maps a model's id in small letters, or the stem of a file, to its file. Files and
    profiles stay in memory once they are read.
    """

    paths: Mapping[str, Path]
    _files: dict[Path, ProfileFile] = field(default_factory=dict[Path, ProfileFile])
    _read: dict[tuple[Path, ProfileKey], Profile] = field(
        default_factory=dict[tuple[Path, ProfileKey], Profile]
    )

    @classmethod
    def of(cls, *folders: Path) -> ProfileStore:
        """The store of these folders; InputError when one has no index."""
        paths: dict[str, Path] = {}
        for folder in reversed(folders):
            paths |= _index(folder)
        return cls(paths=paths)

    def file(self, names: Iterable[str]) -> ProfileFile | None:
        """The file of the first name that has one; names are Hugging Face ids or stems."""
        for name in names:
            path = self.paths.get(name.casefold())
            if path is not None:
                found = self._files.get(path)
                if found is None:
                    found = self._files[path] = read_profiles(path)
                return found
        return None

    def profile(self, names: Iterable[str], key: ProfileKey) -> Profile | None:
        """The profile of a model on hardware; None when there is none."""
        found = self.file(names)
        if found is None or key not in found.hashes:
            return None
        place = (found.path, key)
        profile = self._read.get(place)
        if profile is None:
            profile = self._read[place] = found.profile(key)
        return profile

    def files(self) -> tuple[ProfileFile, ...]:
        """Every file, sorted by stem."""
        stems = sorted({path.name.removesuffix(SUFFIX) for path in self.paths.values()})
        found = (self.file([stem]) for stem in stems)
        return tuple(each for each in found if each is not None)


@cache
def shipped_profiles() -> ProfileStore:
    """The profiles of this version."""
    return ProfileStore.of(_SHIPPED)


def profile_store(own: Path | None) -> ProfileStore:
    """The shipped profiles, with a folder of one's own asked before them."""
    return shipped_profiles() if own is None else ProfileStore.of(own, _SHIPPED)


def index_text(folder: Path) -> str:
    """The index of the profile files that lie in ``folder``; hashes are of their text."""
    entries: list[dict[str, object]] = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        found = read_profiles(path)
        entries.append(
            {
                "stem": found.stem,
                "models": list(found.models),
                "profiles": len(found.keys),
                "sha256": hashlib.sha256(unpacked(path).encode()).hexdigest(),
            }
        )
    return json.dumps({"format": _INDEX_VERSION, "files": entries}, indent=1) + "\n"


def _index(folder: Path) -> dict[str, Path]:
    path = folder / INDEX_NAME
    try:
        raw = cast(dict[str, Any], json.loads(path.read_text(encoding="utf-8")))
        if raw["format"] != _INDEX_VERSION:
            raise ValueError(f"format {raw['format']}, this planner reads {_INDEX_VERSION}")
        names: dict[str, Path] = {}
        for entry in cast(list[dict[str, Any]], raw["files"]):
            file = folder / f"{entry['stem']}{SUFFIX}"
            names |= {name.casefold(): file for name in (entry["stem"], *entry["models"])}
        return names
    except OSError as error:
        raise InputError(
            f"{folder}: no {INDEX_NAME} in it ({error.strerror or error}); "
            "name a folder that `planner profiles build --out` wrote"
        ) from error
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: not an index of profiles: {error}") from error
