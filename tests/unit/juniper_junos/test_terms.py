"""Any flow is written as one term, reads back as itself, and matches the packets it is for."""

from ipaddress import IPv4Network, IPv6Network

from hypothesis import given
from hypothesis import strategies as st

from netconfig.driver import Ownership
from netconfig.drivers.juniper_junos.terms import instance_of, read_fingerprint, read_flow, write_term
from netconfig.drivers.juniper_junos.tree import are_equal, parse, write
from netconfig.intent import FlowMatch, PortRange, Protocol

OURS = Ownership("FNAL", "6f1c4a52")
ports = st.none() | st.tuples(st.integers(0, 65535), st.integers(0, 65535)).map(
    lambda pair: PortRange(min(pair), max(pair))
)


@st.composite
def flows(draw: st.DrawFn) -> FlowMatch:
    is_four = draw(st.booleans())
    bits = 32 if is_four else 128

    def prefix() -> IPv4Network | IPv6Network:
        base, length = draw(st.integers(0, 2**bits - 1)), draw(st.integers(0, bits))
        return (
            IPv4Network((base, length), strict=False)
            if is_four
            else IPv6Network((base, length), strict=False)
        )

    protocol = draw(st.none() | st.sampled_from(Protocol))
    has_ports = protocol in {Protocol.TCP, Protocol.UDP}
    of_source, of_destination = (draw(ports) if has_ports else None for _ in range(2))
    return FlowMatch(
        prefix(), prefix(), protocol, of_source, of_destination, draw(st.none() | st.integers(0, 63))
    )


@given(flows())
def test_term_is_read_back_as_the_flow_it_was_written_for(flow: FlowMatch) -> None:
    term = write_term("LS-FNAL-42-1-1", flow, "LS-FNAL-192-0-2-1", 42, OURS)
    assert read_flow(term, flow.family) == flow
    assert read_fingerprint(term) == (42, "6f1c4a52")
    assert instance_of(term) == "LS-FNAL-192-0-2-1"


@given(flows())
def test_term_survives_being_kept_as_text(flow: FlowMatch) -> None:
    term = write_term("LS-FNAL-42-1-1", flow, "LS-FNAL-192-0-2-1", 42, OURS)
    assert are_equal(parse(write(term)), term)


def test_term_with_anything_more_is_no_flow() -> None:
    flow = FlowMatch(IPv4Network("192.0.2.0/24"), IPv4Network("0.0.0.0/0"))
    for more in (
        "<from><ttl>7</ttl></from>",
        "<then><discard/></then>",
        "<from><protocol>ospf</protocol></from>",
    ):
        term = write_term("LS-FNAL-42-1-1", flow, "LS-FNAL-192-0-2-1", 42, OURS)
        into = term.find(parse(more).tag)
        assert into is not None
        into.extend(parse(more))
        assert read_flow(term, 4) is None


def test_term_from_before_terms_counted_is_read_as_well() -> None:
    flow = FlowMatch(IPv4Network("192.0.2.0/24"), IPv4Network("0.0.0.0/0"))
    term = write_term("LS-FNAL-42-1-1", flow, "LS-FNAL-192-0-2-1", 42, OURS)
    then, counter = term.find("then"), term.find("then/count")
    assert then is not None
    assert counter is not None
    then.remove(counter)
    assert read_flow(term, 4) == flow


def test_term_that_counts_under_another_name_is_none_of_ours() -> None:
    flow = FlowMatch(IPv4Network("192.0.2.0/24"), IPv4Network("0.0.0.0/0"))
    term = write_term("LS-FNAL-42-1-1", flow, "LS-FNAL-192-0-2-1", 42, OURS)
    counter = term.find("then/count")
    assert counter is not None
    counter.text = "by-hand"
    assert read_flow(term, 4) is None
