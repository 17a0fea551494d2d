"""Which of GENI's states a sliver is in, told from its reservation and what its gateway carries. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from reservation.lifecycle import Cause, State
from reservation.model import PartView, ReservationView
from tbam.values import Allocation, Operational

RUNNING = frozenset({State.ACTIVATING, State.ACTIVE})
"""The states in which a sliver has its slot and its gateway is to carry it."""


@dataclass(frozen=True, slots=True)
class Condition:
    """How a sliver is; `error` is empty where nothing is wrong."""

    allocation: Allocation
    operational: Operational
    error: str = ""


def is_there(view: ReservationView) -> bool:
    """Whether the sliver of a reservation, not expired, can still be asked for, and renewed or deleted.

    One that a gateway refused is, with its words, until it is deleted or would have ended.
    """
    if view.cancel_requested:
        return False
    if view.state in {State.RELEASING, State.RELEASED}:
        return is_failed(view) or view.release_cause is Cause.MOVED_LATER
    return view.state not in {State.CANCELLED, State.EXPIRED}


def is_failed(view: ReservationView) -> bool:
    """Whether it was taken off because a gateway refused it, or was given up."""
    return view.state in {State.RELEASING, State.RELEASED} and view.release_cause is Cause.REJECTED


def is_moving(view: ReservationView, *, now: datetime) -> bool:
    """Whether it is only being taken off until a later slot, or about to be."""
    if view.state in RUNNING:
        return now < view.slot.start
    return view.state is State.RELEASING and view.release_cause is Cause.MOVED_LATER


def is_running(view: ReservationView, *, now: datetime) -> bool:
    """Whether the slot has come and is not over, and the gateway is to carry it."""
    return view.state in RUNNING and not view.cancel_requested and view.slot.start <= now < view.slot.end


def condition(
    view: ReservationView, parts: Sequence[PartView], *, stopped: bool, gateway_error: str | None
) -> Condition:
    """The states of a sliver that is there.

    `gateway_error` is why the gateway could not be brought to what it should carry, if it could not.
    """
    if view.state is State.HELD:
        return Condition(Allocation.ALLOCATED, Operational.PENDING_ALLOCATION, _words(view.waiting_for))
    if is_failed(view):
        words = view.reason or "the gateway did not take it"
        return Condition(Allocation.PROVISIONED, Operational.FAILED, words)
    operational, error = _running(view, parts, stopped, gateway_error)
    return Condition(Allocation.PROVISIONED, operational, error)


def _running(
    view: ReservationView, parts: Sequence[PartView], stopped: bool, gateway_error: str | None
) -> tuple[Operational, str]:
    if view.state not in RUNNING:
        return Operational.NOT_READY if stopped else Operational.CONFIGURING, _words(view.waiting_for)
    behind = any(not part.in_sync for part in parts)
    said = dict.fromkeys(part.error for part in parts if part.error)
    error = "; ".join(said) or (gateway_error if behind else None)
    if error:
        return Operational.FAILED, error
    changing = behind or view.modifying_since is not None or view.state is State.ACTIVATING
    if stopped:
        return Operational.STOPPING if changing else Operational.NOT_READY, ""
    if view.degraded_since is not None:
        return Operational.CONFIGURING, "the gateway was found not to carry it, and is being put right"
    return Operational.CONFIGURING if changing else Operational.READY, ""


def _words(waiting_for: str | None) -> str:
    return "" if waiting_for is None else f"waits for {waiting_for}"
