"""What a worker does with a device that it has: one pass over it, or its counters."""

from activation.clock import Clock
from activation.counting import count_device
from activation.hands import Hand, Hands
from activation.leases import LeaseLost
from activation.log import logger
from activation.reconcile import reconcile
from netconfig.errors import DeviceError
from store import Store, StoreUnavailable

log = logger("worker")


class Visiting:
    """The two kinds of visit; what becomes of the device's hand after each."""

    def __init__(self, store: Store, hands: Hands, clock: Clock) -> None:
        self._store = store
        self._hands = hands
        self._clock = clock

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
