"""A ticket whose objects are on routers and which no database knows, made again from what they steer.

The routers are read, the site's rules tell the ticket, and one transaction writes it down with its parts
placed where they stand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from activation.adoption import start_adopted
from activation.evictions import strange_fingerprint
from lambdastation.adopting import adopt_ticket
from lambdastation.caller import Caller
from lambdastation.rebuilding import NotRebuilt, Rebuilt, rebuild
from lambdastation.records import TicketDescription, describe
from netconfig.driver import Config, DeviceDriver, PartIntent, Placement, Plan
from netconfig.errors import NetconfigError
from netconfig.intent import Intent
from pathservice.assembly import Assembly, SetupError


@dataclass(frozen=True, slots=True)
class Found:
    """What is to be adopted.

    Attributes:
        database: the fingerprint that it has; empty where that is gone.
        placements: of the ticket's parts on each device that was read, in their order.
        plans: what each of these devices would be sent for it.
    """

    number: int
    device: str
    database: str
    rebuilt: Rebuilt
    placements: Mapping[str, tuple[Placement, ...]]
    plans: Mapping[str, Plan]


def find(
    assembly: Assembly,
    device: str,
    number: int,
    *,
    until: datetime,
    bandwidth: str | None,
    now: datetime,
    path: str | None = None,
) -> Found:
    """Read the ticket off the devices.

    Those of its path must all be read; any other that can be must carry nothing under its number.

    Raises:
        NoStranger: nothing there is named so, or it is this database's own.
        Unreadable: it is there, and not as we write it.
        NotRebuilt: not one ticket of the site would do that.
        Refused: the ticket would be too much to ask, as of any request.
        NetconfigError: a device cannot be read, or has no room for what is missing.
        SetupError: the device is a dry run.
    """
    if assembly.devices[device].dry_run:
        raise SetupError(f"{device} is a dry run: it is never configured")
    look = _Look(assembly, number)
    try:
        driver, actual, database = look.at(device)
        steerings = driver.recover(actual, number, database=database)
        rebuilt = rebuild(
            steerings, assembly.file.site, device=device, until=until, bandwidth=bandwidth, now=now, path=path
        )
        intents: dict[str, list[Intent]] = {}
        for placed in rebuilt.admission.placed:
            intents.setdefault(placed.device, []).append(placed.intent)
        placements, plans = {}, {}
        for name, of_device in intents.items():
            if assembly.devices[name].dry_run:
                continue
            driver, actual, _ = look.at(name, as_on=(device, database))
            placements[name] = driver.take_over(actual, number, of_device, database=database)
            plans[name] = _plan(driver, actual, number, of_device, placements[name])
        look.require_none_elsewhere(set(intents), database)
    finally:
        look.close()
    return Found(number, device, database, rebuilt, placements, plans)


def adopt(
    assembly: Assembly, found: Found, *, owner: Caller, actor: str, now: datetime, rehearse: bool = False
) -> TicketDescription:
    """Write the ticket down and start it, all or nothing; with `rehearse` find out whether it can be.

    Raises:
        NumberTaken, NotAdopted, Refused, NotReady: it cannot.
    """

    def work(session: Session) -> TicketDescription:
        whose = f"the fingerprint of database {found.database}" if found.database else "no fingerprint"
        adopt_ticket(
            session,
            found.number,
            found.rebuilt,
            site=assembly.file.site,
            owner=owner,
            actor=actor,
            reason=f"adopted by {actor} from {found.device}, where it had {whose}",
            now=now,
            site_version=assembly.served.version or None,
        )
        start_adopted(session, found.number, found.placements, now=now, actor=actor)
        told = describe(session, found.number)
        assert told is not None  # noqa: S101 - it was written above
        if rehearse:
            raise _Rehearsed(told)
        return told

    try:
        return assembly.store.write(work)
    except _Rehearsed as rehearsal:
        return rehearsal.told


class _Rehearsed(Exception):
    """What would have been written; the transaction is rolled back."""

    def __init__(self, told: TicketDescription) -> None:
        super().__init__(told.summary)
        self.told = told


class _Look:
    """Devices, each read once."""

    def __init__(self, assembly: Assembly, number: int) -> None:
        self._assembly = assembly
        self._number = number
        self._read: dict[str, tuple[DeviceDriver, Config]] = {}

    def at(self, device: str, *, as_on: tuple[str, str] | None = None) -> tuple[DeviceDriver, Config, str]:
        """A device with its reading and the fingerprint of the number there.

        With `as_on`, another device and its fingerprint, there may be nothing; else it must have the same.
        """
        driver, actual = self._reading(device)
        if as_on is not None and self._number not in actual.found:
            return driver, actual, as_on[1]
        database = self._assembly.store.read(
            lambda session: strange_fingerprint(session, device, actual, self._number)
        )
        if as_on is not None and database != as_on[1]:
            raise NotRebuilt(
                f"{device} carries objects of {self._number} too, with another fingerprint than {as_on[0]}"
            )
        return driver, actual, database

    def require_none_elsewhere(self, path: set[str], database: str) -> None:
        """Return if no other device that can be read carries anything of the ticket's."""
        for name, device in self._assembly.devices.items():
            if name in path or device.dry_run:
                continue
            try:
                _, actual = self._reading(name)
            except NetconfigError:
                continue
            if actual.found.get(self._number) == database:
                raise NotRebuilt(
                    f"{name} carries objects of {self._number} too, and a ticket of the site over that path "
                    "would have none there"
                )

    def close(self) -> None:
        for driver, _ in self._read.values():
            driver.close()

    def _reading(self, device: str) -> tuple[DeviceDriver, Config]:
        if device not in self._read:
            driver = self._assembly.driver(device)
            try:
                self._read[device] = driver, driver.read()
            except NetconfigError:
                driver.close()
                raise
        return self._read[device]


def _plan(
    driver: DeviceDriver,
    actual: Config,
    number: int,
    intents: list[Intent],
    placements: tuple[Placement, ...],
) -> Plan:
    parts = [
        PartIntent(part_id, number, intent, placement=placement)
        for part_id, (intent, placement) in enumerate(zip(intents, placements, strict=True), 1)
    ]
    placed = driver.place(actual, parts)
    parts = [
        PartIntent(part.part_id, number, part.intent, placement=placed.get(part.part_id, part.placement))
        for part in parts
    ]
    return driver.plan(actual, driver.render(parts), known=frozenset({number}))
