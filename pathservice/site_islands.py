"""The islands of a site file: held against its devices, and against what is booked of them."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from lambdastation.site_problems import Path, Problem
from netconfig.capability import Capability
from netconfig.inventory import Device
from netconfig.registry import driver_class, platforms
from tbam.aggregate import AggregateManager
from tbam.islands import ISLAND_PREFIX, missing_islands, moved_gateways

CARRIED = (Capability.CONTROLLER_PROXY, Capability.VLAN_MAP)
"""What every slice has its gateway carry."""


def find_island_problems(settings: AggregateManager | None, devices: Collection[str]) -> Iterator[Problem]:
    """Names of islands and gateways that are there twice, or lead nowhere."""
    names: set[str] = set()
    gateways: dict[str, str] = {}
    for at, island in enumerate(() if settings is None else settings.islands):
        where: Path = ("tbam", "islands", at)
        if island.name in names:
            yield Problem((*where, "name"), f"{island.name} is there already; a name is used once")
        names.add(island.name)
        if island.gateway not in devices:
            known = ", ".join(sorted(devices)) or "none"
            yield Problem((*where, "gateway"), f"there is no device {island.gateway}; there is {known}")
        elif island.gateway in gateways:
            other = gateways[island.gateway]
            yield Problem((*where, "gateway"), f"{island.gateway} is the gateway of {other} already")
        gateways.setdefault(island.gateway, island.name)


def find_gateway_problems(
    settings: AggregateManager | None, can: Mapping[str, Collection[str]]
) -> Iterator[Problem]:
    """Gateways that cannot do what slices ask of them; `can` are the capabilities of devices, by name."""
    for at, island in enumerate(() if settings is None else settings.islands):
        needed = (*CARRIED, Capability.USER_ACCESS) if island.login else CARRIED
        missing = [one for one in needed if island.gateway in can and one not in can[island.gateway]]
        if missing:
            yield Problem(
                ("tbam", "islands", at, "gateway"),
                f"{island.gateway} is no gateway of an island: its driver cannot do {', '.join(missing)}",
            )


def capabilities(devices: Collection[Device]) -> dict[str, Collection[str]]:
    """What the devices can do that have a driver here, by name."""
    known = platforms()
    return {
        device.name: driver_class(device.platform).capabilities
        for device in devices
        if device.platform in known
    }


def island_refusals(session: Session, settings: AggregateManager | None, now: datetime) -> Iterator[str]:
    """Each island that is booked and would be taken away, or be on another gateway, in a sentence."""
    for booked in missing_islands(session, settings, now=now):
        name = booked.resource.removeprefix(ISLAND_PREFIX)
        yield f"tbam: island {name} is booked, so it cannot be taken away"
    for name, gateway in moved_gateways(session, settings):
        # Its calendar would say nothing of who has that gateway.
        yield f"tbam: island {name} is booked on {gateway}, so it cannot be given another gateway"
