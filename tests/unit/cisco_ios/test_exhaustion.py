"""Numbers that run out on a live router: a fresh map takes over in one line, and nobody loses a path."""

import dataclasses

from tests.contract.drivers.bench import reconcile, unwanted
from tests.contract.drivers.cisco_ios_bench import MAP, TEN_ONE, TICKETS, IosBench


def test_fresh_map_takes_over_without_a_gap() -> None:
    first, second = TICKETS[:2]
    name = MAP.removeprefix("route-map ")
    late = dataclasses.replace(second.part, placement={"acl": "LS-FNAL-43", "map": name, "sequence": 65530})
    with IosBench().start() as rig:
        original = rig.text()
        there = reconcile(rig.at_once(), [late])
        assert f"{MAP} permit 65530" in rig.text()

        def look() -> None:
            assert second.is_served(rig)
            assert not first.is_astray(rig)
            assert not rig.astray()

        rig.watch(look)
        done = reconcile(rig.at_once(), [first.part, *there.parts])
        assert not done.left
        assert first.is_served(rig)
        assert f"{MAP} permit 65530" not in rig.text()
        assert f"ip policy route-map LS-FNAL-{TEN_ONE}-r2" in rig.text()
        rig.watch(None)
        assert not reconcile(rig.at_once(), unwanted(done.parts)).left
        assert rig.text() == original


def test_break_while_the_map_is_switched_is_repaired() -> None:
    first, second = TICKETS[:2]
    name = MAP.removeprefix("route-map ")
    late = dataclasses.replace(second.part, placement={"acl": "LS-FNAL-43", "map": name, "sequence": 65530})
    with IosBench().start() as rig:
        original = rig.text()
        driver = rig.at_once()
        there = reconcile(driver, [late]).parts
        actual = driver.read()
        places = driver.place(actual, [first.part, *there])
        parts = [dataclasses.replace(part, placement=places[part.part_id]) for part in (first.part, *there)]
        count = len(driver.plan(actual, driver.render(parts), known=frozenset({42, 43})).lines)
        for sent in range(count):
            with IosBench().start() as other:
                again = other.at_once()
                reconcile(again, [late])
                plan = again.plan(again.read(), again.render(parts), known=frozenset({42, 43}))
                again.push(dataclasses.replace(plan, lines=plan.lines[:sent]))
                assert not other.astray()
                done = reconcile(again, parts)
                assert not done.left
                assert first.is_served(other)
                assert second.is_served(other)
                reconcile(again, unwanted(done.parts))
                assert other.text() == original
