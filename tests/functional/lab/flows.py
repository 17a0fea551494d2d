"""Flows of numbered UDP packets between two hosts of a lab, and by which paths they leave its routers."""

import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Self

from lab.counting import start_counting, tallies
from lab.lab import Lab
from lab.processes import LabError, wait_for
from lab.sites import EAST, PATHS, SIDES, WEST, Side

PATIENCE = 60.0
BETWEEN = 0.002
"""Seconds between two packets of a flow that goes on by itself; it decides nothing."""

Left = tuple[dict[str, int], dict[str, int]]
"""Packets by the path that they left west by, and those of their answers east; where none did is left out."""


class Flow:
    """Packets from west-1 to a port of east-1, each answered before the next is sent.

    So where all have passed, none was lost and none came late: one that is lost is waited for in vain.

    Attributes:
        passed: how many have come there and back.
    """

    def __init__(self, lab: Lab, port: int) -> None:
        self.port = port
        self.passed = 0
        self._to = (str(EAST.address(4, 1)), port)
        self._open = ExitStack()
        with ExitStack() as opening:
            self._near, self._far = (
                opening.enter_context(lab.host(side.host(1)).within(_datagrams)) for side in SIDES
            )
            self._far.bind(self._to)
            self._open = opening.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def pass_one(self) -> None:
        """Send the packet of the next number, and have it back."""
        packet = struct.pack("!Q", self.passed)
        self._near.sendto(packet, self._to)
        there, sender = self._far.recvfrom(64)
        self._far.sendto(there, sender)
        back = self._near.recv(64)
        assert (there, back) == (packet, packet)
        self.passed += 1

    @contextmanager
    def going(self) -> Iterator["Going"]:
        """It goes on by itself while the block lasts; in the end each of its packets has passed."""
        going = Going(self)
        going.start()
        try:
            yield going
        finally:
            going.stop()
        going.check()


class Going:
    """A flow that goes on by itself. Nobody else is to pass its packets meanwhile."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._before = flow.passed
        self._over = threading.Event()
        self._failed: list[BaseException] = []
        self._thread = threading.Thread(target=self._pass_all, name="flow", daemon=True)

    @property
    def passed(self) -> int:
        """How many packets of it have, there and back."""
        return self._flow.passed - self._before

    def start(self) -> None:
        """Begin, and return when packets pass."""
        self._thread.start()
        self.wait_for_more()

    def wait_for_more(self, packets: int = 10) -> None:
        """Return when so many more have passed than had by now."""
        enough = self._flow.passed + packets
        what = f"packets of port {self._flow.port}"
        wait_for(what, lambda: self._flow.passed >= enough or bool(self._failed))
        self.check()

    def stop(self) -> None:
        """Have it end after a packet that has passed."""
        self._over.set()
        self._thread.join()

    def check(self) -> None:
        """Raise what it ended with too early, if it did."""
        if self._failed:
            raise LabError(f"a packet of port {self._flow.port} was lost") from self._failed[0]

    def _pass_all(self) -> None:
        try:
            while not self._over.wait(BETWEEN):
                self._flow.pass_one()
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            self._failed.append(error)


class Watch:
    """Counts at both routers by which paths the packets of flows leave, from its making on."""

    def __init__(self, lab: Lab, flows: Sequence[Flow]) -> None:
        self._routers = lab.wires.routers
        self._ports = [flow.port for flow in flows]
        for side in SIDES:
            rules = {
                _name(port, path.colour): f'oifname "{path.colour}" udp {_end(side)} {port}'
                for port in self._ports
                for path in PATHS
            }
            start_counting(self._routers[side.name], rules)

    def left(self) -> dict[int, Left]:
        """Of each flow, by its port."""
        west, east = (self._left(side) for side in SIDES)
        return {port: (west[port], east[port]) for port in self._ports}

    def _left(self, side: Side) -> dict[int, dict[str, int]]:
        counted = tallies(self._routers[side.name])
        packets = {
            port: {path.colour: counted[_name(port, path.colour)].packets for path in PATHS}
            for port in self._ports
        }
        return {
            port: {colour: number for colour, number in by.items() if number} for port, by in packets.items()
        }


def _name(port: int, colour: str) -> str:
    return f"port_{port}_{colour}"


def _end(side: Side) -> str:
    """Which of the ports is the flow's own: of its packets, which leave west, or of their answers."""
    return "dport" if side is WEST else "sport"


def _datagrams() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.settimeout(PATIENCE)
    return made
