"""Request bodies, put together from pieces as they arrive: nothing here waits, or reads from a connection.

A body takes what belongs to it from what has arrived and leaves the next request alone.
"""

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Protocol

from pathservice.listener.errors import Refused

_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(;[^\r\n]*)?\r\n")
_LINE_LIMIT = 1024
_TRAILERS_LIMIT = 20


class Body(Protocol):
    """What both kinds can do."""

    @property
    def whole(self) -> bool:
        """Whether it has arrived to its end, so that the next request starts where we are."""

    def take(self, arrived: bytearray) -> None:
        """Move what belongs to it out of `arrived`. Raises Refused."""

    def read(self, size: int = -1) -> bytes:
        """Answer the next `size` bytes of what was taken, all of it with -1."""

    def __len__(self) -> int:
        """How many bytes it holds."""


class LengthBody:
    """A body of a known length."""

    def __init__(self, length: int) -> None:
        self._left = length
        self._data = bytearray()

    @property
    def whole(self) -> bool:
        return self._left == 0

    def take(self, arrived: bytearray) -> None:
        self._left -= _move(arrived, self._left, self._data)

    def read(self, size: int = -1) -> bytes:
        return _read(self._data, size)

    def __len__(self) -> int:
        return len(self._data)


class ChunkedBody:
    """A body in the chunked transfer coding (RFC 9112, section 7.1); extensions and trailers are dropped.

    It may have `limit` bytes, and its coding about as many again: a megabyte in chunks of one byte
    would be work for nothing.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._coding_left = limit + _TRAILERS_LIMIT * _LINE_LIMIT
        self._chunk_left = 0
        self._trailers_left = _TRAILERS_LIMIT
        self._data = bytearray()
        self._step: Callable[[bytearray], bool] = self._take_size
        self.whole = False

    def take(self, arrived: bytearray) -> None:
        while not self.whole and self._step(arrived):
            pass

    def read(self, size: int = -1) -> bytes:
        return _read(self._data, size)

    def __len__(self) -> int:
        return len(self._data)

    # Each step says whether it got on.

    def _take_size(self, arrived: bytearray) -> bool:
        line = self._take_line(arrived)
        if line is None:
            return False
        match = _CHUNK_SIZE.fullmatch(line)
        if match is None:
            raise _bad_chunk()
        self._chunk_left = int(match[1], 16)
        if len(self._data) + self._chunk_left > self._limit:
            raise too_large(self._limit)
        self._step = self._take_data if self._chunk_left else self._take_trailer
        return True

    def _take_data(self, arrived: bytearray) -> bool:
        moved = _move(arrived, self._chunk_left, self._data)
        self._chunk_left -= moved
        if self._chunk_left == 0:
            self._step = self._take_end_of_data
        return moved > 0

    def _take_end_of_data(self, arrived: bytearray) -> bool:
        end = bytes(arrived[:2])
        if not b"\r\n".startswith(end):
            raise _bad_chunk()
        if len(end) < 2:
            return False
        del arrived[:2]
        self._step = self._take_size
        return True

    def _take_trailer(self, arrived: bytearray) -> bool:
        line = self._take_line(arrived)
        if line == b"\r\n":
            self.whole = True
        elif line is not None:
            self._trailers_left -= 1
            if self._trailers_left == 0:
                raise _bad_chunk()
        return line is not None

    def _take_line(self, arrived: bytearray) -> bytes | None:
        """Answer the next line with its end; None while it has not arrived."""
        end = arrived.find(b"\n", 0, _LINE_LIMIT) + 1
        if end == 0:
            if len(arrived) >= _LINE_LIMIT:
                raise _bad_chunk()
            return None
        line = bytes(arrived[:end])
        del arrived[:end]
        self._coding_left -= end
        if self._coding_left < 0:
            raise _bad_chunk()
        return line


def too_large(limit: int) -> Refused:
    """Answer the refusal of a body that is longer than `limit` bytes."""
    return Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body-too-large", f"a request may have {limit} bytes")


def _bad_chunk() -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, "bad-chunk", "the body does not keep to the chunked coding")


def _move(source: bytearray, size: int, target: bytearray) -> int:
    piece = source[:size]
    target += piece
    del source[: len(piece)]
    return len(piece)


def _read(data: bytearray, size: int) -> bytes:
    piece = bytes(data if size < 0 else data[:size])
    del data[: len(piece)]
    return piece
