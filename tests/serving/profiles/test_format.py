"""The profile file: what is written comes back, and what was changed is refused."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from planner.errors import InputError
from planner.serving.profiles import SUFFIX, NoProfile, packed, read_profiles
from tests.serving.profiles.support import FACTS, SOURCE, key, profile, text_of

_REJECTED = NoProfile(
    accelerator="H100", precision="fp4", tensor_parallel_sizes=(1, 2), reason="no fp4"
)


def _written(folder: Path, text: str) -> Path:
    path = folder / f"small{SUFFIX}"
    path.write_bytes(packed(text))
    return path


def test_a_file_gives_back_what_was_written(tmp_path: Path) -> None:
    one, two = profile(), profile(key(precision="fp8"), cache=None, notes=("mind this",))
    found = read_profiles(_written(tmp_path, text_of(two, one, rejected=(_REJECTED,))))
    assert (found.stem, found.models, found.facts, found.source) == (
        "small",
        ("acme/Small",),
        FACTS,
        SOURCE,
    )
    assert found.rejected == (_REJECTED,)
    for original in (one, two):
        read = found.profile(original.key)
        assert read.sha256 == found.hashes[original.key]
        assert {name: getattr(read, name) for name in _FIELDS} == {
            name: getattr(original, name) for name in _FIELDS
        }


_FIELDS = [name for name in profile().__dataclass_fields__ if name != "sha256"]


def test_profiles_are_sorted_whatever_order_they_were_built_in() -> None:
    one, two = profile(), profile(key("A100-80GB"))
    assert text_of(one, two) == text_of(two, one)


def test_the_same_text_packs_to_the_same_bytes() -> None:
    assert packed("a\n") == packed("a\n")
    # Bytes 4 to 8 of a gzip file are the time of day; here there is none.
    assert packed("a\n")[4:8] == b"\0\0\0\0"


def test_profiles_with_different_axes_are_not_one_file() -> None:
    with pytest.raises(ValueError, match="same axes"):
        text_of(profile(), profile(key(precision="fp8"), decode_sequences=(1, 2, 9)))


def test_a_changed_time_is_refused(tmp_path: Path) -> None:
    text = text_of(profile()).replace("6.1", "6.2", 1)
    found = read_profiles(_written(tmp_path, text))
    with pytest.raises(InputError, match="H100 bf16 tp 1 was changed after it was built"):
        found.profile(key())


def test_another_version_is_refused_by_name(tmp_path: Path) -> None:
    text = text_of(profile()).replace('"format":1', '"format":2', 1)
    with pytest.raises(InputError, match="format 2, this planner reads 1"):
        read_profiles(_written(tmp_path, text))


def test_a_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    path = _written(tmp_path, text_of(profile()))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="damaged"):
        read_profiles(path)


def test_a_missing_line_is_refused(tmp_path: Path) -> None:
    head = text_of(profile()).splitlines()[0]
    with pytest.raises(InputError, match="1 profiles announced, 0 there"):
        read_profiles(_written(tmp_path, head))


@pytest.mark.parametrize("content", [b"", b"not gzip", gzip.compress(b"not json")])
def test_what_is_no_profile_file_is_refused_with_its_path(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / f"small{SUFFIX}"
    path.write_bytes(content)
    with pytest.raises(InputError, match="small"):
        read_profiles(path)


def test_a_line_that_lacks_a_field_is_refused(tmp_path: Path) -> None:
    head, line = text_of(profile()).splitlines()
    record = json.loads(line)
    del record["shares"]
    short = json.dumps(record, separators=(",", ":"))
    import hashlib

    head = head.replace(
        hashlib.sha256(line.encode()).hexdigest(), hashlib.sha256(short.encode()).hexdigest()
    )
    found = read_profiles(_written(tmp_path, f"{head}\n{short}\n"))
    with pytest.raises(InputError, match="shares"):
        found.profile(key())
