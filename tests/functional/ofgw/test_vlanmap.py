"""The VLAN map on a real Open vSwitch: frames between network namespaces, and what is not ours."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import pytest

from netconfig.errors import Rejected, Unreachable
from netconfig.gateway import VlanMap, VlanPair
from netconfig.vlanflows import SwitchPorts, cookie_of, mark_of
from ofgw.vlanmap import MapBroken, MappedVlans, VlanMapper
from tests.functional.ofgw.frames import End, Seen, cable, namespace
from tests.functional.ofgw.openvswitch import OpenVSwitch, unique

SLICE = VlanMap((VlanPair(10, 0), VlanPair(30, 20)))
EVERYWHERE = ((), (10,), (20,), (30,), (77,), (10, 20), (10, 77), (30, 20))
"""Tags of frames that are sent from either side."""
INWARDS = {(10,): (), (30,): (20,), (30, 20): (20, 20)}
OUTWARDS = {(): (10,), (20,): (30,)}
_numbers = count(1)


@dataclass
class Gateway:
    """A switch between island and facility."""

    switch: OpenVSwitch
    bridge: str
    island: End
    facility: End

    def mapper(self) -> VlanMapper:
        return VlanMapper(self.switch.management(self.bridge))

    def flows(self) -> Sequence[str]:
        return self.switch.ofctl("--no-stats", "dump-flows", self.switch.management(self.bridge)).splitlines()

    def add_flow(self, flow: str) -> None:
        self.switch.ofctl("add-flow", self.switch.management(self.bridge), flow)


@pytest.fixture(scope="module")
def cabled() -> Iterator[Gateway]:
    with contextlib.ExitStack() as stack:
        inside, island, facility = (stack.enter_context(namespace(name)) for name in ("sw", "is", "fa"))
        near_island, at_island = stack.enter_context(cable(inside, island))
        near_facility, at_facility = stack.enter_context(cable(inside, facility))
        switch, bridge = stack.enter_context(OpenVSwitch(namespace=inside)), unique("br")
        switch.add_bridge(bridge)
        switch.add_device(bridge, near_island, number=2)
        switch.add_device(bridge, near_facility, number=3)
        yield Gateway(switch, bridge, at_island, at_facility)


@pytest.fixture
def gateway(cabled: Gateway) -> Gateway:
    cabled.switch.ofctl("del-flows", cabled.switch.management(cabled.bridge))
    return cabled


@pytest.fixture
def mapper(gateway: Gateway) -> Iterator[VlanMapper]:
    with contextlib.closing(gateway.mapper()) as opened:
        yield opened


def crossing(gateway: Gateway, source: End, target: End, *, known: tuple[int, ...]) -> dict[object, object]:
    """Which frames of `EVERYWHERE` come out at the other side, and with which tags.

    Frames do not overtake each other: those that did not come before the last are not coming.
    """
    token = next(_numbers)
    sent = {b"%d.%d" % (token, index): tags for index, tags in enumerate(EVERYWHERE)}
    for payload, tags in sent.items():
        source.send(tags, payload)
    last = b"%d.last" % token
    source.send(known, last)
    came: dict[object, object] = {}
    while (seen := target.receive()).payload != last:
        came[sent[seen.payload]] = seen.tags
    return came


def test_mapped_vlans_cross_both_ways_and_no_others_do(gateway: Gateway, mapper: VlanMapper) -> None:
    # Somebody's own idea of the bridge, which would let everything through.
    gateway.add_flow("priority=1,actions=NORMAL")
    mapper.apply(SLICE, 42)
    assert crossing(gateway, gateway.facility, gateway.island, known=(10,)) == INWARDS
    assert crossing(gateway, gateway.island, gateway.facility, known=()) == {**OUTWARDS, (20,): (30,)}


def test_nothing_crosses_where_nothing_is_mapped(gateway: Gateway, mapper: VlanMapper) -> None:
    gateway.add_flow("priority=1,actions=NORMAL")
    mapper.apply(SLICE, 42)
    mapper.apply(None, 0)
    # A way for the last frame alone, so that there is one.
    gateway.add_flow("priority=5,in_port=3,dl_vlan=4000,actions=output:2")
    gateway.add_flow("priority=60000,in_port=2,dl_vlan=4000,actions=output:3")
    gateway.add_flow("priority=60000,in_port=3,dl_vlan=4000,actions=output:2")
    assert crossing(gateway, gateway.facility, gateway.island, known=(4000,)) == {}
    assert crossing(gateway, gateway.island, gateway.facility, known=(4000,)) == {}


def test_payload_is_as_it_was(gateway: Gateway, mapper: VlanMapper) -> None:
    mapper.apply(SLICE, 42)
    gateway.facility.send((30,), b"through and through")
    assert gateway.island.receive() == Seen((20,), b"through and through")


def test_map_is_read_back_with_its_slice_and_applied_once(gateway: Gateway, mapper: VlanMapper) -> None:
    assert mapper.read() is None
    assert mapper.apply(SLICE, 42)
    assert mapper.read() == MappedVlans(SLICE, 42)
    assert not mapper.apply(SLICE, 42)
    assert mapper.apply(VlanMap((VlanPair(10, 20),)), 43)
    assert mapper.read() == MappedVlans(VlanMap((VlanPair(10, 20),)), 43)
    assert mapper.apply(None, 0)
    assert mapper.read() is None


def test_what_others_put_on_the_bridge_stays_as_it_is(gateway: Gateway, mapper: VlanMapper) -> None:
    gateway.add_flow("cookie=0x2a,priority=20000,in_port=3,dl_vlan=99,actions=output:2")
    gateway.add_flow("table=7,priority=3,tcp,nw_src=10.0.0.0/8,actions=NORMAL")
    theirs = set(gateway.flows())
    mapper.apply(SLICE, 42)
    assert theirs < set(gateway.flows())
    mapper.apply(VlanMap((VlanPair(10, 20),)), 43)
    assert theirs < set(gateway.flows())
    mapper.apply(None, 0)
    assert theirs < set(gateway.flows())
    assert len(gateway.flows()) == len(theirs) + 2


def test_entry_of_others_in_the_place_of_ours_is_never_overwritten(
    gateway: Gateway, mapper: VlanMapper
) -> None:
    gateway.add_flow("cookie=0x7,priority=20000,in_port=3,dl_vlan=30,actions=drop")
    before = gateway.flows()
    with pytest.raises(Rejected, match="not ours"):
        mapper.apply(SLICE, 42)
    assert gateway.flows() == before


def test_daemon_that_was_killed_gets_its_flows_again(gateway: Gateway, mapper: VlanMapper) -> None:
    mapper.apply(SLICE, 42)
    connected = [mapper.is_connected]
    with gateway.switch.down(crash=True):
        connected.append(mapper.is_connected)
        with pytest.raises(Unreachable):
            mapper.apply(SLICE, 42)
    assert connected == [True, False]
    assert mapper.apply(SLICE, 42)
    assert mapper.read() == MappedVlans(SLICE, 42)
    assert crossing(gateway, gateway.facility, gateway.island, known=(10,)) == INWARDS


@pytest.mark.parametrize(
    "edit",
    [
        ("--strict", "del-flows", "BRIDGE", "priority=20000,in_port=3,dl_vlan=10"),
        ("--strict", "del-flows", "BRIDGE", "priority=10,in_port=3"),
        ("mod-flows", "BRIDGE", "in_port=2,dl_vlan=20,actions=output:3"),
        ("add-flow", "BRIDGE", "cookie=COOKIE,priority=9,tcp,nw_src=10.0.0.1,actions=NORMAL"),
    ],
)
def test_what_a_hand_broke_is_told_and_mended(
    gateway: Gateway, mapper: VlanMapper, edit: Sequence[str]
) -> None:
    mapper.apply(SLICE, 42)
    intact = gateway.flows()
    cookie = f"{cookie_of(mark_of('ofgw'), 42):#x}"
    address = gateway.switch.management(gateway.bridge)
    gateway.switch.ofctl(*(word.replace("BRIDGE", address).replace("COOKIE", cookie) for word in edit))
    with pytest.raises(MapBroken) as broken:
        mapper.read()
    assert broken.value.reservation == 42
    assert mapper.apply(SLICE, 42)
    assert sorted(gateway.flows()) == sorted(intact)


def test_bundle_that_is_refused_changes_nothing(gateway: Gateway, mapper: VlanMapper) -> None:
    mapper.apply(VlanMap((VlanPair(10, 20),)), 42)
    before = gateway.flows()
    full = ("flow_limit=5", "overflow_policy=refuse")
    gateway.switch.vsctl(
        *("--", "--id=@full", "create", "Flow_Table", *full),
        *("--", "set", "bridge", gateway.bridge, "flow_tables:0=@full"),
    )
    try:
        with pytest.raises(Rejected, match="TABLE_FULL"):
            mapper.apply(SLICE, 42)
        assert gateway.flows() == before
    finally:
        gateway.switch.vsctl("clear", "bridge", gateway.bridge, "flow_tables")
    assert mapper.apply(SLICE, 42)


def test_bridge_that_speaks_no_openflow_1_3_is_a_named_error(gateway: Gateway, mapper: VlanMapper) -> None:
    gateway.switch.vsctl("set", "bridge", gateway.bridge, "protocols=OpenFlow10")
    try:
        with pytest.raises(Unreachable, match=r"no OpenFlow 1\.3|ended the session"):
            mapper.read()
    finally:
        gateway.switch.vsctl("set", "bridge", gateway.bridge, "protocols=OpenFlow13")
    assert mapper.read() is None


def test_switch_that_listens_for_controllers_is_dialled_too(gateway: Gateway) -> None:
    socket = gateway.switch.folder / f"{gateway.bridge}.controller"
    gateway.switch.vsctl("set-controller", gateway.bridge, f"punix:{socket}")
    try:
        with contextlib.closing(VlanMapper(f"unix:{socket}", SwitchPorts())) as mapper:
            assert mapper.apply(SLICE, 42)
            assert mapper.read() == MappedVlans(SLICE, 42)
    finally:
        gateway.switch.vsctl("del-controller", gateway.bridge)
