from __future__ import annotations

import json
import math
import random
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.demand import Demand, build_demand
from planner.errors import Problem, ScenarioError
from planner.scenario.provenance import Assumption
from tests.demand.support import scenario, workload

CONV = "AzureLLMInferenceTrace_conv.csv"


def _demand(folder: Path = Path(), **fields: Any) -> Demand:
    return build_demand(scenario(workload(**fields)), folder, count_tokens=_words)


def _words(text: str, encoding: str) -> int:
    return len(text.split())


def _line(demand: Demand, path: str) -> Assumption:
    (line,) = [line for line in demand.assumptions if line.path == path]
    return line


def _problems(folder: Path = Path(), **fields: Any) -> tuple[Problem, ...]:
    with pytest.raises(ScenarioError) as error:
        _demand(folder, **fields)
    return error.value.problems


def _trace(folder: Path, **fields: Any) -> Demand:
    load = {"trace": {"file": CONV}, **fields}
    return build_demand(scenario(load), folder, count_tokens=_words)


@pytest.fixture
def traces(root: Path) -> Path:
    return root / "scenarios" / "traces"


def test_a_month_is_thirty_mean_days() -> None:
    demand = _demand()
    assert demand.requests_per_month == 300_000
    assert demand.mean_rps == pytest.approx(300_000 / 2_592_000)


def test_days_per_month_can_be_changed() -> None:
    document = scenario(conventions={"days_per_month": 31})
    demand = build_demand(document, Path())
    assert demand.requests_per_month == 310_000
    assert demand.mean_rps == pytest.approx(10_000 / 86_400)
    assert _line(demand, "conventions.days_per_month").origin == "scenario"


def test_the_textbook_price_stays_exact_over_the_buckets() -> None:
    # 300,000 requests of 500/200 tokens at 2.50 and 10 USD per million: 375 + 600.
    demand = _demand()
    per_request = sum(
        bucket.share
        * (bucket.input_tokens * Decimal("2.5") + bucket.output_tokens * 10)
        / 1_000_000
        for bucket in demand.buckets
    )
    assert demand.requests_per_month * per_request == Decimal("975")


def test_the_golden_peak() -> None:
    # 3 M requests a month, peak 2.0 x 1.5: mean 1.1574, peak 3.4722 requests a second.
    demand = _demand(
        requests_per_day=100_000, traffic={"peak_to_mean": 2, "burst_within_hour": Decimal("1.5")}
    )
    assert round(demand.mean_rps, 4) == 1.1574
    assert round(demand.peak_rps, 4) == 3.4722


def test_nothing_given_is_the_default_week_marked_as_assumed() -> None:
    demand = _demand()
    assert demand.peak_to_mean == pytest.approx(2.0, rel=1e-12)
    assert demand.burst_within_hour == 1.5
    assert demand.interarrival_cv == 1.0
    assert demand.growth_per_month == demand.deferrable_share == 0
    assert demand.shared_prefix is None
    for path in (
        "workload.traffic.profile",
        "workload.traffic.peak_to_mean",
        "workload.traffic.burst_within_hour",
        "workload.traffic.weights",
        "timezone",
        "demand.interarrival_cv",
        "workload.growth_per_month",
        "workload.deferrable_share",
        "workload.shared_prefix",
    ):
        line = _line(demand, path)
        assert (line.origin, line.mark) == ("default", "?"), path
        assert line.source


def test_what_the_scenario_gives_is_not_an_assumption_of_ours() -> None:
    demand = _demand(
        source="access log, October",
        growth_per_month=Decimal("0.05"),
        deferrable_share=Decimal("0.2"),
        shared_prefix={"tokens": 400, "distinct_prefixes": 3, "ttl_s": 3600},
        traffic={"weights": [1] * 12 + [3] * 12, "burst_within_hour": 2},
    )
    assert demand.growth_per_month == Decimal("0.05")
    assert demand.shared_prefix is not None
    assert demand.shared_prefix.tokens == 400
    assert demand.peak_to_mean == 1.5
    assert demand.burst_within_hour == 2
    for line in demand.assumptions:
        if line.path.startswith("workload."):
            assert (line.origin, line.mark) == ("scenario", ""), line
            assert line.source == "access log, October"


