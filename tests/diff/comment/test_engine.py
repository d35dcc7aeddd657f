"""The four behaviours, over fake GitHub and GitLab servers behind real sockets."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from planner.diff.comment import Forge, Outcome, marker_of, post, without_marker
from planner.errors import InputError
from tests.diff.comment.forges import (
    GITLAB_ME,
    ME,
    FakeForge,
    github,
    gitlab,
    marked,
    serving,
)

_EARLIER, _LATER = "2026-11-22T09:00:00Z", "2026-11-22T11:00:00Z"


class Host:
    """A fake, the forge that talks to it, and who one is there."""

    def __init__(self, fake: FakeForge, forge: Forge, me: str) -> None:
        self.fake, self.forge, self.me = fake, forge, me

    def add(self, text: str, **how: str) -> str:
        """An earlier comment of one's own."""
        return self.fake.add(marked(text, **how)[0], author=self.me)

    def post(self, text: str, *, at: str = "2026-11-22T10:00:00Z", **how: object) -> Outcome:
        """What a run posts."""
        body, marker = marked(text, at=at)
        return post(self.forge, body, marker, **how)  # type: ignore[arg-type]


@pytest.fixture
def fake() -> Iterator[FakeForge]:
    with serving(FakeForge()) as started:
        yield started


@pytest.fixture(params=["github", "gitlab"])
def host(request: pytest.FixtureRequest, fake: FakeForge) -> Host:
    if request.param == "github":
        return Host(fake, github(fake), ME)
    return Host(fake, gitlab(fake), GITLAB_ME)


@pytest.fixture
def on_github(fake: FakeForge) -> Host:
    return Host(fake, github(fake), ME)


def test_update_writes_a_first_comment(host: Host) -> None:
    assert host.post("+$5") == Outcome(action="create", id="1")
    assert "+$5" in host.fake.bodies()[0]


def test_update_edits_the_newest_of_ones_own(host: Host) -> None:
    host.add("oldest", at=_EARLIER)
    newest = host.add("newest", at=_EARLIER)
    assert host.post("+$5") == Outcome(action="update", id=newest)
    assert "oldest" in host.fake.bodies()[0]
    assert "+$5" in host.fake.bodies()[1]


def test_new_always_writes_another(host: Host) -> None:
    host.add("+$5")
    assert host.post("+$5", mode="new").action == "create"
    assert len(host.fake.comments) == 2


def test_hide_and_new_minimises_the_old_ones(on_github: Host) -> None:
    old = on_github.add("+$4", at=_EARLIER)
    done = on_github.post("+$5", mode="hide-and-new")
    assert done.hidden == (old,)
    assert on_github.fake.minimized == {"IC_1"}
    assert len(on_github.fake.comments) == 2


def test_a_minimised_comment_is_not_edited(on_github: Host) -> None:
    on_github.add("+$4", at=_EARLIER)
    on_github.fake.minimized.add("IC_1")
    assert on_github.post("+$5").action == "create"


def test_gitlab_cannot_hide_and_says_so(fake: FakeForge) -> None:
    with pytest.raises(InputError, match="cannot hide comments"):
        Host(fake, gitlab(fake), GITLAB_ME).post("+$5", mode="hide-and-new")
    assert fake.calls == []


def test_delete_and_new_deletes_after_it_wrote(host: Host) -> None:
    old = host.add("+$4", at=_EARLIER)
    done = host.post("+$5", mode="delete-and-new")
    assert done.deleted == (old,)
    assert [without_marker(body) for body in host.fake.bodies()] == ["+$5"]
    changes = [how for how, path in host.fake.calls if "graphql" not in path and how != "GET"]
    assert changes == ["POST", "DELETE"]


def test_a_comment_that_is_gone_already_may_be_deleted(host: Host) -> None:
    host.add("+$4", at=_EARLIER)
    host.fake.before["DELETE", ""] = host.fake.comments.clear
    assert host.post("+$5", mode="delete-and-new").action == "create"


@pytest.mark.parametrize("mode", ["update", "delete-and-new"])
def test_the_same_text_is_left_alone_whatever_its_time(host: Host, mode: str) -> None:
    host.add("+$5", at=_EARLIER)
    assert host.post("+$5", mode=mode).action == "unchanged"
    assert host.fake.count("PATCH") + host.fake.count("PUT") + host.fake.count("POST") == 0


@pytest.mark.parametrize("mode", ["update", "delete-and-new"])
def test_an_earlier_run_never_overwrites_a_later_one(host: Host, mode: str) -> None:
    host.add("+$9", at=_LATER)
    assert host.post("+$5", mode=mode).action == "stale"
    assert len(host.fake.comments) == 1


