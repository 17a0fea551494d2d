"""Which links are remembered, in simulated time."""

from datetime import UTC, datetime, timedelta

import pytest

from ofgw.topology.links import LinkTable
from ofgw.topology.model import Link, SeenLink, spelled

ONE, TWO, THREE = (spelled(dpid) for dpid in (1, 2, 3))
OUT, BACK = Link(ONE, 5, TWO, 1), Link(TWO, 1, ONE, 5)
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
LOST_AFTER = timedelta(seconds=4)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.fixture
def table() -> LinkTable:
    """Two switches that are connected, and a cable between them."""
    table = LinkTable(LOST_AFTER)
    for dpid in (TWO, ONE):
        table.enter(dpid, at(0))
    table.see(BACK, at(1))
    table.see(OUT, at(1))
    return table


def test_links_are_told_in_order_with_the_time_they_were_last_seen(table: LinkTable) -> None:
    table.see(OUT, at(3))
    assert table.links == (SeenLink(OUT, at(3)), SeenLink(BACK, at(1)))
    assert table.switches == (ONE, TWO)


def test_a_link_that_is_not_seen_for_a_while_is_forgotten(table: LinkTable) -> None:
    table.see(OUT, at(3))
    table.expire(at(5))
    assert [seen.link for seen in table.links] == [OUT, BACK]
    table.expire(at(5.1))
    assert [seen.link for seen in table.links] == [OUT]


def test_a_link_is_kept_while_one_of_its_switches_is_away(table: LinkTable) -> None:
    table.leave(TWO)
    table.expire(at(10_000))
    assert table.links == (SeenLink(OUT, at(1)), SeenLink(BACK, at(1)))
    assert table.switches == (ONE,)


def test_a_switch_that_comes_back_has_time_to_show_its_links(table: LinkTable) -> None:
    table.leave(TWO)
    table.enter(TWO, at(7200))
    table.expire(at(7204))
    assert [seen.link for seen in table.links] == [OUT, BACK]
    table.expire(at(7204.1))
    assert table.links == ()


@pytest.mark.parametrize(("dpid", "port"), [(ONE, 5), (TWO, 1)])
def test_a_port_takes_its_links_along_in_both_directions(table: LinkTable, dpid: str, port: int) -> None:
    table.enter(THREE, at(0))
    other = Link(ONE, 6, THREE, 1)
    table.see(other, at(1))
    table.lose_port(dpid, port)
    assert [seen.link for seen in table.links] == [other]


def test_what_was_remembered_from_an_earlier_life_is_kept_until_its_switches_are_back() -> None:
    table = LinkTable(LOST_AFTER, (SeenLink(OUT, at(0)),))
    table.expire(at(9000))
    assert table.links == (SeenLink(OUT, at(0)),)
    table.enter(ONE, at(9000))
    table.enter(TWO, at(9001))
    table.expire(at(9005))
    assert table.links == (SeenLink(OUT, at(0)),)
    table.expire(at(9006))
    assert not table.links
