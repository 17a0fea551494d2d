"""Whether a ticket's path is really up, judged from what devices last told. Pure.

In sync is what a device was read to carry; that packets take it, its counters alone can tell. A device that
does not count, or that was read too long ago, leaves the question open.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from activation.devices import DeviceView
from lambdastation.traffic import STEERING
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
class Finding:
    """One part on one device: what it says for the path, and why."""

    device: str
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
) -> Answer:
    """Whether the path of a ticket in this state, with these parts, is up.

    It is if every device carries its part, was read not longer than `stale_after` ago, and packets were
    passing wherever traffic is steered when that was last looked at.
    """
    findings = tuple(
        _found(part, devices.get(part.device), now=now, stale_after=stale_after)
        for part in parts
        if not part.superseded
    )
    return Answer(*_summed_up(state, findings), findings)


def _summed_up(state: State, findings: Sequence[Finding]) -> tuple[Verdict, str]:
    if state is not State.ACTIVE:
        return Verdict.NOT_UP, f"the ticket is {state}, not {State.ACTIVE}"
    for verdict, how in ((Verdict.NOT_UP, "not up at"), (Verdict.UNKNOWN, "nobody can tell at")):
        if culprits := dict.fromkeys(one.device for one in findings if one.verdict is verdict):
            return verdict, f"{how} {' and '.join(culprits)}"
    if not findings:
        return Verdict.UNKNOWN, "no device of ours carries anything for it"
    return Verdict.UP, "every device carries it, and packets are passing"


def _found(part: PartView, device: DeviceView | None, *, now: datetime, stale_after: timedelta) -> Finding:
    verdict, words = _carried(part, device, now=now, stale_after=stale_after)
    if verdict is Verdict.UP and part.kind == STEERING:
        verdict, passing = _passing(part)
        words = f"{words}; {passing}"
    elif part.count is not None:
        words = f"{words}; {_passing(part)[1]}"
    if device is not None and device.strangers:
        words += f"; there are {len(device.strangers)} objects that look like ours and are not"
    return Finding(part.device, verdict, words)


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
