"""Wiring: settings in, a site's parts around one database out; what every command starts from.

The site is the version in force in the database. The site file of the settings is version 1 of a database
that has none; later it is only compared, and `pathservice site apply` puts it into force.
"""

import getpass
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import structlog
from sqlalchemy.orm import Session

from activation.clock import Clock, SystemClock
from activation.devices import DeviceView, view_devices
from activation.read_only import ReadOnly
from lambdastation.station import DeviceStatus
from lambdastation.tickets import TicketService
from netconfig.driver import DeviceDriver, Ownership
from netconfig.inventory import Device
from netconfig.registry import driver_class
from pathservice import schema
from pathservice.logs import AUDIT_FILE, Audit, AuditTrail
from pathservice.settings import Settings
from pathservice.simulated import located
from pathservice.site_apply import apply_site, prepare, served_version
from pathservice.site_difference import find_changes
from pathservice.site_versions import Served
from pathservice.sitefile import SiteFile, SiteFileError, load_site_file, only_read, read_site_text
from reservation.errors import SiteReplaced
from reservation.identity import read_identity, require_site
from store import Store, open_store
from tbam.manager import IslandManager

log = structlog.get_logger("pathservice")


class SetupError(Exception):
    """The service cannot start as it is set up; the message says what to change."""

    code = "setup"


@dataclass(frozen=True, slots=True)
class DriverMaker:
    """Makes drivers of one device, reached where it is when one is made. Equal where what they make is."""

    device: Device
    simulated: Path
    ownership: Ownership

    def __call__(self) -> DeviceDriver:
        """A driver, not connected yet; one that cannot configure the device if that is a dry run.

        Raises:
            BadCredential: the device is simulated and not running.
        """
        device = located(self.device, self.simulated)
        driver = driver_class(self.device.platform)(device, self.ownership)
        return cast("DeviceDriver", ReadOnly(driver, device.name)) if self.device.dry_run else driver


