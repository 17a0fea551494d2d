"""The plan: the lines for people, and the group that is sent."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from netconfig.driver import Plan, PlanLine
from netconfig.drivers.juniper_junos.assemble import Owns, assemble, owner_test
from netconfig.drivers.juniper_junos.difference import lines_between
from netconfig.drivers.juniper_junos.grounds import hindrance_of
from netconfig.drivers.juniper_junos.names import Names
from netconfig.drivers.juniper_junos.reading import Reading, terms
from netconfig.drivers.juniper_junos.render import Wish
from netconfig.drivers.juniper_junos.terms import read_fingerprint
from netconfig.drivers.juniper_junos.tree import Element

NOTHING = Wish("")


@dataclass(frozen=True, slots=True)
class GroupPlan(Plan):
    """A plan with what is sent for it.

    Attributes:
        actual: the group that it was made for.
        left_alone: ids of parts that cannot be served now.
        adding: ids of parts for which something is added, in the order of their ids.
    """

    actual: Element | None = None
    wish: Wish = NOTHING
    names: Names | None = None
    is_ours: Owns = field(default=lambda _term: False)
    left_alone: frozenset[int] = frozenset()
    adding: tuple[int, ...] = ()

    def group(self, *, without: frozenset[int] = frozenset()) -> Element:
        """The whole group as it is to be; without what these parts would add."""
        assert self.actual is not None and self.names is not None  # noqa: S101, PT018 - only made by `make_plan`
        return assemble(
            self.actual, self.wish, self.names, self.is_ours, left_alone=self.left_alone | without
        )


def make_plan(names: Names, actual: Reading, wish: Wish, known: frozenset[int]) -> GroupPlan:
    """The plan; see `DeviceDriver.plan`."""
    is_ours = owner_test(names, known, wish.adopted)
    hindered: dict[int, str] = {}
    for route in wish.wanted if actual.whole else ():
        if words := hindrance_of(route, actual.grounds, names):
            hindered[route.part_id] = words
    left_alone = frozenset(hindered)
    target = assemble(actual.group, wish, names, is_ours, left_alone=left_alone)
    lines = lines_between(actual.group, target, wish, names)
    adding = {part for line in lines if not line.removal for part in line.parts}
    return GroupPlan(
        lines=(*lines, *_waiting(hindered)),
        strangers=tuple(_strangers(actual.group, names, is_ours)),
        actual=actual.group,
        wish=wish,
        names=names,
        is_ours=is_ours,
        left_alone=left_alone,
        adding=tuple(sorted(adding)),
    )


def _waiting(hindered: dict[int, str]) -> Iterator[PlanLine]:
    for words in dict.fromkeys(hindered.values()):
        parts = frozenset(part for part, why in hindered.items() if why == words)
        yield PlanLine(f"# waiting: {words}", parts, waits=words)


def _strangers(group: Element, names: Names, is_ours: Owns) -> Iterator[str]:
    for held, term in terms(group):
        title = term.findtext("name") or ""
        number = names.reservation_of(title)
        if number is None or is_ours(term):
            continue
        owner = read_fingerprint(term)
        what = f"term {title} of filter {held.findtext('name')}"
        if owner and owner[1] != names.ownership.database:
            yield f"{what} carries the fingerprint of another database, {owner[1]}"
        elif owner and owner[0] != number:
            yield f"{what} carries the fingerprint of another reservation, {owner[0]}"
        else:
            yield f"{what} is of reservation {number}, which this database does not know"
