"""How long a preview of thousands of steps takes to be read and priced.

    python benchmarks/preview.py [--steps 5000] [--runs 5]

CPU time of one process with warm imports, the least of N runs: a preview as `pulumi preview --json
--show-sames` writes it, with every kind of resource that has a rule of its own, created, updated,
replaced, deleted and unchanged in turn. No test depends on these numbers.
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from planner.catalog import load_catalog
from planner.catalog.resource_prices import PricingContext
from planner.diff.pulumi import preview_of_text, stack_subject

BUDGET_S = 1.0
_RESOURCES: dict[str, dict[str, Any]] = {
    "aws:ec2/launchTemplate:LaunchTemplate": {
        "instanceType": "g6e.xlarge",
        "blockDeviceMappings": [{"ebs": {"volumeType": "gp3", "volumeSize": 100}}],
    },
    "aws:autoscaling/group:Group": {"minSize": 1, "maxSize": 4, "launchTemplate": {"id": "lt-0"}},
    "aws:cloudwatch/metricAlarm:MetricAlarm": {
        "threshold": 20,
        "metricQueries": [
            {"id": "s", "metric": {"metricName": "SpendUSD", "period": 60}},
            {"id": "r", "expression": "s/" + "1" * 900},
        ],
    },
    "aws:ec2/natGateway:NatGateway": {},
    "aws:ec2/eip:Eip": {"domain": "vpc"},
    "aws:ec2/vpcEndpoint:VpcEndpoint": {"vpcEndpointType": "Interface", "subnetIds": ["a", "b"]},
    "aws:iam/role:Role": {"assumeRolePolicy": json.dumps({"Statement": ["x" * 400]})},
    "aws:s3/bucket:Bucket": {},
    "aws:ecs/taskDefinition:TaskDefinition": {"containerDefinitions": "x" * 4_000},
    "aws:lambda/function:Function": {"architectures": ["arm64"]},
    "aws:ec2/instance:Instance": {
        "instanceType": "g5.xlarge",
        "rootBlockDevice": {"volumeType": "gp3", "volumeSize": 50},
    },
}
_OPERATIONS = ("same", "create", "update", "delete", "replace", "same", "same")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--steps", type=int, default=5_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()

    text = json.dumps(_preview(options.steps), indent=4)
    context = PricingContext(prices=load_catalog(prices=None, base_dir=Path()))
    reading, pricing, lines = [], [], 0
    for _ in range(options.runs):
        started = time.process_time()
        change = preview_of_text(text, "preview.json")
        read = time.process_time()
        lines = len(stack_subject(change, context).lines)
        reading.append(read - started)
        pricing.append(time.process_time() - read)
    print(f"{options.steps} steps, {len(text) / 1e6:.1f} MB, {lines} lines with a price")
    print(f"read {min(reading):.2f} s, priced {min(pricing):.2f} s; together {BUDGET_S:.1f} s")
    return 0 if min(reading) + min(pricing) <= BUDGET_S else 1


def _preview(steps: int) -> dict[str, Any]:
    kinds = islice(cycle(_RESOURCES.items()), steps)
    made = [
        _step(number, token, inputs, operation)
        for number, ((token, inputs), operation) in enumerate(
            zip(kinds, cycle(_OPERATIONS), strict=False)
        )
    ]
    same = sum(1 for step in made if step["op"] == "same")
    return {"config": {"aws:region": "us-east-1"}, "steps": made, "changeSummary": {"same": same}}


def _step(number: int, token: str, inputs: dict[str, Any], operation: str) -> dict[str, Any]:
    state = {
        "urn": f"urn:pulumi:prod::app::{token}::r{number}",
        "custom": True,
        "id": f"lt-{number}",
        "type": token,
        "inputs": {"__defaults": [], **inputs},
        "outputs": {"id": f"id-{number}", "tagsAll": {"a": "b"}, **inputs},
    }
    step: dict[str, Any] = {"op": operation, "urn": state["urn"], "detailedDiff": None}
    if operation != "create":
        step["oldState"] = state
    if operation != "delete":
        step["newState"] = copy.deepcopy(state)
    return step


if __name__ == "__main__":
    raise SystemExit(main())
