"""Making one device equal to what the database says it should carry: the second of the three passes.

Read the parts, read the device, ask it for their next hops, plan, push, read back. No transaction is open
while the device is spoken to; what is written in between (which next hops answer, where parts were placed,
that a push began) is enough for the next pass to finish whatever this one leaves half done.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from activation.adoption import adopted_since
from activation.clock import Clock
from activation.counting import count_parts
from activation.detours import Carried, as_last_read, carried_now, watched
from activation.due import HOPS_TOLD_FOR
from activation.evictions import ALLOWED_WHILE, NoStranger, drop_evictions, strange_fingerprint
from activation.held_back import note_held_back
from activation.leases import held
from activation.log import logger
from activation.lost import look_for_lost
from activation.next_hops import ask_before_steering
from activation.outcomes import (
    Visit,
    fail_parts,
    note_difference,
    note_failure,
    note_refusal,
    note_result,
)
from activation.placements import store_placements
from activation.pushes import Pushes
from activation.rehearsal import ModeChanged, note_rehearsal, waiting
from activation.wanted import Wanted, known_reservations, read_wanted
from netconfig.driver import Config, DeviceDriver, PartIntent, Plan
from netconfig.errors import NetconfigError, NotConverged, Rejected
from reservation.pauses import pause_over
from store import Store

log = logger("reconcile")


def reconcile(
    store: Store,
    device: str,
    driver: DeviceDriver,
    *,
    token: str,
    clock: Clock,
    is_leased: Callable[[], bool] = lambda: True,
    lately: timedelta = HOPS_TOLD_FOR,
) -> bool:
    """One pass over one device. Returns whether there was anything to do on it.

    `is_leased` tells without the database whether the lease can still be ours; a push asks it all the time.
    A next hop that the device was not asked for `lately` is, before anything is sent.
    A failure of the device is written to its row with when to try again, never raised. A clock and not an
    instant, because a pass may last minutes.

    Raises:
        LeaseLost: the token is not the device's any more; since then nothing was written but how a push
            ended that had begun.
        StoreUnavailable: the database is away.
    """
    wanted = store.read(lambda session: read_wanted(session, device))
    visit = Visit(device, token, wanted.generation, frozenset(wanted.unreadable), wanted.by_name)
    for part_id, words in wanted.unreadable.items():
        log.error("part cannot be understood", device=device, part=part_id, error=words)
        _fail(store, visit, part_id, words, now=clock.now())
    try:
        actual = driver.read()
        look_for_lost(store, device, actual, wanted.parts, now=clock.now())
        ways = watched(wanted.parts)
        hops, untold = ask_before_steering(
            store, device, driver, wanted.hops, ways, token=token, lately=lately, clock=clock
        )
        if untold:
            # It cost the session, and without one nothing is pushed.
            actual = driver.read()
        kept = wanted.in_sync | _found(wanted.parts, actual)
        carried = carried_now(wanted.parts, hops, detours=wanted.detours, kept=kept, untold=untold)
        visit = replace(visit, detours=carried.detours, withheld=frozenset(carried.withheld))
        return _Turn(
            store=store,
            driver=driver,
            clock=clock,
            wanted=wanted,
            carried=carried,
            visit=visit,
            is_leased=is_leased,
        ).take(actual)
    except Rejected as error:
        refusal = error
        log.warning("device refused a line", device=device, error=refusal.words, parts=sorted(refusal.parts))
        store.write(lambda session: note_refusal(session, visit, refusal, now=clock.now()))
    except NetconfigError as error:
        failure = error
        log.warning("device failed", device=device, code=failure.code, error=str(failure))
        store.write(lambda session: note_failure(session, visit, failure, now=clock.now()))
    return True


def _fail(store: Store, visit: Visit, part_id: int, words: str, *, now: datetime) -> None:
    store.write(lambda session: fail_parts(session, visit, {part_id}, words=words, now=now))


def _found(parts: Sequence[PartIntent], actual: Config) -> frozenset[int]:
    """Those that may be there though nobody has read them to be yet: they were taken over, or cut short."""
    return frozenset(part.part_id for part in parts if part.placement and part.reservation_id in actual.found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """One pass under way: everything its steps need to know.

    Attributes:
        wanted: what the device should carry.
        carried: what of it it is to carry now.
    """

    store: Store
    driver: DeviceDriver
    clock: Clock
    wanted: Wanted
    carried: Carried
    visit: Visit
    is_leased: Callable[[], bool]

    def take(self, actual: Config) -> bool:
        """Bring the device, as it was read, to what is wanted; whether there was anything to do."""
        actual = self._evict(actual)
        parts = self._place(actual)
        desired = self.driver.render(parts)
        plan = left = self._plan(actual, desired)
        if self.wanted.shadow is not None:
            return self._rehearse(actual, self.wanted.shadow, parts, desired, plan)
        if self._disturbs_counters(plan) and not self._count():
            # It cost the session, and without one nothing is pushed.
            actual = self.driver.read()
            plan = left = self._plan(actual, desired)
        begin = partial(self._begin_change, plan, parts)
        if plan.due:
            said = self._pushes.push(plan, begin)
            if said is None:
                return False
            self._count_moved(parts)
            actual = said.read_back or self.driver.read()
            left = self._plan(actual, desired)
        elif self.wanted.unfinished and self._pushes.push(plan, begin) is None:
            return False
        found = self._not_wanted(actual.found)
        facts = actual.facts
        # What a push was for has its place since that began.
        placed = self.wanted.parts if plan.due else parts
        self.store.write(lambda session: self._note_result(session, placed, left, found, facts))
        return bool(plan.due)

    @property
    def _pushes(self) -> Pushes:
        wanted, carried = self.wanted, self.carried
        return Pushes(
            store=self.store,
            driver=self.driver,
            clock=self.clock,
            visit=self.visit,
            owners={part.part_id: part.reservation_id for part in wanted.parts},
            is_leased=self.is_leased,
            # Who goes another way now has not drifted.
            repairs=wanted.drifting and not carried.withheld and carried.detours == wanted.detours,
        )

    def _disturbs_counters(self, plan: Plan) -> bool:
        return any(line.removal or line.parts & self.wanted.counted for line in plan.due)

    def _count(self) -> bool:
        """Count a last time, before what counts is taken away or made anew; whether that went well."""
        return self._count_parts(as_last_read(self.wanted.parts, self.wanted.detours))

    def _count_moved(self, parts: Sequence[PartIntent]) -> None:
        """Count those that go by another next hop now: some devices count on, some begin anew."""
        before, now = self.wanted.detours, self.carried.detours
        moved = [part for part in parts if part.wanted and before.get(part.part_id) != now.get(part.part_id)]
        if any(part.part_id in self.wanted.counted for part in moved):
            self._count_parts(moved)

    def _count_parts(self, parts: Sequence[PartIntent]) -> bool:
        visit = self.visit
        return count_parts(self.store, visit.device, self.driver, parts, token=visit.token, clock=self.clock)

    def _rehearse(
        self, actual: Config, carried: str, parts: Sequence[PartIntent], desired: Config, plan: Plan
    ) -> bool:
        """Note what would be sent, and that it has been; nothing is."""
        shadow = self.driver.imagine(actual, carried)
        known = frozenset(part.reservation_id for part in parts)
        news = self.driver.plan(shadow, desired, known=known)

        def note(session: Session) -> None:
            change = (lambda device_id: self._pushes.change(device_id, news)) if news else None
            left, now = waiting(plan), self.clock.now()
            note_rehearsal(session, self.visit, change, desired, left, facts=actual.facts, now=now)
            store_placements(session, parts, before=self.wanted.parts)

        try:
            self.store.write(note)
        except ModeChanged:
            return False
        return bool(news)

    def _note_result(
        self,
        session: Session,
        parts: Sequence[PartIntent],
        left: Plan,
        found: Collection[int],
        facts: Mapping[str, object],
    ) -> None:
        note_result(session, self.visit, left, found=found, facts=facts, now=self.clock.now())
        store_placements(session, parts, before=self.wanted.parts)

    def _not_wanted(self, found: Collection[int]) -> frozenset[int]:
        """Those of the reservations found that have no wanted part here."""
        return frozenset(found) - {part.reservation_id for part in self.wanted.parts if part.wanted}

    def _plan(self, actual: Config, desired: Config) -> Plan:
        # Asked anew for each reading: what a push has put there was not found before it.
        ours = {part.reservation_id for part in self.wanted.parts}
        known = frozenset(actual.found)
        if known - ours:
            known = self.store.read(lambda session: self._known(session, actual))
        return self.carried.still_to_do(self.driver.plan(actual, desired, known=known))

    def _known(self, session: Session, actual: Config) -> frozenset[int]:
        """Those found that the database has, but for what was adopted since the parts were read."""
        known = known_reservations(session, actual)
        came = adopted_since(session, self.visit.device, self.wanted.generation)
        return known - (came - {part.reservation_id for part in self.wanted.parts})

    def _place(self, actual: Config) -> Sequence[PartIntent]:
        parts = self.carried.parts
        placements = self.driver.place(actual, parts)
        return [replace(part, placement=placements.get(part.part_id, part.placement)) for part in parts]

    def _evict(self, actual: Config) -> Config:
        """Take off what an operator wants off; returns the device as it is then."""
        for number in self.wanted.evictions:
            before = None
            while plan := self._eviction(actual, number):
                if plan == before:
                    raise NotConverged(self.visit.device, f"still there after a push: {str(plan).strip()}")
                said = self._pushes.push(plan, partial(self._begin_eviction, plan))
                if said is None:
                    break
                actual, before = said.read_back or self.driver.read(), plan
        return actual

    def _eviction(self, actual: Config, number: int) -> Plan:
        """What of a stranger is still to be taken off; once it is nothing the order is done."""
        plan = Plan()
        try:
            database = self.store.read(
                lambda session: strange_fingerprint(session, self.visit.device, actual, number)
            )
            plan = self.driver.evict(actual, number, database=database)
        except NoStranger as error:
            log.info("nothing to evict", device=self.visit.device, reservation=number, reason=str(error))
        if not plan:
            self.store.write(lambda session: drop_evictions(session, self.visit.device, {number}))
        return plan

    def _begin_eviction(self, plan: Plan, session: Session) -> int | None:
        row = held(session, self.visit.device, self.visit.token)
        if row.dry_run or pause_over(session, row.name, but=ALLOWED_WHILE) is not None:
            return None
        # As with any push: one that is cut short is taken up at once.
        row.synced_generation = min(row.synced_generation, self.visit.generation - 1)
        return self._pushes.begin(session, row.id, plan)

    def _begin_change(self, plan: Plan, parts: Sequence[PartIntent], session: Session) -> int | None:
        now = self.clock.now()
        # After a push that was cut short nothing is known to be saved until this one has ended.
        saved = not self.wanted.unfinished
        row = note_difference(session, self.visit, plan, saved=saved, now=now)
        # Under the device's lock: a pause begun from here on finds this push under way.
        pause = pause_over(session, self.visit.device)
        if pause is not None:
            note_held_back(session, row, self.visit, plan, pause, now=now)
        if pause is not None or row.dry_run:
            return None
        # Before anything is sent: a crash from here on leaves no object that nobody knows.
        store_placements(session, parts, before=self.wanted.parts)
        return self._pushes.begin(session, row.id, plan)
