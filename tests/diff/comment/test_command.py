"""`planner comment`, against fake servers and with hostile files."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from planner.diff.comment import marker_of
from tests.diff.comment.forges import TOKEN, FakeForge, serving
from tests.diff.pulumi.engine_files import NAT, document, state, step
from tests.support import CliResult

Run = Callable[..., CliResult]
_CI = ("CI", "GITLAB_CI", "GITHUB_REPOSITORY", "GITHUB_REF", "GITHUB_API_URL", "GITHUB_TOKEN")


@pytest.fixture(autouse=True)
def _no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _CI:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def fake() -> Iterator[FakeForge]:
    with serving(FakeForge()) as started:
        yield started


@pytest.fixture
def diff(tmp_path: Path, run_cli: Run) -> Path:
    """A comparison of a stack that gets a NAT gateway."""
    preview, found = tmp_path / "preview.json", tmp_path / "diff.json"
    preview.write_text(json.dumps(document([step("create", new=state(NAT, "way-out"))])))
    done = run_cli("diff", "--pulumi", preview, "--format", "json", "--out", found)
    assert done.code == 0, done.stderr
    return found


def _github(monkeypatch: pytest.MonkeyPatch, fake: FakeForge) -> None:
    monkeypatch.setenv("GITHUB_REPOSITORY", "own/er")
    monkeypatch.setenv("GITHUB_REF", "refs/pull/7/merge")
    monkeypatch.setenv("GITHUB_API_URL", fake.url)
    monkeypatch.setenv("GITHUB_TOKEN", f"{TOKEN}\n")


def test_in_a_github_job_it_knows_where_to_comment(
    monkeypatch: pytest.MonkeyPatch, fake: FakeForge, diff: Path, run_cli: Run
) -> None:
    _github(monkeypatch, fake)
    done = run_cli("comment", diff, "--valid-at", "2026-11-22T12:00:00+02:00", "--head", "abc123")
    assert done.code == 0, done.stderr
    assert done.stdout == "own/er 7: wrote: comment 1\n"
    (body,) = fake.bodies()
    marker = marker_of(body)
    assert marker is not None
    assert (marker.key, marker.valid_at, marker.head) == ("dev", "2026-11-22T10:00:00Z", "abc123")
    assert "$32.85" in body


def test_a_second_run_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, fake: FakeForge, diff: Path, run_cli: Run
) -> None:
    _github(monkeypatch, fake)
    run_cli("comment", diff)
    done = run_cli("comment", diff, "--format", "json")
    assert done.json()["action"] == "unchanged"
    assert fake.count("POST") == 1


def test_in_a_gitlab_job_it_knows_where_to_comment(
    monkeypatch: pytest.MonkeyPatch, fake: FakeForge, diff: Path, run_cli: Run
) -> None:
    monkeypatch.setenv("GITLAB_CI", "true")
    monkeypatch.setenv("CI_PROJECT_ID", "42")
    monkeypatch.setenv("CI_MERGE_REQUEST_IID", "7")
    monkeypatch.setenv("CI_API_V4_URL", fake.url)
    monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
    done = run_cli("comment", diff)
    assert done.code == 0, done.stderr
    assert ("POST", "/projects/42/merge_requests/7/notes") in fake.calls


def test_a_dry_run_shows_action_and_body_and_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, fake: FakeForge, diff: Path, run_cli: Run
) -> None:
    _github(monkeypatch, fake)
    done = run_cli("comment", diff, "--dry-run")
    assert "would write a comment" in done.stdout
    assert "<!-- planner:cost-diff:v1 key=dev" in done.stdout
    assert fake.comments == []


def test_a_dry_run_needs_no_token_and_no_network(diff: Path, run_cli: Run) -> None:
    done = run_cli("comment", diff, "--repository", "o/n", "--request", "3", "--dry-run")
    assert done.code == 0
    assert "without a token" in done.stdout


def test_gitlab_has_no_hiding(
    monkeypatch: pytest.MonkeyPatch, fake: FakeForge, diff: Path, run_cli: Run
) -> None:
    monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
    where = ("--forge", "gitlab", "--repository", "g/p", "--request", "3", "--api-url", fake.url)
    done = run_cli("comment", diff, *where, "--mode", "hide-and-new")
    assert done.code == 2
    assert "cannot hide" in done.stderr
    assert fake.calls == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "--repository, --request"),
        (("--repository", "o/n", "--request", "3"), "set GITHUB_TOKEN"),
        (("--repository", "o/n/../x", "--request", "3"), "give OWNER/NAME"),
        (("--repository", "o/n", "--request", "3", "--valid-at", "noon"), "not a time"),
        (("--repository", "o/n", "--request", "3", "--valid-at", "2026-11-22"), "without a zone"),
        (("--repository", "o/n", "--request", "3", "--api-url", "http://x.example"), "https"),
    ],
)
def test_what_is_missing_is_named(
    diff: Path, run_cli: Run, options: tuple[str, ...], words: str
) -> None:
    done = run_cli("comment", diff, *options)
    assert done.code == 2
    assert words in done.stderr


def test_mutated_comparisons_give_a_body_or_an_error(
    diff: Path, run_cli: Run, tmp_path: Path
) -> None:
    dice = random.Random(11)
    whole = diff.read_text(encoding="utf-8")
    mutant = tmp_path / "mutant.json"
    codes: set[int] = set()
    for _ in range(60):
        mutant.write_text(_mutated(whole, dice), encoding="utf-8", errors="surrogatepass")
        done = run_cli(
            "comment",
            mutant,
            "--repository",
            "o/n",
            "--request",
            "3",
            "--dry-run",
            "--format",
            "json",
        )
        assert done.code in (0, 2), done.stderr
        codes.add(done.code)
    assert codes == {0, 2}


def _mutated(text: str, dice: random.Random) -> str:
    """A value replaced in the document, or some of its text."""
    if dice.random() < 0.3:
        at = dice.randrange(len(text))
        return text[:at] + dice.choice(['"', "}", "null", "9", "\ud800", ""]) + text[at + 1 :]
    found: Any = json.loads(text)
    holder = found
    for _ in range(dice.randint(1, 4)):
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if not keys:
            break
        key = dice.choice(keys)
        if not isinstance(holder[key], dict | list) or dice.random() < 0.3:
            holder[key] = dice.choice([None, 1, "x" * 400, "-->", [], {}, True, "1e9", "|`@a #1"])
            break
        holder = holder[key]
    return json.dumps(found)
