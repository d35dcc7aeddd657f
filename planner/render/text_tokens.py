"""The reports of ``planner tokens`` in blocks."""

from __future__ import annotations

from collections.abc import Sequence

from planner import __version__
from planner.render.blocks import Block, Bullets, Column, Grid, Heading, Paragraph, Row, Verbatim
from planner.render.csv_ import csv_text
from planner.render.json_ import jsonable
from planner.render.numbers import (
    NOT_APPLICABLE,
    count,
    money,
    money_in_words,
    multiple,
    percent,
    volume,
)
from planner.render.payload_tokens import (
    OptionSavingView,
    PromptCostView,
    PromptView,
    SamplesReport,
    TokenizerView,
    TokensReport,
    TokensScenarioView,
)
from planner.render.text_token_prices import token_price_blocks
from planner.render.wording import and_list, plural

__all__ = ["samples_blocks", "samples_csv", "tokens_blocks", "tokens_csv"]

_SHOWN_HASH = 12


def tokens_blocks(report: TokensReport) -> list[Block]:
    """Counts, what b saves, and what that is worth in the scenario."""
    return [
        Paragraph(_headline(report), strong=True),
        _count_grid(report),
        *_tokenizer_blocks(report),
        *_pricing_blocks(report),
    ]


def samples_blocks(report: SamplesReport) -> list[Block]:
    """The YAML alone, so that it can go into a file as it is."""
    return [Verbatim(tuple(report.yaml.rstrip("\n").split("\n")))]


def _headline(report: TokensReport) -> str:
    a, b, saving = report.a, report.b, report.saving
    about = "" if report.exact else "about "
    mean = f" on average over {plural(a.texts, 'sample')}" if report.samples_file else ""
    if b is None or saving is None:
        return f"{a.file} has {about}{_tokens(a.tokens)}{mean}."
    verb = "saves" if saving.tokens >= 0 else "adds"
    share = "" if saving.share is None else f", {percent(abs(saving.share))}"
    return (
        f"{b.file} has {about}{_tokens(b.tokens)}{mean} against {volume(a.tokens)} of {a.file}: "
        f"it {verb} {volume(abs(saving.tokens))} a request{share}."
    )


def _tokens(number: float) -> str:
    return "1 token" if number == 1 else f"{volume(number)} tokens"


def _count_grid(report: TokensReport) -> Grid:
    # The encoding of the main count comes first.
    encodings = sorted(report.a.tokens_by_encoding, key=lambda name: name != report.encoding)
    own = report.tokenizer.label not in encodings
    columns = (
        Column(header="prompt", is_name=True),
        Column(header="characters", align="decimal"),
        *(Column(header=name, align="decimal") for name in encodings),
        *((Column(header=report.tokenizer.label, align="decimal"),) if own else ()),
    )

    def cells(prompt: PromptView) -> tuple[str, ...]:
        counts = [prompt.tokens_by_encoding[name] for name in encodings]
        shown = (*counts, prompt.tokens) if own else counts
        return (prompt.file, volume(prompt.characters), *map(volume, shown))

    rows = [Row(cells(report.a))]
    if report.b is not None:
        rows += [Row(cells(report.b)), Row(_saved_cells(report, encodings, own), is_total=True)]
    return Grid(columns=columns, rows=tuple(rows))


def _saved_cells(report: TokensReport, encodings: Sequence[str], own: bool) -> tuple[str, ...]:
    a, b, saving = report.a, report.b, report.saving
    assert b is not None and saving is not None
    by_encoding = (a.tokens_by_encoding[name] - b.tokens_by_encoding[name] for name in encodings)
    saved = (a.characters - b.characters, *by_encoding, *((saving.tokens,) if own else ()))
    return ("saved", *map(volume, saved))


def _tokenizer_blocks(report: TokensReport) -> list[Block]:
    notes: list[str] = []
    if report.samples_file is not None:
        notes.append(f"means over {plural(report.a.texts, 'sample')} of {report.samples_file}")
    if not report.exact:
        notes.append(_certainty(report.tokenizer))
    ratio = None if report.saving is None else report.saving.ratio
    if ratio is not None and ratio > 1:
        notes.append(f"compression {multiple(ratio)}")
    return [Bullets(tuple(notes))] if notes else []


def _certainty(tokenizer: TokenizerView) -> str:
    if tokenizer.basis == "assumed":
        return f"count is {tokenizer.label}: {tokenizer.source}"
    error = (
        "its error is not known"
        if tokenizer.tolerance_share is None
        else f"±{percent(tokenizer.tolerance_share)}"
    )
    return f"count is {tokenizer.label}, {error}: {tokenizer.source}"


# --- In a scenario -------------------------------------------------------------------------------


