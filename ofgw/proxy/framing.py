"""Messages in a stream of OpenFlow 1.0 to 1.5: found, counted, and mostly left alone."""

import struct
from collections.abc import Callable

from ofgw.proxy.errors import NotOpenFlow

HEADER_SIZE = 8
VERSIONS = range(1, 7)
"""Version numbers on the wire: 1 is OpenFlow 1.0, 6 is OpenFlow 1.5."""

_PREFIX = struct.Struct("!BBH")

Notice = Callable[[bytes], None]


class Framing:
    """One direction of a connection: bytes in as they come, whole messages out.

    Attributes:
        messages, octets: whole messages so far, and their length.
        noticed: types of messages that are shown to `notice`, one by one.
    """

    __slots__ = ("_need", "_notice", "_rest", "messages", "noticed", "octets")

    def __init__(self, notice: Notice, noticed: frozenset[int]) -> None:
        self.messages = 0
        self.octets = 0
        self.noticed = noticed
        self._notice = notice
        self._rest = bytearray()
        self._need = HEADER_SIZE

    def feed(self, data: bytes) -> bytes:
        """The messages that are whole now, `data` itself where it is just that; the rest is kept.

        At most one message is kept, which is shorter than 64 KiB by its own header.

        Raises:
            NotOpenFlow: a header is none; nothing of `data` counts, and nothing more may be fed.
        """
        if self._rest or len(data) < self._need:
            self._rest += data
            if len(self._rest) < self._need:
                return b""
            data = bytes(self._rest)
            self._rest.clear()
        end = self._walk(data)
        self._need = HEADER_SIZE
        if end == len(data):
            return data
        self._rest += data[end:]
        if len(self._rest) >= HEADER_SIZE:
            _version, _kind, self._need = _PREFIX.unpack_from(self._rest)
        return data[:end]

    def _walk(self, data: bytes) -> int:
        """Count what is whole; where that ends."""
        at, size, messages = 0, len(data), 0
        noticed, prefix = self.noticed, _PREFIX.unpack_from
        while size - at >= HEADER_SIZE:
            version, kind, length = prefix(data, at)
            if version not in VERSIONS or length < HEADER_SIZE:
                raise NotOpenFlow(_complaint(version, length))
            if length > size - at:
                break
            if kind in noticed:
                self._notice(data[at : at + length])
                noticed = self.noticed
            at += length
            messages += 1
        self.messages += messages
        self.octets += at
        return at


def _complaint(version: int, length: int) -> str:
    if version not in VERSIONS:
        return f"a message has version {version}; OpenFlow 1.0 to 1.5 have 1 to 6"
    return f"a message says that it has {length} bytes; the header alone has {HEADER_SIZE}"
