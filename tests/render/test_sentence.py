"""The verdict in every situation, read by a person: one test for each."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from planner.catalog import load_catalog
from planner.decision import Recommendation, recommend
from planner.decision.arm_choice import for_arm
from planner.demand import build_demand
from planner.render.sentence import verdict, why
from planner.scenario import load_scenario
from tests.cli.scenario_texts import ManualApi, ManualSelf, write_scenario

API = ManualApi("api", "0.014")
STEPS = ManualSelf("steps", "1000", capacity="100000", spare=True)


def answer(
    folder: Path,
    *options: ManualApi | ManualSelf,
    requests_per_day: str = "10000",
    more: str = "",
    complete: bool = True,
) -> Recommendation:
    path = write_scenario(
        folder, *options, requests_per_day=requests_per_day, more=more, complete=complete
    )
    loaded = load_scenario(path)
    scenario = loaded.scenario
    catalog = load_catalog(
        prices=scenario.prices, base_dir=loaded.base_dir, as_of=date(2026, 11, 21)
    )
    return recommend(scenario, build_demand(scenario, loaded.base_dir), catalog)


UNDEPLOYED = "No stack of planner deploys it (priced by hand: no stack is known for it)."


def said(*parts: str) -> str:
    """What these options always say at the end, added."""
    return " ".join((*parts, UNDEPLOYED, "Point estimate."))


def test_the_api_wins_and_the_lasting_volume_is_named(tmp_path: Path) -> None:
    # 30,000 requests: $420 against two replicas.
    assert verdict(answer(tmp_path, API, STEPS, requests_per_day="1000")) == said(
        "Use the API api: $420 a month in all; the cheapest self-hosted option, steps on 2 units, "
        "costs $2,000 (4.8x).",
        "Self-hosting is cheaper for good from 428,572 requests a month (14x today's volume), and "
        "before that between 285,715 and 300,000 and between 357,143 and 400,000 requests a month.",
    )


def test_self_hosting_wins(tmp_path: Path) -> None:
    # 600,000 requests: six replicas and the spare against $8,400.
    assert verdict(answer(tmp_path, API, STEPS, requests_per_day="20000")) == said(
        "Self-host steps on 7 units: $7,000 a month in all; the cheapest API, api, costs $8,400 "
        "(1.2x).",
        "Self-hosting is cheaper for good from 428,572 requests a month (0.71x today's volume), "
        "and before that between 285,715 and 300,000 and between 357,143 and 400,000 requests a "
        "month.",
    )


def test_the_month_that_reaches_the_lasting_volume(tmp_path: Path) -> None:
    growing = answer(
        tmp_path,
        ManualApi("api", "0.01"),
        ManualSelf("flat", "5000"),
        requests_per_day="10000",
        more="",
    )
    assert "(1.7x today's volume)." in verdict(growing)
    path = tmp_path / "made.yaml"
    loaded = load_scenario(path, ["workload.growth_per_month=0.2"])
    grown = recommend(
        loaded.scenario,
        build_demand(loaded.scenario, loaded.base_dir),
        load_catalog(prices=None, base_dir=tmp_path, as_of=date(2026, 11, 21)),
    )
    # 300,000 x 1.2^3 = 518,400 is the first above 500,000.
    assert "(1.7x today's volume, reached in month 3 of the horizon)." in verdict(grown)


def test_cheaper_at_every_volume(tmp_path: Path) -> None:
    free = answer(tmp_path, API, ManualSelf("own desk", "0"))
    assert "Self-hosting is cheaper at every volume." in verdict(free)


def test_intermittent(tmp_path: Path) -> None:
    node = ManualSelf("node", "1000", capacity="600000")
    found = answer(tmp_path, ManualApi("api", "0.001", fixed="500"), node)
    assert "Self-hosting is cheaper only between 500,000 and 600,000 requests a month; " in verdict(
        found
    )
    assert why(found) == (
        "Self-hosting is cheaper at some volumes, but every further instance undoes it.",
    )


def test_never(tmp_path: Path) -> None:
    found = answer(tmp_path, ManualApi("api", "0.009"), STEPS)
    assert "No volume makes self-hosting cheaper." in verdict(found)
    assert why(found) == (
        "A full replica costs more per request than the API, so no volume helps.",
    )


def test_capacity_exceeded_names_the_limit(tmp_path: Path) -> None:
    four = ManualSelf("steps", "1000", capacity="100000", spare=True, most=4)
    assert (
        "Self-hosting is cheaper between 285,715 and 300,000 requests a month, and would be again "
        "beyond its limit (max_units 4)."
    ) in verdict(answer(tmp_path, API, four, requests_per_day="5000"))
    three = ManualSelf("steps", "1000", capacity="100000", spare=True, most=3)
    assert "Self-hosting would be cheaper only beyond its limit (max_units 3)." in verdict(
        answer(tmp_path, API, three, requests_per_day="5000")
    )


def test_nothing_to_compare_with(tmp_path: Path) -> None:
    assert verdict(answer(tmp_path, ManualSelf("own", "10"))) == said(
        "Self-host own: $10.00 a month in all.",
        "There is no API option to compare with, so there is no break-even volume.",
    )
    assert "There is no self-hosted option to compare with" in verdict(answer(tmp_path, API))


def test_two_options_of_one_kind(tmp_path: Path) -> None:
    found = verdict(answer(tmp_path, API, ManualApi("other", "0.015")))
    assert "; the next option, other, costs $4,500 (1.1x)." in found


def test_a_small_difference_is_a_percentage(tmp_path: Path) -> None:
    found = verdict(answer(tmp_path, API, ManualApi("other", "0.0143")))
    assert "costs $4,290 (2.1 % more)." in found
    assert "costs $4,200 (the same)." in verdict(answer(tmp_path, API, ManualApi("p", "0.014")))


def test_what_is_missing_makes_a_floor(tmp_path: Path) -> None:
    found = answer(tmp_path, API, STEPS, requests_per_day="1000", complete=False)
    assert verdict(found).startswith(
        "Use the API api: at least $420 a month in all; the cheapest self-hosted option, steps on "
        "2 units, costs at least $2,000 (4.8x)."
    )
    assert why(found)[0] == (
        "The total of api is a floor: engineering, quality and operational cost are not given."
    )


def test_quality_is_compared_where_it_is_known(tmp_path: Path) -> None:
    api, own = ManualApi("api", "0.014", quality="0.95"), ManualSelf("own", "10", quality="0.880")
    assert " It scores 0.88 against 0.95 (quality). " in verdict(answer(tmp_path, api, own))
    same = ManualSelf("own", "10", quality="0.95")
    assert " Both score 0.95 (quality). " in verdict(answer(tmp_path, api, same))
    one = ManualSelf("own", "10")
    assert "score" not in verdict(answer(tmp_path, api, one))


def test_over_the_budget(tmp_path: Path) -> None:
    found = answer(tmp_path, API, more="budget: {monthly_usd: 4000}\n")
    assert " Its bill passes the budget of $4,000 by $200 in the dearest month. " in verdict(found)


def test_nothing_is_feasible(tmp_path: Path) -> None:
    small = ManualSelf("small", "10", capacity="1000", most=2)
    found = answer(tmp_path, small)
    assert verdict(found) == (
        "No option is feasible. small: month 0 needs 300 instances or units, beyond max_units 2."
    )
    assert why(found) == ("small: month 0 needs 300 instances or units, beyond max_units 2.",)


def test_an_arm_that_was_asked_for(tmp_path: Path) -> None:
    found = for_arm(answer(tmp_path, API, STEPS, requests_per_day="1000"), "selfhost_ondemand")
    assert verdict(found).startswith(
        "As asked, self-host steps on 2 units: $2,000 a month in all; the cheapest option, api, "
        "costs $420 (0.21x)."
    )


RESIDENCY = """limits:
  data_residency: {allowed_regions: [us-east-1], forbid_apis: true, reason: a contract}
