"""What a site file says of its islands: the section `tbam`. Values only, frozen.

A gateway is a device's name here; where it is and how to log in to it never reaches this door.
"""

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

_DURATION = re.compile(r"P[0-9.DWTHMS]+")


def _duration(given: object) -> object:
    match given:
        case timedelta():
            return given
        case str() if _DURATION.fullmatch(given):
            return given
    raise ValueError("a duration is written P2D, PT12H or PT600S")


def _positive(given: timedelta) -> timedelta:
    if given <= timedelta(0):
        raise ValueError("a duration is longer than nothing")
    return given


Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
Authority = Annotated[
    str, Field(max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(:[A-Za-z0-9][A-Za-z0-9._-]*)*$")
]
Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    AfterValidator(_positive),
    WithJsonSchema({"type": "string", "format": "duration"}),
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Island(_Part):
    """OpenFlow equipment that is booked as a whole, and the gateway it is reached through."""

    name: Annotated[Word, Field(description="What requests call the aggregate")]
    gateway: Annotated[Word, Field(description="The device that relays its switches; one island's alone")]
    login: Annotated[
        bool,
        Field(strict=True, description="Whether the project's users are let in to the gateway for the slot"),
    ] = True


class AggregateManager(_Part):
    """The islands that experimenters may book, and how."""

    authority: Annotated[Authority, Field(description="Stands in the URNs of slivers: fermilab.example:tbam")]
    islands: Annotated[tuple[Island, ...], Field(min_length=1)]
    unprovisioned: Annotated[
        Duration, Field(description="How long what is allocated is kept without being provisioned")
    ] = timedelta(hours=48)
    longest: Annotated[Duration, Field(description="The longest slot")] = timedelta(days=30)
    horizon: Annotated[Duration, Field(description="How far ahead a slot may end")] = timedelta(days=365)
    maintenance: Annotated[
        Literal["refuse", "warn"],
        Field(description="What becomes of a request for an island whose gateway is in maintenance"),
    ] = "refuse"
