"""The verb that asks: when would this fit, and what would fit if this does not?

One read of the claims on each resource, bounded as admission is, and one sweep over them; nothing is
locked, so the answer is true of the moment it was read. `service.hold` takes a window that was found then.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from math import lcm

from sqlalchemy import select
from sqlalchemy.orm import Session

from reservation import calendar, conflicts, labels, service
from reservation.errors import UnknownResource
from reservation.model import ClaimRequest, FlowRequest, TimeSlot
from reservation.overlap import overlapping
from reservation.stretches import Supply, stretches
from reservation.tables import ClaimRow
from reservation.window_values import Transfer, Window, WindowAnswer, WindowRequest

_FLOWS = ""
"""Among the supplies, the right to steer the packets: there is one of it. No resource is called so."""


def find_window(session: Session, request: WindowRequest, *, now: datetime) -> WindowAnswer:
    """The earliest slot that has room for what is asked; of a transfer, the one that ends earliest.

    If there is none: for a length, the slot in which the scarcest of what is asked for is least short, with
    as much of everything as is free there; for a transfer, the one that moves the most. Where a label is
    wanted, the one that gives the best of these decides. A transfer takes whole seconds, rounded up. A start
    up to a minute back is moved to `now`.

    Raises:
        SlotInThePast: what the slot shall lie within has ended, or started more than a minute ago.
        UnknownResource: a resource, or the site's flows, are not in the calendar; or one is a pool of labels
            that is asked for an amount, or is none that is asked for a label.
    """
    within = service.clamped(request.within, now)
    amounts = calendar.summed(request.claims)
    supplies = {name: _supply(session, name, amount, within) for name, amount in sorted(amounts.items())}
    ways = [
        {**supplies, _FLOWS: Supply(capacity=1, wanted=1, taken=[(span, 1) for span in spans])}
        for spans in dict.fromkeys(_barred(session, request, within))
    ]
    if not ways:
        return WindowAnswer(None)
    match request.wanted:
        case timedelta() as length:
            return _for_length(ways, within, length)
        case Transfer() as transfer:
            return _for_transfer(ways, within, transfer)


def _barred(session: Session, request: WindowRequest, within: TimeSlot) -> Iterator[tuple[TimeSlot, ...]]:
    """For each way to steer the packets, when it is barred: their label is taken, or they go elsewhere."""
    flows, labelled = request.flows, request.labelled
    if labelled is not None:
        pool = calendar.known_resource(session, labelled.label.pool)
        taken = labels.taken_spans(session, pool, within)
        for label in labels.fitting_labels(pool, labelled.label):
            marked = None if flows is None else replace(flows, flows=labelled.flows(label))
            yield (*taken.get(label, ()), *_contradicted(session, marked, within))
    if labelled is None or request.unlabelled:
        yield _contradicted(session, flows, within)


def _contradicted(session: Session, flows: FlowRequest | None, within: TimeSlot) -> tuple[TimeSlot, ...]:
    return () if flows is None else tuple(conflicts.contradicted_spans(session, flows, within))


def _supply(session: Session, name: str, wanted: int, within: TimeSlot) -> Supply:
    resource = calendar.known_resource(session, name)
    if resource.labels is not None:
        raise UnknownResource(f"{name} is a pool of labels: a window is sought for amounts")
    taken = session.execute(
        select(ClaimRow.start, ClaimRow.end, ClaimRow.amount).where(overlapping(resource, within))
    )
    return Supply(resource.capacity, wanted, [(TimeSlot(start, end), amount) for start, end, amount in taken])


def _for_length(ways: Sequence[Mapping[str, Supply]], within: TimeSlot, length: timedelta) -> WindowAnswer:
    wanted = [supply.wanted for supply in ways[0].values()]
    # Shares of what is wanted, as whole numbers that can be compared: `full` is all of it.
    full = lcm(*wanted)
    weights = [full // amount for amount in wanted]

    def share(free: Sequence[int]) -> int:
        return min(
            (
                max(0, min(there, amount)) * weight
                for there, amount, weight in zip(free, wanted, weights, strict=True)
            ),
            default=full,
        )

    best = min(
        (
            (one, supplies)
            for supplies in ways
            for one in stretches(list(supplies.values()), within, share)
            if one.slot.length >= length
        ),
        key=lambda found: (-found[0].level, found[0].slot.start),
        default=None,
    )
    if best is None:
        return WindowAnswer(None)
    stretch, supplies = best
    slot = TimeSlot(stretch.slot.start, stretch.slot.start + length)
    window = Window(slot, _claims({n: min(s.wanted, s.free(slot)) for n, s in supplies.items()}))
    return WindowAnswer(window) if stretch.level == full else WindowAnswer(None, window)


def _for_transfer(ways: Sequence[Mapping[str, Supply]], within: TimeSlot, transfer: Transfer) -> WindowAnswer:
    amounts = {name: supply.wanted for name, supply in ways[0].items()}
    wanted, rates = list(amounts.values()), [name in transfer.resources for name in amounts]

    def rate(free: Sequence[int]) -> int:
        least = [min(there, amount) for there, amount in zip(free, wanted, strict=True)]
        fixed = all(level >= wanted[n] for n, level in enumerate(least) if not rates[n])
        return max(0, min(level for n, level in enumerate(least) if rates[n])) if fixed else 0

    def at_rate(level: int) -> tuple[ClaimRequest, ...]:
        return _claims({**amounts, **dict.fromkeys(transfer.resources, level)})

    found: list[tuple[TimeSlot, int]] = []
    largest: tuple[int, TimeSlot, int] | None = None
    for one in (one for way in ways for one in stretches(list(way.values()), within, rate)):
        longest = one.whole_seconds if transfer.longest is None else min(one.whole_seconds, transfer.longest)
        seconds = -(-transfer.volume // one.level)
        if seconds <= longest:
            found.append((_from(one.slot.start, seconds), one.level))
        elif longest and (largest is None or one.level * longest > largest[0]):
            largest = one.level * longest, _from(one.slot.start, longest), one.level
    if found:
        slot, level = min(found, key=lambda one: (one[0].end, one[0].start))
        return WindowAnswer(Window(slot, at_rate(level)))
    if largest is None:
        return WindowAnswer(None)
    _, slot, level = largest
    return WindowAnswer(None, Window(slot, at_rate(level)))


def _from(start: datetime, seconds: int) -> TimeSlot:
    return TimeSlot(start, start + timedelta(seconds=seconds))


def _claims(amounts: Mapping[str, int]) -> tuple[ClaimRequest, ...]:
    return tuple(ClaimRequest(name, amount) for name, amount in amounts.items() if name != _FLOWS)
