"""The passes on routers of every platform that can be asked: a packet goes where a next hop answers."""

import dataclasses
from collections.abc import Iterator

import pytest

from netconfig.driver import DeviceDriver
from netconfig.intent import HopDown, PolicyRoute, dump_intent
from netconfig.registry import driver_class
from netconfig.simulator import SimulatorLoop
from reservation.lifecycle import State
from reservation.parts import register_device
from store import Store
from tests.contract.drivers.bench import Bench, NeighbourRig, Ticket, Trait
from tests.contract.drivers.conftest import BENCHES
from tests.unit.activation.conftest import NEAR, House
from tests.unit.activation.watched import steer, watch

ASKING = sorted(platform for platform, bench in BENCHES.items() if Trait.NEXT_HOPS in bench.traits)
pytestmark = pytest.mark.one_database("it is drivers that differ")


class RouterHouse(House):
    """A house whose near device is a router on its bench."""

    def __init__(self, store: Store, platform: str, rig: NeighbourRig) -> None:
        super().__init__(store, NEAR)
        can = driver_class(platform).capabilities
        store.write(lambda session: register_device(session, NEAR, platform=platform, capabilities=can))
        self._router = rig.at_once(ownership=self.ownership)

    def driver(self, name: str) -> DeviceDriver:  # type: ignore[override]
        return self._router


@pytest.fixture(params=ASKING)
def platform(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def loop() -> Iterator[SimulatorLoop]:
    with SimulatorLoop() as running:
        yield running


@pytest.fixture
def rig(platform: str, loop: SimulatorLoop) -> Iterator[NeighbourRig]:
    with BENCHES[platform].start(loop) as started:
        yield started  # type: ignore[misc]


def two_ways(bench: Bench) -> tuple[Ticket, PolicyRoute, Ticket, PolicyRoute]:
    """A ticket that steers, and another whose next hop it can fall back to."""
    steering = [(one, one.part.intent) for one in bench.tickets if isinstance(one.part.intent, PolicyRoute)]
    for one, route in steering:
        for other, way in steering:
            if way.next_hop.version == route.next_hop.version and way.next_hop != route.next_hop:
                return one, route, other, way
    raise AssertionError("the bench has one next hop alone")


def test_packet_goes_by_whichever_of_its_next_hops_answers_or_as_without_us(
    store: Store, platform: str, rig: NeighbourRig
) -> None:
    original = rig.text()
    house = RouterHouse(store, platform, rig)
    ticket, route, other, way = two_ways(BENCHES[platform])
    intent = dump_intent(dataclasses.replace(route, next_hop_down=HopDown(way.next_hop)))
    number = steer(house, intent)
    assert (house.state(number), rig.path(ticket)) == (State.ACTIVE, ticket.next_hop)
    for hop in (route.next_hop, way.next_hop):
        rig.silence(hop)
    watch(house, 2)
    assert (rig.path(ticket), house.device(NEAR).error_code) == (None, "device-waiting")
    for hop in (route.next_hop, way.next_hop):
        rig.wake(hop)
    watch(house, 3)
    assert (rig.path(ticket), house.view(number).degraded_since) == (ticket.next_hop, None)
    rig.silence(route.next_hop)
    watch(house, 2)
    assert (rig.path(ticket), house.parts(number)[0].detour) == (other.next_hop, str(way.next_hop))
    assert house.view(number).degraded_since is None
    house.cancel(number)
    house.run()
    assert (house.state(number), rig.text()) == (State.RELEASED, original)
