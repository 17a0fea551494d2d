"""Bandwidth words: `5G`, `500M`, or plain bits per second."""

import re

from lambdastation.errors import shown

_WORD = re.compile(r"([0-9]{1,19})(?:\.([0-9]{1,12}))?([kKmMgGtT]?)")
_SCALE = {"": 0, "K": 3, "M": 6, "G": 9, "T": 12}
LARGEST_BITS_PER_SECOND = 2**63 - 1
"""What the database's integers hold."""


def parse_bandwidth(text: str) -> int:
    """Bits per second of `5G`, `1.5G`, `500M`, `64k` or `1000000`; the letters are powers of 1000.

    Raises:
        ValueError: other words, a fraction of a bit, nothing at all or more than 2**63-1.
    """
    found = _WORD.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"a bandwidth is written 5G, 500M or in plain bits per second, not {shown(text)}")
    whole, fraction, letter = found.group(1), found.group(2) or "", found.group(3).upper()
    places = _SCALE[letter]
    if fraction.rstrip("0")[places:]:
        raise ValueError(f"{shown(text)} is not a whole number of bits per second")
    bits_per_second = int(whole + fraction[:places].ljust(places, "0"))
    if not 1 <= bits_per_second <= LARGEST_BITS_PER_SECOND:
        raise ValueError(f"a bandwidth is at least 1 and at most {LARGEST_BITS_PER_SECOND} bits per second")
    return bits_per_second


def format_bandwidth(bits_per_second: int) -> str:
    """The shortest word for it that is exact: `10G`, `2500M`, `1001`."""
    for letter in ("T", "G", "M", "k"):
        scale = 10 ** _SCALE[letter.upper()]
        if bits_per_second % scale == 0:
            return f"{bits_per_second // scale}{letter}"
    return str(bits_per_second)
