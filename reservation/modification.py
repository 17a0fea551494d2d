"""modify: another slot, other flows, amounts, labels or parts for a reservation, all of it or nothing.

What a reservation has is never in its own way: only what grows is looked at, in packets, amounts or time.
What devices may still carry of it stays claimed, and its parts stay wanted, until the worker has brought the
new and taken the old away; a claim that is kept for that is `leaving`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from reservation import calendar, conflicts, labels, parts
from reservation.conflicts import flow_resource
from reservation.errors import SlotInThePast
from reservation.lifecycle import ON_DEVICES, Cause, State
from reservation.model import Changed, LabelRequest, Modification, ReservationView, TimeSlot
from reservation.moves import lock_reservation
from reservation.service import clamped, require_going, view, wish
from reservation.tables import ClaimRow, ReservationRow, ResourceRow


def modify(
    session: Session, reservation_id: int, change: Modification, *, kind: str, now: datetime, actor: str
) -> ReservationView:
    """Change what a reservation that is not over has. One that is active stays so while its devices follow.

    Where it is on devices and shall start later than now, the worker takes it off until then.

    Raises:
        NotFound: there is no such reservation.
        TooLate: it is over or on its way out.
        SlotInThePast: the new slot has ended, or starts more than a minute ago.
        CapacityExceeded, LabelsTaken, FlowConflict: what it would have beyond what it has does not fit.
        UnknownResource, UnknownDevice: something that is named is not in the database.
    """
    row = lock_reservation(session, reservation_id, kind=kind)
    require_going(row, now)
    was, slot = TimeSlot(row.start, row.end), _slot(row, change.slot, now)
    on_devices = row.state in ON_DEVICES
    later = on_devices and slot.start > now
    rebooking = _Rebooking.begin(session, row.id, change, was=was, slot=slot, now=now)
    moving = False
    if change.parts is not None:
        moving = parts.replace_parts(session, row.id, change.parts, on_devices=on_devices)
    rebooking.carry_out(carried=on_devices and moving, later=later)
    row.start, row.end = slot.start, slot.end
    if row.state is State.HELD and change.hold_until is not None:
        row.hold_until = row.next_action_at = change.hold_until
    elif row.state is State.SCHEDULED:
        row.waiting_for = None
        row.next_action_at = slot.start
    elif later:
        wish(row, Cause.MOVED_LATER, now=now, actor=actor, reason=row.reason)
    elif on_devices:
        if moving:
            row.modifying_since = row.modifying_since or now
        row.next_action_at = now
    session.flush()
    return view(row)


def _slot(row: ReservationRow, asked: TimeSlot | None, now: datetime) -> TimeSlot:
    """The slot that the reservation is to have.

    Raises:
        SlotInThePast: as `service.clamped`, but where it has begun already.
    """
    was = TimeSlot(row.start, row.end)
    if asked is None or asked == was:
        return was
    begun = row.state in ON_DEVICES and asked.start <= now
    if not begun and asked.start != was.start:
        return clamped(asked, now)
    if asked.end <= now:
        raise SlotInThePast(f"the slot ended at {asked.end.isoformat()}; it is {now.isoformat()} here")
    return TimeSlot(was.start, asked.end)


_Wanted = tuple[ResourceRow, int, int | None, ClaimRow | None]
"""What is to be claimed: of what, how much, which label, and the claim there is that becomes it."""


@dataclass(frozen=True, slots=True)
class _Rebooking:
    """A change of claims under way, with every resource locked that was or will be claimed.

    Attributes:
        held: the claims that the reservation has and has not given up.
        former: those it has given up before.
        slot: what they shall be for.
        checked: the slot from now on, beside the one before.
    """

    session: Session
    reservation_id: int
    change: Modification
    resources: dict[str, ResourceRow]
    held: Sequence[ClaimRow]
    former: Sequence[ClaimRow]
    slot: TimeSlot
    checked: Changed

    @classmethod
    def begin(
        cls,
        session: Session,
        reservation_id: int,
        change: Modification,
        *,
        was: TimeSlot,
        slot: TimeSlot,
        now: datetime,
    ) -> "_Rebooking":
        asked = {
            *(claim.resource for claim in change.claims or ()),
            *(label.pool for label in change.labels or ()),
            *(flow_resource(flows.site) for flows in (change.flows,) if flows is not None),
        }
        held = calendar.claims_of(session, reservation_id, locking=asked)
        names = asked.union(resource.name for _, resource in held)
        return cls(
            session=session,
            reservation_id=reservation_id,
            change=change,
            resources=calendar.lock_resources(session, names) if names else {},
            held=[row for row, _ in held if not row.leaving],
            former=[row for row, _ in held if row.leaving],
            slot=slot,
            # What is past is nobody's any more; the slot ends after now.
            checked=Changed.between(was.since(now), TimeSlot(max(slot.start, now), slot.end)),
        )

    def carry_out(self, *, carried: bool, later: bool) -> None:
        """Check and write everything down; what is given up is kept where it is `carried` by devices.

        Raises:
            CapacityExceeded, LabelsTaken, FlowConflict, UnknownResource: as `modify`.
        """
        # For a later slot all is taken anew: what there is goes on until the devices are clean.
        kept = {id(row): later for row in self.held}
        for resource, amount, label, row in [*self._flows(carried, later), *self._labels(), *self._amounts()]:
            if row is None or later:
                calendar.take(self.session, self.reservation_id, resource, amount, self.slot, label=label)
                continue
            kept[id(row)] = True
            row.amount = amount
            calendar.move_claim(self.session, row, resource, start=self.slot.start, end=self.slot.end)
        for row in self.held:
            if later or (carried and not kept[id(row)]):
                row.leaving = True
            elif not kept[id(row)]:
                calendar.free_claim(self.session, row, self._resource(row))
        if not later:
            # Unasked, and for as long as it lasts: so long may a device be waited for that carries them.
            for row in (*self.former, *(row for row in self.held if row.leaving)):
                end = max(row.end, self.slot.end)
                calendar.move_claim(self.session, row, self._resource(row), end=end)
        self.session.flush()

    def _flows(self, carried: bool, later: bool) -> Iterator[_Wanted]:
        row = next((row for row in self.held if self._resource(row).name.startswith(flow_resource(""))), None)
        if row is None:
            if self.change.flows is not None:
                site = self.resources[flow_resource(self.change.flows.site)]
                conflicts.add_flows(self.session, self.reservation_id, self.change.flows, self.slot, site)
                yield site, 1, None, None
            return
        resource = self._resource(row)
        leaves = later or (carried and self.change.flows is not None)
        conflicts.change_flows(
            self.session,
            self.reservation_id,
            resource,
            self.change.flows,
            checked=self.checked,
            leaves=leaves,
        )
        if leaves and not later:
            before = TimeSlot(row.start, max(row.end, self.slot.end))
            calendar.take(self.session, self.reservation_id, resource, 1, before, leaving=True)
        yield resource, 1, None, row

    def _labels(self) -> Iterator[_Wanted]:
        held = sorted((row for row in self.held if row.label is not None), key=lambda row: row.label or 0)
        requests = self.change.labels
        if requests is None:
            requests = tuple(
                LabelRequest(self._resource(row).name, frozenset({row.label or 0})) for row in held
            )
        given: set[tuple[str, int]] = set()
        for request in requests:
            pool = self.resources[request.pool]
            fitting = [n for n in labels.fitting_labels(pool, request) if (pool.name, n) not in given]
            own = {row.label: row for row in held if row.resource_id == pool.id and row.label in fitting}
            label = next((n for n in own if self._goes_on(pool, n)), None)
            if label is None:
                asked = LabelRequest(pool.name, frozenset(fitting))
                label = labels.lowest_free(
                    self.session, pool, asked, self._ahead, without=self.reservation_id
                )
            given.add((pool.name, label))
            yield pool, 1, label, own.get(label)

    def _amounts(self) -> Iterator[_Wanted]:
        held = {
            self._resource(row).name: row
            for row in self.held
            if row.label is None and not self._resource(row).name.startswith(flow_resource(""))
        }
        amounts = {name: row.amount for name, row in held.items()}
        if self.change.claims is not None:
            amounts = calendar.summed(self.change.claims)
        for name, amount in sorted(amounts.items()):
            row = held.get(name)
            grows = row is None or amount > row.amount
            for slot in [self.checked.slot] if grows else self.checked.added:
                calendar.require_free(
                    self.session, self.resources[name], amount, slot, without=self.reservation_id
                )
            yield self.resources[name], amount, None, row

    def _goes_on(self, pool: ResourceRow, label: int) -> bool:
        """Whether a label of our own is free in the time that comes to it."""
        return not any(
            label in calendar.taken_labels(self.session, pool, slot, without=self.reservation_id)
            for slot in self.checked.added
        )

    @property
    def _ahead(self) -> TimeSlot:
        return self.checked.slot

    def _resource(self, row: ClaimRow) -> ResourceRow:
        return next(one for one in self.resources.values() if one.id == row.resource_id)
