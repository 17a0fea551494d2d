"""One line for every request, denied ones too."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AuditOutcome(StrEnum):
    """How a request ended: done, not allowed, not possible as asked, or our fault."""

    OK = "ok"
    DENIED = "denied"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """Who asked for what, when, and how it ended.

    Attributes:
        operation: the request's wire name, `unknown` where it is none of ours.
        code, field: of the error; None if there was none.
        ticket_id: the ticket concerned, where there is one.
    """

    at: datetime
    subject: str
    issuer: str
    operation: str
    outcome: AuditOutcome
    code: str | None = None
    field: str | None = None
    ticket_id: int | None = None


Audit = Callable[[AuditRecord], None]
"""Where the lines go. Must not raise: the request it tells of is over."""
