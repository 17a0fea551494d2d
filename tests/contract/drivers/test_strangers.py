"""What looks managed and is not ours is reported and left alone, whatever the database knows."""

from netconfig.driver import Ownership
from tests.contract.drivers.bench import OWNERSHIP, Bench, Rig, reconcile, unwanted


def test_object_of_another_database_or_reservation_is_reported_and_left(bench: Bench, rig: Rig) -> None:
    for word, lines in bench.foreign.items():
        with bench.start() as fresh:
            fresh.edit(*lines)
            original = fresh.text()
            driver = fresh.at_once()
            known = frozenset(ticket.part.reservation_id for ticket in bench.tickets)
            idle = reconcile(driver, [], known)
            assert not idle.plan
            assert any(word in sentence for sentence in idle.plan.strangers)
            done = reconcile(driver, [ticket.part for ticket in bench.tickets])
            assert not done.left
            assert any(word in sentence for sentence in done.left.strangers)
            reconcile(driver, unwanted(done.parts))
            assert fresh.text() == original


def test_empty_database_removes_nothing(bench: Bench, rig: Rig) -> None:
    reconcile(rig.at_once(), [ticket.part for ticket in bench.tickets])
    text = rig.text()
    done = reconcile(rig.at_once(), [], frozenset())
    assert not done.plan
    assert len(done.plan.strangers) >= len({t.part.reservation_id for t in bench.tickets if t.next_hop})
    assert rig.text() == text


def test_wrong_database_removes_nothing_though_it_knows_the_numbers(bench: Bench, rig: Rig) -> None:
    parts = reconcile(rig.at_once(), [ticket.part for ticket in bench.tickets]).parts
    text = rig.text()
    wrong = rig.at_once(ownership=Ownership(OWNERSHIP.station, "another-database"))
    known = frozenset(part.reservation_id for part in parts)
    done = reconcile(wrong, [], known)
    assert not done.plan
    assert done.plan.strangers
    assert rig.text() == text


def test_found_tells_reservations_and_their_database(bench: Bench, rig: Rig) -> None:
    driver = rig.at_once()
    assert not driver.read().found
    reconcile(driver, [ticket.part for ticket in bench.tickets])
    assert driver.read().found == {
        ticket.part.reservation_id: OWNERSHIP.database for ticket in bench.tickets if ticket.next_hop
    }
    assert not driver.render([]).found


def test_station_sees_nothing_of_another_station(bench: Bench, rig: Rig) -> None:
    reconcile(rig.at_once(), [ticket.part for ticket in bench.tickets if ticket.next_hop])
    text = rig.text()
    for station in ("CALTECH", "FNAL-42", "FN"):
        other = rig.at_once(ownership=Ownership(station, OWNERSHIP.database))
        assert not reconcile(other, [], frozenset({42, 43, 44})).plan
    assert rig.text() == text
