"""The worker: the three passes, struck by APScheduler and by nothing else.

The scheduler keeps no jobs of its own anywhere: what is due stands in the rows. One thread ticks, so that
a slow device never delays a slot; a pool visits devices; a chore renews the leases.
"""

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from activation.clock import Clock
from activation.hands import Hand, Hands
from activation.leases import LeaseLost
from activation.log import logger
from activation.reconcile import reconcile
from activation.settle import settle
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


def due_devices(
    session: Session, devices: Collection[str], settings: WorkerSettings, now: datetime
) -> list[str]:
    """Those of the devices that have something to be done, may be tried now and are nobody else's."""
    work = or_(
        DeviceRow.generation > DeviceRow.synced_generation,
        DeviceRow.error_code.is_not(None),
        DeviceRow.read_at.is_(None),
        DeviceRow.read_at <= now - settings.drift,
    )
    allowed = or_(DeviceRow.next_attempt_at.is_(None), DeviceRow.next_attempt_at <= now)
    ours = or_(
        DeviceRow.lease_until.is_(None),
        DeviceRow.lease_until <= now,
        DeviceRow.lease_owner == settings.owner,
    )
    query = select(DeviceRow.name).where(work, allowed, ours, DeviceRow.name.in_(devices))
    return list(session.scalars(query.order_by(DeviceRow.name)))


class Worker:
    """Ticks, visits devices and keeps their leases until it is stopped.

    `drivers` are made on demand, one for each device this worker is to look after.
    """

    def __init__(
        self,
        store: Store,
        drivers: Mapping[str, Callable[[], DeviceDriver]],
        settings: WorkerSettings,
        clock: Clock,
    ) -> None:
        self._store = store
        self._drivers = drivers
        self._settings = settings
        self._clock = clock
        self._hands = Hands(
            store, drivers, clock, owner=settings.owner, life=settings.lease, idle=settings.idle
        )
        self._busy: set[str] = set()
        # Guards the three beside it and _busy; told when one of the devices is busy no more.
        self._quiet = threading.Condition()
        self._striking = False
        self._strike_queued = False
        self._stopping = False
        self._upcoming: datetime | None = None
        self.struck_at: datetime | None = None
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            executors={
                "poll": ThreadPoolExecutor(1),
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
            self._strike_soon, "interval", seconds=poll.total_seconds(), executor="poll", id="poll"
        )
        self._scheduler.add_job(
            self._hands.keep, "interval", seconds=lease.total_seconds() / 3, executor="chore", id="leases"
        )
        self._scheduler.start()
        self._strike_soon()

    def stop(self, *, patience: timedelta = timedelta(seconds=3)) -> None:
        """Stop striking, let running pushes end for as long as `patience`, then break their sessions off.

        A push that is broken off is finished by the next worker's first pass.
        """
        with self._quiet:
            self._stopping = True
            ended = self._quiet.wait_for(
                lambda: not self._busy and not self._striking, timeout=patience.total_seconds()
            )
            if not ended:
                log.warning("sessions broken off", devices=sorted(self._busy))
        self._hands.close()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=ended)

    def _strike_soon(self) -> None:
        """Strike when the strike under way is over; however many ask for it meanwhile, once."""
        with self._quiet:
            if self._stopping or self._strike_queued:
                return
            self._strike_queued = True
        self._scheduler.add_job(self._strike, executor="tick")

    def _strike(self) -> None:
        with self._quiet:
            self._strike_queued = False
            if self._stopping:
                return
            self._striking = True
        try:
            self._strike_now()
        except StoreUnavailable as error:
            log.warning("database away", error=str(error))
        finally:
            with self._quiet:
                self._striking = False
                self._quiet.notify_all()

    def _strike_now(self) -> None:
        now = self._clock.now()
        tick(self._store, now)
        # Here and not after each visit, so that all that start together reach the next device together.
        settle(self._store, now)
        due = self._store.read(lambda session: due_devices(session, self._drivers, self._settings, now))
        upcoming = self._store.read(next_action_at)
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

    def _send(self, device: str) -> None:
        with self._quiet:
            if self._stopping or device in self._busy:
                return
            self._busy.add(device)
        # Without an id: the scheduler counts a job of the same id as running for a moment too long, and
        # would drop this one.
        self._scheduler.add_job(self._visit, args=[device], executor="visit")

    def _visit(self, device: str) -> None:
        worked = False
        try:
            with self._hands.on(device) as hand:
                worked = hand is not None and not self._stopping
                if hand is not None and worked:
                    self._work(hand)
        except LeaseLost as error:
            log.warning("lease lost", device=device, error=str(error))
        except StoreUnavailable as error:
            log.warning("database away", device=device, error=str(error))
        except Exception:
            log.exception("visit failed", device=device)
        finally:
            with self._quiet:
                self._busy.discard(device)
                self._quiet.notify_all()
        if worked:
            # The next stage may be another device's, and should not wait for the poll.
            self._strike_soon()

    def _work(self, hand: Hand) -> None:
        try:
            if reconcile(self._store, hand.device, hand.driver, token=hand.token, clock=self._clock):
                hand.used_at = self._clock.now()
        except LeaseLost:
            self._hands.drop(hand)
            raise
        except StoreUnavailable:
            raise
        except Exception:
            log.exception("visit failed", device=hand.device)
            self._hands.note(hand, DeviceError(hand.device, "an error of ours; the log has it"))
            self._hands.let_go(hand)
