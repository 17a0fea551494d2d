"""What happens to a running transfer on one kind of border router, the facts it ends on, and the figures."""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from lab.counting import start_counting, tallies
from lab.lab import Lab
from lab.network import Host
from lab.processes import LabError, wait_for
from lab.sites import ALTERNATES, EAST, PATHS, PRODUCTION, SIDES, WEST
from lab.sites import Path as Way
from pathservice.demo.lab.figure import draw
from pathservice.demo.lab.measures import Moved, figures_of
from pathservice.demo.lab.meter import Meter
from pathservice.demo.lab.probe import Probe
from pathservice.demo.lab.screen import LabScreen
from pathservice.demo.lab.station import Station
from pathservice.demo.lab.transfer import Transfer
from pathservice.demo.story import DemoFailed
from reservation.lifecycle import FINAL, Outcome, State

PORTS = (5000, 5099)
"""Of the flow that the ticket is for: the transfer's, and a probe's."""
TRANSFER, PROBE, BESIDE = 5001, 5002, 6001
BIG = ALTERNATES[0]
_ARRIVED = 5_000
"""Bytes that show that a flow has come to a path: more than a path's own few packets."""
_ANSWERED = 2_000
"""The same of acknowledgements."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Times:
    """How long the transfer is watched without a ticket, with it, and then again.

    Attributes:
        ticket: its slot, to whose end it runs unless it is `given_up` as soon as it has been seen.
    """

    before: timedelta = timedelta(seconds=4)
    ticket: timedelta = timedelta(seconds=6)
    after: timedelta = timedelta(seconds=4)
    given_up: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What came of it.

    Attributes:
        held: every fact did.
        figures: what was measured, by what it is; nothing depends on it.
    """

    held: bool
    figures: Mapping[str, str]


def tell(
    platforms: Mapping[str, str],
    folder: Path,
    pki: Path,
    screen: LabScreen,
    times: Times | None = None,
    *,
    plot: Path | None = None,
) -> Told:
    """Move a transfer between two sites to the big path and back.

    Args:
        platforms: the kinds of router by the site's name.
        folder: an empty one, in which everything is.
        pki: certificates for the service and its user.
        plot: a file for lsiperf's figure of one more transfer; None for no such transfer.

    Raises:
        DemoFailed: something took so much longer than planned that the story cannot go on.
        Refused: the service did not take the request.
        LabError: something of the network fails.
    """
    times = times or Times()
    (folder / "lab").mkdir(mode=0o700)
    with ExitStack() as opening:
        lab = opening.enter_context(Lab(folder / "lab", platforms))
        station = opening.enter_context(Station(lab, folder / "state", pki))
        told = _Telling(lab, station, folder, screen, times).tell()
        if plot is not None:
            summary = draw(lab, station, plot, folder)
            screen.fact(f"lsiperf has drawn a transfer of its own: {plot}", holds=plot.stat().st_size > 0)
            screen.lines(summary)
        return told


