"""The steers of a Junos router say of every packet what `junos_forwarding` says."""

import itertools
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netconfig.simulator import JunosRouter, NotModelled, Packet, junos_forwarding
from netconfig.simulator.junos_config import parse_config
from netconfig.simulator.junos_forwarding import DISCARDED
from netconfig.simulator.junos_steers import junos_steers
from tests.unit.simulator.packets import DROPPED, led

INTERFACE = "ge-0/0/0.0"
HOSTS = ("10.0.0.1", "10.9.9.9")
PORTS = (None, 25, 80)
PACKETS = [
    Packet(source, destination, protocol, port, other, dscp)
    for source, destination, protocol, port, other, dscp in itertools.product(
        HOSTS, HOSTS, ("tcp", "udp", "icmp"), PORTS, PORTS, (0, 32)
    )
    if (protocol == "icmp") == (port is None) == (other is None)
]
prefixes = st.sampled_from(["10.0.0.0/30", "10.0.0.1/32", "0.0.0.0/0"])
ports = st.sampled_from(["25", "80", "20-79"])
conditions = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["source-address", "destination-address"]), prefixes),
        st.tuples(st.just("protocol"), st.sampled_from(["tcp", "udp", "icmp"])),
        st.tuples(st.sampled_from(["source-port", "destination-port"]), ports),
        st.tuples(st.just("dscp"), st.sampled_from(["0", "32"])),
    ),
    max_size=3,
    unique=True,
)
endings = st.sampled_from(
    [
        "<accept/>",
        "<discard/>",
        "<routing-instance><routing-instance-name>ONE</routing-instance-name></routing-instance>",
        "<routing-instance><routing-instance-name>TWO</routing-instance-name></routing-instance>",
        "<routing-instance><routing-instance-name>LOST</routing-instance-name></routing-instance>",
    ]
)


def configured(*terms: tuple[list[tuple[str, str]], str], filter_name: str = "F") -> str:
    written = ""
    for number, (said, ending) in enumerate(terms):
        start = "".join(
            f"<{tag}><name>{value}</name></{tag}>" if "address" in tag else f"<{tag}>{value}</{tag}>"
            for tag, value in said
        )
        written += f"<term><name>{number}</name><from>{start}</from><then>{ending}</then></term>"
    instances = "".join(
        f"<instance><name>{name}</name><instance-type>forwarding</instance-type><routing-options><static>"
        f"<route><name>0.0.0.0/0</name><next-hop>{hop}</next-hop></route></static></routing-options></instance>"
        for name, hop in (("ONE", "192.0.2.1"), ("TWO", "192.0.2.2"))
    )
    return (
        "<configuration><interfaces><interface><name>ge-0/0/0</name><unit><name>0</name><family><inet>"
        f"<filter><input><filter-name>{filter_name}</filter-name></input></filter></inet></family></unit>"
        f"</interface></interfaces><firewall><family><inet><filter><name>F</name>{written}</filter></inet>"
        "</family></firewall><routing-options><interface-routes><rib-group><inet>G</inet></rib-group>"
        "</interface-routes><rib-groups><name>G</name><import-rib>inet.0</import-rib>"
        "<import-rib>ONE.inet.0</import-rib><import-rib>TWO.inet.0</import-rib></rib-groups></routing-options>"
        f"<routing-instances>{instances}</routing-instances></configuration>"
    )


@settings(max_examples=50)
@given(st.lists(st.tuples(conditions, endings), max_size=4))
def test_every_packet_goes_where_the_filter_leads_it(terms: list[tuple[list[tuple[str, str]], str]]) -> None:
    config = parse_config(configured(*terms))
    steers = junos_steers(config)
    for packet in PACKETS:
        where = junos_forwarding(config, INTERFACE, packet)
        assert led(steers, INTERFACE, packet) == (DROPPED if where == DISCARDED else where)


def test_interface_whose_filter_is_missing_drops_everything() -> None:
    steers = junos_steers(parse_config(configured(filter_name="GONE")))
    assert {led(steers, INTERFACE, packet) for packet in PACKETS} == {DROPPED}


def test_what_is_not_understood_is_no_steer() -> None:
    config = parse_config(configured(([("packet-length", "9000")], "<accept/>")))
    with pytest.raises(NotModelled, match="packet-length"):
        junos_steers(config)


def test_router_tells_that_its_configuration_may_have_changed() -> None:
    router = JunosRouter(configured(), clock=lambda: datetime(2026, 3, 1, tzinfo=UTC))
    seen: list[int] = []
    router.after_change = lambda: seen.append(len(router.steers()))
    router.apply(["delete interfaces ge-0/0/0"])
    assert seen == [0]
    router.reboot()
    assert seen == [0, 0]