"""


def _with_real_api(folder: Path, own_usd: str) -> Recommendation:
    path = write_scenario(
        folder, ManualSelf("own", own_usd), more=RESIDENCY, input_tokens="500", output_tokens="200"
    )
    text = path.read_text()
    api = "options:\n  api: [{provider: openai, model: gpt-4o, name: forbidden}]\n  manual:\n"
    path.write_text(text.replace("options:\n  manual:\n", api))
    loaded = load_scenario(path, ["tco.infrastructure.mode=replace"])
    catalog = load_catalog(prices=None, base_dir=folder, as_of=date(2026, 11, 21))
    return recommend(loaded.scenario, build_demand(loaded.scenario, folder), catalog)


def test_a_residency_rule_has_its_price(tmp_path: Path) -> None:
    # 300,000 x $0.00325 = $975 that may not be used.
    found = verdict(_with_real_api(tmp_path, "2000"))
    assert (
        "The residency rule forbids forbidden, which would cost $975: the rule costs $1,025 a "
        "month. Against forbidden, if it were allowed: self-hosting is cheaper for good from "
        "615,385 requests a month"
    ) in found


def test_a_residency_rule_that_costs_nothing(tmp_path: Path) -> None:
    found = verdict(_with_real_api(tmp_path, "900"))
    assert "which would cost $975: the rule costs nothing here." in found
