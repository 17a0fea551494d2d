"""What the suite asks of a platform's bench, and one pass over a device as the worker makes it."""

import dataclasses
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from netconfig.driver import Config, DeviceDriver, Ownership, PartIntent, Plan, PlanLine
from netconfig.intent import IpAddress
from netconfig.inventory import Device
from netconfig.simulator import SimulatorLoop

DATABASE = "6f1c4a52-9d0e-4b0c-8f43-2a2f6f0b7c11"
OWNERSHIP = Ownership("FNAL", DATABASE)


class Trouble(Enum):
    """What may befall a line, in every device's own way; or the push that it is in, where lines go together.

    Garbage is what nobody asked for: between two lines it does no harm, instead of a reading it is one.
    A device that forgets comes back as after a reboot.
    """

    REFUSE = "refuse"
    DROP_BEFORE = "drop-before"
    DROP_AFTER = "drop-after"
    HANG = "hang"
    HANG_AFTER = "hang-after"
    GARBAGE = "garbage"
    FORGET = "forget"


class Trait(Enum):
    """What some platforms have and others have not; tests that rest on one are marked `only(Trait...)`."""

    SSH = "it is reached over SSH, with a host key and a password"
    STARTUP = "it keeps a startup configuration, to which a push is written or not"
    SHARED = "it has room for several reservations at once"
    LINES = "a push goes line by line; elsewhere it goes as a whole, and trouble strikes at few moments"
    STEERING = "what it carries are policy routes and permits, which can be read back and adopted"
    COUNTING = "it counts what it carries, part by part; its rig is a `CountingRig`"
    NEXT_HOPS = "it can tell which next hops answer; its rig is a `NeighbourRig`"


class Rig(Protocol):
    """A device on the bench, simulated or real.

    Attributes:
        device: as the site file has it.
        nowhere: the same device, where nobody answers.
        secret: a word that must not be told; where there is none, one that occurs nowhere.
    """

    device: Device
    nowhere: Device
    secret: str

    def over_the_wire(
        self, *, ownership: Ownership = OWNERSHIP, device: Device | None = None
    ) -> DeviceDriver:
        """A driver that speaks the real protocol."""
        ...

    def at_once(self, *, ownership: Ownership = OWNERSHIP) -> DeviceDriver:
        """A driver for thousands of lines: its transport is left out, or what hangs is over at once."""
        ...

    def text(self) -> str:
        """All that the device is configured to do, the site's and ours, in an order that does not change."""
        ...

    def keeps(self, original: str) -> bool:
        """Whether everything of that text is there that no ticket is to replace."""
        ...

    def edit(self, *lines: str) -> None: ...
    def rename(self, name: str) -> None: ...
    def reboot(self) -> None: ...

    def trouble(self, what: Trouble, *, number: int, reading: bool = False) -> None:
        """Let it befall the line of that number, from 1, of what is configured; or the reading."""
        ...

    def calm(self) -> None: ...

    def watch(self, look: Callable[[], None] | None) -> None:
        """Call this after everything that has an effect of its own, before the next has: line, or bundle."""
        ...

    def moments(self, plan: Plan) -> int:
        """How often that is in a push of this plan."""
        ...

    def path(self, ticket: "Ticket") -> str | None:
        """Where the ticket's packet is led that no ticket has it led to otherwise; None if it is not."""
        ...

    def admits(self, ticket: "Ticket") -> bool:
        """Whether the packet is let pass."""
        ...

    def astray(self) -> Sequence[Hashable]:
        """Strangers' packets that are treated otherwise than before any ticket, wherever they come in."""
        ...

    @property
    def sessions(self) -> int: ...
    @property
    def pushes(self) -> int: ...


class CountingRig(Rig, Protocol):
    """A device that counts, and packets for it to count."""

    def pass_packets(self, ticket: "Ticket", count: int) -> None:
        """Let the ticket's packet come in so often, where it is expected; back once all are counted."""
        ...


