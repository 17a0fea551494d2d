"""Instants go in aware and come out in UTC, to the microsecond."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from store import Store, UtcDateTime, database_clock

NAIVE = datetime(2026, 1, 1, 12, 0)  # noqa: DTZ001 - what is refused
INSTANTS = st.datetimes(
    min_value=datetime(1000, 1, 2),  # noqa: DTZ001 - hypothesis wants its bounds naive
    max_value=datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)


class OwnBase(DeclarativeBase):
    """Apart from the house's tables, which the migrations are held against."""


class InstantRow(OwnBase):
    """A table of this module's own."""

    __tablename__ = "tests_instant"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime | None] = mapped_column(UtcDateTime)


@pytest.fixture
def store(own_store: Store) -> Store:
    OwnBase.metadata.create_all(own_store.engine)
    return own_store


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(INSTANTS)
def test_instant_of_any_zone_comes_back_the_same_instant_in_utc(store: Store, instant: datetime) -> None:
    def put(session: Session) -> int:
        row = InstantRow(at=instant)
        session.add(row)
        session.flush()
        return row.id

    number = store.write(put)
    found = store.read(lambda session: session.get_one(InstantRow, number).at)
    assert found == instant
    assert found is not None
    assert found.tzinfo is UTC
    assert found.microsecond == instant.microsecond


def test_no_instant_comes_back_as_none(store: Store) -> None:
    store.write(lambda session: session.add(InstantRow(at=None)))
    assert store.read(lambda session: session.scalars(select(InstantRow.at)).all()) == [None]


def test_naive_time_is_not_stored(store: Store) -> None:
    with pytest.raises(StatementError, match="a time without a zone is refused"):
        store.write(lambda session: session.add(InstantRow(at=NAIVE)))


def test_naive_time_is_not_compared_with(store: Store) -> None:
    with pytest.raises(StatementError, match="a time without a zone is refused"):
        store.read(lambda session: session.scalars(select(InstantRow).where(InstantRow.at < NAIVE)).all())


def test_instants_sort_as_instants_whatever_zone_they_were_told_in(store: Store) -> None:
    noon = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
    told = [
        noon + timedelta(microseconds=1),
        noon.astimezone(timezone(timedelta(hours=9))),
        (noon - timedelta(microseconds=1)).astimezone(timezone(timedelta(hours=-9))),
    ]
    store.write(lambda session: session.add_all([InstantRow(at=at) for at in told]))
    found = store.read(lambda session: session.scalars(select(InstantRow.at).order_by(InstantRow.at)).all())
    assert found == sorted(told)


def test_clock_of_the_database_is_aware_utc_and_does_not_run_backwards(store: Store) -> None:
    first = store.read(database_clock)
    second = store.read(database_clock)
    assert first.tzinfo is UTC
    assert first <= second
