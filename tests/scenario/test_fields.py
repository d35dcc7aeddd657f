"""Field types: bounds, exactness, nothing converted silently, forms refused in words."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from planner.scenario import fields

_ABOVE_ZERO = Decimal("0.000001")

# Type, the smallest and the largest value it takes, and the next ones it refuses.
_BOUNDS: list[tuple[str, Any, Any, Any, Any]] = [
    ("Usd", 0, 10**12, Decimal("-0.01"), 10**12 + 1),
    ("NonNegative", 0, 10**12, Decimal("-0.01"), 10**12 + 1),
    ("Positive", _ABOVE_ZERO, 10**12, 0, 10**12 + 1),
    ("Share", 0, 1, Decimal("-0.01"), Decimal("1.01")),
    ("PositiveShare", _ABOVE_ZERO, 1, 0, Decimal("1.01")),
    ("Growth", Decimal("-0.999"), 9, -1, Decimal("9.01")),
    ("Ratio", 1, 1000, Decimal("0.99"), Decimal("1000.1")),
    ("Headroom", 1, 10, Decimal("0.99"), Decimal("10.1")),
    ("Percent", _ABOVE_ZERO, Decimal("99.99"), 0, 100),
    ("Hours", 0, 10**6, Decimal("-0.01"), 10**6 + 1),
    ("DaysPerMonth", 28, 31, Decimal("27.9"), Decimal("31.1")),
    ("HoursPerMonth", 672, 744, 671, 745),
    ("Tokens", 0, 10_000_000, Decimal("-0.01"), 10_000_001),
    ("Milliseconds", _ABOVE_ZERO, 10**7, 0, 10**7 + 1),
    ("PositiveCount", 1, 10**9, 0, 10**9 + 1),
    ("AnyCount", 0, 10**9, -1, 10**9 + 1),
    ("Months", 1, 120, 0, 121),
    ("Zones", 1, 6, 0, 7),
    ("Percentile", 50, 99, 49, 100),
]
_NUMBERS = [row[0] for row in _BOUNDS]
_WHOLE = ["PositiveCount", "AnyCount", "Months", "Zones", "Percentile"]


def _adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(getattr(fields, name))


@pytest.mark.parametrize(("name", "low", "high", "below", "above"), _BOUNDS)
def test_a_number_is_taken_up_to_its_bounds(
    name: str, low: Any, high: Any, below: Any, above: Any
) -> None:
    adapter = _adapter(name)
    assert adapter.validate_python(low) == low
    assert adapter.validate_python(high) == high
    for value in (below, above):
        with pytest.raises(ValidationError):
            adapter.validate_python(value)


@pytest.mark.parametrize(("name", "low", "high", "below", "above"), _BOUNDS)
def test_the_schema_has_the_same_bounds(
    name: str, low: Any, high: Any, below: Any, above: Any
) -> None:
    schema = _adapter(name).json_schema()
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    most = schema.get("maximum", schema.get("exclusiveMaximum"))
    assert below <= least <= low
    assert high <= most <= above
    # An exclusive bound is itself refused.
    assert ("exclusiveMinimum" in schema) == (least == below)
    assert ("exclusiveMaximum" in schema) == (most == above)
    assert schema["type"] == ("integer" if name in _WHOLE else "number")


@pytest.mark.parametrize("name", _NUMBERS)
@pytest.mark.parametrize(
    "value", [True, 60.0, "60", None, [60], Decimal("NaN"), Decimal("Infinity"), float("nan")]
)
def test_nothing_else_passes_for_a_number(name: str, value: object) -> None:
    with pytest.raises(ValidationError):
        _adapter(name).validate_python(value)


@pytest.mark.parametrize("name", _WHOLE)
def test_a_count_is_whole_and_an_int(name: str) -> None:
    value = _adapter(name).validate_python(Decimal("60.0") if name != "Zones" else Decimal("6.0"))
    assert type(value) is int
    for wrong in (Decimal("60.5"), Decimal("1e30"), Decimal("1e999999999")):
        with pytest.raises(ValidationError):
            _adapter(name).validate_python(wrong)


def test_money_keeps_its_digits() -> None:
    value = _adapter("Usd").validate_python(Decimal("0.10000000000000000001"))
    assert str(value) == "0.10000000000000000001"


_FORMS = [
    ("Identifier", ["a", "support-chat-2"], ["", "A", "2a", "a_b", "a" * 41, "a\n", "é"]),
    ("NamePrefix", ["acme"], ["a" * 21, "-a"]),
    ("Region", ["us-east-1", "us-gov-west-1", "ap-southeast-2"], ["US-EAST-1", "us-east", "x"]),
    ("Email", ["a@b.example"], ["a", "a@b", "a b@c.d", "a@b.c "]),
    ("Sha256", ["0123456789abcdef" * 4], ["0" * 63, "G" * 64, "0" * 65]),
    ("VpcId", ["vpc-0a1b"], ["vpc-", "vpc-xyz", "sg-0a1b"]),
    ("SubnetId", ["subnet-0a1b"], ["subnet-"]),
    ("SecurityGroupId", ["sg-0a1b"], ["sg-"]),
    ("Cidr", ["10.0.0.0/16", "fd00::/8"], ["10.0.0.0", "10.0.0.0/1234", "ten/8"]),
    ("AcmArn", ["arn:aws:acm:us-east-1:1:certificate/x"], ["arn:aws:acm:", "arn:aws:kms:x"]),
    ("KmsArn", ["arn:aws-us-gov:kms:us-gov-west-1:1:key/x"], ["arn:aws:acm:x"]),
    ("IamArn", ["arn:aws:iam::1:policy/x"], ["iam"]),
    ("SnsArn", ["arn:aws-cn:sns:cn-north-1:1:t"], ["sns"]),
]


@pytest.mark.parametrize(("name", "good", "wrong"), _FORMS)
def test_text_of_a_form_is_refused_in_words(name: str, good: list[str], wrong: list[str]) -> None:
    adapter = _adapter(name)
    for text in good:
        assert adapter.validate_python(text) == text
    for text in wrong:
        with pytest.raises(ValidationError, match="must be "):
            adapter.validate_python(text)


def test_dates_are_iso_days() -> None:
    adapter = _adapter("IsoDate")
    assert adapter.validate_python("2027-01-31") == datetime.date(2027, 1, 31)
    day = datetime.date(2027, 1, 31)
    assert adapter.validate_python(day) == day
    wrong = ["2027-02-30", "20270131", "2027-W01-1", "2027-1-31", 20270131, None]
    for value in (*wrong, datetime.datetime(2027, 1, 31)):
        with pytest.raises(ValidationError):
            adapter.validate_python(value)


def test_sections_cannot_be_changed_later() -> None:
    class Probe(fields.Section):
        a: fields.Usd

    probe = Probe(a=Decimal(1))
    with pytest.raises(ValidationError):
        probe.a = Decimal(2)  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(ValidationError):
        Probe.model_validate({"a": 1, "b": 2})
