"""Which neighbours answer a simulated router's echo requests."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

IpAddress = IPv4Address | IPv6Address


class NextHops:
    """All of them answer, but those that are silent, and in a lab those that do not answer there.

    Attributes:
        silent: never answer. Whoever wants one to fail adds it.
        ask: whether the others do, where there are real ones; may take seconds, and is called without the
            router's lock.
    """

    def __init__(self) -> None:
        self.silent: set[IpAddress] = set()
        self.ask: Callable[[IpAddress], bool] = lambda _: True

    def answers(self, address: IpAddress) -> bool:
        """Whether the address answers now."""
        return address not in self.silent and self.ask(address)
