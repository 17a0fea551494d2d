"""The protocol every driver speaks, and the values that pass through it.

A driver works in two pure halves around one impure one: `place`, `render` and `plan` are text in, text
out; `read` and `push` talk to the device. The caller repeats read, plan, push until the plan is empty,
so a driver needs no memory of its own and no undo.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Generic, Protocol

from typing_extensions import TypeIs, TypeVar

from netconfig.capability import Capability
from netconfig.intent import Intent, IpAddress, Steering
from netconfig.inventory import Device, Way

Placement = Mapping[str, object]
"""Where a driver put a part on its device (object names, sequence numbers), as JSON values.

One that took over what another database left there has that object's fingerprint under `ADOPTED`.
"""

ADOPTED = "adopted"


@dataclass(frozen=True, slots=True)
class Ownership:
    """How objects on a device are known to be ours.

    Attributes:
        station: word in every managed object's name, `LS-<station>-<reservation>`.
        database: identity of the database, in every managed object's remark: an object with another one
            belongs to another (or a lost) database and is never removed.
    """

    station: str
    database: str


Carried_co = TypeVar("Carried_co", bound=Intent, default=Intent, covariant=True)
"""The intents that a driver takes; any, where nothing is said."""


@dataclass(frozen=True, slots=True)
class PartIntent(Generic[Carried_co]):
    """One part as a driver sees it.

    Attributes:
        part_id, reservation_id: as in the database.
        wanted: False while it is being taken away.
        placement: where it was put by `place`; empty before the first time.
        over: its reservation is over, or has been modified, and it was read to be gone; told only so that
            what it had in something of the site's is recognised where a device comes back with it. Never
            wanted.
        until: when its reservation ends, aware; of concern to devices with `Capability.SLOT_END` alone.
    """

    part_id: int
    reservation_id: int
    intent: Carried_co
    wanted: bool = True
    placement: Placement = field(default_factory=dict)
    over: bool = False
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """The managed part of a configuration, in the driver's canonical text.

    Attributes:
        text: lines as the device writes them, one way of writing each thing.
        found: reservation ids that managed objects on the device carry, with the database identity in
            their remark (empty string where the remark is gone; of several another's than ours). Empty on a
            rendered configuration.
        serves: ids of the parts that need a line, by the line's path (the headers above it, then itself).
        retired: paths that are ours to remove though nothing on the device says so: their text is stored
            in a placement.
        facts: what the device tells of itself and its surroundings, as JSON values: an OpenFlow gateway's
            `switches` and `links`. No part of what is compared.
    """

    text: str
    found: Mapping[int, str] = field(default_factory=dict)
    serves: Mapping[tuple[str, ...], frozenset[int]] = field(default_factory=dict)
    retired: frozenset[tuple[str, ...]] = frozenset()
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One line for the device.

    Attributes:
        text: as it is sent, indented as the device would.
        parts: ids of the parts that need it done; a part with no line left in a plan is in sync.
        reservation_id: whose object it touches, where one can be named.
        removal: True if the line takes something away.
        step: lines of one step are sent in one write; the answer to a step is read before the next.
        undo: what takes back the object this line belongs to, where the plan creates it: sent when a line
            of the step is refused, so that nothing half-made stays.
        waits: why it cannot be sent now: what of the site's is missing on the device. Its text is then a
            comment, which stands for everything that the parts would need there, and is never sent.
    """

    text: str
    parts: frozenset[int] = frozenset()
    reservation_id: int | None = None
    removal: bool = False
    step: int = 0
    undo: str | None = None
    waits: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What would make a device equal to what is wanted, in the order that is safe for running traffic.

    Attributes:
        lines: empty when nothing is to be done.
        strangers: managed-looking objects that are reported and left alone, one sentence each.
    """

    lines: tuple[PlanLine, ...] = ()
    strangers: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.lines)

    def __str__(self) -> str:
        return "".join(f"{line.text}\n" for line in self.lines)

    @property
    def due(self) -> tuple[PlanLine, ...]:
        """The lines that can be sent now: all but those that wait."""
        return tuple(line for line in self.lines if not line.waits)

    def pending(self, part_id: int) -> bool:
        """Whether this plan still holds a line that the part needs."""
        return any(part_id in line.parts for line in self.lines)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One line sent and what the device answered, secrets masked."""

    line: str
    answer: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """A push, word for word.

    Attributes:
        read_back: what the device was read to carry when all of it was done, where its answer to a push tells
            that: as good as a `read` after it, which then need not be asked. None where it does not.
    """

    exchanges: tuple[Exchange, ...] = ()
    read_back: Config | None = None

    def __str__(self) -> str:
        return "".join(
            f"{exchange.line}\n{exchange.answer}\n" if exchange.answer else f"{exchange.line}\n"
            for exchange in self.exchanges
        )


@dataclass(frozen=True, slots=True)
class Count:
    """What a device says has passed by what it carries for a part.

    Since that was made or its counters were cleared: a count that falls began anew.

    Attributes:
        packets: how many.
        octets: IP packets' bytes as the device counts them; None where it counts packets alone.
    """

    packets: int
    octets: int | None = None


def keep_transcript(error: BaseException, transcript: Transcript) -> None:
    """Let an error carry what was said before it."""
    error.__dict__["transcript"] = transcript


def transcript_of(error: BaseException) -> Transcript:
    """What was said before a push ended in this error; empty if nothing was."""
    kept = error.__dict__.get("transcript")
    return kept if isinstance(kept, Transcript) else Transcript()


class DeviceDriver(Protocol):
    """What a platform must be able to do. One instance is one device, used by one thread at a time.

    Errors: `read`, `push` and `save` raise only the `DeviceError`s of `netconfig.errors`; `place` raises
    `Rejected` for parts the device as read has no room for; `place` and `plan` raise `StateUnknown` where
    it cannot be told what is ours; `render` raises nothing of its own.

    What of the site's a part needs (an interface, a policy, a list) may be away or overruled. A part that
    was never placed is then rejected. One that was keeps what it has: its plan holds a line that `waits`,
    so that it is pending, and everybody else on the device is served meanwhile.
    """

    platform: ClassVar[str]
    ways: ClassVar[frozenset[Way]]
    capabilities: ClassVar[frozenset[Capability]]

    def __init__(self, device: Device, ownership: Ownership) -> None: ...

    def read(self) -> Config:
        """The managed part of the running configuration, canonical."""
        ...

    def place(self, actual: Config, parts: Sequence[PartIntent]) -> Mapping[int, Placement]:
        """Where each wanted part goes, by part id. Pure; a part already placed stays where it can.

        The caller stores the answer before anything is pushed, so that a crash in between leaves no
        object that nobody knows.
        """
        ...

    def render(self, parts: Sequence[PartIntent]) -> Config:
        """What the device shall carry for the wanted of these parts, all placed. Pure."""
        ...

    def plan(self, actual: Config, desired: Config, *, known: frozenset[int]) -> Plan:
        """The lines that turn `actual` into `desired`. Pure, and empty when they are equal.

        `known` are the reservations the database knows: a managed object of any other, or with another
        database's remark, is a stranger.
        """
        ...

    def imagine(self, actual: Config, carried: str) -> Config:
        """The device as read, but carrying of ours nothing but this text of a rendered configuration. Pure.

        For a device that is only rehearsed on: what is planned against it is what would be sent by now.
        """
        ...

    def evict(self, actual: Config, reservation_id: int, *, database: str) -> Plan:
        """The lines that take off every object named for a reservation with that database's fingerprint.

        For strangers that somebody wants gone; all else is left as it is. Objects whose fingerprint is gone
        are taken off as well; what carries no name of ours cannot be found. Pure; empty when there are none.
        """
        ...

    def recover(self, actual: Config, reservation_id: int, *, database: str) -> tuple[Steering, ...]:
        """What the objects named for a reservation, with that database's fingerprint or none, steer. Pure.

        What is in lists of the site's carries no name and is not among it.

        Raises:
            Unreadable: one is not exactly as `render` has them.
        """
        ...

    def take_over(
        self, actual: Config, reservation_id: int, intents: Sequence[Intent], *, database: str
    ) -> tuple[Placement, ...]:
        """Placements by which parts with these intents have the objects that are there already. Pure.

        In the order of the intents, empty for what is not there. A plan for parts placed so gives the objects
        our fingerprint and adds what is missing; no packet of theirs loses its path by it. What reads like an
        intent's in a list of the site's, in the room that is left to us, is taken for ours.

        Raises:
            Unreadable: one of the objects is none of these intents.
        """
        ...

    def push(self, plan: Plan, *, may_go_on: Callable[[], bool] = lambda: True) -> Transcript:
        """Send the plan in one session and make it survive a reboot. Stops at the first refused line.

        Before each step `may_go_on` is asked; if the device is another's by now the session is ended, with
        `Unreachable`.
        Lines that wait are left out; if there are no others nothing is sent, and `Waiting` says what for.
        """
        ...

    def save(self) -> Transcript:
        """Make what the device carries survive a reboot: for a push that was cut short before it could."""
        ...

    def close(self) -> None:
        """End the session, if there is one. Safe at any time, from any thread."""
        ...


class CountingDriver(DeviceDriver, Protocol):
    """What a driver with `Capability.COUNTERS` can do besides."""

    def count(self, parts: Sequence[PartIntent]) -> Mapping[int, Count]:
        """What has passed by each of these parts, all placed, by part id; asks the device.

        A part that the device has no counter for, since it does not carry it, is missing. Changes nothing.

        Raises:
            Unreachable, StateUnknown: as for `read`.
        """
        ...


def is_counting(driver: DeviceDriver) -> TypeIs[CountingDriver]:
    """Whether a driver counts what passes, as its capabilities say."""
    return Capability.COUNTERS in driver.capabilities


class AskingDriver(DeviceDriver, Protocol):
    """What a driver with `Capability.NEXT_HOPS` can do besides."""

    def answering(self, next_hops: Collection[IpAddress]) -> frozenset[IpAddress]:
        """Those of these next hops that answer the device's echo requests now. Changes nothing.

        Two are sent to each, so that one that has yet to be resolved is found; a second is waited for each.

        Raises:
            Unreachable: as for `read`.
            StateUnknown: the device does not tell; not that nobody answers.
        """
        ...


def is_asking(driver: DeviceDriver) -> TypeIs[AskingDriver]:
    """Whether a driver can tell which next hops answer, as its capabilities say."""
    return Capability.NEXT_HOPS in driver.capabilities
