"""A database, routers and reservations between them, without a door: what the worker alone has to do with."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from ipaddress import ip_address, ip_network

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from activation.devices import register_devices
from netconfig.driver import DeviceDriver, Ownership
from netconfig.intent import (
    AccessPermit,
    FlowMatch,
    Intent,
    PolicyRoute,
    PortRange,
    Protocol,
    SequenceRange,
    dump_intent,
)
from netconfig.inventory import Device
from netconfig.registry import driver_class
from reservation import offering, service
from reservation.identity import database_identity
from reservation.lifecycle import State
from reservation.model import ClaimRequest, PartRequest, Request, TimeSlot
from reservation.tables import ReservationRow
from store import Store

KIND = "bench"
PATH = "path:bench"
INTERFACE, NEXT_HOP, ACCESS_LIST = "TenGigabitEthernet1/1", "192.0.2.1", "EDGE-IN"
PERMITS = SequenceRange(1000, 8999)


class House:
    """What a worker needs: `store`, and `drivers` of its devices."""

    def __init__(self, store: Store, devices: Iterable[Device], *, now: datetime) -> None:
        self.store = store
        self._now = now
        self.ownership = Ownership(station="BENCH", database=store.write(database_identity))
        known = list(devices)
        store.write(lambda session: register_devices(session, known))
        store.write(lambda session: offering.offer(session, PATH, capacity=10**12, unit="bit/s", now=now))
        self.drivers: dict[str, Callable[[], DeviceDriver]] = {
            device.name: partial(driver_class(device.platform), device, self.ownership) for device in known
        }

    def book(self, devices: Sequence[str], numbers: Iterable[int], *, start: datetime) -> None:
        """One reservation for each number, an hour long: permits first, steering when they are there."""
        slot = TimeSlot(start, start + timedelta(hours=1))

        def work(session: Session) -> None:
            for number in numbers:
                device = devices[number % len(devices)]
                parts = tuple(
                    PartRequest(device, stage, dump_intent(intent))
                    for stage, intent in enumerate(_intents(number))
                )
                request = Request(
                    KIND, "bench", slot, start, claims=(ClaimRequest(PATH, 10**6),), parts=parts
                )
                service.book(session, request, now=self._now, actor="bench")

        self.store.write(work)

    def count(self, state: State) -> int:
        """How many reservations are in that state."""
        query = select(func.count()).select_from(ReservationRow).where(ReservationRow.state == state)
        return self.store.read(lambda session: session.scalar(query)) or 0


def _intents(number: int) -> tuple[Intent, Intent]:
    out = FlowMatch(
        source=ip_network("198.51.100.0/24"),
        destination=ip_network("203.0.113.0/24"),
        protocol=Protocol.TCP,
        destination_ports=PortRange(1024 + number, 1024 + number),
    )
    permit = AccessPermit(ACCESS_LIST, (out.reversed(),), PERMITS)
    return permit, PolicyRoute(INTERFACE, ip_address(NEXT_HOP), (out,))
