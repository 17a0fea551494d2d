"""A simulated Cisco NX-OS."""

from collections.abc import Iterator
from pathlib import Path

from lab.routers.simulated import Clock, Simulated
from lab.sites import INSIDE, PATHS, PRODUCTION, Side
from netconfig.simulator import NxosRouter

INTERFACES = {
    INSIDE: "Ethernet1/1",
    **{path.colour: f"Ethernet1/{2 + number}" for number, path in enumerate(PATHS)},
}


def _config(side: Side) -> Iterator[str]:
    yield from ("version 9.3(8) Bios:version 07.69", f"hostname {side.router}", "", "feature pbr", "")
    yield f"ip route {side.other.ipv4} {PRODUCTION.address(side.other, 4)}"
    yield ""
    yield from _interface(
        INSIDE, "hosts", f"{side.address(4)}/{side.ipv4.prefixlen}", f"{side.address(6)}/64"
    )
    for path in PATHS:
        ipv4, ipv6 = path.address(side, 4), path.address(side, 6)
        yield from _interface(path.colour, path.name, f"{ipv4}/{path.ipv4.prefixlen}", f"{ipv6}/64")


def _interface(device: str, description: str, ipv4: str, ipv6: str) -> Iterator[str]:
    yield f"interface {INTERFACES[device]}"
    yield f"  description {description}"
    yield "  no switchport"
    yield f"  ip address {ipv4}"
    yield f"  ipv6 address {ipv6}"
    yield "  no shutdown"
    yield ""


def _make(side: Side, nvram: Path, clock: Clock) -> NxosRouter:
    return NxosRouter("\n".join(_config(side)), hostname=side.router, nvram=nvram, clock=clock)


KIND = Simulated("cisco_nxos", INTERFACES, _make)
