"""Policy routing and access groups do to packets what IOS does, half-removed policies included."""

import itertools
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netconfig.simulator import NotModelled, Packet, admitted, forwarding
from netconfig.simulator.ios_boot import load
from netconfig.simulator.ios_config import IosConfig
from netconfig.simulator.ios_forwarding import pass_in
from netconfig.simulator.ios_steers import ios_steers
from tests.unit.simulator.packets import led

INTERFACE = "TenGigabitEthernet1/1"
WEB = Packet("10.0.0.1", "10.1.0.1", "tcp", 40000, 80)
MAIL = Packet("10.0.0.1", "10.1.0.1", "tcp", 40000, 25)


def configured(*lines: str, interface: str = " ip policy route-map R") -> IosConfig:
    return load("\n".join([f"interface {INTERFACE}", interface, "!", *lines, "end"]))


WEB_LIST = ("ip access-list extended WEB", " 10 permit tcp any any eq www", "!")
STEERED = ("route-map R permit 10", " match ip address WEB", " set ip next-hop 192.0.2.1 192.0.2.2", "!")


def test_packet_that_fits_goes_to_the_first_next_hop() -> None:
    config = configured(*WEB_LIST, *STEERED)
    assert forwarding(config, INTERFACE, WEB) == "192.0.2.1"
    assert forwarding(config, "te1/1", WEB) == "192.0.2.1"
    assert forwarding(config, INTERFACE, MAIL) is None


def test_entry_whose_list_is_missing_steers_everything() -> None:
    assert forwarding(configured(*STEERED), INTERFACE, MAIL) == "192.0.2.1"


def test_entry_whose_list_is_empty_steers_everything() -> None:
    config = configured("ip access-list extended WEB", " remark nothing yet", "!", *STEERED)
    assert forwarding(config, INTERFACE, MAIL) == "192.0.2.1"


def test_entry_without_match_steers_everything() -> None:
    assert (
        forwarding(configured("route-map R permit 5", " set ip next-hop 192.0.2.9"), INTERFACE, MAIL)
        == "192.0.2.9"
    )


def test_half_written_entry_shadows_those_behind_it() -> None:
    config = configured(*WEB_LIST, "route-map R permit 5", "!", *STEERED)
    assert forwarding(config, INTERFACE, WEB) is None


def test_deny_entry_routes_normally() -> None:
    config = configured(*WEB_LIST, "route-map R deny 5", " match ip address WEB", "!", *STEERED)
    assert forwarding(config, INTERFACE, WEB) is None


def test_list_that_denies_leaves_the_packet_to_the_next_entry() -> None:
    config = configured(
        "ip access-list extended NOT-MAIL",
        " 10 deny tcp any any eq smtp",
        " 20 permit ip any any",
        "!",
        "route-map R permit 5",
        " match ip address NOT-MAIL",
        " set ip next-hop 192.0.2.5",
        "!",
        "route-map R permit 10",
        " set ip next-hop 192.0.2.10",
    )
    assert forwarding(config, INTERFACE, WEB) == "192.0.2.5"
    assert forwarding(config, INTERFACE, MAIL) == "192.0.2.10"


def test_one_of_several_lists_is_enough() -> None:
    config = configured(
        *WEB_LIST,
        "ip access-list extended MAIL",
        " 10 permit tcp any any eq smtp",
        "!",
        "route-map R permit 10",
        " match ip address WEB MAIL",
        " set ip next-hop 192.0.2.1",
    )
    assert forwarding(config, INTERFACE, MAIL) == "192.0.2.1"


def test_entries_are_tried_in_order_of_their_numbers() -> None:
    config = configured(
        "route-map R permit 20",
        " set ip next-hop 192.0.2.20",
        "!",
        "route-map R permit 9",
        " set ip next-hop 192.0.2.9",
    )
    assert forwarding(config, INTERFACE, WEB) == "192.0.2.9"


def test_interface_without_policy_or_with_a_missing_one_routes_normally() -> None:
    assert forwarding(configured(interface=" mtu 1500"), INTERFACE, WEB) is None
    assert forwarding(configured(), INTERFACE, WEB) is None


