"""A flow of numbered packets through a lab: where it goes now, and when it came there."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from lab.counting import start_counting, tallies
from lab.lab import Lab
from lab.network import Host
from lab.processes import wait_for
from lab.sites import EAST, PATHS, SIDES, WEST, Path
from pathservice.demo.lab.meter import Meter
from pathservice.demo.lab.probe import Probe

PORT = 5001
_ENOUGH = 25
"""Packets that have to go one way for a flow to go that way."""


class Flow:
    """Packets from west-1 to east-1, each answered, while its block lasts."""

    def __init__(self, lab: Lab, meters: list[Meter]) -> None:
        self._routers = [lab.wires.routers[side.name] for side in SIDES]
        self._meters = meters

    def settles_on(self, path: Path) -> None:
        """Wait until packets leave west by it alone, and their answers leave east by it alone."""
        wait_for(f"the flow to be on {path.colour}", lambda: self._ways() == [{path.colour}] * len(SIDES))

    def came(self, since: float) -> float:
        """When the flow was on the metered path both ways, of instants after one; it is there now."""
        return max(
            wait_for("a packet to be metered", partial(meter.reached, 1, since=since))
            for meter in self._meters
        )

    def went(self, since: float) -> float:
        """When the last of it left by the metered path, of instants after one; it is not there now."""
        return max(meter.last_sent(since=since, size=1) or since for meter in self._meters)

    def _ways(self) -> list[set[str]]:
        """By which paths the next packets leave either router."""
        for router, end in zip(self._routers, ("dport", "sport"), strict=True):
            rules = {path.colour: f'oifname "{path.colour}" udp {end} {PORT}' for path in PATHS}
            start_counting(router, rules)
        return [wait_for("packets of the flow", partial(_colours, router)) for router in self._routers]


def _colours(router: Host) -> set[str] | None:
    """By which paths it has sent since it began to count; None before there is enough of it."""
    counted = {colour: tally.packets for colour, tally in tallies(router).items()}
    return (
        {colour for colour, packets in counted.items() if packets}
        if sum(counted.values()) >= _ENOUGH
        else None
    )


@contextmanager
def flow(lab: Lab, metered: Path | None = None) -> Iterator[Flow]:
    """Packets flow, and one path is metered, if it is to be told when the flow came and went there."""
    with ExitStack() as opening:
        meters = []
        if metered is not None:
            networks = (lab.wires.routers[side.name] for side in SIDES)
            meters = [opening.enter_context(Meter(network, metered.colour)) for network in networks]
        near, far = (lab.host(side.host(1)) for side in (WEST, EAST))
        opening.enter_context(Probe(near, far, str(EAST.address(4, 1)), PORT))
        yield Flow(lab, meters)