class Assembly:
    """A site's parts around one database. Everything it opened is closed when its block ends.

    Attributes:
        store, tickets: ready to use; `audit` takes a line of the audit trail.
        islands: the experimenters' manager, None where the site has no islands.
        served: the site as it is served here, and in which version.
    """

    def __init__(self, settings: Settings, *, clock: Clock | None = None, looking: bool = False) -> None:
        """With `looking` nothing is made or written: for commands that only show."""
        self.settings = settings
        self._looking = looking
        self.clock = clock or SystemClock()
        self._open = ExitStack()
        self.served: Served
        self.store: Store
        self.tickets: TicketService
        self.islands: IslandManager | None = None
        self.audit: Audit
        self.ownership: Ownership

    @property
    def file(self) -> SiteFile:
        """The site and its devices, as they are served here now."""
        return self.served.file

    @property
    def devices(self) -> Mapping[str, Device]:
        """By name, as the site file has them; `driver` knows how each is reached now."""
        return {device.name: device for device in self._devices_of(self.file)}

    def _devices_of(self, file: SiteFile) -> tuple[Device, ...]:
        return only_read(file.devices) if self.settings.dry_run else file.devices

    def __enter__(self) -> Self:
        """Open the database, made ready for this release, and the site.

        Raises:
            SetupError, SiteFileError, SchemaMismatch, StoreUnavailable, UnknownPlatform.
            WrongSite: the database is another site's.
            SiteRefused: the site file, with which a database begins, takes back what is promised.
            DeviceInUse: a device that carries something is to be a dry run.
        """
        with ExitStack() as opening:
            if not self._looking:
                _make_private(self.settings.state)
            self.store = open_store(self.settings.database_url)
            opening.callback(self.store.close)
            if self._looking:
                schema.require_head(self.store)
            else:
                schema.prepare(self.store)
            self.served = self._look() if self._looking else self._begin()
            self._compare()
            self.ownership = self.store.read(self._own)
            trail = AuditTrail(self.settings.state / AUDIT_FILE)
            opening.callback(trail.close)
            self.audit = trail.write
            self.tickets = TicketService(
                self.store,
                self.file.site,
                clock=self.clock.now,
                audit=self.audit,
                devices=self._device_statuses,
                version=version("pathservice"),
                site_version=self.served.version,
                catch_up=self.catch_up,
            )
            self._take_up_islands()
            self._open = opening.pop_all()
        return self

    def _take_up_islands(self) -> None:
        """Serve the islands of the site as it is served here now."""
        settings, version = self.file.tbam, self.served.version
        if settings is None:
            self.islands = None
        elif self.islands is not None:
            self.islands.replace_settings(settings, version=version)
        else:
            clock, catch_up = self.clock.now, self.catch_up
            self.islands = IslandManager(
                self.store, settings, clock=clock, site_version=version, catch_up=catch_up
            )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def catch_up(self) -> bool:
        """Whether the version in force is served here, now at the latest: a command lives for one version."""
        return False

    def _look(self) -> Served:
        """The version in force; of a database without one, the site file as it would become the first."""
        served = self.store.read(lambda session: served_version(session, to_look=True))
        if served is None:
            return Served(0, load_site_file(self.settings.site_file))
        return served

    def _begin(self) -> Served:
        """The version in force, made ready to be served; the site file becomes the first."""
        now = self.clock.now()
        while (served := self.store.read(served_version)) is None or not self._is_prepared(served, now):
            if served is None:
                text = read_site_text(self.settings.site_file)
                by = f"{getpass.getuser()}, at the first start"
                apply_site(self.store, text, by=by, now=now, only_first=True)
        return served

    def _is_prepared(self, served: Served, now: datetime) -> bool:
        """Make the database ready for this version; False if another came into force meanwhile."""
        try:
            devices = self._devices_of(served.file)
            self.store.write(lambda session: prepare(session, served, devices, now=now))
        except SiteReplaced:
            return False
        return True

    def _compare(self) -> None:
        """Say where the site file of the settings, if there is one, is not what is served.

        Raises:
            WrongSite: it is another site's.
        """
        if self.settings.site is None or not self.served.version:
            return
        try:
            file = load_site_file(self.settings.site)
        except SiteFileError as error:
            if not self._looking:
                log.warning("site file cannot be used", served=self.served.version, error=str(error))
            return
        if (identity := self.store.read(read_identity)) is not None:
            require_site(identity, site=file.site.name, station=file.site.station)
        if find_changes(self.file, file) and not self._looking:
            log.warning(
                "site file is not what is in force; `pathservice site apply` would have it so",
                file=str(self.settings.site),
                served=self.served.version,
            )

    def _own(self, session: Session) -> Ownership:
        identity = read_identity(session)
        # A database that was never used has nothing on any device.
        database = "" if identity is None else identity.database_uuid
        return Ownership(station=self.file.site.station, database=database)

    def device_views(self) -> tuple[DeviceView, ...]:
        """The site's devices as the database has them, and any other with something still on it."""
        views = self.store.read(view_devices)
        return tuple(view for view in views if view.name in self.devices or view.live_parts)

    def makers(self) -> dict[str, Callable[[], DeviceDriver]]:
        """What makes drivers, by device."""
        return {
            name: DriverMaker(device, self.simulated, self.ownership) for name, device in self.devices.items()
        }

    def _device_statuses(self) -> list[DeviceStatus]:
        return [
            DeviceStatus(
                name=device.name,
                platform=device.platform,
                in_sync=None if device.read_at is None else device.in_sync,
                error_code=device.error_code,
                held_back=None if device.pause is None else device.pause.cause,
                dry_run=device.dry_run,
            )
            for device in self.device_views()
        ]

    @property
    def simulated(self) -> Path:
        """Where simulated routers keep what they have."""
        return self.settings.state / "simulated"

    def driver(self, name: str) -> DeviceDriver:
        """A driver of the device, reached where it is now; one that cannot configure a dry run.

        Raises:
            BadCredential: it is simulated and not running.
            KeyError: the site file has no such device.
        """
        return self.makers()[name]()


def _make_private(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(f"state: {directory} cannot be made: {error.strerror}") from error
    if not os.access(directory, os.W_OK):
        raise SetupError(f"state: {directory} cannot be written to")
