"""One line for every request, denied ones too."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import datetime
from enum import StrEnum

LOCAL = "local"
"""The peer of what was asked at the machine, on the command line."""


class AuditOutcome(StrEnum):
    """How a request ended: done, not allowed, not possible as asked, or our fault."""

    OK = "ok"
    DENIED = "denied"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from: the client's address, and the name its answer and its log lines carry."""

    peer: str
    request_id: str


_ORIGIN: ContextVar[Origin | None] = ContextVar("origin", default=None)


@contextmanager
def coming_from(origin: Origin) -> Iterator[None]:
    """Have the records that are made in here, in this thread, tell this origin."""
    token = _ORIGIN.set(origin)
    try:
        yield
    finally:
        _ORIGIN.reset(token)


def new_request_id() -> str:
    """A short random name for one request."""
    return secrets.token_hex(6)


def _peer() -> str:
    origin = _ORIGIN.get()
    return LOCAL if origin is None else origin.peer


def _request_id() -> str:
    origin = _ORIGIN.get()
    return new_request_id() if origin is None else origin.request_id


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """Who asked for what, when, and how it ended.

    Attributes:
        subject: empty where nobody could be told.
        operation: the request's wire name, `unknown` where it is none of ours.
        code, field: of the error; None if there was none.
        ticket_id: the ticket concerned, where there is one.
        peer, request_id: of the origin that is set; else `local`, and a name of its own.
    """

    at: datetime
    subject: str
    issuer: str
    operation: str
    outcome: AuditOutcome
    code: str | None = None
    field: str | None = None
    ticket_id: int | None = None
    peer: str = dataclass_field(default_factory=_peer)
    request_id: str = dataclass_field(default_factory=_request_id)


Audit = Callable[[AuditRecord], None]
"""Where the lines go. Must not raise: the request it tells of is over."""
