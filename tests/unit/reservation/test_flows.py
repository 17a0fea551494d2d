"""Flow algebra against an oracle that looks at every packet of a small world."""

from ipaddress import ip_network
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netconfig.intent import FlowMatch, PortRange, Protocol
from reservation.flows import FlowBox, FlowSpec, Span, dump_flows, load_flows

# A world of 2 families x 3^6 packets: every packet can be looked at.
WIDTH = 3
Packet = tuple[int, ...]
PACKETS: list[Packet] = [(family, *rest) for family in (4, 6) for rest in product(range(WIDTH), repeat=6)]

spans = st.tuples(st.integers(0, WIDTH - 1), st.integers(0, WIDTH - 1)).map(
    lambda ends: Span(min(ends), max(ends))
)
boxes = st.builds(
    FlowBox,
    family=st.sampled_from((4, 6)),
    source=spans,
    destination=spans,
    protocol=spans,
    source_port=spans,
    destination_port=spans,
    dscp=spans,
)
specs = st.lists(boxes, max_size=4).map(lambda found: FlowSpec(tuple(found)))


def packets(spec: FlowSpec) -> set[Packet]:
    """The oracle: every packet of the world that the spec lets through, found one by one."""
    return {
        packet
        for packet in PACKETS
        for box in spec.boxes
        if packet[0] == box.family
        and all(
            span.first <= at <= span.last
            for at, span in zip(
                packet[1:],
                (box.source, box.destination, box.protocol, box.source_port, box.destination_port, box.dscp),
                strict=True,
            )
        )
    }


@given(specs, specs)
def test_overlap_is_a_packet_in_both(one: FlowSpec, other: FlowSpec) -> None:
    assert one.overlaps(other) == bool(packets(one) & packets(other))
    assert one.overlaps(other) == other.overlaps(one)


@given(specs, specs)
def test_containment_is_every_packet(one: FlowSpec, other: FlowSpec) -> None:
    assert one.contains(other) == (packets(other) <= packets(one))


@given(specs, specs)
def test_sameness_does_not_depend_on_how_it_is_written(one: FlowSpec, other: FlowSpec) -> None:
    assert one.same_as(other) == (packets(one) == packets(other))


@given(boxes, boxes)
def test_what_is_left_is_the_difference_in_pieces_that_do_not_meet(one: FlowBox, other: FlowBox) -> None:
    pieces = one.without(other)
    left = [packets(FlowSpec((piece,))) for piece in pieces]
    assert set().union(*left) == packets(FlowSpec((one,))) - packets(FlowSpec((other,)))
    assert sum(map(len, left)) == len(set().union(*left))


@given(specs)
def test_a_stored_spec_comes_back(spec: FlowSpec) -> None:
    assert load_flows(dump_flows(spec)) == spec


@pytest.mark.parametrize("stored", [[[5] + [0] * 12], [[4, 0, 1]], [[4] + [1, 0] * 6]])
def test_what_was_not_stored_by_us_is_refused(stored: list[list[int]]) -> None:
    with pytest.raises(ValueError, match=r"stored flow|runs upwards"):
        load_flows(stored)


def match(
    source: str, destination: str, protocol: Protocol | None = None, port: tuple[int, int] | None = None
) -> FlowSpec:
    ports = None if port is None else PortRange(*port)
    found = FlowMatch(ip_network(source), ip_network(destination), protocol, destination_ports=ports)
    return FlowSpec.of([found])


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        (match("10.0.0.0/8", "0.0.0.0/0"), match("10.1.0.0/16", "192.0.2.0/24"), True),
        (match("10.0.0.0/9", "0.0.0.0/0"), match("10.128.0.0/9", "0.0.0.0/0"), False),
        (match("0.0.0.0/0", "0.0.0.0/0"), match("::/0", "::/0"), False),
        (
            match("0.0.0.0/0", "0.0.0.0/0", Protocol.TCP, (5000, 6000)),
            match("0.0.0.0/0", "0.0.0.0/0", Protocol.TCP, (6000, 6000)),
            True,
        ),
        (
            match("0.0.0.0/0", "0.0.0.0/0", Protocol.TCP, (5000, 5999)),
            match("0.0.0.0/0", "0.0.0.0/0", Protocol.TCP, (6000, 6000)),
            False,
        ),
        (match("::/0", "::/0", Protocol.ICMP), match("::/0", "::/0", Protocol.TCP), False),
        (match("0.0.0.0/0", "0.0.0.0/0"), match("0.0.0.0/0", "0.0.0.0/0", Protocol.UDP, (53, 53)), True),
    ],
)
def test_matches_meet_as_their_packets_do(one: FlowSpec, other: FlowSpec, meet: bool) -> None:
    assert one.overlaps(other) is meet


def test_two_halves_contain_the_whole() -> None:
    halves = FlowSpec.of(
        [
            FlowMatch(ip_network("10.0.0.0/9"), ip_network("2.0.0.0/8")),
            FlowMatch(ip_network("10.128.0.0/9"), ip_network("2.0.0.0/8")),
        ]
    )
    whole = match("10.0.0.0/8", "2.0.0.0/8")
    assert halves.same_as(whole)
    assert not FlowSpec(halves.boxes[:1]).contains(whole)
