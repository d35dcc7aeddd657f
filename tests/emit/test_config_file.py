"""The plan goes into Pulumi.<stack>.yaml, and every other byte of the file stays."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from planner.emit.config_file import config_text, plan_block, spliced
from planner.emit.serving_plan import ServingPlan
from planner.emit.yaml_text import yaml_lines
from planner.errors import InputError
from tests.emit.plans import serving_of

KEY = "llm-serving:plan"


@pytest.fixture(scope="module")
def plan() -> ServingPlan:
    return serving_of("api_frontier")


def put(text: str | None, plan: ServingPlan) -> str:
    return spliced(text, plan, KEY, "Pulumi.prod.yaml")


def read(text: str) -> ServingPlan:
    return ServingPlan.model_validate(yaml.safe_load(text)["config"][KEY])


class TestSplicing:
    @pytest.mark.parametrize("text", [None, "", "\n"])
    def test_a_file_that_is_not_there_holds_the_plan_alone(
        self, text: str | None, plan: ServingPlan
    ) -> None:
        assert put(text, plan) == (text or "") + config_text(plan, KEY)

    def test_keys_and_comments_around_the_plan_stay_as_they_are(self, plan: ServingPlan) -> None:
        before = (
            "encryptionsalt: v1:abc=  # by pulumi\n"
            "config:\n"
            "  # the region\n"
            "  aws:region:   'us-east-1'\n"
            f"  {KEY}:\n"
            "    old: 1\n"
            "    list:\n"
            "    - a   # last line of the old plan\n"
            "\n"
            "  # our own\n"
            "  llm-serving:secret:\n"
            "    secure: v1:xyz\n"
            "environment: [one]\n"
        )
        old = before[before.index(f"  {KEY}") : before.index("\n  # our own")]
        assert put(before, plan) == before.replace(old, plan_block(plan, KEY))

    def test_a_plan_that_is_the_last_key_leaves_the_comment_after_it(
        self, plan: ServingPlan
    ) -> None:
        before = f"config:\n  {KEY}:\n    old: 1\n# the end\n"
        assert put(before, plan) == f"config:\n{plan_block(plan, KEY)}# the end\n"

    def test_without_a_plan_it_comes_after_the_other_keys(self, plan: ServingPlan) -> None:
        before = "config:\n    aws:region: us-east-1\nencryptionsalt: v1:abc=\n"
        after = put(before, plan)
        assert after == before.replace(
            "encryptionsalt", plan_block(plan, KEY, 4) + "encryptionsalt"
        )

    @pytest.mark.parametrize("config", ["config:\n", "config: {}\n", "config: null # none\n"])
    def test_an_empty_config_is_filled(self, config: str, plan: ServingPlan) -> None:
        after = put(f"encryptionsalt: x\n{config}tail: 1\n", plan)
        assert after == f"encryptionsalt: x\n{config_text(plan, KEY)}tail: 1\n"

    def test_a_file_without_config_gets_one_at_its_end(self, plan: ServingPlan) -> None:
        assert put("encryptionsalt: x", plan) == f"encryptionsalt: x\n{config_text(plan, KEY)}"

    def test_lines_that_end_in_crlf_go_on_doing_so(self, plan: ServingPlan) -> None:
        after = put("config:\r\n  a: 1\r\n", plan)
        assert after.count("\n") == after.count("\r\n")
        assert after.startswith("config:\r\n  a: 1\r\n")

    def test_again_gives_the_same_bytes(self, plan: ServingPlan) -> None:
        once = put("config:\n  a: 1\n  b: |\n    text\n\n  c: 2\n", plan)
        assert put(once, plan) == once

    def test_what_was_emitted_reads_back_as_the_plan(self, plan: ServingPlan) -> None:
        assert read(put("config:\n  a: 1\n", plan)) == plan

    @given(
        before=st.lists(st.sampled_from(["  a: 1\n", "  # c\n", "\n", "  b: {x: [1, 2]}\n"])),
        after=st.lists(st.sampled_from(["  d: 'x'\n", "  # e\n", "\n", "  f:\n    g: 1\n"])),
    )
    def test_any_lines_around_it_stay(self, before: list[str], after: list[str]) -> None:
        plan = serving_of("api_frontier")
        head = "config:\n" + "".join(dict.fromkeys(before))
        tail = "".join(dict.fromkeys(after)) + "end: 1\n"
        text = f"{head}  {KEY}:\n    old: [1]\n{tail}"
        assert put(text, plan) == f"{head}{plan_block(plan, KEY)}{tail}"


class TestRefusals:
    @pytest.mark.parametrize(
        ("text", "wrong"),
        [
            ("config: {a: 1}\n", "line 1: `config` is written in braces"),
            ("config: [1]\n", "`config` must hold keys"),
            ("- 1\n", "not a stack configuration"),
            (f"config:\n  {KEY}: 1\n  {KEY}: 2\n", "line 3: `llm-serving:plan` is there twice"),
            ("config:\n  a: [1\n", "not YAML"),
            ("a: 1\n---\nb: 2\n", "not YAML"),
        ],
    )
    def test_a_file_that_cannot_take_it_is_named_with_the_line(
        self, text: str, wrong: str, plan: ServingPlan
    ) -> None:
        with pytest.raises(InputError, match=r"^Pulumi\.prod\.yaml: ") as error:
            put(text, plan)
        assert wrong in error.value.message


class TestText:
    @pytest.mark.parametrize("text", ["1e234567", "12345678", "0x10", "true", "no", "~", "2026-11"])
    def test_text_that_looks_like_something_else_is_quoted(self, text: str) -> None:
        assert list(yaml_lines({"hash": text}, 0)) == [f'hash: "{text}"']

    def test_a_week_of_hours_has_a_line_for_each_day(self) -> None:
        lines = list(yaml_lines({"hours": [str(hour) for hour in range(168)]}, 1))
        assert len(lines) == 9
        assert yaml.safe_load("\n".join(lines)) == {"hours": [str(hour) for hour in range(168)]}

    @given(
        st.dictionaries(
            st.text(min_size=1, max_size=5),
            st.one_of(
                st.text(),
                st.integers(),
                st.booleans(),
                st.lists(st.text(), max_size=3),
                st.lists(st.dictionaries(st.text("ab", min_size=1), st.text(), min_size=1)),
            ),
            max_size=4,
        )
    )
    def test_any_value_reads_back(self, value: dict[str, object]) -> None:
        assert (yaml.safe_load("\n".join(yaml_lines(value, 0))) or {}) == value
