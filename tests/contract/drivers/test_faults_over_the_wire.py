"""What goes wrong at a line or in a reading is named and repaired over the real protocol too."""

import pytest

from netconfig.driver import transcript_of
from netconfig.errors import Rejected, StateUnknown, Unreachable
from tests.contract.drivers.bench import Bench, Rig, Trouble, reconcile, unwanted
from tests.contract.drivers.breaks import BREAKS, lines_of, passes


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
