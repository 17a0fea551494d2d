"""The declarative base and the column types that behave alike on every database."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, MetaData, String, Text, TypeDecorator
from sqlalchemy.dialects.mysql import DATETIME, MEDIUMTEXT
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeEngine

# Constraints have names, so that a migration can drop them on every database.
_NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """What every table of the house derives from."""

    metadata = MetaData(naming_convention=_NAMES)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant, aware in Python, UTC to the microsecond in the database.

    Raises:
        ValueError: when a naive time is stored or compared with.
    """

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        # MariaDB keeps whole seconds unless told otherwise.
        if dialect.name in {"mysql", "mariadb"}:
            return dialect.type_descriptor(DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError(f"a time without a zone is refused: {value!r}")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class Name(TypeDecorator[str]):
    """What something is called and looked up by; short enough for an index.

    Names are compared and sorted byte by byte on every database: `vlan-A` is not `vlan-a`, and the order
    of locks is the same for everybody. MariaDB's databases do so for all text, see `migrations/env.py`;
    PostgreSQL compares exactly but sorts by the language of the database unless told otherwise.
    """

    impl = String
    cache_ok = True
    LENGTH = 190

    def __init__(self) -> None:
        super().__init__(self.LENGTH)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        collation = "C" if dialect.name == "postgresql" else None
        return dialect.type_descriptor(String(self.LENGTH, collation=collation))


class LongText(TypeDecorator[str]):
    """Text of any length, with anything in it: what a device has said is kept whatever it was.

    PostgreSQL cannot store the character NUL, and no database half a surrogate pair: the first becomes its
    picture, the second a question mark. MariaDB would end a plain TEXT after 64 KiB; this is 16 MiB.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name in {"mysql", "mariadb"}:
            return dialect.type_descriptor(MEDIUMTEXT())
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return value.replace("\x00", "\N{SYMBOL FOR NULL}").encode(errors="replace").decode()
