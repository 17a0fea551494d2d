"""The devices a worker has its hands on: an open driver each, and the lease that makes it this worker's.

A lease is kept for as long as the session is, and the session is closed when the lease is lost: nobody
speaks to a device that may be another worker's.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from activation import leases
from activation.clock import Clock
from activation.log import logger
from activation.outcomes import Visit, note_failure
from activation.revocable import Revoked
from netconfig.driver import DeviceDriver
from netconfig.errors import DeviceError, NetconfigError
from store import Store, StoreUnavailable

log = logger("hands")


@dataclass(slots=True)
class Hand:
    """A device this worker has.

    Attributes:
        maker: what made the driver.
        used_at: when there was last something to do on it.
        lasts_until: when the lease runs out, by this process's own steady clock in seconds.
    """

    device: str
    driver: DeviceDriver
    maker: Callable[[], DeviceDriver]
    token: str
    used_at: datetime
    lasts_until: float

    def is_leased(self) -> bool:
        """Whether the lease can still be ours, told without asking anybody: a stall takes it away."""
        return time.monotonic() < self.lasts_until


class Hands:
    """Takes devices, keeps them, lets them go. `drivers` make a driver when a device is taken.

    They may be replaced at any time: a hand whose device has another maker by then, or none, ends as soon as
    nobody works with it.

    `owner`, `life` and `idle` are as in `due.WorkerSettings`.
    """

    def __init__(
        self,
        store: Store,
        drivers: Mapping[str, Callable[[], DeviceDriver]],
        clock: Clock,
        *,
        owner: str,
        life: timedelta,
        idle: timedelta,
    ) -> None:
        self._store = store
        self._drivers = dict(drivers)
        self._clock = clock
        self._owner = owner
        self._life = life
        self._idle = idle
        self._held: dict[str, Hand] = {}
        # One for each device that ever was among the drivers.
        self._in_use: dict[str, threading.Lock] = {}
        self._closed = threading.Event()

    @contextmanager
    def on(self, device: str) -> Iterator[Hand | None]:
        """A hand on the device for the block; None if another worker has it or it cannot be had now.

        Raises:
            LeaseLost, StoreUnavailable: while taking it.
        """
        try:
            with self._lock(device):
                self._let_go_if_replaced(device)
                yield self._held.get(device) or self._take(device)
        finally:
            self._end_if_replaced(device)

    @property
    def devices(self) -> frozenset[str]:
        """The devices that can be taken."""
        return frozenset(self._drivers)

    def replace_drivers(self, drivers: Mapping[str, Callable[[], DeviceDriver]]) -> frozenset[str]:
        """Make drivers so from now on; which devices are new or have another maker than before.

        A maker that equals the old one is no other: its session goes on. Hands that nobody works with are
        left to `end_replaced`.
        """
        old, self._drivers = self._drivers, dict(drivers)
        return frozenset(device for device, maker in drivers.items() if old.get(device) != maker)

    def end_replaced(self) -> None:
        """Let go of every device whose maker is gone or another by now. Never raises.

        One that somebody works with is let go when they are done.
        """
        for device in list(self._held):
            self._end_if_replaced(device)

    def keep(self) -> None:
        """Renew every lease; let go of what has been idle, close what is lost. Never raises."""
        for hand in list(self._held.values()):
            if self._closed.is_set():
                return
            try:
                self._keep(hand)
            except leases.LeaseLost as error:
                log.warning("lease lost", device=hand.device, error=str(error))
                self.drop(hand)
            except Exception:
                log.exception("lease not kept", device=hand.device)

    def note(self, hand: Hand, failure: NetconfigError) -> None:
        """Write down why the device could not be worked on, and when to try again.

        Raises:
            LeaseLost, StoreUnavailable: it could not be written.
        """
        self._note(hand.device, hand.token, failure)

    def drop(self, hand: Hand) -> None:
        """Close the session and leave the lease as it is: lost, or running out. Never raises."""
        if self._held.get(hand.device) is hand:
            del self._held[hand.device]
        try:
            hand.driver.close()
        except Exception:
            log.exception("session not closed", device=hand.device)

    def let_go(self, hand: Hand) -> None:
        """Close the session and give the device back. Never raises."""
        self.drop(hand)
        self._give_back(hand.device, hand.token)

    def close(self, *, patience: float) -> None:
        """Let go of everything, sessions in use too, for good; wait so many seconds for it. Never raises.

        Side by side, and each where nobody waits for it longer: a session that hangs may hang in closing.
        """
        self._closed.set()
        latest = time.monotonic() + patience
        closing = [
            threading.Thread(target=self.let_go, args=[hand], name=f"closing {hand.device}", daemon=True)
            for hand in list(self._held.values())
        ]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join(max(0.0, latest - time.monotonic()))

    def _lock(self, device: str) -> threading.Lock:
        return self._in_use.setdefault(device, threading.Lock())

    def _end_if_replaced(self, device: str) -> None:
        # Whoever has it looks again after giving it back, so that nobody need wait for it here.
        if self._is_replaced(device) and self._lock(device).acquire(blocking=False):
            try:
                self._let_go_if_replaced(device)
            finally:
                self._lock(device).release()

    def _let_go_if_replaced(self, device: str) -> None:
        hand = self._held.get(device)
        if hand is not None and self._is_replaced(device):
            log.info("session closed, the site has another device there or none", device=device)
            self.let_go(hand)

    def _is_replaced(self, device: str) -> bool:
        hand = self._held.get(device)
        return hand is not None and self._drivers.get(device) != hand.maker

    def _take(self, device: str) -> Hand | None:
        maker = self._drivers.get(device)
        if maker is None or self._closed.is_set():
            return None
        lasts_until = time.monotonic() + self._life.total_seconds()
        token = leases.take(self._store, device, owner=self._owner, life=self._life)
        if token is None:
            return None
        try:
            driver = maker()
        except NetconfigError as error:
            log.warning("no driver", device=device, code=error.code, error=str(error))
            self._turn_down(device, token, error)
            return None
        except Exception:
            log.exception("no driver", device=device)
            self._turn_down(device, token, DeviceError(device, "an error of ours; the log has it"))
            return None
        hand = Hand(device, driver, maker, token, used_at=self._clock.now(), lasts_until=lasts_until)
        self._held[device] = hand
        if self._closed.is_set():
            self.let_go(hand)
            return None
        return hand

    def _keep(self, hand: Hand) -> None:
        in_use = self._lock(hand.device)
        if hand.used_at < self._clock.now() - self._idle and in_use.acquire(blocking=False):
            try:
                self.let_go(hand)
            finally:
                in_use.release()
            return
        lasts_until = time.monotonic() + self._life.total_seconds()
        try:
            leases.renew(self._store, hand.device, hand.token, life=self._life)
            hand.lasts_until = lasts_until
        except StoreUnavailable as error:
            if time.monotonic() + self._life.total_seconds() / 3 >= hand.lasts_until:
                # Before the next try another worker, who does reach the database, may have the device.
                log.warning("lease running out, session closed", device=hand.device, error=str(error))
                self.drop(hand)

    def _turn_down(self, device: str, token: str, failure: NetconfigError) -> None:
        self._note(device, token, failure)
        self._give_back(device, token)

    def _note(self, device: str, token: str, failure: NetconfigError) -> None:
        visit = Visit(device, token, generation=0)
        now = self._clock.now()
        self._store.write(lambda session: note_failure(session, visit, failure, now=now))

    def _give_back(self, device: str, token: str) -> None:
        try:
            leases.release(self._store, device, token)
        except Revoked:
            # Nobody is left to hear of it.
            pass
        except StoreUnavailable as error:
            log.warning("lease left to run out", device=device, error=str(error))
