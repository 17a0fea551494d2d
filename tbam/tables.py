"""The door's own words about a sliver, one row for each reservation of kind `slice`; and slices shut down."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from store import Base, Name, UtcDateTime

_URN = String(255)


class SliverRow(Base):
    """What a sliver is besides its reservation. Whoever changes it has locked the reservation.

    Its slice is found by `slice_key`, the one spelling of all its URNs; `slice_urn` is as it was written.
    `credential_until` is when the credential ends that it was last asked for with; `expires_at` is never
    after that, nor after the slot. `due_at` is when the chore looks at it, None where the core ends it by
    itself. One that was `deleted` is found no more, whatever devices still carry.
    """

    __tablename__ = "tbam_sliver"

    reservation_id: Mapped[int] = mapped_column(
        ForeignKey("reservation.id"), primary_key=True, autoincrement=False
    )
    sliver_urn: Mapped[str] = mapped_column(_URN, unique=True)
    slice_urn: Mapped[str] = mapped_column(_URN)
    slice_key: Mapped[str] = mapped_column(_URN, index=True)
    aggregate: Mapped[str] = mapped_column(Name)
    gateway: Mapped[str] = mapped_column(Name)
    owner_urn: Mapped[str] = mapped_column(_URN)
    owner_subject: Mapped[str] = mapped_column(String(1024))
    request: Mapped[dict[str, Any]] = mapped_column(JSON)
    credential_until: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    stopped: Mapped[bool] = mapped_column(default=False)
    restarting: Mapped[bool] = mapped_column(default=False)
    deleted: Mapped[bool] = mapped_column(default=False)


class ShutSliceRow(Base):
    """A slice of which nothing is heard any more."""

    __tablename__ = "tbam_shut_slice"

    slice_key: Mapped[str] = mapped_column(_URN, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(1024))
