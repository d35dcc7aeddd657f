"""The form of ``data/llm_overlay.yaml``, checked when the shipped files are built and tested.

Not imported when prices are read: building these models takes longer than all of that.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError

from planner.errors import PriceFileError

__all__ = ["checked_overlay"]

Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[tuple[Text, ...], Field(min_length=1)]
# Text, since YAML would hand 1.10 on as a binary float.
Factor = Annotated[str, Field(pattern=r"^(0\.\d*[1-9]\d*|[1-9]\d*(\.\d+)?)$")]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: Text
    models: Texts
    source: Text
    observed: date


class BatchMultiplier(_Row):
    """Batch price as a share of the standard one; ``region`` None means every region."""

    kind: Literal["batch_multiplier"]
    region: Text | None = None
    value: Factor


class EndpointMultiplier(_Row):
    """Price at a deployment zone relative to the plain endpoint."""

    kind: Literal["endpoint_multiplier"]
    endpoint: Texts
    value: Factor


class RetiresOn(_Row):
    """Day from which the model is not served any more."""

    kind: Literal["retires_on"]
    value: date


class Status(_Row):
    """``unconfirmed``: still priced, but a second source does not list it any more."""

    kind: Literal["status"]
    value: Literal["unconfirmed"]


class _Overlay(
    RootModel[
        tuple[
            Annotated[
                BatchMultiplier | EndpointMultiplier | RetiresOn | Status,
                Field(discriminator="kind"),
            ],
            ...,
        ]
    ]
):
    pass


def checked_overlay(raw: object, where: str) -> list[dict[str, object]]:
    """The parsed YAML as plain JSON objects; PriceFileError naming ``where``, row and key."""
    try:
        overlay = _Overlay.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise PriceFileError(f"{where}: row {place}: {first['msg']}") from error
    return cast(list[dict[str, object]], overlay.model_dump(mode="json", exclude_none=True))
