"""The worker: the three passes, struck by APScheduler and by nothing else.

The scheduler keeps no jobs of its own anywhere: what is due stands in the rows. One thread ticks, so that
a slow device never delays a slot; a pool visits devices; a chore renews the leases.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from activation import leases
from activation.clock import Clock
from activation.log import logger
from activation.outcomes import note_failure
from activation.reconcile import reconcile
from activation.settle import in_flight, settle
from activation.tick import next_action_at, tick
from netconfig.driver import DeviceDriver
from netconfig.errors import DeviceError
from reservation.tables import DeviceRow
from store import Store, StoreUnavailable

log = logger("worker")


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How often and how long.

    Attributes:
        owner: this worker's name in a lease; no other living process may have it.
        poll: how often due rows are looked for; a request from another process waits no longer.
        drift: how often a device is read though nothing of it changed.
        lease: how long a device stays a worker's that says nothing.
        idle: after how long without work a session is closed and its device let go.
        visits: how many devices are worked on at once.
    """

    owner: str
    poll: timedelta = timedelta(milliseconds=250)
    drift: timedelta = timedelta(minutes=5)
    lease: timedelta = timedelta(seconds=30)
    idle: timedelta = timedelta(minutes=10)
    visits: int = 8


@dataclass(slots=True)
class _Hand:
    """A device this worker has: its open driver and the lease on it."""

    driver: DeviceDriver
    token: str
    used_at: datetime


