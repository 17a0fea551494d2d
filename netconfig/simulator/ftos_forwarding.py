"""What the configuration of an FTOS switch does to a packet: redirect groups and access groups.

- The redirect groups of an interface are looked through in the order in which they stand there, the entries
  of each list by their numbers; the first that fits decides. `redirect` sends to its next hop, `permit` is
  the exception that is routed normally. What fits nothing is routed normally, too: a redirect list ends in
  nothing unwritten. A group whose list does not exist, or is empty, does nothing.
- A list that is applied with `ip access-group`, exists and has entries ends in an unwritten `deny`.

Source: Dell Networking OS 9 Configuration Guide, Policy-based Routing ("PBR Exceptions", "Apply a
Redirect-list to an Interface") and Access Control Lists.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address

from netconfig.simulator.ftos_condition import Condition, read_condition
from netconfig.simulator.ftos_config import (
    ACCESS_LIST,
    INTERFACE,
    REDIRECT_LIST,
    Block,
    FtosConfig,
    interface_name,
)
from netconfig.simulator.ios_ace import NotModelled
from netconfig.simulator.packet import Packet
from netconfig.simulator.steer import Steer

_GROUP = "ip redirect-group "


def ftos_forwarding(config: FtosConfig, interface: str, packet: Packet) -> str | None:
    """Where policy routing sends a packet that comes in at an interface; None for normal routing.

    Raises:
        LookupError: there is no such interface.
        NotModelled: the answer hangs on a line the simulator keeps but does not understand.
    """
    for condition, next_hop in _entries(config, _interface(config, interface)):
        if condition.matches(packet):
            return None if next_hop is None else str(next_hop)
    return None


def ftos_admitted(config: FtosConfig, interface: str, packet: Packet) -> bool:
    """Whether the access group of an interface lets a packet in.

    Raises:
        LookupError: there is no such interface.
        NotModelled: the answer hangs on a line the simulator keeps but does not understand.
    """
    lines = _interface(config, interface).lines
    names = [words[2] for words in map(str.split, lines) if words[:2] == ["ip", "access-group"]]
    held = config.find(f"{ACCESS_LIST}{names[0]}") if names and packet.family == 4 else None
    entries = [line for line in held.lines if line.startswith("seq ")] if held else []
    for line in entries:
        _, _, action, *words = line.split()
        if _condition(line, " ".join(words), redirects=False).matches(packet):
            return action == "permit"
    return not entries


def ftos_steers(config: FtosConfig) -> tuple[Steer, ...]:
    """What is done to packets, in the order in which it takes effect.

    Raises:
        NotModelled: an entry that is applied says what a flow cannot say.
    """
    return tuple(
        Steer(block.header.removeprefix(INTERFACE), flow, next_hop)
        for block in config.kind(INTERFACE)
        for condition, next_hop in _entries(config, block)
        for flow in condition.flows()
    )


def _interface(config: FtosConfig, name: str) -> Block:
    block = config.find(f"{INTERFACE}{interface_name(name) or name}")
    if block is None:
        raise LookupError(f"no interface {name}")
    return block


def _entries(config: FtosConfig, interface: Block) -> Iterator[tuple[Condition, IPv4Address | None]]:
    groups = [line.removeprefix(_GROUP) for line in interface.lines if line.startswith(_GROUP)]
    for group in groups:
        held = config.find(f"{REDIRECT_LIST}{group}")
        for line in held.lines if held else ():
            if line.startswith("seq "):
                yield _entry(line)


def _entry(line: str) -> tuple[Condition, IPv4Address | None]:
    _, _, action, *words = line.split()
    next_hop = None
    if action == "redirect":
        try:
            next_hop = IPv4Address(words.pop(0))
        except ValueError:
            raise NotModelled(line) from None
    return _condition(line, " ".join(words), redirects=True), next_hop


def _condition(line: str, words: str, *, redirects: bool) -> Condition:
    try:
        return read_condition(words, redirects=redirects)
    except ValueError:
        raise NotModelled(line) from None
