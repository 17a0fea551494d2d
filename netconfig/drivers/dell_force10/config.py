"""The two configurations that the driver compares, as values: what a switch has and what it should have.

Both are a `Config` with text in the switch's own language; beside it they keep what that text was made from.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from netconfig.cli import wish
from netconfig.cli.blocks import Block, text_of
from netconfig.cli.fingerprint import fingerprint
from netconfig.driver import Config
from netconfig.drivers.dell_force10.grounds import Ground
from netconfig.drivers.dell_force10.names import Names
from netconfig.drivers.dell_force10.running import (
    DESCRIPTION,
    GROUP,
    RedirectList,
    Running,
    interface_header,
    parse_running,
)


@dataclass(frozen=True, slots=True)
class Reading(Config):
    """What a switch has. `text` is everything that is named as ours, strangers' objects too.

    Attributes:
        whole: False if it was made from such a text: the switch may have what is not in it.
        session: the one that it was read in, if it was.
    """

    running: Running = field(default_factory=Running)
    whole: bool = True
    session: object = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Wish(wish.Wish):
    """What a switch should have.

    Attributes:
        grounds: ids of the wanted parts, by what of the site's they stand on.
    """

    grounds: Mapping[Ground, frozenset[int]] = field(default_factory=dict)


def read_config(running: Running, names: Names) -> Reading:
    """The managed part of a running configuration."""
    found: dict[int, str] = {}
    ours = [held for held in running.redirect_lists.values() if is_ours(held.name, names)]
    for held in ours:
        reservation = names.reservation_of(held.name)
        database = held.owner[1] if held.owner else ""
        # A foreign identity is news and must not be hidden by a list of ours beside it.
        if reservation and (not found.get(reservation) or database != names.ownership.database):
            found[reservation] = database or found.get(reservation, "")
    blocks = [*map(list_block, ours), *_interface_blocks(running, names)]
    return Reading(text=text_of(blocks), found=found, running=running)


def as_reading(config: Config, names: Names) -> Reading:
    """A configuration that may have been kept as text only."""
    if isinstance(config, Reading):
        return config
    return replace(read_config(parse_running(config.text), names), whole=False)


def as_wish(config: Config) -> Wish:
    """A wish that may have been kept as text only."""
    if isinstance(config, Wish):
        return config
    return Wish(config.text, config.found, config.serves, config.retired)


def is_ours(redirect_list: str, names: Names) -> bool:
    """Whether a redirect list is named as ours are."""
    return names.reservation_of(redirect_list) is not None


def list_block(held: RedirectList) -> Block:
    """A redirect list of ours; its entries are numbered anew, for only their order is meant."""
    described = (f"{DESCRIPTION}{fingerprint(*held.owner)}",) if held.owner else ()
    return held.header, (*described, *number(held.texts))


def number(texts: Sequence[str]) -> tuple[str, ...]:
    """Entries of a list of our own with their sequence numbers."""
    return tuple(f"seq {10 * n} {text}" for n, text in enumerate(texts, 1))


def _interface_blocks(running: Running, names: Names) -> Iterator[Block]:
    for interface, groups in running.groups.items():
        lines = tuple(f"{GROUP}{group}" for group in groups if is_ours(group, names))
        if lines:
            yield interface_header(interface), lines
