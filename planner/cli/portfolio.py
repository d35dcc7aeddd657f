"""Many scenarios at once: each is answered in short, in several processes, then all together.

Whole reports of thousands of scenarios would be read by nobody and fill the memory, so a process
hands back a scenario's answer and what the portfolio needs of it, and forgets the rest.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from planner.cli.evaluation import (
    Evaluation,
    PriceOptions,
    evaluate_file,
    refuse_same_ids,
    stale_prices,
)
from planner.cli.report_output import Form, markdown_form, table_form
from planner.errors import InputError, PlannerError, Problem, ScenarioError

if TYPE_CHECKING:
    from planner.catalog import PriceAge
    from planner.decision import Recommendation
    from planner.decision.portfolio import Member, Thrift
    from planner.render.blocks import Block
    from planner.render.payload_portfolio import BriefReport

__all__ = [
    "FULL_REPORTS",
    "Answer",
    "Gates",
    "Question",
    "answers_of",
    "member_of_evaluation",
    "short_forms",
]

# Up to so many files each gets its whole report.
FULL_REPORTS = 20
# Files handed to a process at a time: few enough that both cores end together.
_CHUNK = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What every scenario of a portfolio is asked."""

    sets: tuple[str, ...]
    prices: PriceOptions
    arm: str | None
    draws: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gates:
    """What of a recommendation the exit code depends on."""

    undecided: bool
    over_budget: bool
    uncertain: bool

    @classmethod
    def of(cls, recommendation: Recommendation) -> Gates:
        """Those of one scenario."""
        return cls(
            undecided=recommendation.chosen is None,
            over_budget=recommendation.over_budget_usd is not None,
            uncertain=recommendation.order_uncertain,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A scenario's answer in short, and its part in the portfolio."""

    path: Path
    brief: BriefReport
    member: Member
    ages: tuple[PriceAge, ...]
    gates: Gates


def answers_of(files: Sequence[Path], question: Question, jobs: int | None) -> tuple[Answer, ...]:
    """The answers in the order of the files, worked out by ``jobs`` processes (all cores).

    ScenarioError with the problems of all files at once.
    """
    ask = partial(_answer_or_problems, question)
    workers = min(jobs or os.cpu_count() or 1, -(-len(files) // _CHUNK))
    if workers <= 1:
        found = [ask(path) for path in files]
    else:
        from concurrent.futures import ProcessPoolExecutor

        from planner.decision.portfolio import Thrift

        thrift = Thrift()
        with ProcessPoolExecutor(workers) as pool:
            found = [_thrifty(each, thrift) for each in pool.map(ask, files, chunksize=_CHUNK)]
    problems = [problem for each in found if not isinstance(each, Answer) for problem in each]
    if problems:
        raise ScenarioError(tuple(problems))
    answers = tuple(each for each in found if isinstance(each, Answer))
    refuse_same_ids((answer.member.id, answer.path) for answer in answers)
    return answers


def _thrifty(found: Answer | tuple[Problem, ...], thrift: Thrift) -> Answer | tuple[Problem, ...]:
    if not isinstance(found, Answer):
        return found
    return replace(found, member=thrift.member(found.member))


def _answer_or_problems(question: Question, path: Path) -> Answer | tuple[Problem, ...]:
    """Errors as problems: they come from another process, and all are wanted at once."""
    try:
        return _answer(question, path)
    except ScenarioError as error:
        return error.problems
    except InputError as error:
        return (Problem(file=str(path), message=_without_file(error, path)),)


def _without_file(error: PlannerError, path: Path) -> str:
    message = error.message.removeprefix(f"{path}: ")
    return message if error.hint is None else f"{message} ({error.hint})"


def _answer(question: Question, path: Path) -> Answer:
    from planner.decision.uncertainty import PORTFOLIO_DRAWS
    from planner.render.payload_portfolio import brief_report

    evaluation = evaluate_file(path, question.sets, question.prices, detail=False)
    evaluation = evaluation.with_arm(question.arm).with_uncertainty(
        draws=min(question.draws, PORTFOLIO_DRAWS), seed=question.seed, detail=False
    )
    recommendation = evaluation.recommendation
    return Answer(
        path=path,
        brief=brief_report(evaluation.loaded, recommendation),
        member=member_of_evaluation(evaluation, draws=question.draws, seed=question.seed),
        ages=stale_prices(recommendation, question.prices),
        gates=Gates.of(recommendation),
    )


def member_of_evaluation(evaluation: Evaluation, *, draws: int, seed: int) -> Member:
    """The scenario's part in the portfolio, with its cost in draws common to all scenarios."""
    from planner.decision.portfolio import choice_draws, member_of
    from planner.decision.uncertainty import PORTFOLIO_DRAWS

    recommendation = evaluation.recommendation
    draws = min(draws, PORTFOLIO_DRAWS)
    return member_of(recommendation, choice_draws(recommendation, draws=draws, seed=seed))


def short_forms(answers: Sequence[Answer]) -> dict[str, Form]:
    """The portfolio with each scenario's answer in short."""
    from planner.decision.portfolio import combine
    from planner.render.csv_reports import portfolio_csv
    from planner.render.json_ import json_text, jsonable
    from planner.render.payload_portfolio import portfolio_report
    from planner.render.text_portfolio import portfolio_blocks

    whole = portfolio_report(
        [answer.brief for answer in answers], combine([answer.member for answer in answers])
    )

    def blocks() -> list[Block]:
        return portfolio_blocks(whole, ())

    def json_form(style: object) -> str:
        return json_text(jsonable(whole))

    def csv_form(style: object) -> str:
        return portfolio_csv(whole)

    return {
        "table": table_form(blocks),
        "markdown": markdown_form(blocks),
        "json": json_form,
        "csv": csv_form,
    }
