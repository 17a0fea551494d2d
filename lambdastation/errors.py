"""Why a station says no. Every code is stable: the same in a fault, on the command line and in JSON.

LambdaStationError
├── Refused                the asker must change something; nothing was written
│   ├── NotAuthenticated   nobody we know is asking
│   ├── NotAuthorized      no rule of the site lets them
│   ├── LimitExceeded      a rule of the site would let them, if they asked for less
│   ├── SchemaInvalid      the message is not what the schema says
│   ├── UnknownOperation   there is no such request
│   ├── UnknownSite        neither ours nor a peer's name
│   ├── UnknownClient      the site has no such PBR client
│   ├── UnknownTopology    we have no such path
│   ├── FieldMissing       without it the request cannot be understood
│   ├── BadValue           a field's words are not understood
│   ├── Contradiction      two fields do not go together
│   ├── OutsideClient      addresses or ports that are not the named client's
│   ├── BadTime            no zone, an end before the start, too long or too far ahead
│   ├── SlotInThePast      the time asked for is over
│   ├── ProductionPath     the path everybody has needs no ticket
│   ├── NoRule             the site does not steer this client there
│   ├── NotCapable         a device on that path cannot carry such a flow
│   ├── InMaintenance      a device on that path is being worked on
│   ├── FlowTooLarge       more access-list entries than one ticket may have
│   ├── CapacityExceeded   that much is not free; less, or another time, may be
│   ├── DscpTaken          no code point that would do is free; another time may be
│   ├── FlowConflict       the same packets are promised another path in that time
│   ├── TicketNotFound     there is no ticket of that number
│   ├── NoSuchFlow         no ticket for these packets can be joined or extended
│   ├── TooLate            the ticket, or the only one there is for them, is on its way out
│   └── WrongState         the ticket is past the point where that can be done
└── Failed                 our side's fault; the same request may succeed later
    ├── StoreAway          the database does not answer
    ├── NotReady           the site's paths or devices are not in the database yet, or a new version not here
    └── InternalError      a defect; the log knows more
"""

from typing import ClassVar

_LONGEST_ECHO = 40


def shown(text: str) -> str:
    """What a caller sent, quoted and cut short: a fault never carries long input back."""
    short = text if len(text) <= _LONGEST_ECHO else text[:_LONGEST_ECHO] + "..."
    return repr(short)


class LambdaStationError(Exception):
    """Root of the tree.

    Attributes:
        code: stable word.
        field: the svcTicket element (or parameter) at fault, None where no single one is.
    """

    code: ClassVar[str]

    def __init__(self, sentence: str, *, field: str | None = None) -> None:
        super().__init__(sentence)
        self.field = field


class Refused(LambdaStationError):
    """The request must be changed before it can succeed."""

    code = "refused"


class NotAuthenticated(Refused):
    """The request carries no identity that was verified."""

    code = "not-authenticated"


class NotAuthorized(Refused):
    """The site's rules do not let this caller do this."""

    code = "not-authorized"


class LimitExceeded(Refused):
    """The site's rules let this caller do this, but not so much of it."""

    code = "limit-exceeded"


class SchemaInvalid(Refused):
    """The message is not well-formed, not SOAP 1.1, or not what the schema says."""

    code = "schema-invalid"


class UnknownOperation(Refused):
    """The body's element is no request of ours."""

    code = "unknown-operation"


class UnknownSite(Refused):
    """The name is neither this site's nor a peer's."""

    code = "unknown-site"


class UnknownClient(Refused):
    """The site has no PBR client of that name."""

    code = "unknown-client"


class UnknownTopology(Refused):
    """There is no path of that name or colour here."""

    code = "unknown-topology"


class FieldMissing(Refused):
    """A field that nothing else can stand in for is absent."""

    code = "field-missing"


class BadValue(Refused):
    """The words of a field are not understood."""

    code = "bad-value"


class Contradiction(Refused):
    """Two fields say different things."""

    code = "contradiction"


class OutsideClient(Refused):
    """Addresses or ports outside those of the client or site that was named."""

    code = "outside-client"


class BadTime(Refused):
    """A time that cannot be used: no zone, wrong order, too long, too far ahead."""

    code = "bad-time"


class SlotInThePast(Refused):
    """The slot has ended, or starts further back than clocks may differ."""

    code = "slot-in-the-past"


class ProductionPath(Refused):
    """The production path is where traffic goes without a ticket."""

    code = "production-path"


class NoRule(Refused):
    """No steering rule of the site covers this client on this path."""

    code = "no-rule"


class InMaintenance(Refused):
    """A device on that path is in maintenance; the same request may succeed later, or over another path."""

    code = "in-maintenance"


class NotCapable(Refused):
    """A device on the path cannot carry a flow of this kind."""

    code = "not-capable"


class FlowTooLarge(Refused):
    """The flow would need more access-list entries than a ticket may have."""

    code = "flow-too-large"


class CapacityExceeded(Refused):
    """The bandwidth is more than the path has, or more than is free in that slot."""

    code = "capacity-exceeded"


class DscpTaken(Refused):
    """The code point, or every one of the site's pool, marks another ticket's packets in that slot."""

    code = "dscp-taken"


class FlowConflict(Refused):
    """Another ticket steers some of the same packets onto another path in that time."""

    code = "flow-conflict"


class TicketNotFound(Refused):
    """There is no ticket of that number."""

    code = "not-found"


class NoSuchFlow(Refused):
    """No ticket steers exactly these packets onto this path at that time."""

    code = "no-such-flow"


class TooLate(Refused):
    """The ticket, or the only one for these packets, is over or being released."""

    code = "too-late"


class WrongState(Refused):
    """The ticket is not, or no longer, in a state that allows this."""

    code = "wrong-state"


class Failed(LambdaStationError):
    """The request may be right; our side could not do it."""

    code = "failed"


class StoreAway(Failed):
    """The database does not answer; nothing was written."""

    code = "store-unavailable"


class NotReady(Failed):
    """The site's paths or devices are not in the database yet, or a new version of it not here."""

    code = "not-ready"


class InternalError(Failed):
    """A defect of ours. Its text never tells more than that."""

    code = "internal-error"