def test_families_keep_apart() -> None:
    config = load(
        f"""\
interface {INTERFACE}
 ip policy route-map R
 ipv6 policy route-map R
!
ipv6 access-list SIX
 permit tcp 2001:db8::/32 any eq 80
!
route-map R permit 10
 match ipv6 address SIX
 set ipv6 next-hop 2001:db8:ffff::1
!
"""
    )
    six = Packet("2001:db8::1", "2001:db8:1::1", "tcp", 1, 80)
    assert forwarding(config, INTERFACE, six) == "2001:db8:ffff::1"
    assert forwarding(config, INTERFACE, WEB) is None


def test_access_group_ends_in_a_deny_if_it_says_anything() -> None:
    group = " ip access-group WEB in"
    config = configured(*WEB_LIST, interface=group)
    assert admitted(config, INTERFACE, "in", WEB)
    assert not admitted(config, INTERFACE, "in", MAIL)
    assert admitted(config, INTERFACE, "out", MAIL)
    assert admitted(configured(interface=group), INTERFACE, "in", MAIL)
    assert admitted(configured("ip access-list extended WEB", interface=group), INTERFACE, "in", MAIL)


def test_traffic_filter_is_the_access_group_of_ipv6() -> None:
    config = configured(
        "ipv6 access-list SIX", " permit udp any any", interface=" ipv6 traffic-filter SIX out"
    )
    assert not admitted(config, INTERFACE, "out", Packet("2001:db8::1", "2001:db8::2", "tcp", 1, 2))
    assert admitted(config, INTERFACE, "out", Packet("2001:db8::1", "2001:db8::2", "udp", 1, 2))
    assert admitted(config, INTERFACE, "out", WEB)


def test_packet_that_is_not_admitted_is_not_steered() -> None:
    config = configured(
        *WEB_LIST, "route-map R permit 10", " set ip next-hop 192.0.2.1", interface=" ip access-group WEB in"
    )
    assert not pass_in(config, INTERFACE, MAIL).admitted
    assert pass_in(config, INTERFACE, MAIL).next_hop is None


def test_unknown_interface_is_an_error() -> None:
    with pytest.raises(LookupError, match="no interface Te9/9"):
        forwarding(configured(), "Te9/9", WEB)


@pytest.mark.parametrize(
    "lines",
    [
        ("ip access-list standard WEB", " 10 permit any", "!", *STEERED),
        ("access-list 7 permit any", "!", "route-map R permit 10", " match ip address 7"),
        ("route-map R permit 10", " match length 3 200", " set ip next-hop 192.0.2.1"),
        ("route-map R permit 10", " set ip next-hop verify-availability 192.0.2.1 10 track 1"),
        ("route-map R permit 10", " set interface Null0"),
        ("ip access-list extended WEB", " 10 permit tcp any any time-range NIGHT", "!", *STEERED),
    ],
)
def test_what_is_only_kept_is_never_guessed(lines: tuple[str, ...]) -> None:
    with pytest.raises(NotModelled):
        forwarding(configured(*lines), INTERFACE, WEB)
    with pytest.raises(NotModelled):
        ios_steers(configured(*lines))


def test_settings_that_do_not_steer_are_no_hindrance() -> None:
    config = configured("route-map R permit 10", " set ip precedence critical")
    assert forwarding(config, INTERFACE, WEB) is None


@pytest.mark.parametrize(
    "condition",
    ["tcp any any established", "icmp any any echo", "gre any any", "ip 10.0.0.1 0.0.0.2 any"],
)
def test_what_no_flow_says_is_no_steer(condition: str) -> None:
    config = configured("ip access-list extended WEB", f" 10 permit {condition}", "!", *STEERED)
    with pytest.raises(NotModelled, match=condition.partition(" ")[0]):
        ios_steers(config)


def test_what_a_list_denies_is_written_out_in_front_of_what_it_permits() -> None:
    config = configured(
        *("ip access-list extended NOT-MAIL", " 10 deny tcp any any eq smtp", " 20 permit ip any any", "!"),
        *("ip access-list extended TCP", " 10 permit tcp any any", "!"),
        *("route-map R permit 5", " match ip address NOT-MAIL", " set ip next-hop 192.0.2.5", "!"),
        *("route-map R permit 10", " match ip address TCP", " set ip next-hop 192.0.2.10"),
    )
    steers = ios_steers(config)
    for packet in (WEB, MAIL):
        assert led(steers, INTERFACE, packet) == forwarding(config, INTERFACE, packet)
    assert led(steers, INTERFACE, MAIL) == "192.0.2.10"


