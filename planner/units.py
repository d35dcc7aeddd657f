"""Unit conversions, each in one place."""

from __future__ import annotations

__all__ = [
    "BYTES_PER_GB",
    "BYTES_PER_GIB",
    "BYTES_PER_MIB",
    "HOURS_PER_WEEK",
    "MS_PER_S",
    "SECONDS_PER_DAY",
    "SECONDS_PER_HOUR",
    "TOKENS_PER_MTOK",
]

SECONDS_PER_HOUR = 3600
SECONDS_PER_DAY = 86_400
HOURS_PER_WEEK = 168
MS_PER_S = 1000
BYTES_PER_MIB = 1024**2
BYTES_PER_GIB = 1024**3
# AWS bills storage and transfer in GB of 1e9 bytes; memory is reported in MiB.
BYTES_PER_GB = 10**9
TOKENS_PER_MTOK = 10**6
