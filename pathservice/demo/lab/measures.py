"""The figures of a transfer that was moved to another path and back: nothing depends on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import fmean

from pathservice.demo.lab.probe import Probe
from pathservice.demo.lab.transfer import Interval, Measured

_SETTLING = 0.75
"""Seconds after a cutover that no average is taken over."""
_AROUND = timedelta(seconds=0.5), timedelta(seconds=1)
"""Before and after a cutover: when packets are counted that it cost."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A ticket's instants, by `time.monotonic`.

    Attributes:
        asked: when it was asked for.
        there, back: when packets of the flow, and their answers, first left by the big path.
        end: when its slot ends.
    """

    ticket: int
    asked: float
    there: float
    back: float
    end: float


@dataclass(frozen=True, slots=True)
class _Phases:
    """What was measured before, during and after the ticket, away from the cutovers."""

    before: Sequence[Interval]
    during: Sequence[Interval]
    after: Sequence[Interval]


def _phases(measured: Measured, there: float, left: float) -> _Phases:
    there, left, last = there - measured.began, left - measured.began, measured.intervals[-1].end

    def between(start: float, end: float) -> list[Interval]:
        return [one for one in measured.intervals if one.start >= start and one.end <= end]

    return _Phases(
        between(_SETTLING, there), between(there + _SETTLING, left), between(left + _SETTLING, last)
    )


def figures_of(moved: Moved, left: float, measured: Measured, probe: Probe) -> Mapping[str, str]:
    """What was measured, by what it is; the last of the transfer `left` the big path then."""
    phases = _phases(measured, moved.there, left)
    start, end = (
        probe.toll(at - _AROUND[0].total_seconds(), at + _AROUND[1].total_seconds())
        for at in (moved.there, left)
    )
    each = (phases.before, phases.during, phases.after)
    return {
        "openSvcTicket to the first packets on the big path": _milliseconds(moved.there - moved.asked),
        "openSvcTicket to their answers there": _milliseconds(moved.back - moved.asked),
        "end of the slot to the last packets there": _milliseconds(left - moved.end),
        "throughput before, during, after (Mbit/s)": " / ".join(_rate(one) for one in each),
        "path MTU before, during, after (bytes)": " / ".join(
            str(one[len(one) // 2].mtu) if one else "?" for one in each
        ),
        "packets lost, late around the first cutover": f"{start.lost}, {start.late} of {start.sent}",
        "packets lost, late around the second": f"{end.lost}, {end.late} of {end.sent}",
    }


def _rate(intervals: Sequence[Interval]) -> str:
    return f"{fmean(one.megabits for one in intervals):.0f}" if intervals else "?"


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.0f} ms"
