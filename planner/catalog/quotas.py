"""vCPU quotas of an account, as `planner prices refresh --quotas` saw them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import cast

from planner.catalog.rows import iso_date
from planner.errors import PriceFileError

__all__ = ["Quota", "parse_quotas", "quota_to_json"]

_TEXTS = ("region", "code", "name", "basis")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """vCPUs an account may run in a region under one quota; how many are in use is not known.

    ``basis`` is ``applied`` for the account's own limit, ``default`` for the one AWS starts with.
    """

    region: str
    code: str
    name: str
    vcpu: int
    basis: str
    observed: date


def parse_quotas(
    raw: Iterable[Mapping[str, object]], where: str
) -> Mapping[tuple[str, str], Quota]:
    """Quotas by region and code; PriceFileError naming ``where`` and the entry."""
    found: dict[tuple[str, str], Quota] = {}
    for number, item in enumerate(raw, start=1):
        try:
            quota = _quota(item)
            key = (quota.region, quota.code)
            if key in found:
                raise ValueError(f"{' '.join(key)} is there twice")
        except ValueError as error:
            raise PriceFileError(f"{where}: quota {number}: {error}") from None
        found[key] = quota
    return found


def _quota(raw: Mapping[str, object]) -> Quota:
    wrong = sorted(raw.keys() ^ {*_TEXTS, "vcpu", "observed"})
    if wrong:
        raise ValueError(f"missing or unknown: {', '.join(wrong)}")
    for name in (*_TEXTS, "observed"):
        if not isinstance(raw[name], str):
            raise ValueError(f"{name} is {raw[name]!r}, not text")
    vcpu = raw["vcpu"]
    if not isinstance(vcpu, int) or isinstance(vcpu, bool) or vcpu < 0:
        raise ValueError(f"vcpu is {vcpu!r}, not a whole number")
    observed = iso_date(cast(str, raw["observed"]))
    assert observed is not None  # it is text, and text is a day or an error
    texts = {name: cast(str, raw[name]) for name in _TEXTS}
    return Quota(**texts, vcpu=vcpu, observed=observed)


def quota_to_json(quota: Quota) -> dict[str, object]:
    """The entry of a file for a quota."""
    return {
        "region": quota.region,
        "code": quota.code,
        "name": quota.name,
        "vcpu": quota.vcpu,
        "basis": quota.basis,
        "observed": quota.observed.isoformat(),
    }
