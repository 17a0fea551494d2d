"""A packet's way, made of where it was seen."""

from itertools import permutations

import pytest

from lab.following import Way
from lab.sites import INSIDE

NEAR_IN, NEAR_OUT, FAR_IN, FAR_OUT = (
    {"is_near": is_near, "leaves": leaves} for is_near in (True, False) for leaves in (False, True)
)
BY_RED = [(INSIDE, NEAR_IN), ("red", NEAR_OUT), ("red", FAR_IN), (INSIDE, FAR_OUT)]
BY_BLUE = [(INSIDE, NEAR_IN), ("blue", NEAR_OUT), ("blue", FAR_IN), (INSIDE, FAR_OUT)]

Sight = tuple[str, dict[str, bool]]


def seen(*sights: Sight) -> Way:
    way = Way()
    for device, how in sights:
        way = way.seen(device, **how)
    return way


@pytest.mark.parametrize(
    ("sights", "way"),
    [
        (0, Way()),
        (1, Way(entered=True)),
        (2, Way(entered=True, left_by="red")),
        (3, Way(entered=True, left_by="red", came_by="red")),
        (4, Way(entered=True, left_by="red", came_by="red", arrived=True)),
    ],
)
def test_packet_is_as_far_as_it_was_seen(sights: int, way: Way) -> None:
    assert seen(*BY_RED[:sights]) == way


def test_in_which_order_the_routers_tell_does_not_matter() -> None:
    # Each tells in its own order.
    for order in set(permutations(("near", "near", "far", "far"))):
        told = {"near": iter(BY_RED[:2]), "far": iter(BY_RED[2:])}
        assert seen(*(next(told[one]) for one in order)) == seen(*BY_RED)


def test_copy_that_arrives_decides_over_one_that_was_lost_on_another_way() -> None:
    for lost in range(1, 4):
        assert seen(*BY_RED[:lost], *BY_BLUE) == seen(*BY_BLUE)
        assert seen(*BY_BLUE, *BY_RED[:lost]) == seen(*BY_BLUE)


def test_packet_that_is_sent_back_to_its_own_hosts_has_left_by_there() -> None:
    assert seen((INSIDE, NEAR_IN), (INSIDE, NEAR_OUT)) == Way(entered=True, left_by=INSIDE)


def test_what_the_other_router_sends_on_elsewhere_has_not_arrived() -> None:
    assert not seen(*BY_RED[:3], ("blue", FAR_OUT)).arrived
