"""Hosts that are busy, broken or gone: what is tried again, and what never is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from planner.diff.comment import Forge, LostAnswer, post
from planner.diff.comment.http import Client, ClientError
from planner.errors import InputError
from tests.diff.comment.forges import (
    GITLAB_ME,
    ME,
    TOKEN,
    FakeForge,
    Trouble,
    client,
    github,
    gitlab,
    marked,
    serving,
)

_PATHS = {"github": "/comments", "gitlab": "/notes"}


@pytest.fixture
def fake() -> Iterator[FakeForge]:
    with serving(FakeForge()) as started:
        yield started


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture(params=["github", "gitlab"])
def forge(request: pytest.FixtureRequest, fake: FakeForge, waits: list[float]) -> Forge:
    return github(fake, waits) if request.param == "github" else gitlab(fake, waits)


def _path(forge: Forge) -> str:
    return _PATHS[forge.name.lower()]


@pytest.mark.parametrize(
    "trouble",
    [(429, {"Retry-After": "7"}), (403, {"Retry-After": "7"}), (500, {}), (503, {}), "break"],
)
def test_a_busy_or_broken_host_is_asked_again(
    fake: FakeForge, forge: Forge, waits: list[float], trouble: Trouble
) -> None:
    fake.troubles["GET", _path(forge)] = [trouble, trouble]
    body, marker = marked("+$5")
    assert post(forge, body, marker).action == "create"
    asked = 7.0 if isinstance(trouble, tuple) and trouble[1] else 0.0
    # Doubling from one second, at the middle of the jitter, or what the host asks for.
    assert waits == [max(1.0, asked), max(2.0, asked)]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_what_is_refused_is_never_asked_again(
    fake: FakeForge, forge: Forge, waits: list[float], status: int
) -> None:
    fake.troubles["GET", _path(forge)] = [(status, {})] * 9
    body, marker = marked("+$5")
    with pytest.raises(ClientError, match=f"answers {status}: trouble"):
        post(forge, body, marker)
    assert waits == []
    assert fake.comments == []


def test_a_host_that_stays_broken_is_given_up_after_five(
    fake: FakeForge, forge: Forge, waits: list[float]
) -> None:
    fake.troubles["GET", _path(forge)] = [(502, {})] * 9
    body, marker = marked("+$5")
    with pytest.raises(InputError, match="after 5 retries"):
        post(forge, body, marker)
    assert len(waits) == 5


@pytest.mark.parametrize("trouble", ["lose", (502, {})])
def test_after_a_lost_answer_the_comment_is_looked_for(
    fake: FakeForge, forge: Forge, trouble: Trouble
) -> None:
    fake.troubles["POST", _path(forge)] = [trouble]
    body, marker = marked("+$5")
    done = post(forge, body, marker)
    # Whether the first try was done or not, there is one comment.
    assert (done.action, done.id) == ("create", "1")
    assert len(fake.comments) == 1


def test_a_busy_host_may_be_sent_the_comment_again(fake: FakeForge, forge: Forge) -> None:
    fake.troubles["POST", _path(forge)] = [(429, {})]
    body, marker = marked("+$5")
    assert post(forge, body, marker).id == "1"
    assert len(fake.comments) == 1


def test_a_host_that_never_answers_a_comment_is_named(fake: FakeForge, forge: Forge) -> None:
    fake.troubles["POST", _path(forge)] = ["break"] * 9
    body, marker = marked("+$5")
    with pytest.raises(InputError, match="nobody knows whether the comment is there"):
        post(forge, body, marker)


@pytest.mark.parametrize("author", [ME, GITLAB_ME])
def test_an_update_may_be_sent_twice(fake: FakeForge, author: str) -> None:
    forge = github(fake) if author == ME else gitlab(fake)
    fake.add(marked("+$4", at="2026-11-22T09:00:00Z")[0], author=author)
    fake.troubles["PATCH" if author == ME else "PUT", ""] = ["lose", (503, {})]
    body, marker = marked("+$5")
    assert post(forge, body, marker).action == "update"
    assert len(fake.comments) == 1


def test_a_wrong_token_is_said_and_not_shown(fake: FakeForge) -> None:
    wrong = Client(
        name="GitHub",
        base_url=fake.url,
        headers={"Authorization": "Bearer hunter2"},
        wait=lambda _: None,
        jitter=lambda: 0.0,
    )
    with pytest.raises(ClientError, match="the token is not accepted") as caught:
        wrong.call("GET", "repos/o/r/issues/1/comments")
    assert "hunter2" not in str(caught.value)


def test_a_redirect_is_not_followed_with_the_token(fake: FakeForge) -> None:
    fake.troubles["GET", "/comments"] = [(301, {"Location": "http://127.0.0.1:1/elsewhere"})]
    with pytest.raises(ClientError, match="the address moved"):
        client(fake).call("GET", "repos/o/r/issues/1/comments")


def test_a_link_to_another_host_is_not_followed(fake: FakeForge) -> None:
    with pytest.raises(ClientError, match=r"another host: evil\.example"):
        client(fake).call("GET", "https://evil.example/page2")


@pytest.mark.parametrize("url", ["http://api.example.com", "ftp://127.0.0.1", "api.example.com"])
def test_a_token_goes_over_https_only(url: str) -> None:
    with pytest.raises(InputError, match="https"):
        Client(name="x", base_url=url, headers={}, wait=lambda _: None, jitter=lambda: 0.0)


def test_a_host_that_is_not_there_is_said(waits: list[float]) -> None:
    gone = Client(
        name="GitHub",
        base_url="http://127.0.0.1:9",
        headers={"Authorization": TOKEN},
        wait=waits.append,
        jitter=lambda: 0.5,
    )
    with pytest.raises(ClientError, match="not reached"):
        gone.call("GET", "x")
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0]


def test_a_request_that_is_not_repeatable_is_lost_not_repeated(fake: FakeForge) -> None:
    fake.troubles["POST", "/comments"] = ["lose"]
    with pytest.raises(LostAnswer):
        client(fake).call("POST", "repos/o/r/issues/1/comments", {"body": "x"}, repeatable=False)
    assert fake.count("POST") == 1


def test_a_wait_is_never_longer_than_two_minutes(fake: FakeForge, waits: list[float]) -> None:
    fake.troubles["GET", "/comments"] = [(429, {"Retry-After": "86400"})]
    client(fake, waits=waits).call("GET", "repos/o/r/issues/1/comments")
    assert waits == [120.0]