def test_a_flat_week_has_no_peak_and_needs_no_clock() -> None:
    demand = _demand(traffic={"profile": "flat"})
    assert demand.hour_weights == (1.0,) * 168
    assert not [line for line in demand.assumptions if line.path == "timezone"]


def test_a_profile_is_taken_as_it_is_unless_a_peak_is_given() -> None:
    plain = _demand(traffic={"profile": "servegen_deepseek_r1"})
    assert round(plain.peak_to_mean, 2) == 2.19
    shrunk = _demand(traffic={"profile": "servegen_deepseek_r1", "peak_to_mean": Decimal("1.4")})
    assert shrunk.peak_to_mean == pytest.approx(1.4, rel=1e-12)


@pytest.mark.parametrize(
    ("profile", "burst"),
    [("azure_2023_code", 4.0), ("mooncake_conv", 1.2), ("servegen_m_mid", 1.5)],
)
def test_the_default_burst_follows_the_length_profile(profile: str, burst: float) -> None:
    lengths = {"profile": profile}
    assert _demand(input_tokens=lengths, output_tokens=lengths).burst_within_hour == burst


def test_a_profile_of_lengths_keeps_its_mean_and_says_it_is_independent() -> None:
    lengths = {"profile": "azure_2023_conv"}
    demand = _demand(input_tokens=lengths, output_tokens=lengths)
    assert (demand.input_tokens.mean, demand.output_tokens.mean) == (
        Decimal("1154.7"),
        Decimal("211.1"),
    )
    assert _line(demand, "workload.trace").mark == "?"
    line = _line(demand, "workload.input_tokens")
    assert "CC-BY-4.0" in line.source
    assert line.mark == "~"


def test_lengths_are_shown_with_their_percentiles() -> None:
    lengths = {"profile": "azure_2023_conv"}
    assert _line(_demand(input_tokens=lengths), "workload.input_tokens").value == (
        "mean 1154.7, p50 1020, p95 4083, p99 4142, maximum 14050 tokens"
    )
    assert _line(_demand(), "workload.input_tokens").value == "500 tokens, every request"


def test_a_partly_known_profile_says_how_much_is_known() -> None:
    lengths = {"profile": "servegen_m_small"}
    demand = _demand(input_tokens=lengths, output_tokens=lengths)
    assert "lengths of 43.2 % of its requests" in _line(demand, "workload.input_tokens").source


def test_scale_multiplies_a_profile() -> None:
    demand = _demand(input_tokens={"profile": "azure_2023_conv", "scale": Decimal("1.1")})
    assert demand.input_tokens.mean == Decimal("1270.17")
    assert demand.input_tokens.p50 == pytest.approx(1122)
    assert demand.input_tokens.maximum == pytest.approx(15_455)


def test_quantiles_are_piecewise_linear() -> None:
    quantiles = {"p0": 0, "p50": 100, "p95": 400, "p100": 1000}
    demand = _demand(input_tokens={"quantiles": quantiles})
    # 25 + 112.5 + 35, as in the test of the table itself.
    assert demand.input_tokens.mean == Decimal("172.5")
    assert demand.input_tokens.p95 == pytest.approx(400)


def test_lognormal_lengths_keep_the_mean() -> None:
    demand = _demand(input_tokens={"mean": 500, "cv": Decimal("1.2")})
    assert demand.input_tokens.mean == 500
    assert len(demand.buckets) == 15
    assert demand.input_tokens.p99 > 2000