def test_times_in_other_zones_are_compared_as_moments(host: Host) -> None:
    host.add("+$9", at="2026-11-22T10:30:00+02:00")
    assert host.post("+$5").action == "update"


def test_a_marker_of_a_stranger_is_not_ones_own(host: Host) -> None:
    host.fake.add(marked("+$4", at=_LATER)[0], author="mallory")
    assert host.post("+$5").action == "create"
    assert "+$4" in host.fake.bodies()[0]


def test_a_marker_below_the_first_line_is_text(host: Host) -> None:
    host.fake.add(f"look:\n{marked('+$4')[0]}", author=host.me)
    assert host.post("+$5").action == "create"


def test_another_key_is_another_comment(host: Host) -> None:
    host.add("+$4", key="search")
    assert host.post("+$5").action == "create"
    assert len(host.fake.comments) == 2


def test_notes_of_the_system_are_left_out(fake: FakeForge) -> None:
    fake.add(marked("+$4", at=_EARLIER)[0], author=GITLAB_ME, system=True)
    assert Host(fake, gitlab(fake), GITLAB_ME).post("+$5").action == "create"


def test_nothing_worth_it_writes_no_first_comment(host: Host) -> None:
    assert host.post("no relevant change", worth_it=False).action == "quiet"
    assert host.fake.comments == []


@pytest.mark.parametrize("mode", ["update", "new", "delete-and-new"])
def test_nothing_worth_it_still_updates_what_is_there(host: Host, mode: str) -> None:
    host.add("+$400", at=_EARLIER)
    assert host.post("no relevant change", worth_it=False, mode=mode).action == "update"
    assert [without_marker(body) for body in host.fake.bodies()] == ["no relevant change"]


def test_the_own_comment_is_found_behind_hundreds(host: Host) -> None:
    mine = host.add("+$4", at=_EARLIER)
    for number in range(250):
        host.fake.add(f"chat {number}", author="someone")
    assert host.post("+$5") == Outcome(action="update", id=mine)
    assert host.fake.count("GET") >= 3


def test_a_host_with_small_pages_is_read_to_the_end(host: Host) -> None:
    host.fake.page_size = 2
    for number in range(7):
        host.fake.add(f"chat {number}", author="someone")
    mine = host.add("+$4", at=_EARLIER)
    assert host.post("+$5").id == mine


# --- Races -------------------------------------------------------------------------------------


def _at_once(host: Host, text: str, at: str) -> Callable[[], None]:
    """Another run that writes between this one's look and its own comment."""
    return lambda: void(host.add(text, at=at))


def void(_: object) -> None:
    """Nothing."""


def test_of_two_first_comments_the_later_runs_stays(host: Host) -> None:
    host.fake.before["POST", "/comments" if host.me == ME else "/notes"] = _at_once(
        host, "+$9", _LATER
    )
    done = host.post("+$5")
    assert done.action == "stale"
    assert [without_marker(body) for body in host.fake.bodies()] == ["+$9"]


def test_of_two_first_comments_the_earlier_runs_goes(host: Host) -> None:
    host.fake.before["POST", "/comments" if host.me == ME else "/notes"] = _at_once(
        host, "+$4", _EARLIER
    )
    done = host.post("+$5")
    assert (done.action, done.deleted) == ("create", ("1",))
    assert [without_marker(body) for body in host.fake.bodies()] == ["+$5"]


def test_of_two_runs_of_the_same_moment_one_comment_stays(host: Host) -> None:
    host.fake.before["POST", "/comments" if host.me == ME else "/notes"] = _at_once(
        host, "+$5", "2026-11-22T10:00:00Z"
    )
    host.post("+$5")
    assert len(host.fake.comments) == 1


def test_a_comment_deleted_under_the_edit_is_written_anew(host: Host) -> None:
    host.add("+$4", at=_EARLIER)
    host.fake.before["PATCH" if host.me == ME else "PUT", ""] = host.fake.comments.clear
    assert host.post("+$5").action == "create"
    assert [without_marker(body) for body in host.fake.bodies()] == ["+$5"]


def test_a_marker_reads_back() -> None:
    body, marker = marked("text")
    assert marker_of(body) == marker
    assert marker_of(body.replace("\n", "\r\n")) == marker
    assert without_marker(body.replace("\n", "\r\n")) == "text"
    assert marker_of("<!-- planner:cost-diff:v1 key=a b -->") is None
