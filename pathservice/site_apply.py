"""Putting a site file into force: what it would change, what forbids it, and the transaction that does it.

`site diff`, `site apply` and a first start go through here, so all three judge alike.
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from activation.devices import other_platforms, read_anew, register_devices, stranded_devices
from lambdastation.bandwidth import format_bandwidth
from lambdastation.booking import (
    ensure_resources,
    missing_code_points,
    overbooked_paths,
)
from lambdastation.site import Site
from lambdastation.site_effects import TicketEffect, find_effects
from lambdastation.steering import parse_resource
from netconfig.inventory import Device
from pathservice.site_difference import Change, find_changes
from pathservice.site_islands import island_refusals
from pathservice.site_versions import Served, add_version, load_version, version_in_force
from pathservice.sitefile import SiteFile, SiteFileError, SiteText, parse_site
from reservation.conflicts import offer_flows
from reservation.errors import SiteReplaced
from reservation.identity import belong_to, lock_site_version, read_identity, require_site
from reservation.offering import lock_prefixed
from store import Store
from tbam.islands import ensure_islands

TRIES = 8


class SiteRefused(Exception):
    """A site file would take back what is promised; its text has a line for each thing it takes."""

    code = "site-refused"

    def __init__(self, refusals: tuple[str, ...]) -> None:
        super().__init__("\n".join(refusals))
        self.refusals = refusals


@dataclass(frozen=True, slots=True)
class Examination:
    """A site file held against the database.

    Attributes:
        version: the one in force, 0 if there is none.
        changes: what differs from it; empty too where there is none.
        moved: devices that are no longer reached as they were.
        effects: tickets that keep what they have though they would be placed otherwise, or refused.
        refusals: what forbids the file, a sentence each.
    """

    version: int
    changes: tuple[Change, ...]
    moved: tuple[str, ...]
    effects: tuple[TicketEffect, ...]
    refusals: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether applying the file would make a new version."""
        return not self.version or bool(self.changes)


def examine(session: Session, new: SiteFile, *, now: datetime) -> Examination:
    """Hold a site file against the version in force and the tickets there are. Nothing is written or locked.

    Raises:
        WrongSite: the database is another site's.
    """
    identity = read_identity(session)
    if identity is not None:
        require_site(identity, site=new.site.name, station=new.site.station)
    version = version_in_force(session)
    changes: tuple[Change, ...] = ()
    moved: tuple[str, ...] = ()
    if version is not None:
        try:
            old = load_version(version, to_look=True)
            changes, moved = find_changes(old, new), tuple(_moved(old, new))
        except SiteFileError as error:
            # Written by another release: the file that mends it must not be kept out by it.
            changes = (Change("site", "", f"what is in force cannot be read by this release: {error}"),)
            moved = tuple(device.name for device in new.devices)
    return Examination(
        version=0 if version is None else version.number,
        changes=changes,
        moved=moved,
        effects=find_effects(session, new.site, now=now),
        refusals=tuple(_refusals(session, new, now)),
    )


def served_version(session: Session, *, to_look: bool = False) -> Served | None:
    """The site in force, None before there is one; `to_look` as in `parse_site`.

    Raises:
        SiteFileError: it cannot be used here.
        NoSuchVersion: its text is missing from the database.
    """
    version = version_in_force(session)
    return None if version is None else Served(version.number, load_version(version, to_look=to_look))


def apply_site(
    store: Store, text: SiteText, *, by: str, now: datetime, only_first: bool = False
) -> Examination:
    """Put a site file into force as the next version, all of it or nothing; what it changed.

    Nothing is done where it differs in nothing from the version in force; with `only_first`, where there is
    any.

    Raises:
        SiteFileError: something in the file is wrong.
        SiteRefused: it takes back what is promised.
        WrongSite: the database is another site's.
        SiteReplaced: others replaced the site again and again meanwhile.
    """
    new = parse_site(text)
    for attempt in itertools.count(1):
        # Without a lock: for many tickets it takes a while, and what forbids the file is asked again below.
        found = store.read(lambda session: examine(session, new, now=now))
        if not found.differs or (found.version and only_first):
            break
        try:
            store.write(lambda session, found=found: _replace(session, found, text, new, by, now))  # type: ignore[misc]
            break
        except SiteReplaced:
            if attempt == TRIES:
                raise
    return found


def _replace(
    session: Session, found: Examination, text: SiteText, new: SiteFile, by: str, now: datetime
) -> None:
    lock_site_version(session, found.version)
    belong_to(session, site=new.site.name, station=new.site.station)
    # From here on nobody books; what was booked before is seen.
    lock_calendar(session, new.site, now=now)
    if refusals := tuple(_refusals(session, new, now)):
        raise SiteRefused(refusals)
    ensure_resources(session, new.site, now=now)
    ensure_islands(session, new.tbam, now=now)
    register_devices(session, new.devices)
    read_anew(session, found.moved)
    add_version(session, text, by=by, now=now)


def _moved(old: SiteFile, new: SiteFile) -> Iterator[str]:
    was = {device.name: device for device in old.devices}
    return (device.name for device in new.devices if device != was.get(device.name, device))


def _refusals(session: Session, new: SiteFile, now: datetime) -> Iterator[str]:
    for booked in overbooked_paths(session, new.site, now=now):
        named = _named(booked.resource)
        amounts = f"{format_bandwidth(booked.booked)} of it are booked"
        if booked.offered:
            yield f"{named}: {amounts}, so it cannot be made {format_bandwidth(booked.offered)}"
        else:
            yield f"{named}: {amounts}, so it cannot be taken away"
    for missing in missing_code_points(session, new.site, now=now):
        numbers = ", ".join(map(str, sorted(missing.labels)))
        yield f"dscp_pool: {numbers} booked, so it cannot be taken out"
    yield from island_refusals(session, new.tbam, now)
    for name, parts in stranded_devices(session, [device.name for device in new.devices]):
        yield (
            f"device {name}: reservations that are not over have {parts} parts on it, and nobody else would "
            "take them off: put it back, or cancel those tickets or slices first"
        )
    for name, platform, parts in other_platforms(session, new.devices):
        yield (
            f"device {name}: reservations that are not over have {parts} parts on it, which only the driver "
            f"of {platform} understands: leave its platform as it is until they are over"
        )


def _named(resource: str) -> str:
    """`path:Fermilab:red:out` for people."""
    found = parse_resource(resource)
    return resource if found is None else f"topology {found[0]}, {found[1]}"


def lock_calendar(session: Session, site: Site, *, now: datetime) -> None:
    """Let nobody book anything to the end of the transaction, tickets or slices: all there is, by name."""
    offer_flows(session, site.name, now=now)
    lock_prefixed(session, "")


def prepare(session: Session, served: Served, devices: Iterable[Device], *, now: datetime) -> None:
    """Have the calendar and the devices as the version in force and this release's drivers have them.

    Raises:
        DeviceInUse: as `register_device`.
        SiteReplaced: another version is in force by now.
    """
    lock_site_version(session, served.version)
    lock_calendar(session, served.file.site, now=now)
    ensure_resources(session, served.file.site, now=now)
    ensure_islands(session, served.file.tbam, now=now)
    register_devices(session, devices, going_live=True)
