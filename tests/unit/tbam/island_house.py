"""A house with islands: their gateways are boxes, the worker is the real one's passes, time stands still."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from activation.chores import run_due
from netconfig.gateway import ControllerProxy
from reservation.model import TimeSlot
from store import Store
from tbam.aggregate import AggregateManager, Island
from tbam.expiry import Expiry
from tbam.islands import ensure_islands
from tbam.manager import IslandManager
from tbam.values import IslandRequest, Owner, Project, Sliver, Vlan
from tests.unit.activation.conftest import NOON, Box, House

EAST, WEST = "east", "west"
GATEWAYS = {EAST: "gateway-east", WEST: "gateway-west"}
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
ALICE = Owner("urn:publicid:IDN+example.net+user+alice", "CN=Alice")
BOB = Owner("urn:publicid:IDN+example.net+user+bob", "CN=Bob")
SETTINGS = AggregateManager(
    authority="fermilab.example:tbam",
    islands=tuple(Island(name=name, gateway=gateway) for name, gateway in GATEWAYS.items()),
)
CONTROLLER = ControllerProxy("192.0.2.10", 6633)
OTHER_CONTROLLER = ControllerProxy("ctrl.pc.example", 6653)
PROJECT = Project("612cca94", "Project_test")


def a_slice(name: str) -> str:
    return f"urn:publicid:IDN+example.net+slice+{name}"


RED, BLUE = a_slice("red"), a_slice("blue")


def hours(start: float, end: float) -> TimeSlot:
    """The slot between so many hours after noon."""
    return TimeSlot(NOON + start * HOUR, NOON + end * HOUR)


def asked(
    slot: TimeSlot | None,
    *,
    island: str | None = EAST,
    controller: ControllerProxy = CONTROLLER,
    vlans: Sequence[Vlan] = (Vlan(10, 0), Vlan(30, 20)),
    slice_urn: str | None = None,
    project: Project = PROJECT,
) -> IslandRequest:
    return IslandRequest(island, slice_urn, slot, tuple(vlans), controller, project)


class Islands(House):
    """The house, and its islands' manager."""

    def __init__(self, store: Store, settings: AggregateManager = SETTINGS) -> None:
        super().__init__(store, *(island.gateway for island in settings.islands))
        store.write(lambda session: ensure_islands(session, settings, now=self.clock.now()))
        self.manager = IslandManager(store, settings, clock=self.clock.now)
        self.expiry = Expiry()

    @property
    def east(self) -> Box:
        return self.boxes[GATEWAYS[EAST]]

    @property
    def west(self) -> Box:
        return self.boxes[GATEWAYS[WEST]]

    def tick(self) -> None:
        """As the worker does: chores first."""
        run_due(self.store, [self.expiry], self.clock.now())
        super().tick()

    def allocate(
        self,
        slice_urn: str,
        slot: TimeSlot | None,
        *,
        island: str | None = EAST,
        owner: Owner = ALICE,
        latest: datetime | None = None,
        end_by: datetime | None = None,
        controller: ControllerProxy = CONTROLLER,
        vlans: Sequence[Vlan] = (Vlan(10, 0), Vlan(30, 20)),
    ) -> Sliver:
        request = asked(slot, island=island, controller=controller, vlans=vlans)
        return self.manager.reserve_aggregate(
            slice_urn, request, owner=owner, latest=latest or NOON + 1000 * HOUR, end_by=end_by
        )

    def provision(self, slice_urn: str) -> Sliver:
        return self.manager.approve_aggregate(slice_urn)[0]

    def book_slice(
        self, slice_urn: str, slot: TimeSlot, *, island: str = EAST, latest: datetime | None = None
    ) -> Sliver:
        self.allocate(slice_urn, slot, island=island, latest=latest)
        return self.provision(slice_urn)

    def sliver(self, slice_urn: str) -> Sliver:
        return self.manager.slivers(slice_urn)[0]

    def book_ticket(self) -> int:
        """A reservation of the other door's kind over the same gateway's device."""
        return self.book(stages=((GATEWAYS[EAST], 0),))
