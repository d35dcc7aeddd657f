"""What a user reads: place, what is there, what would be right; all problems at once."""

from __future__ import annotations

import pytest

from tests.scenario.support import SMALL, only, problems, with_line


def test_the_example_of_the_manual() -> None:
    text = with_line("requests_per_day: 10000", "requests_per_day: ten").replace(
        "input_tokens: 500", "input_token: 500"
    )
    first, second = problems(text)
    assert (first.line, first.column, first.path) == (4, 21, "workload.requests_per_day")
    assert first.message == 'must be a number, got "ten"; for example 10000'
    assert first.source_line == "  requests_per_day: ten"
    assert first.file == "chat/scenario.yaml"
    assert (second.line, second.column, second.path) == (5, 3, "workload.input_token")
    # The field that is meant is there in its way, so it is not missing as well.
    assert second.message == "unknown key (did you mean `input_tokens`?)"


@pytest.mark.parametrize(
    ("old", "new", "path", "place", "message"),
    [
        (
            "requests_per_day: 10000",
            'requests_per_day: "10000"',
            "workload.requests_per_day",
            (4, 21),
            'must be a number, got "10000"; write 10000 without quotes',
        ),
        (
            "requests_per_day: 10000",
            "requests_per_day: 10,000",
            "workload.requests_per_day",
            (4, 21),
            'must be a number, got "10,000"; write 10000 without separators',
        ),
        (
            "requests_per_day: 10000",
            "requests_per_day: 1e4",
            "workload.requests_per_day",
            (4, 21),
            'must be a number, got "1e4"; YAML takes 1e4 as text; write 10000',
        ),
        (
            "requests_per_day: 10000",
            "requests_per_day: true",
            "workload.requests_per_day",
            (4, 21),
            "must be a number, got true; for example 10000",
        ),
        (
            "requests_per_day: 10000",
            "requests_per_day: 0",
            "workload.requests_per_day",
            (4, 21),
            "must be above 0, got 0",
        ),
        (
            "requests_per_day: 10000",
            "requests_per_day: 2000000000000",
            "workload.requests_per_day",
            (4, 21),
            "must be at most 1000000000000, got 2000000000000",
        ),
        (
            "requests_per_day: 10000",
            "requests_per_day: 0200",
            "workload.requests_per_day",
            (4, 21),
            "0200 is 128 to some YAML readers (octal); write 200 without the leading zero, "
            'or "0200" for the text',
        ),
        (
            "input_tokens: 500",
            "input_tokens: -1",
            "workload.input_tokens",
            (5, 17),
            "must be at least 0, got -1",
        ),
        (
            "input_tokens: 500",
            "input_tokens: [500]",
            "workload.input_tokens",
            (5, 3),
            "must be a mapping with `mean`, `cv`, `quantiles`, `profile`, `files`, `encoding`, "
            "`scale` below it, got a list",
        ),
        (
            "input_tokens: 500",
            "input_tokens: {profile: azure_2023_chat}",
            "workload.input_tokens.profile",
            (5, 27),
            "must be one of azure_2023_conv, azure_2023_code, mooncake_conv, mooncake_synth, "
            "servegen_m_large, servegen_m_mid, servegen_m_small, servegen_deepseek_r1; "
            'got "azure_2023_chat" (did you mean `azure_2023_conv`?)',
        ),
        (
            "model: gpt-6-luna",
            "model: 6",
            "options.api.0.model",
            (9, 33),
            'must be text, got 6; write "6" in quotes',
        ),
        (
            "model: gpt-6-luna",
            "model: ''",
            "options.api.0.model",
            (9, 33),
            "must not be empty; write text, or leave the key out",
        ),
        (
            "model: gpt-6-luna",
            f"model: {'x' * 301}",
            "options.api.0.model",
            (9, 33),
            "must be at most 300 characters, got 301; shorten it",
        ),
        (
            "provider: openai, ",
            "",
            "options.api.0.provider",
            (9, 7),
            "required and missing; add for example `provider: openai`",
        ),
        (
            "id: support-chat",
            "id: Support chat",
            "id",
            (2, 5),
            "must be at most 40 lower-case letters, digits and hyphens, a letter first, "
            'got "Support chat"; for example support-chat',
        ),
        (
            "id: support-chat\n",
            "",
            "id",
            (1, 1),
            "required and missing; add for example `id: support-chat`",
        ),
        (
            "id: support-chat",
            "id:",
            "id",
            (2, 4),
            "is empty; write a value, or leave the key out",
        ),
        (
            "version: 1",
            "version: 1\nstarts_on: 2027-02-30",
            "starts_on",
            (2, 12),
            'must be a day of the calendar, got "2027-02-30"; for example 2027-01-01',
        ),
        (
            "version: 1",
            "version: 1\nstarts_on: next month",
            "starts_on",
            (2, 12),
            'must be a date such as 2027-01-01, got "next month"',
        ),
        (
            "version: 1",
            "version: 1\nregion: US-East",
            "region",
            (2, 9),
            'must be an AWS region such as us-east-1, got "US-East"',
        ),
        (
            "version: 1",
            "version: 1\nslo: {zones: 2.5}",
            "slo.zones",
            (2, 14),
            "must be a whole number, got 2.5; for example 2",
        ),
        (
            "version: 1",
            "version: 1\nslo: fast",
            "slo",
            (2, 6),
            "must be a mapping with `ttft_ms`, `ttft_percentile`, `tpot_ms`, `tpot_percentile`, "
            '`availability`, `redundancy`, `zones`, `max_utilisation` below it, got "fast"',
        ),
        (
            "version: 1",
            "version: 1\ndeployment: {log_prompts: 1}",
            "deployment.log_prompts",
            (2, 27),
            "must be true or false, got 1",
        ),
        (
            "version: 1",
            "version: 1\nbudget: {notify_emails: me@example.com}",
            "budget.notify_emails",
            (2, 25),
            'must be a list of `- item` lines, got "me@example.com"',
        ),
        (
            "version: 1",
            "version: 1\ntco: {quality: {items: []}}",
            "tco.quality.items",
            (2, 24),
            "must have at least 1, got 0; add one, or leave the key out",
        ),
        (
            "version: 1",
            "version: 1\nprices: {overrides: [{kind: lmm}]}",
            "prices.overrides.0.kind",
            (2, 29),
            'must be one of instance, service, llm; got "lmm" (did you mean `llm`?)',
        ),
        (
            "version: 1",
            "version: 1\nprices: {overrides: [{usd: 1}]}",
            "prices.overrides.0.kind",
            (2, 22),
            "required and missing; add `kind: llm`, `instance` or `service`",
        ),
        (
            "version: 1",
            "version: 1\nrequests_per_day: 5",
            "requests_per_day",
            (2, 1),
            "unknown key here (did you mean `workload.requests_per_day`?)",
        ),
        (
            "version: 1",
            "version: 1\nslo: {colour: red}",
            "slo.colour",
            (2, 7),
            "unknown key; `ttft_ms`, `ttft_percentile`, `tpot_ms`, `tpot_percentile`, "
            "`availability`, `redundancy`, `zones`, `max_utilisation` can stand here",
        ),
        (
            "version: 1",
            "version: 1\ndeployment: {tags: {a: 5}}",
            "deployment.tags.a",
            (2, 24),
            'must be text, got 5; write "5" in quotes',
        ),
        (
            "version: 1",
            "version: 1\ndeployment: {tags: {'': x}}",
            "deployment.tags",
            (2, 21),
            "a key is missing before the colon; write `key: value`",
        ),
        (
            "instance_types: g6e.xlarge",
            "instance_types: 6",
            "options.selfhost.0.instance_types",
            (12, 23),
            "must be `any`, one EC2 type or a list of them, got 6; for example [g6e.xlarge]",
        ),
        (
            "instance_types: g6e.xlarge",
            "instance_types: [g6e.xlarge, 6]",
            "options.selfhost.0.instance_types.1",
            (12, 36),
            'must be text, got 6; write "6" in quotes',
        ),
        (
            "instance_types: g6e.xlarge",
            "tensor_parallel_sizes: [true]",
            "options.selfhost.0.tensor_parallel_sizes.0",
            (12, 31),
            "must be a whole number, got true; for example 1",
        ),
        (
            "instance_types: g6e.xlarge",
            "tensor_parallel_sizes: [3]",
            "options.selfhost.0.tensor_parallel_sizes.0",
            (12, 31),
            "must be one of 1, 2, 4, 8; got 3",
        ),
    ],
)
def test_a_problem_says_where_and_what_would_be_right(
    old: str, new: str, path: str, place: tuple[int, int], message: str
) -> None:
    found = only(problems(with_line(old, new)))
    assert (found.path, (found.line, found.column), found.message) == (path, place, message)


