"""The action, its workflows and scripts: what makes them safe on forks, and that they run."""

from __future__ import annotations

import base64
import json
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

_ROOT = Path(__file__).resolve().parents[2]
_GITHUB = _ROOT / ".github"
_WORKFLOWS = [
    _GITHUB / "workflows" / f"{name}.yml" for name in ("cost-diff", "cost-comment", "price-refresh")
]
_ALL = [*_WORKFLOWS, _ROOT / "action.yml"]
_PINNED = re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}")
# What a stranger writes: never in the text of a script.
_STRANGERS = re.compile(r"\$\{\{[^}]*(github\.(event|head_ref)|inputs\.|steps\.)[^}]*\}\}")

_each = pytest.mark.parametrize("path", _ALL, ids=[path.name for path in _ALL])


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _steps(path: Path) -> Iterator[dict[str, Any]]:
    document = _read(path)
    jobs = document.get("jobs", {"action": document.get("runs")})
    for job in jobs.values():
        yield from job["steps"]


@_each
def test_actions_of_others_are_pinned_by_their_commit(path: Path) -> None:
    for step in _steps(path):
        uses = step.get("uses", "./")
        assert uses.startswith("./") or _PINNED.fullmatch(uses), uses


@_each
def test_words_of_strangers_enter_scripts_through_the_environment(path: Path) -> None:
    for step in _steps(path):
        assert not _STRANGERS.search(step.get("run", "")), step


@pytest.mark.parametrize("path", _WORKFLOWS, ids=[path.stem for path in _WORKFLOWS])
def test_no_workflow_runs_a_strangers_code_with_rights(path: Path) -> None:
    document = _read(path)
    # YAML reads the key `on` as true.
    triggers = document.get("on", document.get(True))
    assert "pull_request_target" not in triggers
    assert document["permissions"] in ({}, {"contents": "read"})
    for step in _steps(path):
        ref = str(step.get("with", {}).get("ref", ""))
        assert "workflow_run" not in ref
        if "workflow_run" in triggers and step.get("uses", "").startswith("actions/checkout"):
            assert "default_branch" in ref


def test_the_computing_workflow_has_no_rights() -> None:
    for job in _read(_WORKFLOWS[0])["jobs"].values():
        assert "permissions" not in job


def test_the_request_is_found_by_its_head_and_not_by_the_artifact() -> None:
    text = _WORKFLOWS[1].read_text(encoding="utf-8")
    assert ".head.sha == $sha" in text
    assert "workflow_run.pull_requests" not in text


def test_comparing_the_heads_files_knows_no_token() -> None:
    (compare,) = [s for s in _steps(_WORKFLOWS[1]) if s.get("name") == "Compare again"]
    assert "TOKEN" not in json.dumps(compare)


# --- The scripts -------------------------------------------------------------------------------


