"""What an operator wants off a device goes, though it is a stranger's; nothing else does."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from activation.evictions import NoStranger, order_eviction, strange_fingerprint
from netconfig.driver import Config
from reservation.lifecycle import State
from reservation.parts import lock_devices, register_device
from reservation.pauses import PauseCause, begin_pause, end_pauses
from tests.unit.activation.conftest import FAR, NOON, BoxDriver, House, whose

pytestmark = pytest.mark.one_database(
    "what goes off a device is decided in Python, over a list in one column"
)

MINUTE = timedelta(minutes=1)
FOREIGN = "of-another-database"


def order(house: House, number: int) -> None:
    house.store.write(lambda s: order_eviction(s, FAR, number))


def orders(house: House) -> list[int]:
    return house.store.write(lambda s: list(lock_devices(s, [FAR])[FAR].evictions))


def pause(house: House, cause: PauseCause, *, on: bool = True) -> None:
    def work(session: Session) -> None:
        if on:
            begin_pause(session, cause, now=house.clock.now(), actor="ann", reason="why")
        else:
            end_pauses(session, [cause])

    house.store.write(work)


@pytest.fixture
def ghost(house: House) -> str:
    """A stranger's object of a number that this database gave too, beside one that runs here."""
    house.book(stages=((FAR, 0),))
    number = house.book(stages=((FAR, 0),))
    line = f"LS-FNAL-{number}-99 at 5 db {FOREIGN}"
    house.far.lines.append(line)
    house.run()
    return line


def number_of(line: str) -> int:
    return int(whose(line).rpartition("-")[2])


def test_stranger_goes_at_the_next_pass_and_nobody_else(house: House, ghost: str) -> None:
    before = house.far.ours
    order(house, number_of(ghost))
    house.run()
    assert house.far.ours == [line for line in before if line != ghost]
    assert house.far.saved == house.far.lines
    assert orders(house) == []
    assert house.device(FAR).strangers == ()
    assert house.device(FAR).in_sync
    change = house.changes(FAR)[-1]
    assert (change.plan, change.outcome) == (f"no {ghost}\n", "pushed")
    assert change.reservations == (number_of(ghost),)


def test_what_is_this_databases_own_is_never_evicted(house: House) -> None:
    number = house.book(stages=((FAR, 0),))
    house.run()
    lines = house.far.ours
    order(house, number)
    house.run()
    assert house.far.ours == lines
    assert orders(house) == []


def test_objects_of_several_databases_under_one_number_all_go(house: House, ghost: str) -> None:
    house.far.lines.append(ghost.replace(FOREIGN, "of-a-third"))
    order(house, number_of(ghost))
    house.run()
    assert len(house.far.ours) == 2
    assert orders(house) == []


def test_it_goes_while_devices_are_only_observed_and_nothing_else_does(house: House, ghost: str) -> None:
    pause(house, PauseCause.OBSERVE)
    late = house.book(stages=((FAR, 0),))
    order(house, number_of(ghost))
    house.run()
    assert ghost not in house.far.lines
    assert house.state(late) is State.ACTIVATING
    assert len(house.far.ours) == 2


@pytest.mark.parametrize("cause", [PauseCause.FREEZE])
def test_it_waits_for_the_thaw(house: House, ghost: str, cause: PauseCause) -> None:
    pause(house, cause)
    order(house, number_of(ghost))
    house.run()
    assert ghost in house.far.lines
    assert orders(house) == [number_of(ghost)]
    pause(house, cause, on=False)
    house.run()
    assert ghost not in house.far.lines


def test_device_that_is_away_is_tried_again(house: House, ghost: str) -> None:
    house.far.away = True
    order(house, number_of(ghost))
    house.run()
    assert orders(house) == [number_of(ghost)]
    house.far.away = False
    house.at(NOON + 2 * MINUTE)
    assert ghost not in house.far.lines


def test_device_that_takes_the_line_and_keeps_the_object_is_told(house: House, ghost: str) -> None:
    house.far.ignores.add(FOREIGN)
    order(house, number_of(ghost))
    house.run()
    assert house.device(FAR).error_code == "device-not-converged"
    assert orders(house) == [number_of(ghost)]


def test_dry_run_evicts_nobody(house: House) -> None:
    line = f"LS-FNAL-7-1 at 5 db {FOREIGN}"
    house.far.lines.append(line)
    house.store.write(
        lambda s: register_device(s, FAR, platform="box", capabilities=BoxDriver.capabilities, dry_run=True)
    )
    order(house, 7)
    house.run()
    assert line in house.far.lines
    assert not house.far.pushes


def test_what_is_not_there_is_told(house: House) -> None:
    number = house.book()
    house.run()
    own = Config("", found={number: house.ownership.database, 99: FOREIGN})
    with pytest.raises(NoStranger, match="nothing there is named for reservation 4"):
        house.store.read(lambda s: strange_fingerprint(s, FAR, own, 4))
    with pytest.raises(NoStranger, match="this database's own"):
        house.store.read(lambda s: strange_fingerprint(s, FAR, own, number))
    assert house.store.read(lambda s: strange_fingerprint(s, FAR, own, 99)) == FOREIGN


def test_what_was_never_sent_and_lost_its_fingerprint_is_a_strangers(house: House) -> None:
    number = house.book()
    house.tick()
    bare = Config("", found={number: ""})
    assert house.store.read(lambda s: strange_fingerprint(s, FAR, bare, number)) == ""
