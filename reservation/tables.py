"""The core's tables. Rows go no further than `reservation` and `activation`."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Enum, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from reservation.lifecycle import Cause, Outcome, State
from store import Base, LongText, Name, UtcDateTime

_IN_ORDER = {"sqlite_autoincrement": True}
"""A number that was given out is never given out again, not even by SQLite."""


def _words(of: type[State] | type[Outcome] | type[Cause]) -> Enum:
    # Stored as the words themselves: a new state is a change of code, not of a database type.
    return Enum(of, native_enum=False, length=32, values_callable=lambda members: [m.value for m in members])


class IdentityRow(Base):
    """Who this database is: the fingerprint in every object we leave on a device, and whose. One row.

    `site_version` is the version of the site that is in force, 0 before there is one.
    """

    __tablename__ = "identity"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False, default=1)
    database_uuid: Mapped[str] = mapped_column(String(36))
    site: Mapped[str | None] = mapped_column(String(190))
    station: Mapped[str | None] = mapped_column(String(64))
    site_version: Mapped[int] = mapped_column(Integer, default=0)
    # The highest reservation's number that a device was found to carry and this database never gave.
    highest_seen: Mapped[int] = mapped_column(Integer, default=0)


class ReservationRow(Base):
    """One reservation; the door that made it keeps its own words in a table of its own."""

    __tablename__ = "reservation"
    __table_args__ = (_IN_ORDER,)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    owner: Mapped[str] = mapped_column(String(1024))
    start: Mapped[datetime] = mapped_column(UtcDateTime)
    end: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[State] = mapped_column(_words(State), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    hold_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_action_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    activated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # A verb writes the wish; only tick carries it out.
    wish: Mapped[Cause | None] = mapped_column(_words(Cause))
    wish_actor: Mapped[str | None] = mapped_column(String(1024))
    # Why it left the devices; decides the outcome once it has.
    release_cause: Mapped[Cause | None] = mapped_column(_words(Cause))
    outcome: Mapped[Outcome | None] = mapped_column(_words(Outcome))
    reason: Mapped[str | None] = mapped_column(LongText)
    waiting_for: Mapped[str | None] = mapped_column(LongText)
    # While its devices are brought from what it was to what it was made.
    modifying_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    degraded_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(Integer, default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy declares it so


class TransitionRow(Base):
    """One move, for ever."""

    __tablename__ = "transition"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    reservation_id: Mapped[int] = mapped_column(ForeignKey("reservation.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    from_state: Mapped[State | None] = mapped_column(_words(State))
    to_state: Mapped[State] = mapped_column(_words(State))
    cause: Mapped[Cause | None] = mapped_column(_words(Cause))
    actor: Mapped[str] = mapped_column(String(1024))
    reason: Mapped[str | None] = mapped_column(LongText)


class ResourceRow(Base):
    """Something with a capacity. `longest_seconds` bounds the calendar's look backwards.

    A pool has its `labels`, in order, and as much capacity as there are.
    """

    __tablename__ = "resource"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(Name, unique=True)
    capacity: Mapped[int] = mapped_column(BigInteger)
    unit: Mapped[str] = mapped_column(String(32))
    longest_seconds: Mapped[int] = mapped_column(BigInteger, default=0)
    labels: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))


class ClaimRow(Base):
    """An amount of a resource, or a label of a pool, that is taken for a slot.

    One that is `leaving` was given up, and is kept until the devices have been read not to carry it.
    """

    __tablename__ = "claim"
    __table_args__ = (
        Index("ix_claim_calendar", "resource_id", "start", "end", "amount"),
        Index("ix_claim_longest", "resource_id", "length_seconds"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    reservation_id: Mapped[int] = mapped_column(ForeignKey("reservation.id"), index=True)
    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id"))
    amount: Mapped[int] = mapped_column(BigInteger)
    start: Mapped[datetime] = mapped_column(UtcDateTime)
    end: Mapped[datetime] = mapped_column(UtcDateTime)
    length_seconds: Mapped[int] = mapped_column(BigInteger)
    label: Mapped[int | None] = mapped_column(Integer)
    leaving: Mapped[bool] = mapped_column(default=False)


class FlowRow(Base):
    """The packets a reservation steers. When it does stands in its claim on the site's flows.

    `leaving` are those that it steered before it was modified, and devices may still: path and boxes each.
    """

    __tablename__ = "flow"

    reservation_id: Mapped[int] = mapped_column(
        ForeignKey("reservation.id"), primary_key=True, autoincrement=False
    )
    path: Mapped[str] = mapped_column(Name)
    boxes: Mapped[list[list[int]]] = mapped_column(JSON)
    leaving: Mapped[list[tuple[str, list[list[int]]]] | None] = mapped_column(JSON(none_as_null=True))


class ParticipantRow(Base):
    """One of those for whom a reservation is kept; `left_at` None while it is."""

    __tablename__ = "participant"

    reservation_id: Mapped[int] = mapped_column(
        ForeignKey("reservation.id"), primary_key=True, autoincrement=False
    )
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    subject: Mapped[str] = mapped_column(String(1024))
    issuer: Mapped[str] = mapped_column(String(1024))
    joined_at: Mapped[datetime] = mapped_column(UtcDateTime)
    left_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class DeviceRow(Base):
    """One device: who works on it, and how that went.

    `generation` grows with every change of what it should carry; `synced_generation` is the one that it was
    last read to be equal to. `shadow` is what it would carry by now, while it is only rehearsed on;
    `evictions` are the reservations whose objects an operator wants off it though they are strangers.
    """

    __tablename__ = "device"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(Name, unique=True)
    platform: Mapped[str] = mapped_column(String(64))
    capabilities: Mapped[list[str]] = mapped_column(JSON)
    generation: Mapped[int] = mapped_column(Integer, default=0)
    synced_generation: Mapped[int] = mapped_column(Integer, default=0)
    lease_token: Mapped[str | None] = mapped_column(String(36))
    lease_owner: Mapped[str | None] = mapped_column(String(255))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    next_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error_code: Mapped[str | None] = mapped_column(String(64))
    error: Mapped[str | None] = mapped_column(LongText)
    strangers: Mapped[list[str]] = mapped_column(JSON, default=list)
    dry_run: Mapped[bool] = mapped_column(default=False)
    shadow: Mapped[str | None] = mapped_column(LongText)
    evictions: Mapped[list[int]] = mapped_column(JSON, default=list)
    # What it last told of itself and its surroundings, for doors to read.
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    # When it was last asked what passes, whether it told or not.
    counted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class NextHopRow(Base):
    """A next hop that parts on a device ask it to watch, as long as they do: `activation.next_hops`.

    `asked_at` is when the device was last asked whether it answers, `told_at` when it last could say: None
    while it never has. `misses` and `answers` are how often in a row; `down_since` stands while it is down.
    """

    __tablename__ = "next_hop"

    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"), primary_key=True, autoincrement=False)
    address: Mapped[str] = mapped_column(Name, primary_key=True)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    misses: Mapped[int] = mapped_column(Integer, default=0)
    answers: Mapped[int] = mapped_column(Integer, default=0)
    down_since: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PauseRow(Base):
    """Nothing is pushed while it stands: to that device, or to none where it names none."""

    __tablename__ = "pause"

    cause: Mapped[str] = mapped_column(String(16), primary_key=True)
    device: Mapped[str] = mapped_column(Name, primary_key=True)
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(1024))
    reason: Mapped[str] = mapped_column(LongText)


class PartRow(Base):
    """What one device must carry for one reservation; the intent is frozen when it is held or modified.

    One that is `superseded` belongs to what the reservation was before: it stays until the others are there.
    """

    __tablename__ = "part"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    reservation_id: Mapped[int] = mapped_column(ForeignKey("reservation.id"), index=True)
    # Without an index: a device has a long history and few parts that are live, which are found by the state
    # of their reservations; an index here would tempt the database to read the history at every pass.
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"))
    stage: Mapped[int] = mapped_column(Integer)
    intent: Mapped[dict[str, Any]] = mapped_column(JSON)
    wanted: Mapped[bool] = mapped_column(default=False)
    superseded: Mapped[bool] = mapped_column(default=False)
    generation: Mapped[int] = mapped_column(Integer, default=0)
    synced_generation: Mapped[int] = mapped_column(Integer, default=0)
    placement: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    # How many pushes for it in a row were taken whole and read back otherwise.
    misreads: Mapped[int] = mapped_column(Integer, default=0)
    error: Mapped[str | None] = mapped_column(LongText)
    # The fallback by which its packets go, as last read, since its next hop does not answer.
    detour: Mapped[str | None] = mapped_column(Name)
    # Whether what is told of it is told of its device's shadow.
    dry_run: Mapped[bool] = mapped_column(default=False)
    # What passed by it, all told; what its device last said, which may begin anew; when that was, and when it
    # last was more than before. None until it was counted, octets also where they are not.
    packets: Mapped[int | None] = mapped_column(BigInteger)
    octets: Mapped[int | None] = mapped_column(BigInteger)
    read_packets: Mapped[int | None] = mapped_column(BigInteger)
    read_octets: Mapped[int | None] = mapped_column(BigInteger)
    counted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    grew_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    # Read when it is asked for: whoever works on parts has their devices locked, and most parts share one.
    device: Mapped[DeviceRow] = relationship()


class DeviceChangeRow(Base):
    """One push, word for word, secrets masked; with `dry_run`, what would have been pushed."""

    __tablename__ = "device_change"
    __table_args__ = (Index("ix_device_change_device_at", "device_id", "at"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    generation: Mapped[int] = mapped_column(Integer)
    reservations: Mapped[list[int]] = mapped_column(JSON)
    plan: Mapped[str] = mapped_column(LongText)
    transcript: Mapped[str] = mapped_column(LongText, default="")
    duration_ms: Mapped[int | None] = mapped_column(Integer)
    # None until the push is over: a row left so is a push that was cut short.
    outcome: Mapped[str | None] = mapped_column(String(64))
    dry_run: Mapped[bool] = mapped_column(default=False)
