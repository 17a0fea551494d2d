"""What was seen of a transfer, moment by moment, and the document of it (schemas/lsiperf.schema.json)."""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any

from lambdastation.client import Path, State, Ticket
from reservation.lifecycle import FINAL

VERSION = 1


class What(StrEnum):
    """What an event is about."""

    ASKED = "asked"
    STATE = "state"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    GIVEN_UP = "given-up"
    MTU_FORGOTTEN = "mtu-forgotten"
    MTU = "mtu"
    NOTE = "note"


class On(StrEnum):
    """Where a flow's packets go: `changing` while routers are being told."""

    PRODUCTION = "production"
    CHANGING = "changing"
    ALTERNATE = "alternate"


_ON = {State.ACTIVATING: On.CHANGING, State.RELEASING: On.CHANGING, State.ACTIVE: On.ALTERNATE}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, `seconds` after the transfer's start; negative before it."""

    seconds: float
    what: What
    text: str
    state: State | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """What the kernel told at a time, of the time since the last.

    Attributes:
        bits_per_second: what was acknowledged and received.
        path_mtu: bytes, None where it is not known.
        segment_size: bytes of a full TCP segment that is sent now, or that comes in.
    """

    seconds: float
    bits_per_second: float
    path_mtu: int | None
    segment_size: int | None
    on: On
    path: str | None


@dataclass(frozen=True, slots=True)
class Interval:
    """What iperf3 counted in an interval."""

    start_seconds: float
    end_seconds: float
    bits_per_second: float
    path_mtu: int | None
    retransmits: int | None


@dataclass(frozen=True, slots=True)
class Transfer:
    """What iperf3 says of all of it. `received_bytes` is None where the other end did not tell."""

    seconds: float
    sent_bytes: int
    received_bytes: int | None
    retransmits: int | None
    interrupted: bool
    intervals: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class Phase:
    """A time on one path, and what was reached in it on the average."""

    start_seconds: float
    end_seconds: float
    on: On
    path: str | None
    bits_per_second: float | None
    path_mtu: int | None


@dataclass(slots=True)
class Record:
    """All of a run.

    Attributes:
        production, alternate: the paths, where they are known.
        began_on: where the flow went before its ticket did anything: somebody else may have one for it.
        attached: the transfer ran already when it was first looked at, and time is counted from then.
    """

    started_at: datetime
    flow: str
    production: Path | None = None
    alternate: Path | None = None
    began_on: On = On.PRODUCTION
    attached: bool = False
    ticket: Ticket | None = None
    transfer: Transfer | None = None
    events: list[Event] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)

    @property
    def on(self) -> On:
        """Where the flow goes now, by the ticket's last state."""
        states = [event.state for event in self.events if event.state is not None]
        return self._on_in(states[-1]) if states else self.began_on

    @property
    def path(self) -> str | None:
        """Its path's name."""
        return self._name(self.on)

    def _on_in(self, state: State) -> On:
        """Where the flow goes while its ticket is in a state."""
        if self.ticket is not None and self.ticket.dry_run:
            return self.began_on
        return On.PRODUCTION if state in FINAL else _ON.get(state, self.began_on)

    def _name(self, on: On) -> str | None:
        path = {On.PRODUCTION: self.production, On.ALTERNATE: self.alternate}.get(on)
        return None if path is None else path.name

    def end_seconds(self) -> float:
        """When the last was seen."""
        return max([moment.seconds for moment in self.moments] or [0.0])

    def phases(self) -> list[Phase]:
        """The time from the start to the end, cut where the path changed."""
        cuts = [(0.0, self.began_on)]
        for event in self.events:
            if event.state is not None and (on := self._on_in(event.state)) != cuts[-1][1]:
                cuts.append((max(event.seconds, 0.0), on))
        cuts.append((self.end_seconds(), cuts[-1][1]))
        return [self._phase(start, end, on) for (start, on), (end, _) in pairwise(cuts) if end > start]

    def _phase(self, start: float, end: float, on: On) -> Phase:
        inside = [moment for moment in self.moments if start < moment.seconds <= end]
        return Phase(
            start,
            end,
            on,
            self._name(on),
            _average(inside, start),
            inside[-1].path_mtu if inside else None,
        )

    def fill_from(self, transfer: Transfer) -> None:
        """Take iperf3's intervals for the moments: the kernel does not count UDP, and sees nothing short."""
        at = [(0.0, self.began_on)]
        at += [(event.seconds, self._on_in(event.state)) for event in self.events if event.state]
        self.moments = []
        for interval in transfer.intervals:
            on = [on for seconds, on in at if seconds <= interval.end_seconds][-1]
            self.moments.append(
                Moment(
                    interval.end_seconds,
                    interval.bits_per_second,
                    interval.path_mtu,
                    None,
                    on,
                    self._name(on),
                )
            )


def _average(moments: list[Moment], start: float) -> float | None:
    """Bits per second over moments that follow each other."""
    bits, last = 0.0, start
    for moment in moments:
        bits += moment.bits_per_second * (moment.seconds - last)
        last = moment.seconds
    return bits / (last - start) if last > start else None


def document(record: Record, iperf3: Any = None) -> dict[str, Any]:
    """The document of a run, as JSON has it; with iperf3's own, where there is one."""
    return {
        "lsiperf": VERSION,
        "startedAt": record.started_at.astimezone(UTC).isoformat(),
        "flow": record.flow,
        "production": _plain(record.production),
        "alternate": _plain(record.alternate),
        "ticket": _plain(record.ticket),
        "phases": [_plain(phase) for phase in record.phases()],
        "events": [_plain(event) for event in sorted(record.events, key=lambda event: event.seconds)],
        "moments": [_plain(moment) for moment in record.moments],
        "transfer": _plain(record.transfer),
        "iperf3": iperf3,
    }


def _plain(value: Any) -> Any:
    """A value as JSON has it, in the wire's spelling; what is None is null."""
    return None if value is None else {_camel(key): _json(item) for key, item in asdict(value).items()}


def _json(value: Any) -> Any:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat()
        case StrEnum():
            return value.value
        case float():
            return round(value, 6)
        case dict():
            return {_camel(key): _json(item) for key, item in value.items()}
        case list() | tuple():
            return [_json(item) for item in value]
        case _:
            return value


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
