"""Request bodies: never longer than announced, never waited for longer than the channel allows."""

import re
from typing import Protocol

_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(;[^\r\n]*)?\r\n")
_LINE_LIMIT = 1024
_TRAILERS_LIMIT = 20


class BadChunk(ValueError):
    """A chunked body that does not keep to the coding."""


class Source(Protocol):
    """Where bytes come from; both answer less only at the end."""

    def read(self, size: int, /) -> bytes:
        """Answer `size` bytes."""

    def readline(self, limit: int, /) -> bytes:
        """Answer a line with its end, at most `limit` bytes."""


class LengthBody:
    """A body of a known length."""

    def __init__(self, source: Source, length: int) -> None:
        self._source = source
        self._left = length

    @property
    def exhausted(self) -> bool:
        """Whether the next request starts where we are."""
        return self._left == 0

    def read(self, size: int) -> bytes:
        """Answer up to `size` bytes, fewer at the end of the body or of the client."""
        data = self._source.read(min(size, self._left))
        self._left -= len(data)
        return data


class ChunkedBody:
    """A body in the chunked transfer coding (RFC 9112, section 7.1); extensions and trailers are dropped."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._chunk_left = 0
        self.exhausted = False

    def read(self, size: int) -> bytes:
        """Answer up to `size` bytes, fewer at the end of the body. Raises BadChunk."""
        data = bytearray()
        while len(data) < size and not self.exhausted:
            if self._chunk_left == 0:
                self._next_chunk()
                continue
            piece = self._source.read(min(size - len(data), self._chunk_left))
            if not piece:
                raise BadChunk
            data += piece
            self._chunk_left -= len(piece)
            if self._chunk_left == 0 and self._source.read(2) != b"\r\n":
                raise BadChunk
        return bytes(data)

    def _next_chunk(self) -> None:
        match = _CHUNK_SIZE.fullmatch(self._source.readline(_LINE_LIMIT))
        if match is None:
            raise BadChunk
        self._chunk_left = int(match[1], 16)
        if self._chunk_left == 0:
            self._skip_trailers()
            self.exhausted = True

    def _skip_trailers(self) -> None:
        for _ in range(_TRAILERS_LIMIT):
            line = self._source.readline(_LINE_LIMIT)
            if line == b"\r\n":
                return
            if not line.endswith(b"\n"):
                break
        raise BadChunk
