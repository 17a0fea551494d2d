"""Packets and labels that a modified reservation had: its own until the devices have let them go."""

from collections.abc import Callable
from datetime import datetime
from ipaddress import ip_network

import pytest
from sqlalchemy import select

from netconfig.intent import FlowMatch
from reservation import conflicts, labels, service
from reservation.errors import FlowConflict, LabelsTaken
from reservation.flows import FlowSpec
from reservation.model import (
    FlowRequest,
    LabelRequest,
    Request,
    TimeSlot,
)
from reservation.tables import ClaimRow, FlowRow
from tests.unit.activation.conftest import HOUR, KIND, NOON, SECOND, House
from tests.unit.activation.test_modifications import LATER, POOL, intent, modify, parts


@pytest.fixture
def steered(house: House) -> House:
    """The house with flows and a pool of two labels."""

    def set_up(session: object) -> None:
        conflicts.offer_flows(session, "Fermilab", now=NOON)  # type: ignore[arg-type]
        labels.offer_labels(session, POOL, [48, 49], now=NOON)  # type: ignore[arg-type]

    house.store.write(set_up)
    return house


def flows(network: str, path: str = "red") -> FlowRequest:
    match = FlowMatch(ip_network(network), ip_network("0.0.0.0/0"))
    return FlowRequest("Fermilab", path, FlowSpec.of([match]))


def book(
    house: House,
    network: str,
    path: str = "red",
    *,
    label: int | None = None,
    end: datetime = NOON + HOUR,
) -> int:
    request = Request(
        kind=KIND,
        owner="CN=Someone",
        slot=TimeSlot(house.clock.now(), end),
        hold_until=end,
        flows=flows(network, path),
        labels=() if label is None else (LabelRequest(POOL, frozenset({label})),),
        parts=parts(what=intent(network)),
    )
    number = house.store.write(lambda session: service.hold(session, request, now=house.clock.now())).id
    return house.confirm(number)


@pytest.mark.any_database("flows and labels are found by the database")
def test_packets_and_label_of_before_are_its_own_until_the_devices_let_them_go(steered: House) -> None:
    number = book(steered, "10.2.0.0/24", label=48)
    steered.run()
    steered.near.away = True
    modify(
        steered,
        number,
        flows=flows("10.3.0.0/24"),
        labels=(LabelRequest(POOL, frozenset({49})),),
        parts=parts(what=intent("10.3.0.0/24")),
    )
    steered.run()
    with pytest.raises(FlowConflict):
        book(steered, "10.2.0.0/24", "green")
    with pytest.raises(FlowConflict):
        book(steered, "10.3.0.0/24", "green")
    for label in (48, 49):
        with pytest.raises(LabelsTaken):
            book(steered, "10.5.0.0/24", label=label)
    steered.near.away = False
    steered.at(NOON + HOUR / 2)
    assert steered.view(number).modifying_since is None
    book(steered, "10.2.0.0/24", "green", label=48)
    with pytest.raises(FlowConflict):
        book(steered, "10.3.0.0/24", "green")
    leaving = steered.store.read(
        lambda session: (
            session.scalars(select(ClaimRow.id).where(ClaimRow.leaving)).all(),
            session.scalars(select(FlowRow.leaving).where(FlowRow.leaving.is_not(None))).all(),
        )
    )
    assert leaving == ([], [])


def extend(house: House, number: int) -> None:
    end = NOON + 2 * HOUR
    house.store.write(lambda s: service.extend(s, number, kind=KIND, end=end, now=house.clock.now()))


def lengthen(house: House, number: int) -> None:
    modify(house, number, slot=TimeSlot(NOON, NOON + 2 * HOUR))


def lengthen_with_other_packets(house: House, number: int) -> None:
    modify(
        house,
        number,
        slot=TimeSlot(NOON, NOON + 2 * HOUR),
        flows=flows("10.4.0.0/24"),
        parts=parts(what=intent("10.4.0.0/24")),
    )


@pytest.mark.any_database("flows and labels are found by the database")
@pytest.mark.parametrize("longer", [extend, lengthen, lengthen_with_other_packets])
def test_packets_and_label_of_before_stay_its_own_for_all_of_a_longer_slot(
    steered: House, longer: Callable[[House, int], None]
) -> None:
    number = book(steered, "10.2.0.0/24", label=48)
    steered.run()
    steered.near.away = True
    new, what = LabelRequest(POOL, frozenset({49})), parts(what=intent("10.3.0.0/24"))
    modify(steered, number, flows=flows("10.3.0.0/24"), labels=(new,), parts=what)
    steered.run()
    longer(steered, number)
    steered.at(NOON + 1.5 * HOUR)
    last = NOON + 2 * HOUR
    with pytest.raises(FlowConflict):
        book(steered, "10.2.0.0/24", "green", end=last)
    with pytest.raises(LabelsTaken):
        book(steered, "10.5.0.0/24", label=48, end=last)
    steered.near.away = False
    steered.at(NOON + 1.6 * HOUR)
    book(steered, "10.2.0.0/24", "green", label=48, end=last)


@pytest.mark.any_database("flows and labels are found by the database")
def test_packets_of_a_later_slot_are_promised_and_those_of_now_kept(steered: House) -> None:
    number = book(steered, "10.2.0.0/24")
    steered.run()
    steered.far.away = True
    modify(steered, number, slot=LATER, flows=flows("10.3.0.0/24"), parts=parts(what=intent("10.3.0.0/24")))
    steered.run()
    with pytest.raises(FlowConflict):
        book(steered, "10.2.0.0/24", "green")
    book(steered, "10.3.0.0/24", "green")
    steered.far.away = False
    steered.at(NOON + HOUR / 2 + SECOND)
    book(steered, "10.2.0.0/24", "green")
