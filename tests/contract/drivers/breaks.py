"""A push that breaks somewhere, and where it may."""

from collections.abc import Sequence

from netconfig.driver import DeviceDriver, PartIntent
from netconfig.errors import DeviceError
from tests.contract.drivers.bench import Bench, Rig, Trait, Trouble, place

BREAKS = (Trouble.DROP_BEFORE, Trouble.DROP_AFTER, Trouble.HANG, Trouble.HANG_AFTER, Trouble.FORGET)
"""What ends a session in the middle."""
FEW_MOMENTS = 4
"""So many are tried where a push goes as a whole."""


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
