"""``planner diff``: files, folders, saved plans, git revisions, rules, outputs and exit codes."""

from __future__ import annotations

import json
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.diff.made import Made
from tests.support import CliResult

Run = Callable[..., CliResult]

SMALL = Made()
# 600,000 x $0.00325 = $1,950
DOUBLE = Made(requests=20_000)
POLICY = 'version: 1\nlimits:\n  - {id: step, max_increase: "500"}\n'


def write(path: Path, made: Made) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(made.text(), encoding="utf-8")
    return path


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    return write(tmp_path / "a.yaml", SMALL), write(tmp_path / "b.yaml", DOUBLE)


def report(run_cli: Run, *args: str | Path, code: int = 0) -> Any:
    result = run_cli("diff", *args, "--format", "json", "-q", "--as-of", "2026-11-21")
    assert result.code == code, result.stderr
    return result.json()


class TestTwoScenarios:
    def test_total_parts_and_recommendation(self, run_cli: Run, pair: tuple[Path, Path]) -> None:
        found = report(run_cli, *pair)
        assert found["total"]["before_monthly_usd"] == "975"
        assert found["total"]["after_monthly_usd"] == "1950"
        assert found["total"]["delta_monthly_usd"] == "975"
        assert found["total"]["price_drift_usd"] is None
        assert found["total"]["is_floor"] is False
        assert found["attribution"] == [
            {
                "factor": "request volume",
                "delta_usd": "975",
                "why": "workload.requests_per_day 10000 → 20000",
            }
        ]
        assert found["recommendation"]["flipped"] is False
        assert found["recommendation"]["before"]["arm"] == "api_frontier"
        assert found["schema_version"] == 1

    def test_the_break_even_is_named_with_the_planned_volume(
        self, run_cli: Run, pair: tuple[Path, Path]
    ) -> None:
        # 2,000 / (0.00325 - 0.00007) = 628,930.8 requests a month
        sentence = report(run_cli, *pair)["recommendation"]["sentence"]
        assert "self-hosting is cheaper from 628,931 requests a month" in sentence
        assert "planned are 600,000 requests" in sentence

    def test_keeps_to_its_published_schema(
        self, run_cli: Run, pair: tuple[Path, Path], root: Path
    ) -> None:
        schema = json.loads((root / "docs/schema/diff.schema.json").read_text(encoding="utf-8"))
        Draft202012Validator(schema).validate(report(run_cli, *pair))

    def test_text_tells_the_verdict_first(self, run_cli: Run, pair: tuple[Path, Path]) -> None:
        result = run_cli("diff", *pair, "-q")
        lines = result.stdout.splitlines()
        assert lines[0] == "+$975/month (+100.0 %), $0.00 per 1M tokens: no limits are set."
        assert any(line.startswith("request volume  +$975.00") for line in lines)

    def test_one_file_alone_is_a_question_without_an_end(
        self, run_cli: Run, pair: tuple[Path, Path]
    ) -> None:
        result = run_cli("diff", pair[0])
        assert result.code == 2
        assert "give two files or folders, or one and --base REF" in result.stderr

    def test_problems_of_both_files_come_at_once(
        self, run_cli: Run, pair: tuple[Path, Path]
    ) -> None:
        for path in pair:
            path.write_text(path.read_text().replace("input_tokens", "input_token"))
        result = run_cli("diff", *pair)
        assert result.code == 2
        assert result.stderr.count("did you mean `input_tokens`?") == 1

    def test_what_cannot_be_priced_names_the_file_and_the_line(
        self, run_cli: Run, pair: tuple[Path, Path]
    ) -> None:
        # Found only when the lengths of the prompt are known.
        text = Made(prefix=600).text().replace("input_tokens: 500", "input_tokens: {files: [p]}")
        pair[1].write_text(text)
        (pair[1].parent / "p").write_text("short")
        result = run_cli("diff", *pair)
        assert result.code == 2
        assert f"{pair[1]}:" in result.stderr
        assert "workload.shared_prefix.tokens" in result.stderr


