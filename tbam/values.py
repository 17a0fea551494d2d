"""The values that pass between the aggregate manager's parts: frozen, pure, in the documents' words.

RSpecs are read into them and written from them; the resource manager books and tells them; the ten calls
and the command line carry them across. Times are aware UTC.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from netconfig.gateway import ControllerProxy
from reservation.model import TimeSlot


class Allocation(StrEnum):
    """`geni_allocation_status`."""

    UNALLOCATED = "geni_unallocated"
    ALLOCATED = "geni_allocated"
    PROVISIONED = "geni_provisioned"


class Operational(StrEnum):
    """`geni_operational_status`."""

    PENDING_ALLOCATION = "geni_pending_allocation"
    NOT_READY = "geni_notready"
    CONFIGURING = "geni_configuring"
    STOPPING = "geni_stopping"
    READY = "geni_ready"
    FAILED = "geni_failed"


class Action(StrEnum):
    """What PerformOperationalAction may be asked for."""

    START = "geni_start"
    STOP = "geni_stop"
    RESTART = "geni_restart"


@dataclass(frozen=True, slots=True)
class Project:
    """Whose members may log in to the gateway while the slice runs.

    Attributes:
        id, name: as the facility's register has them.
    """

    id: str
    name: str

    @property
    def group(self) -> str:
        """The group's name on the gateway."""
        return f"{self.id}_{self.name}"


@dataclass(frozen=True, slots=True)
class Vlan:
    """One `VLAN` element of an RSpec.

    Attributes:
        ofelia: VLAN id on the facility's side, 1 to 4094; None where it is not set yet (`-1`).
        alien: VLAN id inside the island, 1 to 4094; 0 for untagged (`0xffff`).
    """

    ofelia: int | None
    alien: int


@dataclass(frozen=True, slots=True)
class IslandRequest:
    """What a request RSpec says.

    Attributes:
        aggregate: the island's name; None asks for the only one there is.
        slice_urn: the slice it names; None where it names none.
        slot: None where the slot comes as options.
        vlans: as they stood; OFELIA ids unique, ALIEN ids unique.
        controller: the experimenter's.
        project: whose members may log in.
    """

    aggregate: str | None
    slice_urn: str | None
    slot: TimeSlot | None
    vlans: tuple[Vlan, ...]
    controller: ControllerProxy
    project: Project


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a sliver is.

    Attributes:
        urn: the user's, `urn:publicid:IDN+authority+user+name`.
        subject: of the user's certificate, as RFC 4514 writes it.
    """

    urn: str
    subject: str


@dataclass(frozen=True, slots=True)
class Sliver:
    """One island for one slice, as it was when it was read.

    Attributes:
        reservation_id: its number in the core.
        sliver_urn: never the slice's.
        slot: when it has the island.
        expires_at: when it is deleted unless renewed, running or not.
        stopped: geni_stop was asked for, and geni_start not since.
        error: what is wrong, in words; empty where nothing is.
        request: what was last asked for, with its slot.
    """

    reservation_id: int
    sliver_urn: str
    slice_urn: str
    aggregate: str
    owner: Owner
    slot: TimeSlot
    expires_at: datetime
    allocation: Allocation
    operational: Operational
    stopped: bool
    error: str
    request: IslandRequest


@dataclass(frozen=True, slots=True)
class Switch:
    """An OpenFlow switch of an island; `dpid` as the gateway writes it, `00:00:00:00:00:00:00:01`."""

    dpid: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link between two switches, from a port of one to a port of the other."""

    dpid_src: str
    port_src: str
    dpid_dst: str
    port_dst: str


@dataclass(frozen=True, slots=True)
class Reserved:
    """A slot that is taken, and by which slice."""

    aggregate: str
    slot: TimeSlot
    slice_urn: str


@dataclass(frozen=True, slots=True)
class IslandView:
    """An island as an advertisement tells it.

    Attributes:
        name: the aggregate's.
        available: whether it could be booked at all: its gateway is known and not in maintenance.
        switches, links: as the gateway last told.
        reserved: by start, those that end after the look.
    """

    name: str
    available: bool
    switches: tuple[Switch, ...]
    links: tuple[Link, ...]
    reserved: tuple[Reserved, ...]
