"""Hosts and routers of two sites, cabled and shaped, in namespaces of their own.

Production is routed statically. To each next hop there is a table that a packet's mark leads to, and nothing
that marks: so the alternates are reached by policy alone.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from lab.network import Host
from lab.processes import require_programs, wait_for
from lab.sites import DEVICES, HOSTS, INSIDE, LARGEST_MTU, PATHS, PRODUCTION, SIDES, Path, Side
from netconfig.intent import IpAddress

PROGRAMS = {
    **dict.fromkeys(("ip", "tc"), "iproute2"),
    "nft": "nftables",
    **dict.fromkeys(("nsenter", "setpriv"), "util-linux"),
    "ping": "iputils-ping",
}
"""What it takes, and the Debian package of each."""
FAMILIES = (4, 6)
MARK_MASK = "0xff"
"""Bits of a mark that choose a path; others are anybody's."""


class Wires:
    """All of it, while the `with` block lasts.

    Attributes:
        routers: their networks, by the site's name.
        hosts: by name, `west-1`.
    """

    def __init__(self) -> None:
        self.routers: dict[str, Host] = {}
        self.hosts: dict[str, Host] = {}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Make it, and return when every link takes packets.

        Raises:
            MissingProgram: something is not there that it takes; nothing was made.
            LabError: something of the network cannot be made.
        """
        require_programs(PROGRAMS, root=True)
        with ExitStack() as opening:
            for side in SIDES:
                self.routers[side.name] = opening.enter_context(Host())
                for number in range(1, HOSTS + 1):
                    self.hosts[side.host(number)] = opening.enter_context(Host())
            self._connect()
            everywhere = (*self.routers.values(), *self.hosts.values())
            wait_for("the links to be up", lambda: all(map(are_up, everywhere)))
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _connect(self) -> None:
        west, east = (self.routers[side.name] for side in SIDES)
        for path in PATHS:
            west.cable(path.colour, east, path.colour)
        for side in SIDES:
            router = self.routers[side.name]
            for number in range(1, HOSTS + 1):
                host = self.hosts[side.host(number)]
                host.cable("eth0", router, f"h{number}")
                host.batch("ip", _host_lines(side, number))
            router.batch("ip", _router_lines(side))
            for family in FAMILIES:
                router.batch("ip", _policy_lines(side, family), f"-{family}")
            router.batch("tc", _shaping_lines())
            for key in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
                router.set(key, "1")
            # As routers do: what traceroute is answered tells by which path its probe came.
            router.set("ipv4/icmp_errors_use_inbound_ifaddr", "1")
            for machine in (router, *(self.hosts[side.host(number)] for number in range(1, HOSTS + 1))):
                # Linux answers traceroute once a second otherwise.
                machine.set("ipv4/icmp_ratelimit", "0")
                machine.set("ipv6/icmp/ratelimit", "0")
            for device in ("all", "default", *DEVICES):
                router.set(f"ipv4/conf/{device}/rp_filter", "0")


def are_up(host: Host) -> bool:
    """Whether every link of a host takes packets: its other end is up, and the kernel has seen that."""
    links = json.loads(host.run("ip", "-json", "link", "show"))
    return all(link["operstate"] == "UP" for link in links if link["ifname"] != "lo")


def _host_lines(side: Side, number: int) -> Iterator[str]:
    yield f"link set eth0 address {_mac(side, 16 + number)} mtu {LARGEST_MTU} addrgenmode none"
    yield f"address add {side.address(4, number)}/{side.ipv4.prefixlen} dev eth0"
    yield f"address add {side.address(6, number)}/{side.ipv6.prefixlen} dev eth0 nodad"
    yield "link set eth0 up"
    for family in FAMILIES:
        yield _known(side.address(family), _mac(side, 0), "eth0")
        yield f"route add default via {side.address(family)}"


def _router_lines(side: Side) -> Iterator[str]:
    yield f"link add {INSIDE} type bridge forward_delay 0"
    for number in range(1, HOSTS + 1):
        yield f"link set h{number} master {INSIDE} mtu {LARGEST_MTU} addrgenmode none up"
    yield f"link set {INSIDE} address {_mac(side, 0)} mtu {LARGEST_MTU} addrgenmode none up"
    yield f"address add {side.address(4)}/{side.ipv4.prefixlen} dev {INSIDE}"
    yield f"address add {side.address(6)}/{side.ipv6.prefixlen} dev {INSIDE} nodad"
    for family in FAMILIES:
        for number in range(1, HOSTS + 1):
            yield _known(side.address(family, number), _mac(side, 16 + number), INSIDE)
    for path in PATHS:
        yield from _path_lines(side, path)
    for family, network in ((4, side.other.ipv4), (6, side.other.ipv6)):
        yield f"route add {network} via {PRODUCTION.address(side.other, family)}"


def _path_lines(side: Side, path: Path) -> Iterator[str]:
    """An end of a path."""
    device = path.colour
    yield f"link set {device} address {_mac(side, path.mark)} mtu {path.mtu} addrgenmode none up"
    yield f"address add {path.address(side, 4)}/{path.ipv4.prefixlen} dev {device}"
    yield f"address add {path.address(side, 6)}/{path.ipv6.prefixlen} dev {device} nodad"
    for family in FAMILIES:
        there = path.address(side.other, family)
        yield _known(there, _mac(side.other, path.mark), device)


def _policy_lines(side: Side, family: int) -> Iterator[str]:
    for path in PATHS:
        yield f"route add default via {path.address(side.other, family)} table {path.mark}"
        yield f"rule add fwmark {path.mark}/{MARK_MASK} lookup {path.mark} priority {1000 + path.mark}"


def _known(address: IpAddress, mac: str, device: str) -> str:
    """Who has an address: nobody asks, so nothing is on a wire that nobody sent."""
    return f"neighbour replace {address} lladdr {mac} dev {device} nud permanent"


def _shaping_lines() -> Iterator[str]:
    for path in PATHS:
        rate = f"rate {path.megabits}mbit"
        if path.production:
            yield f"qdisc add dev {path.colour} root tbf {rate} burst 64kb latency 50ms"
        else:
            yield f"qdisc add dev {path.colour} root handle 1: htb default 1"
            yield f"class add dev {path.colour} parent 1: classid 1:1 htb {rate} burst 256kb"


def _mac(side: Side, number: int) -> str:
    return f"02:00:00:00:{side.number + 1:02x}:{number:02x}"
