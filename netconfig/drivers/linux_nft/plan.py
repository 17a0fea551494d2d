"""The lines that lead from what a router has to what it should have, in the order that is safe."""

from collections.abc import Iterator, Mapping, Sequence

from netconfig.driver import PlanLine
from netconfig.drivers.linux_nft.grounds import hindrance
from netconfig.drivers.linux_nft.lines import RouterPlan
from netconfig.drivers.linux_nft.managed import Managed, Mark, Rule
from netconfig.drivers.linux_nft.marks import MarkPlanner
from netconfig.drivers.linux_nft.names import Names
from netconfig.drivers.linux_nft.permits import permit_lines, permits_left
from netconfig.drivers.linux_nft.reading import Reading
from netconfig.drivers.linux_nft.render import Wish
from netconfig.drivers.linux_nft.startup import startup
from netconfig.drivers.linux_nft.strangers import strangers
from netconfig.drivers.linux_nft.ways import coming, going, with_interface


def make_plan(names: Names, actual: Reading, wish: Wish, known: frozenset[int]) -> RouterPlan:
    """The plan; see `DeviceDriver.plan`."""
    hindered = _hindered(actual, wish) if actual.whole else {}
    steered = [one for one in wish.steered if one.part.part_id not in hindered]
    admitting = [one for one in wish.admitting if one.part.part_id not in hindered]
    marks = MarkPlanner(names, actual.ruleset, wish, known, frozenset(hindered))
    changes = marks.lines()
    over = dict(marks.cleared)
    for one in wish.leaving:
        over[one.route.lane] = over.get(one.route.lane, frozenset()) | {one.part.part_id}
    gone = frozenset[int]().union(*(line.parts for line in changes if line.removal))
    lines = (
        *coming(actual, steered),
        *changes,
        *permit_lines(names, actual.ruleset, admitting, wish.closing),
        *marks.closing(gone),
        *going(actual, marks.target, wish.steered, over),
    )
    return RouterPlan(
        lines=(*sorted(lines, key=lambda line: line.step), *_waiting(hindered)),
        strangers=tuple(strangers(names, actual, wish, known)),
        names=names,
        wish=wish,
        known=known,
        startup=_startup(names, actual, wish, marks.target),
    )


def startup_of(names: Names, actual: Reading) -> str:
    """What is kept for the next boot of a router that stays as it is."""
    return _startup(names, actual, Wish(""), actual.managed.marks)


def _startup(names: Names, actual: Reading, wish: Wish, marks: Sequence[Mark]) -> str:
    lanes = {mark.lane for mark in marks}
    wanted = {one.route.lane: with_interface(actual, one.route) for one in wish.steered}
    there = {route.lane: route for route in actual.managed.routes}
    routes = tuple(route for lane, route in sorted({**there, **wanted}.items()) if lane in lanes)
    permits = permits_left(actual.ruleset, wish.admitting, wish.closing)
    managed = Managed(
        marks=tuple(marks),
        routes=routes,
        rules=frozenset(Rule(route.family, route.lane) for route in routes),
        permits=tuple(permits),
    )
    return startup(names, managed, permits)


def _hindered(actual: Reading, wish: Wish) -> dict[int, str]:
    parts = [*(one.part for one in wish.steered), *(one.part for one in wish.admitting)]
    found = {part.part_id: hindrance(part, actual) for part in parts}
    return {part: words for part, words in found.items() if words}


def _waiting(hindered: Mapping[int, str]) -> Iterator[PlanLine]:
    for words in dict.fromkeys(hindered.values()):
        parts = frozenset(part for part, why in hindered.items() if why == words)
        yield PlanLine(f"# waiting: {words}", parts, step=9, waits=words)
