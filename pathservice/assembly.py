"""Wiring: settings in, a site's parts around one database out; what every command starts from."""

import os
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy.orm import Session

from activation.clock import Clock, SystemClock
from activation.devices import register_devices, view_devices
from lambdastation.station import DeviceStatus
from lambdastation.tickets import TicketService, ensure_resources
from netconfig.driver import DeviceDriver, Ownership
from netconfig.inventory import Device
from netconfig.registry import driver_class
from pathservice import schema
from pathservice.logs import AUDIT_FILE, AuditTrail
from pathservice.settings import Settings
from pathservice.simulated import located
from pathservice.sitefile import SiteFile, load_site_file
from reservation.identity import belong_to, database_identity
from store import Store, open_store


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

    def __enter__(self) -> Self:
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
    def simulated(self) -> Path:
        """Where simulated routers keep what they have."""
        return self.settings.state / "simulated"

    def driver(self, name: str) -> DeviceDriver:
        """A driver of the device, reached where it is now.

        Raises:
            BadCredential: it is simulated and not running.
            KeyError: the site file has no such device.
        """
        device = self.devices[name]
        return driver_class(device.platform)(located(device, self.simulated), self.ownership)


def _make_private(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(f"state: {directory} cannot be made: {error.strerror}") from error
    if not os.access(directory, os.W_OK):
        raise SetupError(f"state: {directory} cannot be written to")
