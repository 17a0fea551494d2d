"""At no moment between two lines does a packet go where it should not."""

from collections.abc import Sequence
from itertools import permutations

from netconfig.driver import PartIntent
from tests.contract.drivers.bench import Bench, Rig, Ticket, reconcile, unwanted, wanted


class Watch:
    """Looks after every line where each packet would go."""

    def __init__(self, rig: Rig, *, moving: Sequence[Ticket], staying: Sequence[Ticket]) -> None:
        self._rig = rig
        self._moving = moving
        self._staying = staying
        self.looks = 0

    def __call__(self) -> None:
        self.looks += 1
        assert not self._rig.astray()
        assert all(ticket.is_served(self._rig) for ticket in self._staying)
        assert not any(ticket.is_astray(self._rig) for ticket in self._moving)


def move(rig: Rig, parts: Sequence[PartIntent], watch: Watch) -> Sequence[PartIntent]:
    rig.watch(watch)
    done = reconcile(rig.at_once(), parts)
    rig.watch(None)
    assert not done.left
    assert watch.looks == rig.moments(done.plan)
    return done.parts


def test_adding_and_removing_each_ticket_beside_the_others_disturbs_nobody(bench: Bench, rig: Rig) -> None:
    original = rig.text()
    for ticket in bench.tickets:
        others = [other for other in bench.tickets if other is not ticket]
        parts = reconcile(rig.at_once(), [other.part for other in others]).parts
        parts = move(rig, [*parts, ticket.part], Watch(rig, moving=[ticket], staying=others))
        leaving = wanted(parts, but=frozenset({ticket.part.part_id}))
        move(rig, leaving, Watch(rig, moving=[ticket], staying=others))
        reconcile(rig.at_once(), unwanted(parts))
    assert rig.text() == original


def test_all_tickets_coming_and_going_together_disturb_nobody(bench: Bench, rig: Rig) -> None:
    original = rig.text()
    tickets = [*bench.tickets, *bench.variants]
    parts = move(rig, [ticket.part for ticket in tickets], Watch(rig, moving=tickets, staying=[]))
    move(rig, unwanted(parts), Watch(rig, moving=tickets, staying=[]))
    assert rig.text() == original


def test_one_ticket_leaving_while_another_comes_disturbs_nobody(bench: Bench, rig: Rig) -> None:
    for leaving, coming in permutations(bench.tickets, 2):
        # Two that permit the same packet are no leaving and no coming.
        moving = [ticket for ticket in bench.tickets if ticket.packet in {leaving.packet, coming.packet}]
        staying = [ticket for ticket in bench.tickets if ticket not in moving]
        there = [ticket.part for ticket in bench.tickets if ticket is not coming]
        parts = reconcile(rig.at_once(), there).parts
        parts = [*wanted(parts, but=frozenset({leaving.part.part_id})), coming.part]
        parts = move(rig, parts, Watch(rig, moving=moving, staying=staying))
        reconcile(rig.at_once(), unwanted(parts))


def test_modified_ticket_keeps_its_path_until_the_new_one_is_there(bench: Bench, rig: Rig) -> None:
    for variant in bench.variants:
        former = [t for t in bench.tickets if t.part.reservation_id == variant.part.reservation_id]
        parts = reconcile(rig.at_once(), [ticket.part for ticket in bench.tickets]).parts
        parts = move(rig, [*parts, variant.part], Watch(rig, moving=[variant], staying=bench.tickets))
        gone = frozenset(ticket.part.part_id for ticket in former)
        staying = [variant, *(ticket for ticket in bench.tickets if ticket not in former)]
        staying = [ticket for ticket in staying if ticket.packet not in {t.packet for t in former}]
        move(rig, wanted(parts, but=gone), Watch(rig, moving=former, staying=staying))
        reconcile(rig.at_once(), unwanted(parts))


def former_of(bench: Bench, successor: Ticket) -> Ticket:
    (found,) = (
        ticket
        for ticket in bench.tickets
        if ticket.packet == successor.packet and ticket.part.reservation_id == successor.part.reservation_id
    )
    return found


def test_packet_of_both_the_old_and_the_new_is_served_at_every_line(bench: Bench, rig: Rig) -> None:
    assert bench.successors
    original = rig.text()
    for successor in bench.successors:
        former = former_of(bench, successor)
        parts = reconcile(rig.at_once(), [ticket.part for ticket in bench.tickets]).parts
        # Both stages of a modification, and the way back from what it has become to what it was.
        parts = move(rig, [*parts, successor.part], Watch(rig, moving=[], staying=bench.tickets))
        leaving = wanted(parts, but=frozenset({former.part.part_id}))
        parts = move(rig, leaving, Watch(rig, moving=[], staying=bench.tickets))
        assert successor.is_served(rig)
        left = [part for part in parts if part.part_id != former.part.part_id]
        again = move(rig, [*left, former.part], Watch(rig, moving=[], staying=bench.tickets))
        leaving = wanted(again, but=frozenset({successor.part.part_id}))
        move(rig, leaving, Watch(rig, moving=[], staying=bench.tickets))
        reconcile(rig.at_once(), unwanted(again))
        assert rig.text() == original


def test_all_are_modified_at_once_and_no_packet_of_both_loses_its_way(bench: Bench, rig: Rig) -> None:
    original = rig.text()
    parts = reconcile(rig.at_once(), [ticket.part for ticket in bench.tickets]).parts
    coming = [*parts, *(ticket.part for ticket in bench.successors)]
    parts = move(rig, coming, Watch(rig, moving=[], staying=bench.tickets))
    gone = frozenset(former_of(bench, successor).part.part_id for successor in bench.successors)
    parts = move(rig, wanted(parts, but=gone), Watch(rig, moving=[], staying=bench.tickets))
    reconcile(rig.at_once(), unwanted(parts))
    assert rig.text() == original


def test_repair_of_what_a_hand_broke_takes_no_path_from_a_neighbour(bench: Bench, rig: Rig) -> None:
    original = rig.text()
    for edit in bench.hand_edits:
        parts = reconcile(rig.at_once(), [ticket.part for ticket in bench.tickets]).parts
        intact = rig.text()
        rig.edit(*edit)
        assert rig.text() != intact
        served = [ticket for ticket in bench.tickets[1:] if ticket.is_served(rig)]
        watch = Watch(rig, moving=[], staying=served)
        if not rig.astray():
            rig.watch(watch)
        done = reconcile(rig.at_once(), parts)
        rig.watch(None)
        assert done.plan
        assert not done.left, edit
        assert all(ticket.is_served(rig) for ticket in bench.tickets)
        assert not rig.astray()
        reconcile(rig.at_once(), unwanted(done.parts))
        assert rig.text() == original, edit
