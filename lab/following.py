"""Packets followed through a lab: hosts send them, and both border routers tell by which path they really go.

Each has a token of its own in it, by which sockets on the routers' networks know it again; those are gone
with us, and nothing on the routers is changed.
"""

import ctypes
import secrets
import select
import socket
import struct
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace

from lab.lab import Facts, HostFacts
from lab.network import Host
from lab.packets import TOKEN_AT, Packet, encode
from lab.sites import INSIDE

PATIENCE = 3.0
"""Seconds after which a packet that was sent again and again and did not arrive is lost."""
_AGAIN = 0.25
_EVERY_PROTOCOL = 0x0003
_SO_ATTACH_FILTER = 26
_MOST_BYTES = 256
_RUN_BYTES = 8
_NUMBER = struct.Struct("!I")


@dataclass(frozen=True, slots=True)
class Way:
    """How far a packet came.

    Attributes:
        entered: the router of its own site had it.
        left_by: the device of that router by which it left; None where it did not.
        came_by: the device of the other site's router to which it came; None where it did not.
        arrived: that router passed it on to the hosts.
    """

    entered: bool = False
    left_by: str | None = None
    came_by: str | None = None
    arrived: bool = False

    def seen(self, device: str, *, is_near: bool, leaves: bool) -> "Way":
        """The way of a packet that was seen at a device of a router, of its own site's or of the other's.

        Of copies that went different ways the one that arrived decides, else the last.
        """
        if not is_near:
            if leaves:
                return replace(self, arrived=self.arrived or device == INSIDE)
            return self if self.arrived else replace(self, came_by=device)
        if not leaves:
            return replace(self, entered=self.entered or device == INSIDE)
        return (
            self if self.arrived and device != self.came_by else replace(self, entered=True, left_by=device)
        )


def follow(facts: Facts, packets: Sequence[Packet], *, patience: float = PATIENCE) -> list[Way]:
    """By which way each of these packets goes; one that is lost is sent again as long as patience lasts.

    Args:
        packets: from hosts of one site to hosts of the other.
        patience: seconds.

    Raises:
        LabError: the lab is not there any more, or not for us to enter.
    """
    with ExitStack() as closing:
        following = _Following(facts, packets, closing)
        end = time.monotonic() + patience
        while not following.is_over and time.monotonic() < end:
            following.send()
            following.listen(min(end, time.monotonic() + _AGAIN))
        return following.ways


class _Following:
    """Packets on their way, and sockets that see them."""

    def __init__(self, facts: Facts, packets: Sequence[Packet], closing: ExitStack) -> None:
        self.ways = [Way() for _ in packets]
        self._run = secrets.token_bytes(_RUN_BYTES)
        self._lookouts = {
            closing.enter_context(_opened(router.network, self._open_lookout)): router.site
            for router in facts.routers
        }
        self._senders = [_host(facts.hosts, packet) for packet in packets]
        families = {
            (host.network, packet.family) for host, packet in zip(self._senders, packets, strict=True)
        }
        self._sockets = {
            (network, family): closing.enter_context(_opened(network, _OPENERS[family]))
            for network, family in families
        }
        self._packets = [
            (packet, encode(packet, token=self._run + _NUMBER.pack(number)))
            for number, packet in enumerate(packets)
        ]

    @property
    def is_over(self) -> bool:
        """Whether all have arrived."""
        return all(way.arrived for way in self.ways)

    def send(self) -> None:
        """Send those that have not arrived."""
        for host, (packet, data), way in zip(self._senders, self._packets, self.ways, strict=True):
            if not way.arrived:
                # Where a host has no way at all, it is lost there.
                with suppress(OSError):
                    self._sockets[host.network, packet.family].sendto(data, (str(packet.destination), 0))

    def listen(self, until: float) -> None:
        """See where they are, until all have arrived or until an instant of `time.monotonic`."""
        while not self.is_over and (left := until - time.monotonic()) > 0:
            self._look(left)
        # Whatever has arrived was seen before that where it left.
        while self._look(0):
            pass

    def _look(self, seconds: float) -> bool:
        """See what is there, once something is; False where nothing came."""
        ready, _, _ = select.select([*self._lookouts], [], [], seconds)
        for lookout in ready:
            data, (device, _, direction, *_) = lookout.recvfrom(_MOST_BYTES)
            token = data[TOKEN_AT:]
            # What came before the filter was there may be anything.
            if token.startswith(self._run):
                number = int(_NUMBER.unpack(token[_RUN_BYTES:])[0])
                is_near = self._lookouts[lookout] == self._senders[number].site
                leaves = direction == socket.PACKET_OUTGOING
                self.ways[number] = self.ways[number].seen(device, is_near=is_near, leaves=leaves)
        return bool(ready)

    def _open_lookout(self) -> socket.socket:
        lookout = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_EVERY_PROTOCOL))
        _filter(lookout, self._run)
        return lookout


def _host(hosts: Iterable[HostFacts], packet: Packet) -> HostFacts:
    """Who sends it."""
    return next(host for host in hosts if str(packet.source) in {host.ipv4, host.ipv6})


def _opened(network: str, opening: Callable[[], socket.socket]) -> socket.socket:
    with Host(network) as host:
        return host.within(opening)


def _open_ipv4() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)


def _open_ipv6() -> socket.socket:
    return socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)


_OPENERS = {4: _open_ipv4, 6: _open_ipv6}


def _filter(lookout: socket.socket, run: bytes) -> None:
    """Let a socket see nothing but the packets of a run, so that no traffic beside them drowns them."""
    first, second = struct.unpack("!II", run)
    load, equals, end = 0x20, 0x15, 0x06
    program = (
        (load, 0, 0, TOKEN_AT),
        (equals, 0, 3, first),
        (load, 0, 0, TOKEN_AT + 4),
        (equals, 0, 1, second),
        (end, 0, 0, _MOST_BYTES),
        (end, 0, 0, 0),
    )
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
    lookout.setsockopt(
        socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", len(program), ctypes.addressof(code))
    )
