"""Messages of NETCONF out of what arrives, in both framings of RFC 6242.

What is no UTF-8 ends no session: Junos keeps the octets of a description as somebody typed them, in Latin-1
perhaps, and it is not for us to mend. They are read as `UNREADABLE`, which must never be written back.
"""

import re
from collections.abc import Iterator

UNREADABLE = "\N{REPLACEMENT CHARACTER}"
"""What stands for an octet that is no UTF-8."""
END = b"]]>]]>"
LONGEST = 256 << 20
"""Octets of a message; no device has so much to say."""
_HEADER = re.compile(rb"\s*\n#(?:([1-9][0-9]{0,9})|(#))\n")
_LONGEST_HEADER = 64


class FramingError(Exception):
    """What arrives is in no framing, or has no end."""


class Messages:
    """What one session has sent so far and is not whole yet."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._searched = 0
        self._message = bytearray()

    def feed(self, data: bytes, *, is_chunked: bool) -> Iterator[str]:
        """The messages that are whole with this.

        `is_chunked` says which framing the session is in; it changes but where nothing is left over.

        Raises:
            FramingError: there will never be another.
        """
        self._received += data
        while (message := self._next(is_chunked=is_chunked)) is not None:
            yield message.decode("utf-8", "replace").strip()
        if len(self._received) + len(self._message) > LONGEST:
            raise FramingError(f"it says more than {LONGEST} octets")

    def _next(self, *, is_chunked: bool) -> bytes | None:
        return self._next_by_chunks() if is_chunked else self._next_by_its_end()

    def _next_by_its_end(self) -> bytes | None:
        at = self._received.find(END, self._searched)
        if at < 0:
            self._searched = max(0, len(self._received) - len(END) + 1)
            return None
        message = bytes(self._received[:at])
        self._take(at + len(END))
        return message

    def _next_by_chunks(self) -> bytes | None:
        while found := _HEADER.match(self._received):
            if found[2]:
                self._take(found.end())
                message, self._message = bytes(self._message), bytearray()
                return message
            end = found.end() + int(found[1])
            if int(found[1]) > LONGEST:
                raise FramingError(f"it says more than {LONGEST} octets")
            if len(self._received) < end:
                return None
            self._message += self._received[found.end() : end]
            self._take(end)
        if len(self._received) > _LONGEST_HEADER:
            raise FramingError("between its chunks is something else")
        return None

    def _take(self, count: int) -> None:
        del self._received[:count]
        self._searched = 0
