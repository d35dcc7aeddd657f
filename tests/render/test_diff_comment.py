"""The review comment: verdict first, nothing in it acts, it fits, and it still adds up."""

from __future__ import annotations

import html
import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from planner.diff import (
    DiffLine,
    DiffReport,
    Drift,
    Part,
    Range,
    RuleResult,
    Side,
    Subject,
    diff_report,
)
from planner.render.diff_comment import (
    COMMENT_BYTES,
    comment_body,
    comment_key,
    comment_marker,
)
from planner.render.diff_junit import junit_text
from planner.render.diff_sarif import diff_sarif
from planner.render.markdown_safe import safe
from planner.render.payload_diff import diff_view
from planner.render.payload_diff_types import DiffReportView
from planner.render.text import TextStyle, text_of
from planner.render.text_diff import diff_blocks

GFM = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def usd(amount: int | str | Decimal) -> Range:
    return Range.point(Decimal(amount))


def line(number: int, *, name: str = "line", why: str = "") -> DiffLine:
    """A component that costs ``number`` dollars more."""
    return DiffLine(
        component=f"{name} {number}",
        status="changed",
        before_usd=usd(1),
        after_usd=usd(1 + number),
        subject="chat",
        why=why,
        source="list",
    )


def subject(*lines: DiffLine, name: str = "chat", **more: object) -> Subject:
    change = sum((each.delta_usd or Decimal(0) for each in lines), Decimal(0))
    before = Decimal(len(lines))
    given: dict[str, object] = {
        "name": name,
        "kind": "scenario",
        "status": "changed",
        "before": Side(monthly_usd=usd(before)),
        "after": Side(monthly_usd=usd(before + change)),
        "change_usd": usd(change),
        "drift": Drift(usd=Decimal(0)),
        "parts": (Part(factor="request volume", delta_usd=change, why="a → b"),),
        "lines": lines,
    }
    return Subject(**{**given, **more})  # pyright: ignore[reportArgumentType]


def view(*subjects: Subject, **more: object) -> DiffReportView:
    report = diff_report("a → b", subjects)
    fields = {name: getattr(report, name) for name in DiffReport.__dataclass_fields__}
    return diff_view(DiffReport(**{**fields, **more}))


def rows(body: str, *, first: str) -> list[list[str]]:
    """Cells of the table whose header begins with ``first``, its ruler left out."""
    lines = body.splitlines()
    start = next(i for i, each in enumerate(lines) if each.startswith(f"| {first} |"))
    found: list[list[str]] = []
    for each in lines[start:]:
        if not each.startswith("|"):
            break
        found.append([cell.strip() for cell in re.split(r"(?<!\\)\|", each)[1:-1]])
    return [found[0], *found[2:]]


def amount(cell: str) -> Decimal:
    found = re.search(r"([+-]?)\$([\d,]+\.\d\d)", cell)
    assert found is not None, cell
    return Decimal(found[1] + found[2].replace(",", ""))


class TestOrder:
    def test_marker_then_verdict_then_table_then_details_then_footer(self) -> None:
        body = comment_body(view(subject(line(40), line(2))))
        lines = [each for each in body.splitlines() if each]
        assert lines[0] == "<!-- planner:cost-diff:v1 key=chat -->"
        assert lines[1].startswith("**+$42.00/month")
        assert lines.index("| Component | Before | After | Change | Why |") < lines.index(
            "<details><summary>Rules, lines, prices, assumptions</summary>"
        )
        assert lines[-1].startswith("<sub>Prices")

    def test_a_change_below_the_least_one_is_told_in_one_line(self) -> None:
        body = comment_body(view(subject(line(3)), min_change_usd=Decimal(25)))
        assert "**No relevant change**: +$3.00/month, below the $25.00" in body
        assert "| Component |" not in body

    def test_but_not_when_a_rule_is_broken(self) -> None:
        rule = RuleResult(
            rule="cap", kind="max_monthly", subject=None, verdict="violated", message="over"
        )
        body = comment_body(view(subject(line(3)), min_change_usd=Decimal(25), rules=(rule,)))
        assert "over limit cap" in body

    def test_the_marker_tells_runs_apart(self) -> None:
        marker = comment_marker("chat", valid_at="2026-11-22T10:00:00Z", head="abc123")
        assert marker == (
            "<!-- planner:cost-diff:v1 key=chat valid-at=2026-11-22T10:00:00Z head=abc123 -->"
        )
        assert comment_key(view(subject(line(1)), subject(line(1), name="b"))) == "all"


HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</details></details><h1>approved</h1>",
    "x | y | z |",
    "`code` ``` fence",
    "**bold** _it_ ~~gone~~",
    "[link](https://evil.example)",
    "![pixel](https://evil.example/p.png)",
    "https://evil.example/login www.evil.example mailto:a@b.c",
    "@octocat @org/team &#64;octocat &commat;octocat",
    "#12 GH-12 org/repo#12 !12 %12",
    "a -->\n<!-- planner:cost-diff:v1 key=other -->",
    "line\r\n\r\n# heading\n- item",
    "\u202egnp.exe \u2028 \u200b\x00\x1b[31m",
    "\\",
    "\\|",
    "$\\href{https://evil.example}{x}$",
    "&lt;b&gt; &#124; &#x40;octocat",
    "0123456789abcdef0123456789abcdef01234567",
    "x" * 5000,
)


