"""Record a deployment: emit, up, read back, destroy, with the real engine and a stand-in cloud.

    python scripts/record_deployment.py          # writes docs/examples/deployment.txt

The same run is a test for every kind of stack (tests/engine/test_lifecycle.py); this writes down
what it shows for one of them. The numbers of the account come through boto3.
"""

from __future__ import annotations

import datetime
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from build_engine import find_engine  # noqa: E402

from planner.emit.guard import budget_specs  # noqa: E402
from planner.emit.serving_plan import ServingPlan  # noqa: E402
from tests.engine.account import Account, serve_moto  # noqa: E402
from tests.engine.inventory import alarms, budgets, left_in  # noqa: E402
from tests.engine.provider import Provider, serve_provider  # noqa: E402
from tests.engine.run import Engine  # noqa: E402
from tests.stacks.checks import problems  # noqa: E402

FILE = ROOT / "docs" / "examples" / "deployment.txt"
_STACK = "prod"
_AS_OF = "2026-11-22"
_EMIT = (
    *("scenarios/steady-extraction.yaml", "--arm", "selfhost_ri_1y", "--stack", _STACK),
    *("--set", "deployment.client_cidrs=[10.0.0.0/16]"),
)


def _transcript(engine: Engine, account: Account, plan: ServingPlan) -> list[str]:
    preview = engine.preview()["changeSummary"]
    made = engine.up()
    lines = [
        "$ pulumi preview",
        f"{preview['create']} to create",
        "",
        "$ pulumi up",
        f"{made['create']} created",
        "",
        "Read back from the account:",
        "",
        *_budget_lines(account, plan),
        "",
        *_alarm_lines(account),
        "",
        "$ pulumi up",
        f"{engine.up()['same']} unchanged",
        "",
        "$ pulumi destroy",
        f"{engine.destroy()['delete']} deleted",
        f"left in the account: {left_in(account) or 'nothing'}",
    ]
    return lines


def _budget_lines(account: Account, plan: ServingPlan) -> list[str]:
    lines = [f"{'budget':36}  {'month':7}  {'limit':>10}   {'planned':>10}"]
    for spec in budget_specs(plan, _AS_OF[:7]):
        found = budgets(account)[spec.name]
        limits = found.get("PlannedBudgetLimits", {})
        planned = dict(spec.monthly_limits)
        for seconds, limit in sorted(limits.items()):
            month = datetime.datetime.fromtimestamp(int(seconds), datetime.UTC).strftime("%Y-%m")
            lines.append(f"{spec.name:36}  {month}  {limit['Amount']:>10}   {planned[month]:>10}")
        if not limits:
            amount = found["BudgetLimit"]["Amount"]
            lines.append(f"{spec.name:36}  each     {amount:>10}   {spec.limit:>10}")
    return lines


def _alarm_lines(account: Account) -> list[str]:
    lines = [f"{'alarm':36}  alarms when"]
    for name, alarm in sorted(alarms(account).items()):
        threshold = alarm.get("Threshold", 0.0)
        word = {"G": "above", "L": "below"}[alarm["ComparisonOperator"][0]]
        what = "the learnt band" if "ThresholdMetricId" in alarm else f"{threshold:g}"
        periods = f"{alarm.get('DatapointsToAlarm', 1)} of {alarm['EvaluationPeriods']}"
        lines.append(f"{name:36}  {word} {what}, {periods} periods")
    return lines


def main() -> int:
    """Write the file."""
    moto = serve_moto()
    with tempfile.TemporaryDirectory() as folder:
        account = Account(port=moto.get_host_and_port()[1])
        server, port = serve_provider(Provider(account, problems))
        work = Path(folder)
        emitted = subprocess.run(
            [sys.executable, "-m", "planner", "emit", *_EMIT, "--project", str(work / "project")],
            cwd=ROOT,
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
        engine = Engine(
            pulumi=find_engine(),
            project=work / "project",
            home=work / "home",
            provider_port=port,
            stack=_STACK,
        )
        digest = "sha256:" + "0" * 64
        engine.init({"aws:region": "us-east-1", "asOf": _AS_OF, "agentImageDigest": digest})
        text = (work / "project" / f"Pulumi.{_STACK}.yaml").read_text(encoding="utf-8")
        plan = ServingPlan.model_validate(yaml.safe_load(text)["config"]["llm-serving:plan"])
        (summary,) = [line for line in emitted.stdout.splitlines() if line.startswith("stack ")]
        lines = [f"$ planner emit {' '.join(_EMIT)} --project my-service", summary, ""]
        lines += _transcript(engine, account, plan)
        server.stop(0)
    moto.stop()
    FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(FILE.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
