"""A simulated Cisco IOS."""

from collections.abc import Iterator
from pathlib import Path

from lab.routers.simulated import Clock, Simulated
from lab.sites import INSIDE, PATHS, PRODUCTION, Side
from netconfig.simulator import IosRouter

INTERFACES = {
    INSIDE: "TenGigabitEthernet1/1",
    **{path.colour: f"TenGigabitEthernet1/{2 + number}" for number, path in enumerate(PATHS)},
}


def _config(side: Side) -> Iterator[str]:
    yield from ("version 15.7", "!", f"hostname {side.router}", "!", "ipv6 unicast-routing", "!")
    yield from _interface(INSIDE, "hosts", side.address(4), side.ipv4.netmask, side.address(6))
    for path in PATHS:
        addresses = path.address(side, 4), path.ipv4.netmask, path.address(side, 6)
        yield from _interface(path.colour, path.name, *addresses)
    there = side.other.ipv4
    yield f"ip route {there.network_address} {there.netmask} {PRODUCTION.address(side.other, 4)}"
    yield from ("!", "end")


def _interface(device: str, description: str, address: object, mask: object, ipv6: object) -> Iterator[str]:
    yield f"interface {INTERFACES[device]}"
    yield f" description {description}"
    yield f" ip address {address} {mask}"
    yield f" ipv6 address {str(ipv6).upper()}/64"
    yield "!"


def _make(side: Side, nvram: Path, clock: Clock) -> IosRouter:
    return IosRouter("\n".join(_config(side)) + "\n", hostname=side.router, nvram=nvram, clock=clock)


KIND = Simulated("cisco_ios", INTERFACES, _make)
