"""The two configurations that the driver compares, as values: what a router has and what it should have.

Both are a `Config` with text in the router's own language; beside it they keep what that text was made from.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from netconfig.cisco.dialect import Dialect, Family
from netconfig.cisco.grounds import Ground
from netconfig.cisco.names import Names, fingerprint
from netconfig.cisco.running import POLICY, AccessList, Entry, Running, parse_running
from netconfig.cli import wish
from netconfig.cli.blocks import Block, text_of
from netconfig.driver import Config


@dataclass(frozen=True, slots=True)
class Reading(Config):
    """What a router has. `text` is everything that is named as ours, strangers' objects too.

    Attributes:
        whole: False if it was made from such a text: the router may have what is not in it.
        session: the one that it was read in, if it was.
    """

    running: Running = field(kw_only=True)
    whole: bool = True
    session: object = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Wish(wish.Wish):
    """What a router should have.

    Attributes:
        entries: for each entry that a part was given, its reservation and the `set` lines that it may have.
        grounds: ids of the wanted parts, by what of the site's they stand on.
    """

    entries: Mapping[tuple[str, int], tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    grounds: Mapping[Ground, frozenset[int]] = field(default_factory=dict)


def read_config(running: Running, names: Names) -> Reading:
    """The managed part of a running configuration."""
    found: dict[int, str] = {}
    for held in running.access_lists.values():
        reservation = names.reservation_of(held.name)
        if reservation is not None:
            database = held.owner[1] if held.owner else ""
            # A foreign identity is news and must not be hidden by a list of ours beside it.
            if not found.get(reservation) or database != names.ownership.database:
                found[reservation] = database or found.get(reservation, "")
    blocks = [
        *(list_block(held) for held in running.access_lists.values() if is_ours(held.name, names)),
        *(entry_block(entry) for entry in managed_entries(running, names)),
        *interface_blocks(running, names),
    ]
    return Reading(text=text_of(blocks), found=found, running=running)


def as_reading(config: Config, names: Names, dialect: Dialect) -> Reading:
    """A configuration that may have been kept as text only."""
    if isinstance(config, Reading):
        return config
    return replace(read_config(parse_running(config.text, dialect), names), whole=False)


def as_wish(config: Config) -> Wish:
    """A wish that may have been kept as text only."""
    if isinstance(config, Wish):
        return config
    return Wish(config.text, config.found, config.serves, config.retired)


def managed_entries(running: Running, names: Names) -> Iterator[Entry]:
    """Entries of our own route maps, and ours in the site's."""
    for route_map, entries in running.route_maps.items():
        for entry in entries:
            if route_map.startswith(names.prefix) or any(is_ours(name, names) for name in entry.access_lists):
                yield entry


def is_ours(access_list: str, names: Names) -> bool:
    """Whether an access list is named as ours are."""
    return names.reservation_of(access_list) is not None


def interface_blocks(running: Running, names: Names) -> Iterator[Block]:
    """Interfaces that carry a route map of ours, with that line only."""
    for interface, policies in running.policies.items():
        lines = tuple(
            f"{POLICY[family]} {route_map}"
            for family, route_map in sorted(policies.items())
            if names.revision_of(route_map, interface, family)
        )
        if lines:
            yield f"interface {interface}", lines


def list_block(held: AccessList) -> Block:
    """An access list of ours; its rules are numbered anew, for only their order is meant."""
    counting = (held.dialect.counting,) if held.counts else ()
    remark = (fingerprint(*held.owner),) if held.owner else ()
    rules = number([rule.text for rule in held.rules], held.family, held.dialect)
    return held.header, (*counting, *remark, *rules)


def number(texts: list[str], family: Family, dialect: Dialect) -> tuple[str, ...]:
    """Rules of an access list of our own with their sequence numbers.

    They begin at 20 where the remark takes a number of its own.
    """
    first = 2 if dialect.remark_takes_number[family] else 1
    return tuple(dialect.numbered(10 * n, text, family) for n, text in enumerate(texts, first))


def entry_block(entry: Entry) -> Block:
    """A route-map entry."""
    return entry.header, entry.lines
