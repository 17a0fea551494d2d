"""Any parts, coming and going in any order, converge, and in the end the device is as it was."""

from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from netconfig.driver import PartIntent
from netconfig.errors import DeviceError
from tests.contract.drivers.bench import Trouble, place, reconcile, unwanted, wanted
from tests.contract.drivers.conftest import BENCHES

LEFT_OUT = st.frozensets(st.integers(1, 13))
PARTS_OF_ONE_RESERVATION_TAKE_TURNS = [
    frozenset({13}),
    frozenset(range(1, 14)),
    frozenset({7}),
    frozenset[int](),
]
each_bench = pytest.mark.parametrize("name", sorted(BENCHES))


def examples(name: str) -> settings:
    """Fewer for an agent, which begins each with its TLS, and for NX-OS, which plans as IOS does.

    And for a Linux router, which is the kernel's own and takes its time.
    """
    return settings(max_examples={"ofgw_agent": 8, "cisco_nxos": 8, "linux_nft": 8}.get(name, 20))


@each_bench
def test_any_wishes_one_after_the_other_converge_and_restore_the_text(name: str) -> None:
    bench = BENCHES[name]
    tickets = [*bench.tickets, *bench.variants]

    @examples(name)
    @given(passes=st.lists(LEFT_OUT, min_size=1, max_size=6))
    @example(passes=PARTS_OF_ONE_RESERVATION_TAKE_TURNS)
    def holds(passes: Sequence[frozenset[int]]) -> None:
        parts: Sequence[PartIntent] = [ticket.part for ticket in tickets]
        with bench.start() as rig:
            original = rig.text()
            driver = rig.at_once()
            for left_out in passes:
                done = reconcile(driver, wanted(parts, but=left_out))
                assert not done.left
                parts = done.parts
                assert all(t.is_served(rig) for t in tickets if t.part.part_id not in left_out)
                assert not any(rig.path(t) for t in tickets if t.part.part_id in left_out)
                assert not rig.astray()
            assert not reconcile(driver, unwanted(parts)).left
            assert rig.text() == original

    holds()


@each_bench
def test_breaks_in_between_change_nothing_of_that(name: str) -> None:
    bench = BENCHES[name]
    parts_of_all = [ticket.part for ticket in (*bench.tickets, *bench.variants)]
    known = frozenset(part.reservation_id for part in parts_of_all)

    @examples(name)
    @given(passes=st.lists(st.tuples(LEFT_OUT, st.integers(1, 40)), min_size=1, max_size=6))
    def holds(passes: Sequence[tuple[frozenset[int], int]]) -> None:
        parts: Sequence[PartIntent] = parts_of_all
        with bench.start() as rig:
            original = rig.text()
            driver = rig.at_once()
            for left_out, number in passes:
                actual = driver.read()
                parts = place(driver, actual, wanted(parts, but=left_out))
                rig.trouble(Trouble.DROP_AFTER, number=number)
                with suppress(DeviceError):
                    driver.push(driver.plan(actual, driver.render(parts), known=known))
                rig.calm()
                assert not rig.astray()
            assert not reconcile(driver, unwanted(parts)).left
            assert rig.text() == original

    holds()


@each_bench
def test_plan_from_a_wish_to_itself_is_empty(name: str) -> None:
    bench = BENCHES[name]
    parts = [ticket.part for ticket in (*bench.tickets, *bench.variants)]
    # Nothing is pushed: one device does for all.
    with bench.start() as rig:
        driver = rig.at_once()

        @settings(max_examples=20)
        @given(left_out=LEFT_OUT)
        def holds(left_out: frozenset[int]) -> None:
            placed = place(driver, driver.read(), wanted(parts, but=left_out))
            desired = driver.render(placed)
            assert not driver.plan(desired, desired, known=frozenset(part.reservation_id for part in parts))

        holds()
