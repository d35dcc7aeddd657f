"""Rules over ``levers``, each with what breaks it; the shipped levers break none."""

from __future__ import annotations

import pytest

from tests.scenario.support import SMALL, only, problems

_KNOWN = "basis: measured, source: test"
_TABLE = "thresholds: [{threshold: 0.9, hit_rate: 0.4, false_hit_rate: 0.01}]"


def levers(text: str) -> str:
    return f"{SMALL}levers:\n  {text}\n"


def route(*models: str, more: str = "") -> str:
    return levers(f"route: {{models: [{', '.join(models)}], {_KNOWN}{more}}}")


MINI = "{provider: openai, model: gpt-4o-mini, answered_share: 0.6}"
LARGE = "{provider: openai, model: gpt-4o, answered_share: 0.4}"


@pytest.mark.parametrize(
    ("text", "path", "says"),
    [
        (route(MINI), "levers.route.models", "answered shares add up to 0.6, not to 1"),
        (
            route("{answered_share: 1}"),
            "levers.route.models.0",
            "needs `provider` and `model`, or `usd_per_request` and `name`",
        ),
        (
            route("{provider: openai, model: gpt-4o, usd_per_request: 1, answered_share: 1}"),
            "levers.route.models.0",
            "keep one of the two",
        ),
        (
            route("{usd_per_request: 1, answered_share: 1}"),
            "levers.route.models.0",
            "needs a `name`",
        ),
        (
            route(MINI, LARGE.replace("gpt-4o", "gpt-4o-mini")),
            "levers.route.models.1",
            'is called "openai/gpt-4o-mini" like another model',
        ),
        (
            route(MINI, LARGE).replace("  api:", "  api:\n    - {provider: openai, model: gpt-4o}"),
            "levers.route",
            "`route` needs a `baseline`: there are 2 API options",
        ),
        (levers("baseline: openai/gpt-6-lun"), "levers.baseline", "did you mean"),
        (
            levers(f"exact_cache: {{hit_rate: 1, {_KNOWN}}}"),
            "levers.exact_cache.hit_rate",
            "leaves nothing",
        ),
        (
            levers(f"compress: {{reduction_share: 1, {_KNOWN}}}"),
            "levers.compress.reduction_share",
            "nothing would be left",
        ),
        (
            levers(f"compress: {{{_KNOWN}}}"),
            "levers.compress.basis",
            "`reduction_share` is missing",
        ),
        (
            levers(f"compress: {{reduction_share: 0.3, acts_on: prefix, {_KNOWN}}}"),
            "levers.compress.acts_on",
            "no `workload.shared_prefix` is given",
        ),
        (
            levers(f"semantic_cache: {{usd_per_wrong_answer: 1, {_KNOWN}}}"),
            "levers.semantic_cache",
            "give exactly one of `thresholds` and `pairs`; got none",
        ),
        (
            levers(f"semantic_cache: {{{_TABLE}, usd_per_wrong_answer: 1, {_KNOWN}}}"),
            "levers.semantic_cache",
            "`false_hit_basis` missing",
        ),
        (
            levers(
                f"semantic_cache: {{{_TABLE}, false_hit_basis: hits, threshold: 0.8, "
                f"usd_per_wrong_answer: 1, {_KNOWN}}}"
            ),
            "levers.semantic_cache.threshold",
            "0.8 has no row under `thresholds`; there are 0.9",
        ),
        (
            levers(
                f"semantic_cache: {{{_TABLE}, false_hit_basis: hits, "
                f"lookup_ms: {{low: 9, high: 5}}, usd_per_wrong_answer: 1, {_KNOWN}}}"
            ),
            "levers.semantic_cache.lookup_ms",
            "low 9 is above high 5",
        ),
        (
            levers(
                "semantic_cache: {thresholds: [{threshold: 0.9, hit_rate: 0.4, "
                "false_hit_rate: 0.5}], false_hit_basis: queries, "
                f"usd_per_wrong_answer: 1, {_KNOWN}}}"
            ),
            "levers.semantic_cache.thresholds.0.false_hit_rate",
            "0.5 of all queries is more than the 0.4 that are hits",
        ),
        (
            levers(
                "semantic_cache: {thresholds: [{threshold: 0.9, hit_rate: 0.4, "
                "false_hit_rate: 0, sample_pairs: 5, sample_wrong: 6}], false_hit_basis: hits, "
                f"usd_per_wrong_answer: 1, {_KNOWN}}}"
            ),
            "levers.semantic_cache.thresholds.0.sample_wrong",
            "6 wrong of 5 pairs cannot be",
        ),
        (
            levers(
                "semantic_cache: {thresholds: [{threshold: 0.9, hit_rate: 0.4, "
                "false_hit_rate: 0, sample_pairs: 5}], false_hit_basis: hits, "
                f"usd_per_wrong_answer: 1, {_KNOWN}}}"
            ),
            "levers.semantic_cache.thresholds.0",
            "go together",
        ),
        (
            levers(f"multi_item: {{shared_tokens: 9, {_KNOWN}}}"),
            "levers.multi_item",
            "needs `workload.deferrable_share`",
        ),
        (
            levers(f"multi_item: {{shared_tokens: 9, item_failure_share: 0.6, {_KNOWN}}}").replace(
                "output_tokens: 200", "output_tokens: 200\n  deferrable_share: 0.5"
            ),
            "levers.multi_item.item_failure_share",
            "more than half of them",
        ),
        (
            levers(
                "multi_item: {shared_tokens: 9, items_per_call: 9, max_items_per_call: 5, "
                f"{_KNOWN}}}"
            ).replace("output_tokens: 200", "output_tokens: 200\n  deferrable_share: 0.5"),
            "levers.multi_item.items_per_call",
            "is 9, above `max_items_per_call` 5",
        ),
        (
            levers(
                "multi_item: {shared_tokens: 9, items_per_call: 1000, item_failure_share: 0.01, "
                f"{_KNOWN}}}"
            ).replace("output_tokens: 200", "output_tokens: 200\n  deferrable_share: 0.5"),
            "levers.multi_item.items_per_call",
            "hardly a call comes back whole",
        ),
    ],
)
def test_what_does_not_fit_together_is_told(text: str, path: str, says: str) -> None:
    problem = only(problems(text))
    assert problem.path == path
    assert says in problem.message


