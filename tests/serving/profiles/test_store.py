"""Finding profiles by the names people use."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.errors import InputError
from planner.serving.profiles import ProfileStore
from tests.serving.profiles.support import key, profile, text_of, write_folder


@pytest.mark.parametrize("name", ["acme/Small", "ACME/small", "small"])
def test_a_model_is_found_by_id_in_any_case_and_by_stem(tmp_path: Path, name: str) -> None:
    store = ProfileStore.of(write_folder(tmp_path, ("small", text_of(profile()))))
    found = store.profile([name], key())
    assert found is not None
    assert found.key == key()


def test_the_first_name_that_is_known_decides(tmp_path: Path) -> None:
    other = text_of(profile(), stem="other", models=("acme/Other",))
    folder = write_folder(tmp_path, ("small", text_of(profile())), ("other", other))
    found = ProfileStore.of(folder).file(["acme/None", "acme/Other", "acme/Small"])
    assert found is not None
    assert found.stem == "other"


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    store = ProfileStore.of(write_folder(tmp_path, ("small", text_of(profile()))))
    assert store.profile(["acme/None"], key()) is None
    assert store.profile(["acme/Small"], key(degree=8)) is None


def test_a_folder_of_ones_own_comes_before_the_next(tmp_path: Path) -> None:
    mine = write_folder(tmp_path / "a", ("small", text_of(profile(measured_share=0.5))))
    theirs = write_folder(
        tmp_path / "b",
        ("small", text_of(profile())),
        ("other", text_of(profile(), stem="other", models=("acme/Other",))),
    )
    store = ProfileStore.of(mine, theirs)
    found = store.profile(["acme/Small"], key())
    assert found is not None
    assert found.measured_share == 0.5
    assert store.profile(["acme/Other"], key()) is not None
    assert [file.stem for file in store.files()] == ["other", "small"]


def test_a_folder_without_an_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no index\.json in it"):
        ProfileStore.of(tmp_path)


def test_a_damaged_index_is_refused(tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text('{"format": 9}', encoding="utf-8")
    with pytest.raises(InputError, match="format 9, this planner reads 1"):
        ProfileStore.of(tmp_path)


def test_a_file_is_read_once(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, ("small", text_of(profile())))
    store = ProfileStore.of(folder)
    first = store.profile(["small"], key())
    for path in folder.iterdir():
        path.unlink()
    assert store.profile(["small"], key()) is first
