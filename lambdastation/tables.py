"""The door's own words about a ticket, one row for each reservation of kind `ticket`."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from store import Base, LongText, UtcDateTime

_WORD = String(64)


class TicketRow(Base):
    """What a ticket is besides its reservation; frozen when it is opened, or its flows are updated."""

    __tablename__ = "lambdastation_ticket"

    reservation_id: Mapped[int] = mapped_column(
        ForeignKey("reservation.id"), primary_key=True, autoincrement=False
    )
    remote_ticket_id: Mapped[int] = mapped_column(Integer, default=0)
    station: Mapped[str] = mapped_column(_WORD)
    src_site: Mapped[str] = mapped_column(_WORD)
    src_client: Mapped[str | None] = mapped_column(_WORD)
    src_ip: Mapped[str] = mapped_column(LongText)
    src_port: Mapped[str | None] = mapped_column(LongText)
    dst_site: Mapped[str] = mapped_column(_WORD)
    dst_client: Mapped[str | None] = mapped_column(_WORD)
    dst_ip: Mapped[str] = mapped_column(LongText)
    dst_port: Mapped[str | None] = mapped_column(LongText)
    local_client: Mapped[str] = mapped_column(_WORD)
    topology: Mapped[str] = mapped_column(_WORD)
    local_path: Mapped[str] = mapped_column(_WORD)
    remote_path: Mapped[str | None] = mapped_column(_WORD)
    out_bits_per_second: Mapped[int] = mapped_column(BigInteger)
    in_bits_per_second: Mapped[int] = mapped_column(BigInteger)
    dscp_request_out: Mapped[str | None] = mapped_column(String(16))
    dscp_request_in: Mapped[str | None] = mapped_column(String(16))
    dscp_out: Mapped[int | None] = mapped_column(Integer)
    dscp_in: Mapped[int | None] = mapped_column(Integer)
    board_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    credential_issuer: Mapped[str] = mapped_column(String(1024))
