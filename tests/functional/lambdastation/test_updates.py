"""updateFlowSpecs: a ticket becomes one for other packets, or stays as it was."""

from datetime import timedelta
from typing import Any

import pytest
import zeep
from sqlalchemy import select

from lambdastation.caller import Caller
from lambdastation.errors import TooLate
from lambdastation.site import AuthorizationRule
from lambdastation.ticket import TicketRequest
from netconfig.intent import PolicyRoute, load_intent
from reservation import sharing
from reservation.lifecycle import Cause, State
from reservation.moves import lock_reservation, move
from reservation.tables import PartRow, ReservationRow

USER = "CN=Example User,OU=Demo,O=Path Service"
OPERATOR = "CN=Operator,OU=Demo,O=Path Service"
POOL = "CN=Pool,OU=Demo,O=Path Service"
ISSUER = "CN=Demo Certificate Authority,O=Path Service"
OURS, THEIRS = "131.225.204.16/28", "192.84.86.64/26"
OPENED = {"dstSite": "Caltech", "travelTime": 600, "srcIP": OURS, "dstIP": THEIRS, "outBW": "2G"}


@pytest.fixture(autouse=True)
def pool_is_allowed(station: Any) -> None:
    rules = (*station.site.authorization, AuthorizationRule(action="allow", subject=POOL))
    station.service.replace_site(station.site.model_copy(update={"authorization": rules}))


@pytest.fixture
def client(station: Any) -> zeep.Client:
    """A client that knows nothing but the WSDL, and ticket 1."""
    found: zeep.Client = station.client()
    assert found.service.openSvcTicket(svcTicket=OPENED).localTicketId == 1
    return found


def update(station: Any, *, as_: str = USER, **change: object) -> bool | tuple[str | None, str | None]:
    """True, or the fault's code and field."""
    try:
        answer = station.client(as_).service.updateFlowSpecs(svcTicket={"localTicketId": 1, **change})
    except zeep.exceptions.Fault as fault:
        told = {element.tag.partition("}")[2]: element.text for element in fault.detail[0]}
        return told["code"], told.get("field")
    assert isinstance(answer, bool)
    return answer


def steered(station: Any, number: int = 1) -> set[tuple[str, str, int | None, bool]]:
    """Source, destination and DSCP of what the parts steer, and whether the part is superseded."""
    query = select(PartRow).where(PartRow.reservation_id == number)
    parts = station.store.read(lambda session: session.scalars(query).all())
    return {
        (str(flow.source), str(flow.destination), flow.dscp, part.superseded)
        for part in parts
        for intent in [load_intent(part.intent)]
        if isinstance(intent, PolicyRoute)
        for flow in intent.flows
    }


def activate(station: Any, number: int = 1) -> None:
    def work(session: Any) -> None:
        for cause in (Cause.START, Cause.IN_SYNC):
            move(session, lock_reservation(session, number), cause, now=station.clock.now, actor="worker")
        for part in session.scalars(select(PartRow)):
            part.wanted = True

    station.store.write(work)


def test_flows_and_bandwidth_are_changed_and_the_rest_stays(station: Any, client: zeep.Client) -> None:
    before = client.service.getTicket(ticketId=1)
    assert client.service.updateFlowSpecs(
        svcTicket={"localTicketId": 1, "dstIP": "192.84.86.0/25", "dstPort": "tcp eq 5001", "inBW": "3G"}
    )
    after = client.service.getTicket(ticketId=1)
    assert (after.srcIP, after.dstIP, after.dstPort) == (OURS, "192.84.86.0/25", "tcp eq 5001")
    assert (after.outBW, after.inBW) == ("2000000000", "3000000000")
    changed = {"dstIP", "dstPort", "inBW"}
    assert all(after[name] == before[name] for name in dir(before) if name not in changed)
    assert steered(station) == {(OURS, "192.84.86.0/25", None, False)}
    assert station.audit[-2].operation == "updateFlowSpecs"
    assert station.audit[-2].ticket_id == 1


def test_an_active_one_stays_active_with_the_old_beside_the_new(station: Any, client: zeep.Client) -> None:
    activate(station)
    assert update(station, srcIP="131.225.204.0/24") is True
    assert client.service.getTicket(ticketId=1).state == "active"
    assert steered(station) == {(OURS, THEIRS, None, True), ("131.225.204.0/24", THEIRS, None, False)}
    row = station.store.read(lambda session: session.get_one(ReservationRow, 1))
    assert (row.next_action_at, row.modifying_since) == (station.clock.now, station.clock.now)


def test_a_whole_ticket_sent_back_with_new_flows_is_taken(station: Any, client: zeep.Client) -> None:
    ticket = client.service.getTicket(ticketId=1)
    ticket.srcIP = "131.225.204.32/28"
    assert client.service.updateFlowSpecs(svcTicket=ticket) is True
    assert client.service.getTicket(ticketId=1).srcIP == "131.225.204.32/28"


def test_what_is_so_already_changes_nothing(station: Any, client: zeep.Client) -> None:
    rows = station.rows()
    for _ in range(2):
        assert update(station, srcIP=OURS, outBW="2G") is True
    assert station.rows() == rows
    assert steered(station) == {(OURS, THEIRS, None, False)}


def test_bandwidth_alone_leaves_the_routers_alone(station: Any, client: zeep.Client) -> None:
    activate(station)
    assert update(station, outBW="9G") is True
    assert steered(station) == {(OURS, THEIRS, None, False)}
    assert station.store.read(lambda session: session.get_one(ReservationRow, 1)).modifying_since is None


