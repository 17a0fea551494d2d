"""Whose database this is: one site's and one station's, for good; and which version of that site is in force.

The station's word stands in the name of everything we leave on a device, and the site's in the name of every
resource. A service started with other words would neither find what it left nor count what it promised.
"""

from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from reservation.errors import SiteReplaced, WrongSite
from reservation.tables import IdentityRow


@dataclass(frozen=True, slots=True)
class Identity:
    """What a database is. `site` and `station` are None until it belongs to one."""

    database_uuid: str
    site: str | None
    station: str | None


def database_identity(session: Session) -> str:
    """The database's own UUID, made at its first use: what marks an object on a device as this database's."""
    return lock_identity(session).database_uuid


def read_identity(session: Session) -> Identity | None:
    """What the database is, None for one that was never used; nothing is made or locked."""
    row = session.get(IdentityRow, 1)
    return None if row is None else Identity(row.database_uuid, row.site, row.station)


def belong_to(session: Session, *, site: str, station: str) -> None:
    """Make the database this site's, or see that it is.

    Raises:
        WrongSite: it is another's.
    """
    row = lock_identity(session)
    if row.site is None or row.station is None:
        row.site, row.station = site, station
        session.flush()
    else:
        require_site(Identity(row.database_uuid, row.site, row.station), site=site, station=station)


def require_site(identity: Identity, *, site: str, station: str) -> None:
    """Return if a database is this site's and station's, or nobody's so far.

    Raises:
        WrongSite: it is another's.
    """
    if identity.site is not None and (identity.site, identity.station) != (site, station):
        raise WrongSite(
            f"the database is that of site {identity.site}, station {identity.station}; the site file says "
            f"{site}, {station}. What routers carry is named after them: change them back, or use another "
            "database"
        )


def site_version(session: Session) -> int:
    """The version of the site that is in force, 0 before there is one; nothing is locked."""
    return session.scalar(select(IdentityRow.site_version).where(IdentityRow.id == 1)) or 0


def require_site_version(session: Session, version: int) -> None:
    """Return if that version of the site is in force.

    Whoever holds the lock on the site's flows may rely on it to the end of the transaction: a version is
    replaced under that lock too.

    Raises:
        SiteReplaced: another is.
    """
    found = site_version(session)
    if found != version:
        raise SiteReplaced(f"version {found} of the site is in force, not {version}")


def lock_site_version(session: Session, version: int) -> None:
    """Let nobody else replace that version of the site, to the end of the transaction: the first lock of all.

    Raises:
        SiteReplaced: another is in force.
    """
    found = lock_identity(session).site_version
    if found != version:
        raise SiteReplaced(f"version {found} of the site is in force, not {version}")


def replace_site_version(session: Session) -> int:
    """Have the next version of the site in force; its number."""
    row = lock_identity(session)
    row.site_version += 1
    session.flush()
    return row.site_version


def lock_identity(session: Session) -> IdentityRow:
    """The one row, made if it is not there, locked to the end of the transaction."""
    row = session.get(IdentityRow, 1, with_for_update=True, populate_existing=True)
    if row is None:
        row = IdentityRow(id=1, database_uuid=str(uuid4()), site_version=0)
        session.add(row)
        session.flush()
    return row
