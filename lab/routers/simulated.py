"""A simulated router: its management by its real protocol on the loopback address, its packets in the lab."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from lab.dataplane import DataPlane
from lab.network import Host
from lab.processes import CommandRefused
from lab.routers.kind import Login, Place, Running
from lab.sites import PATHS, Side
from netconfig.intent import IpAddress
from netconfig.simulator import FtosRouter, IosRouter, JunosRouter, RunningSimulator

SimulatedRouter = FtosRouter | IosRouter | JunosRouter
USERNAME = "pathservice"
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Simulated:
    """A kind of router that is simulated.

    Attributes:
        families: of packets that it can steer.
        printed: what the router itself calls the interface that site files name so.
        make: the router for a site, with the file that keeps its configuration.
    """

    platform: str
    interfaces: Mapping[str, str]
    make: Callable[[Side, Path, Clock], SimulatedRouter]
    families: tuple[int, ...] = (4, 6)
    printed: Callable[[str], str] = str

    @contextmanager
    def start(self, place: Place) -> Iterator[Running]:
        router = self.make(place.side, place.folder / "startup-config", lambda: datetime.now(UTC))
        devices = {self.printed(name): device for device, name in self.interfaces.items()}
        router.next_hops.ask = partial(_answers, place.network)
        plane = DataPlane(place.side.router, router, place.network, devices, marks_of(place.side))
        password = place.folder / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24) + "\n", encoding="utf-8")
        simulator = RunningSimulator(
            router,
            username=USERNAME,
            password=password.read_text(encoding="utf-8").strip(),
            host_key_file=place.folder / "host_key",
        )
        with plane, simulator:
            yield RunningRouter(simulator, Login(USERNAME, password), plane, router)


class RunningRouter:
    """A simulated router that runs.

    Attributes:
        router: itself: its configuration, and the faults it can be given.
    """

    def __init__(
        self, simulator: RunningSimulator, login: Login, plane: DataPlane, router: SimulatedRouter
    ) -> None:
        self.host = simulator.host
        self.port = simulator.port
        self.host_key = simulator.host_key_line.split(maxsplit=1)[1].strip()
        self.login = login
        self.router = router
        self.refresh = plane.refresh
        self.reboot = router.reboot


def _answers(network: Host, address: IpAddress) -> bool:
    """Whether a neighbour answers one of the router's echo requests within two seconds."""
    try:
        network.run("ping", "-n", "-q", "-c", "1", "-w", "2", "-t", "1", str(address))
    except CommandRefused:
        return False
    return True


def marks_of(side: Side) -> dict[IpAddress, int]:
    """What marks packets on their way to each next hop that a site's router has."""
    return {path.address(side.other, family): path.mark for path in PATHS for family in (4, 6)}
