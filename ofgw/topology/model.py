"""Switches and links, and what is written of them to a file."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.dataclasses import dataclass as checked

_CONFIG = ConfigDict(extra="forbid")
_PAIRS = re.compile("..")

Dpid = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{2}(:[0-9a-f]{2}){6,7}$")]
"""A datapath in pairs of digits: eight, or the seven of the original's fixed data."""
PortNumber = Annotated[int, Field(ge=0, lt=2**32)]


def spelled(dpid: int) -> str:
    """A datapath as switches are called: 00:00:00:00:00:00:00:01."""
    return ":".join(_PAIRS.findall(f"{dpid:016x}"))


@checked(frozen=True, slots=True, order=True, config=_CONFIG)
class Link:
    """One direction of a cable: frames leave the source and arrive at the destination."""

    dpid_src: Dpid
    port_src: PortNumber
    dpid_dst: Dpid
    port_dst: PortNumber

    @property
    def ends(self) -> frozenset[str]:
        """The switches of both ends."""
        return frozenset({self.dpid_src, self.dpid_dst})


@checked(frozen=True, slots=True, order=True, config=_CONFIG)
class SeenLink:
    """A link, and when it was last seen."""

    link: Link
    seen_at: datetime


@checked(frozen=True, slots=True, config=_CONFIG)
class Discovered:
    """What a discovery knows.

    Attributes:
        written_at: when it knew it; None where there is nothing from any.
        switches: those that are connected to it.
        links: those that it remembers, of other switches too.
    """

    written_at: datetime | None = None
    switches: tuple[Dpid, ...] = ()
    links: tuple[SeenLink, ...] = ()


@dataclass(frozen=True, slots=True)
class WireForm:
    """Answers of getSws and getLinks. `dipd` is what deployed managers read."""

    switches: list[dict[str, str]]
    links: list[dict[str, str]]

    @classmethod
    def of(cls, switches: "list[str]", links: "list[Link]") -> "WireForm":
        """In order."""
        return cls(
            [{"dipd": dpid, "dpid": dpid} for dpid in sorted(switches)],
            [
                {
                    "dpidSrc": link.dpid_src,
                    "portSrc": str(link.port_src),
                    "dpidDst": link.dpid_dst,
                    "portDst": str(link.port_dst),
                }
                for link in sorted(links)
            ],
        )