def test_prompt_files_are_counted_and_scaled(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one two three four")
    (tmp_path / "b.txt").write_text("one two")
    demand = _demand(tmp_path, input_tokens={"files": ["a.txt", "b.txt"], "scale": Decimal("1.5")})
    assert [(b.share, b.input_tokens) for b in demand.buckets] == [
        (Decimal("0.5"), 3),
        (Decimal("0.5"), 6),
    ]
    line = _line(demand, "workload.input_tokens")
    assert line.origin == "measured"
    assert "a.txt, b.txt" in line.source


@pytest.mark.parametrize(("encoding", "tokens"), [("o200k_base", 4), ("cl100k_base", 5)])
def test_prompts_are_counted_with_the_encoding_that_is_asked_for(
    tmp_path: Path, encoding: str, tokens: int
) -> None:
    (tmp_path / "a.txt").write_text("planner recommend scenario.yaml")
    document = scenario(workload(input_tokens={"files": ["a.txt"], "encoding": encoding}))
    assert build_demand(document, tmp_path).input_tokens.mean == tokens


def test_the_same_request_file_for_both_sides_stays_joint(tmp_path: Path) -> None:
    rows = [
        {"prompt": "a b", "output_tokens": 500},
        {"prompt": "a b c d", "output_tokens": 10},
    ]
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, rows)))
    files = {"files": ["log.jsonl"]}
    demand = _demand(tmp_path, input_tokens=files, output_tokens=files)
    assert [(b.input_tokens, b.output_tokens) for b in demand.buckets] == [(2, 500), (4, 10)]
    assert not [line for line in demand.assumptions if line.path == "workload.trace"]


def test_a_prefix_longer_than_the_input_is_refused() -> None:
    (problem,) = _problems(shared_prefix={"tokens": 501})
    assert problem.path == "workload.shared_prefix.tokens"
    assert "501" in problem.message
    assert "500" in problem.message
    assert _demand(shared_prefix={"tokens": 500}).shared_prefix is not None


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    load = workload(
        input_tokens={"files": ["none.txt"]},
        traffic={"weights": [1] * 24, "peak_to_mean": 3},
    )
    with pytest.raises(ScenarioError) as error:
        build_demand(scenario(load, timezone="Mars/Olympus"), tmp_path, count_tokens=_words)
    assert [problem.path for problem in error.value.problems] == [
        "timezone",
        "workload.input_tokens.files",
        "workload.traffic.peak_to_mean",
    ]


def test_a_trace_gives_rate_lengths_and_burst(traces: Path) -> None:
    demand = _trace(traces)
    assert demand.requests_per_month == 477_828 * 30
    assert round(demand.input_tokens.mean, 1) == Decimal("1154.7")
    assert round(demand.output_tokens.mean, 1) == Decimal("211.1")
    assert (demand.input_tokens.p50, demand.input_tokens.p95) == (1020, 4083)
    assert round(demand.interarrival_cv, 2) == 1.03
    # Its tokens: 19,366 requests of the bucket means are the sums of the file.
    total = sum((b.share * b.input_tokens for b in demand.buckets), Decimal(0)) * 19_366
    assert abs(total - 22_361_870) < 1


def test_a_short_trace_has_a_flat_week_and_its_own_burst(traces: Path) -> None:
    demand = _trace(traces)
    assert demand.hour_weights == (1.0,) * 168
    assert round(demand.burst_within_hour, 2) == 1.54
    assert _line(demand, "workload.traffic.profile").mark == "?"
    assert "0.97 h" in _line(demand, "workload.traffic.profile").source
    rate = _line(demand, "workload.requests_per_day")
    assert (rate.origin, rate.mark) == ("trace", "^")


def test_a_short_trace_takes_the_shape_the_scenario_gives(traces: Path) -> None:
    demand = _trace(traces, traffic={"profile": "servegen_m_large", "peak_to_mean": 2})
    assert demand.peak_to_mean == pytest.approx(2)
    assert round(demand.burst_within_hour, 2) == 1.54
    only_peak = _trace(traces, traffic={"peak_to_mean": 2})
    assert only_peak.hour_weights == demand.hour_weights


