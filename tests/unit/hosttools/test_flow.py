"""Flows: whose their ends are, the ticket they want, the mark they get."""

from ipaddress import ip_address

import pytest

from hosttools.flow import Flow, resolve, whose
from hosttools.marking import rule
from hosttools.programs import ToolError
from hosttools.station import Wish, ticket_request
from lambdastation.client import DscpRequest, PbrClient

CLIENTS = [
    PbrClient("CMS", "Fermilab", ("131.225.0.0/16", "2620:6a::/48")),
    PbrClient("CMS-SRM", "Fermilab", ("131.225.204.0/24",)),
    PbrClient("Tier2", "Caltech", ("192.84.86.0/24",)),
    PbrClient("All", "Elsewhere", ("0.0.0.0/0",)),
]


def flow(local: str = "131.225.204.10", remote: str = "192.84.86.70", **more: tuple[int, ...]) -> Flow:
    ports = {"local_ports": (), "remote_ports": (5201,), **more}
    return Flow("tcp", ip_address(local), ports["local_ports"], ip_address(remote), ports["remote_ports"])


def test_an_end_belongs_to_the_client_with_the_narrowest_block() -> None:
    ends = whose(flow(), CLIENTS)
    assert (ends.local_client, ends.remote_site, ends.remote_client) == ("CMS-SRM", "Caltech", "Tier2")
    ends = whose(flow("131.225.1.1", "8.8.8.8"), CLIENTS)
    assert (ends.local_client, ends.remote_site) == ("CMS", "Elsewhere")
    ends = whose(flow("2620:6a::1", "2001:db8::1"), CLIENTS)
    assert (ends.local_client, ends.remote_site) == ("CMS", None)
    assert whose(flow(), []).local_client is None


def test_a_ticket_is_for_exactly_the_flow() -> None:
    asked = ticket_request(flow(local_ports=(6000,)), Wish(path="red", dscp=-1), whose(flow(), CLIENTS))
    assert (asked.src_client, asked.src_ip, asked.src_port) == ("CMS-SRM", "131.225.204.10/32", "tcp eq 6000")
    assert (asked.dst_site, asked.dst_client) == ("Caltech", "Tier2")
    assert (asked.dst_ip, asked.dst_port) == ("192.84.86.70/32", "tcp eq 5201")
    assert (asked.local_path, asked.dscp_request_out, asked.dscp_out) == ("red", DscpRequest.YES, None)


def test_what_is_said_goes_before_what_is_found() -> None:
    wish = Wish(local_client="Mine", remote_site="UNL", dscp=32)
    asked = ticket_request(flow(), wish, whose(flow(), CLIENTS))
    assert (asked.src_client, asked.dst_site, asked.dst_client, asked.dscp_out) == ("Mine", "UNL", None, 32)


def test_an_end_that_nobody_has_must_be_named() -> None:
    lonely = flow("131.225.204.10", "2001:db8::1")
    with pytest.raises(ToolError, match=r"2001:db8::1: name the other site with --dst-site"):
        ticket_request(lonely, Wish(), whose(lonely, CLIENTS))


def test_a_mark_is_for_exactly_the_flow() -> None:
    assert rule(flow(local_ports=(6000, 6001)), 32) == (
        "ip saddr 131.225.204.10 ip daddr 192.84.86.70 meta l4proto tcp "
        "tcp sport { 6000, 6001 } tcp dport { 5201 } ip dscp set 32"
    )
    assert rule(flow("2620:6a::1", "2001:db8::1"), 0).startswith("ip6 saddr 2620:6a::1 ip6 daddr 2001:db8::1")


@pytest.mark.parametrize("host", ["nowhere.invalid", "", "a" * 300, "\x00", "300.1.1.1"])
def test_a_host_without_an_address_is_said_to_have_none(host: str) -> None:
    with pytest.raises(ToolError, match="has no address"):
        resolve(host)
