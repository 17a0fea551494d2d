"""Making one device equal to what the database says it should carry: the second of the three passes.

Read the parts, read the device, plan, push, read back. No transaction is open while the device is spoken to;
what is written in between (where parts were placed, that a push began) is enough for the next pass to finish
whatever this one leaves half done.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from activation.clock import Clock
from activation.devices import last_change_first
from activation.leases import held
from activation.log import logger
from activation.outcomes import (
    Visit,
    fail_parts,
    note_difference,
    note_failure,
    note_refusal,
    note_result,
)
from activation.remembered import is_found_by_name, read_over
from netconfig.driver import Config, DeviceDriver, PartIntent, Placement, Plan, transcript_of
from netconfig.errors import DeviceError, NetconfigError, Rejected
from netconfig.intent import load_intent
from reservation.lifecycle import ON_DEVICES
from reservation.moves import HIGHEST_ID
from reservation.tables import DeviceChangeRow, DeviceRow, PartRow, ReservationRow
from store import Store

log = logger("reconcile")

PUSHED = "pushed"
INTERRUPTED = "interrupted"

ASKED_AT_ONCE = 1000
"""Numbers in one query: databases bound how many, SQLite at 32,766."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a device should carry, as read in one transaction.

    Attributes:
        generation: the device's as of the parts: every part switched up to it is among them as it is.
        parts: of every reservation that may be on a device, wanted or being taken away; at a look for drift
            those too that are over and had something in what is the site's.
        unreadable: why a part's intent cannot be understood, by part id; those are not in `parts`.
        by_name: those of them that are to go and can be found without their intent.
        drifting: False when some part waits for this pass, so that a difference is to be expected.
        unfinished: the last push did not come to its end, so the device may not have been told to save.
    """

    generation: int
    parts: tuple[PartIntent, ...]
    unreadable: Mapping[int, str]
    by_name: frozenset[int]
    drifting: bool
    unfinished: bool


def reconcile(
    store: Store,
    device: str,
    driver: DeviceDriver,
    *,
    token: str,
    clock: Clock,
    is_leased: Callable[[], bool] = lambda: True,
) -> bool:
    """One pass over one device. Returns whether there was anything to do on it.

    `is_leased` tells without the database whether the lease can still be ours; a push asks it all the time.
    A failure of the device is written to its row with when to try again, never raised. A clock and not an
    instant, because a pass may last minutes.

    Raises:
        LeaseLost: the token is not the device's any more; since then nothing was written but how a push
            ended that had begun.
        StoreUnavailable: the database is away.
    """
    wanted = store.read(lambda session: read_wanted(session, device))
    visit = Visit(device, token, wanted.generation, frozenset(wanted.unreadable), wanted.by_name)
    try:
        return _Turn(
            store=store, driver=driver, clock=clock, wanted=wanted, visit=visit, is_leased=is_leased
        ).take()
    except Rejected as error:
        refusal = error
        log.warning("device refused a line", device=device, error=refusal.words, parts=sorted(refusal.parts))
        store.write(lambda session: note_refusal(session, visit, refusal, now=clock.now()))
    except NetconfigError as error:
        failure = error
        log.warning("device failed", device=device, code=failure.code, error=str(failure))
        store.write(lambda session: note_failure(session, visit, failure, now=clock.now()))
    return True


def read_wanted(session: Session, device: str) -> Wanted:
    """What the device should carry now, and what may have to leave it."""
    row = session.scalars(select(DeviceRow).where(DeviceRow.name == device)).one()
    rows = session.scalars(
        select(PartRow)
        .join(ReservationRow, PartRow.reservation_id == ReservationRow.id)
        .where(PartRow.device_id == row.id, ReservationRow.state.in_(ON_DEVICES))
        .order_by(PartRow.id)
    ).all()
    # Parts may have been switched since the device was read. Generations are given out under the device's
    # lock, so where one query sees a part of the newest, it sees all that were switched before it.
    generation = max([row.generation, *(part.generation for part in rows)])
    drifting = row.synced_generation >= generation
    parts, unreadable, by_name = [], {}, set()
    for part in rows:
        try:
            intent = load_intent(part.intent)
        except ValueError as error:
            unreadable[part.id] = str(error)
            if not part.wanted and is_found_by_name(part.placement):
                by_name.add(part.id)
            elif not part.wanted:
                unreadable[part.id] += "; and what it may have left in lists of the site's cannot be told"
            continue
        parts.append(
            PartIntent(
                part_id=part.id,
                reservation_id=part.reservation_id,
                intent=intent,
                wanted=part.wanted,
                placement=part.placement,
            )
        )
    return Wanted(
        generation=generation,
        parts=(*parts, *read_over(session, row)) if drifting else tuple(parts),
        unreadable=unreadable,
        by_name=frozenset(by_name),
        drifting=drifting,
        unfinished=_last_outcome(session, row) not in {None, PUSHED},
    )


def _last_outcome(session: Session, row: DeviceRow) -> str | None:
    """How the last push to a device ended; None if there was none."""
    change = session.execute(
        last_change_first(select(DeviceChangeRow.outcome).where(DeviceChangeRow.device_id == row.id)).limit(1)
    ).first()
    return None if change is None else change.outcome or INTERRUPTED


def known_reservations(session: Session, actual: Config) -> frozenset[int]:
    """Those of the reservations found on a device that this database has."""
    # A device may carry whatever number somebody typed.
    possible = sorted(number for number in actual.found if 0 < number <= HIGHEST_ID)
    known: set[int] = set()
    for begin in range(0, len(possible), ASKED_AT_ONCE):
        asked = ReservationRow.id.in_(possible[begin : begin + ASKED_AT_ONCE])
        known.update(session.scalars(select(ReservationRow.id).where(asked)))
    return frozenset(known)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """One pass under way: everything its steps need to know."""

    store: Store
    driver: DeviceDriver
    clock: Clock
    wanted: Wanted
    visit: Visit
    is_leased: Callable[[], bool]

    def take(self) -> bool:
        """Bring the device to what is wanted; whether there was anything to do."""
        for part_id, words in self.wanted.unreadable.items():
            self._fail(part_id, words)
        actual = self.driver.read()
        parts = self._place(actual)
        desired = self.driver.render(parts)
        plan = left = self._plan(actual, desired)
        if plan.due:
            if self.wanted.drifting:
                log.warning("device drifted, repairing", device=self.visit.device, plan=str(plan))
            self._push(plan)
            actual = self.driver.read()
            left = self._plan(actual, desired)
        elif self.wanted.unfinished:
            self._push(plan)
        found = self._not_wanted(actual.found)
        self.store.write(
            lambda session: note_result(session, self.visit, left, found=found, now=self.clock.now())
        )
        return bool(plan.due)

    def _not_wanted(self, found: Collection[int]) -> frozenset[int]:
        """Those of the reservations found that have no wanted part here."""
        return frozenset(found) - {part.reservation_id for part in self.wanted.parts if part.wanted}

    def _fail(self, part_id: int, words: str) -> None:
        log.error("part cannot be understood", device=self.visit.device, part=part_id, error=words)
        self.store.write(
            lambda session: fail_parts(session, self.visit, {part_id}, words=words, now=self.clock.now())
        )

    def _plan(self, actual: Config, desired: Config) -> Plan:
        # Asked anew for each reading: what a push has put there was not found before it.
        known = self.store.read(lambda session: known_reservations(session, actual))
        return self.driver.plan(actual, desired, known=known)

    def _place(self, actual: Config) -> Sequence[PartIntent]:
        placements = self.driver.place(actual, self.wanted.parts)
        placed = [
            replace(part, placement=placements.get(part.part_id, part.placement))
            for part in self.wanted.parts
        ]
        news = {
            new.part_id: new.placement
            for new, old in zip(placed, self.wanted.parts, strict=True)
            if new.placement != old.placement
        }
        if news:
            self.store.write(lambda session: self._store_placements(session, news))
        return placed

    def _store_placements(self, session: Session, news: Mapping[int, Placement]) -> None:
        held(session, self.visit.device, self.visit.token)
        for part in session.scalars(select(PartRow).where(PartRow.id.in_(news))):
            part.placement = dict(news[part.id])

    def _push(self, plan: Plan) -> None:
        change = self.store.write(lambda session: self._begin_change(session, plan))
        began = time.monotonic()
        transcript, outcome = "", INTERRUPTED
        try:
            said = self.driver.push(plan, may_go_on=self.is_leased) if plan.due else self.driver.save()
            transcript = str(said)
            outcome = PUSHED
        except DeviceError as error:
            transcript, outcome = str(transcript_of(error)), error.code
            raise
        finally:
            took = round((time.monotonic() - began) * 1000)
            log.info(
                "device pushed",
                device=self.visit.device,
                lines=len(plan.due),
                outcome=outcome,
                duration_ms=took,
            )
            self.store.write(lambda session: _end_change(session, change, transcript, outcome, took))

    def _begin_change(self, session: Session, plan: Plan) -> int:
        now = self.clock.now()
        # After a push that was cut short nothing is known to be saved until this one has ended.
        row = note_difference(session, self.visit, plan, saved=not self.wanted.unfinished, now=now)
        owners = {part.part_id: part.reservation_id for part in self.wanted.parts}
        touched = {line.reservation_id for line in plan.lines if line.reservation_id is not None}
        touched |= {owners[part] for line in plan.lines for part in line.parts if part in owners}
        change = DeviceChangeRow(
            device_id=row.id,
            at=now,
            generation=self.visit.generation,
            reservations=sorted(touched),
            plan=str(plan),
        )
        session.add(change)
        session.flush()
        return change.id


def _end_change(session: Session, change: int, transcript: str, outcome: str, duration_ms: int) -> None:
    row = session.get_one(DeviceChangeRow, change)
    row.transcript, row.outcome, row.duration_ms = transcript, outcome, duration_ms
