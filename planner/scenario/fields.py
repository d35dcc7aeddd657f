"""The field types every part of a scenario is built from: strict, bounded, units in the names.

Numbers arrive from the YAML loader as ``int`` or ``Decimal`` made from their text, so that
``0.1`` stays a tenth. Nothing is converted silently: text, booleans and floats are refused.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from planner.scenario.scalars import shown

__all__ = [
    "AcmArn",
    "AnyCount",
    "CacheLifetime",
    "CallSize",
    "Cidr",
    "DaysPerMonth",
    "Email",
    "Growth",
    "Headroom",
    "Hours",
    "HoursPerMonth",
    "IamArn",
    "Identifier",
    "IsoDate",
    "KmsArn",
    "Milliseconds",
    "Months",
    "NamePrefix",
    "NonNegative",
    "OptionName",
    "Percent",
    "Percentile",
    "Positive",
    "PositiveCount",
    "PositiveShare",
    "Ratio",
    "Region",
    "Section",
    "SecurityGroupId",
    "Sha256",
    "Share",
    "ShortText",
    "SnsArn",
    "Source",
    "SubnetId",
    "TensorParallelSize",
    "TermYears",
    "Tokens",
    "Usd",
    "VpcId",
    "Zones",
]

# Larger figures are typing errors; they would also overflow floats further down.
_LARGEST = 10**12
_LARGEST_TOKENS = 10_000_000


class Section(BaseModel):
    """A part of a scenario file: unknown keys are errors, values cannot be changed later."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    @classmethod
    def unwritten(cls) -> Self:
        """The section with its defaults: they need no check, nor a validator built for one."""
        return cls.model_construct()


def _exact(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(f"must be a number, got {shown(value)}")
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError(f"must be a finite number, got {shown(value)}")
    return number


def _whole(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(f"must be a whole number, got {shown(value)}")
    if isinstance(value, Decimal):
        # The bound keeps int() from writing out an exponent digit by digit.
        if not value.is_finite() or value.adjusted() > 30 or value != value.to_integral_value():
            raise ValueError(f"must be a whole number, got {shown(value)}")
        return int(value)
    return value


def _iso_date(value: Any) -> Any:
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value
    # fromisoformat alone also takes 20270101 and 2027-W01-1, which nobody else reads as dates.
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            return datetime.date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"must be a day of the calendar, got {shown(value)}") from None
    raise ValueError(f"must be a date such as 2027-01-01, got {shown(value)}")


def _number_schema(low: int, high: int, *, above: bool = False) -> WithJsonSchema:
    lower = "exclusiveMinimum" if above else "minimum"
    return WithJsonSchema({"type": "number", lower: low, "maximum": high})


def _count_schema(low: int, high: int) -> WithJsonSchema:
    return WithJsonSchema({"type": "integer", "minimum": low, "maximum": high})


def _looks_like(pattern: str, what: str) -> tuple[AfterValidator, WithJsonSchema]:
    """Text of one form, refused in words and not with the pattern."""
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError(f"must be {what}, got {shown(text)}")
        return text

    checked: Callable[[str], str] = check
    return AfterValidator(checked), WithJsonSchema({"type": "string", "pattern": f"^{pattern}$"})


Usd = Annotated[
    Decimal, BeforeValidator(_exact), Field(ge=0, le=_LARGEST), _number_schema(0, _LARGEST)
]
NonNegative = Usd
Positive = Annotated[
    Decimal,
    BeforeValidator(_exact),
    Field(gt=0, le=_LARGEST),
    _number_schema(0, _LARGEST, above=True),
]
Share = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0, le=1), _number_schema(0, 1)]
PositiveShare = Annotated[
    Decimal, BeforeValidator(_exact), Field(gt=0, le=1), _number_schema(0, 1, above=True)
]
# A month that shrinks to nothing or grows more than tenfold is a typing error (10 meant as 10 %).
Growth = Annotated[
    Decimal, BeforeValidator(_exact), Field(gt=-1, le=9), _number_schema(-1, 9, above=True)
]
# A busiest moment more than a thousandfold above the mean is no traffic shape but an attack.
Ratio = Annotated[Decimal, BeforeValidator(_exact), Field(ge=1, le=1000), _number_schema(1, 1000)]
Headroom = Annotated[Decimal, BeforeValidator(_exact), Field(ge=1, le=10), _number_schema(1, 10)]
Percent = Annotated[
    Decimal,
    BeforeValidator(_exact),
    Field(gt=0, lt=100),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 100}),
]
Hours = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0, le=10**6), _number_schema(0, 10**6)]
DaysPerMonth = Annotated[
    Decimal, BeforeValidator(_exact), Field(ge=28, le=31), _number_schema(28, 31)
]
HoursPerMonth = Annotated[
    Decimal, BeforeValidator(_exact), Field(ge=672, le=744), _number_schema(672, 744)
]
Tokens = Annotated[
    Decimal,
    BeforeValidator(_exact),
    Field(ge=0, le=_LARGEST_TOKENS),
    _number_schema(0, _LARGEST_TOKENS),
]
Milliseconds = Annotated[
    Decimal, BeforeValidator(_exact), Field(gt=0, le=10**7), _number_schema(0, 10**7, above=True)
]
PositiveCount = Annotated[
    int, BeforeValidator(_whole), Field(ge=1, le=10**9), _count_schema(1, 10**9)
]
AnyCount = Annotated[int, BeforeValidator(_whole), Field(ge=0, le=10**9), _count_schema(0, 10**9)]
# Requests in one call of a model.
CallSize = Annotated[int, BeforeValidator(_whole), Field(ge=1, le=1000), _count_schema(1, 1000)]
Months = Annotated[int, BeforeValidator(_whole), Field(ge=1, le=120), _count_schema(1, 120)]
Zones = Annotated[int, BeforeValidator(_whole), Field(ge=1, le=6), _count_schema(1, 6)]
Percentile = Annotated[int, BeforeValidator(_whole), Field(ge=50, le=99), _count_schema(50, 99)]
# Literals alone would take `true` for 1.
TensorParallelSize = Annotated[Literal[1, 2, 4, 8], BeforeValidator(_whole)]
TermYears = Annotated[Literal[1, 3], BeforeValidator(_whole)]
CacheLifetime = Annotated[Literal[300, 3600], BeforeValidator(_whole)]
IsoDate = Annotated[
    datetime.date,
    BeforeValidator(_iso_date),
    WithJsonSchema({"type": "string", "format": "date"}),
]
ShortText = Annotated[str, Field(min_length=1, max_length=300)]
OptionName = Annotated[str, Field(min_length=1, max_length=80)]
Source = Annotated[str, Field(min_length=1, max_length=500)]

