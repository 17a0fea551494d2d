"""What a simulated FTOS switch says it does to packets is what it does to them."""

from datetime import UTC, datetime
from ipaddress import ip_address

from hypothesis import given
from hypothesis import strategies as st

from netconfig.intent import FlowMatch
from netconfig.simulator import FtosRouter, Packet, ftos_forwarding
from netconfig.simulator.steer import Steer

CONFIG = "interface Vlan 7\n no shutdown\n!\nend\n"
addresses = st.sampled_from(["any", "host 10.0.0.1", "10.0.0.0/31", "10.0.0.0 255.255.255.254"])
ports = st.sampled_from(["", " eq 5", " neq 5", " gt 5", " lt 5", " range 4 6"])
actions = st.sampled_from(["permit", "redirect 192.0.2.1", "redirect 192.0.2.2"])
entries = st.builds("{} {} {}{} {}{}".format, actions, st.just("tcp"), addresses, ports, addresses, ports)
others = st.sampled_from(["ip", "udp", "icmp"])
entries |= st.builds("{} {} {} {}".format, actions, others, addresses, addresses)
packets = st.builds(
    Packet,
    st.sampled_from(["10.0.0.1", "10.0.0.2", "10.0.0.0"]),
    st.sampled_from(["10.0.0.1", "10.0.0.2", "10.0.0.0"]),
    st.sampled_from(["tcp", "udp"]),
    st.integers(3, 7),
    st.integers(3, 7),
)


def takes(flow: FlowMatch, packet: Packet) -> bool:
    """Whether a packet is of a flow, looked at apart from the simulator."""
    source, destination = ip_address(str(packet.source)), ip_address(str(packet.destination))
    return (
        source in flow.source
        and destination in flow.destination
        and (flow.protocol is None or flow.protocol.value == packet.protocol)
        and all(
            bounds is None or bounds.first <= (port or 0) <= bounds.last
            for bounds, port in (
                (flow.source_ports, packet.source_port),
                (flow.destination_ports, packet.destination_port),
            )
        )
    )


def decided(steers: tuple[Steer, ...], packet: Packet) -> str | None:
    found = next((steer for steer in steers if takes(steer.flow, packet)), None)
    return str(found.next_hop) if found and found.next_hop else None


@given(lists=st.lists(st.lists(entries, max_size=4), max_size=3), asked=st.lists(packets, min_size=1))
def test_first_steer_that_takes_a_packet_decides_as_the_switch_does(
    lists: list[list[str]], asked: list[Packet]
) -> None:
    router = FtosRouter(CONFIG, clock=lambda: datetime(2030, 1, 1, tzinfo=UTC))
    for number, held in enumerate(lists):
        numbered = [f"seq {5 * at} {text}" for at, text in enumerate(held, 1)]
        router.apply([f"ip redirect-list L{number}", *numbered])
        router.apply(["interface vlan 7", f"ip redirect-group L{number}"])
    steers = router.steers()
    for packet in asked:
        assert decided(steers, packet) == ftos_forwarding(router.state, "Vlan 7", packet)