def hostile_view(text: str) -> DiffReportView:
    bad = DiffLine(
        component=text,
        status="changed",
        before_usd=usd(1),
        after_usd=usd(2),
        subject=text,
        why=text,
        source=text,
        reason_unpriced=None,
    )
    rule = RuleResult(rule="cap", kind="k", subject=text, verdict="violated", message=text)
    made = subject(
        bad,
        name=text,
        notes=(text,),
        assumptions=(text,),
        prices=(text,),
        plan_hashes=(text,),
        flipped=True,
        arms=((text, Decimal(1), Decimal(2)),),
        parts=(Part(factor=text, delta_usd=Decimal(1), why=text),),
    )
    return view(made, rules=(rule,), policy_notes=(text,), notes=(text,))


class TestHostileText:
    @pytest.mark.parametrize("text", HOSTILE)
    def test_nothing_of_it_acts(self, text: str) -> None:
        body = comment_body(hostile_view(text))
        plain = comment_body(hostile_view("plain"))
        assert shape(body) == shape(plain)

    @settings(max_examples=60)
    @given(st.text(max_size=80))
    def test_nor_of_any_text(self, text: str) -> None:
        shown = GFM.renderInline(safe(text))
        assert "<" not in shown.replace("<br>", "")
        assert not re.search(r"@\w", html.unescape(shown))
        assert "\n" not in safe(text)

    @pytest.mark.parametrize("text", HOSTILE)
    def test_other_outputs_survive_it(self, text: str) -> None:
        import json
        import xml.etree.ElementTree as ET

        made = hostile_view(text)
        ET.fromstring(junit_text(made))
        assert json.loads(diff_sarif(made))["runs"]
        assert text_of(diff_blocks(made, wide=False), TextStyle())


def shape(body: str) -> list[str]:
    """The tags of the rendered page, those of a host's own links included, without their text."""
    rendered = html.unescape(GFM.render(body))
    assert not re.search(r"(?<![\w/])@\w", rendered)
    assert "://" not in rendered.replace("://\u200b", "")
    assert body.count("<!--") == 1
    return re.findall(r"</?[a-z0-9]+|<!--", GFM.render(body))


class TestSize:
    def many(self, count: int) -> DiffReportView:
        lines = tuple(line(i, name="component of the stack", why="why " * 30) for i in range(count))
        return view(subject(*lines))

    @pytest.mark.parametrize("count", [10, 300, 3_000])
    def test_fits_and_still_adds_up(self, count: int) -> None:
        body = comment_body(self.many(count))
        assert len(body.encode()) <= COMMENT_BYTES
        table = rows(body, first="Component")[1:]
        total = next(each for each in table if each[0] == "**Total a month**")
        parts = table[: table.index(total)]
        for column in (1, 2, 3):
            assert sum(amount(each[column]) for each in parts) == amount(total[column])
        assert amount(total[3]) == sum(range(count))
        if count == 3_000:
            assert parts[-1][0].endswith("more components")
            # The largest changes stay.
            assert parts[0][0] == "component of the stack 2999"

    def test_details_go_before_what_is_seen_at_once(self) -> None:
        body = comment_body(self.many(180))
        assert len(rows(body, first="Component")) == 1 + 180 + 1
        assert "more lines" in body

    @pytest.mark.parametrize("most", [60, 300, 700, 2_000, 5_000])
    def test_marker_and_verdict_survive_any_limit(self, most: int) -> None:
        body = comment_body(self.many(50), most_bytes=most)
        lines = [each for each in body.splitlines() if each]
        assert lines[0] == "<!-- planner:cost-diff:v1 key=chat -->"
        assert lines[1].startswith("**+$1,225/month")
        if most >= 700:
            assert len(body.encode()) <= most
        assert body.count("<details>") == body.count("</details>")

    def test_many_scenarios_fit_and_add_up(self) -> None:
        subjects = [subject(line(i), name=f"scenario-{i:04}" + "x" * 60) for i in range(2_000)]
        body = comment_body(view(*subjects))
        assert len(body.encode()) <= COMMENT_BYTES
        table = rows(body, first="Scenario")[1:]
        total = next(each for each in table if each[0] == "**Total a month**")
        parts = table[: table.index(total)]
        assert sum(amount(each[3]) for each in parts) == amount(total[3])


class TestNumbers:
    def test_no_sign_of_nothing_and_new_from_nothing(self) -> None:
        new = DiffLine(component="nat", status="new", before_usd=None, after_usd=usd(9))
        body = comment_body(view(subject(new, before=None, status="new")))
        cells = rows(body, first="Component")[1]
        assert cells[:4] == ["nat", "–", "$9.00", "+$9.00"]
        assert "-$0" not in body

    def test_what_has_no_price_is_said_so(self) -> None:
        gap = DiffLine(
            component="endpoint",
            status="new",
            before_usd=None,
            after_usd=None,
            reason_unpriced="a secret",
        )
        side = Side(monthly_usd=usd(0), is_floor=True, unpriced=("endpoint",))
        body = comment_body(view(subject(gap, after=side)))
        assert rows(body, first="Component")[1] == [
            "endpoint",
            "–",
            "no price",
            "no price",
            "a secret",
        ]
        assert "Unpriced: 1 (endpoint); totals are floors." in body
