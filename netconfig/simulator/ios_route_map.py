"""Route-maps: entries in order of their numbers, each with what it matches and what it sets.

Source: Cisco IOS IP Routing: Protocol-Independent Command Reference, `route-map`, `match ip address`, `set ip
next-hop`.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from operator import attrgetter

from netconfig.simulator.ios_stanza import Lines, Slots
from netconfig.simulator.packet import Family

SLOTS = Slots(
    {
        "description": r"description ",
        "match ip address": r"match ip address (?!prefix-list )",
        "match ipv6 address": r"match ipv6 address (?!prefix-list )",
        "set ip next-hop": r"set ip next-hop (?=[\d.]+( |$))",
        "set ipv6 next-hop": r"set ipv6 next-hop (?=\S*:)",
    }
)


@dataclass(frozen=True, slots=True)
class RouteMapEntry:
    """One numbered entry."""

    sequence: int
    permit: bool
    lines: Lines = ()

    @property
    def action(self) -> str:
        return "permit" if self.permit else "deny"

    def words(self, slot: str) -> tuple[str, ...]:
        """What stands behind the slot's words: names of access lists, next hops."""
        line = SLOTS.find(self.lines, slot)
        return tuple(line.split()[len(slot.split()) :]) if line else ()

    def access_lists(self, family: Family) -> tuple[str, ...]:
        return self.words("match ip address" if family == 4 else "match ipv6 address")

    def next_hops(self, family: Family) -> tuple[str, ...]:
        return self.words("set ip next-hop" if family == 4 else "set ipv6 next-hop")

    def unread(self, verb: str) -> str | None:
        """A `match` or `set` line of the initial configuration that the simulator only keeps and prints."""
        known = {SLOTS.find(self.lines, slot) for slot in SLOTS.names if slot.startswith(verb)}
        return next((line for line in self.lines if line.startswith(f"{verb} ") and line not in known), None)


@dataclass(frozen=True, slots=True)
class RouteMap:
    """All entries of one name."""

    name: str
    entries: tuple[RouteMapEntry, ...] = ()

    def entry(self, sequence: int) -> RouteMapEntry | None:
        here = self.entries[self._span(sequence)]
        return here[0] if here else None

    def with_entry(self, entry: RouteMapEntry) -> "RouteMap":
        span = self._span(entry.sequence)
        return replace(self, entries=(*self.entries[: span.start], entry, *self.entries[span.stop :]))

    def without(self, sequence: int) -> "RouteMap":
        span = self._span(sequence)
        return replace(self, entries=self.entries[: span.start] + self.entries[span.stop :])

    def _span(self, sequence: int) -> slice:
        """Where the entry of a number stands, or would."""
        start = bisect_left(self.entries, sequence, key=attrgetter("sequence"))
        found = start < len(self.entries) and self.entries[start].sequence == sequence
        return slice(start, start + found)

    def render(self) -> Iterator[str]:
        for index, entry in enumerate(self.entries):
            if index:
                yield "!"
            yield f"route-map {self.name} {entry.action} {entry.sequence}"
            yield from (f" {line}" for line in entry.lines)
