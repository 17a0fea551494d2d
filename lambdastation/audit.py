"""One line for every request, denied ones too."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
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


def new_request_id() -> str:
    """A short random name for one request."""
    return secrets.token_hex(6)


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """Who asked for what, when, and how it ended.

    Attributes:
        subject: empty where nobody could be told.
        operation: the request's wire name, `unknown` where it is none of ours.
        code, field: of the error; None if there was none.
        ticket_id: the ticket concerned, where there is one.
        site_version: the version of the site concerned, where one is.
        peer, request_id: of the caller's origin; without one `local`, and a name of its own.
    """

    at: datetime
    subject: str
    issuer: str
    operation: str
    outcome: AuditOutcome
    peer: str
    request_id: str
    code: str | None = None
    field: str | None = None
    ticket_id: int | None = None
    site_version: int | None = None


Audit = Callable[[AuditRecord], None]
"""Where the lines go. Must not raise: the request it tells of is over."""
