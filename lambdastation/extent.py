"""How much a ticket takes, and the limits of a rule that it exceeds. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from lambdastation.bandwidth import format_bandwidth
from lambdastation.site import AuthorizationRule
from lambdastation.slots import spoken


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """What rules limit of a ticket. None is not known, and is held against no limit.

    Attributes:
        duration: from the start of its slot to the end.
        horizon: from now to the end of its slot.
        live_tickets: of its owner's that are not over, this one included.
        end_field: the element of the request that says when it ends.
    """

    out_bits_per_second: int | None = None
    in_bits_per_second: int | None = None
    duration: timedelta | None = None
    horizon: timedelta | None = None
    live_tickets: int | None = None
    end_field: str = "endTime"


UNKNOWN = Extent()


@dataclass(frozen=True, slots=True)
class Excess:
    """A limit that is exceeded: what it allows, and the element of the request that asks for more."""

    allowed: str
    field: str | None


def first_excess(rule: AuthorizationRule, extent: Extent) -> Excess | None:
    """The first limit of the rule that is exceeded; None if it leaves room for all that is known."""
    return next(_excesses(rule, extent), None)


def _excesses(rule: AuthorizationRule, extent: Extent) -> Iterator[Excess]:
    for way, asked in (("out", extent.out_bits_per_second), ("in", extent.in_bits_per_second)):
        if rule.bandwidth is not None and asked is not None and asked > rule.bandwidth:
            most, more = format_bandwidth(rule.bandwidth), format_bandwidth(asked)
            yield Excess(f"at most {most} {way}, not {more}", f"{way}BW")
    if rule.duration is not None and extent.duration is not None and extent.duration > rule.duration:
        yield Excess(f"at most {spoken(rule.duration)}", extent.end_field)
    if rule.horizon is not None and extent.horizon is not None and extent.horizon > rule.horizon:
        yield Excess(f"an end at most {spoken(rule.horizon)} ahead", extent.end_field)
    live = extent.live_tickets
    if rule.live_tickets is not None and live is not None and live > rule.live_tickets:
        tickets = "ticket" if rule.live_tickets == 1 else "tickets"
        yield Excess(f"at most {rule.live_tickets} {tickets} at a time, not {live}", None)
