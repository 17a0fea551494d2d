"""A ticket's traffic, from what its devices counted part by part."""

from datetime import UTC, datetime, timedelta

from lambdastation.records import traffic_words
from lambdastation.ticket import Traffic
from lambdastation.traffic import traffic_of
from reservation.model import PartCount, PartView

NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def part(
    device: str, count: PartCount | None, *, kind: str = "policy-route", superseded: bool = False
) -> PartView:
    return PartView(device, 1, True, True, None, superseded, kind=kind, is_counted=True, count=count)


def counted(packets: int, octets: int | None, *, grew_at: datetime | None = NOON) -> PartCount:
    return PartCount(packets, octets, counted_at=NOON, grew_at=grew_at)


def test_nothing_is_known_where_nobody_counted() -> None:
    assert traffic_of(7, []) is None
    assert traffic_of(7, [part("a", None)]) is None


def test_parts_of_one_device_are_added_and_of_several_devices_the_most_counts() -> None:
    parts = [
        part("a", counted(10, 15_000)),
        part("a", counted(5, 7_000), superseded=True),
        part("b", counted(14, None)),
    ]
    assert traffic_of(7, parts) == Traffic(7, 15, 22_000, NOON, NOON)


def test_what_is_only_admitted_counts_for_nothing() -> None:
    assert traffic_of(7, [part("a", counted(10, None), kind="access-permit")]) is None


def test_configured_is_told_from_carrying_and_from_having_carried() -> None:
    idle = traffic_of(7, [part("a", counted(0, 0, grew_at=None))])
    flowing = traffic_of(7, [part("a", counted(3, 4500))])
    over = traffic_of(7, [part("a", counted(3, None, grew_at=NOON - SECOND))])
    assert idle is not None and flowing is not None and over is not None  # noqa: PT018
    assert (idle.is_flowing, flowing.is_flowing, over.is_flowing) == (False, True, False)
    assert traffic_words(idle) == "configured; no packet had passed by 2026-01-01T12:00:00+00:00"
    seen = "the last seen at 2026-01-01T12:00:00+00:00"
    assert traffic_words(flowing) == f"carrying traffic: 3 packets, 4500 bytes, {seen}"
    assert traffic_words(over).startswith("carried traffic: 3 packets, the last seen at 2026-01-01T11:59:59")