def test_steers_have_the_interfaces_and_families_apart() -> None:
    config = configured(*WEB_LIST, *STEERED, interface=" ip policy route-map R\n ipv6 policy route-map R")
    assert [steer.next_hop for steer in ios_steers(config)] == [ip_address("192.0.2.1")]
    assert ios_steers(configured(*WEB_LIST, *STEERED, interface=" mtu 1500")) == ()


# A second implementation, from the structure instead of the text, over a universe small enough to try it all.

NETS = ("0.0.0.0/0", "10.0.0.0/30", "10.0.0.1/32", "10.0.0.2/31")
HOSTS = ("10.0.0.1", "10.0.0.2", "10.9.9.9")
PORTS = (25, 80, 81)


@dataclass(frozen=True)
class Entry:
    action: str
    protocol: str
    source: str
    destination: str
    port: tuple[str, int] | None
    dscp: int | None

    def text(self) -> str:
        words = [self.action, self.protocol]
        for net in (self.source, self.destination):
            network = ip_network(net)
            words.append(f"{network.network_address} {network.hostmask}")
        if self.port and self.protocol == "tcp":
            words.append(f"{self.port[0]} {self.port[1]}")
        if self.dscp is not None:
            words.append(f"dscp {self.dscp}")
        return " ".join(words)

    def fits(self, packet: Packet) -> bool:
        return (
            ip_address(packet.source) in ip_network(self.source)
            and ip_address(packet.destination) in ip_network(self.destination)
            and self.dscp in {None, packet.dscp}
            and (self.protocol == "ip" or (packet.protocol == "tcp" and self.takes(packet.destination_port)))
        )

    def takes(self, port: int | None) -> bool:
        if self.port is None or port is None:
            return self.port is None
        operator, number = self.port
        return (
            port
            in {
                "eq": {number},
                "neq": set(PORTS) - {number},
                "gt": {candidate for candidate in PORTS if candidate > number},
                "lt": {candidate for candidate in PORTS if candidate < number},
            }[operator]
        )


entries = st.builds(
    Entry,
    st.sampled_from(["permit", "deny"]),
    st.sampled_from(["ip", "tcp"]),
    st.sampled_from(NETS),
    st.sampled_from(NETS),
    st.none() | st.tuples(st.sampled_from(["eq", "gt", "lt", "neq"]), st.sampled_from(PORTS)),
    st.sampled_from([None, 0, 32]),
)
lists = st.dictionaries(st.sampled_from("ABC"), st.lists(entries, max_size=3), max_size=3)
policies = st.dictionaries(
    st.integers(1, 20),
    st.tuples(
        st.sampled_from(["permit", "deny"]),
        st.lists(st.sampled_from("ABC"), max_size=2, unique=True),
        st.none() | st.sampled_from(["192.0.2.1", "192.0.2.2"]),
    ),
    max_size=4,
)
PACKETS = [
    Packet(source, destination, protocol, 40000, port, dscp)
    for source, destination, protocol, port, dscp in itertools.product(
        HOSTS, HOSTS, ("tcp", "udp"), PORTS, (0, 32)
    )
]


def permits(known: dict[str, list[Entry]], name: str, packet: Packet) -> bool:
    if not known.get(name):
        return True
    return next((entry.action for entry in known[name] if entry.fits(packet)), "deny") == "permit"


@settings(deadline=None)
@given(lists, policies)
def test_every_packet_goes_where_a_second_reading_sends_it(
    known: dict[str, list[Entry]], policy: dict[int, tuple[str, list[str], str | None]]
) -> None:
    lines = []
    for name, chosen in known.items():
        lines += [f"ip access-list extended {name}"]
        lines += [f" {10 * (index + 1)} {entry.text()}" for index, entry in enumerate(dict.fromkeys(chosen))]
    for number, (action, names, hop) in policy.items():
        lines += [f"route-map R {action} {number}"]
        lines += [f" match ip address {' '.join(names)}"] if names else []
        lines += [f" set ip next-hop {hop}"] if hop else []
    config = configured(*lines, interface=" ip policy route-map R\n ip access-group A in")
    steers = ios_steers(config)
    for packet in PACKETS:
        expected = None
        for _, (action, names, hop) in sorted(policy.items()):
            if not names or any(permits(known, name, packet) for name in names):
                expected = hop if action == "permit" else None
                break
        assert forwarding(config, INTERFACE, packet) == expected
        assert led(steers, INTERFACE, packet) == expected
        assert admitted(config, INTERFACE, "in", packet) == permits(known, "A", packet)
