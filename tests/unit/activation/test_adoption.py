"""A reservation made again from what its devices carry: nothing of it goes before its end."""

from collections.abc import Callable, Mapping

import pytest
from sqlalchemy.orm import Session

from activation import leases
from activation.adoption import NotAdopted, start_adopted
from activation.evictions import NoStranger, order_eviction, strange_fingerprint
from activation.reconcile import reconcile
from netconfig.driver import ADOPTED, Config, Placement
from reservation import service
from reservation.lifecycle import State
from reservation.model import ClaimRequest, PartRequest, Request, TimeSlot
from reservation.parts import parts_of
from reservation.pauses import PauseCause, begin_pause
from tests.unit.activation.conftest import FAR, HOUR, INTENT, KIND, NEAR, NOON, PATH, BoxDriver, House

NUMBER = 7
LOST = "of-another-database"
ANN = "operator ann"


def adopt(house: House, placements: Mapping[str, Placement]) -> None:
    request = Request(
        kind=KIND,
        owner="CN=Someone",
        slot=TimeSlot(house.clock.now(), house.clock.now() + HOUR),
        hold_until=house.clock.now() + HOUR,
        claims=(ClaimRequest(PATH, 1),),
        parts=(PartRequest(FAR, 0, INTENT), PartRequest(NEAR, 1, INTENT)),
    )
    there = {device: [placement] for device, placement in placements.items()}

    def work(session: Session) -> None:
        service.adopt(session, NUMBER, request, now=house.clock.now(), actor=ANN, reason="adopted")
        start_adopted(session, NUMBER, there, now=house.clock.now(), actor=ANN)

    house.store.write(work)


def adopt_and_find(house: House, placements: Mapping[str, int]) -> dict[str, str]:
    """Adopt, and have there what the database would have left, had it not been put back: a line each."""
    adopt(house, {device: {"at": at} for device, at in placements.items()})
    numbers = house.store.read(lambda s: {part.device.name: part.id for part in parts_of(s, NUMBER)})
    lines = {}
    for device, at in placements.items():
        lines[device] = f"LS-FNAL-{NUMBER}-{numbers[device]} at {at} db {house.ownership.database}"
        house.boxes[device].lines.append(lines[device])
    return lines


def test_what_is_there_stays_where_it_is_and_what_is_missing_comes(house: House) -> None:
    lines = adopt_and_find(house, {NEAR: 5})
    assert house.states(NUMBER) == [State.HELD, State.SCHEDULED, State.ACTIVATING]
    house.run()
    assert house.state(NUMBER) is State.ACTIVE
    assert house.near.ours == [lines[NEAR]]
    assert house.near.pushes == []
    assert len(house.far.ours) == 1
    house.at(NOON + HOUR)
    assert house.states(NUMBER)[-2:] == [State.RELEASING, State.RELEASED]
    assert house.near.ours == house.far.ours == []


def test_history_says_who_adopted_it_and_its_own_number_is_given_to_nobody(house: House) -> None:
    adopt(house, {})
    made, *_ = house.store.read(lambda session: service.history(session, NUMBER))
    assert (made.actor, made.reason) == (ANN, "adopted")
    assert house.book() > NUMBER


class Meanwhile(BoxDriver):
    """Something happens after a pass has asked what is wanted, and before it reads the device."""

    happens: Callable[[], None] | None = None

    def read(self) -> Config:
        if self.happens:
            self.happens()
            self.happens = None
        return super().read()


def test_pass_that_began_before_the_adoption_takes_nothing_off(house: House) -> None:
    driver = Meanwhile(house.near, house.ownership)
    found: dict[str, str] = {}
    driver.happens = lambda: found.update(adopt_and_find(house, {NEAR: 5}))
    token = leases.take(house.store, NEAR, owner="tests", life=HOUR)
    assert token is not None
    reconcile(house.store, NEAR, driver, token=token, clock=house.clock)
    leases.release(house.store, NEAR, token)
    assert house.near.pushes == []
    assert house.near.ours == [found[NEAR]]
    house.run()
    assert house.near.pushes == []
    assert house.state(NUMBER) is State.ACTIVE


def test_it_becomes_active_while_devices_are_only_observed_if_nothing_is_missing(house: House) -> None:
    house.store.write(
        lambda s: begin_pause(s, PauseCause.OBSERVE, now=house.clock.now(), actor="worker", reason="lost")
    )
    adopt_and_find(house, {FAR: 3, NEAR: 5})
    house.run()
    assert house.state(NUMBER) is State.ACTIVE
    assert house.far.pushes == house.near.pushes == []


def test_what_is_ordered_off_is_not_adopted(house: House) -> None:
    house.store.write(lambda session: order_eviction(session, NEAR, NUMBER))
    with pytest.raises(NotAdopted, match=f"ordered a worker to take {NUMBER} off {NEAR}"):
        adopt(house, {})
    assert house.count(State.ACTIVATING) == 0


def test_adopted_objects_are_no_strangers_though_they_have_another_fingerprint(house: House) -> None:
    actual = Config("", found={NUMBER: LOST})
    assert house.store.read(lambda s: strange_fingerprint(s, NEAR, actual, NUMBER)) == LOST
    adopt(house, {NEAR: {"at": 5, ADOPTED: f"LS reservation {NUMBER} database {LOST}"}})
    with pytest.raises(NoStranger):
        house.store.read(lambda s: strange_fingerprint(s, NEAR, actual, NUMBER))
    another = Config("", found={NUMBER: "of-a-third"})
    assert house.store.read(lambda s: strange_fingerprint(s, NEAR, another, NUMBER)) == "of-a-third"
