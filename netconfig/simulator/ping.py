"""Echo requests that a router was told to send, and what it prints of them.

Pure: whether they are answered is asked elsewhere.

Source: Cisco IOS Configuration Fundamentals Command Reference, `ping`; IPv6 Command Reference, `ping ipv6`;
Nexus 7000 NX-OS Fundamentals Command Reference, `ping` and `ping6`; Dell Networking OS 9 Command Line
Reference, Control and Monitoring, `ping`.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from netconfig.simulator.next_hops import IpAddress

DEFAULT_COUNT = 5
DEFAULT_TIMEOUT = 2


@dataclass(frozen=True, slots=True)
class Ping(ABC):
    """One command's echo requests; each is waited for so many seconds."""

    address: IpAddress
    count: int = DEFAULT_COUNT
    timeout: int = DEFAULT_TIMEOUT

    @abstractmethod
    def output(self, *, answered: bool) -> str:
        """What is printed if all of them were answered, or none."""


class IosPing(Ping):
    """A character a request, and the rate; IPv6 addresses in capitals."""

    def output(self, *, answered: bool) -> str:
        sending = _sending(self, str(self.address).upper())
        rate = f"100 percent ({self.count}/{self.count})" if answered else f"0 percent (0/{self.count})"
        times = ", round-trip min/avg/max = 1/1/1 ms" if answered else ""
        marks = _marks(self, answered=answered)
        return f"Type escape sequence to abort.\n{sending}{marks}Success rate is {rate}{times}\n"


class FtosPing(Ping):
    """As IOS, with a decimal in the rate and the unit of the times in brackets."""

    def output(self, *, answered: bool) -> str:
        sending = _sending(self, str(self.address))
        rate = f"100.0 percent ({self.count}/{self.count})" if answered else f"0.0 percent (0/{self.count})"
        times = ", round-trip min/avg/max = 0/0/0 (ms)" if answered else ""
        marks = _marks(self, answered=answered)
        return f"Type Ctrl-C to abort.\n\n{sending}{marks}Success rate is {rate}{times}\n"


class NxosPing(Ping):
    """A line a request, and how many came back."""

    def output(self, *, answered: bool) -> str:
        word = "ping6" if self.address.version == 6 else "ping"
        received, loss = (self.count, "0.00") if answered else (0, "100.00")
        lines = [
            f"{word.upper()} {self.address} ({self.address}): 56 data bytes",
            *(self._line(number, answered=answered) for number in range(self.count)),
            "",
            f"--- {self.address} {word} statistics ---",
            f"{self.count} packets transmitted, {received} packets received, {loss}% packet loss",
            *(["round-trip min/avg/max = 0.9/0.9/0.9 ms"] if answered else []),
        ]
        return "".join(f"{line}\n" for line in lines)

    def _line(self, number: int, *, answered: bool) -> str:
        reply = f"64 bytes from {self.address}: icmp_seq={number} ttl=254 time=0.9 ms"
        return reply if answered else f"Request {number} timed out"


def _sending(ping: Ping, address: str) -> str:
    return f"Sending {ping.count}, 100-byte ICMP Echos to {address}, timeout is {ping.timeout} seconds:\n"


def _marks(ping: Ping, *, answered: bool) -> str:
    return f"{('!' if answered else '.') * ping.count}\n"