class _Telling:
    def __init__(self, lab: Lab, station: Station, folder: Path, screen: LabScreen, times: Times) -> None:
        self._lab = lab
        self._station = station
        self._folder = folder
        self._screen = screen
        self._times = times
        self._facts: list[bool] = []

    def tell(self) -> Told:
        with ExitStack() as opening:
            for side in SIDES:
                rules = _rules("dport" if side is WEST else "sport")
                start_counting(self._lab.wires.routers[side.name], rules)
            self._meters = {
                side.name: opening.enter_context(Meter(self._lab.wires.routers[side.name], BIG.colour))
                for side in SIDES
            }
            probe, beside = (opening.enter_context(self._probe(port)) for port in (PROBE, BESIDE))
            transfer = opening.enter_context(self._transfer())
            self._see_size(transfer, PRODUCTION)
            self._let_pass("the transfer on its production path", self._times.before)
            self._fact("nothing of the transfer is on another path", self._has_left(PRODUCTION.colour))
            moved = self._move()
            self._see_size(transfer, BIG)
            left = self._come_back(moved)
            self._see_size(transfer, PRODUCTION)
            measured = transfer.stop()
        # Counted, not only sent: both probes have ended, and what was under way has come.
        stayed = self._is_only_on(PRODUCTION.colour, "beside") and beside.toll(moved.asked, left).sent > 0
        self._fact("a flow beside it, of other ports, never left production", stayed)
        return Told(all(self._facts), figures_of(moved, left, measured, probe))

    def _move(self) -> Moved:
        """Open the ticket, and see that the transfer takes the big path both ways."""
        wanted = {
            "srcClient": WEST.name,
            "srcIP": f"{WEST.address(4, 1)}/32",
            "dstSite": EAST.name,
            "dstIP": f"{EAST.address(4, 1)}/32",
            "dstPort": ",".join(f"{protocol} range {PORTS[0]}-{PORTS[1]}" for protocol in ("tcp", "udp")),
            "localPath": BIG.name,
            "outBW": "800M",
            "travelTime": str(int(_seconds(self._times.ticket))),
        }
        self._screen.ticket(wanted)
        asked = time.monotonic()
        number = self._station.open_ticket(wanted)
        there, back = (
            self._wait(
                f"{what} to leave {side.name} by {BIG.colour}",
                partial(self._meters[side.name].reached, size, since=asked),
            )
            for side, what, size in ((WEST, "packets", _ARRIVED), (EAST, "answers", _ANSWERED))
        )
        # As lsiperf does: the host would believe in what it knows of the path for ten minutes.
        for side in SIDES:
            self._lab.host(side.host(1)).run("ip", "route", "flush", "cache")
        self._fact(f"packets of the transfer leave west by {BIG.colour}", there)
        self._fact(f"their answers leave east by {BIG.colour}", back)
        active = self._wait("the ticket to be active", lambda: self._reached(number, State.ACTIVE))
        self._fact(f"ticket {number} is active", active)
        end = self._station.ticket(number).slot.end - datetime.now(UTC)
        return Moved(number, asked, there, back, time.monotonic() + _seconds(end))

    def _come_back(self, moved: Moved) -> float:
        """See the ticket end and the transfer on production again; when the last of it left the big path."""
        if self._times.given_up:
            moved = replace(moved, end=time.monotonic())
            self._station.cancel(moved.ticket)
        else:
            self._let_pass("the ticket to end", timedelta(seconds=moved.end - time.monotonic()))
        over = self._wait("the ticket to be over", lambda: self._reached(moved.ticket, *FINAL))
        outcome = Outcome.CANCELLED if self._times.given_up else Outcome.COMPLETED
        as_wanted = self._station.ticket(moved.ticket).outcome is outcome
        self._fact(f"the ticket is over: {outcome}", over and as_wanted)
        before = self._counted()
        self._let_pass("the transfer on production again", self._times.after)
        after = self._counted()
        for side in SIDES:
            grown = {name: after[side.name][name] - before[side.name][name] for name in before[side.name]}
            alone = [colour for colour in _COLOURS if grown[f"flow_{colour}"]] == [PRODUCTION.colour]
            what = "packets leave west" if side is WEST else "answers leave east"
            self._fact(f"its {what} by {PRODUCTION.colour} again, and by nothing else", alone)
        last = (meter.last_sent(since=moved.there, size=_ANSWERED) for meter in self._meters.values())
        return max((at for at in last if at is not None), default=moved.end)

    def _see_size(self, transfer: Transfer, path: Way) -> None:
        """That its packets have the size that a path takes, at last."""
        self._wait(f"a path MTU of {path.mtu}", lambda: transfer.mtu() == path.mtu)
        self._fact(f"its path MTU is {path.mtu}", holds=True)

    def _has_left(self, colour: str) -> bool:
        """Whether the flow has left both routers, and by one path alone."""
        return self._is_only_on(colour, "flow")

    def _is_only_on(self, colour: str, what: str) -> bool:
        counted = self._counted().values()
        return all([one for one in _COLOURS if tally[f"{what}_{one}"]] == [colour] for tally in counted)

    def _counted(self) -> dict[str, dict[str, int]]:
        """Packets by side, and by what they were and the path."""
        return {
            side.name: {
                name: one.packets for name, one in tallies(self._lab.wires.routers[side.name]).items()
            }
            for side in SIDES
        }

    def _probe(self, port: int) -> Probe:
        return Probe(*self._ends(), port)

    def _transfer(self) -> Transfer:
        return Transfer(*self._ends(), TRANSFER, folder=self._folder)

    def _ends(self) -> tuple[Host, Host, str]:
        near, far = (self._lab.host(side.host(1)) for side in SIDES)
        return near, far, str(EAST.address(4, 1))

    def _reached(self, number: int, *states: State) -> bool:
        view = self._station.ticket(number)
        if view.state in FINAL and view.state not in states:
            raise DemoFailed(f"ticket {number} is {view.state}{f', {view.reason}' if view.reason else ''}")
        return view.state in states

    def _fact(self, sentence: str, holds: object) -> None:
        self._facts.append(bool(holds))
        self._screen.fact(sentence, holds=bool(holds))

    def _wait(self, what: str, fact: Callable[[], Result | None]) -> Result:
        try:
            return wait_for(what, fact)
        except LabError as error:
            raise DemoFailed(str(error)) from error

    def _let_pass(self, what: str, span: timedelta) -> None:
        """Let time pass, shown on the screen."""
        done = threading.Event()
        timer = threading.Timer(max(_seconds(span), 0), done.set)
        timer.start()
        self._screen.wait(what, done, until=datetime.now(UTC) + span)
        timer.join()


_COLOURS = tuple(path.colour for path in PATHS)


def _rules(end: str) -> dict[str, str]:
    """Packets of the flow and of the one beside it, by the path that they leave by.

    Args:
        end: which port is the flow's own: `dport` on the way there, `sport` on the way back.
    """
    ports = {"flow": f"{PORTS[0]}-{PORTS[1]}", "beside": str(BESIDE)}
    return {
        f"{what}_{colour}": f'oifname "{colour}" meta l4proto {{ tcp, udp }} th {end} {wanted}'
        for what, wanted in ports.items()
        for colour in _COLOURS
    }


def _seconds(span: timedelta) -> float:
    return span.total_seconds()