class Worker:
    """Ticks, visits devices and keeps their leases until it is stopped.

    `drivers` are made on demand, one for each device this worker is to look after.
    """

    def __init__(
        self,
        store: Store,
        drivers: dict[str, Callable[[], DeviceDriver]],
        settings: WorkerSettings,
        clock: Clock,
    ) -> None:
        self._store = store
        self._drivers = drivers
        self._settings = settings
        self._clock = clock
        self._hands: dict[str, _Hand] = {}
        self._busy: set[str] = set()
        self._quiet = threading.Condition()
        self._stopping = False
        self._upcoming: datetime | None = None
        self.struck_at: datetime | None = None
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            executors={
                "tick": ThreadPoolExecutor(1),
                "visit": ThreadPoolExecutor(settings.visits),
                "chore": ThreadPoolExecutor(1),
            },
            # By default a strike that comes late is dropped; a slot must start late rather than never.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def start(self) -> None:
        """Begin; what an earlier worker left half done is taken up first."""
        poll, lease = self._settings.poll, self._settings.lease
        self._scheduler.add_job(
            self._strike, "interval", seconds=poll.total_seconds(), executor="tick", id="poll"
        )
        self._scheduler.add_job(
            self._keep_hands, "interval", seconds=lease.total_seconds() / 3, executor="chore", id="leases"
        )
        self._scheduler.start()
        self._scheduler.add_job(self._take_up, executor="tick", id="take up")

    def stop(self, *, patience: timedelta = timedelta(seconds=3)) -> None:
        """Stop striking, let running pushes end for as long as `patience`, then break their sessions off.

        A push that is broken off is finished by the next worker's first pass.
        """
        with self._quiet:
            self._stopping = True
        self._scheduler.pause()
        with self._quiet:
            ended = self._quiet.wait_for(lambda: not self._busy, timeout=patience.total_seconds())
        if not ended:
            log.warning("sessions broken off", devices=sorted(self._busy))
        for device in list(self._hands):
            self._let_go(device)
        self._scheduler.shutdown(wait=ended)

    def _take_up(self) -> None:
        try:
            settle(self._store, self._store.read(in_flight), self._clock.now())
        except StoreUnavailable as error:
            log.warning("database away", error=str(error))
        self._strike()

    def _strike(self) -> None:
        now = self._clock.now()
        try:
            settle(self._store, tick(self._store, now), now)
            due = self._store.read(lambda session: self._due_devices(session, now))
            upcoming = self._store.read(next_action_at)
        except StoreUnavailable as error:
            log.warning("database away", error=str(error))
            return
        self.struck_at = now
        for device in due:
            self._send(device)
        if upcoming is not None and upcoming > now and upcoming != self._upcoming:
            # To the millisecond for what is booked ahead; the poll would be up to its period late.
            self._upcoming = upcoming
            self._scheduler.add_job(
                self._strike,
                "date",
                run_date=upcoming,
                executor="tick",
                id="next slot",
                replace_existing=True,
            )

    def _due_devices(self, session: Session, now: datetime) -> list[str]:
        work = or_(
            DeviceRow.generation > DeviceRow.synced_generation,
            DeviceRow.error_code.is_not(None),
            DeviceRow.read_at.is_(None),
            DeviceRow.read_at <= now - self._settings.drift,
        )
        allowed = or_(DeviceRow.next_attempt_at.is_(None), DeviceRow.next_attempt_at <= now)
        ours = or_(
            DeviceRow.lease_until.is_(None),
            DeviceRow.lease_until <= now,
            DeviceRow.lease_owner == self._settings.owner,
        )
        query = select(DeviceRow.name).where(work, allowed, ours, DeviceRow.name.in_(self._drivers))
        return list(session.scalars(query.order_by(DeviceRow.name)))

    def _send(self, device: str) -> None:
        with self._quiet:
            if self._stopping or device in self._busy:
                return
            self._busy.add(device)
        self._scheduler.add_job(self._visit, args=[device], executor="visit", id=f"visit {device}")

    def _visit(self, device: str) -> None:
        try:
            hand = self._hand(device)
            if hand is not None:
                self._work(device, hand)
        except leases.LeaseLost as error:
            log.warning("lease lost", device=device, error=str(error))
            self._drop(device)
        except StoreUnavailable as error:
            log.warning("database away", device=device, error=str(error))
        except Exception:
            log.exception("visit failed", device=device)
            self._note_bug(device)
        finally:
            with self._quiet:
                self._busy.discard(device)
                self._quiet.notify_all()
                stopping = self._stopping
            if not stopping:
                # The next stage may be another device's, and should not wait for the poll.
                self._scheduler.add_job(
                    self._strike, executor="tick", id="after visit", replace_existing=True
                )

    def _strike_at_once(self) -> None:
        # The next stage may be another device's, and should not wait for the poll.
        self._scheduler.add_job(self._strike, executor="tick", id="after visit", replace_existing=True)

    def _work(self, device: str, hand: _Hand) -> None:
        now = self._clock.now()
        hand.used_at = now
        touched = reconcile(self._store, device, hand.driver, token=hand.token, now=now)
        settle(self._store, touched, self._clock.now())

    def _note_bug(self, device: str) -> None:
        hand = self._hands.get(device)
        if hand is None:
            return
        failure = DeviceError(device, "an error of ours; the log has it")
        now = self._clock.now()
        try:
            self._store.write(
                lambda session: note_failure(leases.held(session, device, hand.token), failure, now)
            )
        except (StoreUnavailable, leases.LeaseLost) as error:
            log.warning("failure not noted", device=device, error=str(error))
        self._drop(device)

    def _hand(self, device: str) -> _Hand | None:
        hand = self._hands.get(device)
        if hand is None:
            token = leases.take(self._store, device, owner=self._settings.owner, life=self._settings.lease)
            if token is None:
                return None
            hand = _Hand(driver=self._drivers[device](), token=token, used_at=self._clock.now())
            self._hands[device] = hand
        return hand

    def _keep_hands(self) -> None:
        oldest = self._clock.now() - self._settings.idle
        for device, hand in list(self._hands.items()):
            with self._quiet:
                idle = device not in self._busy and hand.used_at < oldest
            try:
                if idle:
                    self._let_go(device)
                else:
                    leases.renew(self._store, device, hand.token, life=self._settings.lease)
            except leases.LeaseLost as error:
                log.warning("lease lost", device=device, error=str(error))
                self._drop(device)
            except StoreUnavailable as error:
                log.warning("database away", device=device, error=str(error))

    def _drop(self, device: str) -> None:
        hand = self._hands.pop(device, None)
        if hand is not None:
            hand.driver.close()

    def _let_go(self, device: str) -> None:
        hand = self._hands.get(device)
        self._drop(device)
        if hand is not None:
            try:
                leases.release(self._store, device, hand.token)
            except StoreUnavailable as error:
                log.warning("lease left to run out", device=device, error=str(error))
