"""Several scenarios decided together: what they share, and what that saves."""

from __future__ import annotations

from planner.decision.portfolio.combine import combine
from planner.decision.portfolio.draws import choice_draws
from planner.decision.portfolio.member import Thrift, member_of
from planner.decision.portfolio.types import (
    Alone,
    Choice,
    Hardware,
    Hosted,
    Member,
    Portfolio,
    Saving,
    ServiceKey,
    SharedService,
    SharedStack,
)

__all__ = [
    "Alone",
    "Choice",
    "Hardware",
    "Hosted",
    "Member",
    "Portfolio",
    "Saving",
    "ServiceKey",
    "SharedService",
    "SharedStack",
    "Thrift",
    "choice_draws",
    "combine",
    "member_of",
]
