"""A change of next hop that breaks off at any line leaves nobody astray, and is finished or taken back."""

import dataclasses
from collections.abc import Sequence
from ipaddress import ip_address
from itertools import count

import pytest

from netconfig.driver import PartIntent
from netconfig.errors import Unreachable
from netconfig.intent import PolicyRoute
from netconfig.simulator import Action, Fault
from tests.contract.drivers.bench import Ticket, place, reconcile
from tests.contract.drivers.cisco_ios_bench import IosBench, IosRig
from tests.contract.drivers.cisco_nxos_bench import NxosBench
from tests.contract.drivers.dell_force10_bench import Force10Bench, Force10Rig

KNOWN = frozenset({42, 43, 44, 45, 46})


def led_elsewhere(ticket: Ticket) -> Ticket:
    """The ticket by way of another neighbour."""
    intent = ticket.part.intent
    assert isinstance(intent, PolicyRoute)
    hop = ip_address(int(intent.next_hop) + 100)
    part = dataclasses.replace(ticket.part, intent=dataclasses.replace(intent, next_hop=hop))
    return dataclasses.replace(ticket, part=part, next_hop=str(hop))


def instead(parts: Sequence[PartIntent], ticket: Ticket) -> list[PartIntent]:
    """The parts where they are, the ticket's own as it says."""
    own = ticket.part
    return [
        dataclasses.replace(part, intent=own.intent) if part.part_id == own.part_id else part
        for part in parts
    ]


def broken_off(
    rig: IosRig | Force10Rig, parts: Sequence[PartIntent], line: int
) -> Sequence[PartIntent] | None:
    """The parts as they were placed, if the session broke at this line of configuration; None: it is over."""
    driver = rig.at_once()
    actual = driver.read()
    placed = place(driver, actual, parts)
    rig.router.faults.add(Fault(Action.DROP_BEFORE, number=line))
    try:
        driver.push(driver.plan(actual, driver.render(placed), known=KNOWN))
    except Unreachable:
        return placed
    finally:
        rig.router.faults.clear()
    return None


@pytest.mark.parametrize("back", [False, True], ids=["finished", "taken back"])
@pytest.mark.parametrize("bench", [IosBench(), NxosBench(), Force10Bench()], ids=["ios", "nxos", "ftos"])
def test_detour_that_breaks_off_is_made_good(bench: IosBench | NxosBench | Force10Bench, back: bool) -> None:
    steering = [ticket for ticket in bench.tickets if ticket.next_hop]
    with bench.start() as rig:
        parts = reconcile(rig.at_once(), [ticket.part for ticket in bench.tickets], KNOWN).parts
        for ticket in steering:
            detour = led_elsewhere(ticket)
            others = [other for other in bench.tickets if other is not ticket]
            for line in count(1):
                placed = broken_off(rig, instead(parts, detour), line)
                if placed is None:
                    break
                assert rig.path(ticket) in {None, ticket.next_hop, detour.next_hop}
                assert not rig.astray()
                assert all(other.is_served(rig) for other in others)
                done = reconcile(rig.at_once(), instead(placed, ticket if back else detour), KNOWN)
                assert not done.left
                assert (ticket if back else detour).is_served(rig)
                parts = reconcile(rig.at_once(), instead(done.parts, ticket), KNOWN).parts
            assert line > 6
            parts = reconcile(rig.at_once(), instead(parts, ticket), KNOWN).parts
