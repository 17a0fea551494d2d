"""What a worker does with a device that it has: one pass over it, or a question."""

from activation.clock import Clock
from activation.counting import count_device
from activation.due import WorkerSettings
from activation.hands import Hand, Hands
from activation.leases import LeaseLost
from activation.log import logger
from activation.next_hops import ask_device
from activation.reconcile import reconcile
from netconfig.errors import DeviceError
from store import Store, StoreUnavailable

log = logger("worker")


class Visiting:
    """The kinds of visit; what becomes of the device's hand after each.

    `settings` say how often next hops are asked for, and for how long what they answered says something.
    """

    def __init__(self, store: Store, hands: Hands, clock: Clock, settings: WorkerSettings) -> None:
        self._store = store
        self._hands = hands
        self._clock = clock
        self._settings = settings

    def work(self, hand: Hand) -> None:
        """Make it carry what it should; an error of ours is noted as one of the device's.

        Raises:
            LeaseLost, StoreUnavailable: as `reconcile`.
        """
        try:
            worked = reconcile(
                self._store,
                hand.device,
                hand.driver,
                token=hand.token,
                clock=self._clock,
                is_leased=hand.is_leased,
                lately=self._settings.hops_told_for,
            )
            if worked:
                hand.used_at = self._clock.now()
        except LeaseLost:
            self._hands.drop(hand)
            raise
        except StoreUnavailable:
            raise
        except Exception:
            log.exception("visit failed", device=hand.device)
            try:
                self._hands.note(hand, DeviceError(hand.device, "an error of ours; the log has it"))
            finally:
                self._hands.let_go(hand)

    def ask(self, hand: Hand) -> None:
        """Ask it which next hops answer.

        Raises:
            LeaseLost, StoreUnavailable: as `ask_device`.
        """
        try:
            ask_device(
                self._store,
                hand.device,
                hand.driver,
                token=hand.token,
                every=self._settings.ask_hops_every,
                lately=self._settings.hops_told_for,
                clock=self._clock,
            )
            hand.used_at = self._clock.now()
        except LeaseLost:
            self._hands.drop(hand)
            raise

    def count(self, hand: Hand) -> None:
        """Ask it what passes.

        Raises:
            LeaseLost, StoreUnavailable: as `count_device`.
        """
        try:
            count_device(self._store, hand.device, hand.driver, token=hand.token, clock=self._clock)
            hand.used_at = self._clock.now()
        except LeaseLost:
            self._hands.drop(hand)
            raise
