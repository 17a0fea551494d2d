"""What a VLAN map becomes on an OpenFlow switch: a few flows, each with the cookie of its reservation. Pure.

Text is as `ovs-ofctl` writes it. Frames that no flow matches are dropped by the switch itself (no entry for a
table miss; `fail_mode=secure` where there is a controller), and where a bridge is ours alone by `drop_flows`.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from netconfig.gateway import VlanMap, VlanPair

BARRED, MAPPED, DROPPED = 20010, 20000, 10
"""Priorities: of frames with a second tag under one that is taken off, of a pair, of what is no pair's."""
TAGGED = (0x8100, 0x88A8)
"""Ethertypes of an inner tag."""
UNTAGGED = 0
WHOLE = 2**64 - 1
MARK = WHOLE - 0xFFFFFFFF
"""Mask of the half of a cookie that says whose it is; the other half is the reservation."""

Action = tuple[str, int]
_PRESENT = 0x1000
"""What OpenFlow adds to a VLAN id where there is a tag."""
_TEXT = re.compile(
    r"cookie=(0x[0-9a-f]+), priority=(\d+),in_port=(\d+),(?:dl_vlan=(\d+)|vlan_tci=0x0000/0x1fff)"
    r"(?:,dl_type=(0x[0-9a-f]{4}))? actions=(drop|\S+)"
)
_DROP = re.compile(r"cookie=(0x[0-9a-f]+), priority=(\d+),in_port=(\d+) actions=drop")


@dataclass(frozen=True, slots=True)
class SwitchPorts:
    """OpenFlow port numbers of the two sides of a gateway's switch.

    Raises:
        ValueError: they are the same, or not 1 to 65279 (0xfeff).
    """

    alien: int = 2
    ofelia: int = 3

    def __post_init__(self) -> None:
        if self.alien == self.ofelia or not all(1 <= port <= 0xFEFF for port in (self.alien, self.ofelia)):
            raise ValueError(
                f"a switch's two sides are two ports from 1 to {0xFEFF}, not {self.alien} and {self.ofelia}"
            )


@dataclass(frozen=True, slots=True, order=True)
class Flow:
    """Frames of one VLAN that enter by one port leave by another with another tag, or are dropped.

    Attributes:
        cookie: see `cookie`.
        in_port: OpenFlow number.
        vlan: of their outer tag, 0 for those that have none; None for all.
        ethertype: what comes after that tag; None for whatever does.
        out_port: None drops them.
        out_vlan: the tag they leave with, 0 for none.
    """

    cookie: int
    priority: int
    in_port: int
    vlan: int | None
    ethertype: int | None = None
    out_port: int | None = None
    out_vlan: int = UNTAGGED

    @property
    def place(self) -> tuple[int, str]:
        """Where it stands in the table: there is room for one."""
        return self.priority, self.match

    @property
    def match(self) -> str:
        """The frames it is for."""
        words = [f"in_port={self.in_port}"]
        if self.vlan is not None:
            words.append(f"dl_vlan={self.vlan}" if self.vlan else "vlan_tci=0x0000/0x1fff")
        if self.ethertype is not None:
            words.append(f"dl_type={self.ethertype:#06x}")
        return ",".join(words)

    @property
    def actions(self) -> tuple[Action, ...]:
        """What is done with them, in order: `pop_vlan`, `push_vlan`, `set_vlan`, `output`, with a number."""
        if self.out_port is None:
            return ()
        tag: tuple[Action, ...] = ()
        if self.vlan and not self.out_vlan:
            tag = (("pop_vlan", 0),)
        elif not self.vlan and self.out_vlan:
            tag = (("push_vlan", TAGGED[0]), ("set_vlan", self.out_vlan))
        elif self.vlan != self.out_vlan:
            tag = (("set_vlan", self.out_vlan),)
        return (*tag, ("output", self.out_port))

    def __str__(self) -> str:
        words = [_write(name, number) for name, number in self.actions] or ["drop"]
        return f"cookie={self.cookie:#x}, priority={self.priority},{self.match} actions={','.join(words)}"


