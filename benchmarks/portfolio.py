"""Time `planner recommend` over a generated folder of scenarios.

    python benchmarks/portfolio.py [--scenarios 2000] [--jobs 2]

Prints seconds, milliseconds a scenario (of the clock, and of all processes' own time, which other
work on the machine moves less), and the most memory any of its processes held; twice, for a quarter
of the scenarios and for all: the time of one must not grow with their number. The first ones pay
for what all share. Goal: 2,000 scenarios in 120 s on 2 cores.
"""

from __future__ import annotations

import argparse
import io
import resource
import tempfile
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from planner.cli.app import main

_SCENARIO = """\
version: 1
id: generated-{number}
region: us-east-1
horizon: {{months: 12}}
workload:
  requests_per_day: {requests}
  input_tokens: {{mean: {input_tokens}}}
  output_tokens: {{mean: {output_tokens}}}
  growth_per_month: 0.0{growth}
  source: "generated for a benchmark"
slo: {{ttft_ms: 1500, tpot_ms: 60}}
options:
  api:
    - {{provider: openai, model: gpt-6-luna}}
    - {{provider: aws, model: "meta.llama3-1-8b-instruct-v1:0", role: same_weights}}
  selfhost:
    - {{model: meta-llama/Llama-3.1-8B-Instruct, precision: bf16}}
tco:
  operational: {{items: [{{name: on-call, monthly_usd: 200, source: "generated"}}]}}
"""


def write(folder: Path, count: int) -> list[Path]:
    """``count`` scenarios of ten lengths and as many volumes as there are scenarios."""
    paths: list[Path] = []
    for number in range(count):
        path = folder / f"s{number:05}.yaml"
        path.write_text(
            _SCENARIO.format(
                number=number,
                requests=1_000 + 7_919 * number,
                input_tokens=400 + 200 * (number % 5),
                output_tokens=100 + 150 * (number % 2),
                growth=number % 5,
            ),
            encoding="utf-8",
        )
        paths.append(path)
    return paths


_WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def _own_s() -> float:
    """Processor time of this process and those it has ended."""
    used = [resource.getrusage(who) for who in _WHO]
    return sum(each.ru_utime + each.ru_stime for each in used)


def timed(paths: list[Path], jobs: int) -> tuple[float, float, float]:
    """Seconds of the clock and of the processor, and MiB of the largest process so far."""
    started, before = time.perf_counter(), _own_s()
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        code = main(["recommend", *map(str, paths), "--jobs", str(jobs), "--format", "json"])
    spent = time.perf_counter() - started
    if code not in (0, 3):
        raise SystemExit(f"recommend ended with {code}")
    most = max(resource.getrusage(who).ru_maxrss for who in _WHO)
    return spent, _own_s() - before, most / 1024


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenarios", type=int, default=2_000)
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = write(Path(folder), given.scenarios)
        for count in (len(files) // 4, len(files)):
            seconds, own_s, mib = timed(files[:count], given.jobs)
            print(
                f"{count} scenarios: {seconds:.1f} s, {seconds / count * 1000:.0f} ms each "
                f"(processor {own_s / count * 1000:.0f} ms), {mib:.0f} MiB"
            )
