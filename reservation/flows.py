"""Flows as sets of packets: do two of them meet, does one hold the other. Pure.

A packet is a point with six whole coordinates and an address family; a `FlowBox` is a box of such points,
and a `FlowSpec` some boxes together. Everything else is arithmetic on ranges.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal, Self

from netconfig.intent import FlowMatch, Protocol

_PROTOCOL_NUMBERS: Mapping[tuple[Protocol, int], int] = {
    (Protocol.TCP, 4): 6,
    (Protocol.TCP, 6): 6,
    (Protocol.UDP, 4): 17,
    (Protocol.UDP, 6): 17,
    (Protocol.ICMP, 4): 1,
    # ICMPv6 is another protocol under the same word (RFC 4443).
    (Protocol.ICMP, 6): 58,
}


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Whole numbers `first` to `last`, both included.

    Raises:
        ValueError: `last` is below `first`.
    """

    first: int
    last: int

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise ValueError(f"a span runs upwards, not from {self.first} to {self.last}")

    def meets(self, other: "Span") -> bool:
        """Whether some number is in both."""
        return self.first <= other.last and other.first <= self.last

    def holds(self, other: "Span") -> bool:
        """Whether every number of the other is in this."""
        return self.first <= other.first and other.last <= self.last


ANY_PORT = Span(0, 65535)
ANY_PROTOCOL = Span(0, 255)
ANY_DSCP = Span(0, 63)


@dataclass(frozen=True, slots=True)
class FlowBox:
    """Packets of one family with each coordinate in a span. Addresses are whole numbers."""

    family: Literal[4, 6]
    source: Span
    destination: Span
    protocol: Span = ANY_PROTOCOL
    source_port: Span = ANY_PORT
    destination_port: Span = ANY_PORT
    dscp: Span = ANY_DSCP

    @classmethod
    def of(cls, match: FlowMatch) -> Self:
        """The packets an access-list entry for this match lets through."""
        ports, protocol = (match.source_ports, match.destination_ports), match.protocol
        number = None if protocol is None else _PROTOCOL_NUMBERS[protocol, match.family]
        source, destination = (
            Span(int(network.network_address), int(network.broadcast_address))
            for network in (match.source, match.destination)
        )
        source_port, destination_port = (
            ANY_PORT if chosen is None else Span(chosen.first, chosen.last) for chosen in ports
        )
        return cls(
            family=match.family,
            source=source,
            destination=destination,
            protocol=ANY_PROTOCOL if number is None else Span(number, number),
            source_port=source_port,
            destination_port=destination_port,
            dscp=ANY_DSCP if match.dscp is None else Span(match.dscp, match.dscp),
        )

    def meets(self, other: "FlowBox") -> bool:
        """Whether some packet is in both."""
        # Written out, and what tells flows apart most often first: this runs for every pair of boxes of
        # every two tickets that overlap in time, with the site's flows locked.
        return (
            self.destination_port.meets(other.destination_port)
            and self.source.meets(other.source)
            and self.destination.meets(other.destination)
            and self.source_port.meets(other.source_port)
            and self.protocol.meets(other.protocol)
            and self.dscp.meets(other.dscp)
            and self.family == other.family
        )

    def without(self, other: "FlowBox") -> list["FlowBox"]:
        """This box's packets that are not in the other, as boxes that do not meet each other."""
        if not self.meets(other):
            return [self]
        rest: list[FlowBox] = []
        core = self
        for name in _COORDINATES:
            mine: Span = getattr(core, name)
            theirs: Span = getattr(other, name)
            if mine.first < theirs.first:
                rest.append(_with(core, name, Span(mine.first, theirs.first - 1)))
            if theirs.last < mine.last:
                rest.append(_with(core, name, Span(theirs.last + 1, mine.last)))
            core = _with(core, name, Span(max(mine.first, theirs.first), min(mine.last, theirs.last)))
        return rest


_COORDINATES = tuple(field.name for field in fields(FlowBox) if field.name != "family")


