"""A lab that runs: two sites, the paths between them, a border router of some kind at each, a site file."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from lab.network import Host
from lab.relay import Relay
from lab.routers import Place, Running, kind_of
from lab.silence import silence, wake
from lab.sitefile import HopsDown, write_site_file
from lab.sites import HOSTS, PATHS, SIDES, Side
from lab.sites import Path as Way
from lab.wires import Wires

LOOK_SECONDS = 1.0
"""How often it is looked whether packets go as a router is configured, where it told nothing."""
SITE_FILE = "site.yaml"


@dataclass(frozen=True, slots=True)
class HostFacts:
    """A host: its addresses, and where programs find its network (`nsenter --net=...`)."""

    name: str
    site: str
    ipv4: str
    ipv6: str
    network: str


@dataclass(frozen=True, slots=True)
class RouterFacts:
    """A border router: how it is reached, and where its packets are."""

    name: str
    site: str
    platform: str
    host: str
    port: int
    network: str


@dataclass(frozen=True, slots=True)
class PathFacts:
    """A path between the sites, with the addresses of both ends."""

    colour: str
    name: str
    production: bool
    mtu: int
    megabits: int
    west: str
    east: str


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is to be known of a lab."""

    site_file: str
    hosts: tuple[HostFacts, ...]
    routers: tuple[RouterFacts, ...]
    paths: tuple[PathFacts, ...]

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        """What `as_json` told."""
        return cls(
            told["site_file"],
            tuple(HostFacts(**one) for one in told["hosts"]),
            tuple(RouterFacts(**one) for one in told["routers"]),
            tuple(PathFacts(**one) for one in told["paths"]),
        )


class Lab:
    """Runs while the `with` block lasts; nothing but its folder is left.

    Attributes:
        folder: an empty one, in which everything is.
        wires: hosts and the networks of the routers.
        kinds, routers: by the site's name.
    """

    def __init__(
        self,
        folder: Path,
        platforms: Mapping[str, str],
        *,
        relayed: Sequence[int] = (),
        hops_down: HopsDown = MappingProxyType({}),
    ) -> None:
        """Nothing is made yet.

        Args:
            platforms: kinds of router by the site's name.
            relayed: ports of our loopback address that hosts have on theirs.
            hops_down: what rules say of next hops that do not answer; of colours that are left out, nothing.

        Raises:
            LabError: there is no such kind.
        """
        self._relayed = relayed
        self._hops_down = hops_down
        self.folder = folder
        self.wires = Wires()
        self.routers: dict[str, Running] = {}
        self.kinds = {side.name: kind_of(platforms[side.name]) for side in SIDES}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Make everything, and return when all of it answers.

        Raises:
            MissingProgram: something is not there that it takes; nothing was started.
            LabError: something does not start.
        """
        with ExitStack() as opening:
            opening.enter_context(self.wires)
            for side in SIDES:
                home = self.folder / side.router
                home.mkdir(mode=0o700)
                place = Place(side, self.wires.routers[side.name], home)
                self.routers[side.name] = opening.enter_context(self.kinds[side.name].start(place))
            opening.enter_context(_Looking(self.routers.values()))
            for host in self.wires.hosts.values():
                for port in self._relayed:
                    opening.enter_context(Relay(host, port))
            write_site_file(self.site_file, self.kinds, self.routers, self._hops_down)
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    @property
    def site_file(self) -> Path:
        """For `pathservice serve`."""
        return self.folder / SITE_FILE

    def host(self, name: str) -> Host:
        """A host by its name, `west-1`."""
        return self.wires.hosts[name]

    def silence(self, path: Way, side: Side) -> None:
        """Have a site's end of a path answer nobody and pass nothing on, as if it had died."""
        silence(self.wires.routers[side.name], path.colour)

    def wake(self, path: Way, side: Side) -> None:
        """End `silence`; nothing is done where there is none."""
        wake(self.wires.routers[side.name], path.colour)

    def facts(self) -> Facts:
        """What is where."""
        return Facts(
            site_file=str(self.site_file),
            hosts=tuple(
                HostFacts(
                    name=(name := side.host(number)),
                    site=side.name,
                    ipv4=str(side.address(4, number)),
                    ipv6=str(side.address(6, number)),
                    network=self.wires.hosts[name].path,
                )
                for side in SIDES
                for number in range(1, HOSTS + 1)
            ),
            routers=tuple(
                RouterFacts(
                    name=side.router,
                    site=side.name,
                    platform=self.kinds[side.name].platform,
                    host=self.routers[side.name].host,
                    port=self.routers[side.name].port,
                    network=self.wires.routers[side.name].path,
                )
                for side in SIDES
            ),
            paths=tuple(
                PathFacts(
                    colour=path.colour,
                    name=path.name,
                    production=path.production,
                    mtu=path.mtu,
                    megabits=path.megabits,
                    west=str(path.address(SIDES[0], 4)),
                    east=str(path.address(SIDES[1], 4)),
                )
                for path in PATHS
            ),
        )


class _Looking:
    """Has routers look at themselves now and then: what runs out by itself tells nobody."""

    def __init__(self, routers: Iterable[Running]) -> None:
        self._routers = tuple(routers)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="lab-looking", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            for router in self._routers:
                router.refresh()
