"""Volume words: `5TB`, `500GB`, or plain bytes."""

import re

from lambdastation.errors import shown

_WORD = re.compile(r"([0-9]{1,19})(?:\.([0-9]{1,15}))?(?:([kKMGTP]?)B)?")
_SCALE = {"": 0, "K": 3, "M": 6, "G": 9, "T": 12, "P": 15}
LARGEST_BYTES = 2**63 - 1


def parse_volume(text: str) -> int:
    """Bytes of `5TB`, `1.5TB`, `500GB`, `1000000B` or `1000000`; the letters are powers of 1000.

    Raises:
        ValueError: other words (`5Tb` would be bits, `5TiB` powers of 1024), a fraction of a byte, nothing at
            all or more than 2**63-1.
    """
    found = _WORD.fullmatch(text.strip())
    if found is None:
        raise ValueError(
            f"a volume is written 5TB, 500GB or in plain bytes, in powers of 1000, not {shown(text)}"
        )
    whole, fraction, letter = found.group(1), found.group(2) or "", (found.group(3) or "").upper()
    places = _SCALE[letter]
    if fraction.rstrip("0")[places:]:
        raise ValueError(f"{shown(text)} is not a whole number of bytes")
    volume = int(whole + fraction[:places].ljust(places, "0"))
    if not 1 <= volume <= LARGEST_BYTES:
        raise ValueError(f"a volume is at least 1 and at most {LARGEST_BYTES} bytes")
    return volume


def format_volume(volume: int) -> str:
    """The shortest word for so many bytes that is exact: `5TB`, `2500MB`, `1001B`."""
    for letter in ("P", "T", "G", "M", "k"):
        scale = 10 ** _SCALE[letter.upper()]
        if volume % scale == 0:
            return f"{volume // scale}{letter}B"
    return f"{volume}B"
