"""Why the core says no. Every code is stable: the same in a fault, on the command line and in JSON.

ReservationError
├── NotFound              no such reservation
├── UnknownResource       the site does not have what is asked for
├── UnknownDevice         a part names a device the database does not know
├── DeviceInUse           a device carries what keeps it from being changed so
├── CapacityExceeded      something is taken in that slot; another slot or amount may fit
├── LabelsTaken           none of the labels asked for is free throughout that slot
├── FlowConflict          some of the same packets are steered another way in that slot
├── CapacityBooked        a capacity would be set below what is promised already
│   └── LabelsBooked      a label would be taken out of its pool that is promised already
├── WrongSite             the database is another site's or station's
├── SiteReplaced          another version of the site came into force meanwhile
├── SlotInThePast         the slot is over before it is asked for
├── TooLate               the reservation is over, or on its way to be
├── NumberTaken           a reservation cannot be made under that number
├── NotJoined             nobody of that key has joined the reservation
└── WrongState            the reservation is past the point where that can be done
"""

from collections.abc import Collection
from datetime import datetime
from typing import ClassVar


class ReservationError(Exception):
    """Root of the tree: `code` is stable, `str()` is a sentence for the caller."""

    code: ClassVar[str] = "reservation"


class NotFound(ReservationError):
    """There is no reservation of that number and kind."""

    code = "not-found"


class UnknownResource(ReservationError):
    """A claim names something the calendar does not have."""

    code = "unknown-resource"


class UnknownDevice(ReservationError):
    """A part names a device the database does not know."""

    code = "unknown-device"


class DeviceInUse(ReservationError):
    """Reservations that have begun are on a device, and would be forgotten there."""

    code = "device-in-use"


class SlotInThePast(ReservationError):
    """The slot has ended, or starts further back than a clock may be wrong."""

    code = "slot-in-the-past"


class TooLate(ReservationError):
    """The reservation is over, being released or called off: it is neither extended nor joined any more."""

    code = "too-late"


class NumberTaken(ReservationError):
    """There is a reservation of that number, or there can be none."""

    code = "number-taken"


class NotJoined(ReservationError):
    """Whoever would leave a reservation never joined it."""

    code = "not-joined"


class WrongState(ReservationError):
    """The reservation is not, or no longer, in a state that allows this."""

    code = "wrong-state"


class CapacityExceeded(ReservationError):
    """Too much of a resource would be taken at some moment of the slot.

    Attributes:
        resource: its name.
        asked: amount asked for, in the resource's unit.
        free: the largest amount that fits the whole slot.
    """

    code = "capacity-exceeded"

    def __init__(self, resource: str, *, asked: int, free: int) -> None:
        super().__init__(f"{resource}: {asked} asked for, {free} free throughout that slot")
        self.resource = resource
        self.asked = asked
        self.free = free


class LabelsTaken(ReservationError):
    """No label that would do is free throughout the slot.

    Attributes:
        pool: its name.
        labels: those that would do.
        free_at: when the first of them is given back by all who have it in that slot; None if the pool has
            none of them.
    """

    code = "labels-taken"

    def __init__(self, pool: str, labels: Collection[int], *, free_at: datetime | None) -> None:
        asked = ", ".join(map(str, sorted(labels)))
        if free_at is None:
            words = f"it has none of the labels {asked}" if labels else "there is no label in it"
        else:
            words = f"of {asked} none is free throughout that slot; the first is given back at "
            words += free_at.isoformat()
        super().__init__(f"{pool}: {words}")
        self.pool = pool
        self.labels = frozenset(labels)
        self.free_at = free_at


class CapacityBooked(ReservationError):
    """A resource would be made smaller than what has been promised of it.

    Attributes:
        resource: its name.
        offered: what it would be made.
        booked: the most that is taken at some instant from now on.
    """

    code = "capacity-booked"

    def __init__(self, resource: str, *, offered: int, booked: int) -> None:
        super().__init__(f"{resource}: {booked} of it are booked, so it cannot be made {offered}")
        self.resource = resource
        self.offered = offered
        self.booked = booked


class LabelsBooked(CapacityBooked):
    """Labels would be taken out of a pool that somebody has been promised.

    Attributes:
        labels: those.
    """

    code = "labels-booked"

    def __init__(self, pool: str, labels: Collection[int]) -> None:
        ReservationError.__init__(
            self, f"{pool}: {', '.join(map(str, sorted(labels)))} booked, so it cannot be taken out"
        )
        self.resource = pool
        self.offered = 0
        self.booked = len(labels)
        self.labels = frozenset(labels)


class FlowConflict(ReservationError):
    """Some of the same packets are steered another way in that slot.

    Attributes:
        other: the reservation that has them.
        path: where it steers them.
    """

    code = "flow-conflict"

    def __init__(self, other: int, path: str) -> None:
        super().__init__(f"reservation {other} steers some of the same packets onto {path} in that slot")
        self.other = other
        self.path = path


class WrongSite(ReservationError):
    """The database belongs to another site or station than the site file names."""

    code = "wrong-site"


class SiteReplaced(ReservationError):
    """Another version of the site is in force than the caller went by: read it, and try again."""

    code = "site-replaced"
