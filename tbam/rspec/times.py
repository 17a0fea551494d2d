"""Times of an RSpec: `D/M/YYYY H:M:S` as deployed, UTC, with or without leading zeros; or RFC 3339."""

import re
from datetime import UTC, datetime

from tbam.rspec.names import LOWEST_YEAR

_DEPLOYED = re.compile(
    r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4}) +([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})", re.ASCII
)
_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_LONGEST_ECHO = 40


def read_time(text: str) -> datetime:
    """The instant, aware UTC; more than microseconds are cut off.

    Raises:
        ValueError: it is written in neither way, or there is no such day or time.
    """
    word = text.strip()
    try:
        instant = _deployed(word) or _rfc3339(word)
        if instant is not None and instant.year >= LOWEST_YEAR:
            return instant
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{word[:_LONGEST_ECHO]!r}: there is no such time") from error
    raise ValueError(
        f"{word[:_LONGEST_ECHO]!r} is no time: write D/M/YYYY H:M:S (UTC), or RFC 3339 with its zone, "
        "2026-02-20T15:45:00Z"
    )


def _deployed(word: str) -> datetime | None:
    match = _DEPLOYED.fullmatch(word)
    if match is None:
        return None
    day, month, year, hour, minute, second = map(int, match.groups())
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def _rfc3339(word: str) -> datetime | None:
    return datetime.fromisoformat(word.upper()).astimezone(UTC) if _RFC3339.fullmatch(word) else None
