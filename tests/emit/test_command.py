"""``planner emit`` and what ``planner recommend`` writes inside a project."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from planner.emit.capture import program_folder
from planner.emit.serving_plan import ServingPlan
from tests.emit.plans import plan_of
from tests.support import CliResult

Run = Callable[..., CliResult]

KEY = "llm-serving:plan"
SUPPORT = Path(__file__).resolve().parents[2] / "scenarios/support-chat.yaml"


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "plan.json"
    path.write_text(plan_of("api_frontier").to_json(), encoding="utf-8")
    return path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the markers of our program; commands run in it."""
    folder = tmp_path / "project"
    (folder / "stacks").mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text("name: llm-serving\nruntime: python\nmain: stacks\n")
    for name in ("__main__.py", "spend_guard.py", "vllm_gpu.py"):
        shutil.copy(program_folder() / name, folder / "stacks" / name)
    monkeypatch.chdir(folder)
    return folder


def emitted(path: Path) -> ServingPlan:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    return ServingPlan.model_validate(document["config"][KEY])


class TestEmit:
    def test_a_saved_plan_is_not_computed_again(
        self, run_cli: Run, saved: Path, project: Path
    ) -> None:
        result = run_cli("emit", saved, "--stack", "prod")
        assert result.code == 0, result.stderr
        assert emitted(project / "Pulumi.prod.yaml").plan_hash == plan_of("api_frontier").plan_hash
        assert "pulumi stack init prod" in result.stdout
        assert "pulumi up --stack prod" in result.stdout

    def test_the_folder_of_stack_files_may_be_another(
        self, run_cli: Run, saved: Path, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(project / "stacks")
        with (project / "Pulumi.yaml").open("a") as file:
            file.write("stackConfigDir: settings\n")
        assert run_cli("emit", saved, "--stack", "prod").code == 0
        assert emitted(project / "settings/Pulumi.prod.yaml").kind == "api_gateway"

    def test_check_tells_a_stack_with_another_plan_and_writes_nothing(
        self, run_cli: Run, saved: Path, project: Path
    ) -> None:
        path = project / "Pulumi.prod.yaml"
        assert run_cli("emit", saved, "--stack", "prod", "--check").code == 1
        assert not path.exists()
        run_cli("emit", saved, "--stack", "prod")
        assert run_cli("emit", saved, "--stack", "prod", "--check").code == 0
        changed = path.read_text().replace("memoryMb: 512", "memoryMb: 513")
        path.write_text(changed)
        assert run_cli("emit", saved, "--stack", "prod", "--check").code == 1
        assert path.read_text() == changed

    def test_print_writes_nothing(self, run_cli: Run, saved: Path, project: Path) -> None:
        result = run_cli("emit", saved, "--stack", "prod", "--print")
        assert yaml.safe_load(result.stdout)["config"][KEY]["stackId"] == "office-hours-prod"
        assert not (project / "Pulumi.prod.yaml").exists()

    def test_steps_can_be_asked_for_again(self, run_cli: Run, saved: Path, project: Path) -> None:
        result = run_cli("emit", saved, "--stack", "prod", "--steps")
        assert "pulumi up --stack prod" in result.stdout
        assert not (project / "Pulumi.prod.yaml").exists()

    def test_a_stack_that_the_plan_does_not_price_is_told(
        self, run_cli: Run, project: Path
    ) -> None:
        textbook = SUPPORT.parent / "textbook-router.yaml"
        result = run_cli("emit", textbook, "--stack", "prod", "--draws", "0")
        assert result.code == 0, result.stderr
        assert "what the stack itself costs is not in this plan" in result.stdout

    def test_json_names_file_and_commands(self, run_cli: Run, saved: Path, project: Path) -> None:
        report = run_cli("emit", saved, "--stack", "prod", "--format", "json").json()
        assert (report["kind"], report["stack_id"]) == ("api_gateway", "office-hours-prod")
        assert report["changed"] is True
        assert any("pulumi up --stack prod" in step["commands"] for step in report["next"])

    def test_a_project_of_its_own_holds_the_program(
        self, run_cli: Run, saved: Path, tmp_path: Path
    ) -> None:
        folder = tmp_path / "service"
        assert run_cli("emit", saved, "--stack", "prod", "--project", folder).code == 0
        assert emitted(folder / "Pulumi.prod.yaml").kind == "api_gateway"
        program = {path.name for path in (folder / "stacks").glob("*.py")}
        assert {"__main__.py", "vllm_gpu.py", "spend_guard.py", "smoke.py"} <= program
        assert not (folder / "stacks/fake_engine").exists()
        assert "llm-serving-planner[stacks]==" in (folder / "requirements.txt").read_text()

    def test_a_project_keeps_what_its_owner_changed(
        self, run_cli: Run, saved: Path, tmp_path: Path
    ) -> None:
        folder = tmp_path / "service"
        run_cli("emit", saved, "--project", folder)
        own = folder / "stacks/tags.py"
        own.write_text("# mine\n")
        result = run_cli("emit", saved, "--project", folder)
        assert f"kept {own}" in result.stdout
        assert own.read_text() == "# mine\n"

    @pytest.mark.parametrize(
        ("args", "wrong"),
        [
            (("--arm", "hybrid"), "is a saved plan"),
            (("--check", "--print"), "--check, --print and --steps write nothing"),
        ],
    )
    def test_options_that_do_not_go_together(
        self, args: tuple[str, ...], wrong: str, run_cli: Run, saved: Path, project: Path
    ) -> None:
        result = run_cli("emit", saved, *args)
        assert result.code == 2
        assert wrong in result.stderr

    def test_outside_a_project_it_says_how_to_make_one(
        self, run_cli: Run, saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        result = run_cli("emit", saved)
        assert result.code == 2
        assert "no Pulumi.yaml here or above" in result.stderr
        assert "--project DIR" in result.stderr

    def test_a_project_file_without_a_name_is_refused(
        self, run_cli: Run, saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "Pulumi.yaml").write_text("runtime: python\n")
        result = run_cli("emit", saved)
        assert result.code == 2
        assert "a Pulumi project has a `name`" in result.stderr


class TestRecommend:
    """Inside a project, `recommend` writes the chosen plan for a stack of the scenario's name."""

    @pytest.fixture(autouse=True)
    def _emits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PLANNER_NO_EMIT", "0")

    def test_emits_the_chosen_plan_and_tells_the_next_command(
        self, run_cli: Run, project: Path
    ) -> None:
        result = run_cli("recommend", SUPPORT, "--draws", "0")
        path = project / "Pulumi.support-chat.yaml"
        assert emitted(path).kind == "bedrock"
        assert f"wrote {path}" in result.stderr or "wrote Pulumi.support-chat.yaml" in result.stderr
        assert "next: pulumi stack init support-chat" in result.stderr

    def test_a_plan_that_cannot_be_deployed_is_told_and_ends_nothing(
        self, run_cli: Run, project: Path
    ) -> None:
        result = run_cli(
            "recommend",
            SUPPORT,
            "--draws",
            "0",
            "--arm",
            "selfhost_ondemand",
        )
        assert result.code == 0, result.stderr
        assert "not emitted: nobody could call the endpoint" in result.stderr
        assert not list(project.glob("Pulumi.*.yaml"))

    def test_no_emit_leaves_the_project_alone(self, run_cli: Run, project: Path) -> None:
        run_cli("recommend", SUPPORT, "--draws", "0", "--no-emit")
        assert not list(project.glob("Pulumi.*.yaml"))

    def test_a_program_that_is_not_ours_gets_nothing(self, run_cli: Run, project: Path) -> None:
        (project / "stacks/vllm_gpu.py").unlink()
        run_cli("recommend", SUPPORT, "--draws", "0")
        assert not list(project.glob("Pulumi.*.yaml"))
