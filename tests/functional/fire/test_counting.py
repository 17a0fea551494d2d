"""The worker asks a router what passes, over the session that it has, and the router lives on meanwhile."""

from datetime import timedelta

import pytest

from netconfig.simulator import Action, Fault
from reservation.lifecycle import State
from reservation.model import PartCount
from tests.contract.drivers.bench import Ticket
from tests.contract.drivers.cisco_ios_bench import TICKETS
from tests.functional.fire.conftest import MINUTE, Border

pytestmark = pytest.mark.one_database("it is the worker and the router that are tried")

BULK, CMS, *_ = TICKETS


def total(border: Border, number: int) -> PartCount | None:
    (part,) = border.parts(number)
    return part.count


def until_counted(border: Border, number: int, packets: int) -> None:
    """Let the time pass after which the router is asked again, and see it tell so many in all."""
    border.clock.ahead += MINUTE

    def is_told() -> bool:
        count = total(border, number)
        return count is not None and count.packets == packets

    border.until(is_told)


def send(border: Border, ticket: Ticket, packets: int) -> None:
    border.rig.pass_packets(ticket, packets)


def test_what_passes_is_counted_beside_the_pushes_and_through_a_reboot(border: Border) -> None:
    border.worker()
    number = border.book_active(BULK)
    until_counted(border, number, 0)
    send(border, BULK, 5)
    until_counted(border, number, 5)
    other = border.book_active(CMS)
    send(border, CMS, 2)
    until_counted(border, other, 2)
    border.router.reboot()
    border.until_read_again()
    send(border, BULK, 3)
    until_counted(border, number, 8)
    send(border, BULK, 4)
    border.cancel(number)
    border.until_state(number, State.RELEASED)
    until_counted(border, number, 12)
    border.cancel(other)
    border.until_state(other, State.RELEASED)
    assert border.router.running_config() == border.original


def test_router_that_will_not_tell_is_pushed_to_as_ever(border: Border) -> None:
    border.router.faults.add(Fault(Action.REFUSE, line="^show ip access-lists", where="exec", times=None))
    border.worker(count_every=timedelta(seconds=1))
    number = border.book_active(BULK)
    other = border.book_active(CMS)
    border.clock.ahead += MINUTE
    border.cancel(number)
    border.until_state(number, State.RELEASED)
    assert border.seen().error_code is None
    assert total(border, number) is None
    assert border.view(other).state is State.ACTIVE
