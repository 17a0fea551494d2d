"""Which path a flow takes, by the tickets there are."""

from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address

import pytest

from hosttools.flow import Ends, Flow
from hosttools.record import On
from hosttools.standing import covers, standing
from hosttools.station import Surroundings, state_words
from lambdastation.client import Outcome, Path, State, Ticket

FLOW = Flow("tcp", ip_address("131.225.204.10"), (), ip_address("192.84.86.70"), (5201,))
BLUE = Path("ESnet", "blue", production=True, bits_per_second=1)
RED = Path("StarLight10G", "red", production=False, bits_per_second=1)
AROUND = Surroundings(BLUE, (BLUE, RED), Ends(None, None, None))
TICKET = Ticket(
    ticket_id=5,
    remote_ticket_id=0,
    state=State.ACTIVE,
    src_site="Fermilab",
    src_client=None,
    src_ip="131.225.204.0/24, 2620:6a::/48",
    src_port=None,
    dst_site="Caltech",
    dst_client=None,
    dst_ip="192.84.86.64/26",
    dst_port="udp, tcp range 5000-6000, tcp eq 7000",
    local_path="StarLight10G",
    remote_path=None,
    out_bits_per_second=1,
    in_bits_per_second=1,
    dscp_request_out=None,
    dscp_request_in=None,
    dscp_out=None,
    dscp_in=None,
    start_at=datetime(2026, 6, 1, tzinfo=UTC),
    end_at=datetime(2026, 6, 1, 1, tzinfo=UTC),
    actual_end_at=None,
    credential_subject="CN=x",
    station="FNAL",
    answered=None,
    outcome=None,
    reason=None,
    dry_run=False,
)
SWAPPED = replace(
    TICKET, src_ip=TICKET.dst_ip, src_port=TICKET.dst_port, dst_ip=TICKET.src_ip, dst_port=TICKET.src_port
)


@pytest.mark.parametrize("ticket", [TICKET, SWAPPED])
def test_a_ticket_covers_a_flow_whichever_end_it_calls_source(ticket: Ticket) -> None:
    assert covers(ticket, FLOW)
    assert covers(ticket, replace(FLOW, remote_ports=(7000,), local_ports=(1,)))
    assert covers(ticket, replace(FLOW, protocol="udp", remote_ports=()))
    assert not covers(ticket, replace(FLOW, remote_ports=(7001,)))
    assert not covers(ticket, replace(FLOW, remote_ports=()))
    assert not covers(ticket, replace(FLOW, local=ip_address("131.225.205.1")))
    assert not covers(ticket, replace(FLOW, remote=ip_address("192.84.86.1")))
    assert not covers(ticket, replace(FLOW, protocol="icmp", remote_ports=()))


@pytest.mark.parametrize(
    ("words", "port", "within"),
    [
        ("tcp", 1, True),
        ("tcp le 3200", 3200, True),
        ("tcp le 3200", 3201, False),
        ("tcp ge 1024", 1023, False),
        ("tcp ge 1024", 65535, True),
        ("tcp range 5000 6000", 5500, True),
        ("udp eq 5", 5, False),
    ],
)
def test_port_words_are_read(words: str, port: int, *, within: bool) -> None:
    assert covers(replace(TICKET, dst_port=words), replace(FLOW, remote_ports=(port,))) is within


def test_an_active_ticket_goes_before_one_that_comes() -> None:
    later = replace(TICKET, ticket_id=6, state=State.SCHEDULED)
    now = standing(FLOW, None, [later, TICKET], AROUND)
    assert (now.on, now.path) == (On.ALTERNATE, "StarLight10G (red)")
    assert now.why == "ticket 5 is active, until 2026-06-01 01:00:00 UTC"
    soon = standing(FLOW, None, [later], AROUND)
    assert (soon.on, soon.path) == (On.PRODUCTION, "ESnet (blue)")
    assert soon.why == "ticket 6 begins at 2026-06-01 00:00:00 UTC"


def test_why_a_flow_is_on_the_production_path_is_said() -> None:
    marked = replace(TICKET, dscp_out=48)
    assert standing(FLOW, 48, [marked], AROUND).on is On.ALTERNATE
    bare = standing(FLOW, None, [marked], AROUND)
    assert (bare.on, bare.why) == (On.PRODUCTION, "ticket 5 is for packets with DSCP 48 alone, these carry 0")
    assert standing(FLOW, None, [], AROUND).why == "no ticket is for these packets"
    rehearsed = standing(FLOW, None, [replace(TICKET, dry_run=True)], AROUND)
    assert (rehearsed.on, rehearsed.path) == (On.PRODUCTION, "ESnet (blue)")
    assert "rehearsed" in rehearsed.why
    releasing = standing(FLOW, None, [replace(TICKET, state=State.RELEASING)], AROUND)
    assert releasing.on is On.CHANGING
    unknown = Surroundings(None, (), Ends(None, None, None))
    assert standing(FLOW, None, [], unknown).path == "the production path"


def test_a_ticket_that_ends_before_its_time_says_why() -> None:
    over = replace(TICKET, state=State.RELEASED, outcome=Outcome.FAILED, reason="r1 refused the policy")
    assert state_words(over) == "ticket 5 released: failed, r1 refused the policy"
    assert state_words(replace(over, outcome=Outcome.COMPLETED)) == "ticket 5 released: completed"
    assert state_words(TICKET) == "ticket 5 active"
