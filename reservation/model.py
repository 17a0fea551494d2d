"""The values that pass the core's border: frozen, pure, the same for every door."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from reservation.flows import FlowSpec
from reservation.lifecycle import Cause, Outcome, State


@dataclass(frozen=True, slots=True, order=True)
class TimeSlot:
    """The instants from `start` up to, not including, `end`; so back-to-back slots do not collide.

    Raises:
        ValueError: a time without a zone, or an end that is not after the start.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.utcoffset() is None or self.end.utcoffset() is None:
            raise ValueError("a slot's times carry their zone")
        if not self.start < self.end:
            raise ValueError("a slot ends after it starts")

    @property
    def length(self) -> timedelta:
        """How long it lasts."""
        return self.end - self.start

    def overlaps(self, other: "TimeSlot") -> bool:
        """Whether some instant is in both."""
        return self.start < other.end and other.start < self.end

    def since(self, instant: datetime) -> "TimeSlot | None":
        """What is left of it from that instant on; None if nothing is."""
        if self.end <= instant:
            return None
        return TimeSlot(max(self.start, instant), self.end)


@dataclass(frozen=True, slots=True)
class Changed:
    """A slot beside the one it was before.

    Attributes:
        slot: the new one.
        common: what is in both, if anything.
        added: what is only in the new one.
    """

    slot: TimeSlot
    common: TimeSlot | None
    added: tuple[TimeSlot, ...]

    @classmethod
    def between(cls, was: TimeSlot | None, slot: TimeSlot) -> "Changed":
        """The parts of the new slot."""
        if was is None or not was.overlaps(slot):
            return cls(slot, None, (slot,))
        added = []
        if slot.start < was.start:
            added.append(TimeSlot(slot.start, was.start))
        if was.end < slot.end:
            added.append(TimeSlot(was.end, slot.end))
        common = TimeSlot(max(was.start, slot.start), min(was.end, slot.end))
        return cls(slot, common, tuple(added))


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """An amount of a resource for the whole slot, in the resource's unit (bits per second for a path)."""

    resource: str
    amount: int

    def __post_init__(self) -> None:
        if self.amount < 1:
            raise ValueError(f"a claim takes at least 1 of {self.resource}, not {self.amount}")


@dataclass(frozen=True, slots=True)
class LabelRequest:
    """One label of a pool for the whole slot: the lowest that is free.

    Attributes:
        pool: the resource's name.
        among: only one of these will do; None for every label of the pool.
    """

    pool: str
    among: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class FlowRequest:
    """The packets a reservation steers.

    Attributes:
        site: whose devices steer them; flows of other sites do not contradict these.
        path: where they are steered to; the same packets may not go two ways at once.
    """

    site: str
    path: str
    flows: FlowSpec


@dataclass(frozen=True, slots=True)
class PartRequest:
    """What one device must carry while the reservation is active.

    Attributes:
        device: its name.
        stage: parts of stage 0 are on the devices before those of stage 1, and leave after them.
        intent: JSON values; opaque here, `netconfig.intent` knows them.
    """

    device: str
    stage: int
    intent: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Request:
    """What a door asks the core to hold.

    Attributes:
        kind: the door's word for what it reserves (`ticket`, `slice`).
        owner: who may change it, the door's way of naming people.
        hold_until: when the hold is let go unless confirmed.
    """

    kind: str
    owner: str
    slot: TimeSlot
    hold_until: datetime
    flows: FlowRequest | None = None
    claims: tuple[ClaimRequest, ...] = ()
    parts: tuple[PartRequest, ...] = ()
    labels: tuple[LabelRequest, ...] = ()


@dataclass(frozen=True, slots=True)
class Modification:
    """What a reservation shall have instead of what it has; None leaves it as it is.

    Attributes:
        slot: a start that is not after now, for one that is on devices already, is the start that it had.
        labels: a label that it has and that will do stays its own, though a lower one may be free.
        parts: one that is like one it has leaves that one alone on its device.
        hold_until: when a hold is let go; nothing to what is confirmed.
    """

    slot: TimeSlot | None = None
    flows: FlowRequest | None = None
    claims: tuple[ClaimRequest, ...] | None = None
    labels: tuple[LabelRequest, ...] | None = None
    parts: tuple[PartRequest, ...] | None = None
    hold_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Participant:
    """One for whom a reservation is kept.

    Attributes:
        key: the same for the same participant, at most 64 characters; the door's way of telling them apart.
        subject, issuer: whose it is; one subject may be several participants.
    """

    key: str
    subject: str
    issuer: str


@dataclass(frozen=True, slots=True)
class ParticipantView:
    """A participant as it was when it was read; `left_at` is None while the reservation is kept for it."""

    participant: Participant
    joined_at: datetime
    left_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReservationView:
    """A reservation as it was when it was read. Times are aware UTC.

    Attributes:
        cancel_requested: a wish to cancel that the worker has not carried out yet.
        ended_at: when it reached its final state.
        release_cause: why it is leaving its devices, or left them.
        waiting_for: what keeps it from starting, in words.
        modifying_since: since when its devices are being brought from what it was to what it was made.
        degraded_since: since when a device has been found not to carry it, while that is being repaired.
        version: grows with every change.
    """

    id: int
    kind: str
    owner: str
    slot: TimeSlot
    state: State
    created_at: datetime
    hold_until: datetime | None
    activated_at: datetime | None = None
    ended_at: datetime | None = None
    release_cause: Cause | None = None
    cancel_requested: bool = False
    outcome: Outcome | None = None
    reason: str | None = None
    waiting_for: str | None = None
    modifying_since: datetime | None = None
    degraded_since: datetime | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class TransitionView:
    """One move of a reservation: when, from where (None: it was made), to where, by whom and why."""

    at: datetime
    from_state: State | None
    to_state: State
    cause: Cause | None
    actor: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class PartCount:
    """What passed by a part, all told, however often its device began counting anew.

    Attributes:
        octets: None where the device counts packets alone.
        counted_at: when the device last told.
        grew_at: when it last told of more than before; None while nothing has passed.
    """

    packets: int
    octets: int | None
    counted_at: datetime
    grew_at: datetime | None


@dataclass(frozen=True, slots=True)
class PartView:
    """One part, without its device's language.

    Attributes:
        in_sync: the device was last read to carry it if wanted, and not to carry it otherwise.
        error: what the device said against it.
        superseded: it belongs to what the reservation was before it was modified.
        kind: of its intent, in the words of `netconfig.intent`.
        does: what its device is to do, in a few words.
        dry_run: its device is only rehearsed on.
        is_counted: its device can count what passes.
        count: None as long as it has not.
        detour: address of the fallback by which its packets go, as last read, since the next hop does not
            answer; None where they go as was asked for.
    """

    device: str
    stage: int
    wanted: bool
    in_sync: bool
    error: str | None
    superseded: bool = False
    kind: str = ""
    dry_run: bool = False
    is_counted: bool = False
    count: PartCount | None = None
    detour: str | None = None
    does: str = ""