def _pricing_blocks(report: TokensReport) -> list[Block]:
    scenario, prices = report.scenario, report.prices
    if scenario is None or prices is None:
        return []
    notes = [note for option in report.pricing for note in _option_notes(option)]
    notes += report.notes
    return [
        Heading("In the scenario"),
        Paragraph(_scenario_line(scenario)),
        _pricing_grid(report),
        *_assumed_blocks(report),
        *([Bullets(tuple(dict.fromkeys(notes)))] if notes else []),
        *token_price_blocks(prices.tokens),
        Paragraph(
            f"Prices: {prices.snapshot} as of {prices.as_of}, sha256 "
            f"{prices.snapshot_sha256[:_SHOWN_HASH]}; planner {__version__}; tokens alone, before "
            "credits. Projection, not a bill."
        ),
    ]


def _scenario_line(scenario: TokensScenarioView) -> str:
    return (
        f"Scenario {scenario.id} ({scenario.file}): {volume(scenario.requests_per_month)} requests "
        f"in the first month, of {volume(scenario.input_tokens_mean)} input tokens, prompt a among "
        f"them. Costs are those of the mean month of {count(scenario.horizon_months)}."
    )


def _pricing_grid(report: TokensReport) -> Grid:
    compares = report.b is not None
    columns = (
        Column(header="option", is_name=True),
        Column(header="a tokens", align="decimal"),
        *((Column(header="b tokens", align="decimal"),) if compares else ()),
        Column(header="a costs", align="decimal"),
        *((Column(header="b costs", align="decimal"),) if compares else ()),
        *((Column(header="b saves", align="decimal"),) if compares else ()),
        Column(header="all tokens cost", align="decimal"),
        *((Column(header="saved of all", align="decimal"),) if compares else ()),
    )

    def cells(option: OptionSavingView) -> tuple[str, ...]:
        a = _cost_cells(option.a)
        usage = NOT_APPLICABLE if option.a is None else money(option.a.usage_monthly_usd)
        if not compares:
            return (option.option, *a, usage)
        b = _cost_cells(option.b)
        saved = money(option.saved_monthly_usd)
        return (option.option, a[0], b[0], a[1], b[1], saved, usage, percent(option.saved_share))

    return Grid.of(columns, [cells(option) for option in report.pricing])


def _cost_cells(cost: PromptCostView | None) -> tuple[str, str]:
    if cost is None:
        return (NOT_APPLICABLE, money(None))
    return (volume(cost.tokens), money(cost.prompt_monthly_usd))


def _assumed_blocks(report: TokensReport) -> list[Block]:
    """What a rewrite might save, where there is none yet."""
    rows = [option for option in report.pricing if option.assumed]
    if not rows or report.assumed_source is None:
        return []
    items = tuple(
        f"{option.option}: "
        + and_list(
            [
                f"{money_in_words(each.saved_monthly_usd)} at {percent(each.share)}"
                for each in option.assumed
            ]
        )
        + " a month"
        for option in rows
    )
    return [
        Paragraph(
            "? Not measured: what a shorter prompt might save. Give it as the second file to know."
        ),
        Bullets((*items, f"source: {report.assumed_source}")),
    ]


def _option_notes(option: OptionSavingView) -> list[str]:
    notes = [f"{option.option}: {note}" for note in option.notes]
    if option.reason_unpriced is not None:
        notes.append(f"{option.option}: {option.reason_unpriced}")
    if not option.exact:
        notes.append(f"{option.option}: {_certainty(option.tokenizer)}")
    return notes


# --- CSV -----------------------------------------------------------------------------------------


def tokens_csv(report: TokensReport) -> str:
    """One row for each prompt, and for each option of the scenario that it is priced in."""
    header = (
        "prompt", "file", "texts", "characters", "tokens", "tokenizer", "exact", "option",
        "prompt_monthly_usd", "usage_monthly_usd",
    )  # fmt: skip
    rows: list[list[object]] = []
    for name, prompt in (("a", report.a), ("b", report.b)):
        if prompt is None:
            continue
        head = [name, prompt.file, prompt.texts, prompt.characters]
        rows.append([*head, prompt.tokens, report.tokenizer.label, report.exact, "", "", ""])
        for option in report.pricing:
            cost = option.a if name == "a" else option.b
            figures = ["", "", ""] if cost is None else list(map(jsonable, cost))
            tokens, *usd = figures
            rows.append([*head, tokens, option.tokenizer.label, option.exact, option.option, *usd])
    return csv_text(header, rows)


def samples_csv(report: SamplesReport) -> str:
    """One row for each percentile of each side."""
    sides = (("input_tokens", report.input_tokens), ("output_tokens", report.output_tokens))
    return csv_text(
        ("field", "percentile", "tokens"),
        (
            (field, *point)
            for field, found in sides
            if found is not None
            for point in found.quantiles or ((0, found.maximum), (100, found.maximum))
        ),
    )
