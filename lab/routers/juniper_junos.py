"""A simulated Juniper Junos, prepared for us as `docs/juniper-junos.md` says."""

from collections.abc import Iterator
from pathlib import Path

from lab.routers.simulated import Clock, Simulated
from lab.sites import INSIDE, PATHS, PRODUCTION, STATION, Side
from netconfig.simulator import JunosRouter

INTERFACES = {
    INSIDE: "ge-0/0/0.0",
    **{path.colour: f"ge-0/0/{1 + number}.0" for number, path in enumerate(PATHS)},
}
_GROUP = f"lambdastation-{STATION}"


def _config(side: Side) -> Iterator[str]:
    yield "<configuration>"
    yield (
        f"<groups><name>{_GROUP}</name><apply-macro><name>lambdastation</name>"
        f"<data><name>station</name><value>{STATION}</value></data></apply-macro></groups>"
        f"<apply-groups>{_GROUP}</apply-groups>"
    )
    services = "<services><netconf><ssh/></netconf></services>"
    yield f"<system><host-name>{side.router}</host-name>{services}</system>"
    yield "<interfaces>"
    yield _interface(INSIDE, "hosts", f"{side.address(4)}/{side.ipv4.prefixlen}", f"{side.address(6)}/64")
    for path in PATHS:
        ipv4, ipv6 = path.address(side, 4), path.address(side, 6)
        yield _interface(path.colour, path.name, f"{ipv4}/{path.ipv4.prefixlen}", f"{ipv6}/64")
    yield "</interfaces>"
    route = f"<name>{side.other.ipv4}</name><next-hop>{PRODUCTION.address(side.other, 4)}</next-hop>"
    yield f"<routing-options><static><route>{route}</route></static></routing-options>"
    yield "</configuration>"


def _interface(device: str, description: str, ipv4: str, ipv6: str) -> str:
    name, _, unit = INTERFACES[device].partition(".")
    return (
        f"<interface><name>{name}</name><description>{description}</description><unit><name>{unit}</name><family>"
        f"<inet><address><name>{ipv4}</name></address></inet>"
        f"<inet6><address><name>{ipv6}</name></address></inet6></family></unit></interface>"
    )


def _make(side: Side, nvram: Path, clock: Clock) -> JunosRouter:
    return JunosRouter("\n".join(_config(side)), nvram=nvram, clock=clock)


KIND = Simulated("juniper_junos", INTERFACES, _make)