class TestFolders:
    def test_a_folder_and_a_file_are_no_pair(
        self, run_cli: Run, pair: tuple[Path, Path], tmp_path: Path
    ) -> None:
        result = run_cli("diff", tmp_path, pair[0])
        assert result.code == 2
        assert "a folder and a file are no pair" in result.stderr

    def test_files_are_matched_by_their_path(self, run_cli: Run, tmp_path: Path) -> None:
        old, new = tmp_path / "old", tmp_path / "new"
        write(old / "same.yaml", SMALL)
        write(new / "same.yaml", SMALL)
        write(old / "deep/changed.yaml", replace(SMALL, id="changed"))
        write(new / "deep/changed.yaml", replace(DOUBLE, id="changed"))
        write(old / "gone.yaml", replace(SMALL, id="gone"))
        write(new / "new.yaml", replace(SMALL, id="new"))
        (new / "values.yaml").write_text("a: 1\n")
        found = report(run_cli, old, new)
        assert {each["name"]: each["status"] for each in found["subjects"]} == {
            "changed": "changed",
            "gone": "removed",
            "new": "new",
            "made": "unchanged",
        }
        parts = {each["factor"]: each["delta_usd"] for each in found["attribution"]}
        assert parts == {
            "request volume": "975",
            "added scenarios": "975",
            "removed scenarios": "-975",
        }
        assert found["total"]["delta_monthly_usd"] == "975"

    def test_an_unchanged_scenario_is_answered_once(
        self, run_cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from planner.diff import pricing

        asked: list[str] = []
        real = pricing.recommend

        def counted(scenario: Any, *args: Any, **more: Any) -> Any:
            asked.append(scenario.id)
            return real(scenario, *args, **more)

        monkeypatch.setattr(pricing, "recommend", counted)
        for side in ("old", "new"):
            write(tmp_path / side / "a.yaml", SMALL)
            write(tmp_path / side / "b.yaml", replace(DOUBLE, id="b"))
        assert run_cli("diff", tmp_path / "old", tmp_path / "new").code == 0
        assert sorted(asked) == ["b", "made"]


class TestPlans:
    @pytest.fixture
    def plans(self, run_cli: Run, pair: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
        plans = tmp_path / "a.json", tmp_path / "b.json"
        for scenario, plan in zip(pair, plans, strict=True):
            assert run_cli("recommend", scenario, "--save", plan, "--draws", "0").code in (0, 3)
        return plans

    def test_plans_are_split_by_cause_where_their_prices_are_at_hand(
        self, run_cli: Run, plans: tuple[Path, Path]
    ) -> None:
        found = report(run_cli, *plans)
        assert found["total"]["delta_monthly_usd"] == "975"
        assert found["total"]["price_drift_usd"] == "0"
        assert {each["factor"]: each["delta_usd"] for each in found["attribution"]} == {
            "request volume": "975"
        }
        assert len(found["subjects"][0]["plan_hashes"]) == 2

    def test_else_by_what_they_hold(
        self, run_cli: Run, plans: tuple[Path, Path], tmp_path: Path
    ) -> None:
        from planner.decision.plan import _hash_of  # pyright: ignore[reportPrivateUsage]

        content = json.loads(plans[0].read_text())
        del content["plan_hash"]
        content["prices"]["snapshot_sha256"] = "0" * 64
        plans[0].write_text(json.dumps({**content, "plan_hash": _hash_of(content)}))
        found = report(run_cli, *plans)
        assert found["total"]["delta_monthly_usd"] == "975"
        assert found["total"]["price_drift_usd"] is None
        assert "made at different prices" in found["total"]["price_drift_reason"]
        assert {each["factor"]: each["delta_usd"] for each in found["attribution"]} == {
            "api usage": "975"
        }

    def test_a_plan_of_another_arm_is_compared_as_it_is(
        self, run_cli: Run, pair: tuple[Path, Path], plans: tuple[Path, Path], tmp_path: Path
    ) -> None:
        other = tmp_path / "other.json"
        args = ("--arm", "selfhost_ondemand", "--draws", "0")
        run_cli("recommend", pair[1], "--save", other, *args)
        found = report(run_cli, plans[0], other)
        # 2,000 + 600,000 x 700 x $0.10 / 1M - 975
        assert found["total"]["delta_monthly_usd"] == "1067"
        assert found["recommendation"]["flipped"] is True
        assert {each["factor"] for each in found["attribution"]} == {"api usage", "infrastructure"}

    def test_a_scenario_and_a_plan_are_no_pair(
        self, run_cli: Run, pair: tuple[Path, Path], tmp_path: Path
    ) -> None:
        run_cli("recommend", pair[0], "--save", tmp_path / "a.json")
        result = run_cli("diff", tmp_path / "a.json", pair[1])
        assert result.code == 2
        assert "a scenario and a saved plan; compare two of a kind" in result.stderr

    def test_a_plan_of_another_form_is_bad_input(self, run_cli: Run, tmp_path: Path) -> None:
        from planner.decision.plan import _hash_of  # pyright: ignore[reportPrivateUsage]

        content: dict[str, Any] = {"schema_version": 1, "chosen": 5}
        text = json.dumps({**content, "plan_hash": _hash_of(content)})
        (tmp_path / "a.json").write_text(text)
        result = run_cli("diff", tmp_path / "a.json", tmp_path / "a.json")
        assert result.code == 2
        assert "a plan without what a comparison needs" in result.stderr


class TestGates:
    def test_a_broken_rule_ends_with_1_after_all_outputs(
        self, run_cli: Run, pair: tuple[Path, Path], tmp_path: Path
    ) -> None:
        (tmp_path / "planner.policy.yaml").write_text(POLICY)
        out = tmp_path / "out.md"
        result = run_cli("diff", *pair, "-q", "--output", f"markdown={out}")
        assert result.code == 1
        assert "over limit step" in result.stdout.splitlines()[0]
        assert "over limit step" in out.read_text(encoding="utf-8")

    def test_a_malformed_policy_blocks(
        self, run_cli: Run, pair: tuple[Path, Path], tmp_path: Path
    ) -> None:
        (tmp_path / "planner.policy.yaml").write_text(POLICY.replace('"500"', "500"))
        result = run_cli("diff", *pair)
        assert result.code == 2
        assert "must be a decimal number in quotes" in result.stderr
        assert result.stdout == ""

    def test_fail_above_needs_no_file(self, run_cli: Run, pair: tuple[Path, Path]) -> None:
        assert run_cli("diff", *pair, "-q", "--fail-above", "500", "--draws", "0").code == 1
        assert run_cli("diff", *pair, "-q", "--fail-above", "975", "--draws", "0").code == 0
        # Volume, prices and lengths may all lie lower: $500 is not certain with draws.
        found = report(run_cli, *pair, "--fail-above", "900")
        assert found["policy"][0]["verdict"] == "inconclusive"
        assert run_cli("diff", *pair, "-q", "--fail-above", "x").code == 2

    def test_a_waiver_counts_to_as_of(
        self, run_cli: Run, pair: tuple[Path, Path], tmp_path: Path
    ) -> None:
        waiver = '{rule: step, up_to: "2000", reason: launch, expires: 2026-12-31}'
        (tmp_path / "planner.policy.yaml").write_text(f"{POLICY}waivers: [{waiver}]\n")
        args = ("diff", *pair, "-q", "--draws", "0")
        waived = run_cli(*args, "--as-of", "2026-12-31")
        assert waived.code == 0
        assert "[waived until 2026-12-31: launch]" in " ".join(waived.stdout.split())
        late = run_cli(*args, "--as-of", "2027-01-01")
        assert late.code == 1
        assert "expired on 2026-12-31" in late.stdout

    def test_old_prices_end_with_3(self, run_cli: Run, pair: tuple[Path, Path]) -> None:
        assert run_cli("diff", *pair, "-q", "--max-price-age", "1").code == 3

    def test_differences_have_a_code_only_when_asked_for(
        self, run_cli: Run, pair: tuple[Path, Path]
    ) -> None:
        assert run_cli("diff", *pair, "-q").code == 0
        assert run_cli("diff", *pair, "-q", "--detailed-exitcode").code == 4
        assert run_cli("diff", pair[0], pair[0], "-q", "--detailed-exitcode").code == 0


class TestOutputs:
    def test_several_in_one_run(
        self, run_cli: Run, pair: tuple[Path, Path], tmp_path: Path
    ) -> None:
        (tmp_path / "planner.policy.yaml").write_text(POLICY)
        forms = ("table", "json", "markdown", "junit", "sarif", "summary")
        outputs = [f"--output={form}={tmp_path / form}" for form in forms]
        run_cli("diff", *pair, "-q", *outputs)
        suite = ET.fromstring((tmp_path / "junit").read_text(encoding="utf-8"))
        assert suite.attrib["failures"] == "1"
        (failure,) = suite.iter("failure")
        assert failure.attrib["message"].startswith("step: over: $975.00 a month more")
        sarif = json.loads((tmp_path / "sarif").read_text(encoding="utf-8"))
        (result,) = sarif["runs"][0]["results"]
        place = result["locations"][0]["physicalLocation"]
        line = pair[1].read_text().splitlines()[place["region"]["startLine"] - 1]
        assert "requests_per_day" in line
        assert place["artifactLocation"]["uri"].endswith("b.yaml")
        assert (tmp_path / "markdown").read_text().startswith("<!-- planner:cost-diff:v1 key=made")

    def test_the_fingerprint_of_a_finding_does_not_move(
        self, run_cli: Run, pair: tuple[Path, Path], tmp_path: Path
    ) -> None:
        (tmp_path / "planner.policy.yaml").write_text(POLICY)

        def prints() -> list[dict[str, str]]:
            text = run_cli("diff", *pair, "-q", "--format", "sarif").stdout
            return [each["partialFingerprints"] for each in json.loads(text)["runs"][0]["results"]]

        first = prints()
        text = pair[1].read_text().replace("requests_per_day: 20000", "requests_per_day: 19999")
        pair[1].write_text(f"# a comment\n\n{text}")
        assert prints() == first

    def test_the_same_input_gives_the_same_bytes(
        self, run_cli: Run, pair: tuple[Path, Path]
    ) -> None:
        for form in ("table", "json", "markdown", "junit", "sarif"):
            first = run_cli("diff", *pair, "-q", "--format", form).stdout
            assert run_cli("diff", *pair, "-q", "--format", form).stdout == first


# --- Another revision --------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a committed scenario, and its name and address."""
    folder = tmp_path / "repo"
    folder.mkdir()
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    git(folder, "init", "--quiet", "--initial-branch=main")
    write(folder / "cost/chat.yaml", SMALL)
    commit(folder)
    monkeypatch.chdir(folder)
    return folder


def git(folder: Path, *args: str) -> None:
    who = ("-c", "user.name=test", "-c", "user.email=test@example.com")
    subprocess.run(["git", *who, *args], cwd=folder, check=True, capture_output=True)


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=change", "--allow-empty")


class TestRevisions:
    def test_a_file_against_its_committed_version(self, run_cli: Run, repository: Path) -> None:
        write(repository / "cost/chat.yaml", DOUBLE)
        found = report(run_cli, "cost/chat.yaml", "--base", "main")
        assert found["total"]["delta_monthly_usd"] == "975"
        assert found["title"] == "main:cost/chat.yaml → cost/chat.yaml"

    def test_a_folder_with_a_new_and_a_removed_file(self, run_cli: Run, repository: Path) -> None:
        (repository / "cost/chat.yaml").unlink()
        write(repository / "cost/new.yaml", replace(DOUBLE, id="new"))
        found = report(run_cli, "cost", "--base", "HEAD")
        statuses = {each["name"]: each["status"] for each in found["subjects"]}
        assert statuses == {"made": "removed", "new": "new"}
        assert found["total"]["delta_monthly_usd"] == "975"

    def test_a_file_that_is_gone_is_removed(self, run_cli: Run, repository: Path) -> None:
        (repository / "cost/chat.yaml").unlink()
        found = report(run_cli, "cost/chat.yaml", "--base", "HEAD")
        assert found["total"]["delta_monthly_usd"] == "-975"

    def test_a_broken_base_can_be_mended(self, run_cli: Run, repository: Path) -> None:
        (repository / "cost/chat.yaml").write_text("version: 1\nworkload: {}\n")
        commit(repository)
        write(repository / "cost/chat.yaml", SMALL)
        found = report(run_cli, "cost/chat.yaml", "--base", "HEAD")
        assert found["subjects"][0]["status"] == "new"
        assert found["notes"] == [
            "HEAD:cost/chat.yaml cannot be read (3 problems): all of it is new"
        ]

    def test_rules_are_those_of_the_base(self, run_cli: Run, repository: Path) -> None:
        (repository / "planner.policy.yaml").write_text(POLICY)
        commit(repository)
        write(repository / "cost/chat.yaml", DOUBLE)
        (repository / "planner.policy.yaml").write_text(POLICY.replace("500", "5000"))
        result = run_cli("diff", "cost/chat.yaml", "--base", "HEAD", "-q", "--draws", "0")
        assert result.code == 1
        assert "the base's rules hold, the new ones after it is merged" in " ".join(
            result.stdout.split()
        )

    def test_a_new_policy_waits_for_the_merge(self, run_cli: Run, repository: Path) -> None:
        write(repository / "cost/chat.yaml", DOUBLE)
        (repository / "planner.policy.yaml").write_text(POLICY)
        for more in ((), ("--policy", "planner.policy.yaml")):
            result = run_cli("diff", "cost/chat.yaml", "--base", "HEAD", "-q", *more)
            assert result.code == 0
            assert "its rules take effect after this change is merged" in " ".join(
                result.stdout.split()
            )

    def test_a_policy_that_is_named_is_read_from_the_base_as_well(
        self, run_cli: Run, repository: Path
    ) -> None:
        rules = repository / "ci/rules.yaml"
        rules.parent.mkdir()
        rules.write_text(POLICY)
        commit(repository)
        write(repository / "cost/chat.yaml", DOUBLE)
        rules.write_text(POLICY.replace("500", "5000"))
        args = ("--base", "HEAD", "-q", "--draws", "0", "--policy", "ci/rules.yaml")
        result = run_cli("diff", "cost/chat.yaml", *args)
        assert result.code == 1
        assert "the base's rules hold" in result.stdout

    def test_a_preview_is_held_to_the_rules_of_the_base(
        self, run_cli: Run, repository: Path
    ) -> None:
        (repository / "planner.policy.yaml").write_text(POLICY)
        commit(repository)
        (repository / "planner.policy.yaml").write_text(POLICY.replace("500", "5000"))
        empty = '{"steps": [], "changeSummary": {}}'
        (repository / "preview.json").write_text(empty)
        result = run_cli("diff", "--pulumi", "preview.json", "--base", "HEAD", "-q")
        assert "the base's rules hold" in result.stdout

    def test_a_policy_from_elsewhere_holds_as_it_is(
        self, run_cli: Run, repository: Path, tmp_path: Path
    ) -> None:
        write(repository / "cost/chat.yaml", DOUBLE)
        trusted = tmp_path / "trusted.yaml"
        trusted.write_text(POLICY)
        args = ("--base", "HEAD", "-q", "--draws", "0", "--policy", trusted)
        assert run_cli("diff", "cost/chat.yaml", *args).code == 1

    def test_files_that_a_scenario_names_are_those_of_the_revision(
        self, run_cli: Run, repository: Path
    ) -> None:
        text = SMALL.text().replace("input_tokens: 500", "input_tokens: {files: [prompt.txt]}")
        (repository / "cost/chat.yaml").write_text(text)
        (repository / "cost/prompt.txt").write_text("a short prompt")
        commit(repository)
        (repository / "cost/prompt.txt").write_text("a much longer prompt " * 100)
        found = report(run_cli, "cost/chat.yaml", "--base", "HEAD")
        assert [each["factor"] for each in found["attribution"]] == ["input length"]
        assert Decimal(found["total"]["delta_monthly_usd"]) > 100

    def test_committed_prices_tell_drift_from_change(self, run_cli: Run, repository: Path) -> None:
        run_cli("prices", "pin", "cost/chat.yaml", "--out", "planner.prices.json", "-q")
        commit(repository)
        pinned = json.loads((repository / "planner.prices.json").read_text())
        text = json.dumps(pinned)
        assert '"2.5"' in text or '"2.50"' in text
        changed = text.replace('"2.50"', '"5.00"').replace('"2.5"', '"5"')
        (repository / "planner.prices.json").write_text(changed)
        found = report(run_cli, "cost/chat.yaml", "--base", "HEAD")
        # 300,000 x 500 x $2.50 more per 1M
        assert found["total"]["price_drift_usd"] == "375"
        assert found["total"]["delta_monthly_usd"] == "0"
        assert found["total"]["after_monthly_usd"] == "1350"

    @pytest.mark.parametrize("ref", ["nowhere", "--output=x", "HEAD:cost"])
    def test_a_revision_there_is_not(self, run_cli: Run, repository: Path, ref: str) -> None:
        result = run_cli("diff", "cost/chat.yaml", f"--base={ref}")
        assert result.code == 2
        assert "no such commit" in result.stderr

    def test_outside_of_a_repository(self, run_cli: Run, pair: tuple[Path, Path]) -> None:
        result = run_cli("diff", pair[0], "--base", "HEAD")
        assert result.code == 2
        assert "not a git repository" in result.stderr
