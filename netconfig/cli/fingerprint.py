"""The words in an object of ours that say whose it is, where its name alone cannot."""

import re

Owner = tuple[int, str]
"""Reservation and database."""

_FINGERPRINT = re.compile(r"LS reservation (\d+) database (\S+)")


def fingerprint(reservation_id: int, database: str) -> str:
    """What a remark or a description of ours says; below the 80 characters that FTOS keeps, and IOS's 100."""
    return f"LS reservation {reservation_id} database {database}"


def read_fingerprint(text: str) -> Owner | None:
    """Whose it is, or None where these are not such words."""
    found = _FINGERPRINT.fullmatch(text)
    return (int(found[1]), found[2]) if found else None