def _run(script: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(_GITHUB / "scripts" / script)],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "HOME": str(cwd), **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def job(tmp_path: Path) -> dict[str, str]:
    """The environment of the action's step, on a scenario that grows."""
    for folder, per_day in (("before", 20_000), ("after", 40_000)):
        text = (_ROOT / "scenarios" / "support-chat.yaml").read_text(encoding="utf-8")
        changed = re.sub(r"requests_per_day: [\d_]+", f"requests_per_day: {per_day}", text)
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "chat.yaml").write_text(changed, encoding="utf-8")
    planner = tmp_path / "planner"
    planner.write_text(
        f'#!/bin/sh\nPYTHONPATH="{_ROOT}" exec "{sys.executable}" -m planner "$@"\n',
        encoding="utf-8",
    )
    planner.chmod(0o755)
    names = ("PATHS", "BASE", "PREVIEW", "PLAN", "POLICY", "PRICES")
    return {
        **{f"INPUT_{name}": "" for name in names},
        "INPUT_ALLOW_UNPRICED": "false",
        "PLANNER_BIN": str(planner),
        "FOLDER": str(tmp_path / "out"),
        "GITHUB_OUTPUT": str(tmp_path / "outputs"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
    }


def _outputs(job: dict[str, str]) -> dict[str, str]:
    text = Path(job["GITHUB_OUTPUT"]).read_text(encoding="utf-8")
    found = {name: value for name, _, value in re.findall(r"(\S+)<<(\S+)\n(.*)\n\2\n", text)}
    return {**found, **dict(re.findall(r"^(exit-code|started)=(.*)$", text, re.MULTILINE))}


def test_the_action_writes_its_outputs_and_the_summary(job: dict[str, str], tmp_path: Path) -> None:
    done = _run("cost-diff.sh", tmp_path, **{**job, "INPUT_PATHS": "before\nafter\n"})
    assert done.returncode == 0, done.stderr
    outputs = _outputs(job)
    assert outputs["exit-code"] == "0"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", outputs["started"])
    found = json.loads(Path(outputs["json"]).read_text(encoding="utf-8"))
    assert found["subjects"][0]["name"]
    assert Path(outputs["sarif"]).is_file()
    assert Path(outputs["junit"]).is_file()
    assert "month" in Path(job["GITHUB_STEP_SUMMARY"]).read_text(encoding="utf-8")


def test_a_broken_rule_fails_the_action_after_its_outputs(
    job: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "policy.yaml").write_text(
        'version: 1\nlimits:\n  - {id: step, max_increase: "0.01"}\n', encoding="utf-8"
    )
    given = {**job, "INPUT_PATHS": "before\nafter\n", "INPUT_POLICY": "policy.yaml"}
    done = _run("cost-diff.sh", tmp_path, **given)
    assert done.returncode == 1
    assert _outputs(job)["exit-code"] == "1"
    assert Path(job["GITHUB_STEP_SUMMARY"]).is_file()


def test_an_input_error_is_the_actions_exit_code(job: dict[str, str], tmp_path: Path) -> None:
    done = _run("cost-diff.sh", tmp_path, **{**job, "INPUT_PREVIEW": "missing.json"})
    assert done.returncode == 2
    assert "missing.json" in done.stderr
    assert set(_outputs(job)) == {"exit-code", "started"}
    assert _outputs(job)["exit-code"] == "2"


# --- The head's scenarios as data --------------------------------------------------------------

_FETCH = runpy.run_path(str(_GITHUB / "scripts" / "fetch_scenarios.py"))
_SHA = "ab" * 20


def _blob(path: str, **more: Any) -> dict[str, Any]:
    return {"type": "blob", "mode": "100644", "size": 9, "path": path, "sha": _SHA, **more}


@pytest.mark.parametrize(
    "refused",
    [
        _blob("scenarios/link.yaml", mode="120000"),
        _blob("scenarios/module.yaml", type="commit"),
        _blob("scenarios/large.yaml", size=2_000_000),
        _blob("scenarios/../planner/x.yaml"),
        _blob("scenarios/$(touch x).yaml"),
        _blob("scenarios/.hidden.yaml"),
        _blob("scenarios/run.py"),
        _blob("planner/evil.yaml"),
        _blob("scenarios/other.yaml", sha="../../etc"),
    ],
    ids=lambda blob: str(blob["path"]),
)
def test_only_plain_scenarios_of_the_head_are_fetched(refused: dict[str, Any]) -> None:
    tree = {"truncated": False, "tree": [_blob("scenarios/deep/a.yaml"), refused]}
    assert _FETCH["wanted"](tree) == [("scenarios/deep/a.yaml", _SHA)]


@pytest.mark.parametrize(
    "tree",
    [
        {"truncated": True, "tree": []},
        {"truncated": False, "tree": [_blob(f"scenarios/s{n}.yaml") for n in range(201)]},
        [],
    ],
)
def test_a_head_that_cannot_be_taken_whole_is_refused(tree: Any) -> None:
    with pytest.raises(SystemExit):
        _FETCH["wanted"](tree)


def test_fetched_scenarios_lie_below_the_folder(tmp_path: Path) -> None:
    class Answers:
        def call(self, method: str, path: str) -> SimpleNamespace:
            tree = {"truncated": False, "tree": [_blob("scenarios/a.yaml")]}
            blob = {"content": base64.b64encode(b"id: a").decode()}
            return SimpleNamespace(value=tree if "trees" in path else blob)

    _FETCH["fetch"](Answers(), "o/n", _SHA, tmp_path)
    assert (tmp_path / "scenarios" / "a.yaml").read_bytes() == b"id: a"
    with pytest.raises(SystemExit):
        _FETCH["fetch"](Answers(), "o/n", "main", tmp_path)


def test_the_hook_for_pre_commit_validates_scenarios() -> None:
    (hook,) = _read(_ROOT / ".pre-commit-hooks.yaml")
    assert (hook["id"], hook["entry"]) == ("planner-validate", "planner validate")
    assert re.search(hook["files"], "scenarios/chat.yaml")
