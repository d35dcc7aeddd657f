"""Scenario files made of options priced by hand, so that every cost can be worked out in a test."""

from __future__ import annotations

from pathlib import Path

__all__ = ["ManualApi", "ManualSelf", "write_scenario"]


class ManualApi:
    """An API at a price per request, with a fixed part."""

    def __init__(
        self, name: str, usd_per_request: str, *, fixed: str = "0", quality: str | None = None
    ) -> None:
        self.name, self.usd_per_request = name, usd_per_request
        self.fixed, self.quality = fixed, quality

    def yaml(self) -> str:
        return _option(
            self.name,
            "api_frontier",
            f"fixed_monthly_usd: {self.fixed}",
            f"marginal_usd_per_request: {self.usd_per_request}",
            *_quality(self.quality),
        )


class ManualSelf:
    """Machines at a price a month, in whole units when ``capacity`` is given."""

    def __init__(
        self,
        name: str,
        fixed: str,
        *,
        usd_per_request: str = "0",
        capacity: str | None = None,
        most: int | None = None,
        spare: bool = False,
        quality: str | None = None,
        arm: str = "selfhost_ondemand",
    ) -> None:
        self.name, self.fixed, self.arm = name, fixed, arm
        self.lines = [f"marginal_usd_per_request: {usd_per_request}"]
        if capacity is not None:
            self.lines.append(f"capacity_requests_per_month: {capacity}")
        if most is not None:
            self.lines.append(f"max_units: {most}")
        if spare:
            self.lines.append("redundancy: n_plus_1")
        self.lines += _quality(quality)

    def yaml(self) -> str:
        return _option(self.name, self.arm, f"fixed_monthly_usd: {self.fixed}", *self.lines)


def _quality(score: str | None) -> list[str]:
    return [] if score is None else [f"quality: {{score: {score}, source: own test}}"]


def _option(name: str, arm: str, *lines: str) -> str:
    rows = [f"name: {name}", f"arm: {arm}", *lines, "source: made for a test"]
    return "    - " + "\n      ".join(rows) + "\n"


def write_scenario(
    folder: Path,
    *options: ManualApi | ManualSelf,
    requests_per_day: str = "10000",
    input_tokens: str = "500",
    output_tokens: str = "500",
    more: str = "",
    name: str = "made",
    complete: bool = True,
) -> Path:
    """A scenario with these options; ``complete`` gives every cost category, at $0, so that no
    total is a floor. The default request has 1,000 tokens.
    """
    free = "{items: [{name: none, monthly_usd: 0}]}"
    tco = (
        "tco:\n"
        "  engineering: {hours_per_month: 0, usd_per_hour: 0}\n"
        f"  quality: {free}\n  operational: {free}\n"
    )
    text = (
        f"version: 1\nid: {name}\n"
        "workload:\n"
        f"  requests_per_day: {requests_per_day}\n"
        f"  input_tokens: {input_tokens}\n  output_tokens: {output_tokens}\n"
        "  traffic: {profile: flat, burst_within_hour: 1}\n"
        "options:\n  manual:\n"
        + "".join(option.yaml() for option in options)
        + (tco if complete else "")
        + more
    )
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path
