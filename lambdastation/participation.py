"""Who takes part in a ticket, and how somebody takes part no more.

A participant is one call: who asked, and what for. When it is wanted is left out, so that a repeat a
second later, or a call for a later end, is the same participant; and so is an identical call of another
program with the same certificate, which nothing tells apart.
"""

import hashlib
import json
from dataclasses import fields
from datetime import datetime

from sqlalchemy.orm import Session

from lambdastation.authorization import authorize
from lambdastation.caller import Caller, Operation
from lambdastation.errors import NotAuthorized, WrongState
from lambdastation.records import KIND, ticket_row
from lambdastation.site import Site
from lambdastation.tables import TicketRow
from lambdastation.ticket import TicketRequest
from reservation import errors, service, sharing
from reservation.lifecycle import Outcome, State
from reservation.model import Participant, ReservationView

_WHEN = frozenset({"board_at", "start_at", "end_at", "travel_seconds"})


def participant(request: TicketRequest, caller: Caller) -> Participant:
    """The participant that this call of this caller is."""
    what = {field.name: getattr(request, field.name) for field in fields(request) if field.name not in _WHEN}
    told = json.dumps([caller.subject, caller.issuer, what], sort_keys=True)
    return Participant(
        key=hashlib.sha256(told.encode()).hexdigest(), subject=caller.subject, issuer=caller.issuer
    )


def call_off(
    session: Session, ticket_id: int, *, site: Site, caller: Caller, now: datetime, reason: str | None
) -> None:
    """End a ticket for the caller: an operator's word ends it for all, anybody else gives up one call.

    A ticket ends when nobody takes part in it any more. Who has given up everything, or whose ticket was
    cancelled, may say so again.

    Raises:
        TicketNotFound: there is none of that number.
        NotAuthorized: the caller takes no part in it and is no operator.
        WrongState: it has ended by itself, or is ending.
    """
    row = ticket_row(session, ticket_id)
    operator = authorize(
        site, caller, Operation.CANCEL_TICKET, client=row.local_client, topology=row.topology
    )
    try:
        if operator:
            service.cancel(session, ticket_id, kind=KIND, now=now, actor=caller.subject, reason=reason)
        else:
            _give_up(session, row, caller, now=now, reason=reason)
    except errors.WrongState as error:
        if not _was_cancelled(service.get(session, ticket_id, kind=KIND)):
            raise WrongState(str(error), field="ticketId") from error


def _give_up(session: Session, row: TicketRow, caller: Caller, *, now: datetime, reason: str | None) -> None:
    calls = [
        one
        for one in sharing.participants(session, row.reservation_id)
        if (one.participant.subject, one.participant.issuer) == (caller.subject, caller.issuer)
    ]
    if not calls:
        raise NotAuthorized(f"ticket {row.reservation_id} belongs to somebody else", field="ticketId")
    # All of them gone already: leaving again changes nothing.
    latest = max(calls, key=lambda one: (one.left_at is None, one.joined_at))
    sharing.leave(
        session,
        row.reservation_id,
        latest.participant.key,
        kind=KIND,
        now=now,
        actor=caller.subject,
        reason=reason,
    )


def _was_cancelled(reservation: ReservationView) -> bool:
    return reservation.state is State.CANCELLED or reservation.outcome is Outcome.CANCELLED
