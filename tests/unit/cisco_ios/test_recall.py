"""A router comes back with permits of tickets that are long over: ours go, what may be the site's stays."""

import dataclasses
from collections.abc import Iterator

import pytest

from netconfig.driver import PartIntent
from tests.contract.drivers.bench import reconcile, unwanted
from tests.contract.drivers.cisco_ios_bench import BULK, CMS, IosBench, IosRig, permit

EDGE = "ip access-list extended EDGE-IN"
TEXT = "permit ip 192.84.86.0 0.0.0.255 131.225.205.0 0.0.0.255"
OVER = permit(21, 71, "EDGE-IN", CMS.reversed())
NONE: frozenset[int] = frozenset()


@pytest.fixture
def rig() -> Iterator[IosRig]:
    with IosBench().start() as started:
        yield started


def lived(rig: IosRig, part: PartIntent = OVER) -> PartIntent:
    """The part as it is remembered after it has come and gone."""
    original = rig.text()
    (placed,) = reconcile(rig.at_once(), [part]).parts
    reconcile(rig.at_once(), unwanted([placed]))
    assert rig.text() == original
    return dataclasses.replace(placed, wanted=False, over=True)


def test_permit_that_came_back_in_our_range_is_taken_away(rig: IosRig) -> None:
    original = rig.text()
    over = lived(rig)
    rig.edit(EDGE, f"512 {TEXT}")
    done = reconcile(rig.at_once(), [over], NONE)
    assert not done.left
    assert {line.reservation_id for line in done.plan.lines} == {71}
    assert rig.text() == original


@pytest.mark.parametrize("number", [30, 499, 600])
def test_permit_outside_our_range_may_be_the_sites_and_is_told(rig: IosRig, number: int) -> None:
    over = lived(rig)
    rig.edit(EDGE, f"{number} {TEXT}")
    text = rig.text()
    done = reconcile(rig.at_once(), [over], NONE)
    assert not done.plan
    (sentence,) = done.plan.strangers
    assert "as reservation 71 did, which gave it up" in sentence
    assert rig.text() == text


def test_permit_that_the_site_had_before_the_ticket_is_never_ours(rig: IosRig) -> None:
    rig.edit(EDGE, f"512 {TEXT}")
    over = lived(rig)
    done = reconcile(rig.at_once(), [over], NONE)
    assert (done.plan.lines, done.plan.strangers) == ((), ())


def test_permit_that_a_ticket_has_now_stays_until_that_one_leaves(rig: IosRig) -> None:
    original = rig.text()
    over = lived(rig)
    now = dataclasses.replace(OVER, part_id=22, reservation_id=72)
    done = reconcile(rig.at_once(), [over, now])
    assert not reconcile(rig.at_once(), done.parts).plan
    reconcile(rig.at_once(), [over, *unwanted([part for part in done.parts if not part.over])])
    assert rig.text() == original


def test_new_part_that_took_a_returned_permit_for_the_sites_is_put_right(rig: IosRig) -> None:
    original = rig.text()
    over = lived(rig)
    rig.edit(EDGE, f"512 {TEXT}")
    now = dataclasses.replace(OVER, part_id=22, reservation_id=72)
    (mistaken,) = reconcile(rig.at_once(), [now]).parts
    done = reconcile(rig.at_once(), [over, mistaken])
    assert not done.plan
    (mended,) = [part for part in done.parts if not part.over]
    assert mended.placement != mistaken.placement
    reconcile(rig.at_once(), unwanted([mended]))
    assert rig.text() == original


def test_memory_takes_no_number_and_no_room(rig: IosRig) -> None:
    over = lived(rig)
    other = permit(22, 72, "EDGE-IN", BULK.reversed())
    placed = {part.part_id: part.placement for part in reconcile(rig.at_once(), [over, other]).parts}
    assert placed[22]["lines"][0]["sequence"] == over.placement["lines"][0]["sequence"]  # type: ignore[index]
