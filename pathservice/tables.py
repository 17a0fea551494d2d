"""The process's own tables."""

from datetime import datetime

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from store import Base, LongText, UtcDateTime


class SiteVersionRow(Base):
    """One version of the site file, for ever. Which is in force stands in the database's identity."""

    __tablename__ = "site_version"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    sha256: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(LongText)
    origin: Mapped[str] = mapped_column(LongText)
    applied_by: Mapped[str] = mapped_column(String(255))
    applied_at: Mapped[datetime] = mapped_column(UtcDateTime)
