"""Fetch the scenarios of a pull request's head as data, for reviewed code to compare.

    python fetch_scenarios.py OWNER/NAME SHA FOLDER        # GITHUB_TOKEN, GITHUB_API_URL

Only plain files below scenarios/ with harmless names are taken, of bounded size and number: no
links, no submodules, nothing that a name could lead out of the folder.
"""

from __future__ import annotations

import base64
import os
import random
import re
import sys
import time
from pathlib import Path
from typing import Any

from planner.diff.comment.github import github_headers
from planner.diff.comment.http import Client
from planner.errors import PlannerError

__all__ = ["fetch", "wanted"]

_MOST_FILES = 200
_MOST_BYTES = 1024 * 1024
_NAME = re.compile(r"scenarios/([A-Za-z0-9_-]+/)*[A-Za-z0-9_-]+\.(yaml|yml|csv|jsonl|json)")
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
_SHA = re.compile(r"[0-9a-f]{40}")
_LINK = "120000"


def wanted(tree: Any) -> list[tuple[str, str]]:
    """Path and blob of each file that is taken; SystemExit when the tree is not to be taken."""
    if not isinstance(tree, dict) or tree.get("truncated") is not False:
        sys.exit("the tree of the head is too large to be listed")
    found = [
        (str(each["path"]), str(each["sha"]))
        for each in tree["tree"]
        if each.get("type") == "blob"
        and each.get("mode") != _LINK
        and int(each.get("size", _MOST_BYTES + 1)) <= _MOST_BYTES
        and _NAME.fullmatch(str(each.get("path")))
        and _SHA.fullmatch(str(each.get("sha")))
    ]
    if len(found) > _MOST_FILES:
        sys.exit(f"more than {_MOST_FILES} files below scenarios/")
    return found


def fetch(client: Client, repository: str, sha: str, folder: Path) -> None:
    """Write the head's scenarios below ``folder``."""
    if not _REPOSITORY.fullmatch(repository) or not _SHA.fullmatch(sha):
        sys.exit(f"not a repository and a commit: {repository} {sha}")
    tree = client.call("GET", f"repos/{repository}/git/trees/{sha}?recursive=1").value
    for path, blob in wanted(tree):
        answer: Any = client.call("GET", f"repos/{repository}/git/blobs/{blob}").value
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(base64.b64decode(answer["content"]))


def main(arguments: list[str]) -> int:
    """Fetch what the command line names."""
    repository, sha, folder = arguments
    client = Client(
        name="GitHub",
        base_url=os.environ.get("GITHUB_API_URL", "https://api.github.com"),
        headers=github_headers(os.environ["GITHUB_TOKEN"]),
        wait=time.sleep,
        jitter=random.random,
    )
    try:
        fetch(client, repository, sha, Path(folder))
    except PlannerError as error:
        sys.exit(error.message)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
