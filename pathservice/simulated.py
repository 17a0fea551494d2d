"""The simulated devices of a site file: started inside `serve`, found by every other command.

Each keeps what it has, and with what one logs in to it, below `simulated/` in the state directory, and writes
there where it listens; so `devices plan` in another process reaches the same device.
"""

import json
import secrets
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType

from netconfig.errors import BadCredential
from netconfig.inventory import Device
from netconfig.simulator import FtosRouter, IosRouter, JunosRouter, NxosRouter, RunningSimulator
from pathservice.simulated_gateway import GATEWAY, locate_gateway, start_gateway

USERNAME = "pathservice"
ENDPOINT = "endpoint.json"
FTOS, JUNOS, NXOS = "dell_force10", "juniper_junos", "cisco_nxos"


@dataclass(frozen=True, slots=True)
class _Running:
    """A simulated device, its router if it is one of Cisco's, and what ends it."""

    router: IosRouter | None
    end: ExitStack


class SimulatedRouters:
    """Runs the simulated ones of the devices it is told, until it is closed."""

    def __init__(self, directory: Path, *, now: Callable[[], datetime]) -> None:
        self._directory = directory
        self._now = now
        self._running: dict[str, _Running] = {}

    def __enter__(self) -> "SimulatedRouters":
        return self

    @property
    def routers(self) -> dict[str, IosRouter]:
        """The running routers that are Cisco's, by name."""
        return {name: running.router for name, running in self._running.items() if running.router}

    def start(self, devices: Iterable[Device]) -> None:
        """Run the simulated ones of these devices too: all of them or none that is new.

        One that runs already goes on as it is, whatever it would be started from now.

        Raises:
            BadCredential: what one is to be started from is no configuration.
        """
        running = dict(self._running)
        with ExitStack() as starting:
            for device in devices:
                if device.simulated is not None and device.name not in running:
                    end = starting.enter_context(ExitStack())
                    running[device.name] = _Running(self._start(device, end), end)
            # Each is ended for itself from here on.
            starting.pop_all()
        self._running = running

    def end_others(self, devices: Iterable[Device]) -> None:
        """End those that are not among the simulated ones of these devices."""
        kept = {device.name for device in devices if device.simulated is not None}
        gone = [running for name, running in self._running.items() if name not in kept]
        self._running = {name: running for name, running in self._running.items() if name in kept}
        for running in gone:
            running.end.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end_others(())

    def _start(self, device: Device, running: ExitStack) -> IosRouter | None:
        home = _home(self._directory, device)
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        running.callback((home / ENDPOINT).unlink, missing_ok=True)
        if device.platform == GATEWAY:
            where = start_gateway(device, home, running, now=self._now)
            _write_private(home / ENDPOINT, json.dumps(where))
            return None
        return self._start_router(device, home, running)

    def _start_router(self, device: Device, home: Path, running: ExitStack) -> IosRouter | None:
        password = home / "password"
        if not password.exists():
            _write_private(password, secrets.token_urlsafe(24))
        assert device.simulated is not None  # noqa: S101 - the constructor chose these
        router = _router(device, _text_of(device, device.simulated), home, self._now)
        simulator = RunningSimulator(
            router,
            username=USERNAME,
            password=password.read_text(encoding="utf-8"),
            host_key_file=home / "host_key",
        )
        running.enter_context(simulator)
        where = {"host": simulator.host, "port": simulator.port, "host_key": _key_of(simulator.host_key_line)}
        _write_private(home / ENDPOINT, json.dumps(where))
        return router if isinstance(router, IosRouter) else None


def _router(
    device: Device, config: str, home: Path, now: Callable[[], datetime]
) -> FtosRouter | IosRouter | JunosRouter:
    nvram = home / "startup-config"
    if device.platform == JUNOS:
        try:
            return JunosRouter(config, nvram=nvram, clock=now)
        except ValueError as error:
            raise BadCredential(f"device {device.name}: simulated: {device.simulated}: {error}") from error
    if device.platform == FTOS:
        return FtosRouter(config, hostname=device.name, nvram=nvram, clock=now)
    if device.platform == NXOS:
        return NxosRouter(config, hostname=device.name, nvram=nvram, clock=now)
    return IosRouter(config, hostname=device.name, nvram=nvram, clock=now)


def _text_of(device: Device, file: Path) -> str:
    octets = file.read_bytes()
    try:
        return octets.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        words = f"line {line} holds an octet that is no UTF-8: {octets[error.start]:#04x}"
        raise BadCredential(f"device {device.name}: simulated: {file}: {words}") from error


def located(device: Device, directory: Path) -> Device:
    """The device as it is to be reached: itself, or the running simulator in its place.

    Raises:
        BadCredential: it is simulated and no `serve` with this state directory runs it.
    """
    if device.simulated is None:
        return device
    home = _home(directory, device)
    try:
        where = json.loads((home / ENDPOINT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadCredential(
            f"device {device.name} is simulated and nothing simulates it now: start `pathservice serve` "
            "with this state directory"
        ) from None
    if device.platform == GATEWAY:
        return locate_gateway(device, home, where)
    return Device(
        name=device.name,
        platform=device.platform,
        host=where["host"],
        port=where["port"],
        username=USERNAME,
        password=f"file:{home / 'password'}",
        host_key=where["host_key"],
        save=device.save,
        notices=device.notices,
    )


def _home(directory: Path, device: Device) -> Path:
    return directory / device.name


def _key_of(known_hosts_line: str) -> str:
    return known_hosts_line.split(maxsplit=1)[1].strip()


def _write_private(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(text, encoding="utf-8")
    new.replace(path)
