"""One audit line for each request, however it ends."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from lambdastation.audit import LOCAL, Audit, AuditOutcome, AuditRecord, new_request_id
from lambdastation.caller import Caller, Operation, Origin
from lambdastation.errors import (
    InternalError,
    LambdaStationError,
    LimitExceeded,
    NotAuthenticated,
    NotAuthorized,
    Refused,
    StoreAway,
)
from store import StoreUnavailable


class AuditLine:
    """What is known so far of a request's audit line."""

    ticket_id: int | None = None


class Trail:
    """Writes the lines of a station's requests."""

    def __init__(self, audit: Audit, clock: Callable[[], datetime]) -> None:
        self._audit = audit
        self._clock = clock

    @contextmanager
    def request(self, caller: Caller, operation: Operation) -> Iterator[AuditLine]:
        """Carry a request out in here; its line is written when it is over.

        Raises:
            StoreAway: where what is done raised `StoreUnavailable`.
        """
        line = AuditLine()
        try:
            yield line
        except LambdaStationError as error:
            self._record(caller, operation, error, ticket_id=line.ticket_id)
            raise
        except StoreUnavailable as error:
            away = StoreAway("the station's database does not answer; try again later")
            self._record(caller, operation, away, ticket_id=line.ticket_id)
            raise away from error
        except Exception:
            self._record(caller, operation, InternalError("a defect"), ticket_id=line.ticket_id)
            raise
        self._record(caller, operation, None, ticket_id=line.ticket_id)

    def refused(self, caller: Caller, operation: str, error: LambdaStationError) -> None:
        """Write the line of what did not become a request."""
        self._record(caller, operation, error, ticket_id=None)

    def _record(
        self, caller: Caller, operation: str, error: LambdaStationError | None, *, ticket_id: int | None
    ) -> None:
        origin = caller.origin or Origin(LOCAL, new_request_id())
        self._audit(
            AuditRecord(
                at=self._clock(),
                subject=caller.subject,
                issuer=caller.issuer,
                operation=str(operation),
                outcome=_outcome(error),
                peer=origin.peer,
                request_id=origin.request_id,
                code=None if error is None else error.code,
                field=None if error is None else error.field,
                ticket_id=ticket_id,
            )
        )


def _outcome(error: LambdaStationError | None) -> AuditOutcome:
    match error:
        case None:
            return AuditOutcome.OK
        case NotAuthenticated() | NotAuthorized() | LimitExceeded():
            return AuditOutcome.DENIED
        case Refused():
            return AuditOutcome.REFUSED
        case _:
            return AuditOutcome.FAILED
