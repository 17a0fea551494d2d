"""What packets tell that were sent to see whether a path is up."""

from ipaddress import ip_address, ip_network

import pytest

from lab.following import Way
from lab.lab import RouterFacts
from netconfig.intent import FlowMatch, PolicyRoute, PortRange, Protocol
from pathservice.probe import NotAsked, Question, answer, ask
from pathservice.verify import Verdict

WEST = RouterFacts("west-border", "west", "linux_nft", "127.0.0.1", 22, "/proc/1/fd/3")
RED, GREEN = ip_address("198.51.100.2"), ip_address("203.0.113.2")
FLOWS = tuple(
    FlowMatch(
        ip_network("10.1.0.11/32"), ip_network("10.2.0.11/32"), Protocol.UDP, None, PortRange(port, port)
    )
    for port in (5001, 6001)
)
ROUTE = PolicyRoute("inside", RED, FLOWS)

BY_RED = Way(entered=True, left_by="red", came_by="red", arrived=True)
BY_BLUE = Way(entered=True, left_by="blue", came_by="blue", arrived=True)
SILENT_RED = Way(entered=True, left_by="red", came_by="red")
SILENT_BLUE = Way(entered=True, left_by="blue", came_by="blue")
LOST_ON_RED = Way(entered=True, left_by="red")
LOST_ON_BLUE = Way(entered=True, left_by="blue")
LOST_AT_ROUTER = Way(entered=True)
NEVER_CAME = Way()


def asked(route: PolicyRoute = ROUTE) -> Question:
    return ask(WEST, route, route.next_hop, FLOWS)


def test_question_is_a_packet_for_each_flow_and_one_beside_them() -> None:
    question = asked()
    assert question.path == "red"
    assert [packet.destination_port for packet in question.packets] == [5001, 6001, 5002]


def test_fallback_is_where_packets_have_to_go_while_the_next_hop_is_down() -> None:
    assert ask(WEST, ROUTE, GREEN, FLOWS).path == "green"


@pytest.mark.parametrize(
    ("route", "words"),
    [
        (PolicyRoute("outside", RED, FLOWS), "no hosts at outside"),
        (PolicyRoute("inside", ip_address("192.0.2.99"), FLOWS), "no path to 192.0.2.99"),
        (PolicyRoute("inside", RED, tuple(flow.reversed() for flow in FLOWS)), "no host of the lab"),
    ],
)
def test_what_the_lab_has_no_packets_for_is_not_asked(route: PolicyRoute, words: str) -> None:
    with pytest.raises(NotAsked, match=words):
        asked(route)


@pytest.mark.parametrize(
    ("own", "beside", "verdict", "words"),
    [
        (
            BY_RED,
            BY_BLUE,
            Verdict.UP,
            "went by red; udp 10.1.0.11:40000 > 10.2.0.11:5002, which no ticket is",
        ),
        (BY_BLUE, BY_BLUE, Verdict.NOT_UP, "udp 10.1.0.11:40000 > 10.2.0.11:6001 went by blue, not by red"),
        (SILENT_RED, BY_BLUE, Verdict.NOT_UP, "came to the other site by red, and was thrown away there"),
        (SILENT_BLUE, BY_BLUE, Verdict.NOT_UP, "went by blue, not by red"),
        (LOST_ON_RED, BY_BLUE, Verdict.NOT_UP, "left west-border by red, and did not come to the other site"),
        (LOST_AT_ROUTER, BY_BLUE, Verdict.NOT_UP, "came to west-border, and did not leave it"),
        (NEVER_CAME, BY_BLUE, Verdict.UNKNOWN, "did not come to west-border"),
        (BY_RED, BY_RED, Verdict.NOT_UP, "it steers more than it should: udp 10.1.0.11:40000 > "),
        (BY_RED, LOST_ON_RED, Verdict.NOT_UP, "which no ticket is for, went by red"),
        (BY_RED, SILENT_RED, Verdict.NOT_UP, "which no ticket is for, went by red"),
        (BY_RED, SILENT_BLUE, Verdict.UNKNOWN, "whether it steers more cannot be told"),
        (BY_RED, LOST_ON_BLUE, Verdict.UNKNOWN, "whether it steers more cannot be told"),
        (BY_RED, LOST_AT_ROUTER, Verdict.UNKNOWN, "whether it steers more cannot be told"),
        (NEVER_CAME, BY_RED, Verdict.NOT_UP, "it steers more than it should"),
    ],
)
def test_worst_of_what_packets_tell_is_the_answer(
    own: Way, beside: Way, verdict: Verdict, words: str
) -> None:
    found = answer(asked(), [BY_RED, own, beside])
    assert found.verdict is verdict
    assert words in found.words


def test_packet_that_certainly_went_astray_is_told_before_one_of_which_nothing_is_known() -> None:
    found = answer(asked(), [NEVER_CAME, BY_BLUE, BY_BLUE])
    assert found.verdict is Verdict.NOT_UP
    assert found.words.startswith("of 2 packets of it, udp 10.1.0.11:40000 > 10.2.0.11:6001 went by blue")


def test_flows_of_hosts_that_the_lab_has_not_are_told() -> None:
    elsewhere = FlowMatch(ip_network("10.1.0.99/32"), ip_network("10.2.0.11/32"))
    found = answer(asked(PolicyRoute("inside", RED, (FLOWS[0], elsewhere))), [BY_RED, BY_BLUE])
    assert found.verdict is Verdict.UP
    assert "went by red; no host of the lab has packets of 1 more of its flows; udp" in found.words


def test_ticket_for_all_that_hosts_send_has_nothing_beside_it() -> None:
    everything = FlowMatch(ip_network("10.1.0.0/24"), ip_network("10.2.0.0/24"))
    question = asked(PolicyRoute("inside", RED, (everything,)))
    assert question.beside is None
    found = answer(question, [BY_RED])
    assert found.verdict is Verdict.UP
    assert found.words == (
        "udp 10.1.0.11:40000 > 10.2.0.11:33434 went by red; the lab has no packet that should stay on blue"
    )
