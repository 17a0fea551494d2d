"""What the configuration does to a packet: policy routing and access groups, as IOS really has them.

- Of a route-map, the first entry whose conditions fit decides, in order of the numbers; none: normal routing.
- An entry fits if each of its `match` lines does; without one it fits everything. A `match ip address` fits
  if one of its lists permits the packet. A list that does not exist, or has no entries, permits everything:
  a half-removed policy steers all traffic.
  (Cisco support, "Policy-based routing is not working correctly, all traffic is being policy-routed"; empty
  and undefined lists on an interface let 100 % through on IOS-XE 17.)
- A `permit` entry that fits sends to its first next hop; without `set`, and from a `deny` entry, the packet
  is routed normally. An interface whose route-map does not exist routes normally.
- An IPv4 packet never fits a `match ipv6 address`, nor the other way round.
- At an interface, a list that exists and has entries ends in an unwritten `deny`.
"""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal

from netconfig.simulator.ios_ace import NotModelled
from netconfig.simulator.ios_acl import AccessList, Entry
from netconfig.simulator.ios_config import IosConfig, Verbatim
from netconfig.simulator.ios_interface import Interface, full_name
from netconfig.simulator.ios_route_map import RouteMapEntry
from netconfig.simulator.packet import Family, Packet

Direction = Literal["in", "out"]


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry of an access list that a packet fitted: counted by what it says, not by its number."""

    family: Family
    access_list: str
    entry: Entry


@dataclass(frozen=True, slots=True)
class Passage:
    """What became of a packet that came in at an interface.

    `next_hop` is None for normal routing; `hits` are the entries whose counters go up.
    """

    admitted: bool
    next_hop: str | None
    hits: tuple[Hit, ...]


def forwarding(config: IosConfig, interface: str, packet: Packet) -> str | None:
    """Where policy routing sends a packet that comes in at an interface (`Te1/1` or its full name).

    Returns:
        The next hop as `ipaddress` prints it (`192.0.2.1`, `2001:db8::1`), None for normal routing. Whether
        the packet is admitted at all is another question: `admitted`.

    Raises:
        LookupError: there is no such interface.
        NotModelled: the answer hangs on a line the simulator keeps but does not understand.
    """
    return _steered(config, _interface(config, interface), packet, [])


def admitted(config: IosConfig, interface: str, direction: Direction, packet: Packet) -> bool:
    """Whether the access group of an interface lets a packet pass, `in` or `out`.

    Raises:
        LookupError: there is no such interface.
        NotModelled: the answer hangs on a line the simulator keeps but does not understand.
    """
    return _admits(config, _interface(config, interface), direction, packet, [])


def pass_in(config: IosConfig, interface: str, packet: Packet) -> Passage:
    """What becomes of a packet coming in: admitted or not, and where to.

    Raises:
        LookupError, NotModelled: as above.
    """
    hits: list[Hit] = []
    entered = _interface(config, interface)
    if not _admits(config, entered, "in", packet, hits):
        return Passage(admitted=False, next_hop=None, hits=tuple(hits))
    next_hop = _steered(config, entered, packet, hits)
    return Passage(admitted=True, next_hop=next_hop, hits=tuple(hits))


def _interface(config: IosConfig, name: str) -> Interface:
    interface = config.interface(full_name(name) or name)
    if interface is None:
        raise LookupError(f"no interface {name}")
    return interface


def _steered(config: IosConfig, interface: Interface, packet: Packet, hits: list[Hit]) -> str | None:
    route_map = config.route_map(interface.route_map(packet.family) or "")
    for entry in route_map.entries if route_map else ():
        if _fits(config, entry, packet, hits):
            return next_hop_of(entry, packet.family)
    return None


def _fits(config: IosConfig, entry: RouteMapEntry, packet: Packet, hits: list[Hit]) -> bool:
    other: Family = 6 if packet.family == 4 else 4
    if entry.access_lists(other):
        return False
    names = entry.access_lists(packet.family)
    fits = not names or any(_permits(config, packet, name, hits) for name in names)
    unread = entry.unread("match")
    if fits and unread:
        raise NotModelled(unread)
    return fits


def next_hop_of(entry: RouteMapEntry, family: Family) -> str | None:
    """Where a packet goes that fits an entry; None for normal routing.

    Raises:
        NotModelled: it hangs on a `set` line that is only kept.
    """
    if not entry.permit:
        return None
    hops = entry.next_hops(family)
    if hops:
        return str(ip_address(hops[0]))
    unread = entry.unread("set")
    if unread and ("next-hop" in unread or "interface" in unread):
        raise NotModelled(unread)
    return None


def _admits(
    config: IosConfig, interface: Interface, direction: Direction, packet: Packet, hits: list[Hit]
) -> bool:
    name = interface.access_list(packet.family, direction)
    return name is None or _permits(config, packet, name, hits)


def _permits(config: IosConfig, packet: Packet, name: str, hits: list[Hit]) -> bool:
    access_list = deciding_list(config, packet.family, name)
    return access_list is None or _first_action(access_list, packet, hits) == "permit"


def deciding_list(config: IosConfig, family: Family, name: str) -> AccessList | None:
    """The access list of a name; None where there is none, or nothing in it: everything is permitted.

    Raises:
        NotModelled: it is one that is only kept.
    """
    access_list = config.access_list(family, name)
    if access_list is None:
        _refuse_unread_list(config, name)
    return access_list if access_list is not None and access_list.entries else None


def _first_action(access_list: AccessList, packet: Packet, hits: list[Hit]) -> str:
    found = access_list.first_match(packet)
    if found is None:
        return "deny"
    _, entry = found
    hits.append(Hit(access_list.family, access_list.name, entry))
    return entry.action


def _refuse_unread_list(config: IosConfig, name: str) -> None:
    """Standard and numbered lists are text to the simulator: to call them missing would be a lie."""
    headers = (f"ip access-list standard {name}", f"access-list {name} ")
    for section in config.sections.values():
        if isinstance(section, Verbatim) and section.lines[0].startswith(headers):
            raise NotModelled(section.lines[0])
