"""Record what `pulumi preview --json` says of our own stacks, one file for each kind of change.

    python scripts/record_previews.py            # all of them, into tests/fixtures/previews

The engine is the real one, the cloud a stand-in (tests/engine). Paths of this machine are taken
out, steps sorted, and of each stack trace the first frame is kept; nothing else is changed.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from build_engine import find_engine  # noqa: E402

from tests.engine.account import Account, serve_moto  # noqa: E402
from tests.engine.inventory import alarms  # noqa: E402
from tests.engine.provider import Provider, serve_provider  # noqa: E402
from tests.engine.run import Engine, copy_project  # noqa: E402
from tests.stacks.checks import problems  # noqa: E402
from tests.stacks.sample_plans import KINDS, sample_plan  # noqa: E402

FOLDER = ROOT / "tests" / "fixtures" / "previews"
_OTHER_MODEL = [
    {
        "model": "amazon.nova-lite-v1:0",
        "usd_per_1m_input_tokens": "0.06",
        "usd_per_1m_output_tokens": "0.24",
    }
]


def _set(
    engine: Engine, kind: str, *, config: Mapping[str, str] | None = None, **plan: Any
) -> None:
    text = sample_plan(kind, **plan).model_dump(mode="json", by_alias=True, exclude_none=True)
    engine.command("config", "set", "plan", json.dumps(text))
    for key, value in (config or {}).items():
        engine.command("config", "set", key, value)


def _create(kind: str) -> Callable[[Engine, Account], dict[str, Any]]:
    def record(engine: Engine, account: Account) -> dict[str, Any]:
        _set(engine, kind)
        return engine.preview()

    return record


def _update(engine: Engine, account: Account) -> dict[str, Any]:
    """A larger group of instances, and thresholds of another plan; the hash is in every tag."""
    _set(engine, "vllm_gpu")
    engine.up()
    _set(
        engine,
        "vllm_gpu",
        plan_hash="p-ba9876543210",
        gpu__min_instances=2,
        gpu__max_instances=5,
        spend__headroom_ratio="1.5",
    )
    return engine.preview()


def _other_instance(engine: Engine, account: Account) -> dict[str, Any]:
    """The same service on a larger instance type."""
    _set(engine, "vllm_gpu")
    engine.up()
    _set(
        engine,
        "vllm_gpu",
        plan_hash="p-ba9876543210",
        gpu__instance_type="g6e.2xlarge",
        gpu__usd_per_instance_hour="2.24208",
        gpu__most_usd_per_instance_hour="2.24208",
    )
    return engine.preview()


def _replace(engine: Engine, account: Account) -> dict[str, Any]:
    """Another model: its inference profile cannot be changed in place."""
    _set(engine, "bedrock")
    engine.up()
    _set(engine, "bedrock", bedrock=_OTHER_MODEL)
    return engine.preview()


def _delete(engine: Engine, account: Account) -> dict[str, Any]:
    """Anomaly detection is switched off again."""
    _set(engine, "bedrock", config={"costAnomalyMonitor": "true"})
    engine.up()
    engine.command("config", "rm", "costAnomalyMonitor")
    return engine.preview()


def _kind_change(engine: Engine, account: Account) -> dict[str, Any]:
    """From one kind of stack to another, with leave."""
    _set(engine, "bedrock", stack_id="sample")
    engine.up()
    _set(engine, "api_gateway", config={"allowKindChange": "true"}, stack_id="sample")
    return engine.preview()


def _same(engine: Engine, account: Account) -> dict[str, Any]:
    """Nothing to do, with the unchanged resources left out as `preview` does by itself."""
    _set(engine, "bedrock")
    engine.up()
    return engine.preview()


def _refresh(engine: Engine, account: Account) -> dict[str, Any]:
    """Somebody has deleted one alarm and raised the threshold of another."""
    _set(engine, "bedrock")
    engine.up()
    alarm = alarms(account)["sample-bedrock-spend-day"]
    kept = ("AlarmName", "Metrics", "ComparisonOperator", "EvaluationPeriods")
    client = account.client("cloudwatch")
    client.put_metric_alarm(Threshold=1e6, **{key: alarm[key] for key in kept})
    client.delete_alarms(AlarmNames=["sample-bedrock-unit-cost"])
    return engine.preview("--refresh")


CASES: Mapping[str, Callable[[Engine, Account], dict[str, Any]]] = {
    **{f"create-{kind.replace('_', '-')}": _create(kind) for kind in KINDS},
    "update": _update,
    "instance-type": _other_instance,
    "replace": _replace,
    "delete": _delete,
    "kind-change": _kind_change,
    "same": _same,
    "refresh": _refresh,
}


def _cleaned(value: Any, folder: str) -> Any:
    """Without the paths of this machine."""
    if isinstance(value, dict):
        return {
            key: [_cleaned(frame, folder) for frame in inner[:1]]
            if key == "stackTrace"
            else _cleaned(inner, folder)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_cleaned(inner, folder) for inner in value]
    if isinstance(value, str):
        return (
            "project:///elsewhere" if "project:///.." in value else value.replace(folder, "/home")
        )
    return value


def _record(name: str, pulumi: Path, version: str) -> None:
    moto = serve_moto()
    with tempfile.TemporaryDirectory() as folder:
        account = Account(port=moto.get_host_and_port()[1])
        server, port = serve_provider(Provider(account, problems))
        work = Path(folder)
        engine = Engine(
            pulumi=pulumi,
            project=copy_project(ROOT / "stacks", work / "project"),
            home=work / "home",
            provider_port=port,
        )
        engine.init({"aws:region": "us-east-1", "asOf": "2026-11-22"})
        preview = _cleaned(CASES[name](engine, account), folder)
        server.stop(0)
    account.reset()
    moto.stop()
    # In the order of names, and not of whoever was first.
    preview["steps"].sort(key=lambda step: step["urn"])
    preview["duration"] = 0
    path = FOLDER / f"{name}-{version}.json"
    path.write_text(json.dumps(preview, indent=1) + "\n", encoding="utf-8")
    print(f"{path.relative_to(ROOT)}: {preview['changeSummary']}")


def main() -> int:
    """Record the cases named on the command line, or all."""
    pulumi = find_engine()
    probe = Engine(pulumi=pulumi, project=ROOT, home=Path(tempfile.mkdtemp()), provider_port=0)
    version = probe.command("version").strip()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or CASES:
        _record(name, pulumi, version)
    return 0


if __name__ == "__main__":
    sys.exit(main())
