"""When something would fit: what is asked, and what is answered. Frozen and pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from reservation.flows import FlowSpec
from reservation.model import ClaimRequest, FlowRequest, LabelRequest, TimeSlot


@dataclass(frozen=True, slots=True)
class LabelledFlows:
    """Packets that are others with each label a reservation may have of a pool.

    Attributes:
        label: which labels will do.
        flows: the packets, given the label.
    """

    label: LabelRequest
    flows: Callable[[int], FlowSpec]


@dataclass(frozen=True, slots=True)
class Transfer:
    """So much, moved at one rate from its start to its end, whichever rate ends it earliest.

    Attributes:
        volume: the resource's unit times seconds: bits, where the resource is in bits per second.
        resource: the claim on it is the rate; what is asked of it is the most the rate may be.
        longest: the most seconds it may take, None for any number.
        beside: resources of which the same rate is taken throughout, since it may go by them instead.
    """

    volume: int
    resource: str
    longest: int | None = None
    beside: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.volume < 1:
            raise ValueError(f"a transfer moves at least 1, not {self.volume}")

    @property
    def resources(self) -> tuple[str, ...]:
        """All of which its rate is taken."""
        return self.resource, *self.beside


@dataclass(frozen=True, slots=True)
class WindowRequest:
    """When would this fit?

    Attributes:
        within: the slot starts no earlier than this starts and ends no later than this ends.
        wanted: for how long, or what is to be moved.
        flows, claims: as in `Request`.
        labelled: one of these labels is wanted throughout, and with it these packets go the way of `flows`,
            instead of those.
        unlabelled: it will do without a label too, with the packets of `flows`.
    """

    within: TimeSlot
    wanted: timedelta | Transfer
    flows: FlowRequest | None = None
    claims: tuple[ClaimRequest, ...] = ()
    labelled: LabelledFlows | None = None
    unlabelled: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.wanted, timedelta) and self.wanted <= timedelta(0):
            raise ValueError("a slot is longer than nothing")
        if isinstance(self.wanted, Transfer):
            for resource in self.wanted.resources:
                if resource not in self.resources:
                    raise ValueError(f"nothing is asked of {resource}, which is to be the rate")

    @property
    def resources(self) -> frozenset[str]:
        """Names of what is asked for."""
        return frozenset(claim.resource for claim in self.claims)


@dataclass(frozen=True, slots=True)
class Window:
    """A slot, and what may be taken throughout it: one claim a resource, by name."""

    slot: TimeSlot
    claims: tuple[ClaimRequest, ...]

    def amount(self, resource: str) -> int:
        """What may be taken of that resource; it is one of those asked for."""
        return next(claim.amount for claim in self.claims if claim.resource == resource)


@dataclass(frozen=True, slots=True)
class WindowAnswer:
    """What was found.

    Attributes:
        found: the earliest that fits, None if none does.
        instead: if none does, what comes nearest; None if not the least amount fits.
    """

    found: Window | None
    instead: Window | None = None
