"""Whatever goes wrong at whatever line ends in sync or in a named error, and the next pass repairs it."""

from types import NoneType

import pytest

from netconfig.driver import transcript_of
from netconfig.errors import Rejected, StateUnknown, Unreachable
from tests.contract.drivers.bench import Bench, Rig, Trouble, reconcile, unwanted, wanted
from tests.contract.drivers.breaks import BREAKS, lines_of, passes

ENDS = {Trouble.GARBAGE: (StateUnknown, NoneType)}
"""Where it answers a line garbage may be a refusal; elsewhere it is a message more, and does no harm."""


@pytest.mark.troubles(*BREAKS, Trouble.GARBAGE)
def test_break_at_any_line_is_named_and_repaired(bench: Bench, rig: Rig, trouble: Trouble) -> None:
    original = rig.text()
    tickets = [ticket.part for ticket in bench.tickets]
    coming = lines_of(bench, rig, tickets)
    for number in range(1, coming + 1):
        driver = rig.at_once()
        rig.trouble(trouble, number=number)
        placed, error = passes(driver, tickets)
        rig.calm()
        assert isinstance(error, ENDS.get(trouble, Unreachable))
        assert not rig.astray()
        repaired = reconcile(driver, placed)
        assert not repaired.left
        assert all(ticket.is_served(rig) for ticket in bench.tickets)
        gone = reconcile(driver, unwanted(repaired.parts))
        assert not gone.left
        assert rig.text() == original, number


@pytest.mark.troubles(*BREAKS, Trouble.GARBAGE)
def test_break_at_any_line_of_a_release_is_named_and_repaired(
    bench: Bench, rig: Rig, trouble: Trouble
) -> None:
    original = rig.text()
    parts = reconcile(rig.at_once(), [ticket.part for ticket in bench.tickets]).parts
    for number in range(1, lines_of(bench, rig, unwanted(parts)) + 1):
        driver = rig.at_once()
        parts = reconcile(driver, wanted(parts)).parts
        rig.trouble(trouble, number=number)
        _, error = passes(driver, unwanted(parts))
        rig.calm()
        assert isinstance(error, ENDS.get(trouble, Unreachable))
        assert not rig.astray()
        assert not reconcile(driver, unwanted(parts)).left
        assert rig.text() == original, number


def test_ticket_cancelled_after_a_break_at_any_line_leaves_nothing(bench: Bench, rig: Rig) -> None:
    original = rig.text()
    tickets = [ticket.part for ticket in bench.tickets]
    for trouble in (Trouble.DROP_BEFORE, Trouble.DROP_AFTER):
        for number in range(1, lines_of(bench, rig, tickets) + 1):
            driver = rig.at_once()
            rig.trouble(trouble, number=number)
            placed, _ = passes(driver, tickets)
            rig.calm()
            assert not reconcile(driver, unwanted(placed)).left
            assert rig.text() == original, number


def test_refusal_of_any_added_line_is_rejected_with_its_parts_and_takes_the_block_back(
    bench: Bench, rig: Rig
) -> None:
    original = rig.text()
    tickets = [ticket.part for ticket in bench.tickets]
    for number in range(1, lines_of(bench, rig, tickets) + 1):
        driver = rig.at_once()
        rig.trouble(Trouble.REFUSE, number=number)
        placed, error = passes(driver, tickets)
        rig.calm()
        assert isinstance(error, Rejected)
        assert error.parts
        assert bench.refusal in error.words
        assert transcript_of(error).exchanges
        assert not rig.astray()
        settled = reconcile(driver, wanted(placed, but=error.parts))
        assert not settled.left
        assert not rig.astray()
        assert not reconcile(driver, unwanted(settled.parts)).left
        assert rig.text() == original, number


def test_refusal_of_any_removal_is_state_unknown_and_repaired(bench: Bench, rig: Rig) -> None:
    original = rig.text()
    parts = reconcile(rig.at_once(), [ticket.part for ticket in bench.tickets]).parts
    for number in range(1, lines_of(bench, rig, unwanted(parts)) + 1):
        driver = rig.at_once()
        parts = reconcile(driver, wanted(parts)).parts
        rig.trouble(Trouble.REFUSE, number=number)
        _, error = passes(driver, unwanted(parts))
        rig.calm()
        assert isinstance(error, StateUnknown)
        assert not rig.astray()
        assert not reconcile(driver, unwanted(parts)).left
        assert rig.text() == original, number
