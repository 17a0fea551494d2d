"""Whatever goes wrong at whatever line ends in sync or in a named error, and the next pass repairs it."""

from collections.abc import Sequence

import pytest

from netconfig.driver import DeviceDriver, PartIntent, transcript_of
from netconfig.errors import DeviceError, Rejected, StateUnknown, Unreachable
from tests.contract.drivers.bench import Bench, Rig, Trait, Trouble, place, reconcile, unwanted, wanted

BREAKS = (Trouble.DROP_BEFORE, Trouble.DROP_AFTER, Trouble.HANG, Trouble.HANG_AFTER, Trouble.FORGET)


FEW_MOMENTS = 4


def lines_of(bench: Bench, rig: Rig, parts: Sequence[PartIntent]) -> int:
    """In how many places trouble may strike a push for these parts."""
    driver = rig.at_once()
    known = frozenset(part.reservation_id for part in parts)
    actual = driver.read()
    lines = len(driver.plan(actual, driver.render(place(driver, actual, parts)), known=known).lines)
    return lines if Trait.LINES in bench.traits else min(lines, FEW_MOMENTS)


def passes(
    driver: DeviceDriver, parts: Sequence[PartIntent]
) -> tuple[Sequence[PartIntent], DeviceError | None]:
    """A pass that keeps placements though the push may fail, as the worker does."""
    placed = place(driver, driver.read(), parts)
    known = frozenset(part.reservation_id for part in parts)
    try:
        driver.push(driver.plan(driver.read(), driver.render(placed), known=known))
    except DeviceError as error:
        return placed, error
    return placed, None


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
        assert error is None if trouble is Trouble.GARBAGE else isinstance(error, Unreachable)
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
        assert error is None if trouble is Trouble.GARBAGE else isinstance(error, Unreachable)
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


@pytest.mark.troubles(*BREAKS, Trouble.REFUSE, Trouble.GARBAGE)
def test_reading_that_goes_wrong_is_named_and_the_next_one_is_right(
    bench: Bench, rig: Rig, trouble: Trouble
) -> None:
    driver = rig.over_the_wire()
    rig.trouble(trouble, number=1, reading=True)
    if trouble is Trouble.DROP_BEFORE or trouble is Trouble.FORGET:
        driver.close()
    expected = StateUnknown if trouble in {Trouble.REFUSE, Trouble.GARBAGE} else Unreachable
    with pytest.raises(expected):
        driver.read()
    rig.calm()
    assert driver.read().text == ""


@pytest.mark.troubles(*BREAKS)
@pytest.mark.parametrize("share", [0.0, 1.0], ids=["first line", "last line"])
def test_break_over_the_wire_is_named_and_repaired(
    bench: Bench, rig: Rig, trouble: Trouble, share: float
) -> None:
    original = rig.text()
    tickets = [ticket.part for ticket in bench.tickets]
    number = 1 + int(share * (lines_of(bench, rig, tickets) - 1))
    driver = rig.over_the_wire()
    rig.trouble(trouble, number=number)
    placed, error = passes(driver, tickets)
    rig.calm()
    assert isinstance(error, Unreachable)
    assert rig.secret not in str(error)
    assert not rig.astray()
    repaired = reconcile(driver, placed)
    assert not repaired.left
    assert not reconcile(driver, unwanted(repaired.parts)).left
    assert rig.text() == original


def test_refusal_over_the_wire_names_line_parts_and_words(bench: Bench, rig: Rig) -> None:
    tickets = [ticket.part for ticket in bench.tickets]
    driver = rig.over_the_wire()
    for number in range(1, lines_of(bench, rig, tickets) + 1, 9):
        rig.trouble(Trouble.REFUSE, number=number)
        placed, error = passes(driver, tickets)
        rig.calm()
        assert isinstance(error, Rejected)
        assert error.parts
        assert error.line in [exchange.line for exchange in transcript_of(error).exchanges]
        assert bench.refusal in str(error)
        assert not reconcile(driver, unwanted(placed)).left
