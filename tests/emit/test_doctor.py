"""``planner doctor``: what is wrong is a problem, what was not looked at is said to be so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from planner.catalog.quotas import Quota
from planner.emit.config_file import config_text
from planner.emit.doctor import Check, Local, local_checks, stack_checks
from planner.emit.doctor_account import STACK_TAG, account_checks
from planner.emit.doctor_aws import AwsAccount
from tests.emit.plans import plan_of, serving_of
from tests.support import CliResult

Run = Callable[..., CliResult]

DIGEST = "sha256:" + "a" * 64
# Instances of type G on demand.
G_QUOTA = "L-DB2E81BA"


def local(**changes: Any) -> Local:
    """A machine where all is well."""
    fine = Local(
        python=(3, 11),
        pulumi_command="v3.259.0",
        packages={"pulumi": "3.272.0"},
        environment_has_program=True,
        has_credentials=True,
        config={"agentImageDigest": DIGEST, "weightsReady": "true"},
        region="us-east-1",
        emitted_hash=None,
        quotas={},
    )
    return replace(fine, **changes)


class FakeAccount:
    """Answers what it was given; LookupError where it was given nothing."""

    def __init__(self, **answers: Any) -> None:
        self._answers = answers

    def _of(self, name: str) -> Any:
        if name not in self._answers:
            raise LookupError(f"{name}: access denied")
        return self._answers[name]

    def identity(self) -> str:
        return self._of("identity")

    def offering_zones(self, instance_type: str, region: str) -> Sequence[str]:
        return self._of("zones")

    def vcpu_quota(self, code: str, region: str) -> int:
        return self._of("vcpu")

    def tag_is_active(self, key: str) -> bool:
        return self._of("tag")

    def certificate_status(self, arn: str, region: str) -> str:
        return self._of("certificate")

    def objects_under(self, bucket: str, prefix: str) -> int:
        return self._of("bytes")


def own_gpus(*sets: str):
    return serving_of("selfhost_spot", *sets)


def of(checks: Sequence[Check], name: str) -> Check:
    return next(check for check in checks if check.name == name)


class TestMachine:
    def test_nothing_to_do_where_all_is_well(self) -> None:
        assert {check.status for check in local_checks(local())} == {"ok"}

    @pytest.mark.parametrize(
        ("name", "changes"),
        [
            ("python", {"python": (3, 10)}),
            ("pulumi", {"pulumi_command": None}),
            ("pulumi", {"pulumi_command": "v3.199.9"}),
            ("pulumi", {"pulumi_command": ""}),
            ("packages", {"packages": {"pulumi": None}}),
            ("project environment", {"environment_has_program": False}),
        ],
    )
    def test_what_is_missing_or_old_is_a_problem(self, name: str, changes: dict[str, Any]) -> None:
        check = of(local_checks(local(**changes)), name)
        assert check.status == "problem"
        assert check.todo


class TestStack:
    @pytest.mark.parametrize("region", [None, "eu-central-1"])
    def test_another_region_than_the_plan_s(self, region: str | None) -> None:
        plan = serving_of("api_frontier")
        check = of(stack_checks(plan, local(region=region)), "region")
        assert check.status == "problem"
        assert check.todo == "pulumi config set aws:region us-east-1"

    def test_another_plan_than_the_one_that_was_emitted(self) -> None:
        plan = serving_of("api_frontier")
        same = stack_checks(plan, local(emitted_hash=plan.plan_hash))
        assert of(same, "plan").status == "ok"
        for other in (None, "p-0123456789ab"):
            check = of(stack_checks(plan, local(emitted_hash=other)), "plan")
            assert check.status == "problem"
            assert "planner emit" in check.todo

    def test_an_image_that_nothing_pins(self) -> None:
        assert of(stack_checks(own_gpus(), local()), "image digest").status == "ok"
        check = of(stack_checks(own_gpus(), local(config={})), "image digest")
        assert check.status == "problem"
        assert "agentImageDigest" in check.todo

    def test_replicas_that_wait_for_weights_are_a_note(self) -> None:
        assert of(stack_checks(own_gpus(), local(config={})), "weightsReady").status == "note"

    def test_a_gateway_has_no_images(self) -> None:
        names = {check.name for check in stack_checks(serving_of("api_frontier"), local())}
        assert names == {"plan", "region", "function concurrency", "API log role"}

    def test_a_gateway_reaches_engines_under_tls_by_the_name_on_the_certificate(self) -> None:
        arn = "deployment.certificate_arn=arn:aws:acm:us-east-1:123456789012:certificate/c"
        plan = serving_of("hybrid", arn)
        assert of(stack_checks(plan, local()), "engineUrl").status == "problem"
        named = local(config={"engineUrl": "https://llm.internal.example/v1"})
        assert of(stack_checks(plan, named), "engineUrl").status == "ok"


class TestAccount:
    def test_without_aws_nothing_of_it_is_called_fine(self) -> None:
        checks = account_checks(own_gpus(), local(), None)
        assert {check.status for check in checks} == {"not_checked"}

    def test_no_credentials_are_a_problem_even_so(self) -> None:
        checks = account_checks(serving_of("api_frontier"), local(has_credentials=False), None)
        assert of(checks, "credentials").status == "problem"

    @pytest.mark.parametrize(("vcpu", "status"), [(10_000, "ok"), (8, "problem")])
    def test_quota_against_what_the_plan_may_start(self, vcpu: int, status: str) -> None:
        account = FakeAccount(identity="me", zones=["a", "b"], vcpu=vcpu, tag=True)
        checks = account_checks(own_gpus(), local(), account)
        assert of(checks, "vCPU quota").status == status

    def test_a_quota_read_before_counts_without_aws(self) -> None:
        plan = serving_of("selfhost_ondemand", "options.selfhost.0.instance_types=[g6e.xlarge]")
        seen = Quota(
            region="us-east-1",
            code=G_QUOTA,
            name="G and VT",
            vcpu=8,
            basis="applied",
            observed=date(2026, 11, 1),
        )
        check = of(
            account_checks(plan, local(quotas={("us-east-1", G_QUOTA): seen}), None), "vCPU quota"
        )
        assert check.status == "problem"
        assert "8 vCPU applied on 2026-11-01" in check.found

    def test_fewer_zones_than_the_plan_wants(self) -> None:
        account = FakeAccount(identity="me", zones=["a"], vcpu=10_000, tag=True)
        checks = account_checks(own_gpus(), local(), account)
        assert of(checks, "instance type offered").status == "problem"

    def test_a_tag_that_is_not_active_hides_the_spend_from_the_budget(self) -> None:
        account = FakeAccount(identity="me", tag=False)
        check = of(
            account_checks(serving_of("api_bedrock"), local(), account), "cost allocation tag"
        )
        assert check.status == "problem"
        assert STACK_TAG in check.todo

    def test_what_aws_refuses_to_say_was_not_checked(self) -> None:
        checks = account_checks(own_gpus(), local(), FakeAccount())
        assert {check.status for check in checks} == {"not_checked"}
        assert "access denied" in of(checks, "vCPU quota").found

    @pytest.mark.parametrize(("size", "status"), [(16_100_000_000, "ok"), (9, "problem")])
    def test_weights_in_a_bucket_of_the_scenario(self, size: int, status: str) -> None:
        plan = own_gpus("options.selfhost.0.weights={uri: 's3://models/llama/8b/'}")
        checks = account_checks(plan, local(), FakeAccount(bytes=size))
        assert of(checks, "weights").status == status

    def test_a_certificate_that_is_not_issued(self) -> None:
        arn = "arn:aws:acm:us-east-1:111122223333:certificate/0a1b2c3d"
        plan = own_gpus(f"deployment.certificate_arn={arn}")
        account = FakeAccount(certificate="PENDING_VALIDATION")
        assert of(account_checks(plan, local(), account), "certificate").status == "problem"


class TestAws:
    """The calls themselves, against a stand-in of AWS."""

    @pytest.fixture
    def account(self):
        with mock_aws():
            yield AwsAccount(
                lambda service, region: boto3.client(service, region_name=region), "us-east-1"
            )

    def test_reads_who_asks_and_what_is_offered(self, account: AwsAccount) -> None:
        assert account.identity().startswith("account 123456789012")
        assert "us-east-1a" in account.offering_zones("g5.xlarge", "us-east-1")

    def test_adds_up_what_lies_under_a_prefix(self, account: AwsAccount) -> None:
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="models")
        s3.put_object(Bucket="models", Key="llama/8b/a", Body=b"12345")
        s3.put_object(Bucket="models", Key="llama/8b-other/a", Body=b"123")
        assert account.objects_under("models", "llama/8b") == 5

    def test_an_error_of_aws_is_one_line(self, account: AwsAccount) -> None:
        with pytest.raises(LookupError, match=r"^s3 list_objects_v2: .*NoSuchBucket"):
            account.objects_under("not-there", "a")


class TestCommand:
    @pytest.fixture
    def project(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        (tmp_path / "Pulumi.yaml").write_text("name: llm-serving\nruntime: python\n")
        text = config_text(serving_of("api_frontier"), "llm-serving:plan")
        (tmp_path / "Pulumi.prod.yaml").write_text(text + "  aws:region: us-east-1\n")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("PATH", str(tmp_path))
        return tmp_path

    def test_takes_the_only_stack_and_ends_with_1_where_there_are_problems(
        self, run_cli: Run, project: Path
    ) -> None:
        result = run_cli("doctor")
        assert result.code == 1, result.stderr
        assert "Pulumi.prod.yaml: api_gateway" in result.stdout
        assert "pulumi: https://www.pulumi.com/docs/install/" in result.stdout

    def test_json_has_every_check(self, run_cli: Run, project: Path) -> None:
        report = run_cli("doctor", "--stack", "prod", "--format", "json").json()
        found = {check["name"]: check["status"] for check in report["checks"]}
        assert found["region"] == "ok"
        assert found["pulumi"] == "problem"
        assert report["problems"] == sum(1 for status in found.values() if status == "problem")

    def test_a_plan_can_be_asked_about_before_there_is_a_project(
        self, run_cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "plan.json").write_text(plan_of("api_frontier").to_json())
        report = run_cli("doctor", "plan.json", "--format", "json").json()
        found = {check["name"]: check["status"] for check in report["checks"]}
        assert (found["plan"], found["project environment"]) == ("problem", "not_checked")

    def test_a_stack_without_a_plan(self, run_cli: Run, project: Path) -> None:
        (project / "Pulumi.empty.yaml").write_text("config:\n  a: 1\n")
        assert "name one with --stack" in run_cli("doctor").stderr
        result = run_cli("doctor", "--stack", "empty")
        assert result.code == 2
        assert "has no llm-serving:plan" in result.stderr

    def test_a_plan_that_was_changed_by_hand_names_the_field(
        self, run_cli: Run, project: Path
    ) -> None:
        path = project / "Pulumi.prod.yaml"
        path.write_text(path.read_text().replace('kind: "api_gateway"', 'kind: "gateway"'))
        result = run_cli("doctor")
        assert result.code == 2
        assert "llm-serving:plan.kind" in result.stderr
