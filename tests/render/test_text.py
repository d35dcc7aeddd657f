"""Blocks as text and as markdown."""

from __future__ import annotations

from planner.render.blocks import Bullets, Column, Grid, Heading, Paragraph, Verbatim
from planner.render.markdown import escape, markdown_of
from planner.render.text import TextStyle, text_of

BLOCKS = (
    Paragraph("The verdict.", strong=True),
    Heading("Options"),
    Grid.of((Column(header="name"), Column(header="cost", align="decimal")), [("a|b", "≥ $1.00")]),
    Bullets(("one", "two")),
    Verbatim(("x  = 1", "```")),
)


def test_text_separates_blocks_and_underlines_headings() -> None:
    assert text_of(BLOCKS, TextStyle()) == (
        "The verdict.\n\n"
        "Options\n-------\n"
        "name     cost\n----  -------\na|b   ≥ $1.00\n\n"
        "- one\n- two\n\n"
        "x  = 1\n```\n"
    )


def test_color_marks_only_the_verdict_and_headings() -> None:
    text = text_of(BLOCKS, TextStyle(color=True))
    assert text.startswith("\x1b[1mThe verdict.\x1b[0m\n")
    assert text.count("\x1b[1m") == 2


def test_characters_are_replaced_before_columns_are_laid_out() -> None:
    style = TextStyle(characters=lambda text: text.replace("≥", ">="))
    assert "name      cost\n----  --------\na|b   >= $1.00\n" in text_of(BLOCKS, style)


def test_long_text_wraps_and_items_hang() -> None:
    text = text_of([Bullets(("word " * 12,))], TextStyle(width=40))
    assert text == "- word word word word word word word\n  word word word word word\n"


def test_a_word_longer_than_the_line_is_not_cut() -> None:
    assert text_of([Paragraph("x" * 60)], TextStyle(width=40)) == "x" * 60 + "\n"


def test_markdown_has_pipes_and_fences() -> None:
    assert markdown_of(BLOCKS) == (
        "**The verdict.**\n\n"
        "## Options\n\n"
        "| name | cost |\n| :--- | ---: |\n| a\\|b | ≥ $1.00 |\n\n"
        "- one\n- two\n\n"
        "````text\nx  = 1\n```\n````\n"
    )


def test_markdown_shows_what_a_user_wrote_as_it_is() -> None:
    assert escape("*bold* <b> [x](y) `c` a_b ~s~") == (
        "\\*bold\\* \\<b\\> \\[x\\](y) \\`c\\` a\\_b \\~s\\~"
    )
    assert escape("# no heading") == "\\# no heading"
    assert escape("- no list") == "\\- no list"
    assert escape("12. no list") == "12\\. no list"
    assert escape("two\nlines") == "two lines"


def test_markdown_notifies_nobody() -> None:
    assert "@someone" not in escape("ask @someone")
