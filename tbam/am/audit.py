"""One line for every call, denied ones too; no credential and no RSpec in it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tbam.errors import GeniCode


class Outcome(StrEnum):
    """How a call ended: done, not allowed, not possible as asked, or our fault."""

    OK = "ok"
    DENIED = "denied"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CallRecord:
    """Who asked for what, when, and how it ended.

    Attributes:
        subject, issuer: of the client's verified certificate.
        operation: the call's name, `unknown` where it is none of ours.
        code: what went wrong, in the API's words: `credential-expired`; None if nothing did.
        field: the argument, option or element at fault, where one is.
        slice_urn: the slice that was named; owner: the user whose credential was good.
        slivers: those that were answered.
    """

    at: datetime
    subject: str
    issuer: str
    operation: str
    outcome: Outcome
    peer: str
    request_id: str
    code: str | None = None
    field: str | None = None
    slice_urn: str | None = None
    owner: str | None = None
    slivers: tuple[str, ...] | None = None


Audit = Callable[[CallRecord], None]
"""Where the lines go. Must not raise: the call it tells of is over."""

_DENIED = frozenset(
    {
        GeniCode.FORBIDDEN,
        GeniCode.CREDENTIAL_INVALID,
        GeniCode.CREDENTIAL_EXPIRED,
        GeniCode.CREDENTIAL_MISMATCH,
        GeniCode.CREDENTIAL_SIGNER_UNTRUSTED,
    }
)
_FAILED = frozenset({GeniCode.ERROR, GeniCode.SERVERERROR, GeniCode.DBERROR, GeniCode.BUSY})


def outcome_of(code: GeniCode) -> Outcome:
    """How a call ended that was answered with this code."""
    if code is GeniCode.SUCCESS:
        return Outcome.OK
    if code in _DENIED:
        return Outcome.DENIED
    return Outcome.FAILED if code in _FAILED else Outcome.REFUSED


def word(code: GeniCode) -> str:
    """A code as the audit trail writes it."""
    return code.name.lower().replace("_", "-")