Identifier = Annotated[
    str,
    *_looks_like(
        r"[a-z][a-z0-9-]{0,39}", "at most 40 lower-case letters, digits and hyphens, a letter first"
    ),
]
NamePrefix = Annotated[
    str,
    *_looks_like(
        r"[a-z][a-z0-9-]{0,19}", "at most 20 lower-case letters, digits and hyphens, a letter first"
    ),
]
Region = Annotated[
    str, *_looks_like(r"[a-z]{2}(-[a-z]+)+-[0-9]", "an AWS region such as us-east-1")
]
Email = Annotated[
    str, *_looks_like(r"[^@\s]+@[^@\s]+\.[^@\s]+", "an address such as team@example.com")
]
Sha256 = Annotated[str, *_looks_like(r"[0-9a-f]{64}", "64 hexadecimal digits in lower case")]
VpcId = Annotated[str, *_looks_like(r"vpc-[0-9a-f]+", "a VPC id such as vpc-0a1b2c3d")]
SubnetId = Annotated[str, *_looks_like(r"subnet-[0-9a-f]+", "a subnet id such as subnet-0a1b2c3d")]
SecurityGroupId = Annotated[
    str, *_looks_like(r"sg-[0-9a-f]+", "a security group id such as sg-0a1b2c3d")
]
Cidr = Annotated[
    str, *_looks_like(r"[0-9a-f.:]+/[0-9]{1,3}", "an address block such as 10.0.0.0/16")
]
AcmArn = Annotated[
    str,
    *_looks_like(r"arn:aws[a-z-]*:acm:.+", "a certificate's ARN, which begins with arn:aws:acm:"),
]
KmsArn = Annotated[
    str, *_looks_like(r"arn:aws[a-z-]*:kms:.+", "a key's ARN, which begins with arn:aws:kms:")
]
IamArn = Annotated[
    str,
    *_looks_like(r"arn:aws[a-z-]*:iam:.+", "a policy's ARN, which begins with arn:aws:iam:"),
]
SnsArn = Annotated[
    str, *_looks_like(r"arn:aws[a-z-]*:sns:.+", "a topic's ARN, which begins with arn:aws:sns:")
]
