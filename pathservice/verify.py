"""Whether a ticket's path is really up, judged from what devices last told and where packets went. Pure.

In sync is what a device was read to carry; that packets take it, its counters can tell, and better than they
packets that are sent to see. Without those a device that does not count, or that was read too long ago,
leaves the question open.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from types import MappingProxyType

from activation.devices import DeviceView
from lambdastation.traffic import STEERING
from netconfig.intent import IpAddress
from reservation.lifecycle import State
from reservation.model import PartView


class Verdict(Enum):
    """What can be said of a path; the value is the command's exit status."""

    UP = 0
    NOT_UP = 1
    UNKNOWN = 2

    def __str__(self) -> str:
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True, slots=True)
class Probe:
    """What packets told that were sent to see where a part leads them; unknown where they were not seen."""

    verdict: Verdict
    words: str


@dataclass(frozen=True, slots=True)
class Steered:
    """What is known of a part that steers beside what its device told.

    Attributes:
        next_hop: to where it leads packets, as was asked for.
        probe: None where none was sent.
    """

    next_hop: IpAddress
    probe: Probe | None = None


NOTHING: Mapping[int, Steered] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Finding:
    """One part on one device: what it does there, what it says for the path, and why."""

    device: str
    does: str
    verdict: Verdict
    words: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The verdict on a ticket's path, in a sentence, and what each device says to it."""

    verdict: Verdict
    words: str
    findings: tuple[Finding, ...]


def judge(
    state: State,
    parts: Sequence[PartView],
    devices: Mapping[str, DeviceView],
    *,
    now: datetime,
    stale_after: timedelta,
    steered: Mapping[int, Steered] = NOTHING,
) -> Answer:
    """Whether the path of a ticket in this state, with these parts, is up.

    It is if every device carries its part, was read not longer than `stale_after` ago, and packets were
    passing wherever traffic is steered when that was last looked at. Where packets were sent, what became of
    them goes before what was counted, and before how long ago a device was read.

    Args:
        steered: by the part's place in `parts`.
    """
    looked = [
        (part, _found(part, devices.get(part.device), steered.get(place), now=now, stale_after=stale_after))
        for place, part in enumerate(parts)
        if not part.superseded
    ]
    findings = tuple(finding for _, finding in looked)
    verdict, words = _summed_up(state, findings)
    around = dict.fromkeys(part.device for part, _ in looked if part.detour is not None)
    if verdict is Verdict.UP and around:
        words += f"; by its fallback at {' and '.join(around)}"
    return Answer(verdict, words, findings)


def _summed_up(state: State, findings: Sequence[Finding]) -> tuple[Verdict, str]:
    if state is not State.ACTIVE:
        return Verdict.NOT_UP, f"the ticket is {state}, not {State.ACTIVE}"
    for verdict, how in ((Verdict.NOT_UP, "not up at"), (Verdict.UNKNOWN, "nobody can tell at")):
        if culprits := dict.fromkeys(one.device for one in findings if one.verdict is verdict):
            return verdict, f"{how} {' and '.join(culprits)}"
    if not findings:
        return Verdict.UNKNOWN, "no device of ours carries anything for it"
    return Verdict.UP, "every device carries it, and packets are passing"


def _found(
    part: PartView,
    device: DeviceView | None,
    steered: Steered | None,
    *,
    now: datetime,
    stale_after: timedelta,
) -> Finding:
    verdict, words = _carried(part, device, now=now, stale_after=stale_after)
    if part.detour is not None:
        silent = "its next hop" if steered is None else f"next hop {steered.next_hop}"
        words = f"{words}, by its fallback {part.detour}, since {silent} does not answer"
    if steered is not None and steered.probe is not None:
        verdict = _probed(verdict, part, steered.probe)
        words = f"{words}; {steered.probe.words}"
    elif verdict is Verdict.UP and part.kind == STEERING:
        verdict, passing = _passing(part)
        words = f"{words}; {passing}"
    elif part.count is not None:
        words = f"{words}; {_passing(part)[1]}"
    if device is not None and device.strangers:
        words += f"; there are {len(device.strangers)} objects that look like ours and are not"
    return Finding(part.device, part.does, verdict, words)


def _probed(carried: Verdict, part: PartView, probe: Probe) -> Verdict:
    """What is so of a part that is carried or not, as far as is known, and of packets that were sent."""
    if Verdict.NOT_UP in {carried, probe.verdict}:
        return Verdict.NOT_UP
    if probe.verdict is Verdict.UNKNOWN:
        return _passing(part)[0] if carried is Verdict.UP else carried
    return Verdict.UP


def _carried(
    part: PartView, device: DeviceView | None, *, now: datetime, stale_after: timedelta
) -> tuple[Verdict, str]:
    if device is None:
        return Verdict.UNKNOWN, "the database does not know it any more"
    if part.dry_run:
        return Verdict.NOT_UP, "it is only rehearsed on: nothing was sent to it"
    reasons = "; ".join(_reasons(part, device))
    if not (part.wanted and part.in_sync):
        return Verdict.NOT_UP, ": ".join(filter(None, ("it has not been read to carry its part", reasons)))
    if device.read_at is None or device.error_code is not None:
        return Verdict.UNKNOWN, f"it carried its part, but something is wrong since: {reasons}"
    ago = now - device.read_at
    if ago > stale_after:
        return Verdict.UNKNOWN, f"it carried its part when it was last read, {_spoken(ago)} ago"
    return Verdict.UP, f"carries its part, read {_spoken(ago)} ago"


def _reasons(part: PartView, device: DeviceView) -> Iterator[str]:
    if part.error:
        yield part.error
    if device.error_code and device.error != part.error:
        yield f"{device.error_code}, {device.error}"
    if device.read_at is None:
        yield "it is to be read anew"
    if device.pause is not None:
        yield str(device.pause)


def _passing(part: PartView) -> tuple[Verdict, str]:
    count = part.count
    if count is None:
        why = "it has not been asked yet" if part.is_counted else "it does not count"
        return Verdict.UNKNOWN, f"whether packets pass cannot be told, {why}"
    if count.grew_at is None:
        return Verdict.UNKNOWN, "no packet has passed"
    last = f"{count.grew_at:%Y-%m-%d %H:%M:%S} UTC"
    if count.grew_at < count.counted_at:
        return Verdict.UNKNOWN, f"{count.packets} packets have passed, none since {last}"
    return Verdict.UP, f"packets are passing, {count.packets} by {last}"


def _spoken(ago: timedelta) -> str:
    seconds = max(0, round(ago.total_seconds()))
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
