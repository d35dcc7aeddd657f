"""Which routes may answer a request, the best first. Deterministic: the planner prices the same."""

from __future__ import annotations

from .asked import Asked
from .refusals import Refusal
from .rules import SELFHOST, Route, Rules

__all__ = ["AUTO", "routes_for"]

AUTO = "auto"


def routes_for(asked: Asked, rules: Rules) -> tuple[Route, ...]:
    """Routes in the order to try them; Refusal 404 for a model that is not offered.

    `auto` takes the smallest route that the request is simple enough for, and falls back on the
    others it is. A model by name falls back only on other providers of that name, since nobody
    wants the answer of another model unasked; but the stack's own GPUs always overflow to the API.
    """
    if asked.model == AUTO:
        return _by_complexity(asked, rules.routes)
    named = tuple(r for r in rules.routes if asked.model in (r.name, r.model))
    if not named:
        offered = ", ".join(dict.fromkeys([AUTO, *(route.name for route in rules.routes)]))
        raise Refusal(
            404,
            f"no model `{asked.model}` here; there are {offered}",
            code="model_not_found",
            param="model",
        )
    if any(route.provider == SELFHOST for route in named):
        overflow = tuple(r for r in rules.routes if r not in named and r.provider != SELFHOST)
        return (*named, *overflow)
    return named


def _by_complexity(asked: Asked, routes: tuple[Route, ...]) -> tuple[Route, ...]:
    def fits(route: Route) -> bool:
        most = route.most_input_tokens
        return most is None or (asked.input_estimate <= most and not asked.has_tools)

    # Own GPUs are paid for whether they are used or not, so they come before any API.
    own = [route for route in routes if route.provider == SELFHOST and fits(route)]
    apis = [route for route in routes if route.provider != SELFHOST]
    simple = sorted(
        (route for route in apis if route.most_input_tokens is not None and fits(route)),
        key=lambda route: route.most_input_tokens or 0,
    )
    chosen = (*own, *simple, *(route for route in apis if route.most_input_tokens is None))
    # Rules with limits on every route: the one that takes most.
    return chosen or (max(routes, key=lambda route: route.most_input_tokens or 0),)
