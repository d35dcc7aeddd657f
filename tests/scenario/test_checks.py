"""Rules over several fields, each with what breaks it and what does not."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from planner.scenario.checks import quantile_level
from planner.scenario.given import Given
from tests.scenario.support import SMALL, only, problems, read, with_line

_QUALITY = "quality: {score: 0.9, source: own evaluation}"


def _plus(*lines: str) -> str:
    return SMALL + "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("text", "path", "says"),
    [
        (
            with_line("input_tokens: 500", "input_tokens: {mean: 500, profile: azure_2023_conv}"),
            "workload.input_tokens",
            "give exactly one of mean, quantiles, profile, files; got all of mean, profile",
        ),
        (
            with_line("input_tokens: 500", "input_tokens: {}"),
            "workload.input_tokens",
            "got none of them",
        ),
        (
            with_line("input_tokens: 500", "input_tokens: {profile: azure_2023_conv, cv: 1}"),
            "workload.input_tokens.cv",
            "needs `mean`",
        ),
        (
            with_line("input_tokens: 500", "input_tokens: {mean: 500, scale: 2}"),
            "workload.input_tokens.scale",
            "does not apply to `mean`",
        ),
        (
            with_line("input_tokens: 500", "input_tokens: {quantiles: {p0: 1, p100: 5, q50: 3}}"),
            "workload.input_tokens.quantiles.q50",
            "is no percentile",
        ),
        (
            with_line("input_tokens: 500", "input_tokens: {quantiles: {p0: 1, p50: 5}}"),
            "workload.input_tokens.quantiles",
            "add p100",
        ),
        (
            with_line("input_tokens: 500", "input_tokens: {quantiles: {p0: 9, p50: 5, p100: 7}}"),
            "workload.input_tokens.quantiles.p50",
            "must not be below p0: 5 is less than 9",
        ),
        (
            with_line("input_tokens: 500", "input_tokens: {quantiles: {p0: 1, p0.0: 1, p100: 7}}"),
            "workload.input_tokens.quantiles.p0.0",
            "means the same percentile",
        ),
        (
            with_line("  requests_per_day: 10000\n", ""),
            "workload",
            "`requests_per_day` missing; add them, or a `trace`",
        ),
        (
            with_line(
                "workload:\n  requests_per_day: 10000\n  input_tokens: 500\n  output_tokens: 200\n",
                "workload: {}\n",
            ),
            "workload",
            "`requests_per_day`, `input_tokens`, `output_tokens` missing",
        ),
        (
            with_line("  input_tokens: 500\n", "  trace: {file: t.csv}\n"),
            "workload",
            "`input_tokens` missing; with a trace, give both lengths or neither",
        ),
        (
            with_line(
                "input_tokens: 500",
                "input_tokens: 500\n  traffic: {profile: flat, weights: " + f"{[1] * 24}}}",
            ),
            "workload.traffic",
            "`profile` and `weights` are both given",
        ),
        (
            with_line("input_tokens: 500", "input_tokens: 500\n  traffic: {weights: [1, 2]}"),
            "workload.traffic.weights",
            "got 2",
        ),
        (
            with_line(
                "input_tokens: 500", f"input_tokens: 500\n  traffic: {{weights: {[0] * 24}}}"
            ),
            "workload.traffic.weights",
            "are all zero",
        ),
        (
            with_line(
                "input_tokens: 500",
                "input_tokens: 500\n  traffic: {profile: flat, peak_to_mean: 2}",
            ),
            "workload.traffic.peak_to_mean",
            "a flat profile has 1",
        ),
        (
            with_line("input_tokens: 500", "input_tokens: 500\n  growth_per_month: 9"),
            "workload.growth_per_month",
            "9 a month over 12 months grows the volume more than a millionfold",
        ),
        (
            _plus("slo: {redundancy: zones, zones: 1}"),
            "slo.zones",
            "redundancy `zones` needs at least 2",
        ),
        (
            with_line("provider: openai", "role: same_weights, provider: openai").partition(
                "  selfhost"
            )[0],
            "options.api.0.role",
            "no self-hosted option has weights to be the same as",
        ),
        (
            with_line(
                "    - {provider: openai, model: gpt-6-luna}\n",
                "    - {provider: openai, model: gpt-6-luna}\n" * 2,
            ),
            "options.api.1",
            'the name "openai/gpt-6-luna" is that of options.api.0 too',
        ),
        (
            with_line("instance_types: g6e.xlarge", "name: openai/gpt-6-luna"),
            "options.selfhost.0.name",
            'the name "openai/gpt-6-luna" is that of options.api.0 too',
        ),
        (
            _plus(
                "  manual:",
                "    - {name: m, arm: hybrid, fixed_monthly_usd: 5, max_units: 2, source: quote}",
            ),
            "options.manual.0.max_units",
            "needs `capacity_requests_per_month`",
        ),
        (
            _plus("budget: {per_model_monthly_usd: {gpt-6-lune: 5}}"),
            "budget.per_model_monthly_usd.gpt-6-lune",
            "no model or name of an option (did you mean `gpt-6-luna`?)",
        ),
        (
            _plus(
                "prices:",
                "  discounts:",
                "    - {provider: aws, percent: 5, source: a}",
                "    - {provider: aws, percent: 6, source: b}",
            ),
            "prices.discounts.1",
            "prices the same thing as prices.discounts.0",
        ),
        (
            _plus(
                "prices:",
                "  discounts:",
                "    - {provider: openai, instance_type: g5.xlarge, percent: 5, source: a}",
            ),
            "prices.discounts.0.instance_type",
            "sold by aws",
        ),
        (
            _plus("deployment: {vpc_id: vpc-1, private_subnet_ids: [subnet-1]}"),
            "deployment.private_subnet_ids",
            "at least two subnets are needed, got 1",
        ),
        (
            _plus("deployment: {vpc_id: vpc-1}"),
            "deployment.private_subnet_ids",
            "at least two subnets are needed, got 0",
        ),
        (
            _plus("deployment: {private_subnet_ids: [subnet-1]}"),
            "deployment.private_subnet_ids",
            "add `vpc_id`",
        ),
        (_plus("actuals: {map: [{match: {team: x}}]}"), "actuals.map.0", "names nothing"),
        (
            _plus("actuals: {map: [{match: {endpiont: x}, feature: chat}]}"),
            "actuals.map.0.match.endpiont",
            "no field of an imported record (did you mean `endpoint`?)",
        ),
        (
            _plus(
                "limits:",
                "  data_residency:",
                "    {allowed_regions: [eu-central-1], forbid_apis: false, allow_bedrock: true,",
                "     reason: x}",
            ),
            "limits.data_residency.allow_bedrock",
            "while `forbid_apis` is false",
        ),
        (
            SMALL.partition("options:")[0] + "options: {api: []}\n",
            "options",
            "no option to choose from",
        ),
        (SMALL.partition("options:")[0] + "options: {}\n", "options", "no option to choose from"),
    ],
)
def test_a_rule_names_the_field_and_what_breaks_it(text: str, path: str, says: str) -> None:
    found = only(problems(text))
    assert found.path == path
    assert says in found.message


@pytest.mark.parametrize(
    "text",
    [
        with_line("input_tokens: 500", "input_tokens: {quantiles: {p0: 1, p99.9: 5, p100: 5}}"),
        with_line("input_tokens: 500", "input_tokens: {profile: azure_2023_conv, scale: 2}"),
        with_line("input_tokens: 500", "input_tokens: 500\n  growth_per_month: 0.2"),
        with_line("input_tokens: 500", "input_tokens: 500\n  growth_per_month: -0.9"),
        with_line("provider: openai", "role: same_weights, provider: openai"),
        _plus("slo: {redundancy: zones}"),
        _plus("budget: {per_model_monthly_usd: {gpt-6-luna: 5, openai/gpt-6-luna: 5}}"),
        _plus("deployment: {vpc_id: vpc-1, private_subnet_ids: [subnet-1, subnet-2]}"),
        _plus(
            "  manual:",
            "    - {name: m, arm: hybrid, fixed_monthly_usd: 5, source: quote}",
        ),
    ],
)
def test_what_a_rule_allows_is_valid(text: str) -> None:
    assert problems(text) == ()


def test_a_quality_floor_asks_every_option_for_a_score() -> None:
    text = _plus("quality: {floor: 0.8, metric: exact match}")
    assert [(p.line, p.path) for p in problems(text)] == [
        (9, "options.api.0"),
        (11, "options.selfhost.0"),
    ]
    scored = text.replace("gpt-6-luna}", f"gpt-6-luna, {_QUALITY}}}") + ""
    scored = scored.replace("instance_types: g6e.xlarge", _QUALITY)
    assert problems(scored) == ()


def test_a_trace_stands_in_for_rate_and_lengths() -> None:
    text = SMALL.replace("  requests_per_day: 10000\n", "  trace: {file: t.csv}\n")
    text = text.replace("  input_tokens: 500\n  output_tokens: 200\n", "")
    assert read(text).scenario.workload.requests_per_day is None


def test_growth_is_measured_over_the_horizon_given() -> None:
    text = with_line("input_tokens: 500", "input_tokens: 500\n  growth_per_month: 0.2")
    # 1.2^120 is 3e9.
    assert "over 120 months" in only(problems(text + "horizon: {months: 120}\n")).message


def test_rules_run_although_other_fields_of_the_section_fail() -> None:
    text = with_line(
        "input_tokens: 500", "input_tokens: 500\n  traffic: {peak_to_mean: 0.5, weights: [1, 2]}"
    )
    assert [p.path for p in problems(text)] == [
        "workload.traffic.peak_to_mean",
        "workload.traffic.weights",
    ]


def test_a_rule_does_not_judge_a_value_that_failed() -> None:
    text = with_line("requests_per_day: 10000", "requests_per_day: ten")
    assert only(problems(text)).path == "workload.requests_per_day"
    text = with_line("input_tokens: 500", "input_tokens: 500\n  growth_per_month: nine")
    assert only(problems(text)).path == "workload.growth_per_month"
    text = _plus("horizon: {months: 500}").replace("500\n", "500\n  growth_per_month: 0.2\n", 1)
    assert only(problems(text)).path == "horizon.months"


@pytest.mark.parametrize(
    ("key", "level"),
    [
        ("p0", Decimal(0)),
        ("p99.9", Decimal("99.9")),
        ("p100", Decimal(100)),
        ("p101", None),
        ("p-1", None),
        ("pnan", None),
        ("p1e1", None),
        ("p5_0", None),
        ("p", None),
        ("50", None),
        ("", None),
    ],
)
def test_percentile_keys(key: str, level: Decimal | None) -> None:
    assert quantile_level(key) == level


def test_a_written_value_that_failed_is_there_without_a_value() -> None:
    given = Given.of({"a": {"b": 1, "c": None, "d": [1, 2]}}, [("a", "b")], Path())
    section = given.section("a")
    assert (section.has("b"), section.value("b")) == (True, None)
    assert (section.has("c"), section.has("x")) == (False, False)
    assert section.value("d") == [1, 2]
    # A part of it failed, so the whole has no value.
    assert given.value("a") is None
    assert Given.of({"a": {"b": 1}}, [("a",)], Path()).value("a", "b") is None


def test_getters_give_only_their_own_kind() -> None:
    given = Given.of({"n": 1, "t": "x", "f": True, "l": ["a", 2]}, [], Path())
    assert (given.number("n"), given.number("t"), given.number("f")) == (1, None, None)
    assert (given.text("t"), given.text("n")) == ("x", None)
    assert list(given.texts("l")) == [(("l", 0), "a")]
    assert list(given.texts("t")) == [(("t",), "x")]
    assert given.sections("t") == []