def test_addresses_of_one_family_narrow_those_that_were_not_named(station: Any) -> None:
    client = station.client()
    client.service.openSvcTicket(svcTicket={"dstSite": "Caltech", "travelTime": 600})
    assert "2620:6a:0:204::/64" in client.service.getTicket(ticketId=1).srcIP
    assert update(station, dstIP=THEIRS) is True
    assert client.service.getTicket(ticketId=1).srcIP == "131.225.204.0/24"


def test_new_flow_is_the_one_that_is_joined(station: Any, client: zeep.Client) -> None:
    assert update(station, srcIP="131.225.204.32/28") is True
    asked = {**OPENED, "srcIP": "131.225.204.32/28"}
    assert client.service.openSvcTicket(svcTicket=asked, mode="auto").localTicketId == 1
    assert client.service.openSvcTicket(svcTicket=OPENED, mode="auto").localTicketId == 2


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"srcIP": "10.0.0.0/8"}, "outside-client", "srcIP"),
        ({"dstIP": "8.8.8.0/24"}, "outside-client", "dstIP"),
        ({"dstPort": "5000"}, "bad-value", "dstPort"),
        ({"srcIP": "131.225.204.1/28"}, "bad-value", "srcIP"),
        ({"outBW": "fast"}, "bad-value", "outBW"),
        ({"outBW": "11G"}, "capacity-exceeded", "outBW"),
        ({"inBW": "9900M"}, "capacity-exceeded", "inBW"),
        ({"dstIP": "2605:d9c0:2:86::/64"}, "contradiction", None),
        ({"dstSite": "UNL"}, "contradiction", "dstSite"),
        ({"localPath": "UltraScienceNet"}, "contradiction", "localPath"),
        ({"dscpOut": 7}, "contradiction", "dscpOut"),
        ({"travelTime": 601}, "contradiction", "travelTime"),
        ({"srcIP": "131.225.204.128/25"}, "flow-conflict", "srcIP"),
        ({"localTicketId": 4711}, "not-found", "localTicketId"),
        ({"localTicketId": None}, "field-missing", "localTicketId"),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else None,
)
def test_what_does_not_fit_is_told_and_leaves_the_ticket(
    station: Any, client: zeep.Client, change: dict[str, Any], code: str, field: str | None
) -> None:
    other = {**OPENED, "srcIP": "131.225.204.128/25", "localPath": "UltraScienceNet"}
    client.service.openSvcTicket(svcTicket=other)
    client.service.openSvcTicket(svcTicket={**OPENED, "srcIP": "131.225.204.64/28", "inBW": "500M"})
    before, parts = client.service.getTicket(ticketId=1), steered(station)
    told = update(station, **change)
    assert isinstance(told, tuple)
    assert told[0] == code
    assert field is None or told[1] == field
    assert (client.service.getTicket(ticketId=1), steered(station)) == (before, parts)


def test_conflict_names_the_other_ticket(station: Any, client: zeep.Client) -> None:
    other = {**OPENED, "srcIP": "131.225.204.128/25", "localPath": "UltraScienceNet"}
    client.service.openSvcTicket(svcTicket=other)
    with pytest.raises(zeep.exceptions.Fault, match="ticket 2 steers some of the same packets"):
        client.service.updateFlowSpecs(svcTicket={"localTicketId": 1, "srcIP": "131.225.204.0/24"})


def test_others_may_not_and_an_operator_may(station: Any, client: zeep.Client) -> None:
    assert update(station, as_=POOL, outBW="1G") == ("not-authorized", "localTicketId")
    assert update(station, as_=OPERATOR, outBW="1G") is True
    assert update(station, as_="CN=Nobody", outBW="1G") == ("not-authorized", None)


def test_a_shared_ticket_is_not_changed_under_the_others(station: Any, client: zeep.Client) -> None:
    station.client(POOL).service.openSvcTicket(svcTicket=OPENED, mode="join")
    for subject in (USER, POOL):
        assert update(station, as_=subject, outBW="1G") == ("not-authorized", "localTicketId")
    station.client(POOL).service.cancelTicket(ticketId=1)
    assert update(station, outBW="1G") is True
    assert update(station, as_=POOL, outBW="1G") == ("not-authorized", "localTicketId")


def test_who_left_it_may_not(station: Any, client: zeep.Client) -> None:
    station.client(POOL).service.openSvcTicket(svcTicket=OPENED, mode="join")
    client.service.cancelTicket(ticketId=1)
    assert update(station, outBW="1G") == ("not-authorized", "localTicketId")
    taking_part = station.store.read(lambda session: sharing.participants(session, 1))
    assert [one.left_at is None for one in taking_part] == [False, True]


def test_what_is_over_is_too_late(station: Any, client: zeep.Client) -> None:
    station.clock.advance(timedelta(seconds=600))
    assert update(station, outBW="1G") == ("too-late", "localTicketId")
    client.service.cancelTicket(ticketId=1)
    with pytest.raises(TooLate):
        station.service.update_flows(1, TicketRequest(out_bandwidth="1G"), caller=Caller(OPERATOR, ISSUER))
    assert client.service.getTicket(ticketId=1).state == State.CANCELLED


def test_marked_ticket_keeps_its_mark(station: Any) -> None:
    client = station.client()
    opened = client.service.openSvcTicket(svcTicket={**OPENED, "dscpRequestOut": "YES"})
    assert opened.dscpOut == 48
    assert update(station, srcIP="131.225.204.0/24") is True
    assert client.service.getTicket(ticketId=1).dscpOut == 48
    assert steered(station) == {("131.225.204.0/24", THEIRS, 48, False)}