def _with(box: FlowBox, name: str, span: Span) -> FlowBox:
    return replace(box, **{name: span})  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class FlowSpec:
    """All the packets of some boxes.

    Boxes may meet each other; none at all is no packet.
    """

    boxes: tuple[FlowBox, ...]

    @classmethod
    def of(cls, matches: Iterable[FlowMatch]) -> Self:
        """The packets that any of these matches lets through."""
        return cls(tuple(FlowBox.of(match) for match in matches))

    def overlaps(self, other: "FlowSpec") -> bool:
        """Whether some packet belongs to both.

        The boxes are swept along the coordinate in which they differ most, so that only those that meet
        there are compared.
        """
        return any(
            _meet_in_sweep(
                [box for box in self.boxes if box.family == family],
                [box for box in other.boxes if box.family == family],
            )
            for family in (4, 6)
        )

    def contains(self, other: "FlowSpec") -> bool:
        """Whether every packet of the other belongs to this one, however its boxes are cut."""
        return not other.without(self).boxes

    def without(self, other: "FlowSpec") -> "FlowSpec":
        """The packets of this one that do not belong to the other."""
        left: Sequence[FlowBox] = self.boxes
        for theirs in other.boxes:
            left = [piece for box in left for piece in box.without(theirs)]
        return FlowSpec(tuple(left))

    def same_as(self, other: "FlowSpec") -> bool:
        """Whether both are the same packets, however they are written."""
        if self == other:
            return True
        # Most are told apart by their outermost packets, which costs far less than cutting boxes.
        return _hulls(self) == _hulls(other) and self.contains(other) and other.contains(self)


def _hulls(spec: FlowSpec) -> dict[int, list[tuple[int, int]]]:
    """The smallest box around all boxes of each family."""
    hulls = {}
    for family in {box.family for box in spec.boxes}:
        boxes = [box for box in spec.boxes if box.family == family]
        hulls[int(family)] = [
            (min(getattr(box, name).first for box in boxes), max(getattr(box, name).last for box in boxes))
            for name in _COORDINATES
        ]
    return hulls


def _meet_in_sweep(mine: list[FlowBox], theirs: list[FlowBox]) -> bool:
    along = max(
        ("source", "destination", "destination_port", "source_port"), key=lambda name: _variety(name, mine)
    )
    spans = {id(box): getattr(box, along) for box in (*mine, *theirs)}
    events = sorted(
        [(spans[id(box)].first, 0, box) for box in mine] + [(spans[id(box)].first, 1, box) for box in theirs],
        key=lambda event: event[0],
    )
    open_boxes: tuple[list[FlowBox], list[FlowBox]] = ([], [])
    for at, side, box in events:
        opposite = open_boxes[1 - side]
        opposite[:] = [one for one in opposite if spans[id(one)].last >= at]
        if any(box.meets(one) for one in opposite):
            return True
        open_boxes[side].append(box)
    return False


def _variety(name: str, boxes: list[FlowBox]) -> int:
    return len({getattr(box, name) for box in boxes})


def dump_flows(spec: FlowSpec) -> list[list[int]]:
    """The spec as JSON values: for each box its family, then first and last of each coordinate."""
    return [
        [box.family, *(bound for name in _COORDINATES for bound in _bounds(getattr(box, name)))]
        for box in spec.boxes
    ]


def load_flows(stored: Iterable[Sequence[int]]) -> FlowSpec:
    """The spec that `dump_flows` stored.

    Raises:
        ValueError: the JSON is no stored spec.
    """
    boxes = []
    for family, *bounds in stored:
        if family not in {4, 6} or len(bounds) != 2 * len(_COORDINATES):
            raise ValueError("not a stored flow")
        spans = [Span(first, last) for first, last in zip(bounds[::2], bounds[1::2], strict=True)]
        boxes.append(FlowBox(6 if family == 6 else 4, *spans))
    return FlowSpec(tuple(boxes))


def _bounds(span: Span) -> tuple[int, int]:
    return span.first, span.last