def test_figures_of_the_scenario_replace_those_of_the_trace(traces: Path) -> None:
    demand = _trace(
        traces, requests_per_day=1000, input_tokens=300, output_tokens=30,
        traffic={"burst_within_hour": 3},
    )  # fmt: skip
    assert demand.requests_per_month == 30_000
    assert demand.input_tokens.mean == 300
    assert len(demand.buckets) == 1
    assert demand.burst_within_hour == 3
    # What it does not give still comes from the trace.
    assert round(demand.interarrival_cv, 2) == 1.03


def test_a_long_trace_gives_the_week_and_its_busiest_minute(tmp_path: Path) -> None:
    draw = random.Random(7)
    text = ["TIMESTAMP,ContextTokens,GeneratedTokens"]
    clock = 0.0
    while clock < 26 * 3600:
        busy = int(clock // 3600) % 24 == 9
        clock += draw.expovariate(0.3 if busy else 0.1)
        text.append(f"{clock:.3f},{draw.randrange(10, 900)},{draw.randrange(1, 90)}")
    (tmp_path / "day.csv").write_text("\n".join(text))
    demand = build_demand(scenario({"trace": {"file": "day.csv"}}), tmp_path)
    assert demand.hour_weights.index(max(demand.hour_weights)) == 9
    minutes = [0] * (26 * 60 + 1)
    first = float(text[1].split(",")[0])
    for row in text[1:]:
        minutes[int((float(row.split(",")[0]) - first) // 60)] += 1
    while not minutes[-1]:
        minutes.pop()
    busiest = max(minutes) * len(minutes) / (len(text) - 1)
    assert demand.peak_to_mean * demand.burst_within_hour == pytest.approx(busiest)
    assert _line(demand, "workload.trace.timestamp_column").mark == "?"
    assert _line(demand, "workload.requests_per_day").mark == ""


def test_a_trace_that_cannot_be_read_is_the_only_problem(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as error:
        _trace(tmp_path)
    assert [problem.path for problem in error.value.problems] == ["workload.trace.file"]


def test_the_same_scenario_gives_the_same_demand(traces: Path) -> None:
    assert _trace(traces) == _trace(traces)


def test_assumption_texts_are_short_lines(traces: Path) -> None:
    profile = {"profile": "mooncake_synth"}
    for demand in (_demand(), _trace(traces), _demand(input_tokens=profile)):
        for line in demand.assumptions:
            assert line.value and line.source and line.path
            assert "\n" not in line.value + line.source
            assert "E+" not in line.value
        paths = [line.path for line in demand.assumptions]
        assert len(set(paths)) == len(paths)


def test_no_array_library_is_loaded_for_profiles_and_traces(root: Path) -> None:
    code = """
import sys
from pathlib import Path
from planner.demand import build_demand
from tests.demand.support import scenario, workload
build_demand(scenario(workload(input_tokens={"profile": "azure_2023_conv"})), Path())
build_demand(scenario({"trace": {"file": "AzureLLMInferenceTrace_code.csv"}}),
             Path("scenarios/traces"))
loaded = {"numpy", "tiktoken", "genai_prices", "rich", "boto3"} & set(sys.modules)
sys.exit(repr(loaded) if loaded else 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@given(
    per_day=st.decimals("0.001", 10**9, places=3),
    mean=st.decimals(1, 100_000, places=2),
    cv=st.none() | st.decimals("0.1", 3, places=1),
    peak=st.decimals(1, 6, places=2),
)
def test_any_plain_scenario_has_a_consistent_demand(
    per_day: Decimal, mean: Decimal, cv: Decimal | None, peak: Decimal
) -> None:
    lengths = {"mean": mean} if cv is None else {"mean": mean, "cv": cv}
    demand = _demand(requests_per_day=per_day, input_tokens=lengths, traffic={"peak_to_mean": peak})
    assert demand.requests_per_month == per_day * 30
    assert sum((bucket.share for bucket in demand.buckets), Decimal(0)) == 1
    assert demand.input_tokens.mean == mean
    assert math.fsum(demand.hour_weights) / 168 == pytest.approx(1, abs=1e-12)
    assert demand.peak_to_mean == pytest.approx(float(peak), rel=1e-12)
    assert demand.peak_rps >= demand.mean_rps
