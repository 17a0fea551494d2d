"""A driver that cannot configure its device: what a process has that was told to rehearse."""

from collections.abc import Callable, Collection, Mapping, Sequence

from netconfig.driver import (
    Config,
    Count,
    DeviceDriver,
    PartIntent,
    Placement,
    Plan,
    Transcript,
    is_asking,
    is_counting,
)
from netconfig.errors import DeviceError, StateUnknown
from netconfig.intent import Intent, IpAddress, Steering


class ReadOnly:
    """Another driver's reading and planning. Whatever asks it to push or to save is refused.

    The passes ask neither of a device that the database has as a dry run; this is for a database in which
    another process has it otherwise.
    """

    def __init__(self, driver: DeviceDriver, device: str) -> None:
        self.platform = driver.platform
        self.capabilities = driver.capabilities
        self._driver = driver
        self._device = device

    def read(self) -> Config:
        """As the driver."""
        return self._driver.read()

    def place(self, actual: Config, parts: Sequence[PartIntent]) -> Mapping[int, Placement]:
        """As the driver."""
        return self._driver.place(actual, parts)

    def render(self, parts: Sequence[PartIntent]) -> Config:
        """As the driver."""
        return self._driver.render(parts)

    def plan(self, actual: Config, desired: Config, *, known: frozenset[int]) -> Plan:
        """As the driver."""
        return self._driver.plan(actual, desired, known=known)

    def imagine(self, actual: Config, carried: str) -> Config:
        """As the driver."""
        return self._driver.imagine(actual, carried)

    def evict(self, actual: Config, reservation_id: int, *, database: str) -> Plan:
        """As the driver."""
        return self._driver.evict(actual, reservation_id, database=database)

    def recover(self, actual: Config, reservation_id: int, *, database: str) -> tuple[Steering, ...]:
        """As the driver."""
        return self._driver.recover(actual, reservation_id, database=database)

    def take_over(
        self, actual: Config, reservation_id: int, intents: Sequence[Intent], *, database: str
    ) -> tuple[Placement, ...]:
        """As the driver."""
        return self._driver.take_over(actual, reservation_id, intents, database=database)

    def count(self, parts: Sequence[PartIntent]) -> Mapping[int, Count]:
        """As the driver, if it can."""
        return self._driver.count(parts) if is_counting(self._driver) else {}

    def answering(self, next_hops: Collection[IpAddress]) -> frozenset[IpAddress]:
        """As the driver.

        Raises:
            StateUnknown: it cannot tell.
        """
        if not is_asking(self._driver):
            raise StateUnknown(self._device, "its driver cannot ask")
        return self._driver.answering(next_hops)

    def push(self, plan: Plan, *, may_go_on: Callable[[], bool] = lambda: True) -> Transcript:
        """Send nothing.

        Raises:
            DeviceError: always.
        """
        raise self._refusal()

    def save(self) -> Transcript:
        """Send nothing.

        Raises:
            DeviceError: always.
        """
        raise self._refusal()

    def close(self) -> None:
        """As the driver."""
        self._driver.close()

    def _refusal(self) -> DeviceError:
        words = "this process may only read it, and the database has it as no dry run: start both alike"
        return DeviceError(self._device, words)
