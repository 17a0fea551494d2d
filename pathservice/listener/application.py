"""Calling a mounted application so that its failures stay its own.

Nothing is sent before the first piece of the answer is there, so an application that fails before
that is answered for with a 500; one that fails later has its connection cut, which a client notices
by the length or the missing last chunk.
"""

import errno
import itertools
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from types import TracebackType

import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars

from pathservice.listener.answer import ALWAYS, Headers, refusal_answer, status_line
from pathservice.listener.errors import Refused
from pathservice.listener.model import REQUEST_ID, Application, Environ, StartResponse

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_FAILED = Refused(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "internal-error",
    "the service failed; ask its operator, with the request id",
)
_ExcInfo = tuple[type[BaseException], BaseException, TracebackType]


def call_application(
    application: Application, environ: Environ, start_response: StartResponse, *, is_head: bool
) -> Iterable[bytes]:
    """Answer what `application` answers, or a 500 with the request's id when it fails.

    While it runs, every line it logs through structlog carries the request id.
    """
    request_id = environ[REQUEST_ID]
    bind_contextvars(request_id=request_id)
    try:
        start = _Start()
        answer = _Answer(application(environ, start), start, is_head=is_head)
        status, headers = start.said()
    except Exception:  # an application may fail in any way; the service goes on
        log.exception("an application failed", path=environ["SCRIPT_NAME"])
        clear_contextvars()
        headers, content = refusal_answer(_FAILED, request_id)
        start_response(status_line(_FAILED.status), headers)
        return [] if is_head else [content]
    given = {name.lower() for name, _ in headers}
    added = [(name, value) for name, value in ALWAYS if name.lower() not in given]
    start_response(status, [*headers, ("X-Request-Id", request_id), *added])
    return answer


class _Start:
    """What an application says through start_response, kept until there is something to send."""

    def __init__(self) -> None:
        self._said: tuple[str, Headers] | None = None
        self.written: list[bytes] = []

    def __call__(
        self, status: str, headers: Headers, exc_info: _ExcInfo | None = None
    ) -> Callable[[bytes], None]:
        if self._said is not None and exc_info is None:
            raise RuntimeError("start_response was called twice")
        self._said = status, headers
        return self.written.append

    def said(self) -> tuple[str, Headers]:
        if self._said is None:
            raise RuntimeError("start_response was not called")
        status, headers = self._said
        lines: list[object] = [status, *itertools.chain.from_iterable(headers)]
        if not all(isinstance(line, str) and line.isprintable() for line in lines):
            raise TypeError("status and headers must be printable text")
        return status, headers


def _checked(piece: object) -> bytes:
    if not isinstance(piece, bytes):
        raise TypeError("an application answers bytes")
    return piece


class _Answer:
    """The pieces of an answer; the first is fetched at once."""

    def __init__(self, pieces: Iterable[bytes], start: _Start, *, is_head: bool) -> None:
        self._pieces = pieces
        self._is_head = is_head
        self._rest = map(_checked, pieces)
        try:
            first = next(filter(None, self._rest), b"")
        except BaseException:
            self.close()
            raise
        self._first = [*start.written, first]

    def __iter__(self) -> Iterator[bytes]:
        if self._is_head:
            return
        try:
            yield from itertools.chain(self._first, self._rest)
        except OSError:
            raise
        except Exception as error:
            log.exception("an application failed within its answer")
            raise ConnectionAbortedError(errno.ECONNABORTED, "answer cut off") from error

    def close(self) -> None:
        close = getattr(self._pieces, "close", None)
        try:
            if close is not None:
                close()
        finally:
            clear_contextvars()
