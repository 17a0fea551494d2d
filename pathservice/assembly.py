"""Wiring: settings in, a service out. The one place that knows every part."""

import os
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any

import structlog
from sqlalchemy.orm import Session

from activation.clock import Clock, SystemClock
from activation.devices import register_devices, view_devices
from activation.worker import Worker, WorkerSettings
from lambdastation.soap import soap_application
from lambdastation.station import DeviceStatus
from lambdastation.tickets import TicketService, ensure_resources
from netconfig.driver import DeviceDriver, Ownership
from netconfig.inventory import Device
from netconfig.registry import driver_class
from pathservice import schema
from pathservice.listener import Listener, Mount, TlsSettings
from pathservice.locks import only_one
from pathservice.logs import AUDIT_FILE, AuditTrail
from pathservice.pki import init_pki
from pathservice.settings import Settings
from pathservice.simulated import SimulatedRouters, located
from pathservice.sitefile import SiteFile, load_site_file
from reservation.identity import belong_to, database_identity
from store import Store, open_store

log = structlog.get_logger("pathservice")

WORKER_SILENT_AFTER = timedelta(seconds=30)
"""A worker that has not ticked for so long is reported as ill."""


PUSHES_MAY_TAKE = timedelta(seconds=2)
"""How long a push under way is waited for at the stop; with the listener's share it stays within five."""


class SetupError(Exception):
    """The service cannot start as it is set up; the message says what to change."""

    code = "setup"


class Assembly:
    """A site's parts around one database. Everything it opened is closed when its block ends.

    Attributes:
        store, site, tickets: ready to use.
        devices: by name, as the site file has them; `driver` knows how each is reached now.
    """

    def __init__(self, settings: Settings, *, clock: Clock | None = None, looking: bool = False) -> None:
        """With `looking` nothing is made or written: for commands that only show."""
        self.settings = settings
        self._looking = looking
        self.clock = clock or SystemClock()
        self._open = ExitStack()
        self.file: SiteFile
        self.store: Store
        self.tickets: TicketService
        self.devices: dict[str, Device]
        self.routers: Mapping[str, Any] = {}
        self.worker: Worker | None = None
        self.listener: Listener | None = None

    def __enter__(self) -> "Assembly":
        """Open the site file and the database, made ready for this release.

        Raises:
            SetupError, SiteFileError, SchemaMismatch, StoreUnavailable, UnknownPlatform.
            WrongSite: the database is another site's.
            CapacityBooked: the site file takes back what is promised.
        """
        with ExitStack() as opening:
            if not self._looking:
                _make_private(self.settings.state)
            self.file = load_site_file(self.settings.site_file)
            self.devices = {device.name: device for device in self.file.devices}
            self.store = open_store(self.settings.database_url)
            opening.callback(self.store.close)
            if self._looking:
                schema.require_head(self.store)
            else:
                schema.prepare(self.store)
            self.ownership = self.store.write(self._own)
            if not self._looking:
                self.store.write(self._offer)
            trail = AuditTrail(self.settings.state / AUDIT_FILE)
            opening.callback(trail.close)
            self._audit = trail.write
            self.tickets = TicketService(
                self.store,
                self.file.site,
                clock=self.clock.now,
                audit=self._audit,
                devices=self._device_statuses,
                version=version("pathservice"),
            )
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _own(self, session: Session) -> Ownership:
        site = self.file.site
        belong_to(session, site=site.name, station=site.station)
        return Ownership(station=site.station, database=database_identity(session))

    def _offer(self, session: Session) -> None:
        site = self.file.site
        register_devices(session, self.devices.values())
        ensure_resources(session, site, now=self.clock.now())

    def _device_statuses(self) -> list[DeviceStatus]:
        return [
            DeviceStatus(
                name=device.name,
                platform=device.platform,
                in_sync=None if device.read_at is None else device.in_sync,
                error_code=device.error_code,
            )
            for device in self.store.read(view_devices)
        ]

    @property
    def _simulated(self) -> Path:
        return self.settings.state / "simulated"

    def driver(self, name: str) -> DeviceDriver:
        """A driver of the device, reached where it is now.

        Raises:
            BadCredential: it is simulated and not running.
            KeyError: the site file has no such device.
        """
        device = self.devices[name]
        return driver_class(device.platform)(located(device, self._simulated), self.ownership)

    def start_simulators(self) -> None:
        """Be the one that serves from this state directory, and start the site's simulated routers.

        Raises:
            StateTaken: another does; its routers are left alone.
        """
        self._open.enter_context(only_one(self.settings.state, "serve"))
        running = SimulatedRouters(self.devices.values(), self._simulated, now=self.clock.now)
        self.routers = self._open.enter_context(running).routers

    def start_worker(self) -> None:
        """Start changing devices; it ends with the assembly, within a few seconds.

        Raises:
            StateTaken: another worker runs with this state directory.
        """
        owner = self._open.enter_context(only_one(self.settings.state, "worker"))
        drivers = {name: partial(self.driver, name) for name in self.devices}
        settings = WorkerSettings(
            owner=owner,
            drift=self.settings.drift_every,
            lease=self.settings.lease_life,
            visits=self.settings.visits,
        )
        self.worker = Worker(self.store, drivers, settings, self.clock)
        self.worker.start()
        self._open.callback(self.worker.stop, patience=PUSHES_MAY_TAKE)

    def start_listener(self) -> Listener:
        """Answer clients; it stops with the assembly.

        Raises:
            SetupError: there are no certificates and the devices are real.
            ListenerError: the port is taken or a TLS file cannot be used.
        """
        self.listener = Listener(
            bind=(self.settings.bind, self.settings.port),
            mounts=[Mount("/lambdastation", soap_application(self.tickets))],
            tls=self._tls(),
            health=self._health,
            audit=self._audit,
            clock=self.clock.now,
        )
        self.listener.start()
        self._open.callback(self.listener.stop)
        return self.listener

    def _tls(self) -> TlsSettings:
        given = self.settings
        pki = given.pki
        if given.cert is None and not (pki / "server-cert.pem").exists():
            real = sorted(name for name, device in self.devices.items() if device.simulated is None)
            if real:
                raise SetupError(
                    "there is no certificate for the service, and test ones are not made beside real devices "
                    f"({', '.join(real)}): set ca, cert and key, or run `pathservice pki init` knowingly"
                )
        if given.cert is None:
            init_pki(pki, host_names=given.host_names, now=self.clock.now())
        return TlsSettings(
            ca=given.ca or pki / "ca.pem",
            cert=given.cert or pki / "server-cert.pem",
            key=given.key or pki / "server-key.pem",
            crl=given.crl,
        )

    def _health(self) -> tuple[bool, dict[str, object]]:
        details: dict[str, object] = {}
        try:
            self.store.ping()
            details["database"] = "ok"
        except Exception:
            log.exception("database does not answer")
            details["database"] = "away"
        if self.worker is not None:
            struck = self.worker.struck_at
            silent = struck is None or self.clock.now() - struck > WORKER_SILENT_AFTER
            details["worker"] = "silent" if silent else "ok"
        return all(word == "ok" for word in details.values()), details


def _make_private(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(f"state: {directory} cannot be made: {error.strerror}") from error
    if not os.access(directory, os.W_OK):
        raise SetupError(f"state: {directory} cannot be written to")
