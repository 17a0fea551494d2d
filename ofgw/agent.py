"""The agent put together from its settings: back ends, keeper, calls, server; started and ended as one."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import Self

import structlog

from netconfig.gateway import ControllerProxy as Controller
from netconfig.slicestate import Item
from netconfig.vlanflows import SwitchPorts
from ofgw.access import AccessFile
from ofgw.backend import BackEnd, Memory
from ofgw.bridge import Bridge
from ofgw.calls import Calls
from ofgw.credentials import Credentials
from ofgw.errors import BadSettings
from ofgw.keeper import Keeper
from ofgw.loop import Loop
from ofgw.proxy.endpoint import Endpoint
from ofgw.relay import Relay
from ofgw.server import AgentServer
from ofgw.settings import BridgeSettings, Settings
from ofgw.statefile import StateFile
from ofgw.topology.model import Discovered
from ofgw.topology.view import FixedTopology, LiveTopology, Topology
from ofgw.topology.watch import DiscoveryProcess

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

LOOPBACK = "127.0.0.1"


class Agent:
    """A gateway's agent while the `with` block lasts.

    At its end the proxy's connections end, and all else stays as it is: what is wanted is taken up where it
    was at the next start, unless the slice is over by then.
    """

    keeper: Keeper
    server: AgentServer

    def __init__(self, settings: Settings, *, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._clock = clock
        self._open = ExitStack()
        self.relay: Relay | None = None

    def __enter__(self) -> Self:
        """Take up what is wanted, make it so, and only then answer calls.

        Raises:
            BadSettings: something of the settings cannot be had.
        """
        settings = self._settings
        if not settings.subjects:
            log.warning("nobody-may-call", setting="managers")
        with ExitStack() as opening:
            back_ends, topology = self._surroundings(opening)
            self.keeper = Keeper(
                back_ends,
                self._state_file(),
                clock=self._clock,
                look_every=timedelta(seconds=settings.look_every),
                agent=f"tbam-agent {_version()}",
            )
            calls = Calls(self.keeper, topology)
            credentials = Credentials(settings.ca, settings.cert, settings.key, settings.subjects)
            self.server = AgentServer((settings.address, settings.port), credentials, calls.call)
            opening.callback(self.server.server_close)
            self.keeper.turn()
            opening.enter_context(Loop(self.keeper))
            opening.enter_context(self.server)
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _state_file(self) -> StateFile:
        folder = self._settings.state
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise BadSettings(f"state: {folder} cannot be made: {error.strerror}") from error
        return StateFile(folder / "state.json")

    def _surroundings(self, opening: ExitStack) -> tuple[list[BackEnd], Topology]:
        settings = self._settings
        if not settings.with_devices:
            return [Memory(item) for item in Item], self._topology() or FixedTopology.of_original()
        default, discovered = self._default(opening)
        listen = [_endpoint(text) for text in settings.switches]
        self.relay = opening.enter_context(
            Relay(listen, default, clock=self._clock, policy=settings.controllers)
        )
        back_ends: list[BackEnd] = [self.relay]
        if settings.bridge is not None:
            back_ends.append(opening.enter_context(_bridge(settings.bridge)))
        if settings.access is not None:
            back_ends.append(AccessFile(settings.access))
        return back_ends, self._topology() or LiveTopology(self.relay.switches, discovered)

    def _default(self, opening: ExitStack) -> tuple[Endpoint | None, Callable[[], Discovered]]:
        """Where switches are relayed to while no slice runs, and what is discovered by it."""
        settings = self._settings
        if settings.discovery_port is None:
            default = settings.default_controller
            return (None if default is None else _endpoint(default)), Discovered
        file = settings.state / "discovered.json"
        settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        process = opening.enter_context(DiscoveryProcess(LOOPBACK, settings.discovery_port, file))
        return Endpoint(LOOPBACK, settings.discovery_port), process.discovered

    def _topology(self) -> Topology | None:
        if (file := self._settings.topology) is None:
            return None
        try:
            return FixedTopology.of_file(file)
        except (OSError, ValueError) as error:
            raise BadSettings(f"topology: {error}") from error


def _bridge(settings: BridgeSettings) -> Bridge:
    return Bridge(f"unix:{settings.path}", SwitchPorts(alien=settings.alien, ofelia=settings.ofelia))


def _endpoint(text: str) -> Endpoint:
    found = Controller.parse(text)
    return Endpoint(found.host, found.port)


def _version() -> str:
    try:
        return version("pathservice")
    except PackageNotFoundError:
        return "of unknown version"
