"""A simulated Force10, which steers IPv4 alone."""

from collections.abc import Iterator
from pathlib import Path

from lab.routers.simulated import Clock, Simulated
from lab.sites import INSIDE, PATHS, PRODUCTION, Side
from netconfig.simulator import FtosRouter
from netconfig.simulator.ftos_config import interface_name

INTERFACES = {
    INSIDE: "TenGigabitEthernet1/1",
    **{path.colour: f"TenGigabitEthernet1/{2 + number}" for number, path in enumerate(PATHS)},
}


def _config(side: Side) -> Iterator[str]:
    yield from ("Current Configuration ...", "! Version 9.14(2.4)", "!", f"hostname {side.router}", "!")
    yield from _interface(INSIDE, "hosts", f"{side.address(4)}/{side.ipv4.prefixlen}")
    for path in PATHS:
        yield from _interface(path.colour, path.name, f"{path.address(side, 4)}/{path.ipv4.prefixlen}")
    yield f"ip route {side.other.ipv4} {PRODUCTION.address(side.other, 4)}"
    yield from ("!", "end", "")


def _interface(device: str, description: str, ipv4: str) -> Iterator[str]:
    yield f"interface {_printed(INTERFACES[device])}"
    yield f" description {description}"
    yield f" ip address {ipv4}"
    yield " no shutdown"
    yield "!"


def _make(side: Side, nvram: Path, clock: Clock) -> FtosRouter:
    return FtosRouter("\n".join(_config(side)), hostname=side.router, nvram=nvram, clock=clock)


def _printed(name: str) -> str:
    """With the blank, which site files leave out."""
    return interface_name(name) or name


KIND = Simulated("dell_force10", INTERFACES, _make, families=(4,), printed=_printed)