class NeighbourRig(Rig, Protocol):
    """A device whose neighbours can be silenced. All next hops of the bench's tickets answer at first."""

    def silence(self, next_hop: IpAddress) -> None:
        """Let the neighbour with this address answer no more."""
        ...

    def wake(self, next_hop: IpAddress) -> None:
        """Let it answer again."""
        ...


@dataclass(frozen=True)
class Ticket:
    """A part and a packet that it is for; without a next hop the part lets it pass, no more.

    Packet (or whatever else is led somewhere: a switch's connection) and next hop are in the platform's own
    terms; the rig alone looks at them. What leads packets carries its reservation's name on the device, what
    lets them pass stands in something of the site's and carries none.
    """

    part: PartIntent
    packet: Hashable
    next_hop: str | None = None

    def is_served(self, rig: Rig) -> bool:
        """Whether the packet goes where the part wants it."""
        return rig.path(self) == self.next_hop if self.next_hop else rig.admits(self)

    def is_astray(self, rig: Rig) -> bool:
        """Whether the packet goes where neither the part nor anybody before it wanted it."""
        return rig.path(self) not in {None, self.next_hop}


@dataclass(frozen=True)
class Obstacle:
    """Something that the site, not we, took from under parts.

    Attributes:
        word: of what is said about it.
        hinders: ids of those of the bench's parts that cannot be served meanwhile.
        lines: the edit that does it.
        mend: the edit that undoes it.
    """

    word: str
    hinders: frozenset[int]
    lines: Sequence[str]
    mend: Sequence[str]


class Bench(Protocol):
    """What the suite must know of a platform.

    Attributes:
        tickets: parts of several reservations, that can all be wanted together; each with a packet.
        variants: more of them, some of the same reservations: what a ticket becomes when it is modified.
        successors: what some of the tickets become when they are modified, each with a packet of both.
        hand_edits: edits that break what the first ticket has made.
        foreign: lines that make an object that looks managed, by a word of the report about it.
        obstacles: what may be away for a while.
        traits: what the platform has of what not all have.
        troubles: what may befall it.
        refusal: a word of what the device says when it refuses.
    """

    traits: frozenset[Trait]
    troubles: frozenset[Trouble]
    refusal: str
    tickets: Sequence[Ticket]
    variants: Sequence[Ticket]
    successors: Sequence[Ticket]
    hand_edits: Sequence[Sequence[str]]
    foreign: Mapping[str, Sequence[str]]
    obstacles: Sequence[Obstacle]

    def start(self, loop: SimulatorLoop | None = None) -> AbstractContextManager[Rig]:
        """A fresh device; without a loop it can only be driven `at_once`."""
        ...

    def is_shared(self, line: PlanLine) -> bool:
        """Whether the line touches nothing that carries a reservation's name."""
        ...


@dataclass(frozen=True)
class Pass:
    """What one pass over a device did, and what it left to do."""

    parts: Sequence[PartIntent]
    plan: Plan
    left: Plan


def reconcile(driver: DeviceDriver, parts: Sequence[PartIntent], known: frozenset[int] | None = None) -> Pass:
    """One pass as the worker makes it: read, place, render, plan, push, read back."""
    known = frozenset(part.reservation_id for part in parts) if known is None else known
    actual = driver.read()
    placed = place(driver, actual, parts)
    desired = driver.render(placed)
    plan = driver.plan(actual, desired, known=known)
    driver.push(plan)
    return Pass(placed, plan, driver.plan(driver.read(), desired, known=known))


def place(driver: DeviceDriver, actual: Config, parts: Sequence[PartIntent]) -> Sequence[PartIntent]:
    """The parts with their placements."""
    places = driver.place(actual, parts)
    return [dataclasses.replace(part, placement=places.get(part.part_id, part.placement)) for part in parts]


def wanted(parts: Sequence[PartIntent], *, but: frozenset[int] = frozenset()) -> Sequence[PartIntent]:
    """The parts, all wanted but those of these ids."""
    return [dataclasses.replace(part, wanted=part.part_id not in but) for part in parts]


def unwanted(parts: Sequence[PartIntent]) -> Sequence[PartIntent]:
    """The parts, none wanted."""
    return [dataclasses.replace(part, wanted=False) for part in parts]
