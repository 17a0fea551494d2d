"""The worker: the three passes, struck by APScheduler and by nothing else.

The scheduler keeps no jobs of its own anywhere: what is due stands in the rows. One thread ticks, so that
a slow device never delays a slot; a pool visits devices; a chore renews the leases.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.orm import Session

from activation.agenda import Agenda, read_agenda
from activation.chores import Chore, next_due, run_due
from activation.clock import Clock
from activation.due import WorkerSettings
from activation.hands import Hand, Hands
from activation.leases import LeaseLost
from activation.log import logger
from activation.outages import Outages
from activation.purge import BATCH, purge_changes
from activation.revocable import RevocableStore, Revoked
from activation.settle import settle
from activation.threads import make_executors, takes_another
from activation.tick import expire, tick
from activation.visiting import Visiting
from netconfig.driver import DeviceDriver
from store import Store, StoreUnavailable

PURGE_EVERY = timedelta(hours=1)
BREAK_OFF = timedelta(seconds=1)
"""How long `stop` waits for sessions that it has broken off, and again for transactions."""

STRIKE = ""
"""Who asks the database at a strike; a visit goes by its device's name."""

log = logger("worker")


class Worker:
    """Ticks, visits devices and keeps their leases until it is stopped.

    `drivers` are made on demand, one for each device this worker is to look after; `replace_drivers` says so
    anew while it runs. `chores` are done at its strikes, before anything else.
    """

    def __init__(
        self,
        store: Store,
        drivers: Mapping[str, Callable[[], DeviceDriver]],
        settings: WorkerSettings,
        clock: Clock,
        *,
        chores: Sequence[Chore] = (),
    ) -> None:
        # What a thread that hangs on a device finds shut when it comes back after the stop.
        self._store = RevocableStore(store)
        self._settings = settings
        self._clock = clock
        self._chores = tuple(chores)
        self._hands = Hands(
            self._store, drivers, clock, owner=settings.owner, life=settings.lease, idle=settings.idle
        )
        self._visiting = Visiting(self._store, self._hands, clock, settings)
        self._outages = Outages()
        # Devices that are being visited, and by which of the executors.
        self._busy: dict[str, str] = {}
        # How many visits of each device are over that strike at their end: what was read to be due before it
        # may be so no more.
        self._visited: Counter[str] = Counter()
        # Devices to be visited whether or not something is to be done: they are new, or made in another way.
        self._anew: set[str] = set()
        # Guards the three beside it, _busy, _visited and _anew; told when a device is busy no more.
        self._quiet = threading.Condition()
        self._striking = False
        self._strike_queued = False
        self._stopping = False
        self._upcoming: datetime | None = None
        self._started_at: datetime | None = None
        self._left: datetime | None = None
        self.struck_at: datetime | None = None
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            executors=make_executors(visits=settings.visits),
            # By default a strike that comes late is dropped; a slot must start late rather than never.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def start(self) -> None:
        """Begin; what an earlier worker left half done is taken up first."""
        self._started_at = self._clock.now()
        poll, lease = self._settings.poll, self._settings.lease
        self._scheduler.add_job(
            self._strike_soon, "interval", seconds=poll.total_seconds(), executor="poll", id="poll"
        )
        self._scheduler.add_job(
            self._glance,
            "interval",
            seconds=self._settings.glance.total_seconds(),
            executor="poll",
            id="glance",
        )
        self._scheduler.add_job(
            self._hands.keep, "interval", seconds=lease.total_seconds() / 3, executor="chore", id="leases"
        )
        self._scheduler.add_job(
            self._purge, "interval", seconds=PURGE_EVERY.total_seconds(), executor="chore", id="purge"
        )
        self._scheduler.start()
        self._strike_soon()
        self._scheduler.add_job(self._purge, executor="chore")

    def replace_drivers(self, drivers: Mapping[str, Callable[[], DeviceDriver]]) -> None:
        """Look after these devices from now on; one that is new or made in another way is visited at once.

        A session whose maker equals the old one goes on. One whose maker is another, or whose device is not
        among them any more, is closed and its lease given back: at once, or at the end of the pass under way.
        """
        changed = self._hands.replace_drivers(drivers)
        with self._quiet:
            self._anew = (self._anew | changed) & self._hands.devices
        if self._scheduler.running:
            # Closing a session may take a while.
            self._scheduler.add_job(self._hands.end_replaced, executor="chore")
            self._strike_soon()

    def stop(self, *, patience: timedelta = timedelta(seconds=3)) -> None:
        """Stop striking, let running pushes end for as long as `patience`, then break their sessions off.

        A push that is broken off is finished by the next worker's first pass. Afterwards the store is not
        touched any more, and no thread keeps the process alive, whatever a driver is still waiting for.
        """
        with self._quiet:
            self._stopping = True
            if not self._quiet.wait_for(self._is_quiet, timeout=patience.total_seconds()):
                log.warning("sessions broken off", devices=sorted(self._busy))
        latest = time.monotonic() + BREAK_OFF.total_seconds()
        self._hands.close(patience=BREAK_OFF.total_seconds())
        with self._quiet:
            self._quiet.wait_for(self._is_quiet, timeout=max(0.0, latest - time.monotonic()))
        self._store.shut(patience=BREAK_OFF.total_seconds())
        if self._scheduler.running:
            self._scheduler.shutdown()

    def _is_quiet(self) -> bool:
        return not self._busy and not self._striking

    def _strike_soon(self) -> None:
        """Strike when the strike under way is over; however many ask for it meanwhile, once."""
        with self._quiet:
            if self._stopping or self._strike_queued or not self._outages.may_ask(STRIKE):
                return
            self._strike_queued = True
        self._scheduler.add_job(self._strike, executor="tick")

    def _glance(self) -> None:
        """Strike if something is due that the last strike did not leave: a small question, asked often."""
        with self._quiet:
            if self._stopping or self._strike_queued or self._striking or not self._outages.may_ask(STRIKE):
                return
        try:
            upcoming = self._store.read(self._next_due)
        except Revoked:
            return
        except StoreUnavailable as error:
            self._outages.away(STRIKE, error)
            return
        if upcoming is not None and upcoming != self._left and upcoming <= self._clock.now():
            self._strike_soon()

    def _strike(self) -> None:
        with self._quiet:
            self._strike_queued = False
            if self._stopping:
                return
            self._striking = True
        try:
            self._strike_now()
            self._outages.back(STRIKE)
        except Revoked:
            pass
        except StoreUnavailable as error:
            self._outages.away(STRIKE, error)
        finally:
            with self._quiet:
                self._striking = False
                self._quiet.notify_all()

    def _strike_now(self) -> None:
        now = self._clock.now()
        # Before the slots: what has expired is not to start.
        if run_due(self._store, self._chores, now):
            self._strike_soon()
        others = tick(self._store, now)
        # Here and not after each visit, so that all that start together reach the next device together.
        if settle(self._store, now):
            # A slot that waited for another to be off its device has begun already.
            others = tick(self._store, now)
        upcoming = self._send_for_due(now)
        if others:
            # However many there are of these, no slot waits for them.
            if not expire(self._store, others, now, clock=self._clock):
                self._strike_soon()
            upcoming = self._store.read(self._next_due)
        self.struck_at = now
        self._left = upcoming
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

    def _send_for_due(self, now: datetime) -> datetime | None:
        """Visit every device that is due; returns when there is something to do next."""
        with self._quiet:
            visited = self._visited.copy()
        devices = self._hands.devices

        def look(session: Session) -> tuple[Agenda, datetime | None]:
            agenda = read_agenda(session, devices, self._settings, now, since=self._started_at)
            return agenda, self._next_due(session)

        agenda, upcoming = self._store.read(look)
        self._outages.forget_all_but({STRIKE, *agenda.devices})
        with self._quiet:
            anew = self._anew.difference(agenda.visit)
        for device in (*agenda.visit, *sorted(anew)):
            self._send(device, self._visiting.work, visits=visited[device])
        for device in agenda.ask:
            self._send(device, self._visiting.ask, visits=visited[device], executor="ask")
        for device in agenda.count:
            self._send(device, self._visiting.count, visits=visited[device], executor="count")
        return upcoming

    def _next_due(self, session: Session) -> datetime | None:
        return next_due(session, self._chores)

    def _send(
        self, device: str, work: Callable[[Hand], None], *, visits: int, executor: str = "visit"
    ) -> None:
        """Have a device visited, unless it was since that many visits of it were over."""
        with self._quiet:
            if self._stopping or device in self._busy or not self._outages.may_ask(device):
                return
            # The strike after another visit knows better.
            if self._visited[device] != visits or not takes_another(executor, self._busy.values()):
                return
            self._busy[device] = executor
            if work == self._visiting.work:
                self._anew.discard(device)
        # Without an id: the scheduler counts a job of the same id as running for a moment too long, and
        # would drop this one.
        self._scheduler.add_job(self._visit, args=[device, work], executor=executor)

    def _visit(self, device: str, work: Callable[[Hand], None]) -> None:
        worked = False
        try:
            with self._hands.on(device) as hand:
                worked = hand is not None and not self._stopping
                if hand is not None and worked:
                    work(hand)
            self._outages.back(device)
        except LeaseLost as error:
            log.warning("lease lost", device=device, error=str(error))
        except Revoked:
            worked = False
        except StoreUnavailable as error:
            self._outages.away(device, error)
        except Exception:
            # Not struck for at once: what fails like this may do so each time.
            worked = False
            log.exception("visit failed", device=device)
        finally:
            with self._quiet:
                del self._busy[device]
                self._visited[device] += worked
                self._quiet.notify_all()
        if worked:
            # The next stage may be another device's, and should not wait for the poll.
            self._strike_soon()

    def _purge(self) -> None:
        """Purge a batch; for the next it queues again, so that leases are renewed in between."""
        if self._stopping:
            return
        try:
            purged = purge_changes(self._store, before=self._clock.now() - self._settings.keep_changes)
        except StoreUnavailable as error:
            log.warning("old changes not purged", error=str(error))
            return
        if purged:
            log.info("old changes purged", changes=purged)
        if purged == BATCH:
            self._scheduler.add_job(self._purge, executor="chore")
