"""Third-party artifacts are pinned, or said not to be."""

from __future__ import annotations

import re
from datetime import date

import pytest

from planner.catalog.artifacts import artifacts, image_artifact

IMAGES = ("agent", "engine")


def test_the_file_says_when_it_was_made() -> None:
    assert date.fromisoformat(artifacts()["observed"])
    assert tuple(sorted(artifacts()["images"])) == IMAGES


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_is_named_by_digest_or_not_at_all(name: str) -> None:
    image = image_artifact(name)
    assert image.source
    assert image.compressed_bytes > 1_000_000
    # A tag, which may move, is only for the command that looks the digest up.
    assert image.tag not in image.uri
    if image.digest is None:
        assert image.uri == image.repository
    else:
        assert re.fullmatch(r"sha256:[0-9a-f]{64}", image.digest)
        assert image.uri == f"{image.repository}@{image.digest}"
