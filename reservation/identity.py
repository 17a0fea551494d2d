"""Whose database this is: one site's and one station's, for good.

The station's word stands in the name of everything we leave on a device, and the site's in the name of every
resource. A service started with other words would neither find what it left nor count what it promised.
"""

from uuid import uuid4

from sqlalchemy.orm import Session

from reservation.errors import WrongSite
from reservation.tables import IdentityRow


def database_identity(session: Session) -> str:
    """The database's own UUID, made at its first use: what marks an object on a device as this database's."""
    return _row(session).database_uuid


def belong_to(session: Session, *, site: str, station: str) -> None:
    """Make the database this site's, or see that it is.

    Raises:
        WrongSite: it is another's.
    """
    row = _row(session)
    if row.site is None or row.station is None:
        row.site, row.station = site, station
        session.flush()
    elif (row.site, row.station) != (site, station):
        raise WrongSite(
            f"the database is that of site {row.site}, station {row.station}; the site file says {site}, "
            f"{station}. What routers carry is named after them: change them back, or use another database"
        )


def _row(session: Session) -> IdentityRow:
    row = session.get(IdentityRow, 1, with_for_update=True)
    if row is None:
        row = IdentityRow(id=1, database_uuid=str(uuid4()))
        session.add(row)
        session.flush()
    return row
