"""Tickets with traffic: what moves, what stays, and that nothing is left; all is counted at both routers."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from lab.sites import PRODUCTION
from lambdastation.ticket import Mode, TicketRequest
from reservation import sharing
from reservation.lifecycle import State
from tests.functional.lab.flows import Left
from tests.functional.lab.stage import CLIENT, CLIENTS, HOUR, Stage, stage

STAYS = ({PRODUCTION.colour}, {PRODUCTION.colour})
RED = ({"red"}, {"red"})
GREEN = ({"green"}, {"green"})


@pytest.fixture(scope="module")
def whole_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("stage")) as made:
        yield made


@pytest.fixture
def lit(whole_stage: Stage) -> Iterator[Stage]:
    """The stage; at the end of the test both routers' configurations are again what they were."""
    before = whole_stage.text()
    yield whole_stage
    whole_stage.over_with_all()
    assert whole_stage.text() == before


def test_both_directions_of_a_flow_move_and_come_back(lit: Stage) -> None:
    assert lit.ways(5001) == [STAYS]
    number = lit.active("udp eq 5001")
    assert lit.ways(5001) == [RED]
    lit.over(number)
    assert lit.ways(5001) == [STAYS]


def test_flow_of_other_ports_never_leaves_production(lit: Stage) -> None:
    watch = lit.watch(5001, 5002)
    with lit.flow(5002).going() as beside:
        number = lit.active("udp eq 5001")
        beside.wait_for_more()
        lit.flow(5001).pass_one()
        lit.over(number)
        beside.wait_for_more()
    assert watch.left() == {5001: alone("red", 1), 5002: alone(PRODUCTION.colour, beside.passed)}


def test_two_tickets_on_two_colours_each_go_their_own_way(lit: Stage) -> None:
    red, green = (
        lit.ask(f"udp eq {port}", by=colour).ticket_id for port, colour in ((5001, "red"), (5002, "green"))
    )
    lit.until_state(State.ACTIVE, red, green)
    assert lit.ways(5001, 5002, 5003) == [RED, GREEN, STAYS]
    lit.over(red)
    assert lit.ways(5001, 5002, 5003) == [STAYS, GREEN, STAYS]
    lit.over(green)
    assert lit.ways(5001, 5002, 5003) == [STAYS] * 3


def test_forty_tickets_that_start_at_once_move_forty_flows(lit: Stage) -> None:
    ports = range(7001, 7041)
    assert lit.ways(*ports) == [STAYS] * 40
    start = lit.clock.now() + HOUR
    colours = ["red", "green"] * 20
    numbers = [
        lit.ask(f"udp eq {port}", by=colour, start=start).ticket_id
        for port, colour in zip(ports, colours, strict=True)
    ]
    lit.until_settled()
    before = lit.pushes()
    lit.clock.ahead += HOUR
    lit.until_state(State.ACTIVE, *numbers)
    # Together, not one after the other.
    assert lit.pushes() - before < len(numbers)
    assert lit.ways(*ports) == [RED, GREEN] * 20
    lit.clock.ahead += HOUR
    lit.until_over(*numbers)
    assert lit.ways(*ports) == [STAYS] * 40


def test_five_who_join_share_one_path_until_the_last_leaves(lit: Stage) -> None:
    number = lit.active("udp eq 5001", caller=CLIENTS[0], mode=Mode.AUTO)
    lit.until_settled()
    text, pushes = lit.text(), lit.pushes()
    joined = [lit.ask("udp eq 5001", caller=client, mode=Mode.JOIN) for client in CLIENTS[1:]]
    assert [(ticket.ticket_id, ticket.answered) for ticket in joined] == [(number, Mode.JOIN)] * 4
    assert staying(lit, number) == {client.subject for client in CLIENTS}
    watch = lit.watch(5001)
    with lit.flow(5001).going() as flow:
        for gone, client in enumerate(CLIENTS[:-1], start=1):
            lit.give_up(number, client)
            assert staying(lit, number) == {one.subject for one in CLIENTS[gone:]}
        lit.until_settled()
        flow.wait_for_more()
    assert watch.left() == {5001: alone("red", flow.passed)}
    assert (lit.text(), lit.pushes()) == (text, pushes)
    lit.give_up(number, CLIENTS[-1])
    lit.until_over(number)
    assert lit.ways(5001) == [STAYS]


def staying(lit: Stage, number: int) -> set[str]:
    """Who still takes part in a ticket."""
    found = lit.serving.store.read(lambda session: sharing.participants(session, number))
    return {one.participant.subject for one in found if one.left_at is None}


def test_longer_ticket_moves_no_packet(lit: Stage) -> None:
    number = lit.active("udp eq 5001")
    lit.until_settled()
    text, pushes, end = lit.text(), lit.pushes(), lit.ticket(number).end_at
    watch = lit.watch(5001)
    with lit.flow(5001).going() as flow:
        longer = lit.ask("udp eq 5001", mode=Mode.EXTEND, length=3 * HOUR)
        assert (longer.ticket_id, longer.answered) == (number, Mode.EXTEND)
        assert longer.end_at > end + HOUR
        lit.until_settled()
        flow.wait_for_more()
        # Past the end that it had.
        lit.clock.ahead += 2 * HOUR
        lit.until_settled()
        assert lit.ticket(number).state is State.ACTIVE
        flow.wait_for_more()
    assert watch.left() == {5001: alone("red", flow.passed)}
    assert (lit.text(), lit.pushes()) == (text, pushes)
    lit.clock.ahead += 2 * HOUR
    lit.until_over(number)
    assert lit.ways(5001) == [STAYS]


def test_ticket_for_more_flows_moves_those_alone(lit: Stage) -> None:
    number = lit.active("udp eq 5001")
    # What stands beside it on the routers is another's, and stays too.
    other = lit.active("udp eq 5004", by="green")
    watch = lit.watch(5001, 5004, 5005)
    with ExitStack() as closing:
        going = [closing.enter_context(lit.flow(port).going()) for port in (5001, 5004, 5005)]
        # A neighbour, with which the routers have a range instead of the one port, and one apart.
        update(lit, number, "udp eq 5001,udp eq 5002,udp eq 5007")
        for flow in going:
            flow.wait_for_more()
    red, green, beside = (flow.passed for flow in going)
    assert watch.left() == {
        5001: alone("red", red),
        5004: alone("green", green),
        5005: alone(PRODUCTION.colour, beside),
    }
    assert lit.ways(5001, 5002, 5003, 5004, 5007) == [RED, RED, STAYS, GREEN, RED]
    update(lit, number, "udp eq 5002")
    assert lit.ways(5001, 5002, 5004, 5007) == [STAYS, RED, GREEN, STAYS]
    lit.over(number, other)
    assert lit.ways(5001, 5002, 5004, 5007) == [STAYS] * 4


def update(lit: Stage, number: int, ports: str) -> None:
    """Let a ticket be for other ports, and see the routers follow."""
    lit.serving.tickets.update_flows(number, TicketRequest(dst_port=ports), caller=CLIENT)
    lit.until_modified(number)
    assert lit.ticket(number).state is State.ACTIVE


def alone(colour: str, packets: int) -> Left:
    """So many packets and their answers left by that path, and none by another."""
    return {colour: packets}, {colour: packets}
