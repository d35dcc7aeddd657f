"""``planner comment``: a comparison as a comment on a change request."""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from planner.cli import streams
from planner.cli.options import FORMAT, Out
from planner.errors import InputError
from planner.files import read_text

if TYPE_CHECKING:
    from planner.diff.comment import Forge, Marker
    from planner.render.payload_comment import CommentView
    from planner.render.payload_diff_types import DiffReportView

__all__ = ["command"]

_Host = Literal["github", "gitlab"]
_PULL_REF = re.compile(r"refs/pull/([0-9]+)/")
_GITHUB_API = "https://api.github.com"

_File = Annotated[
    Path,
    typer.Argument(
        metavar="DIFF", show_default=False, help="JSON of `planner diff --output json=FILE`."
    ),
]
_Mode = Annotated[
    Literal["update", "new", "hide-and-new", "delete-and-new"],
    typer.Option(
        "--mode",
        help="Edit the last comment; always write a new one; hide or delete the old ones first.",
    ),
]
_Forge = Annotated[
    Literal["github", "gitlab"] | None,
    typer.Option(
        "--forge", show_default=False, help="Code host. Default: the one whose CI this runs in."
    ),
]
_Repository = Annotated[
    str | None,
    typer.Option(
        "--repository",
        metavar="OWNER/NAME",
        help="Repository, or GitLab project number or path. Default: that of the CI job.",
    ),
]
_Request = Annotated[
    int | None,
    typer.Option("--request", min=1, metavar="N", help="Pull request or merge request (IID)."),
]
_ApiUrl = Annotated[
    str | None,
    typer.Option(
        "--api-url", metavar="URL", help="API of an own server. Default: that of the CI job."
    ),
]
_Key = Annotated[
    str | None,
    typer.Option("--key", help="Tells comments of several comparisons apart. Default: its name."),
]
_Head = Annotated[
    str | None, typer.Option("--head", metavar="SHA", help="Commit that was compared.")
]
_ValidAt = Annotated[
    str | None,
    typer.Option(
        "--valid-at",
        metavar="TIME",
        help="When the run began (RFC 3339): an earlier run never overwrites a later one. "
        "Default: now.",
    ),
]
_DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Write nothing; print what would be done, and the body.")
]


def command(
    diff: _File,
    mode: _Mode = "update",
    forge: _Forge = None,
    repository: _Repository = None,
    request: _Request = None,
    api_url: _ApiUrl = None,
    key: _Key = None,
    head: _Head = None,
    valid_at: _ValidAt = None,
    dry_run: _DryRun = False,
    format_: Annotated[Literal["table", "json"], FORMAT] = "table",
    out: Out = None,
) -> int:
    """Write what a change costs as a comment on its pull request or merge request.

    The body is made here from the checked JSON, so that a run with no rights can compare and one
    with rights can comment. Own comments are found by a hidden first line and by their author;
    one with the same text is left alone. The token comes from GITHUB_TOKEN or GITLAB_TOKEN and
    needs to write comments (`pull-requests: write`; scope `api`).

      planner comment diff.json --request 12
      planner comment diff.json --mode hide-and-new --dry-run
      planner comment diff.json --forge gitlab --repository group/project --request 3
    """
    from planner.render.payload_diff_read import read_diff_report

    report = read_diff_report(read_text(diff), str(diff))
    place = _place_of(forge, repository, request, api_url, os.environ)
    marker = _marker(report, key, head, valid_at)
    view = _done(report, place, marker, mode, dry_run=dry_run)
    streams.current().write_result(_text(view, format_), out)
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """The request to comment on, and the token for it, which may be missing."""

    host: _Host
    repository: str
    request: int
    api_url: str
    token: str


