"""The site file in the database, version by version: the one in force is what every process serves.

Kept without its comments. A key that would take a secret takes a reference to one, and nothing else in a
site file is free text, so a comment is the only place where a secret can stand.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from pathservice.sitefile import SiteFile, SiteText, parse_site
from pathservice.tables import SiteVersionRow
from pathservice.yamlcomments import without_comments
from reservation.identity import replace_site_version, site_version


class NoSuchVersion(Exception):
    """The database has no version of the site of that number."""

    code = "no-such-version"


@dataclass(frozen=True, slots=True)
class SiteVersion:
    """One version.

    Attributes:
        sha256: of the file as it was applied, comments and all.
        text: without comments, line by line as in the file.
        origin: where the file stood.
        applied_by: who put it into force.
    """

    number: int
    sha256: str
    text: str
    origin: str
    applied_by: str
    applied_at: datetime


@dataclass(frozen=True, slots=True)
class Served:
    """The site as one process serves it; `version` 0 for a file that no database has."""

    version: int
    file: SiteFile


def read_version(session: Session, number: int) -> SiteVersion:
    """One version of the site.

    Raises:
        NoSuchVersion: the database has none of that number.
    """
    row = session.get(SiteVersionRow, number)
    if row is None:
        raise NoSuchVersion(f"the database has no version {number} of the site")
    return _view(row)


def read_versions(session: Session, *, limit: int) -> tuple[SiteVersion, ...]:
    """The last versions, newest first."""
    rows = session.scalars(select(SiteVersionRow).order_by(SiteVersionRow.number.desc()).limit(limit))
    return tuple(_view(row) for row in rows)


def version_in_force(session: Session) -> SiteVersion | None:
    """The version that is in force; None before there is one.

    Raises:
        NoSuchVersion: its text is missing from the database.
    """
    number = site_version(session)
    return read_version(session, number) if number else None


def load_version(version: SiteVersion, *, to_look: bool = False) -> SiteFile:
    """A version's site and devices; `to_look` as in `parse_site`.

    Raises:
        SiteFileError: it cannot be used here: a driver or a file is missing, or it is a newer release's.
    """
    called = Path(f"version {version.number} of the site")
    text = SiteText(version.text.encode(), Path(version.origin), called)
    return parse_site(text, to_look=to_look)


def add_version(session: Session, text: SiteText, *, by: str, now: datetime) -> int:
    """Keep a site file as the next version and have it in force; its number. It has been parsed before."""
    number = replace_site_version(session)
    session.add(
        SiteVersionRow(
            number=number,
            sha256=text.sha256,
            text=without_comments(text.content.decode()),
            origin=str(text.origin),
            applied_by=by,
            applied_at=now,
        )
    )
    session.flush()
    return number


def _view(row: SiteVersionRow) -> SiteVersion:
    return SiteVersion(
        number=row.number,
        sha256=row.sha256,
        text=row.text,
        origin=row.origin,
        applied_by=row.applied_by,
        applied_at=row.applied_at,
    )