def test_two_rows_of_one_threshold_are_one_too_many() -> None:
    row = "{threshold: 0.9, hit_rate: 0.4, false_hit_rate: 0}"
    text = levers(
        f"semantic_cache: {{thresholds: [{row}, {row}], false_hit_basis: hits, "
        f"usd_per_wrong_answer: 1, {_KNOWN}}}"
    )
    assert "is there twice" in only(problems(text)).message


def test_a_quality_floor_asks_every_routed_model_for_its_score() -> None:
    text = route(MINI, LARGE) + "quality: {floor: 0.9, metric: exact match}\n"
    without = [p for p in problems(text) if p.path.startswith("levers.")]
    assert [p.path for p in without] == ["levers.route.models.0", "levers.route.models.1"]


def test_a_source_is_required() -> None:
    found = problems(levers("exact_cache: {hit_rate: 0.2, basis: measured}"))
    assert [p.path for p in found] == ["levers.exact_cache.source"]


@pytest.mark.parametrize(
    "text",
    [
        route(MINI, LARGE),
        route("{name: own, usd_per_request: 0.0005, answered_share: 0.85}",
              LARGE.replace("0.4", "0.15"), more=", kind: cascade"),
        levers(f"exact_cache: {{hit_rate: 0.2, {_KNOWN}}}"),
        levers("compress: {basis: assumed, source: none}"),
        levers(
            f"semantic_cache: {{{_TABLE}, false_hit_basis: hits, lookup_ms: 5, "
            f"usd_per_wrong_answer: 0, {_KNOWN}}}"
        ),
    ],
)  # fmt: skip
def test_what_fits_is_taken(text: str) -> None:
    assert problems(text) == ()
