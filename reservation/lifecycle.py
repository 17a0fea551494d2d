"""The states of a reservation and the one table of moves between them."""

from enum import StrEnum


class State(StrEnum):
    """Where a reservation is in its life; the words are the wire's too."""

    HELD = "held"
    SCHEDULED = "scheduled"
    ACTIVATING = "activating"
    ACTIVE = "active"
    RELEASING = "releasing"
    RELEASED = "released"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Outcome(StrEnum):
    """How a reservation that reached a device ended."""

    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FAILED = "failed"


class Cause(StrEnum):
    """What makes a reservation move."""

    CONFIRM = "confirm"
    TIMEOUT = "timeout"
    CANCEL = "cancel"
    START = "start"
    MISSED = "end (missed)"
    IN_SYNC = "every part in sync"
    END = "end"
    REJECTED = "rejected"
    MOVED_LATER = "slot moved later"
    GONE = "every part gone"
    GONE_FOR_NOW = "every part gone, slot to come"
    ABANDONED = "operator abandons the device"


MOVES: dict[State, dict[Cause, State]] = {
    State.HELD: {
        Cause.CONFIRM: State.SCHEDULED,
        Cause.TIMEOUT: State.EXPIRED,
        Cause.CANCEL: State.CANCELLED,
    },
    State.SCHEDULED: {
        Cause.START: State.ACTIVATING,
        Cause.CANCEL: State.CANCELLED,
        Cause.MISSED: State.CANCELLED,
    },
    State.ACTIVATING: {
        Cause.IN_SYNC: State.ACTIVE,
        Cause.CANCEL: State.RELEASING,
        Cause.END: State.RELEASING,
        Cause.REJECTED: State.RELEASING,
        Cause.MOVED_LATER: State.RELEASING,
    },
    State.ACTIVE: {
        Cause.CANCEL: State.RELEASING,
        Cause.END: State.RELEASING,
        Cause.REJECTED: State.RELEASING,
        Cause.MOVED_LATER: State.RELEASING,
    },
    State.RELEASING: {
        Cause.GONE: State.RELEASED,
        Cause.GONE_FOR_NOW: State.SCHEDULED,
        Cause.ABANDONED: State.RELEASED,
    },
    State.RELEASED: {},
    State.CANCELLED: {},
    State.EXPIRED: {},
}
"""Every move there is. Whatever is not in this table does not happen."""

FINAL = frozenset(state for state, moves in MOVES.items() if not moves)
ON_DEVICES = frozenset({State.ACTIVATING, State.ACTIVE, State.RELEASING})
"""The states in which some device may carry something of the reservation."""


FIRM = frozenset({State.SCHEDULED, State.ACTIVATING, State.ACTIVE})
"""The states in which a reservation is promised and not on its way out."""


def mermaid() -> str:
    """The table as a Mermaid state diagram, the one that `docs/lifecycle.md` shows."""
    lines = ["stateDiagram-v2", "    [*] --> held: hold"]
    for state, moves in MOVES.items():
        for to in dict.fromkeys(moves.values()):
            causes = " | ".join(cause for cause, target in moves.items() if target is to)
            lines.append(f"    {state} --> {to}: {causes}")
    lines.extend(f"    {state} --> [*]" for state in MOVES if state in FINAL)
    return "\n".join(lines) + "\n"
