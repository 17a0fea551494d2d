"""What a VLAN map becomes: its flows, their cookies and their text."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netconfig.gateway import VlanMap, VlanPair
from netconfig.vlanflows import (
    MAPPED,
    UNTAGGED,
    Flow,
    SwitchPorts,
    cookie_of,
    drop_flows,
    map_flows,
    map_of,
    mark_of,
    parse_flow,
    reservation_of,
)

GOLDEN = Path(__file__).parents[2] / "fixtures/openvswitch"
MARK = mark_of("FNAL", "6f1c4a52-9d0e-4b0c-8f43-2a2f6f0b7c11")
PORTS = SwitchPorts()


def vlan_maps() -> st.SearchStrategy[VlanMap]:
    ids = st.lists(st.integers(1, 4094), min_size=1, max_size=8, unique=True)
    inside = st.lists(st.integers(0, 4094), min_size=8, max_size=8, unique=True)
    return st.builds(
        lambda outside, alien: VlanMap(tuple(sorted(map(VlanPair, outside, alien)))), ids, inside
    )


port_pairs = st.lists(st.integers(1, 0xFEFF), min_size=2, max_size=2, unique=True).map(
    lambda two: SwitchPorts(*two)
)
reservations = st.integers(0, 2**32 - 1)


def through(flows: tuple[Flow, ...], port: int, vlan: int, *, inner: int | None = None) -> object:
    """Where a frame leaves and with which tags, by the flow of the highest priority."""
    fitting = [
        flow
        for flow in flows
        if flow.in_port == port
        and flow.vlan in {None, vlan}
        and (flow.ethertype is None or (inner is not None and flow.ethertype == 0x8100))
    ]
    if not fitting:
        return None
    flow = max(fitting, key=lambda flow: flow.priority)
    return None if flow.out_port is None else (flow.out_port, flow.out_vlan)


def test_map_is_what_ovs_ofctl_would_write() -> None:
    vlans = VlanMap((VlanPair(10, UNTAGGED), VlanPair(30, 20), VlanPair(40, 40)))
    cookie = cookie_of(MARK, 42)
    written = [*map_flows(vlans, PORTS, cookie), *drop_flows(PORTS, cookie_of(MARK, 0))]
    assert "".join(f"{flow}\n" for flow in written) == (GOLDEN / "vlan-map.txt").read_text()


@given(vlan_maps(), port_pairs, reservations)
def test_frames_cross_as_the_pairs_say_and_come_back(vlans: VlanMap, ports: SwitchPorts, number: int) -> None:
    flows = map_flows(vlans, ports, cookie_of(MARK, number))
    for pair in vlans.pairs:
        assert through(flows, ports.ofelia, pair.ofelia) == (ports.alien, pair.alien)
        assert through(flows, ports.alien, pair.alien) == (ports.ofelia, pair.ofelia)


@given(vlan_maps(), port_pairs, st.integers(0, 4094))
def test_frames_of_no_pair_have_no_flow(vlans: VlanMap, ports: SwitchPorts, vlan: int) -> None:
    flows = (*map_flows(vlans, ports, 1), *drop_flows(ports, 0))
    if vlan not in {pair.ofelia for pair in vlans.pairs}:
        assert through(flows, ports.ofelia, vlan) is None
    if vlan not in {pair.alien for pair in vlans.pairs}:
        assert through(flows, ports.alien, vlan) is None


@given(vlan_maps())
def test_inner_tag_never_becomes_the_outer_one(vlans: VlanMap) -> None:
    flows = map_flows(vlans, PORTS, 1)
    for pair in vlans.pairs:
        went = through(flows, PORTS.ofelia, pair.ofelia, inner=20)
        assert went == (None if pair.alien == UNTAGGED else (PORTS.alien, pair.alien))


@given(vlan_maps(), port_pairs, reservations)
def test_flows_are_read_back_as_the_map_they_are(vlans: VlanMap, ports: SwitchPorts, number: int) -> None:
    flows = map_flows(vlans, ports, cookie_of(MARK, number))
    assert len({flow.place for flow in flows}) == len(flows)
    assert map_of(frozenset(flows), ports) == vlans
    with pytest.raises(ValueError, match=r"VLAN map|pair"):
        map_of(frozenset(flows[1:]), ports)


@given(vlan_maps(), port_pairs, reservations)
def test_text_is_read_back(vlans: VlanMap, ports: SwitchPorts, number: int) -> None:
    for flow in (*map_flows(vlans, ports, cookie_of(MARK, number)), *drop_flows(ports, number)):
        assert parse_flow(str(flow)) == flow


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cookie=0x1, priority=20000,in_port=3,dl_vlan=10 actions=NORMAL",
        "cookie=0x1, priority=20000,in_port=3,dl_vlan=10 actions=output:2,output:4",
        "cookie=0x1, priority=20000,in_port=3,dl_vlan=10 actions=pop_vlan,set_field:x->vlan_vid,output:2",
        "cookie=0x1, priority=20000,in_port=3,dl_vlan=10,dl_src=02:00:00:00:00:01 actions=output:2",
        "cookie=0x1, priority=20000,in_port=3,dl_vlan=10 actions=output:LOCAL",
    ],
)
def test_other_text_is_no_flow_of_ours(text: str) -> None:
    assert parse_flow(text) is None


@given(reservations)
def test_cookie_tells_whose_and_which(number: int) -> None:
    cookie = cookie_of(MARK, number)
    assert 0 <= cookie < 2**64
    assert reservation_of(cookie, MARK) == number
    assert reservation_of(cookie, mark_of("CALTECH", "another")) is None


def test_words_of_a_mark_do_not_run_together() -> None:
    assert mark_of("FN", "AL") != mark_of("FNA", "L")


def test_number_that_has_no_room_in_a_cookie_is_refused() -> None:
    with pytest.raises(ValueError, match="below 2"):
        cookie_of(MARK, 2**32)


@pytest.mark.parametrize(("alien", "ofelia"), [(2, 2), (0, 3), (2, 0xFF00)])
def test_sides_that_are_no_two_ports_are_refused(alien: int, ofelia: int) -> None:
    with pytest.raises(ValueError, match="two ports"):
        SwitchPorts(alien, ofelia)


def test_nothing_is_no_map() -> None:
    assert map_of(frozenset(), PORTS) is None
    with pytest.raises(ValueError, match=r"VLAN map|pair"):
        map_of(frozenset({Flow(1, MAPPED, PORTS.alien, 5, out_port=PORTS.ofelia, out_vlan=6)}), PORTS)