def _place_of(
    forge: _Host | None,
    repository: str | None,
    request: int | None,
    api_url: str | None,
    environ: Mapping[str, str],
) -> _Place:
    host: _Host = forge or ("gitlab" if environ.get("GITLAB_CI") else "github")
    if host == "gitlab":
        where = repository or environ.get("CI_PROJECT_ID", "")
        number = request or _number(environ.get("CI_MERGE_REQUEST_IID", ""))
        url = api_url or environ.get("CI_API_V4_URL", "")
        token = environ.get("GITLAB_TOKEN", "")
    else:
        where = repository or environ.get("GITHUB_REPOSITORY", "")
        found = _PULL_REF.match(environ.get("GITHUB_REF", ""))
        number = request or (_number(found[1]) if found is not None else None)
        url = api_url or environ.get("GITHUB_API_URL") or _GITHUB_API
        token = environ.get("GITHUB_TOKEN", "")
    missing = [
        name
        for name, given in (("--repository", where), ("--request", number), ("--api-url", url))
        if not given
    ]
    if missing or number is None:
        raise InputError(f"no CI job says where to comment: give {', '.join(missing)}")
    if host == "github" and not re.fullmatch(r"[\w.-]+/[\w.-]+", where):
        raise InputError(f"--repository {where}: give OWNER/NAME")
    return _Place(host=host, repository=where, request=number, api_url=url, token=token.strip())


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and int(text) else None


def _marker(
    report: DiffReportView, key: str | None, head: str | None, valid_at: str | None
) -> Marker:
    from planner.diff.comment import Marker
    from planner.render.diff_comment import comment_key
    from planner.render.markdown_safe import marker_key

    return Marker(
        key=comment_key(report) if key is None else marker_key(key),
        valid_at=_utc(valid_at),
        head="" if head is None else marker_key(head),
    )


def _utc(text: str | None) -> str:
    """The moment in UTC, to the second."""
    if text is None:
        moment = datetime.now(UTC)
    else:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise InputError(
                f"--valid-at {text}: not a time such as 2026-11-22T10:00:00Z"
            ) from None
        if moment.tzinfo is None:
            raise InputError(f"--valid-at {text}: without a zone; add Z for UTC")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _done(
    report: DiffReportView,
    place: _Place,
    marker: Marker,
    mode: Literal["update", "new", "hide-and-new", "delete-and-new"],
    *,
    dry_run: bool,
) -> CommentView:
    from planner.diff.comment import Outcome, planned, post
    from planner.render.diff_comment import comment_body, needs_a_look
    from planner.render.payload_comment import CommentView

    forge = _forge(place)
    body = comment_body(report, marker=marker.line(), most_bytes=forge.most_bytes)
    worth_it = report.verdict.worth_a_comment or needs_a_look(report)
    outcome: Outcome | None = None
    if not dry_run:
        if not place.token:
            name = "GITLAB_TOKEN" if place.host == "gitlab" else "GITHUB_TOKEN"
            raise InputError(f"no token: set {name} to one that may write comments")
        outcome = post(forge, body, marker, mode=mode, worth_it=worth_it)
    elif place.token:
        outcome = planned(forge, body, marker, mode=mode, worth_it=worth_it)
    return CommentView(
        schema_version=1,
        forge=place.host,
        repository=place.repository,
        request=place.request,
        mode=mode,
        key=marker.key,
        action=None if outcome is None else outcome.action,
        comment_id=None if outcome is None else outcome.id,
        hidden=() if outcome is None else outcome.hidden,
        deleted=() if outcome is None else outcome.deleted,
        dry_run=dry_run,
        body=body if dry_run else None,
    )


def _forge(place: _Place) -> Forge:
    from planner.diff.comment.github import GitHub, github_headers
    from planner.diff.comment.gitlab import GitLab, gitlab_headers
    from planner.diff.comment.http import Client

    on_gitlab = place.host == "gitlab"
    client = Client(
        name="GitLab" if on_gitlab else "GitHub",
        base_url=place.api_url,
        headers=gitlab_headers(place.token) if on_gitlab else github_headers(place.token),
        wait=time.sleep,
        jitter=random.random,
    )
    if on_gitlab:
        return GitLab(client=client, project=place.repository, request=place.request)
    return GitHub(client=client, repository=place.repository, request=place.request)


def _text(view: CommentView, format_: str) -> str:
    from planner.render.json_ import json_text
    from planner.render.payload_comment import comment_sentence

    if format_ == "json":
        return json_text(view)
    sentence = comment_sentence(view)
    return f"{sentence}\n" if view.body is None else f"{sentence}\n\n{view.body}"
