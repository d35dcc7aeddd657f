"""What `recommend --actuals` and `init --from-actuals` share: a scenario with measured figures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from planner.cli.actuals_question import rules_of
from planner.cli.evaluation import Evaluation, PriceOptions, evaluate_file
from planner.cli.report_output import Form

if TYPE_CHECKING:
    from planner.actuals.measured import ModelCost
    from planner.actuals.replacing import Replacement
    from planner.catalog import Catalog
    from planner.render.payload_actuals_loop import LoopView

__all__ = ["MeasuredScenario", "list_prices", "measured_scenario", "started_from", "with_measured"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredScenario:
    """A scenario as written, and what was measured in its place."""

    before: Evaluation
    found: Replacement

    @property
    def sets(self) -> tuple[str, ...]:
        """The measured figures as `--set` texts."""
        return self.found.sets

    def view(self, after: Evaluation) -> LoopView:
        """Both evaluations side by side."""
        from planner.render.payload_actuals_loop import loop_view

        return loop_view(self.found, self.before.recommendation, after.recommendation)


def measured_scenario(
    file: Path, sets: Sequence[str], prices: PriceOptions, store: Path
) -> MeasuredScenario:
    """Measure the newest weeks of a store for a scenario; InputError when they are too few."""
    from planner.actuals.measured import measure, newest_weeks
    from planner.actuals.replacing import replacement
    from planner.actuals.report import Question
    from planner.actuals.store import open_store

    opened = open_store(store)
    before = evaluate_file(file, sets, prices)
    scenario = before.loaded.scenario
    since, until = newest_weeks(opened)
    question = Question(
        since=since,
        until=until,
        only={},
        rules=rules_of(scenario.model_dump(exclude_none=True)),
    )
    catalog = list_prices(prices)
    measured = measure(opened, question, catalog, timezone=scenario.timezone, feature=scenario.id)
    demand = before.recommendation.demand
    return MeasuredScenario(before=before, found=replacement(measured, scenario, demand, catalog))


def started_from(preset: str, store: Path) -> str:
    """A preset's text with the workload and the models of a store; InputError as of measuring."""
    from planner.actuals.measured import measure, newest_weeks
    from planner.actuals.report import Question
    from planner.actuals.starting import started_text
    from planner.actuals.store import open_store
    from planner.catalog import LlmRef
    from planner.catalog.llm import check_known
    from planner.errors import InputError

    opened = open_store(store)
    since, until = newest_weeks(opened)
    question = Question(since=since, until=until, only={})
    catalog = list_prices(PriceOptions(prices_file=None, as_of=None))
    measured = measure(opened, question, catalog, timezone="UTC")
    known: list[ModelCost] = []
    for each in measured.models:
        try:
            check_known(LlmRef(provider=each.provider, model=each.model))
        except InputError:
            continue
        known.append(each)
    return started_text(preset, measured, known)


def list_prices(prices: PriceOptions) -> Catalog:
    """The catalogue without a scenario's overrides."""
    from planner.catalog import load_catalog

    return load_catalog(
        prices=None, base_dir=Path.cwd(), prices_file=prices.prices_file, as_of=prices.as_of
    )


def with_measured(forms: Mapping[str, Form], view: LoopView) -> dict[str, Form]:
    """The forms of a report with the measured values before it; in JSON under `actuals`."""

    def table(style: object) -> str:
        from planner.render.text import TextStyle, text_of
        from planner.render.text_actuals_loop import loop_blocks

        assert isinstance(style, TextStyle)
        return f"{text_of(loop_blocks(view), style)}\n{forms['table'](style)}"

    def markdown(style: object) -> str:
        from planner.render.markdown import markdown_of
        from planner.render.text import TextStyle
        from planner.render.text_actuals_loop import loop_blocks

        assert isinstance(style, TextStyle)
        return f"{markdown_of(loop_blocks(view))}\n{forms['markdown'](style)}"

    def as_json(style: object) -> str:
        from planner.render.json_ import json_text, jsonable
        from planner.render.text import TextStyle

        assert isinstance(style, TextStyle)
        return json_text({**json.loads(forms["json"](style)), "actuals": jsonable(view)})

    return {**forms, "table": table, "markdown": markdown, "json": as_json}