def _write(name: str, number: int) -> str:
    match name:
        case "pop_vlan":
            return name
        case "push_vlan":
            return f"push_vlan:{number:#06x}"
        case "set_vlan":
            return f"set_field:{_PRESENT | number}->vlan_vid"
        case _:
            return f"{name}:{number}"


def mark_of(*words: str) -> int:
    """32 bits by which the flows of one owner (a station and its database) are told from all others."""
    return int.from_bytes(hashlib.sha256("\0".join(words).encode()).digest()[:4], "big")


def cookie_of(mark: int, reservation: int) -> int:
    """The cookie of a reservation's flows: whose it is in the upper half, its number in the lower."""
    if not 0 <= reservation < 2**32:
        raise ValueError(f"a cookie has room for reservations below 2^32, not {reservation}")
    return mark << 32 | reservation


def reservation_of(cookie: int, mark: int) -> int | None:
    """The reservation of a cookie with that mark, None for any other's."""
    return cookie & 0xFFFFFFFF if cookie >> 32 == mark else None


def map_flows(vlans: VlanMap, ports: SwitchPorts, cookie: int) -> tuple[Flow, ...]:
    """The flows of a map, both ways."""
    return tuple(flow for pair in vlans.pairs for flow in _pair(pair, ports, cookie))


def drop_flows(ports: SwitchPorts, cookie: int) -> tuple[Flow, ...]:
    """What drops frames that no pair is for, whatever else the bridge would do with them."""
    return tuple(Flow(cookie, DROPPED, port, None) for port in (ports.alien, ports.ofelia))


def _pair(pair: VlanPair, ports: SwitchPorts, cookie: int) -> Iterator[Flow]:
    inwards = {"in_port": ports.ofelia, "vlan": pair.ofelia}
    yield Flow(cookie, MAPPED, **inwards, out_port=ports.alien, out_vlan=pair.alien)
    yield Flow(cookie, MAPPED, ports.alien, pair.alien, out_port=ports.ofelia, out_vlan=pair.ofelia)
    if pair.alien == UNTAGGED:
        # Or a frame with two tags would hop with its inner one into whatever VLAN of the island it names.
        for ethertype in TAGGED:
            yield Flow(cookie, BARRED, **inwards, ethertype=ethertype)


def map_of(flows: frozenset[Flow], ports: SwitchPorts) -> VlanMap | None:
    """The map that these flows of one cookie are, all of them and nothing else; None if there is none.

    Raises:
        ValueError: they are no map's.
    """
    if not flows:
        return None
    inwards = [flow for flow in flows if flow.in_port == ports.ofelia and flow.out_port == ports.alien]
    pairs = tuple(sorted(VlanPair(flow.vlan or 0, flow.out_vlan) for flow in inwards))
    found = VlanMap(pairs)
    if frozenset(map_flows(found, ports, next(iter(flows)).cookie)) != flows:
        raise ValueError("the flows with its cookie are not those of a VLAN map")
    return found


def parse_flow(text: str) -> Flow | None:
    """The flow that was written so, None for any other text."""
    if found := _DROP.fullmatch(text):
        return Flow(int(found[1], 16), int(found[2]), int(found[3]), None)
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    cookie, priority, in_port, vlan, ethertype, actions = found.groups()
    words = dict(word.partition(":")[::2] for word in actions.split(","))
    out_port, changed = words.get("output"), words.get("set_field", "").partition("->")[0]
    has = int(vlan or UNTAGGED)
    leaves = UNTAGGED if out_port is None or "pop_vlan" in words else has
    if changed.isdigit():
        leaves = int(changed) & ~_PRESENT
    flow = Flow(
        cookie=int(cookie, 16),
        priority=int(priority),
        in_port=int(in_port),
        vlan=has,
        ethertype=int(ethertype, 16) if ethertype else None,
        out_port=int(out_port) if out_port and out_port.isdigit() else None,
        out_vlan=leaves,
    )
    return flow if str(flow) == text else None