def test_a_key_that_does_not_fit_its_mapping_points_at_the_key() -> None:
    text = SMALL + "deployment:\n  tags:\n    " + "k" * 301 + ": v\n"
    found = only(problems(text))
    assert (found.line, found.column) == (15, 5)
    assert found.message == "must be at most 300 characters, got 301; shorten it"


def test_problems_are_sorted_by_line_and_all_there() -> None:
    text = SMALL.replace("10000", "ten").replace("500", "-5").replace("openai", "[]")
    text += "slo: {zones: 0}\ncolour: red\n"
    found = problems(text)
    assert [(p.line, p.path) for p in found] == [
        (4, "workload.requests_per_day"),
        (5, "workload.input_tokens"),
        (9, "options.api.0.provider"),
        (13, "slo.zones"),
        (14, "colour"),
    ]


def test_problems_of_the_yaml_and_of_the_schema_come_together() -> None:
    text = SMALL.replace("10000", "12:30").replace("200", "-5") + "id: again\n"
    assert [(p.line, p.path) for p in problems(text)] == [
        (4, "workload.requests_per_day"),
        (6, "workload.output_tokens"),
        (13, "id"),
    ]


def test_a_problem_behind_an_alias_names_use_and_definition() -> None:
    text = SMALL.replace(
        "    - {provider: openai, model: gpt-6-luna}\n",
        "    - &luna {provider: openai, model: 6}\n    - {<<: *luna, name: second}\n    - *luna\n",
    )
    last = problems(text)[-1]
    assert (last.line, last.path) == (11, "options.api.2.model")
    assert last.message.endswith("(from the anchor &luna, line 9)")


def test_a_section_that_is_missing_is_told_once() -> None:
    assert [p.path for p in problems("version: 1\nid: a\n")] == ["options", "workload"]


def test_a_very_long_line_is_not_repeated_under_its_message() -> None:
    found = only(problems(with_line("model: gpt-6-luna", f"model: {'x' * 500}")))
    assert found.source_line is None


def test_many_problems_of_one_field_do_not_hide_each_other() -> None:
    text = SMALL + "prices:\n  overrides:\n    - {kind: instance}\n"
    assert [p.path for p in problems(text)] == [
        "prices.overrides.0.instance_type",
        "prices.overrides.0.observed",
        "prices.overrides.0.region",
        "prices.overrides.0.source",
        "prices.overrides.0.usd_per_hour",
    ]
