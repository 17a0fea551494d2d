"""From what a gateway carries to what it should: lines for people, one order for the agent. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from netconfig.driver import Ownership, Plan, PlanLine
from netconfig.drivers.ofgw_agent.config import Reading, Wish, is_ours, write_head, write_item
from netconfig.slicestate import Held, Item, Order, SliceKey

COMING = (Item.GROUP, Item.CONTROLLER, Item.VLANS)
"""As the agent does it: traffic comes last, and goes first."""


@dataclass(frozen=True, slots=True)
class GatewayPlan(Plan):
    """A plan with all that is sent for it.

    Attributes:
        order: what the gateway shall carry, whole; None where nothing can be sent.
        items: which thing each line is of, by its number.
    """

    order: Order | None = None


def make_plan(ownership: Ownership, actual: Reading, wish: Wish, known: frozenset[int]) -> GatewayPlan:
    """The lines in which the two differ. Whoever is not known keeps the gateway, and we wait."""
    strangers: list[str] = []
    ours: list[Held] = []
    taken: SliceKey | None = None
    blocker = ""
    for held in actual.held:
        key = held.state.key
        why = "" if key in wish.former else _why_strange(key, ownership, known)
        if not why:
            ours.append(held)
            taken = key if held.is_wanted and not is_ours(key, ownership) else taken
            continue
        strangers.append(f"{_called(key)}: {why}")
        blocker = strangers[-1] if held.is_wanted else blocker
    if blocker:
        return GatewayPlan(tuple(_waiting(wish, blocker)), tuple(strangers))
    lines = (*_going(ours, wish), *_coming(ours, wish, actual.hindered))
    order = Order(ownership.station, ownership.database, wish.wanted, taken)
    return GatewayPlan(lines, tuple(strangers), order)


def make_eviction(ownership: Ownership, actual: Reading, reservation: int, database: str) -> GatewayPlan:
    """The lines that take off that slice, where it is that station's and that database's."""
    found = next((held for held in actual.held if held.is_wanted), None)
    if found is None or found.state.key != SliceKey(ownership.station, database, reservation):
        # What the agent is taking off by itself need not be ordered off.
        return GatewayPlan()
    lines = tuple(_gone(found, Wish("")))
    return GatewayPlan(lines, (), Order(ownership.station, ownership.database, None, found.state.key))


def item_of_line(line: PlanLine) -> Item | None:
    """Which thing a line of a plan is about; None for the slice as such."""
    word = line.text.removeprefix("no ").split()[0]
    return {"controller": Item.CONTROLLER, "vlan": Item.VLANS, "access": Item.GROUP}.get(word)


def _why_strange(key: SliceKey, ownership: Ownership, known: frozenset[int]) -> str:
    if key.station != ownership.station:
        return f"the station word in the site file, {ownership.station}, seems to have changed"
    if key.database != ownership.database:
        return f"it carries the fingerprint of another database, {key.database or 'none'}"
    return "" if key.reservation in known else "this database knows no such reservation"


def _called(key: SliceKey) -> str:
    return f"the gateway carries {key}"


def _waiting(wish: Wish, why: str) -> Iterator[PlanLine]:
    if wish.wanted is not None:
        yield PlanLine(
            f"# {write_head(wish.wanted)}",
            parts=wish.every_part,
            reservation_id=wish.wanted.key.reservation,
            waits=f"{why}; evict it, or wait for its end",
        )


def _going(ours: list[Held], wish: Wish) -> Iterator[PlanLine]:
    """What is there and should not be."""
    for held in ours:
        if (
            wish.wanted is None
            or held.state.key.reservation != wish.wanted.key.reservation
            or not held.is_wanted
        ):
            yield from _gone(held, wish)
            continue
        for item in reversed(COMING):
            staying = write_item(wish.wanted.carried.get(item))
            for line in write_item(held.state.carried.get(item)):
                if line not in staying:
                    needs = {wish.needs[item]} if item in wish.needs else set()
                    parts = wish.leaving.get((held.state.key.reservation, item), frozenset()) | needs
                    yield _removal(f"no {line}", parts, held)


def _gone(held: Held, wish: Wish) -> Iterator[PlanLine]:
    """All of a slice, and the slice."""
    reservation = held.state.key.reservation
    every = frozenset[int]()
    for item in reversed(COMING):
        parts = wish.leaving.get((reservation, item), frozenset())
        every |= parts
        for line in write_item(held.state.carried.get(item)):
            yield _removal(f"no {line}", parts, held)
    yield _removal(f"no slice {reservation}", every, held)


def _removal(text: str, parts: frozenset[int], held: Held) -> PlanLine:
    return PlanLine(text, parts=parts, reservation_id=held.state.key.reservation, removal=True)


def _coming(ours: list[Held], wish: Wish, hindered: Mapping[str, str]) -> Iterator[PlanLine]:
    """What should be there and is not, or is and has no effect."""
    if (wanted := wish.wanted) is None:
        return
    there = next((held.state for held in ours if held.is_wanted and held.state.key == wanted.key), None)
    reservation = wanted.key.reservation
    if there is None:
        yield PlanLine(write_head(wanted), parts=wish.every_part, reservation_id=reservation)
    elif there.until != wanted.until:
        # No part's: all of it is there, only until another time.
        yield PlanLine(write_head(wanted), reservation_id=reservation)
    for item in COMING:
        has = write_item(there.carried.get(item)) if there else ()
        for line in write_item(wanted.carried.get(item)):
            needs = frozenset({wish.needs[item]})
            if line not in has:
                yield PlanLine(line, parts=needs, reservation_id=reservation)
            elif words := hindered.get(str(item)):
                # Sending it again would change nothing.
                yield PlanLine(f"# {line}", parts=needs, reservation_id=reservation, waits=words)
